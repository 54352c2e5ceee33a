import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import koffi, { type KoffiFunc } from 'koffi';
import { command, inNamespace, ownNamespace } from './namespaces.ts';
import { decodeObject, engine, type KubeObject, nft } from './portcullis.ts';
import { median, ratioOfMedians } from './stats.ts';

const HELP = `What a packet takes on a node, by the ruleset that the node has: one that opens a connection, and those of
an open TCP connection. As root; the latter needs iperf3.

Usage: node bench/dist/packets-run.js [flags]

  --only PART    opening or open
  --rounds N     of an open connection (20)
  --seconds N    for each measurement of a round (2)
  -h, --help     this text

Build first: npm run build, then npx tsc -p bench.
`;

/**
 * Every packet opens a connection: UDP from a port that was not used before, from a
 * namespace over the node to a sink. All is done in the sending call, so its time is what a packet takes; the node that
 * only tracks connections is the yardstick of the same round.
 */
const PACKETS = 20_000;
const ROUNDS = 15;
const AT_ONCE = 500;
/** An open connection may lose no more than this share to the policies. */
const THROUGHPUT_LOSS = 0.02;
const LOCAL_PODS = 110;
const PEERS = 1000;
const PORTS = 50;

const NODE = `${ownNamespace ?? ''}-node`;
const SINK = `${ownNamespace ?? ''}-sink`;

const inNode = (...words: string[]): string => command('ip', ['netns', 'exec', NODE, ...words]);

function podAddress(at: number): string {
  return `10.244.0.${at + 1}`;
}

function peerAddress(at: number): string {
  return `10.245.${at >> 8}.${at & 255}`;
}

/** Policy `i` lets one peer into one of the pods at one port. */
function policyParts(policy: number): { readonly pod: number; readonly peer: number; readonly port: number } {
  return { pod: policy % LOCAL_PODS, peer: policy % PEERS, port: 1000 + (policy % PORTS) };
}

function ours(policies: number): string {
  const pod = (name: string, node: string, ip: string, labels: object): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'x', name, labels },
    spec: { nodeName: node, containers: [{ name: 'main' }] },
    status: { podIP: ip, podIPs: [{ ip }] },
  });
  const manifests = [
    ...Array.from({ length: LOCAL_PODS }, (_, at) => pod(`a${at}`, 'n0', podAddress(at), { app: `a${at}` })),
    ...Array.from({ length: PEERS }, (_, at) => pod(`p${at}`, 'n1', peerAddress(at), { peer: `p${at}` })),
    ...Array.from({ length: policies }, (_, at) => {
      const parts = policyParts(at);
      return {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { namespace: 'x', name: `np${at}` },
        spec: {
          podSelector: { matchLabels: { app: `a${parts.pod}` } },
          policyTypes: ['Ingress'],
          ingress: [
            {
              from: [{ podSelector: { matchLabels: { peer: `p${parts.peer}` } } }],
              ports: [{ protocol: 'UDP', port: parts.port }],
            },
          ],
        },
      };
    }),
  ];
  const objects = manifests.map((manifest) => decodeObject(manifest).object as KubeObject);
  return nft.renderRuleset(nft.compileNode(new engine.PolicyIndex(engine.buildState(objects)), 'n0'));
}

/** The structure of kube-router: a rule for each pod, behind it one for each policy, behind that its peers and ports. */
function linear(policies: number): string {
  const lines = ['add table inet linear', 'add chain inet linear forward { type filter hook forward priority 0; }'];
  const rule = (chain: string, text: string): void => void lines.push(`add rule inet linear ${chain} ${text}`);
  rule('forward', 'ct state established,related accept');
  const byPod = new Map<number, number[]>();
  for (let at = 0; at < policies; at++) {
    const { pod, peer, port } = policyParts(at);
    byPod.set(pod, [...(byPod.get(pod) ?? []), at]);
    lines.push(`add set inet linear s${at} { type ipv4_addr; elements = { ${peerAddress(peer)} } }`);
    lines.push(`add chain inet linear np${at}`);
    rule(`np${at}`, `ip saddr @s${at} udp dport ${port} accept`);
  }
  for (let pod = 0; pod < LOCAL_PODS; pod++) {
    lines.push(`add chain inet linear pod${pod}`);
    for (const at of byPod.get(pod) ?? []) rule(`pod${pod}`, `jump np${at}`);
    if (byPod.has(pod)) rule(`pod${pod}`, 'drop');
    rule('forward', `ip daddr ${podAddress(pod)} jump pod${pod}`);
  }
  return `${lines.join('\n')}\n`;
}

