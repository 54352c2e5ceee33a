import {
  agentFlags,
  FILES,
  flagOf,
  INPUT,
  inputFlags,
  listingFlags,
  NODE,
  OUTPUT,
  outputFlags,
  resolve,
  selectionFlags,
} from './shared-flags.ts';
import type { CommandSpec } from './spec.ts';

const ENFORCEMENT = 'Enforcement:';
const SERVICES = 'Services:';
const LISTENING = 'Listening:';
/** What `-f` takes where standard input cannot be watched. */
const WATCHED =
  'file or directory (walked recursively: .yaml .yml .json), watched; repeatable. Without it the live cluster is read';
const WEBHOOK = 'Admission webhook:';

/** The commands that run until they are stopped. */
export const SERVICE_COMMANDS: readonly CommandSpec[] = [
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
        repeatable: true,
        group: INPUT,
        description:
          'flow log to show as it grows: JSON lines of portcullis or Hubble, in a file or behind an address; repeatable',
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
      {
        line: 'portcullis serve -f shop/ --flows flows-0.jsonl --flows flows-1.jsonl',
        does: 'with the flows of the agents of two nodes, or of a lab',
      },
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
      ...inputFlags
        .filter(({ name }) => name !== 'pod-cidr' && name !== 'strict')
        .map((option) => (option.name === 'filename' ? { ...option, description: WATCHED } : option)),
      ...selectionFlags.filter(({ name }) => name === 'namespace').map((option) => ({ ...option, hidden: true })),
      {
        name: 'skip-invalid',
        group: INPUT,
        description:
          'enforce what can be read of files with errors, and be ready; a start then keeps no table for their sake',
      },
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
];
