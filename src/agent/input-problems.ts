import type { Diagnostic } from '../model/source.ts';

/** Kinds that are read, and do not matter to what is enforced. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  ...['Service', 'Ingress', 'Gateway', 'ReferenceGrant', 'HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute', 'UDPRoute'],
  ...['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'ReplicationController'],
]);

/** The errors of the input that keep something out of force, as of now. */
export class InputProblems {
  /** By content: whether no earlier version of what is kept back is in force. */
  readonly #open = new Map<string, { readonly diagnostic: Diagnostic; readonly lacks: boolean }>();

  /** Counts an error of something that is enforced; nothing else. */
  add(diagnostic: Diagnostic, lacks: boolean): void {
    const { severity, object } = diagnostic;
    if (severity !== 'error' || (object !== undefined && WITHOUT_EFFECT.has(object.kind))) return;
    this.#open.set(JSON.stringify(diagnostic), { diagnostic, lacks });
  }

  resolve(diagnostic: Diagnostic): void {
    this.#open.delete(JSON.stringify(diagnostic));
  }

  get number(): number {
    return this.#open.size;
  }

  /** The first so many, as `FILE:LINE:COLUMN: MESSAGE`. */
  first(most: number): string[] {
    return [...this.#open.values()].slice(0, most).map(({ diagnostic }) => placed(diagnostic));
  }

  /** The first that keeps back something of which no earlier version is in force, and how many more there are. */
  get lacking(): string | undefined {
    const [first, ...more] = [...this.#open.values()].filter(({ lacks }) => lacks);
    if (first === undefined) return undefined;
    return `${placed(first.diagnostic)}${more.length === 0 ? '' : ` (and ${more.length} more)`}`;
  }
}

function placed({ source, message, object }: Diagnostic): string {
  const place = source === undefined ? '' : `${source.file}:${source.line}:${source.column}: `;
  const { kind = '', namespace, name = '' } = object ?? {};
  const who = object === undefined ? '' : `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}: `;
  return `${place}${who}${message}`;
}
