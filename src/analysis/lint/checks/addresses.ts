import { blockAddresses } from '../../../engine/peer-match.ts';
import { say, sayText } from '../../../model/say.ts';
import type { FieldPath } from '../../../model/source.ts';
import type { IPBlock, KubeObject, NetworkPolicy } from '../../../model/types.ts';
import { isClusterPolicy } from '../../../model/validate/index.ts';
import type { Family } from '../../../net/address.ts';
import { AddressSet } from '../../../net/address-set.ts';
import { CIDR_ISSUE_TEXT, formatCidr, type ParsedCidr, parseCidr } from '../../../net/cidr.ts';
import { listText } from '../../explain-words.ts';
import type { LintContext } from '../context.ts';
import { type PolicyRule, rulesOf } from '../policy-rule.ts';
import { podNames } from '../words.ts';

/** Address blocks: `irregular-cidr`, `except-covers-block`, `allows-any-address`, `ip-block-in-pod-range`. */
export function checkAddresses(context: LintContext): void {
  for (const object of context.judged.objects) checkSpelling(context, object);
  const ranges = podRanges(context);
  for (const policy of context.judged.networkPolicies) {
    for (const rule of rulesOf(policy)) {
      checkAnyAddress(context, rule);
      for (const [index, { ipBlock }] of rule.peers.entries()) {
        if (ipBlock === undefined) continue;
        const path: FieldPath = [...rule.path, rule.peersField, index, 'ipBlock'];
        if (blockAddresses(ipBlock).isEmpty()) checkEmptyBlock(context, policy, ipBlock, path);
        else checkPods(context, policy, ipBlock, path, ranges);
      }
    }
  }
}

interface IrregularCidr {
  readonly path: FieldPath;
  readonly text: string;
  readonly parsed: ParsedCidr;
}

/** The CIDRs of a policy that are not written as servers want them. */
export function* irregularCidrs(object: KubeObject): Iterable<IrregularCidr> {
  for (const [path, text] of cidrTexts(object)) {
    const parsed = parseCidr(text);
    if (parsed !== undefined && parsed.issues.length > 0) yield { path, text, parsed };
  }
}

function* cidrTexts(object: KubeObject): Iterable<readonly [FieldPath, string]> {
  if (object.kind === 'NetworkPolicy') {
    for (const rule of rulesOf(object)) {
      for (const [index, { ipBlock }] of rule.peers.entries()) {
        if (ipBlock === undefined) continue;
        const path = [...rule.path, rule.peersField, index, 'ipBlock'];
        yield [[...path, 'cidr'], ipBlock.cidr];
        for (const [at, except] of ipBlock.except.entries()) yield [[...path, 'except', at], except];
      }
    }
  } else if (isClusterPolicy(object)) {
    for (const [index, { peers }] of object.spec.egress.entries()) {
      for (const [at, peer] of peers.entries()) {
        if (peer.type !== 'networks') continue;
        for (const [number, network] of peer.networks.entries()) {
          yield [['spec', 'egress', index, 'to', at, 'networks', number], network];
        }
      }
    }
  }
}

function checkSpelling(context: LintContext, object: KubeObject): void {
  for (const { path, text, parsed } of irregularCidrs(object)) {
    const { address, cidr, issues } = parsed;
    const canonical = formatCidr(cidr);
    const harmless = issues.every((issue) => issue === 'non-canonical');
    const single = formatCidr({
      family: address.family,
      base: address.value,
      prefix: address.family === 'IPv4' ? 32 : 128,
    });
    const other = issues.includes('host-bits');
    context.remark({
      rule: 'irregular-cidr',
      object,
      path,
      ...(harmless ? { severity: 'info' } : {}),
      message: `${text} ${listText(issues.map((issue) => sayText(CIDR_ISSUE_TEXT[issue])))}: ${harmless ? say`it means ${canonical}` : say`it means ${canonical}, and newer servers refuse it`}`,
      help: other ? say`write ${canonical}; for the one address, write ${single}` : say`write ${canonical}`,
      // A block that was cut out of the IPv4-mapped addresses is hardly what was meant.
      ...(address.family === cidr.family ? { fix: { type: 'set', path, value: canonical } } : {}),
    });
  }
}

function checkEmptyBlock(
  context: LintContext,
  policy: NetworkPolicy,
  { cidr, except }: IPBlock,
  path: FieldPath,
): void {
  if (except.length === 0) return;
  context.remark({
    rule: 'except-covers-block',
    object: policy,
    path: [...path, 'except'],
    message: say`the exceptions leave nothing of ${cidr}: the peer matches no address`,
    help: say`an exception is a hole in its own block; it takes nothing away from other peers`,
  });
}

const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];

function checkAnyAddress(context: LintContext, rule: PolicyRule): void {
  const blocks = rule.peers.map(({ ipBlock }) => (ipBlock === undefined ? AddressSet.EMPTY : blockAddresses(ipBlock)));
  const together = AddressSet.unionOf(blocks);
  for (const family of FAMILIES) {
    const everything = AddressSet.all(family);
    if (!together.containsSet(everything)) continue;
    const alone = blocks.findIndex((block) => block.containsSet(everything));
    const first = alone === -1 ? blocks.findIndex((block) => !block.ofFamily(family).isEmpty()) : alone;
    context.remark({
      rule: 'allows-any-address',
      object: rule.policy,
      path: [...rule.path, rule.peersField, first, 'ipBlock', 'cidr'],
      ...(rule.direction === 'egress' ? { severity: 'info' } : {}),
      message: say`${
        alone === -1
          ? say`the blocks of the rule together hold every ${family} address`
          : say`this holds every ${family} address`
      }: the rule ${
        rule.direction === 'ingress'
          ? say`lets in traffic from the whole internet and all pods and nodes`
          : say`lets out traffic to the whole internet and all pods and nodes`
      }`,
      help: say`name the blocks that are meant, or take private ranges out with except`,
    });
  }
}

/** The ranges that pods get their addresses from, where known. */
function podRanges({ state, input }: LintContext): AddressSet {
  const sets = [state.podCidrs];
  for (const object of input.objects) {
    if (object.kind !== 'Node') continue;
    for (const text of object.podCIDRs) {
      const cidr = parseCidr(text)?.cidr;
      if (cidr !== undefined) sets.push(AddressSet.ofCidr(cidr));
    }
  }
  return AddressSet.unionOf(sets);
}

function checkPods(
  context: LintContext,
  policy: NetworkPolicy,
  ipBlock: IPBlock,
  path: FieldPath,
  ranges: AddressSet,
): void {
  const block = blockAddresses(ipBlock);
  // What holds everything is told by allows-any-address.
  if (FAMILIES.some((family) => block.containsSet(AddressSet.all(family)))) return;
  const inside = !ranges.isEmpty() && ranges.containsSet(block);
  const pods = context.catalog.inside(block);
  const wide = parseCidr(ipBlock.cidr)?.cidr.prefix === 0;
  if (!inside && (pods.length === 0 || wide)) return;
  const held = pods.length === 0 ? '' : ` (${podNames(pods)})`;
  context.remark({
    rule: 'ip-block-in-pod-range',
    object: policy,
    path: [...path, 'cidr'],
    message: inside
      ? say`${ipBlock.cidr} lies in the range of pod addresses${held}: which pods it means changes as they come and go`
      : say`${ipBlock.cidr} holds addresses of pods in this input${held}: it means them only as long as they keep these`,
    help: say`select pods by their labels; ipBlock is for addresses outside the cluster`,
  });
}
