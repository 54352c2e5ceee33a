import { renameSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import type { RawObject } from './list.ts';

/**
 * Writes objects as one `List` that `-f` reads again: YAML where the name ends in .yaml or .yml, else JSON. The file is
 * there whole or not at all, and only its owner may read it. Throws what the file system says.
 */
export function writeSnapshot(file: string, items: readonly RawObject[]): void {
  const list = { apiVersion: 'v1', kind: 'List', items };
  const text = /\.ya?ml$/.test(file)
    ? stringify(list, { aliasDuplicateObjects: false, lineWidth: 0 })
    : `${JSON.stringify(list, null, 1)}\n`;
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}
