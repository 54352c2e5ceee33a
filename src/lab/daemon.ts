import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { claim, type LabConfig, readConfig, runningSupervisor, writeConfig, writeSupervisor } from './files.ts';
import { LabError } from './model.ts';
import { type LabPaths, labPaths, namespacePrefix, PROGRAM } from './names.ts';
import { type LabProgress, LabSupervisor } from './supervisor.ts';
import { listNamespaces } from './system/commands.ts';
import { tearDown } from './teardown.ts';

/** The descriptor on which a supervisor in the background tells how far it is. */
const PROGRESS_FD = 3;
/** Lines of the log that are shown when it fails. */
const LOG_TAIL = 20;
/** Ask to end. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** What a supervisor tells whoever brings the lab up, one JSON line each. */
type Message =
  | { readonly step: string; readonly done?: number; readonly total?: number }
  | { readonly ready: true }
  | { readonly failed: string; readonly log: readonly string[] };

/** Takes the name of a lab. Throws {@link LabError} when it is taken. */
async function take(config: LabConfig): Promise<LabPaths> {
  const { name } = config.options;
  const paths = labPaths(name);
  const taken = !claim(paths);
  if (taken || (await listNamespaces(namespacePrefix(name))).length > 0) {
    const running = taken && runningSupervisor(paths) !== undefined;
    throw new LabError(
      running ? `the lab ${name} is up already` : `there is something left of a lab ${name} that is not running`,
      [`portcullis lab down --name ${name} removes it; --name gives this one another name`],
    );
  }
  writeConfig(paths, config);
  return paths;
}

/** Brings a lab up with a process in the background that keeps it. When that fails, nothing of it is left. */
export async function bringUp(config: LabConfig, onProgress: LabProgress): Promise<void> {
  const paths = await take(config);
  try {
    await startSupervisor(config.options.name, paths, onProgress);
  } catch (error) {
    await tearDown(config.options.name);
    throw error;
  }
}

async function startSupervisor(name: string, paths: LabPaths, onProgress: LabProgress): Promise<void> {
  const log = openSync(paths.log, 'a');
  const child = spawn(process.execPath, [PROGRAM, 'lab', 'supervise', '--name', name], {
    detached: true,
    stdio: ['ignore', log, log, 'pipe'],
  });
  closeSync(log);
  const exited = once(child, 'exit');
  // Who removes the lab must find the process also when it is killed before it has said anything itself.
  if (child.pid !== undefined) writeSupervisor(paths, child.pid);
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
    lines.close();
  };
  for (const signal of SIGNALS) process.once(signal, interrupt);
  const pipe = child.stdio[PROGRESS_FD] as Readable;
  const lines = createInterface({ input: pipe });
  try {
    for await (const line of lines) {
      const message = JSON.parse(line) as Message;
      if ('step' in message) onProgress(message.step, message.done, message.total);
      if ('failed' in message) throw new LabError(message.failed, message.log);
      if (!('ready' in message)) continue;
      pipe.destroy();
      child.unref();
      return;
    }
    // Ending it is the business of whoever removes the lab.
    if (interrupted) throw new LabError('interrupted while the lab came up: nothing of it is left');
    await exited;
    throw new LabError('the process that keeps the lab ended while it came up', tailOf(paths));
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}

function tailOf({ log }: LabPaths): string[] {
  const text = readFileSync(log, 'utf8').trimEnd();
  return text === '' ? [] : text.split('\n').slice(-LOG_TAIL);
}

/** The process that {@link bringUp} starts: brings the lab up, says so, and keeps it until it is told to end. */
export async function supervise(name: string): Promise<void> {
  const paths = labPaths(name);
  const config = readConfig(paths);
  if (config === undefined) throw new LabError(`there is no lab ${name}`);
  const supervisor = new LabSupervisor(config, paths, (step, done, total) =>
    tell(done === undefined || total === undefined ? { step } : { step, done, total }),
  );
  // Until it is up a signal ends it at once: what is there by then is found by whoever removes it.
  try {
    await supervisor.start();
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    tell({ failed: error.message, log: tailOf(paths) });
    return;
  }
  const end = untilSignal();
  tell({ ready: true });
  await end;
  await supervisor.stop();
}

function tell(message: Message): void {
  try {
    writeSync(PROGRESS_FD, `${JSON.stringify(message)}\n`);
  } catch {
    // Nobody waits any more.
  }
}

/** Brings a lab up in this process and keeps it until a signal; then nothing of it is left. */
export async function runInForeground(
  config: LabConfig,
  onProgress: LabProgress,
  onReady: (supervisor: LabSupervisor) => Promise<void>,
): Promise<void> {
  const paths = await take(config);
  const { name } = config.options;
  const supervisor = new LabSupervisor(config, paths, onProgress);
  const end = untilSignal();
  try {
    const started = supervisor.start();
    const isUp = await Promise.race([started.then(() => true), end.then(() => false)]);
    if (isUp) await onReady(supervisor);
    // It is stopped on its way, and what becomes of that way is nobody's concern.
    else started.catch(() => undefined);
    await end;
  } finally {
    await supervisor.stop();
    await tearDown(name);
  }
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of SIGNALS) process.once(signal, () => resolve());
  });
}
