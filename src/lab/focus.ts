import { type PortQuery, type ResolveError, resolveEndpoint, type World } from '../analysis/index.ts';
import { queriedPorts } from '../analysis/ports.ts';
import { blockSet } from '../analysis/resolve.ts';
import { AddressSet } from '../net/address-set.ts';
import { blockFromText, planned } from './addresses.ts';
import { LabError, type LabPlan } from './model.ts';
import { outsideSample } from './outside.ts';
import type { ProbeEnd, ProbeFocus } from './probes.ts';

/** What a user limits probes to, as written. */
export interface FocusQuery {
  readonly from?: string;
  readonly to?: string;
  readonly port?: PortQuery;
}

/**
 * The focus that a query means. Throws {@link LabError} for a name that stands for nothing.
 * @param plan what is there: outside addresses that are asked for and not in it are in the answer
 */
export function focusOf(
  world: World,
  plan: LabPlan,
  { from, to, port }: FocusQuery,
): ProbeFocus & { readonly outside: readonly string[] } {
  return {
    ...(from === undefined ? {} : { from: endFilter(world, from) }),
    ...(to === undefined ? {} : { to: endFilter(world, to) }),
    ...(port === undefined ? {} : portFocus(port)),
    outside: [from, to].flatMap((text) => (text === undefined ? [] : missingOutside(world, plan, text))),
  };
}

/** One address of each outside block that a name means and that no address of the lab stands for. */
function missingOutside(world: World, plan: LabPlan, text: string): string[] {
  const resolved = resolveEndpoint(world, text);
  if ('error' in resolved) return [];
  const inside = AddressSet.unionOf([
    ...plan.nodes.flatMap(({ podCidrs }) => podCidrs.map((block) => AddressSet.ofCidr(blockFromText(block)))),
    ...[...plan.nodes, ...plan.pods].flatMap(({ addresses }) =>
      addresses.map((one) => AddressSet.ofAddress(planned(one))),
    ),
    ...plan.services.flatMap(({ clusterIPs }) => clusterIPs.map((one) => AddressSet.ofAddress(planned(one)))),
  ]);
  return resolved.units.flatMap((unit) => {
    if (unit.endpoint.ranges === undefined) return [];
    const block = blockSet(unit);
    if (plan.outside.some((address) => block.contains(planned(address)))) return [];
    return outsideSample(block, inside) ?? [];
  });
}

function portFocus(query: PortQuery): Pick<ProbeFocus, 'port' | 'ports'> {
  const { first, last, protocol } = query;
  // A single port is tried wherever it is, also where nobody declares it.
  const ports =
    first !== undefined && first === last && protocol !== undefined
      ? { ports: [{ containerPort: first, protocol }] }
      : {};
  return {
    ...ports,
    port: (ofProtocol, number, pod) => queriedPorts(query, pod?.ports ?? []).contains(ofProtocol, number),
  };
}

function endFilter(world: World, text: string): (end: ProbeEnd) => boolean {
  const resolved = resolveEndpoint(world, text);
  if ('error' in resolved) throw unknownEnd(resolved);
  const pods = new Set(resolved.units.flatMap((unit) => unit.pods.map(({ id }) => id)));
  const nodes = new Set<string>();
  for (const { pods: own, ends } of resolved.units) {
    for (const end of own.length > 0 ? [] : ends)
      if (end.type === 'host' && end.node !== undefined) nodes.add(end.node);
  }
  const outside = resolved.units.flatMap(({ endpoint }) => endpoint.ranges ?? []);
  return ({ id, pod, node }) => {
    if (node !== undefined) return nodes.has(node);
    if (pod !== undefined) return pods.has(`${id}[Pod]`) || (pod.hostNetwork && nodes.has(pod.node));
    const address = planned(id);
    return outside.some(([first, last]) => {
      const [low, high] = [planned(first), planned(last)];
      return low.family === address.family && low.value <= address.value && address.value <= high.value;
    });
  };
}

function unknownEnd({ error, suggestions }: ResolveError): LabError {
  return new LabError(error, suggestions.length === 0 ? [] : [`did you mean ${suggestions.join(' or ')}?`]);
}
