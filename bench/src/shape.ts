/** The address families that the pods of a generated cluster have. */
export type Family = 'ipv4' | 'ipv6' | 'dual';

/** Which directions the policies restrict; with `both` they alternate, ingress first. */
export type Directions = 'ingress' | 'egress' | 'both';

/** The number-valued parameters of a cluster; {@link NUMBERS} says what each means. */
export interface ShapeNumbers {
  readonly namespaces: number;
  readonly pods: number;
  readonly policies: number;
  readonly replicas: number;
  readonly podsPerNode: number;
  readonly podsSelected: number;
  readonly podSelectors: number;
  readonly peerNamespaces: number;
  readonly peerPods: number;
  readonly singlePorts: number;
  readonly portRanges: number;
  readonly cidrs: number;
  readonly excepts: number;
  readonly clusterPolicies: number;
  readonly edited: number;
  readonly seed: number;
}

/** Everything that decides what a generated cluster looks like; the same shape gives the same bytes. */
export interface ClusterShape extends ShapeNumbers {
  readonly directions: Directions;
  readonly family: Family;
  /** One more policy per namespace that isolates all its pods both ways. */
  readonly denyAll: boolean;
}

/** A number-valued parameter: its least and greatest value, its value when not given, its line in the help. */
export interface NumberParameter {
  readonly flag: string;
  readonly min: number;
  readonly max: number;
  readonly initial: number;
  readonly help: string;
}

/** The number-valued parameters, in the order of the help. */
export const NUMBERS: { readonly [name in keyof ShapeNumbers]: NumberParameter } = {
  namespaces: { flag: 'namespaces', min: 1, max: 10_000, initial: 10, help: 'namespaces' },
  pods: { flag: 'pods', min: 1, max: 100_000, initial: 100, help: 'pods in each namespace' },
  policies: { flag: 'policies', min: 0, max: 10_000, initial: 10, help: 'policies in each namespace' },
  replicas: { flag: 'replicas', min: 1, max: 10_000, initial: 1, help: 'pods that share their labels and their owner' },
  podsPerNode: { flag: 'pods-per-node', min: 1, max: 250, initial: 100, help: 'pods on each node' },
  podsSelected: {
    flag: 'pods-selected',
    min: 0,
    max: 10_000,
    initial: 2,
    help: 'labels a policy selects; 0: all pods',
  },
  podSelectors: {
    flag: 'pod-selectors',
    min: 0,
    max: 1_000,
    initial: 2,
    help: 'rules with a selector peer in each policy',
  },
  peerNamespaces: { flag: 'peer-namespaces', min: 1, max: 10_000, initial: 2, help: 'namespaces each such peer names' },
  peerPods: { flag: 'peer-pods', min: 1, max: 10_000, initial: 2, help: 'pod labels each such peer names' },
  singlePorts: { flag: 'single-ports', min: 0, max: 1_000, initial: 2, help: 'single ports in each rule' },
  portRanges: { flag: 'port-ranges', min: 0, max: 1_000, initial: 2, help: 'port ranges in each rule' },
  cidrs: { flag: 'cidrs', min: 0, max: 1_000, initial: 2, help: 'rules with an address block in each policy' },
  excepts: { flag: 'excepts', min: 0, max: 16, initial: 0, help: 'exceptions in each address block' },
  clusterPolicies: {
    flag: 'cluster-policies',
    min: 0,
    max: 1_000,
    initial: 0,
    help: 'ClusterNetworkPolicies: one of ten of the Baseline tier, the others of the Admin tier',
  },
  edited: {
    flag: 'edited',
    min: 0,
    max: 100_000,
    initial: 0,
    help: 'one of so many policies has another port; 0: none, for a second cluster to compare',
  },
  seed: { flag: 'seed', min: 0, max: 0xffff_ffff, initial: 1, help: 'seed of the pseudo-random choices' },
};

const initialNumbers = Object.fromEntries(
  Object.entries(NUMBERS).map(([name, parameter]) => [name, parameter.initial]),
) as unknown as ShapeNumbers;

/** The shape when nothing is asked for: the smallest preset. */
export const DEFAULT_SHAPE: ClusterShape = { ...initialNumbers, directions: 'both', family: 'ipv4', denyAll: false };

/** Named sizes: pods and policies in the whole cluster are 800/400 (that of published figures), 1,000/100, 10,000/1,000 and 100,000/10,000. */
export const PRESETS: Readonly<Record<string, Partial<ClusterShape>>> = {
  '800': { namespaces: 20, pods: 40, policies: 20 },
  '1k': { namespaces: 10, pods: 100, policies: 10 },
  '10k': { namespaces: 100, pods: 100, policies: 10 },
  '100k': { namespaces: 1000, pods: 100, policies: 10 },
};

/** How many different label values the pods of one namespace have. */
export function labelValues(shape: ClusterShape): number {
  return Math.ceil(shape.pods / shape.replicas);
}

/** What is wrong with a shape, one line each; an empty list means that a cluster can be made of it. */
export function shapeProblems(shape: ClusterShape): string[] {
  const problems: string[] = [];
  for (const [name, { flag, min, max }] of Object.entries(NUMBERS)) {
    const value = shape[name as keyof ShapeNumbers];
    if (!Number.isInteger(value) || value < min || value > max)
      problems.push(`--${flag}: must be a whole number from ${min} to ${max}`);
  }
  const values = labelValues(shape);
  if (shape.podsSelected > values) problems.push(`--pods-selected: a namespace has only ${values} label values`);
  if (shape.peerPods > values) problems.push(`--peer-pods: a namespace has only ${values} label values`);
  if (shape.peerNamespaces > shape.namespaces) problems.push(`--peer-namespaces: there are only ${shape.namespaces}`);
  if (Math.ceil((shape.namespaces * shape.pods) / shape.podsPerNode) > 0xffff)
    problems.push('--pods-per-node: too many nodes, at most 65535');
  return problems;
}
