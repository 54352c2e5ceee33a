/** The parts of descriptions that are alike for all kinds, as kubectl prints them (spec kubectl-describe). */

import { utf8Length } from '../model/go-text.ts';
import { compareCodePoints } from '../model/text.ts';
import { alignTabs } from './tab-writer.ts';

/** How descriptions are written. */
export interface DescribeOptions {
  /** IANA name of the zone that times are shown in; `UTC` when absent, empty or unknown. */
  readonly timeZone?: string;
}

/** Lines, of which some have tabs, as one text: columns aligned, nothing in it that could steer a terminal. */
export function layOut(lines: readonly string[]): string {
  return alignTabs(escapeTerminal(lines.map((line) => `${line}\n`).join('')));
}

/** Escape sequences and carriage returns are shown, not sent to the terminal. */
function escapeTerminal(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/\x1b/g, '^[').replace(/\r/g, '\\r');
}

/** `Labels:` and its values, one line each, in key order. */
export function labelLines(labels: Readonly<Record<string, string>>): string[] {
  return titled(
    'Labels',
    sortedEntries(labels).map(([key, value]) => `${key}=${value}`),
  );
}

/** kubectl apply's copy of the object, which describe leaves out. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const LONGEST_ANNOTATION = 140;

/** `Annotations:` and its values, as kubectl shortens them. */
export function annotationLines(annotations: Readonly<Record<string, string>>): string[] {
  const entries = sortedEntries(annotations).filter(([key]) => key !== LAST_APPLIED);
  return titled(
    'Annotations',
    entries.flatMap(([key, written]) => {
      const value = written.endsWith('\n') ? written.slice(0, -1) : written;
      const fits = utf8Length(key) + utf8Length(value) + 2 <= LONGEST_ANNOTATION;
      if (fits && !value.includes('\n')) return [`${key}: ${value}`];
      return [`${key}:`, ...value.split('\n').map((line) => `  ${shorten(line, LONGEST_ANNOTATION - 2)}`)];
    }),
  );
}

function sortedEntries(map: Readonly<Record<string, string>>): (readonly [string, string])[] {
  return Object.entries(map).sort(([a], [b]) => compareCodePoints(a, b));
}

function titled(title: string, values: readonly string[]): string[] {
  if (values.length === 0) return [`${title}:\t<none>`];
  return values.map((value, index) => `${index === 0 ? `${title}:` : ''}\t${value}`);
}

/** Cuts a text after a number of bytes. A character that is cut in two becomes U+FFFD, as a terminal would show it. */
function shorten(text: string, bytes: number): string {
  if (utf8Length(text) <= bytes) return text;
  let kept = '';
  let length = 0;
  for (const character of text) {
    length += utf8Length(character);
    if (length > bytes) {
      const partOfCharacter = length - utf8Length(character) < bytes;
      return `${kept}${partOfCharacter ? '\ufffd' : ''}...`;
    }
    kept += character;
  }
  return kept;
}
