import { diffReachability, type ReachabilityDiff, type World } from '../../analysis/index.ts';
import { type Inputs, readInputs, STDIN } from '../../kube/files.ts';
import type { ManifestInput, ManifestResult } from '../../manifest/index.ts';
import { diffJson } from '../../report/diff-json.ts';
import { diffMarkdown } from '../../report/diff-markdown.ts';
import { diffTable } from '../../report/diff-table.ts';
import type { Context } from '../context.ts';
import { didYouMean, EXIT, UsageError } from '../errors.ts';
import { parseGitSpec, readRevision } from '../git.ts';
import { hintCidrs, hintNamespace } from '../hints.ts';
import { readLive } from '../live.ts';
import { type Loaded, loadInputs, loadObjects, loadWorld, overlay, refuseCluster } from '../load.ts';
import { reachOptions } from './reach.ts';

const LIVE = 'live';
const LIVE_AND = 'live+';

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
  const names = [old, fresh].map(parseSide);
  if ([...names.map(({ files }) => files), ...common].filter((name) => name === STDIN).length > 1) {
    throw new UsageError('standard input (-) can be read once only');
  }
  const options = reachOptions(context);
  hintCidrs(context, [options.from, options.to]);
  const shared = await readInputs(common, { stdin: context.io.stdin });
  const ofCluster = names.some((one) => one.live);
  if (!ofCluster && flags.text('save') !== undefined) throw new UsageError('--save needs live on one side');
  if (!ofCluster) refuseCluster(context, 'neither side is live');
  const live = ofCluster ? await readLive(context) : undefined;
  const before = await loadSide(context, old, shared, live);
  if ('exit' in before) return before.exit;
  const after = await loadSide(context, fresh, shared, live);
  if ('exit' in after) return after.exit;
  hintNamespace(context, new Set([before, after].flatMap(({ world }) => [...world.state.namespaces.keys()])));
  const result = diffReachability(before.world, after.world, options);
  if ('error' in result) throw new UsageError(result.error.error, didYouMean(result.error.suggestions));
  const { diff } = result;
  const textDiffers = before.texts.join('\0') !== after.texts.join('\0');
  await out.write(await render(context, diff, textDiffers, { old, new: fresh }));
  return fails(diff, flags.text('fail-on') ?? 'any') ? EXIT.negative : EXIT.ok;
}

/** One side as it was named. */
interface SideName {
  /** It begins with the cluster. */
  readonly live: boolean;
  /** A path, `-` or `git:REV:PATH`: alone, or applied to the cluster. */
  readonly files?: string;
}

function parseSide(name: string): SideName {
  if (name === LIVE) return { live: true };
  if (!name.startsWith(LIVE_AND)) return { live: false, files: name };
  if (name === LIVE_AND) throw new UsageError('live+ wants files after it, for example live+policies/');
  return { live: true, files: name.slice(LIVE_AND.length) };
}

/**
 * Reads one side: a path, `-`, `git:REV:PATH`, `live`, or `live+` with one of the others, together with what both sides
 * share.
 * @returns the exit code when the input does not allow an answer
 */
async function loadSide(
  context: Context,
  name: string,
  shared: Inputs,
  cluster: ManifestResult | undefined,
): Promise<Side | { readonly exit: number }> {
  const { live, files } = parseSide(name);
  const own: Inputs = files === undefined ? { inputs: [], problems: [] } : await readFiles(context, files);
  const inputs = [...shared.inputs, ...own.inputs];
  const problems = [...shared.problems, ...own.problems];
  const loaded = await loadWorld(context, async () => {
    if (!live || cluster === undefined) return loadInputs(context, [name], async () => ({ inputs, problems }));
    return loadOnto(context, cluster, shared, own);
  });
  if ('exit' in loaded) return loaded;
  return { world: loaded.world, texts: [...(live ? [LIVE] : []), ...own.inputs.map(textOf).sort()] };
}

/** The cluster, as if files were applied to it; what both sides share counts less than either. */
async function loadOnto(context: Context, cluster: ManifestResult, shared: Inputs, own: Inputs): Promise<Loaded> {
  const layers: Loaded[] = [];
  if (isGiven(shared)) layers.push(await loadInputs(context, [], async () => shared));
  layers.push(await loadObjects(context, cluster, { asAccepted: true }));
  if (isGiven(own)) layers.push(await loadInputs(context, [], async () => own));
  return overlay(layers);
}

function isGiven({ inputs, problems }: Inputs): boolean {
  return inputs.length + problems.length > 0;
}

async function readFiles({ io }: Context, name: string): Promise<Inputs> {
  const revision = parseGitSpec(name);
  return revision === undefined ? readInputs([name], { stdin: io.stdin }) : readRevision(revision);
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
