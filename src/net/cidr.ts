import {
  type Address,
  addressBits,
  type Family,
  formatAddress,
  isMappedAddress,
  scanAddress,
  unmapAddress,
} from './address.ts';

/** A block of addresses: all that share the first `prefix` bits with `base`. The other bits of `base` are zero. */
export interface Cidr {
  readonly family: Family;
  readonly base: bigint;
  readonly prefix: number;
}

/**
 * What is irregular about the spelling of a CIDR that the legacy parser reads (spec section 3.5):
 * - `leading-zeros`: in an IPv4 octet or the prefix length, or an IPv6 group of more than four digits; strict error
 * - `ipv4-mapped`: an IPv4-mapped IPv6 address; strict error
 * - `host-bits`: bits set beyond the prefix length; strict error
 * - `non-canonical`: IPv6 text that is not in RFC 5952 form; a warning only, and only when nothing else is irregular
 *
 * The first that applies is the error of the strict parser.
 */
export type CidrIssue = 'leading-zeros' | 'ipv4-mapped' | 'host-bits' | 'non-canonical';

/** What to say of an issue, after the text of the block. */
export const CIDR_ISSUE_TEXT: Readonly<Record<CidrIssue, string>> = {
  'host-bits': 'has bits set beyond its prefix',
  'leading-zeros': 'has leading zeros',
  'ipv4-mapped': 'is an IPv4 block in the notation of IPv6',
  'non-canonical': 'is not in canonical form',
};

/** A CIDR with what its spelling said beyond the block. */
export interface ParsedCidr {
  /** The block that the API server works with. */
  readonly cidr: Cidr;
  /**
   * The address before the slash, host bits kept, IPv4-mapped unmapped. Of another family than `cidr` in one case:
   * IPv4-mapped with a prefix below 96.
   */
  readonly address: Address;
  /** In the order of {@link CidrIssue}, without repeats. */
  readonly issues: readonly CidrIssue[];
}

/**
 * Reads a CIDR as the API server's legacy parser does, a superset of the strict one: leading zeros are decimal, host
 * bits are cut off, IPv4-mapped blocks of prefix 96 and more are the IPv4 block (`::ffff:10.0.0.0/104` is
 * `10.0.0.0/8`). A shorter prefix cuts into the mapping, and what is left is a plain IPv6 block, which holds no IPv4
 * address: `::ffff:10.0.0.0/24` is `::/24`. `undefined` when the text is no CIDR at all: no slash, spaces, a dotted
 * mask, a sign, a zone, a prefix out of range.
 */
export function parseCidr(text: string): ParsedCidr | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const addressText = text.slice(0, slash);
  const prefixText = text.slice(slash + 1);
  const written = scanAddress(addressText, false);
  if (written === undefined || !/^[0-9]+$/.test(prefixText)) return undefined;
  const prefix = Number(prefixText);
  if (prefix > addressBits(written.family)) return undefined;

  const block: Cidr = { family: written.family, base: maskValue(written.family, written.value, prefix), prefix };
  const mapped = isMappedAddress(written);
  const issues: CidrIssue[] = [];
  if (scanAddress(addressText, true) === undefined || (prefixText.length > 1 && prefixText.startsWith('0'))) {
    issues.push('leading-zeros');
  }
  if (mapped) issues.push('ipv4-mapped');
  if (block.base !== written.value) issues.push('host-bits');
  if (issues.length === 0 && formatCidr(block) !== text) issues.push('non-canonical');
  return { cidr: mapped ? unmapCidr(block) : block, address: unmapAddress(written), issues };
}

/** What to say of a text whose block may not be what was meant, such as 10.0.0.1/8; undefined of any other text. */
export function cidrMisreading(text: string): string | undefined {
  const parsed = parseCidr(text);
  const issue = parsed?.issues.find((one) => one !== 'non-canonical');
  if (parsed === undefined || issue === undefined) return undefined;
  return `${text} ${CIDR_ISSUE_TEXT[issue]}: it is read as ${formatCidr(parsed.cidr)}`;
}

function unmapCidr(block: Cidr): Cidr {
  if (block.prefix < 96) return block;
  const { family, value } = unmapAddress({ family: block.family, value: block.base });
  return { family, base: value, prefix: block.prefix - 96 };
}

function maskValue(family: Family, value: bigint, prefix: number): bigint {
  const hostBits = BigInt(addressBits(family) - prefix);
  return (value >> hostBits) << hostBits;
}

/** Writes a block canonically: `10.0.0.0/8`, `2001:db8::/32`. */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress({ family: cidr.family, value: cidr.base })}/${cidr.prefix}`;
}

/** Whether every address of `inner` is in `outer`; a block contains itself. False across families. */
export function cidrContains(outer: Cidr, inner: Cidr): boolean {
  return (
    outer.family === inner.family &&
    outer.prefix <= inner.prefix &&
    maskValue(inner.family, inner.base, outer.prefix) === outer.base
  );
}
