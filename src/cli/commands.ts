import { LAB_GROUP, labCommands } from './lab-commands.ts';
import { type CommandGroup, type CommandSpec, FAIL_LEVELS, type OptionSpec } from './spec.ts';

const INPUT = 'Input:';
const SELECTION = 'Selection:';
const OUTPUT = 'Output:';

const outputFlags: readonly OptionSpec[] = [
  { name: 'quiet', short: 'q', group: OUTPUT, description: 'no warnings, no progress' },
  { name: 'verbose', short: 'v', group: OUTPUT, description: 'every diagnostic, however many' },
  { name: 'no-color', group: OUTPUT, description: 'no colours; NO_COLOR and TERM=dumb say the same' },
  { name: 'no-headers', group: OUTPUT, description: 'no header lines' },
];

const FILES = 'file, directory (walked recursively: .yaml .yml .json) or - for standard input; repeatable';

const inputFlags: readonly OptionSpec[] = [
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

const selectionFlags: readonly OptionSpec[] = [
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

const skipInvalid: OptionSpec = {
  name: 'skip-invalid',
  group: INPUT,
  description: 'leave invalid objects out and say so, instead of refusing to answer',
};

const resolve: OptionSpec = {
  name: 'resolve',
  value: 'FILE',
  repeatable: true,
  group: INPUT,
  description: 'addresses of domain names, as lines of ADDRESS NAME… like /etc/hosts; repeatable',
  completes: 'file',
};

const controller: OptionSpec = {
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

const common = [...inputFlags, save, ...selectionFlags, ...outputFlags];
/** Flags that limit a listing mean nothing to a command that lists nothing. */
const listingFlags = ['all-namespaces', 'selector'];

const analysing = [...inputFlags, save, skipInvalid, ...selectionFlags, ...outputFlags];

const QUESTIONS = 'Questions:';
const POLICIES = 'Policies:';
const RULES = 'Rules:';
const ENFORCEMENT = 'Enforcement:';
const NODE = 'Node:';
const SHELL = 'Shell:';
const SERVICES = 'Services:';
const LISTENING = 'Listening:';
const WEBHOOK = 'Admission webhook:';

/** Flags that limit reachability to a part of it. */
const focusFlags: readonly OptionSpec[] = [
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
const agentFlags: readonly OptionSpec[] = [
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

/** First words that several commands share. */
export const COMMAND_GROUPS: readonly CommandGroup[] = [LAB_GROUP];

function flagOf(flags: readonly OptionSpec[], name: string): OptionSpec {
  const flag = flags.find((one) => one.name === name);
  if (flag === undefined) throw new Error(`no flag ${name}`);
  return flag;
}

/** Every command there is. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'validate',
    group: POLICIES,
    summary: 'what the API server would say of every policy',
    description:
      'Checks every policy as the API server does, with file, line and column. Exit code 1 when there is an error, 2 for text that holds no object.',
    arguments: [],
    options: [
      ...common,
      {
        name: 'legacy-cidrs',
        group: INPUT,
        description: 'accept the CIDRs that API servers before strict checking accept',
      },
    ],
    formats: ['table', 'json', 'sarif'],
    examples: [
      { line: 'portcullis validate -f policies/', does: 'all manifests below a directory' },
      { line: 'portcullis validate', does: 'the policies of the current cluster' },
      { line: 'helm template shop | portcullis validate -f - --strict', does: 'unknown fields are errors too' },
      { line: 'portcullis validate -f policies/ -o sarif > findings.sarif', does: 'for code scanning' },
    ],
    load: () => import('./commands/validate.ts'),
  },
  {
    name: 'lint',
    group: POLICIES,
    summary: 'mistakes and smells in policies',
    description: `Looks for policies that do something else than they seem to, or nothing. Exit code 1 when there are warnings or errors.

docs/lint/ has a page for each rule. A finding is accepted with the annotation portcullis.dev/lint-ignore: RULE,RULE on its
object, or in .portcullis.yaml, which is looked for from the working directory upward.`,
    arguments: [],
    options: [
      ...common,
      resolve,
      controller,
      {
        name: 'select',
        value: 'RULE',
        repeatable: true,
        group: RULES,
        description: 'only these rules; repeatable, or separated by commas',
        completes: 'rule',
      },
      {
        name: 'ignore',
        value: 'RULE',
        repeatable: true,
        group: RULES,
        description: 'all but these rules; repeatable, or separated by commas',
        completes: 'rule',
      },
      {
        name: 'fail-on',
        value: 'LEVEL',
        choices: FAIL_LEVELS,
        group: RULES,
        description: 'least severity for exit code 1: error, warning (default), info, never',
      },
      {
        name: 'config',
        value: 'FILE',
        group: RULES,
        description: 'configuration, instead of the nearest .portcullis.yaml',
        completes: 'file',
      },
      { name: 'list', group: RULES, description: 'list the rules and read nothing' },
      { name: 'fix', group: OUTPUT, description: 'put right in the files what is certain; standard input is printed' },
      { name: 'dry-run', group: OUTPUT, description: 'with --fix: write nothing, print the difference' },
    ],
    formats: ['table', 'json', 'sarif', 'md'],
    examples: [
      { line: 'portcullis lint -f examples/poor', does: 'everything' },
      { line: 'portcullis lint -f policies/ --select redundant-rule --fail-on info', does: 'one rule' },
      { line: 'portcullis lint -f policies/ --fix --dry-run', does: 'what --fix would change' },
    ],
    load: () => import('./commands/lint.ts'),
  },
  {
    name: 'describe',
    group: POLICIES,
    summary: 'policies as `kubectl describe networkpolicy` prints them',
    description: 'Prints policies as `kubectl describe networkpolicy` does, sorted by namespace and name.',
    arguments: [
      { name: 'policy', description: 'namespace/name, or name', required: false, variadic: true, completes: 'policy' },
    ],
    options: [...analysing, { name: 'plain', group: OUTPUT, description: 'add the meaning in sentences' }],
    formats: ['text', 'json'],
    examples: [
      { line: 'portcullis describe -f policies/', does: 'all policies' },
      { line: 'portcullis describe -f policies/ shop/cart --plain', does: 'one policy, and what it means' },
    ],
    load: () => import('./commands/describe.ts'),
  },
  {
    name: 'can',
    group: QUESTIONS,
    summary: 'may FROM connect to TO?',
    description: `May FROM connect to TO on PORT? Exit code 0 when allowed, 1 when denied.

FROM and TO are ns/pod, ns/kind/name (shop/deploy/cart), kind/name, node/NAME, an IP address, a CIDR, or internet (any
address that no known pod or node has). FROM may also be ingress-controller: what Ingresses and Gateway routes lead to.
TO may also be a domain name that a policy or --resolve names. PORT is 80, 80/TCP, 53/UDP, 8000-8080, or a port name;
every port when it is left out.`,
    arguments: [
      { name: 'from', description: 'where the connection begins', required: true, completes: 'endpoint' },
      { name: 'to', description: 'where it goes', required: true, completes: 'destination' },
      { name: 'port', description: 'destination port', required: false, completes: 'nothing' },
    ],
    options: [
      ...analysing.map((option) => (listingFlags.includes(option.name) ? { ...option, hidden: true } : option)),
      resolve,
      controller,
      { name: 'explain', group: OUTPUT, description: 'why, with the lines that decide, and what would change it' },
    ],
    formats: ['text', 'json'],
    examples: [
      { line: 'portcullis can -f shop/ shop/deploy/frontend shop/deploy/cart 7070', does: 'one port' },
      { line: 'portcullis can -f shop/ shop/deploy/frontend shop/deploy/cart 8080 --explain', does: 'and why' },
      { line: 'portcullis can -f shop/ internet shop/deploy/frontend', does: 'all ports that are open to the outside' },
      {
        line: 'portcullis can -f shop/ shop/deploy/cart api.example.com 443 --resolve hosts',
        does: 'to a domain name',
      },
    ],
    load: () => import('./commands/can.ts'),
  },
  {
    name: 'reach',
    group: QUESTIONS,
    summary: 'who reaches whom, on what ports',
    description: 'Lists every connection that the policies allow between workloads, nodes and the outside.',
    arguments: [],
    options: [
      ...analysing,
      resolve,
      controller,
      ...focusFlags,
      { name: 'grouped', group: OUTPUT, description: 'groups of equal ends instead of pairs (json and yaml)' },
    ],
    formats: ['table', 'matrix', 'json', 'yaml', 'csv', 'md', 'dot', 'mermaid', 'svg', 'html'],
    examples: [
      { line: 'portcullis reach -f shop/', does: 'everything' },
      { line: 'portcullis reach --context staging --save staging.json', does: 'a live cluster, stored for later' },
      { line: 'portcullis reach -f shop/ --to shop/deploy/cart --no-external', does: 'who reaches one workload' },
      { line: 'portcullis reach -f shop/ -n shop -o matrix', does: 'one namespace as a matrix' },
      { line: 'portcullis reach -f shop/ -o html > reach.html', does: 'a page to search, with a map' },
    ],
    load: () => import('./commands/reach.ts'),
  },
  {
    name: 'diff',
    group: QUESTIONS,
    summary: 'how reachability changes between two inputs',
    description: `Lists the connections that NEW opens or closes compared with OLD, each with the policies that caused it.

OLD and NEW are a file, a directory, git:REV:PATH (PATH as it was in a revision), - for standard input, live for the
cluster, or live+PATH for the cluster with files applied to it. Exit code 1 when a connection changes; --fail-on says which
changes count.`,
    arguments: [
      { name: 'old', description: 'the state before', required: true, completes: 'file' },
      { name: 'new', description: 'the state after', required: true, completes: 'file' },
    ],
    options: [
      ...analysing.map((option) =>
        option.name === 'filename'
          ? { ...option, description: 'what both sides share, such as workloads beside two directories of policies' }
          : option,
      ),
      resolve,
      controller,
      ...focusFlags,
      {
        name: 'fail-on',
        value: 'CHANGES',
        choices: ['opened', 'closed', 'any', 'never'],
        group: OUTPUT,
        description: 'changes for exit code 1: opened, closed, any (default), never',
      },
    ],
    formats: ['table', 'json', 'md', 'html'],
    examples: [
      { line: 'portcullis diff git:main:deploy deploy', does: 'what the working directory changes' },
      {
        line: 'portcullis diff git:HEAD~1:. git:HEAD:. --fail-on opened',
        does: 'two revisions; fail when one opens something',
      },
      { line: 'portcullis diff live live+policies/', does: 'what applying a directory would change in the cluster' },
      {
        line: 'portcullis diff -f workloads/ old-policies/ new-policies/ -o md',
        does: 'as a comment for a pull request',
      },
    ],
    load: () => import('./commands/diff.ts'),
  },
  {
    name: 'exposure',
    group: QUESTIONS,
    summary: 'what each workload admits, also of pods that do not exist yet',
    description: `Lists for every workload and direction which pods, existing or not, and which outside addresses its own policies admit.

The policies of the other end are not looked at: they can only take away. "none now" marks peers that no pod matches today.`,
    arguments: [],
    options: [
      ...analysing,
      resolve,
      controller,
      {
        name: 'direction',
        value: 'DIRECTION',
        choices: ['ingress', 'egress'],
        group: SELECTION,
        description: 'only this direction',
      },
      {
        name: 'by',
        value: 'LEVEL',
        choices: ['workload', 'pod'],
        group: SELECTION,
        description: 'rows are for workloads (default) or single pods',
      },
      { name: 'external-only', group: SELECTION, description: 'only what is outside the cluster' },
    ],
    formats: ['table', 'json', 'md'],
    examples: [
      { line: 'portcullis exposure -f shop/ -n payments', does: 'one namespace' },
      {
        line: 'portcullis exposure -f shop/ --direction ingress --external-only',
        does: 'what the outside could reach',
      },
      { line: 'portcullis exposure -f shop/ -o md > exposure.md', does: 'as a document' },
    ],
    load: () => import('./commands/exposure.ts'),
  },
  {
    name: 'test',
    group: QUESTIONS,
    summary: 'do assertions about reachability hold?',
    description: `Judges assertions about who reaches whom. Exit code 0 when all hold, 1 when one fails, 2 when one means nothing.

SPEC is a file or directory of PolicyTest documents, or - for standard input:

  apiVersion: portcullis.dev/v1
  kind: PolicyTest
  assertions:
    - { from: shop/deploy/frontend, to: shop/deploy/cart, port: 7070/TCP, expect: allowed }
    - { from: internet, to: shop/*, expect: denied, except: [shop/deploy/frontend] }`,
    arguments: [
      {
        name: 'spec',
        description: 'file or directory with assertions, or -',
        required: true,
        variadic: true,
        completes: 'file',
      },
    ],
    options: [
      ...analysing.map((option) => (listingFlags.includes(option.name) ? { ...option, hidden: true } : option)),
      resolve,
      controller,
    ],
    formats: ['text', 'json', 'junit', 'tap'],
    examples: [
      { line: 'portcullis test -f shop/ shop/tests/', does: 'all assertions below a directory' },
      { line: 'portcullis test -f shop/ baseline.yaml -o junit > results.xml', does: 'for CI' },
      { line: 'kubectl kustomize overlays/prod | portcullis test -f - baseline.yaml', does: 'rendered manifests' },
    ],
    load: () => import('./commands/test.ts'),
  },
  {
    name: 'advise',
    group: POLICIES,
    summary: 'least-privilege policies from a flow log, or from Services',
    description: `Writes the NetworkPolicies that admit what a flow log has and nothing else, after the engine has checked that.

The log is JSON lines of portcullis or of Hubble, or CSV with the header from,to,protocol,port. Without --flows, each
namespace's pods may call its Services, LoadBalancer and NodePort Services are open to all, and what Ingresses and Gateway
routes lead to is open to the ingress controller: to any pod unless --ingress-controller says more. The NetworkPolicies
of the input are taken to be replaced. Exit code 2 when some flow would be blocked.`,
    arguments: [],
    options: [
      ...analysing.filter((option) => !listingFlags.includes(option.name)),
      controller,
      { name: 'flows', value: 'FILE', group: INPUT, description: 'flow log, - for standard input', completes: 'file' },
      { name: 'skip-unusable', group: INPUT, description: 'leave out flows that no policy can admit, and say so' },
      {
        name: 'external-prefix',
        value: 'LENGTH',
        group: POLICIES,
        description: 'widen outside addresses to blocks: 24, or 24,64 for IPv4 and IPv6 (default 32,128)',
      },
      { name: 'no-dns', group: POLICIES, description: 'do not allow name resolution that was not seen' },
    ],
    formats: ['yaml'],
    examples: [
      { line: 'portcullis advise -f shop/ --flows flows.jsonl > policies.yaml', does: 'from a flow log' },
      { line: 'hubble observe -o jsonpb | portcullis advise -f shop/ --flows -', does: 'from Hubble' },
      { line: 'portcullis advise -f shop/ -n shop', does: 'from Services, for one namespace' },
    ],
    load: () => import('./commands/advise.ts'),
  },
  ...labCommands({
    output: outputFlags,
    focus: (name) => flagOf(focusFlags, name),
    input: (name) => flagOf(analysing, name),
    agent: (name) => flagOf(agentFlags, name),
  }),
  {
    name: 'serve',
    group: SERVICES,
    summary: 'the page, the HTTP API, the admission webhook',
    description: `Serves the page and an HTTP API over the input until it is stopped, and prints the address.

Files are watched: changes appear at once. Without -f it watches the cluster of the kubeconfig; where there is none, the page
begins empty and offers examples. It listens on this machine only; any other --host needs --auth-token-file, or --tls-cert, --tls-key and --client-ca. docs/api.md describes the API.

--webhook also answers admission reviews, on a TLS port of its own: lint findings are warnings, and changes of policies that
break --guardrails or meet --deny-on are refused. docs/webhook.md says how to install it.`,
    arguments: [],
    options: [
      ...inputFlags.map((option) => (option.name === 'filename' ? { ...option, description: FILES } : option)),
      ...selectionFlags.map((option) => (listingFlags.includes(option.name) ? { ...option, hidden: true } : option)),
      resolve,
      {
        name: 'empty',
        group: INPUT,
        description: 'begin without input, also where there is a kubeconfig',
      },
      {
        name: 'flows',
        value: 'FILE|URL',
        group: INPUT,
        description: 'flow log to show as it grows: JSON lines of portcullis or Hubble, in a file or behind an address',
        completes: 'file',
      },
      { name: 'port', value: 'PORT', group: LISTENING, description: 'port (default 8088); 0 for any that is free' },
      {
        name: 'host',
        value: 'ADDRESS',
        group: LISTENING,
        description: 'address to listen on (default 127.0.0.1: this machine only)',
      },
      {
        name: 'allowed-host',
        value: 'NAME',
        repeatable: true,
        group: LISTENING,
        description: 'name under which the server may be asked for, besides localhost and addresses; repeatable',
      },
      {
        name: 'auth-token-file',
        value: 'FILE',
        group: LISTENING,
        description: 'file with the token that clients must know',
        completes: 'file',
      },
      {
        name: 'tls-cert',
        value: 'FILE',
        group: LISTENING,
        description: 'certificate in PEM; read again when it changes',
        completes: 'file',
      },
      { name: 'tls-key', value: 'FILE', group: LISTENING, description: 'its key', completes: 'file' },
      {
        name: 'client-ca',
        value: 'FILE',
        group: LISTENING,
        description: 'clients must show a certificate of these authorities',
        completes: 'file',
      },
      { name: 'webhook', group: WEBHOOK, description: 'answer admission reviews too' },
      {
        name: 'webhook-cert',
        value: 'FILE',
        group: WEBHOOK,
        description: 'its certificate in PEM; read again when it changes',
        completes: 'file',
      },
      { name: 'webhook-key', value: 'FILE', group: WEBHOOK, description: 'its key', completes: 'file' },
      {
        name: 'webhook-client-ca',
        value: 'FILE',
        group: WEBHOOK,
        description: 'API servers must show a certificate of these authorities',
        completes: 'file',
      },
      { name: 'webhook-port', value: 'PORT', group: WEBHOOK, description: 'its port (default 9443)' },
      { name: 'webhook-host', value: 'ADDRESS', group: WEBHOOK, description: 'its address (default: all)' },
      {
        name: 'guardrails',
        value: 'PATH',
        repeatable: true,
        group: WEBHOOK,
        description: 'PolicyTest files or directories that no change may break, watched; repeatable',
        completes: 'file',
      },
      {
        name: 'deny-on',
        value: 'RULE|LEVEL',
        repeatable: true,
        group: WEBHOOK,
        description: 'refuse changes with findings of this rule or level (error, warning, info); repeatable',
        completes: 'rule',
      },
      {
        name: 'webhook-timeout',
        value: 'SECONDS',
        group: WEBHOOK,
        description: 'time to judge a change (default 3); less than timeoutSeconds of the webhook configuration',
      },
      {
        name: 'on-error',
        value: 'ANSWER',
        choices: ['allow', 'deny'],
        group: WEBHOOK,
        description:
          'what becomes of changes that could not be judged in time: allow, with a warning (default), or deny',
      },
      { name: 'open', group: OUTPUT, description: 'open the page in the browser' },
      {
        name: 'export',
        value: 'DIR',
        group: OUTPUT,
        description: 'write the page, with what -f names, as static files for any web server, and end',
        completes: 'file',
      },
      ...outputFlags.map((option) => (option.name === 'no-headers' ? { ...option, hidden: true } : option)),
    ],
    formats: ['text', 'json'],
    examples: [
      { line: 'portcullis serve -f shop/ --open', does: 'a directory, live, in the browser' },
      { line: 'portcullis serve -f shop/ --flows flows.jsonl', does: 'with the flows of an agent or of the lab' },
      {
        line: 'portcullis serve -f shop/ --export site/',
        does: 'the page with these manifests as static files, without a server',
      },
      {
        line: 'portcullis serve -f shop/ --host 0.0.0.0 --auth-token-file token --tls-cert tls.crt --tls-key tls.key',
        does: 'for others, who need the token',
      },
      {
        line: 'portcullis serve -f shop/ --webhook --webhook-cert tls.crt --webhook-key tls.key --guardrails guardrails/',
        does: 'refuse changes that break guardrails',
      },
    ],
    load: () => import('./commands/serve.ts'),
  },
  {
    name: 'agent',
    group: ENFORCEMENT,
    summary: 'enforce policies on this node',
    description: `Enforces the policies of a cluster for the pods of one node, with nftables in the network namespace that it
runs in. Reads manifests that it watches (-f), or the Kubernetes API: as a pod with its service account, else by the
kubeconfig. Needs CAP_NET_ADMIN. When it ends (SIGTERM, SIGINT, SIGHUP), what it enforces stays in force; --cleanup takes that
away. While another agent runs in the network namespace it waits, and is not ready; --cleanup is refused then.`,
    arguments: [],
    options: [
      ...inputFlags.filter(({ name }) => name !== 'pod-cidr' && name !== 'strict'),
      ...selectionFlags.filter(({ name }) => name === 'namespace').map((option) => ({ ...option, hidden: true })),
      {
        name: 'node',
        value: 'NAME',
        group: NODE,
        description: 'name of this node, as pods have it in spec.nodeName (default $NODE_NAME, then the host name)',
        completes: 'nothing',
      },
      flagOf(agentFlags, 'start-mode'),
      {
        name: 'pod-cidr',
        value: 'CIDR',
        repeatable: true,
        group: NODE,
        description: 'pod range of this node for --start-mode strict, before and beside its Node object; repeatable',
      },
      { name: 'audit', group: NODE, description: 'deny nothing; log and count what would be denied' },
      flagOf(agentFlags, 'denial'),
      {
        name: 'adopt',
        value: 'SECONDS',
        group: NODE,
        description: 'at the very first start, watch for open connections so long before enforcing (default 1)',
      },
      { name: 'cleanup', group: NODE, description: 'take away what an agent left in force, and end' },
      {
        name: 'flow-log',
        value: 'FILE',
        group: OUTPUT,
        description: 'where denials are written as JSON lines: a file, - for standard output (default), or none',
        completes: 'file',
      },
      {
        name: 'flow-log-rate',
        value: 'NUMBER',
        group: OUTPUT,
        description: 'denials written per second and pod (default 10)',
      },
      { name: 'nflog-group', value: 'NUMBER', group: OUTPUT, description: 'NFLOG group to use (default 4711)' },
      {
        name: 'listen',
        value: 'ADDRESS',
        group: OUTPUT,
        description: 'HOST:PORT or unix:PATH for /healthz, /readyz, /metrics and /statusz',
      },
      { name: 'quiet', short: 'q', group: OUTPUT, description: 'log warnings and errors only' },
      { name: 'verbose', short: 'v', group: OUTPUT, description: 'log every change' },
    ],
    formats: [],
    examples: [
      { line: 'portcullis agent -f /etc/portcullis --node worker-1', does: 'from manifests' },
      {
        line: 'portcullis agent --listen 127.0.0.1:9470 --start-mode strict',
        does: 'from the API, as a DaemonSet does',
      },
      { line: 'portcullis agent --audit --flow-log denied.jsonl', does: 'see first what would be denied' },
      { line: 'portcullis agent --cleanup', does: 'enforce nothing any more' },
    ],
    load: () => import('./commands/agent.ts'),
  },
  {
    name: 'completion',
    group: SHELL,
    summary: 'completion script for a shell',
    description: 'Prints the script that completes commands, flags and, with -f on the line, the names of the input.',
    arguments: [
      {
        name: 'shell',
        description: 'the shell',
        required: true,
        choices: ['bash', 'zsh', 'fish', 'powershell'],
      },
    ],
    options: [],
    formats: [],
    examples: [
      { line: 'source <(portcullis completion bash)', does: 'for this session' },
      { line: 'portcullis completion fish > ~/.config/fish/completions/portcullis.fish', does: 'for every session' },
    ],
    load: () => import('./commands/completion.ts'),
  },
  {
    name: 'version',
    group: SHELL,
    summary: 'version of portcullis and of Node.js',
    description: 'Prints the version of portcullis and of the Node.js that runs it.',
    arguments: [],
    options: [],
    formats: ['text', 'json'],
    examples: [{ line: 'portcullis version -o json', does: 'for programs' }],
    load: () => import('./commands/version.ts'),
  },
];

/** The flags of a command, with `--output` where it has formats. */
export function optionsOf(command: CommandSpec): readonly OptionSpec[] {
  if (command.formats.length === 0) return command.options;
  const output: OptionSpec = {
    name: 'output',
    short: 'o',
    value: 'FORMAT',
    choices: command.formats,
    group: OUTPUT,
    description: `${command.formats.join(', ')} (default ${command.formats[0]})`,
  };
  return [...command.options, output];
}
