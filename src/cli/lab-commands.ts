import { agentFlags, analysing, flagOf, focusFlags, outputFlags } from './shared-flags.ts';
import type { CommandGroup, CommandSpec, OptionSpec } from './spec.ts';

const LAB = 'Lab:';
const GROUP = 'Enforcement:';

/** What `lab …` has in common. */
export const LAB_GROUP: CommandGroup = {
  name: 'lab',
  group: GROUP,
  summary: 'real pods as network namespaces on this Linux machine, policies enforced by the kernel',
  description: `Makes every pod of the manifests a network namespace with addresses, listeners and Services, and enforces the policies in it.

It needs root on Linux, with nft and ip. The network of the machine itself is not touched, and nothing outside is contacted.
Files are watched: an edited policy takes effect at once. docs/lab.md says more.`,
};

const name: OptionSpec = {
  name: 'name',
  value: 'NAME',
  group: LAB,
  description: 'which lab (default lab); several can be up at once',
};

/** The commands of the lab. */
export const LAB_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'lab up',
    group: GROUP,
    summary: 'bring a lab up',
    description: `Brings a lab up and leaves it running; lab down removes it.

Pods of the input are made as they are, and one for each replica of workloads that have none. Addresses that the input
does not give are chosen. Without --nodes, nodes are those that the input names, or one.`,
    arguments: [],
    options: [
      { ...flagOf(analysing, 'filename'), description: 'file or directory, which is watched from then on; repeatable' },
      flagOf(analysing, 'namespace'),
      {
        ...flagOf(analysing, 'pod-cidr'),
        description: 'range of pod addresses, one of each family (default 10.244.0.0/16 and fd00:10:244::/56)',
      },
      flagOf(analysing, 'skip-invalid'),
      name,
      { name: 'nodes', value: 'NUMBER', group: LAB, description: 'simulated nodes that pods are spread over' },
      { name: 'max-replicas', value: 'NUMBER', group: LAB, description: 'pods of one workload at most (default 3)' },
      { name: 'max-pods', value: 'NUMBER', group: LAB, description: 'refuse a lab of more pods (default 300)' },
      { ...flagOf(agentFlags, 'start-mode'), group: LAB },
      { ...flagOf(agentFlags, 'denial'), group: LAB },
      { name: 'summary', group: LAB, description: 'print nodes and sums only, not every pod' },
      { name: 'foreground', group: LAB, description: 'stay, and remove the lab on Ctrl-C' },
      ...outputFlags,
    ],
    formats: ['table', 'json'],
    examples: [
      { line: 'sudo portcullis lab up -f examples/shop', does: 'the shop, on one node' },
      {
        line: 'sudo portcullis lab up -f shop/ --name three --nodes 3',
        does: 'spread over three nodes, under a name',
      },
    ],
    load: async () => ({ run: (await import('./commands/lab.ts')).up }),
  },
  {
    name: 'lab probe',
    group: GROUP,
    summary: 'connect every pair for real: predicted against actual',
    description: `Tries every connection between pods, nodes and the outside, on container ports and on the ports that policies name, with
real packets of both IP versions, and compares with what the engine says. Exit code 1 when they differ anywhere.`,
    arguments: [],
    options: [
      name,
      flagOf(focusFlags, 'from'),
      flagOf(focusFlags, 'to'),
      flagOf(focusFlags, 'port'),
      { ...flagOf(focusFlags, 'by'), description: 'rows are for workloads (default) or single pods' },
      {
        name: 'timeout',
        value: 'TIME',
        group: LAB,
        description: 'how long nothing must come back, such as 500ms (default 1200ms)',
      },
      ...outputFlags,
    ],
    formats: ['table', 'json'],
    examples: [
      { line: 'sudo portcullis lab probe', does: 'everything' },
      { line: 'sudo portcullis lab probe --to shop/deploy/cart --port 7070', does: 'who reaches one port' },
      { line: 'sudo portcullis lab probe --from 203.0.113.9', does: 'what an address outside reaches' },
    ],
    load: async () => ({ run: (await import('./commands/lab.ts')).probe }),
  },
  {
    name: 'lab status',
    group: GROUP,
    summary: 'nodes, agents, pods and addresses of a lab',
    description:
      'Shows what a lab has and whether its agents enforce what the files say. Exit code 1 when they do not.',
    arguments: [],
    options: [name, ...outputFlags],
    formats: ['table', 'json'],
    examples: [{ line: 'sudo portcullis lab status -o json', does: 'for programs' }],
    load: async () => ({ run: (await import('./commands/lab.ts')).status }),
  },
  {
    name: 'lab exec',
    group: GROUP,
    summary: 'run a command in a pod',
    description: `Runs a command in the network of a pod, of a node (node/NAME) or of the outside (outside). The files are those of this machine.

Pods answer HTTP with their name.`,
    arguments: [
      { name: 'pod', description: 'ns/pod, node/NAME or outside', required: true, completes: 'nothing' },
      {
        name: 'command',
        description: 'the command and its words, behind --',
        required: true,
        variadic: true,
        completes: 'nothing',
      },
    ],
    options: [name, flagOf(analysing, 'namespace')],
    formats: [],
    examples: [
      { line: 'sudo portcullis lab exec shop/frontend-0 -- curl -m 2 http://10.244.0.7:7070', does: 'one request' },
    ],
    load: async () => ({ run: (await import('./commands/lab.ts')).exec }),
  },
  {
    name: 'lab flows',
    group: GROUP,
    summary: 'connections that were denied',
    description:
      'Shows the flow logs of all nodes: each denied connection with the policies that denied it. At most ten a second and pod are logged.',
    arguments: [],
    options: [name, { name: 'follow', group: LAB, description: 'go on until Ctrl-C' }],
    formats: ['text', 'json'],
    examples: [{ line: 'sudo portcullis lab flows --follow', does: 'as they happen' }],
    load: async () => ({ run: (await import('./commands/lab.ts')).flows }),
  },
  {
    name: 'lab down',
    group: GROUP,
    summary: 'remove a lab',
    description: 'Removes a lab and all that is left of it, also after a crash. Exit code 0 when there is none.',
    arguments: [],
    options: [name, ...outputFlags],
    formats: [],
    examples: [{ line: 'sudo portcullis lab down', does: 'the lab that has no other name' }],
    load: async () => ({ run: (await import('./commands/lab.ts')).down }),
  },
  {
    name: 'lab supervise',
    internal: true,
    group: GROUP,
    summary: 'keep a lab',
    description: 'Keeps a lab as its files say. lab up starts it.',
    arguments: [],
    options: [name],
    formats: [],
    examples: [],
    load: async () => ({ run: (await import('./commands/lab.ts')).superviseLab }),
  },
];
