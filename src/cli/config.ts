import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseDocument } from 'yaml';
import { CONFIG_NAME } from '../kube/files.ts';
import { UsageError } from './errors.ts';

/** What a configuration file says, as YAML gives it, and how to call it. */
export interface Config {
  readonly file: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * The configuration: the file that is named, else the nearest `.portcullis.yaml` from a directory upward; undefined when
 * there is none. Throws {@link UsageError} when it cannot be read or is no mapping.
 */
export function readConfig(named: string | undefined, directory: string = process.cwd()): Config | undefined {
  const found = named ?? findUpward(directory);
  if (found === undefined) return undefined;
  const file = named ?? (path.relative(directory, found) || found);
  let text: string;
  try {
    text = readFileSync(found, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) throw new UsageError(`${file}: ${problem.message.split('\n')[0]}`);
  const value: unknown = document.toJS();
  if (value !== null && (typeof value !== 'object' || Array.isArray(value))) {
    throw new UsageError(`${file}: the configuration is a mapping`);
  }
  return { file, value: (value ?? {}) as Readonly<Record<string, unknown>> };
}

function findUpward(directory: string): string | undefined {
  for (let at = path.resolve(directory); ; at = path.dirname(at)) {
    const file = path.join(at, CONFIG_NAME);
    if (existsSync(file)) return file;
    if (path.dirname(at) === at) return undefined;
  }
}
