import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { LabError } from '../model.ts';
import type { TopologyChange } from '../topology.ts';
import { NetworkNamespace } from './namespace.ts';

/** System programs live in directories that the PATH of ordinary users often lacks. */
export function systemEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
}

/** Why there can be no lab here; undefined when there can. A sentence that names the remedy. */
export function labObstacle(): string | undefined {
  if (process.platform !== 'linux') return 'a lab is made of Linux network namespaces, and this is not Linux';
  if (process.getuid?.() !== 0) return 'a lab needs root, for network namespaces and nftables: use sudo';
  const lacking = lackingCapabilities(readFileSync('/proc/self/status', 'utf8'));
  if (lacking.length > 0) {
    return `a lab needs ${lacking.join(' and ')}, which root of this container lacks: run it privileged`;
  }
  try {
    accessSync('/proc/sys/net/ipv6/conf/all/disable_ipv6', constants.W_OK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? 'a lab needs IPv6, which this kernel was started without: take ipv6.disable=1 off its command line'
      : 'a lab needs to change /proc/sys, which is read-only in this container: run it privileged';
  }
  for (const [program, use] of [
    ['ip', 'network namespaces'],
    ['nft', 'nftables'],
  ] as const) {
    if (spawnSync(program, ['-V'], { env: systemEnvironment() }).error !== undefined) {
      return `${program} is missing, the program for ${use}: run scripts/setup.sh`;
    }
  }
  return undefined;
}

/** Of the capabilities that a lab needs those that a process lacks, by its `/proc/PID/status`. */
export function lackingCapabilities(status: string): string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return Object.entries(CAPABILITIES).flatMap(([name, bit]) => ((effective >> BigInt(bit)) & 1n ? [] : [name]));
}

const CAPABILITIES = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_SYS_ADMIN: 21 };

/** Runs a program to its end and answers its standard output. Rejects with what it said when it fails. */
export function runProgram(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: systemEnvironment(), stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    // A program that fails at once reads no input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('close', (code) => {
      if (code === 0) resolve(stdout);
      else reject(new LabError(`${program} ${args.join(' ')} failed: ${stderr.trim() || `exit code ${code}`}`));
    });
  });
}

/** Names of the namespaces that are there. */
export async function listNamespaces(prefix: string): Promise<string[]> {
  const listing = await runProgram('ip', ['netns', 'list']);
  return listing
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name.startsWith(prefix));
}

/** Told how many of a number of pieces are done. */
type OnDone = (done: number, total: number) => void;

/** Namespaces that one program removes; then it is told how many are gone. */
const REMOVED_AT_ONCE = 25;

/** Removes namespaces with all that is in them; one that is gone already is no failure. */
export async function removeNamespaces(names: readonly string[], onDone: OnDone = () => {}): Promise<void> {
  for (let at = 0; at < names.length; at += REMOVED_AT_ONCE) {
    onDone(at, names.length);
    const some = names.slice(at, at + REMOVED_AT_ONCE).map((name) => `netns del ${name}`);
    await batch('', some, true);
  }
}

/** Takes away what a change takes away. */
export async function removeFromTopology({ before, removed }: TopologyChange): Promise<void> {
  await inParallel(
    [...before].map(
      ([name, lines]) =>
        () =>
          batch(name, lines, true),
    ),
  );
  if (removed.length > 0) await removeNamespaces(removed);
}

/** Makes what a change adds, after {@link removeFromTopology}. */
export async function addToTopology(
  { added, devices, after }: TopologyChange,
  onDone: OnDone = () => {},
): Promise<void> {
  await batch(
    '',
    added.map(({ name }) => `netns add ${name}`),
  );
  for (const { name, routes } of added) configureKernel(name, routes);
  const total = devices.size + after.size;
  let done = 0;
  for (const stage of [devices, after]) {
    await inParallel(
      [...stage].map(([name, lines]) => async () => {
        await batch(name, lines);
        onDone(++done, total);
      }),
    );
  }
}

/** Programs at a time; more only take each other's processor. */
const PARALLEL = 4;

async function inParallel(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const waiting = tasks.values();
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const task of waiting) await task();
    }),
  );
}

/** Runs lines of `ip` in a namespace, or in the one of this process. @param force goes on after a line that fails */
export async function batch(namespace: string, lines: readonly string[], force = false): Promise<void> {
  if (lines.length === 0) return;
  const args = [...(force ? ['-force'] : []), ...(namespace === '' ? [] : ['-n', namespace]), '-batch', '-'];
  try {
    await runProgram('ip', args, `${lines.join('\n')}\n`);
  } catch (error) {
    if (!force) throw error;
  }
}

/** `ip` has no command for these. They are read by thread, so that of the namespace is written. */
function configureKernel(name: string, routes: boolean): void {
  const namespace = new NetworkNamespace(name);
  try {
    namespace.run(() => {
      for (const scope of ['all', 'default']) {
        writeFileSync(`/proc/sys/net/ipv6/conf/${scope}/disable_ipv6`, '0');
        writeFileSync(`/proc/sys/net/ipv6/conf/${scope}/accept_ra`, '0');
        writeFileSync(`/proc/sys/net/ipv4/conf/${scope}/rp_filter`, '0');
        writeFileSync(`/proc/sys/net/ipv4/conf/${scope}/send_redirects`, '0');
        if (routes) {
          writeFileSync(`/proc/sys/net/ipv4/conf/${scope}/forwarding`, '1');
          writeFileSync(`/proc/sys/net/ipv6/conf/${scope}/forwarding`, '1');
        }
      }
    });
  } finally {
    namespace.close();
  }
}

/** Runs an nft script in a namespace as one transaction. */
export async function runNft(namespace: string, script: string): Promise<void> {
  await runProgram('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], script);
}
