import type { Direction, PolicyIndex } from '../engine/index.ts';
import type { PodInfo } from '../engine/state.ts';
import { formatAddress } from '../net/address.ts';
import { ContentNames, LOG_PREFIX, NAMES } from './names.ts';
import { type CompileOptions, DEFAULT_OPTIONS } from './options.ts';
import { OutcomeChains } from './outcome.ts';
import { collectPeers, FAMILY } from './peers.ts';
import { type Parts, PodClasses } from './pod-class.ts';
import type { Chain, IpVersion, Match, NftMap, NftSet, Rule, Ruleset, Side, Verdict } from './ruleset.ts';

const VERSIONS: readonly IpVersion[] = [4, 6];
const DIRECTIONS: readonly Direction[] = ['egress', 'ingress'];
/** As the usual filter chains: after DNAT, before SNAT. */
const PRIORITY = 0;

/** Which side of a packet is the pod under policy. */
const OWN_SIDE: Readonly<Record<Direction, Side>> = { egress: 'saddr', ingress: 'daddr' };

/**
 * What a node's kernel must do so that its pods' connections are those that the policies admit. Two look-ups lead to an
 * answer in either direction: the pod's own address gives the chain of all pods under the same policies, the other
 * address gives what is open between the two.
 *
 * Names are made from contents and peer ids of the index, so that the rulesets of one index before and after a change
 * differ in what the change touches.
 *
 * @param node the name of the node; pods of other nodes are peers only
 */
export function compileNode(index: PolicyIndex, node: string, options: CompileOptions = DEFAULT_OPTIONS): Ruleset {
  const sets = new Map<string, NftSet>();
  const maps = new Map<string, NftMap>();
  const chains = new Map<string, Chain>();
  const names = new ContentNames();
  const parts: Parts = { sets, maps, chains, names, outcomes: new OutcomeChains(chains, names) };
  const peers = collectPeers(index);
  const classes = new PodClasses(index, peers, parts, options);
  const dispatch = new Map<string, Map<string, Verdict>>();
  const self: Record<IpVersion, Set<string>> = { 4: new Set(), 6: new Set() };
  const guarded: Record<IpVersion, Set<string>> = { 4: new Set(), 6: new Set() };
  const local: Record<IpVersion, Set<string>> = { 4: new Set(), 6: new Set() };

  const send = (name: string, address: string, verdict: Verdict | undefined): void => {
    if (verdict === undefined) return;
    const elements = dispatch.get(name) ?? new Map<string, Verdict>();
    dispatch.set(name, elements.set(address, verdict));
  };
  for (const pod of index.state.pods.values()) {
    if (pod.node !== node || pod.hostNetwork) continue;
    for (const own of pod.addresses) {
      const version = own.family === 'IPv4' ? 4 : 6;
      const address = formatAddress(own);
      if (peers.owners.get(address) !== pod.id) continue;
      local[version].add(address);
      for (const direction of DIRECTIONS) {
        const verdict = directionVerdict(index, classes, pod, direction, version);
        send(NAMES.dispatch(direction, version), address, verdict);
        if (verdict === undefined) continue;
        self[version].add(`${address} . ${address}`);
        guarded[version].add(address);
      }
      send(NAMES.dispatch('own-node', version), address, ownNodeVerdict(index, classes, pod, node, version));
    }
  }

  for (const version of VERSIONS) {
    for (const name of [...DIRECTIONS, 'own-node' as const].map((what) => NAMES.dispatch(what, version))) {
      maps.set(name, { type: 'address', version, elements: dispatch.get(name) ?? new Map() });
    }
    sets.set(NAMES.self(version), { type: 'pair', version, elements: self[version] });
    sets.set(NAMES.guarded(version), { type: 'address', version, elements: guarded[version] });
    const strict = options.strictRange.ofFamily(FAMILY[version]);
    if (!strict.isEmpty()) {
      sets.set(NAMES.local(version), { type: 'address', version, elements: local[version] });
      const elements = new Set(strict.toString().split(','));
      sets.set(NAMES.strict(version), { type: 'range', version, elements });
    }
    for (const direction of DIRECTIONS) addDenials(parts, direction, version, options);
    chains.set(NAMES.packets(version), { rules: packetRules(version, !strict.isEmpty()) });
  }
  addBaseChains(
    parts,
    VERSIONS.some((version) => dispatch.has(NAMES.dispatch('own-node', version))),
    options,
  );
  return { sets, maps, chains };
}

