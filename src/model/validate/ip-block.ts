import { formatAddress } from '../../net/address.ts';
import { cidrContains, formatCidr, type ParsedCidr, parseCidr } from '../../net/cidr.ts';
import { goQuote } from '../go-text.ts';
import type { FieldPath } from '../source.ts';
import type { IPBlock } from '../types.ts';
import type { FieldErrors } from './field-errors.ts';

/** The rules for an `ipBlock`, strict or legacy, and the warnings about its CIDRs (spec section 3.5). */
export function validateIPBlock(block: IPBlock, path: FieldPath, legacyCidrs: boolean, errors: FieldErrors): void {
  const cidrPath = [...path, 'cidr'];
  if (block.cidr === '') {
    errors.required(cidrPath);
    return;
  }
  const outer = validateCidr(block.cidr, cidrPath, legacyCidrs, errors);
  if (outer === undefined) return;
  for (const [index, except] of block.except.entries()) {
    const exceptPath = [...path, 'except', index];
    const inner = validateCidr(except, exceptPath, legacyCidrs, errors);
    if (inner !== undefined && !isStrictSubset(inner, except, outer, block.cidr)) {
      errors.invalid(exceptPath, except, 'must be a strict subset of `cidr`');
    }
  }
}

/**
 * Warns about every CIDR of a block that has an irregular spelling. With strict CIDRs, those whose spelling is an error
 * are left out, because the server warns of objects that it accepts only.
 */
export function warnOfIPBlock(block: IPBlock, path: FieldPath, legacyCidrs: boolean, errors: FieldErrors): void {
  warnOfCidr(block.cidr, [...path, 'cidr'], legacyCidrs, errors);
  for (const [index, except] of block.except.entries()) {
    warnOfCidr(except, [...path, 'except', index], legacyCidrs, errors);
  }
}

function validateCidr(
  text: string,
  path: FieldPath,
  legacyCidrs: boolean,
  errors: FieldErrors,
): ParsedCidr | undefined {
  const parsed = parseCidr(text);
  if (parsed === undefined) {
    errors.invalid(path, text, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)');
    return undefined;
  }
  if (!legacyCidrs) {
    const problem = strictProblem(parsed);
    if (problem !== undefined) errors.invalid(path, text, problem);
  }
  return parsed;
}

function strictProblem({ issues }: ParsedCidr): string | undefined {
  if (issues.includes('leading-zeros')) return 'must not have leading 0s in IP or prefix length';
  if (issues.includes('ipv4-mapped')) return 'must not have an IPv4-mapped IPv6 address';
  if (issues.includes('host-bits')) return 'must not have bits set beyond the prefix length';
  return undefined;
}

/**
 * The server's test: the base address of `inner` is in `outer`, and its prefix is longer. Prefixes are compared as
 * written, so that an IPv4-mapped one counts 96 more than the IPv4 block it stands for.
 */
function isStrictSubset(inner: ParsedCidr, innerText: string, outer: ParsedCidr, outerText: string): boolean {
  const base = { family: inner.cidr.family, base: inner.cidr.base, prefix: inner.cidr.family === 'IPv4' ? 32 : 128 };
  return cidrContains(outer.cidr, base) && writtenPrefix(innerText) > writtenPrefix(outerText);
}

function writtenPrefix(text: string): number {
  return Number(text.slice(text.indexOf('/') + 1));
}

/**
 * Warns about a CIDR that has an irregular spelling, as the server does for those it accepts.
 * @param legacyCidrs also about those that strict servers refuse
 */
export function warnOfCidr(text: string, path: FieldPath, legacyCidrs: boolean, errors: FieldErrors): void {
  const parsed = parseCidr(text);
  if (parsed === undefined || (!legacyCidrs && strictProblem(parsed) !== undefined)) return;
  const { address, cidr, issues } = parsed;
  const quoted = goQuote(text);
  const block = formatCidr(cidr);
  if (issues.includes('host-bits')) {
    // The server takes the width from the text, so that an IPv4-mapped address gets the 128 bits of IPv6.
    const single = `${formatAddress(address)}/${text.includes(':') ? 128 : 32}`;
    errors.warn(
      'cidr-format',
      path,
      `CIDR value ${quoted} is ambiguous in this context (should be ${goQuote(block)} or ${goQuote(single)}?)`,
    );
  }
  if (issues.includes('leading-zeros') || issues.includes('ipv4-mapped')) {
    errors.warn('cidr-format', path, `non-standard CIDR value ${quoted} is invalid: use ${goQuote(block)}`);
  }
  if (issues.includes('non-canonical')) {
    errors.warn(
      'cidr-format',
      path,
      `IPv6 CIDR value ${quoted} should be in RFC 5952 canonical format (${goQuote(block)})`,
    );
  }
}
