/** The program `portcullis agent` on a node that routes between two pods, made of network namespaces. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { nft, run, TestNamespaces } from './kernel.ts';
import type { Manifest } from './manifests.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const PROGRAM = path.join(ROOT, 'bin/portcullis');
/** Greets whoever connects, and keeps the connection open. */
const GREETER = `for (const port of [80, 81]) require('net').createServer((socket) => {
  socket.on('error', () => {});
  socket.write('here');
}).listen(port, '::', () => console.log('listening'));`;

/** Addresses of the pods, by name. */
export const POD_ADDRESSES = { client: '10.9.1.2', server: '10.9.2.2' } as const;
/** Name of the node that the pods are on. */
export const NODE = 'worker-1';

/** Addresses of a connection. */
interface Ends {
  readonly from: string;
  readonly to: string;
}

/** What is left of an agent: its exit code and what it logged. */
export interface Ended {
  readonly code: number | null;
  readonly log: string;
}

/** An agent that only its log tells of. */
export class OtherAgent {
  said = '';
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.on('data', (data: Buffer) => {
      this.said += data.toString();
    });
  }

  /** Waits until it has said something. Throws when it has ended. */
  async says(text: string): Promise<void> {
    while (!this.said.includes(text)) {
      if (this.#child.exitCode !== null) throw new Error(`the agent has ended: ${this.said}`);
      await pause(20);
    }
  }

  /** Sends a signal, if one is given, and waits until it has ended. */
  async ended(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal !== undefined) this.#child.kill(signal);
    if (this.#child.exitCode === null) await once(this.#child, 'close');
    return this.#child.exitCode;
  }
}

/** A node with the pods `client` and `server` and an agent, all gone after {@link close}. */
export class AgentRun {
  readonly #namespaces = new TestNamespaces();
  readonly #children: ChildProcess[] = [];
  /** Programs that run another, with their arguments: `setpriv` for example. */
  through: readonly string[];
  readonly node = this.#namespaces.add('node');
  readonly folder = mkdtempSync(path.join(tmpdir(), 'portcullis-agent-'));
  readonly flowLog = path.join(this.folder, 'denied.jsonl');
  readonly #socket = path.join(this.folder, 'agent.sock');
  readonly #manifests = path.join(this.folder, 'manifests');
  #agent: ChildProcess | undefined;
  #said = '';

