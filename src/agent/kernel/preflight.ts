import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Rule, type Ruleset, renderRuleset } from '../../nft/index.ts';
import { countConnections } from './conntrack.ts';
import { KernelError } from './kernel.ts';
import type { Nftables } from './nftables.ts';

/** Older ones refuse some of what we write, or list it otherwise. */
const OLDEST_NFTABLES: readonly [number, number, number] = [1, 0, 6];

/** What rulesets are made of, each with the module that has it. */
const FEATURES: readonly { readonly module: string; readonly what: string; readonly ruleset: Ruleset }[] = [
  { module: 'nf_tables', what: 'tables of family inet', ruleset: withRules() },
  {
    module: 'nf_tables (nft_set_hash, nft_set_rbtree)',
    what: 'sets and verdict maps of addresses and of ranges',
    ruleset: withRules(
      { matches: [{ type: 'address', side: 'saddr', version: 4, set: 'addresses' }], action: { kind: 'accept' } },
      { matches: [{ type: 'address', side: 'saddr', version: 6, set: 'ranges' }], action: { kind: 'accept' } },
      { matches: [{ type: 'pair', version: 4, set: 'pairs' }], action: { kind: 'accept' } },
      { matches: [], action: { kind: 'vmap', side: 'daddr', version: 4, map: 'verdicts' } },
      { matches: [], action: { kind: 'vmap', side: 'daddr', version: 6, map: 'blocks' } },
    ),
  },
  {
    module: 'nft_ct, nf_conntrack',
    what: 'the state of connections',
    ruleset: withRules({
      matches: [{ type: 'ct-state', states: ['established', 'related'] }],
      action: { kind: 'accept' },
    }),
  },
  {
    module: 'nft_reject_inet',
    what: 'refusals',
    ruleset: withRules({ matches: [], action: { kind: 'reject' } }),
  },
  {
    module: 'nft_limit, nft_log, nfnetlink_log',
    what: 'logging with a limit',
    ruleset: withRules({
      matches: [],
      action: {
        kind: 'log',
        side: 'saddr',
        version: 4,
        meter: 'denied',
        group: 1,
        prefix: 'trial',
        ratePerSecond: 1,
        burst: 1,
      },
    }),
  },
];

function withRules(...rules: readonly Rule[]): Ruleset {
  const none = new Set<string>();
  return {
    sets: new Map([
      ['addresses', { type: 'address', version: 4, elements: new Set(['192.0.2.1']) }],
      ['ranges', { type: 'range', version: 6, elements: new Set(['2001:db8::/32']) }],
      ['pairs', { type: 'pair', version: 4, elements: new Set(['192.0.2.1 . 192.0.2.1']) }],
      ['denied', { type: 'meter', version: 4, elements: none }],
    ]),
    maps: new Map([
      ['verdicts', { type: 'address', version: 4, elements: new Map([['192.0.2.1', { kind: 'goto', chain: 'end' }]]) }],
      ['blocks', { type: 'range', version: 6, elements: new Map([['2001:db8::/32', { kind: 'drop' }]]) }],
    ]),
    chains: new Map([
      ['end', { rules: [] }],
      ['forward', { hook: { hook: 'forward', priority: 0 }, rules }],
      ['input', { hook: { hook: 'input', priority: 0 }, rules: [] }],
    ]),
  };
}

/**
 * What keeps this kernel from enforcing, each a sentence with the remedy. Tries what rulesets are made of, in
 * transactions that the kernel checks and does not commit.
 * @param nftables loads the library, or throws a KernelError
 */
export async function findMissing(nftables: () => Nftables): Promise<readonly string[]> {
  if (process.platform !== 'linux') return [`policies are enforced on Linux only, and this is ${process.platform}`];
  let library: Nftables;
  try {
    library = nftables();
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return [
      `${error.message}: run scripts/setup.sh, or install the package libnftables1 (Debian, Ubuntu) or nftables (others)`,
    ];
  }
  try {
    const version = await library.version();
    if (isOlder(version, OLDEST_NFTABLES)) {
      return [`libnftables is ${version}: ${OLDEST_NFTABLES.join('.')} or newer is needed`];
    }
    return [
      ...(await missingFeatures(library)),
      ...missingConntrack(),
      ...(await unfilteredBridges()),
      ...(await virtualServers()),
    ];
  } catch (error) {
    if (!(error instanceof KernelError) || error.code !== 'permission') throw error;
    return [
      'the capability CAP_NET_ADMIN is missing in this network namespace: run as root, or add NET_ADMIN to the container',
    ];
  }
}

/** In `1.0.6`; what cannot be read is not older. */
function isOlder(version: string, oldest: readonly number[]): boolean {
  const numbers = version.split('.').map(Number);
  for (const [at, wanted] of oldest.entries()) {
    const number = numbers[at] ?? 0;
    if (number !== wanted) return number < wanted;
  }
  return false;
}

/** Whether the kernel said no for another reason than who asks. */
function isLack(error: unknown): error is KernelError {
  return error instanceof KernelError && error.code !== 'permission';
}

async function missingFeatures(library: Nftables): Promise<string[]> {
  for (const { module, what, ruleset } of FEATURES) {
    try {
      await library.check(renderRuleset(ruleset));
    } catch (error) {
      if (!isLack(error)) throw error;
      // What follows would fail for the same reason.
      return [`nf_tables does not take ${what} (${error.message}): load or build the kernel modules ${module}`];
    }
  }
  return [];
}

function missingConntrack(): string[] {
  try {
    countConnections();
    return [];
  } catch (error) {
    if (!isLack(error)) throw error;
    return [`${error.message}: load or build the kernel modules nf_conntrack and nf_conntrack_netlink`];
  }
}

/** Packets between two ports of a bridge pass the hooks only when a setting says so. */
async function unfilteredBridges(): Promise<string[]> {
  const bridges: string[] = [];
  const classes = '/sys/class/net';
  for (const name of await namesIn(classes)) {
    if ((await namesIn(path.join(classes, name, 'brif'))).length > 1) bridges.push(name);
  }
  if (bridges.length === 0) return [];
  const missing: string[] = [];
  for (const setting of ['bridge-nf-call-iptables', 'bridge-nf-call-ip6tables']) {
    const value = await readFile(`/proc/sys/net/bridge/${setting}`, 'utf8').catch(() => '');
    if (value.trim() !== '1') missing.push(`net.bridge.${setting}=1`);
  }
  if (missing.length === 0) return [];
  return [
    `packets between ports of the bridge ${bridges.sort().join(', ')} pass no filter: ` +
      `modprobe br_netfilter && sysctl -w ${missing.join(' ')}`,
  ];
}

/** In mode ipvs kube-proxy has the addresses of Services on an interface of this name. */
const IPVS_INTERFACE = 'kube-ipvs0';

/** What IPVS directs to a pod leaves the node as if it were its own, and is not forwarded. */
async function virtualServers(): Promise<string[]> {
  if (!(await namesIn('/sys/class/net')).includes(IPVS_INTERFACE)) return [];
  return [
    'kube-proxy is in mode ipvs, in which connections to Services pass no filter for pods: set its mode to nftables or ' +
      `iptables, and run ip link delete ${IPVS_INTERFACE} where that is left over`,
  ];
}

async function namesIn(directory: string): Promise<string[]> {
  return await readdir(directory).catch(() => []);
}
