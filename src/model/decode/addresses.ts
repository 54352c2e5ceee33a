import { compareAddresses, parseAddress } from '../../net/address.ts';
import { say } from '../say.ts';
import type { DecodeContext } from './context.ts';

/** An address text and where it stands. */
export type AddressAt = readonly [text: string, path: readonly (string | number)[]];

/**
 * The addresses of a status, as written and without duplicates, also of another spelling. Empty texts are skipped; a
 * text that is no address is left out with a warning.
 */
export function addressTexts(entries: readonly AddressAt[], context: DecodeContext): readonly string[] {
  const texts: string[] = [];
  for (const [text, path] of entries) {
    if (text === '' || texts.includes(text)) continue;
    const address = parseAddress(text);
    if (address === undefined) {
      reportBadAddress(text, path, context);
      continue;
    }
    const known = texts.some((other) => {
      const parsed = parseAddress(other);
      return parsed !== undefined && compareAddresses(parsed, address) === 0;
    });
    if (!known) texts.push(text);
  }
  return texts;
}

/** Warns of a text that should be an IP address and is not. */
export function reportBadAddress(text: string, path: readonly (string | number)[], context: DecodeContext): void {
  context.at(path, () => {
    context.report('bad-address', say`${JSON.stringify(text)} is not an IP address and is ignored`, {
      severity: 'warning',
    });
  });
}
