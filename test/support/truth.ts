import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Reads a file of `fixtures/truth/`: expectations taken from elsewhere, kept unchanged with their `source`. */
export function readTruth<T>(file: string): T {
  return JSON.parse(readFileSync(path.join(import.meta.dirname, '../../fixtures/truth', file), 'utf8')) as T;
}
