import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { AgentStatus as OwnStatus } from '../agent/endpoint.ts';
import { ask } from './control.ts';
import type { LabConfig } from './files.ts';
import type { LabNode } from './model.ts';
import { type LabPaths, PROGRAM } from './names.ts';
import type { AgentStatus } from './status.ts';
import { systemEnvironment } from './system/commands.ts';

/** An agent that ends is started again after this long, longer each time. Milliseconds. */
const RESTART_FIRST = 100;
const RESTART_LAST = 5000;
/** An agent that is asked to end and does not is killed. Milliseconds. */
const GRACE = 5000;

/** The agents of a lab: one process for each node, in the node's namespace, started again when it ends. */
export class Agents {
  readonly #config: LabConfig;
  readonly #paths: LabPaths;
  readonly #agents = new Map<string, AgentProcess>();

  constructor(config: LabConfig, paths: LabPaths) {
    this.#config = config;
    this.#paths = paths;
  }

  /** Starts one for each node that has none, ends those of nodes that are no more. */
  async keep(nodes: readonly LabNode[]): Promise<void> {
    const names = new Set(nodes.map(({ name }) => name));
    const gone = [...this.#agents].filter(([name]) => !names.has(name));
    for (const [name] of gone) this.#agents.delete(name);
    await Promise.all(gone.map(([, agent]) => agent.stop()));
    for (const node of nodes) {
      if (this.#agents.has(node.name)) continue;
      this.#agents.set(node.name, new AgentProcess(node, this.#config, this.#paths));
    }
  }

  /** @param denied whether to count denials, which takes longer */
  status(denied = false): Promise<AgentStatus[]> {
    return Promise.all(Array.from(this.#agents.values(), (agent) => agent.status(denied)));
  }

  /** Ends them; what they enforce stays. */
  async stop(): Promise<void> {
    await this.keep([]);
  }
}

class AgentProcess {
  readonly #node: LabNode;
  readonly #config: LabConfig;
  readonly #paths: LabPaths;
  #process: ChildProcess;
  #restarts = 0;
  #delay = RESTART_FIRST;
  #stopping = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(node: LabNode, config: LabConfig, paths: LabPaths) {
    this.#node = node;
    this.#config = config;
    this.#paths = paths;
    this.#process = this.#start();
  }

  #start(): ChildProcess {
    const { name, namespace, slot } = this.#node;
    const files = [...this.#config.paths, this.#paths.objects].flatMap((file) => ['-f', file]);
    const log = openSync(this.#paths.log, 'a');
    const words = [
      ...['netns', 'exec', namespace, process.execPath, PROGRAM, 'agent', ...files],
      ...['--node', name, '--namespace', this.#config.defaultNamespace],
      ...['--listen', `unix:${this.#paths.agentSocket(slot)}`, '--flow-log', this.#paths.flowLog(slot)],
      // Nobody was there before the agent.
      ...['--adopt', '0', ...this.#config.agentArguments],
    ];
    const child = spawn('ip', words, { env: systemEnvironment(), stdio: ['ignore', log, log] });
    closeSync(log);
    this.#ended = new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
    void this.#ended.then(() => this.#startAgain());
    return child;
  }

  async #startAgain(): Promise<void> {
    while (!this.#stopping) {
      await setTimeout(this.#delay);
      this.#delay = Math.min(2 * this.#delay, RESTART_LAST);
      if (this.#stopping) return;
      this.#restarts++;
      try {
        this.#process = this.#start();
        return;
      } catch {
        // There is no room for one more file or process, for example: later there may be.
      }
    }
  }

  async status(denied: boolean): Promise<AgentStatus> {
    const base = { node: this.#node.name, restarts: this.#restarts };
    const socket = this.#paths.agentSocket(this.#node.slot);
    try {
      const { ready, digest, pid, reason } = JSON.parse(await ask(socket, '/statusz')) as OwnStatus;
      if (ready) this.#delay = RESTART_FIRST;
      return {
        ...base,
        ready,
        pid,
        ...(digest === undefined ? {} : { digest }),
        ...(reason === undefined ? {} : { reason }),
        ...(denied ? { denied: denialsIn(await ask(socket, '/metrics')) } : {}),
      };
    } catch {
      return { ...base, ready: false, reason: 'the agent does not answer' };
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#process.kill('SIGTERM');
    const late = new AbortController();
    const kill = setTimeout(GRACE, undefined, { signal: late.signal }).then(
      () => void this.#process.kill('SIGKILL'),
      () => undefined,
    );
    await this.#ended;
    late.abort();
    await kill;
  }
}

/** The sum of the agent's counters of denied packets, of both directions. */
function denialsIn(metrics: string): number {
  let sum = 0;
  for (const [, value] of metrics.matchAll(/^portcullis_denied_total\{[^}]*\} (\d+)/gm)) sum += Number(value);
  return sum;
}
