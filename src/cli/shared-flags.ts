import type { OptionSpec } from './spec.ts';

/** Flags that several commands have, and the headings that they stand under in the help. */

/** Heading of flags that say what is read. */
export const INPUT = 'Input:';
/** Heading of flags that say what is shown. */
export const SELECTION = 'Selection:';
/** Heading of flags that say how it is shown. */
export const OUTPUT = 'Output:';

/** Flags of every command that prints something. */
export const outputFlags: readonly OptionSpec[] = [
  { name: 'quiet', short: 'q', group: OUTPUT, description: 'no warnings, no progress' },
  { name: 'verbose', short: 'v', group: OUTPUT, description: 'every diagnostic, however many' },
  { name: 'no-color', group: OUTPUT, description: 'no colours; NO_COLOR and TERM=dumb say the same' },
  { name: 'no-headers', group: OUTPUT, description: 'no header lines' },
];

/** What `-f` takes. */
export const FILES = 'file, directory (walked recursively: .yaml .yml .json) or - for standard input; repeatable';

/** Flags of every command that reads objects. */
export const inputFlags: readonly OptionSpec[] = [
  {
    name: 'filename',
    short: 'f',
    value: 'PATH',
    repeatable: true,
    group: INPUT,
    description: `${FILES}. Without it the live cluster is read`,
    completes: 'file',
  },
  {
    name: 'kubeconfig',
    value: 'FILE',
    group: INPUT,
    description: 'kubeconfig of the live cluster; then $KUBECONFIG, then ~/.kube/config',
    completes: 'file',
  },
  {
    name: 'context',
    value: 'NAME',
    group: INPUT,
    description: 'context of the kubeconfig; the current one by default',
    completes: 'context',
  },
  {
    name: 'pod-cidr',
    value: 'CIDR',
    repeatable: true,
    group: INPUT,
    description: 'address range that stands for pods of unknown address; repeatable',
  },
  { name: 'strict', group: INPUT, description: 'unknown and duplicate fields are errors' },
];

/** Flags that say which objects are meant. */
export const selectionFlags: readonly OptionSpec[] = [
  {
    name: 'namespace',
    short: 'n',
    value: 'NAMESPACE',
    group: SELECTION,
    description: 'namespace of objects and names that give none (default), and the one that is shown',
    completes: 'namespace',
  },
  { name: 'all-namespaces', short: 'A', group: SELECTION, description: 'show all namespaces, also with -n' },
  { name: 'selector', short: 'l', value: 'SELECTOR', group: SELECTION, description: 'show only what has these labels' },
];

/** `--skip-invalid`. */
export const skipInvalid: OptionSpec = {
  name: 'skip-invalid',
  group: INPUT,
  description: 'leave invalid objects out and say so, instead of refusing to answer',
};

/** `--resolve`. */
export const resolve: OptionSpec = {
  name: 'resolve',
  value: 'FILE',
  repeatable: true,
  group: INPUT,
  description: 'addresses of domain names, as lines of ADDRESS NAME… like /etc/hosts; repeatable',
  completes: 'file',
};

/** `--ingress-controller`. */
export const controller: OptionSpec = {
  name: 'ingress-controller',
  value: 'POD',
  group: INPUT,
  description: 'what is known of the ingress controller: NAMESPACE, NAMESPACE/NAME or NAMESPACE/LABEL=VALUE,…',
  completes: 'controller',
};

const save: OptionSpec = {
  name: 'save',
  value: 'FILE',
  group: INPUT,
  description: 'store what is read from the cluster, for -f later; .yaml or .json',
  completes: 'file',
};

/** The flags of commands that read objects. */
export const common = [...inputFlags, save, ...selectionFlags, ...outputFlags];
/** Flags that limit a listing mean nothing to a command that lists nothing. */
export const listingFlags = ['all-namespaces', 'selector'];

/** The flags of commands that refuse invalid objects. */
export const analysing = [...inputFlags, save, skipInvalid, ...selectionFlags, ...outputFlags];

/** Heading of flags of enforcement on a node. */
export const NODE = 'Node:';

/** Flags that limit reachability to a part of it. */
export const focusFlags: readonly OptionSpec[] = [
  {
    name: 'from',
    value: 'ENDPOINT',
    group: SELECTION,
    description: 'only connections from it',
    completes: 'endpoint',
  },
  {
    name: 'to',
    value: 'ENDPOINT',
    group: SELECTION,
    description: 'only connections to it',
    completes: 'destination',
  },
  { name: 'port', value: 'PORT', group: SELECTION, description: 'only this port: 80, 53/UDP, 8000-8080, a name' },
  {
    name: 'by',
    value: 'LEVEL',
    choices: ['workload', 'pod'],
    group: SELECTION,
    description: 'endpoints are workloads (default) or single pods',
  },
  { name: 'no-external', group: SELECTION, description: 'leave out everything outside the cluster' },
];

/** Flags of the agent that the lab passes on. */
export const agentFlags: readonly OptionSpec[] = [
  {
    name: 'start-mode',
    value: 'MODE',
    choices: ['open', 'strict'],
    group: NODE,
    description:
      'pods that are not known yet: open (default), or strict: addresses of the pod range without a pod are denied',
  },
  {
    name: 'denial',
    value: 'KIND',
    choices: ['drop', 'reject'],
    group: NODE,
    description: 'what becomes of a denied connection: drop (default), or reject with an answer',
  },
];

/** The flag of a name, which must be there. */
export function flagOf(flags: readonly OptionSpec[], name: string): OptionSpec {
  const flag = flags.find((one) => one.name === name);
  if (flag === undefined) throw new Error(`no flag ${name}`);
  return flag;
}
