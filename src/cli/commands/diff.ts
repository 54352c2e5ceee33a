import { diffReachability, type ReachabilityDiff, type World } from '../../analysis/index.ts';
import { type Inputs, readInputs, STDIN } from '../../kube/files.ts';
import type { ManifestInput } from '../../manifest/index.ts';
import { diffJson } from '../../report/diff-json.ts';
import { diffMarkdown } from '../../report/diff-markdown.ts';
import { diffTable } from '../../report/diff-table.ts';
import type { Context } from '../context.ts';
import { didYouMean, EXIT, UsageError } from '../errors.ts';
import { parseGitSpec, readRevision } from '../git.ts';
import { loadInputs, loadWorld } from '../load.ts';
import { reachOptions } from './reach.ts';

const LIVE = 'live';

/** One side of the comparison: its world, and the texts that it was read from. */
interface Side {
  readonly world: World;
  readonly texts: readonly string[];
}

/** `portcullis diff OLD NEW`. */
export async function run(context: Context): Promise<number> {
  const { args, flags, out } = context;
  const [old = '', fresh = ''] = args;
  const common = flags.list('filename');
  if ([old, fresh, ...common].filter((name) => name === STDIN).length > 1) {
    throw new UsageError('standard input (-) can be read once only');
  }
  const options = reachOptions(context);
  const shared = await readInputs(common, { stdin: context.io.stdin });
  const before = await loadSide(context, old, shared);
  if ('exit' in before) return before.exit;
  const after = await loadSide(context, fresh, shared);
  if ('exit' in after) return after.exit;
  const result = diffReachability(before.world, after.world, options);
  if ('error' in result) throw new UsageError(result.error.error, didYouMean(result.error.suggestions));
  const { diff } = result;
  const textDiffers = before.texts.join('\0') !== after.texts.join('\0');
  await out.write(await render(context, diff, textDiffers, { old, new: fresh }));
  return fails(diff, flags.text('fail-on') ?? 'any') ? EXIT.negative : EXIT.ok;
}

/**
 * Reads one side: a path, `-`, `git:REV:PATH` or `live`, together with what both sides share.
 * @returns the exit code when the input does not allow an answer
 */
async function loadSide(context: Context, spec: string, shared: Inputs): Promise<Side | { readonly exit: number }> {
  const own = await readSide(context, spec);
  const inputs = [...shared.inputs, ...own.inputs];
  const problems = [...shared.problems, ...own.problems];
  const loaded = await loadWorld(context, () => loadInputs(context, [spec], async () => ({ inputs, problems })));
  if ('exit' in loaded) return loaded;
  return { world: loaded.world, texts: own.inputs.map(textOf).sort() };
}

async function readSide({ io }: Context, spec: string): Promise<Inputs> {
  if (spec === LIVE) {
    throw new UsageError('this version does not read live clusters', [
      'kubectl get namespaces,pods,networkpolicies -A -o yaml | portcullis diff - NEW',
      'a file of that name is ./live',
    ]);
  }
  const revision = parseGitSpec(spec);
  return revision === undefined ? readInputs([spec], { stdin: io.stdin }) : readRevision(revision);
}

function textOf({ content }: ManifestInput): string {
  return typeof content === 'string' ? content : Buffer.from(content).toString();
}

async function render(
  { flags, outStyle }: Context,
  diff: ReachabilityDiff,
  textDiffers: boolean,
  names: { readonly old: string; readonly new: string },
): Promise<string | Iterable<string>> {
  switch (flags.text('output')) {
    case 'json':
      return diffJson(diff);
    case 'md':
      return diffMarkdown(diff, { textDiffers });
    case 'html': {
      const { diffHtml } = await import('../../report/diff-html.ts');
      return diffHtml(diff, { textDiffers, names });
    }
    default:
      return diffTable(diff, { textDiffers, noHeaders: flags.on('no-headers'), style: outStyle });
  }
}

function fails({ counts }: ReachabilityDiff, when: string): boolean {
  switch (when) {
    case 'opened':
      return counts.opened > 0;
    case 'closed':
      return counts.closed > 0;
    case 'never':
      return false;
    default:
      return counts.changes > 0;
  }
}
