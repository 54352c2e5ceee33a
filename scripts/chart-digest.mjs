import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.join(import.meta.dirname, '..');
/** The Helm chart, from the root of the checkout. */
export const CHART = 'deploy/helm/portcullis';

/** What decides the objects of a chart: neither its documentation nor its notes. */
const isRendered = (file) => /^(Chart|values)\.yaml$|^templates\/.*\.(yaml|tpl)$|^files\//.test(file);

/** A digest of what decides the objects that the chart makes. */
export function chartDigest() {
  const hash = createHash('sha256');
  const folder = path.join(root, CHART);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter(isRendered)
    .sort();
  for (const file of files) hash.update(`${file}\0${readFileSync(path.join(folder, file), 'utf8')}\0`);
  return `sha256:${hash.digest('hex')}`;
}