const TRACKED_ONLY = `add table inet tracked
add chain inet tracked forward { type filter hook forward priority 0; }
add rule inet tracked forward ct state established,related accept
`;

function build(): void {
  const source = ownNamespace ?? '';
  for (const name of [NODE, SINK]) command('ip', ['netns', 'add', name]);
  command('ip', ['link', 'add', 'out', 'type', 'veth', 'peer', 'name', 'in', 'netns', NODE]);
  command('ip', ['-n', NODE, 'link', 'add', 'out', 'type', 'veth', 'peer', 'name', 'in', 'netns', SINK]);
  const settings: readonly (readonly [string, string, string, string])[] = [
    [source, 'out', '10.0.0.1/30', ''],
    [NODE, 'in', '10.0.0.2/30', ''],
    [NODE, 'out', '10.0.0.5/30', ''],
    [SINK, 'in', '10.0.0.6/30', ''],
  ];
  for (const [namespace, link, address] of settings) {
    command('ip', ['-n', namespace, 'addr', 'add', address, 'dev', link]);
    command('ip', ['-n', namespace, 'link', 'set', link, 'up']);
  }
  command('ip', ['route', 'add', '10.244.0.0/16', 'via', '10.0.0.2']);
  command('ip', ['route', 'add', '10.0.0.4/30', 'via', '10.0.0.2']);
  command('ip', ['-n', NODE, 'route', 'add', '10.244.0.0/16', 'via', '10.0.0.6']);
  command('ip', ['-n', SINK, 'route', 'add', 'default', 'via', '10.0.0.5']);
  inNode('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.in.rp_filter=0');
  command(
    'ip',
    ['netns', 'exec', SINK, 'nft', '-f', '-'],
    'table ip sink { chain in { type filter hook prerouting priority -300; ip daddr 10.244.0.0/16 drop; }; }\n',
  );
}

/** Sends prepared UDP packets, each a new connection, in few system calls. */
class Sender {
  readonly #fd: number;
  readonly #sendmmsg: KoffiFunc<(fd: number, messages: Buffer, count: number, flags: number) => number>;
  readonly #packets: Buffer;
  readonly #addresses: Buffer;
  readonly #vectors: Buffer;
  readonly #messages: Buffer;