function directionVerdict(
  index: PolicyIndex,
  classes: PodClasses,
  pod: PodInfo,
  direction: Direction,
  version: IpVersion,
): Verdict | undefined {
  const policies = index.policiesOf(pod, direction);
  if (policies.tiers === null && policies.program === null) return undefined;
  const { named } = index.peerView({ type: 'pod', pod }, FAMILY[version]);
  return classes.verdict({ direction, version, policies, named, ownNode: undefined });
}

/** Only cluster-wide rules can deny a pod its own node, and only on egress. */
function ownNodeVerdict(
  index: PolicyIndex,
  classes: PodClasses,
  pod: PodInfo,
  node: string,
  version: IpVersion,
): Verdict | undefined {
  const { tiers } = index.policiesOf(pod, 'egress');
  if (tiers === null) return undefined;
  const policies = index.policiesOf(pod, 'egress');
  return classes.verdict({ direction: 'egress', version, policies, named: undefined, ownNode: node });
}

/** What every new connection of an IP version passes: unknown pods, then each direction. */
function packetRules(version: IpVersion, strict: boolean): Rule[] {
  const rules: Rule[] = [];
  for (const direction of strict ? DIRECTIONS : []) {
    const side = OWN_SIDE[direction];
    rules.push({
      matches: [
        { type: 'address', side, version, set: NAMES.strict(version) },
        { type: 'address', side, version, set: NAMES.local(version), not: true },
      ],
      action: { kind: 'goto', chain: NAMES.deny(direction, version) },
    });
  }
  for (const direction of DIRECTIONS) {
    const map = NAMES.dispatch(direction, version);
    rules.push({ matches: [], action: { kind: 'vmap', side: OWN_SIDE[direction], version, map } });
  }
  return rules;
}

/** The ends of denied connections: what is never denied goes free, the rest is counted, logged and stopped. */
function addDenials({ sets, chains }: Parts, direction: Direction, version: IpVersion, options: CompileOptions): void {
  const free: Rule[] = [
    { matches: [{ type: 'pair', version, set: NAMES.self(version) }], action: { kind: 'return' } },
    ...(version === 6
      ? [{ matches: [{ type: 'neighbour-discovery' } as const], action: { kind: 'return' } as const }]
      : []),
    { matches: [], action: { kind: 'count' } },
  ];
  if (options.log !== undefined) {
    const meter = NAMES.meter(direction, version);
    sets.set(meter, { type: 'meter', version, elements: new Set() });
    free.push({
      matches: [],
      action: { kind: 'log', side: OWN_SIDE[direction], version, meter, prefix: LOG_PREFIX[direction], ...options.log },
    });
  }
  const end = (action: Rule['action']): Chain => ({ rules: [...free, { matches: [], action }] });
  const refusal = options.denial === 'reject' ? { kind: 'reject' as const } : { kind: 'drop' as const };
  chains.set(NAMES.deny(direction, version), end(options.audit ? { kind: 'return' } : refusal));
  if (options.denial === 'reject') {
    chains.set(NAMES.tierDeny(direction, version), end({ kind: options.audit ? 'return' : 'drop' }));
  }
}

function addBaseChains({ chains }: Parts, ownNode: boolean, options: CompileOptions): void {
  const tracked: Rule = {
    matches: [{ type: 'ct-state', states: ['established', 'related'] }],
    action: { kind: 'accept' },
  };
  const midStream: readonly Match[] = [{ type: 'ct-state', states: ['new', 'invalid'] }, { type: 'mid-stream' }];
  const refuse = options.refuseMidStream && !options.audit;
  if (refuse) {
    const refusal: Rule['action'] = { kind: options.denial };
    const rules = VERSIONS.flatMap((version) =>
      (['saddr', 'daddr'] as const).map(
        (side): Rule => ({
          matches: [{ type: 'address', side, version, set: NAMES.guarded(version) }],
          action: refusal,
        }),
      ),
    );
    chains.set(NAMES.midStream, { rules });
  }
  const byVersion = (of: (version: IpVersion) => Rule['action']): Rule[] =>
    VERSIONS.map((version) => ({ matches: [{ type: 'version', version }], action: of(version) }));
  chains.set(NAMES.forward, {
    hook: { hook: 'forward', priority: PRIORITY },
    rules: [
      tracked,
      ...(refuse ? [{ matches: midStream, action: { kind: 'jump' as const, chain: NAMES.midStream } }] : []),
      ...byVersion((version) => ({ kind: 'goto', chain: NAMES.packets(version) })),
    ],
  });
  if (!ownNode) return;
  chains.set(NAMES.input, {
    hook: { hook: 'input', priority: PRIORITY },
    rules: [
      tracked,
      ...VERSIONS.map((version): Rule => {
        const map = NAMES.dispatch('own-node', version);
        return { matches: [], action: { kind: 'vmap', side: 'saddr', version, map } };
      }),
    ],
  });
}
