import { computeReachability, type Reachability, type ReachOptions } from '../../analysis/index.ts';
import type { DocumentResult } from '../../report/picture/document.ts';
import { reachJson, reachYaml } from '../../report/reach-json.ts';
import { reachMatrix } from '../../report/reach-matrix.ts';
import { reachCsv, reachMarkdown, reachTable } from '../../report/reach-table.ts';
import type { Context } from '../context.ts';
import { didYouMean, EXIT, UsageError } from '../errors.ts';
import { hintCidrs } from '../hints.ts';
import type { OneNamespace } from '../live.ts';
import { loadWorld, scopeOf } from '../load.ts';
import { portQuery } from './can.ts';

const GROUPED_FORMATS = ['json', 'yaml'];

/** `portcullis reach`. */
export async function run(context: Context): Promise<number> {
  const { flags, out, err } = context;
  const format = flags.text('output') ?? 'table';
  if (flags.on('grouped') && !GROUPED_FORMATS.includes(format)) {
    throw new UsageError(`--grouped needs -o ${GROUPED_FORMATS.join(' or -o ')}`);
  }
  const options = reachOptions(context);
  hintCidrs(context, [options.from, options.to]);
  const loaded = await loadWorld(context);
  if ('exit' in loaded) return loaded.exit;
  const result = computeReachability(loaded.world, options);
  if ('error' in result) throw new UsageError(result.error.error, didYouMean(result.error.suggestions));
  const before = out.written;
  await out.write(await render(result.reachability, format, context, loaded));
  if (out.written === before && !flags.on('quiet')) err.add('no connections\n');
  return EXIT.ok;
}

/** What is asked for on the command line. Throws {@link UsageError}. */
export function reachOptions(context: Context): ReachOptions {
  const { flags } = context;
  const from = flags.text('from');
  const to = flags.text('to');
  const port = flags.text('port');
  return {
    ...scopeOf(context),
    by: flags.text('by') === 'pod' ? 'pod' : 'workload',
    external: !flags.on('no-external'),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(port === undefined ? {} : { port: portQuery(port) }),
  };
}

/** Throws {@link UsageError} where there is too much to draw. */
async function render(
  reachability: Reachability,
  format: string,
  { flags, outStyle }: Context,
  { onlyNamespace }: OneNamespace,
): Promise<string | Iterable<string>> {
  const rows = { noHeaders: flags.on('no-headers'), style: outStyle };
  const connectedOnly = ['from', 'to', 'port', 'namespace', 'selector'].some((flag) => flags.text(flag) !== undefined);
  const document = { grouped: flags.on('grouped'), ...(onlyNamespace === undefined ? {} : { onlyNamespace }) };
  switch (format) {
    case 'json':
      return reachJson(reachability, document);
    case 'yaml':
      return reachYaml(reachability, document);
    case 'csv':
      return reachCsv(reachability, rows);
    case 'md':
      return reachMarkdown(reachability);
    case 'matrix':
      return reachMatrix(reachability, { ...rows, connectedOnly });
    case 'dot': {
      const { reachDot } = await import('../../report/picture/dot.ts');
      return drawn(reachDot(reachability, { connectedOnly }));
    }
    case 'mermaid': {
      const { reachMermaid } = await import('../../report/picture/mermaid.ts');
      return drawn(reachMermaid(reachability, { connectedOnly }));
    }
    case 'svg': {
      const { reachSvg } = await import('../../report/picture/svg.ts');
      return drawn(await reachSvg(reachability, { connectedOnly }));
    }
    case 'html': {
      const { reachHtml } = await import('../../report/html/page.ts');
      return reachHtml(reachability, { connectedOnly });
    }
    default:
      return reachTable(reachability, rows);
  }
}

function drawn(result: DocumentResult): Iterable<string> {
  if ('tooLarge' in result) throw new UsageError(result.tooLarge);
  return result.text;
}