  /**
   * @param through a program that runs another, with its arguments: `setpriv` for example
   * @param owner user and group that the agent will have
   */
  constructor(through: readonly string[] = [], owner = 0) {
    this.through = through;
    run('mkdir', [this.#manifests]);
    chmodSync(this.folder, 0o755);
    chownSync(this.folder, owner, owner);
    run('ip', ['netns', 'exec', this.node, 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
    run('ip', ['-n', this.node, 'link', 'set', 'lo', 'up']);
    for (const [at, [name, address]] of Object.entries(POD_ADDRESSES).entries()) {
      const namespace = this.#namespaces.add(name);
      const gateway = address.replace(/\.2$/, '.1');
      const link = `pod${at}`;
      run('ip', ['-n', this.node, 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace]);
      run('ip', ['-n', this.node, 'addr', 'add', `${gateway}/24`, 'dev', link]);
      run('ip', ['-n', this.node, 'link', 'set', link, 'up']);
      run('ip', ['-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0']);
      run('ip', ['-n', namespace, 'link', 'set', 'eth0', 'up']);
      run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
      run('ip', ['-n', namespace, 'route', 'add', 'default', 'via', gateway]);
    }
  }

  /** Replaces what the agent reads, in one step. */
  write(manifests: readonly Manifest[]): void {
    const draft = path.join(this.folder, 'draft');
    writeFileSync(draft, manifests.map((one) => JSON.stringify(one)).join('\n---\n'));
    renameSync(draft, path.join(this.#manifests, 'all.yaml'));
  }

  /** Starts what answers on ports 80 and 81 of the server. */
  async serve(): Promise<void> {
    const greeter = this.#spawn('server', process.execPath, ['-e', GREETER]);
    const lines = createInterface({ input: greeter.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    await lines.next();
    await lines.next();
  }

  /** Starts the agent on the manifests written, with more flags if need be. */
  start(...flags: readonly string[]): void {
    this.startFrom(['-f', this.#manifests], ...flags);
  }

  /** Starts the agent on another source. */
  startFrom(source: readonly string[], ...flags: readonly string[]): void {
    const words = [
      ...this.through,
      process.execPath,
      PROGRAM,
      'agent',
      ...source,
      ...['--node', NODE, '--listen', `unix:${this.#socket}`, '--flow-log', this.flowLog],
      ...flags,
    ];
    this.#agent = spawn('ip', ['netns', 'exec', this.node, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#said = '';
    this.#agent.stderr?.on('data', (data: Buffer) => {
      this.#said += data.toString();
    });
    this.#children.push(this.#agent);
  }

  /** Starts another agent beside it, from the same manifests; it listens nowhere. */
  startOther(...flags: readonly string[]): OtherAgent {
    const words = ['-f', this.#manifests, '--node', NODE, ...flags];
    const child = spawn('ip', ['netns', 'exec', this.node, process.execPath, PROGRAM, 'agent', ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#children.push(child);
    return new OtherAgent(child);
  }

  /** Runs `portcullis agent --cleanup` to its end. */
  cleanUp(): void {
    run('ip', ['netns', 'exec', this.node, ...this.through, process.execPath, PROGRAM, 'agent', '--cleanup']);
  }

  /** What the kernel's table holds; empty when there is none. */
  table(): string {
    const listed = run('ip', ['netns', 'exec', this.node, 'nft', 'list', 'tables']);
    return listed.includes('inet portcullis')
      ? run('ip', ['netns', 'exec', this.node, 'nft', 'list', 'table', 'inet', 'portcullis'])
      : '';
  }

  /** Somebody else changes rules. */
  nft(script: string): void {
    nft(this.node, script);
  }

  /** Tracked connections to a port, as conntrack prints them. */
  tracked(port: number): string {
    return run('ip', ['netns', 'exec', this.node, 'conntrack', '-L', '-p', 'tcp', '--dport', String(port)]).trim();
  }

  /** Whether the server's greeting on a port reaches the client. */
  async reaches(port: number): Promise<boolean> {
    const script = `const socket = require('net').connect(${port}, '${POD_ADDRESSES.server}', () => {});
      socket.on('data', () => process.exit(0));
      socket.on('error', () => process.exit(1));
      setTimeout(() => process.exit(1), 400);`;
    const [code] = (await once(this.#spawn('client', process.execPath, ['-e', script]), 'exit')) as [number];
    return code === 0;
  }

  /** Opens a connection from the client and leaves it open, with something to say twenty times a second. */
  async hold(
    port: number,
    { to = POD_ADDRESSES.server, from = POD_ADDRESSES.client }: Partial<Ends> = {},
  ): Promise<void> {
    const script = `const socket = require('net').connect({ port: ${port}, host: '${to}', localAddress: '${from}' });
      socket.on('error', () => {}).on('data', () => console.log('open'));
      setInterval(() => socket.write('still here'), 50)`;
    const holder = this.#spawn('client', process.execPath, ['-e', script]);
    await once(holder.stdout as NodeJS.ReadableStream, 'data');
  }

  /** What the agent answers. */
  async ask(page: string): Promise<{ readonly code: number; readonly body: string }> {
    return await new Promise((resolve, reject) => {
      const asked = request({ socketPath: this.#socket, path: page, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => resolve({ code: response.statusCode ?? 0, body }));
      });
      asked.on('error', reject);
      asked.end();
    });
  }

  /** The value of a metric; 0 while it has none. */
  async metric(name: string): Promise<number> {
    const { body } = await this.ask('/metrics');
    const line = body.split('\n').find((text) => text.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  }

  /** The lines of the flow log so far. */
  denials(): readonly unknown[] {
    const text = readFileSync(this.flowLog, 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line): unknown => JSON.parse(line));
  }

  /** Waits until something is so. Throws with what the agent said when the agent has ended. */
  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    for (;;) {
      if (this.#agent === undefined || this.#agent.exitCode !== null || this.#agent.signalCode !== null) {
        throw new Error(`the agent has ended: ${this.#said}`);
      }
      try {
        if (await holds()) return;
      } catch (error) {
        // It does not listen yet, or has not made its file.
        if (!['ENOENT', 'ECONNREFUSED'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      }
      await pause(20);
    }
  }

  /** Waits until the kernel holds what was written last. */
  ready(): Promise<void> {
    return this.until(async () => (await this.ask('/readyz')).code === 200);
  }

  /** Ends the agent, as a kubelet does where no other signal is given. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    const ended = this.ended();
    this.#agent?.kill(signal);
    return ended;
  }

  /** Waits until the agent has ended by itself. */
  async ended(): Promise<Ended> {
    if (this.#agent === undefined) throw new Error('the agent was not started');
    const [code] = (await once(this.#agent, 'close')) as [number | null];
    this.#agent = undefined;
    return { code, log: this.#said };
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    this.#namespaces.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spawn(pod: keyof typeof POD_ADDRESSES, program: string, words: readonly string[]): ChildProcess {
    const namespace = this.node.replace(/node$/, pod);
    const child = spawn('ip', ['netns', 'exec', namespace, program, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    return child;
  }
}