  constructor(count: number) {
    const libc = koffi.load('libc.so.6');
    const socket = libc.func('int socket(int, int, int)');
    this.#sendmmsg = libc.func('int sendmmsg(int, void *, unsigned int, int)') as never;
    this.#fd = socket(2, 3, 255) as number;
    if (this.#fd < 0) throw new Error('no raw socket');
    this.#packets = Buffer.alloc(count * SIZE);
    this.#addresses = Buffer.alloc(count * 16);
    this.#vectors = Buffer.alloc(count * 16);
    this.#messages = Buffer.alloc(count * 64);
    const [packets, addresses, vectors] = [this.#packets, this.#addresses, this.#vectors].map((part) =>
      koffi.address(part),
    );
    for (let at = 0; at < count; at++) {
      this.#vectors.writeBigUInt64LE((packets ?? 0n) + BigInt(at * SIZE), at * 16);
      this.#vectors.writeBigUInt64LE(BigInt(SIZE), at * 16 + 8);
      this.#messages.writeBigUInt64LE((addresses ?? 0n) + BigInt(at * 16), at * 64);
      this.#messages.writeUInt32LE(16, at * 64 + 8);
      this.#messages.writeBigUInt64LE((vectors ?? 0n) + BigInt(at * 16), at * 64 + 16);
      this.#messages.writeBigUInt64LE(1n, at * 64 + 24);
    }
  }

  /** Packet `at` is allowed by the policy of that number, of so many. */
  prepare(policies: number): void {
    for (let at = 0; at < PACKETS; at++) {
      // Spread over all policies, in no order that would suit a cache.
      const { pod, peer, port } = policyParts((at * 7919) % policies);
      const start = at * SIZE;
      const packet = this.#packets.subarray(start, start + SIZE);
      packet[0] = 0x45;
      packet.writeUInt16BE(SIZE, 2);
      packet[8] = 64;
      packet[9] = 17;
      bytesOf(peerAddress(peer)).copy(packet, 12);
      bytesOf(podAddress(pod)).copy(packet, 16);
      packet.writeUInt16BE(10_000 + at, 20);
      packet.writeUInt16BE(port, 22);
      packet.writeUInt16BE(8, 24);
      this.#addresses.writeUInt16LE(2, at * 16);
      bytesOf(podAddress(pod)).copy(this.#addresses, at * 16 + 4);
    }
  }

  /** Microseconds for each packet. */
  send(): number {
    const start = performance.now();
    for (let at = 0; at < PACKETS; ) {
      const sent = this.#sendmmsg(this.#fd, this.#messages.subarray(at * 64), Math.min(AT_ONCE, PACKETS - at), 0);
      if (sent <= 0) throw new Error(`sendmmsg: errno ${koffi.errno()}`);
      at += sent;
    }
    return ((performance.now() - start) * 1000) / PACKETS;
  }
}

const SIZE = 28;

function bytesOf(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

interface Setup {
  readonly name: string;
  readonly policies: number;
  readonly script: string;
}

function measure(sender: Sender, { policies, script }: Setup): number {
  inNode('nft', 'flush', 'ruleset');
  command('ip', ['netns', 'exec', NODE, 'nft', '-f', '-'], script);
  sender.prepare(policies);
  inNode('conntrack', '-F');
  const taken = sender.send();
  const tracked = Number(inNode('sysctl', '-n', 'net.netfilter.nf_conntrack_count'));
  if (tracked < PACKETS) throw new Error(`only ${tracked} of ${PACKETS} packets came through`);
  return taken;
}

/** Gbit/s of one TCP connection. Waits without blocking: what the server prints must be read meanwhile, or it stops. */
async function throughput(script: string, seconds: number): Promise<number> {
  inNode('nft', 'flush', 'ruleset');
  command('ip', ['netns', 'exec', NODE, 'nft', '-f', '-'], script);
  const { stdout } = await promisify(execFile)('iperf3', ['-c', '10.0.0.6', '-t', String(seconds), '-J']);
  const { end } = JSON.parse(stdout) as { end: { sum_received: { bits_per_second: number } } };
  return end.sum_received.bits_per_second / 1e9;
}

function measureOpening(): void {
  const setups: Setup[] = [1, 110, 10_000].flatMap((policies) => [
    { name: `connections tracked only, packets as for ${policies}`, policies, script: TRACKED_ONLY },
    { name: `Portcullis, ${policies} policies`, policies, script: ours(policies) },
    { name: `a linear ruleset, ${policies} policies`, policies, script: linear(policies) },
  ]);
  const sender = new Sender(PACKETS);
  const taken = setups.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, setup] of setups.entries()) taken[at]?.push(measure(sender, setup));
  }
  console.log('microseconds for a packet that opens a connection: least, median; ratio of the least to tracking only');
  for (const [at, { name }] of setups.entries()) {
    const least = Math.min(...(taken[at] ?? []));
    const yardstick = Math.min(...(taken[at - (at % 3)] ?? []));
    console.log(
      `${name.padEnd(52)} ${least.toFixed(2)}  ${median(taken[at] ?? []).toFixed(2)}  ${(least / yardstick).toFixed(2)}`,
    );
  }
}

