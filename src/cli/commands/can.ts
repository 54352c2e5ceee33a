import { can, explain, type PortQuery, parsePortQuery } from '../../analysis/index.ts';
import { explanationText, verdictJson, verdictText } from '../../report/verdict.ts';
import type { Context } from '../context.ts';
import { didYouMean, EXIT, UsageError } from '../errors.ts';
import { hintCidrs } from '../hints.ts';
import { loadWorld } from '../load.ts';

/** `portcullis can FROM TO [PORT]`. */
export async function run(context: Context): Promise<number> {
  const { args, flags, out, outStyle } = context;
  const [from = '', to = '', portText] = args;
  const port = portText === undefined ? undefined : portQuery(portText);
  hintCidrs(context, [from, to]);
  const loaded = await loadWorld(context);
  if ('exit' in loaded) return loaded.exit;
  const answer = can(loaded.world, from, to, port);
  if ('error' in answer) throw new UsageError(answer.error, didYouMean(answer.suggestions));
  const explanation = flags.on('explain') ? explain(loaded.world, answer) : undefined;
  if (flags.text('output') === 'json') await out.write(verdictJson(answer, explanation, loaded.onlyNamespace));
  else if (explanation !== undefined) await out.write(explanationText(answer, explanation, outStyle));
  else await out.write(verdictText(answer, outStyle));
  return answer.allowed ? EXIT.ok : EXIT.negative;
}

/** Reads a port of the command line. Throws {@link UsageError}. */
export function portQuery(text: string): PortQuery {
  const query = parsePortQuery(text);
  if ('error' in query) throw new UsageError(query.error);
  return query;
}
