import {
  analysing,
  common,
  controller,
  focusFlags,
  INPUT,
  listingFlags,
  OUTPUT,
  resolve,
  SELECTION,
} from './shared-flags.ts';
import { type CommandSpec, FAIL_LEVELS } from './spec.ts';

const QUESTIONS = 'Questions:';
const POLICIES = 'Policies:';
const RULES = 'Rules:';

/** The commands that answer questions about policies. */
export const QUESTION_COMMANDS: readonly CommandSpec[] = [
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
      {
        name: 'flows',
        value: 'FILE',
        repeatable: true,
        group: INPUT,
        description: 'flow log, - for standard input; repeatable',
        completes: 'file',
      },
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
];
