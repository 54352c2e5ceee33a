import { nearestNames } from '../model/suggest.ts';
import type { KubeObject } from '../model/types.ts';
import { cidrMisreading } from '../net/cidr.ts';
import { visible } from '../report/text.ts';
import type { Context } from './context.ts';

const TOLD = new WeakMap<Context['err'], Set<string>>();

/** A hint on standard error about a command line that is understood, but perhaps not as it was meant; each once. */
function hint({ flags, err, errStyle }: Context, text: string): void {
  const told = TOLD.get(err) ?? new Set();
  TOLD.set(err, told);
  if (flags.on('quiet') || told.has(text)) return;
  told.add(text);
  err.add(`portcullis: ${errStyle.warning('warning')}: ${text}\n`);
}

/** The namespaces that objects are, or are in. */
export function namespacesOf(objects: readonly KubeObject[]): Set<string> {
  return new Set(
    objects.flatMap(({ kind, metadata: { namespace, name } }) => (kind === 'Namespace' ? name : (namespace ?? []))),
  );
}

/** A namespace of `-n` that the input does not have: whatever is listed is then empty. */
export function hintNamespace(context: Context, known: ReadonlySet<string>): void {
  const { flags } = context;
  const wanted = flags.text('namespace');
  if (wanted === undefined || flags.on('all-namespaces') || known.size === 0 || known.has(wanted)) return;
  const [near] = nearestNames(wanted, [...known], 1);
  const suggestion = near === undefined ? '' : `; did you mean ${visible(near)}?`;
  hint(context, `there is no namespace "${visible(wanted)}" in the input${suggestion}`);
}

/** Blocks of the command line that are not written as they are read, such as 10.0.0.1/8. */
export function hintCidrs(context: Context, texts: readonly (string | undefined)[], flag = ''): void {
  for (const text of texts) {
    const misreading = text === undefined ? undefined : cidrMisreading(text);
    if (misreading !== undefined) hint(context, `${flag === '' ? '' : `${flag} `}${misreading}`);
  }
}
