import { buildState } from '../engine/index.ts';
import type { KubeObject, Service } from '../model/types.ts';
import { formatAddress } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import type { Cidr } from '../net/cidr.ts';
import { planned } from './addresses.ts';
import { LabError, type LabOptions, type LabPlan } from './model.ts';
import { outsideAddresses } from './outside.ts';
import { familiesOf, NODE_CIDRS, planNodes } from './plan-nodes.ts';
import { placePods, wantedPods } from './plan-pods.ts';
import { planServices } from './services.ts';

/** Ranges of pod addresses where none are asked for. */
export const DEFAULT_POD_CIDRS: readonly Cidr[] = [
  { family: 'IPv4', base: 0x0af4_0000n, prefix: 16 },
  { family: 'IPv6', base: 0xfd00_0010_0244n << 80n, prefix: 56 },
];
/**
 * Lays out a lab for the objects of the input, which must be valid. The same input and the same earlier plan give the
 * same plan. Throws {@link LabError} for what no lab can be.
 * @param earlier the plan that is in force: what is in both keeps its place and addresses
 */
export function planLab(objects: readonly KubeObject[], options: LabOptions, earlier?: LabPlan): LabPlan {
  const state = buildState(objects);
  const warnings: string[] = [];
  const memory = earlier?.memory;
  const taken = new Set<string>([...state.nodes.values()].flatMap(({ addresses }) => addresses.map(formatAddress)));
  const nodes = planNodes(state, options, memory, taken, warnings);
  const wanted = wantedPods(objects, state, options, nodes, warnings);
  if (wanted.length > options.maxPods) {
    throw new LabError(`the input has ${wanted.length} pods, and a lab at most ${options.maxPods}`, [
      '--max-replicas 1 makes one pod of each workload; --max-pods NUMBER allows more',
    ]);
  }
  const { pods, lastAddress } = placePods(wanted, nodes, options, memory, taken, warnings);
  const services = planServices(
    objects.filter((object): object is Service => object.kind === 'Service'),
    pods,
    familiesOf(options),
    memory ?? { clusterIPs: {}, nodePorts: {} },
    warnings,
  );
  const inside = AddressSet.unionOf([
    ...options.podCidrs.map((cidr) => AddressSet.ofCidr(cidr)),
    ...familiesOf(options).map((family) => AddressSet.ofCidr(NODE_CIDRS[family])),
    ...[...nodes, ...pods].flatMap(({ addresses }) => addresses.map((one) => AddressSet.ofAddress(planned(one)))),
    ...services.flatMap(({ clusterIPs }) => clusterIPs.map((one) => AddressSet.ofAddress(planned(one)))),
  ]);
  const outside = outsideAddresses(state, familiesOf(options), inside, warnings);
  return {
    name: options.name,
    nodes,
    pods,
    services,
    outside,
    warnings,
    memory: {
      nodeSlots: Object.fromEntries(nodes.map(({ name, slot }) => [name, slot])),
      podSlots: Object.fromEntries(pods.map(({ id, slot }) => [id, slot])),
      podNodes: Object.fromEntries(pods.map(({ id, node }) => [id, node])),
      podAddresses: Object.fromEntries(pods.map(({ id, addresses }) => [id, addresses])),
      lastAddress,
      clusterIPs: Object.fromEntries(services.map(({ id, clusterIPs }) => [id, clusterIPs])),
      nodePorts: Object.fromEntries(
        services.flatMap(({ id, ports }) =>
          ports.flatMap(({ port, protocol, nodePort }) =>
            nodePort === undefined ? [] : [[`${id}/${port}/${protocol}`, nodePort]],
          ),
        ),
      ),
    },
  };
}
