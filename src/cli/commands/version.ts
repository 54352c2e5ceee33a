import type { Context } from '../context.ts';
import { EXIT } from '../errors.ts';
import { packageVersion } from '../package-version.ts';

/** `portcullis version`. */
export async function run({ flags, out }: Context): Promise<number> {
  const version = packageVersion();
  const node = process.versions.node;
  const platform = `${process.platform}/${process.arch}`;
  if (flags.text('output') === 'json') {
    const document = { apiVersion: 'portcullis.dev/v1', kind: 'Version', version, node, platform };
    await out.write(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    await out.write(`portcullis ${version} (Node.js ${node}, ${platform})\n`);
  }
  return EXIT.ok;
}
