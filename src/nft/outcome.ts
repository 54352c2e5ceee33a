import {
  admittedPorts,
  type DirectionPolicies,
  type PeerView,
  portsDeniedByTiers,
} from '../engine/compiled/policy-index.ts';
import type { NamedPorts } from '../engine/compiled/program.ts';
import type { Direction } from '../engine/index.ts';
import { PORT_PROTOCOLS, PortSet } from '../net/port-set.ts';
import { type ContentNames, NAMES } from './names.ts';
import type { CompileOptions } from './options.ts';
import type { IpVersion, Rule, Verdict } from './ruleset.ts';
import type { RulesetStore } from './store.ts';

/** What becomes of connections with one peer in one direction, by port. */
export interface Outcome {
  readonly admitted: PortSet;
  /** Denied by cluster-wide rules: dropped even where other denials are refused. */
  readonly dropped: PortSet;
}

/** What policies of a direction make of a peer, as the engine decides it. */
export function outcomeOf(
  policies: DirectionPolicies,
  view: PeerView,
  destination: NamedPorts | undefined,
  ownNode: boolean,
  options: CompileOptions,
): Outcome {
  const dropped = options.denial === 'drop' ? PortSet.EMPTY : portsDeniedByTiers(policies, view, destination);
  return { admitted: admittedPorts(policies, view, destination, ownNode), dropped };
}

/** Writes outcomes as chains; equal outcomes share one. */
export class OutcomeChains {
  readonly #store: RulesetStore;
  readonly #names: ContentNames;

  constructor(store: RulesetStore, names: ContentNames) {
    this.#store = store;
    this.#names = names;
  }

  /** Where to send a packet: `return` admits, as the chain that dispatched goes on with the other direction. */
  verdict({ admitted, dropped }: Outcome, direction: Direction, version: IpVersion): Verdict {
    if (admitted.isAll()) return { kind: 'return' };
    const deny: Verdict = { kind: 'goto', chain: NAMES.deny(direction, version) };
    const tierDeny: Verdict = { kind: 'goto', chain: NAMES.tierDeny(direction, version) };
    if (admitted.isEmpty() && dropped.isEmpty()) return deny;
    if (admitted.isEmpty() && dropped.isAll()) return tierDeny;
    const chain = this.#names.name(`ports-${direction}${version}`, `${admitted.key} / ${dropped.key}`);
    if (!this.#store.has(chain)) {
      const rules = [
        ...portRules(admitted, { kind: 'return' }),
        ...portRules(dropped, tierDeny),
        { matches: [], action: deny },
      ];
      this.#store.putChain(chain, { rules });
    }
    return { kind: 'goto', chain };
  }
}

function portRules(ports: PortSet, action: Verdict): Rule[] {
  const rules: Rule[] = [];
  for (const protocol of PORT_PROTOCOLS) {
    const ranges = ports.containsSet(PortSet.allOf(protocol)) ? null : ports.ranges(protocol);
    if (ranges === null || ranges.length > 0) rules.push({ matches: [{ type: 'port', protocol, ranges }], action });
  }
  if (ports.other) rules.push({ matches: [{ type: 'other-protocol' }], action });
  return rules;
}
