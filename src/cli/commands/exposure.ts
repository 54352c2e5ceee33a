import { computeExposure } from '../../analysis/index.ts';
import {
  type ExposureDirection,
  type ExposureFormatOptions,
  exposureJson,
  exposureMarkdown,
  exposureTable,
} from '../../report/exposure.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../errors.ts';
import { loadWorld, scopeOf } from '../load.ts';

/** `portcullis exposure`. */
export async function run(context: Context): Promise<number> {
  const { flags, out, err } = context;
  const scope = scopeOf(context);
  const loaded = await loadWorld(context);
  if ('exit' in loaded) return loaded.exit;
  const workloads = computeExposure(loaded.world, { ...scope, by: flags.text('by') === 'pod' ? 'pod' : 'workload' });
  const direction = flags.text('direction');
  const options: ExposureFormatOptions = {
    ...(direction === undefined ? {} : { directions: [direction as ExposureDirection] }),
    externalOnly: flags.on('external-only'),
    ...(loaded.onlyNamespace === undefined ? {} : { onlyNamespace: loaded.onlyNamespace }),
    noHeaders: flags.on('no-headers'),
    style: context.outStyle,
  };
  switch (flags.text('output')) {
    case 'json':
      await out.write(exposureJson(workloads, options));
      break;
    case 'md':
      await out.write(exposureMarkdown(workloads, options));
      break;
    default:
      await out.write(exposureTable(workloads, options));
  }
  if (workloads.length === 0 && !flags.on('quiet')) err.add('no workloads\n');
  return EXIT.ok;
}
