import type { Direction } from '../engine/index.ts';
import { LOG_PREFIX, NAMES } from './names.ts';
import type { CompileOptions } from './options.ts';
import type { Chain, IpVersion, Match, Rule, Ruleset, Side } from './ruleset.ts';
import type { RulesetStore } from './store.ts';

const VERSIONS: readonly IpVersion[] = [4, 6];
const DIRECTIONS: readonly Direction[] = ['egress', 'ingress'];
/** As the usual filter chains: after DNAT, before SNAT. */
const PRIORITY = 0;

/** Which side of a packet is the pod under policy. */
const OWN_SIDE: Readonly<Record<Direction, Side>> = { egress: 'saddr', ingress: 'daddr' };

/** Puts in what every node's ruleset has, whatever its policies: hooks, dispatch, and the ends of denied connections. */
export function putFixedParts(store: RulesetStore, options: CompileOptions): void {
  for (const version of VERSIONS) {
    for (const dispatch of [...DIRECTIONS, 'own-node' as const]) {
      putKept(store, NAMES.dispatch(dispatch, version), (name) =>
        store.putMap(name, { type: 'address', version, elements: new Map() }),
      );
    }
    putKept(store, NAMES.self(version), (name) => store.putSet(name, { type: 'pair', version, elements: new Set() }));
    for (const name of [NAMES.guarded(version), NAMES.local(version)]) {
      putKept(store, name, () => store.putSet(name, { type: 'address', version, elements: new Set() }));
    }
    const range = options.strictRange.ofFamily(version === 4 ? 'IPv4' : 'IPv6');
    if (!range.isEmpty()) {
      const elements = new Set(range.toString().split(','));
      store.putSet(NAMES.strict(version), { type: 'range', version, elements });
    }
    for (const direction of DIRECTIONS) putDenials(store, direction, version, options);
    putKept(store, NAMES.packets(version), (name) =>
      store.putChain(name, { rules: packetRules(version, !range.isEmpty()) }),
    );
  }
  putBaseChains(store, options);
}

/** The addresses of a node's pods that are under policy, as a ruleset has them. */
export function guardedAddresses({ sets }: Ruleset): readonly string[] {
  return VERSIONS.flatMap((version) => [...(sets.get(NAMES.guarded(version))?.elements ?? [])]);
}

/** Puts in something that stays though no rule may lead to it. */
function putKept(store: RulesetStore, name: string, put: (name: string) => void): void {
  put(name);
  store.keep(name);
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
function putDenials(store: RulesetStore, direction: Direction, version: IpVersion, options: CompileOptions): void {
  const free: Rule[] = [
    { matches: [{ type: 'pair', version, set: NAMES.self(version) }], action: { kind: 'return' } },
    ...(version === 6
      ? [{ matches: [{ type: 'neighbour-discovery' } as const], action: { kind: 'return' } as const }]
      : []),
    { matches: [], action: { kind: 'count' } },
  ];
  if (options.log !== undefined) {
    const meter = NAMES.meter(direction, version);
    store.putSet(meter, { type: 'meter', version, elements: new Set() });
    free.push({
      matches: [],
      action: { kind: 'log', side: OWN_SIDE[direction], version, meter, prefix: LOG_PREFIX[direction], ...options.log },
    });
  }
  const end = (action: Rule['action']): Chain => ({ rules: [...free, { matches: [], action }] });
  const refusal = options.denial === 'reject' ? { kind: 'reject' as const } : { kind: 'drop' as const };
  putKept(store, NAMES.deny(direction, version), (name) =>
    store.putChain(name, end(options.audit ? { kind: 'return' } : refusal)),
  );
  if (options.denial === 'reject') {
    putKept(store, NAMES.tierDeny(direction, version), (name) =>
      store.putChain(name, end({ kind: options.audit ? 'return' : 'drop' })),
    );
  }
}

/** Packets of connections that have passed already. */
const TRACKED: Rule = {
  matches: [{ type: 'ct-state', states: ['established', 'related'] }],
  action: { kind: 'accept' },
};

/** A ruleset that denies nothing and makes the kernel track connections. */
export function trackingOnly(): Ruleset {
  const chain: Chain = { hook: { hook: 'forward', priority: PRIORITY }, rules: [TRACKED] };
  return { sets: new Map(), maps: new Map(), chains: new Map([[NAMES.forward, chain]]) };
}

function putBaseChains(store: RulesetStore, options: CompileOptions): void {
  const midStream: readonly Match[] = [{ type: 'ct-state', states: ['invalid', 'new'] }, { type: 'mid-stream' }];
  const refuse = options.refuseMidStream && !options.audit;
  if (refuse) {
    const ofGuarded = (action: Rule['action'], ...matches: readonly Match[]): Rule[] =>
      VERSIONS.flatMap((version) =>
        (['saddr', 'daddr'] as const).map((side) => ({
          matches: [...matches, { type: 'address', side, version, set: NAMES.guarded(version) }],
          action,
        })),
      );
    // A segment outside the window may be of a connection that is allowed: a reset would end that.
    const ofNone = ofGuarded({ kind: 'drop' }, { type: 'ct-state', states: ['invalid'] });
    const rules = options.denial === 'drop' ? [] : ofNone;
    store.putChain(NAMES.midStream, { rules: [...rules, ...ofGuarded({ kind: options.denial })] });
  }
  const byVersion = (of: (version: IpVersion) => Rule['action']): Rule[] =>
    VERSIONS.map((version) => ({ matches: [{ type: 'version', version }], action: of(version) }));
  putKept(store, NAMES.forward, (name) =>
    store.putChain(name, {
      hook: { hook: 'forward', priority: PRIORITY },
      rules: [
        TRACKED,
        ...(refuse ? [{ matches: midStream, action: { kind: 'jump' as const, chain: NAMES.midStream } }] : []),
        ...byVersion((version) => ({ kind: 'goto', chain: NAMES.packets(version) })),
      ],
    }),
  );
}

/** Hooks what pods send to their own node: only where a cluster-wide rule may deny it. */
export function putInputChain(store: RulesetStore): void {
  putKept(store, NAMES.input, (name) =>
    store.putChain(name, {
      hook: { hook: 'input', priority: PRIORITY },
      rules: [
        TRACKED,
        ...VERSIONS.map((version): Rule => {
          const map = NAMES.dispatch('own-node', version);
          return { matches: [], action: { kind: 'vmap', side: 'saddr', version, map } };
        }),
      ],
    }),
  );
}