/**
 * Both ends and the node share one processor, so that the rate says what a byte takes of it. The setups take turns, in
 * turned order from round to round; the yardstick is there twice, and its ratio to itself is the noise.
 */
async function measureOpen(rounds: number, seconds: number): Promise<void> {
  const yardstick = 'connections tracked only';
  const setups = [
    { name: yardstick, script: TRACKED_ONLY },
    { name: `${yardstick}, again`, script: TRACKED_ONLY },
    { name: 'Portcullis, 1 policy', script: ours(1) },
    { name: 'Portcullis, 10,000 policies', script: ours(10_000) },
  ];
  const server = await startServer();
  try {
    await throughput(TRACKED_ONLY, seconds);
    const rates = setups.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      const turn = setups.map((_, at) => (at + Math.floor(round / 2)) % setups.length);
      for (const at of round % 2 === 0 ? turn : turn.reverse()) {
        rates[at]?.push(await throughput(setups[at]?.script ?? '', seconds));
      }
      if (process.stderr.isTTY) process.stderr.write(`\r${round + 1} of ${rounds} rounds`);
    }
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    console.log(
      `an open TCP connection, Gbit/s: median of ${rounds} rounds of ${seconds} s; ratio to tracking only, with 95 % confidence`,
    );
    for (const [at, { name }] of setups.entries()) {
      const own = rates[at] ?? [];
      const { ratio, low, high } = ratioOfMedians(own, rates[0] ?? []);
      const figures = at === 0 ? '' : `  ${ratio.toFixed(3)}  (${low.toFixed(3)} to ${high.toFixed(3)})`;
      console.log(
        `${name.padEnd(52)} ${median(own).toFixed(2)}${figures}${name.startsWith(yardstick) ? '' : `  ${said(low, high)}`}`,
      );
    }
  } finally {
    // Asked politely it complains.
    server.kill('SIGKILL');
  }
}

function said(low: number, high: number): string {
  const least = 1 - THROUGHPUT_LOSS;
  if (low >= least) return 'within 2 %';
  return high < least ? 'not within 2 %' : 'undecided: measure more rounds, on a machine at rest';
}

/** Resolves once it listens. */
function startServer(): Promise<ChildProcess> {
  const server = spawn('ip', ['netns', 'exec', SINK, 'iperf3', '-s', '--forceflush'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    server.once('exit', () => reject(new Error('the iperf3 server ended')));
    server.stdout?.on('data', () => resolve(server));
  });
}

async function main({ only, rounds, seconds }: Flags): Promise<void> {
  build();
  try {
    if (only !== 'open') measureOpening();
    if (only === 'opening') return;
    if (spawnSync('iperf3', ['-v']).error !== undefined) {
      console.log('iperf3 is not there: throughput of an open connection was not measured');
      if (only === 'open') process.exitCode = 1;
      return;
    }
    await measureOpen(rounds, seconds);
  } finally {
    for (const name of [NODE, SINK]) command('ip', ['netns', 'del', name]);
  }
}

interface Flags {
  readonly only: 'opening' | 'open' | undefined;
  readonly rounds: number;
  readonly seconds: number;
}

/** The flags, the help, or what is wrong with the command line. */
function parseFlags(): Flags | 'help' | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string' },
        rounds: { type: 'string', default: '20' },
        seconds: { type: 'string', default: '2' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return 'help';
    const { only } = values;
    if (only !== undefined && only !== 'opening' && only !== 'open') return { problem: '--only: opening or open' };
    const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
    if (![rounds, seconds].every((number) => Number.isInteger(number) && number > 0)) {
      return { problem: '--rounds and --seconds: whole numbers from 1 on' };
    }
    return { only, rounds, seconds };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

const request = parseFlags();
if (request === 'help') {
  process.stdout.write(HELP);
} else if ('problem' in request) {
  process.stderr.write(`${request.problem}\n`);
  process.exitCode = 2;
} else if (ownNamespace === undefined) {
  // On one processor, so that what interrupts the sender counts too.
  process.exitCode = inNamespace('taskset', '-c', '1');
} else {
  await main(request);
}
