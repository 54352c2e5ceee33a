import type { Connection, ConnectionGroup, Endpoint, PortEntry } from '../analysis/index.ts';
import { perPortList } from './ports.ts';
import type { ReachabilitySource } from './reachability-source.ts';

/** What the reachability formats have in common. */
export interface ReachFormatOptions {
  /** Groups of equal ends instead of pairs. */
  readonly grouped?: boolean;
  /** Nothing else was read. */
  readonly onlyNamespace?: string;
}

const API_VERSION = 'portcullis.dev/v1';
const KIND = 'Reachability';

function portsJson(ports: readonly PortEntry[]): string {
  const entries = ports.map(({ protocol, ranges, families }) => ({
    protocol,
    ranges,
    ...(families === undefined ? {} : { families }),
  }));
  return JSON.stringify(entries);
}

function endpointJson(endpoint: Endpoint): string {
  const { id, type, namespace, name, workloadKind, labels, isolated, ranges, ...rest } = endpoint;
  return JSON.stringify({ id, type, namespace, name, workloadKind, labels, isolated, ranges, ...rest });
}

function* endpointItems(reachability: ReachabilitySource): Generator<string> {
  for (const endpoint of reachability.endpoints) yield endpointJson(endpoint);
}

/** Connections or groups, each as JSON in one line. */
function* connectionItems(reachability: ReachabilitySource, grouped: boolean): Generator<string> {
  const ofPorts = perPortList(portsJson);
  const quoted = new Map(reachability.endpoints.map(({ id }) => [id, JSON.stringify(id)]));
  const end = (ids: string | readonly string[]): string =>
    typeof ids === 'string' ? (quoted.get(ids) ?? JSON.stringify(ids)) : JSON.stringify(ids);
  const source: Iterable<Connection | ConnectionGroup> = grouped ? reachability.groups() : reachability.connections();
  for (const { from, to, ports } of source) {
    yield `{"from":${end(from)},"to":${end(to)},"ports":${ofPorts(ports)}}`;
  }
}

function* jsonList(items: Iterable<string>): Generator<string> {
  let first = true;
  for (const item of items) {
    yield `${first ? '' : ','}\n    ${item}`;
    first = false;
  }
  yield first ? ']' : '\n  ]';
}

/** The `Reachability` document as JSON in chunks: one endpoint or connection a line, so that two results can be compared. */
export function* reachJson(reachability: ReachabilitySource, options: ReachFormatOptions = {}): Generator<string> {
  const { onlyNamespace } = options;
  const only = onlyNamespace === undefined ? '' : `  "onlyNamespace": ${JSON.stringify(onlyNamespace)},\n`;
  yield `{\n  "apiVersion": "${API_VERSION}",\n  "kind": "${KIND}",\n${only}  "endpoints": [`;
  yield* jsonList(endpointItems(reachability));
  yield `,\n  "${options.grouped === true ? 'groups' : 'connections'}": [`;
  yield* jsonList(connectionItems(reachability, options.grouped === true));
  yield '\n}\n';
}

function* yamlList(key: string, items: Iterable<string>): Generator<string> {
  let any = false;
  for (const item of items) {
    yield `${any ? '' : `${key}:\n`}  - ${item}\n`;
    any = true;
  }
  if (!any) yield `${key}: []\n`;
}

/** The same document as YAML, each item in flow style. */
export function* reachYaml(reachability: ReachabilitySource, options: ReachFormatOptions = {}): Generator<string> {
  const { onlyNamespace } = options;
  yield `apiVersion: ${API_VERSION}\nkind: ${KIND}\n`;
  if (onlyNamespace !== undefined) yield `onlyNamespace: ${JSON.stringify(onlyNamespace)}\n`;
  yield* yamlList('endpoints', endpointItems(reachability));
  yield* yamlList(
    options.grouped === true ? 'groups' : 'connections',
    connectionItems(reachability, options.grouped === true),
  );
}
