/** An IP address family. Order in every listing: IPv4, then IPv6. */
export type Family = 'IPv4' | 'IPv6';

/** An IP address: the family and the address as an unsigned integer of 32 or 128 bits. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

const IPV4_LAST = (1n << 32n) - 1n;
const IPV6_LAST = (1n << 128n) - 1n;
/** The upper 96 bits of `::ffff:0:0/96`, the IPv4-mapped addresses (RFC 4291 section 2.5.5.2). */
const MAPPED_HIGH = 0xffffn;

const DOT = 46;
const COLON = 58;

/** Bits of an address: 32 or 128. */
export function addressBits(family: Family): 32 | 128 {
  return family === 'IPv4' ? 32 : 128;
}

/** The highest address of a family. */
export function lastAddress(family: Family): bigint {
  return family === 'IPv4' ? IPV4_LAST : IPV6_LAST;
}

/**
 * Reads an address as the current API server does: no leading zeros in IPv4, at most four digits in an IPv6 group, no
 * zone, no spaces. An IPv4-mapped IPv6 address, however spelled, is answered as the IPv4 address it stands for, so
 * that one endpoint has one value. `undefined` when the text is not an address.
 */
export function parseAddress(text: string): Address | undefined {
  const address = scanAddress(text, true);
  return address === undefined ? undefined : unmapAddress(address);
}

/**
 * Reads an address without unmapping. With `strict` false, leading zeros are accepted and read as decimal (IPv4 octets)
 * or hexadecimal (IPv6 groups), as the API server did before strict CIDRs (spec section 3.5).
 */
export function scanAddress(text: string, strict: boolean): Address | undefined {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === COLON) {
      const value = scanIPv6(text, strict);
      return value === undefined ? undefined : { family: 'IPv6', value };
    }
    if (code === DOT) {
      const value = scanIPv4(text, 0, strict);
      return value < 0 ? undefined : { family: 'IPv4', value: BigInt(value) };
    }
  }
  return undefined;
}

/** Whether an IPv6 address is IPv4-mapped. */
export function isMappedAddress(address: Address): boolean {
  return address.family === 'IPv6' && address.value >> 32n === MAPPED_HIGH;
}

/** The IPv4 address that an IPv4-mapped IPv6 address stands for; any other address unchanged. */
export function unmapAddress(address: Address): Address {
  return isMappedAddress(address) ? { family: 'IPv4', value: address.value & IPV4_LAST } : address;
}

/** Four dotted octets from `start` to the end of the text, as a number; -1 when they are not that. */
function scanIPv4(text: string, start: number, strict: boolean): number {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (digits === 0 || ++dots > 3) return -1;
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
      continue;
    }
    const digit = code - 48;
    if (digit < 0 || digit > 9 || (strict && digits > 0 && octet === 0)) return -1;
    octet = octet * 10 + digit;
    digits++;
    if (octet > 255) return -1;
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : -1;
}

/** A whole text as IPv6: hexadecimal groups, at most one `::`, perhaps IPv4 notation for the last two groups. */
function scanIPv6(text: string, strict: boolean): bigint | undefined {
  const groups: number[] = [];
  let gap = -1;
  let i = 0;
  if (text.startsWith('::')) {
    gap = 0;
    i = 2;
  }
  while (i < text.length) {
    if (groups.length === 8) return undefined;
    const start = i;
    let group = 0;
    for (let digit = hexDigit(text, i); digit >= 0; digit = hexDigit(text, ++i)) {
      group = group * 16 + digit;
      if (group > 0xffff) return undefined;
    }
    if (i === start) return undefined;
    if (text.charCodeAt(i) === DOT) {
      if (gap < 0 ? groups.length !== 6 : groups.length > 6) return undefined;
      const embedded = scanIPv4(text, start, strict);
      if (embedded < 0) return undefined;
      groups.push(embedded >>> 16, embedded & 0xffff);
      break;
    }
    if (strict && i - start > 4) return undefined;
    groups.push(group);
    if (i === text.length) break;
    if (text.charCodeAt(i) !== COLON || i + 1 === text.length) return undefined;
    i++;
    if (text.charCodeAt(i) === COLON) {
      if (gap >= 0) return undefined;
      gap = groups.length;
      i++;
    }
  }
  if (gap < 0 ? groups.length !== 8 : groups.length > 7) return undefined;
  return joinGroups(groups, gap);
}

/** Eight groups as one integer, the `::` at index `gap` filled with zero groups. */
function joinGroups(groups: readonly number[], gap: number): bigint {
  const missing = 8 - groups.length;
  const at = (index: number): number => {
    if (gap < 0 || index < gap) return groups[index] ?? 0;
    return index < gap + missing ? 0 : (groups[index - missing] ?? 0);
  };
  let value = 0n;
  for (let i = 0; i < 8; i += 2) value = (value << 32n) | BigInt(at(i) * 65536 + at(i + 1));
  return value;
}

function hexDigit(text: string, index: number): number {
  const code = text.charCodeAt(index);
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/**
 * Writes an address: dotted decimal, or RFC 5952 for IPv6 (lower case, no leading zeros, `::` for the first longest run
 * of at least two zero groups; IPv4 notation at the end only for IPv4-mapped addresses, as Go does).
 */
export function formatAddress(address: Address): string {
  if (address.family === 'IPv4') return formatIPv4(Number(address.value));
  if (isMappedAddress(address)) return `::ffff:${formatIPv4(Number(address.value & IPV4_LAST))}`;
  const hex = address.value.toString(16).padStart(32, '0');
  const groups: string[] = [];
  let bestStart = -1;
  let bestLength = 1;
  let run = 0;
  for (let i = 0; i < 8; i++) {
    const group = Number.parseInt(hex.slice(4 * i, 4 * i + 4), 16);
    groups.push(group.toString(16));
    run = group === 0 ? run + 1 : 0;
    if (run > bestLength) {
      bestLength = run;
      bestStart = i + 1 - run;
    }
  }
  if (bestStart < 0) return groups.join(':');
  return `${groups.slice(0, bestStart).join(':')}::${groups.slice(bestStart + bestLength).join(':')}`;
}

function formatIPv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** Orders addresses for `Array.prototype.sort`: IPv4 before IPv6, then by value. */
export function compareAddresses(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family === 'IPv4' ? -1 : 1;
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}
