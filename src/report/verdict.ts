import type { CanAnswer, CanCase, Explanation, PortEntry } from '../analysis/index.ts';
import type { Direction, DirectionVerdict, NearMiss, PolicyRef, RuleRef, Tier } from '../engine/verdict.ts';
import type { SourcePosition } from '../model/source.ts';
import { formatPosition, objectName } from './diagnostics.ts';
import { formatPorts } from './ports.ts';
import { renderSnippet } from './snippet.ts';
import { PLAIN, type Style } from './style.ts';
import { visible } from './text.ts';

/** Cases that are shown one by one; more are counted. */
const SHOWN_CASES = 20;
const SHOWN_POLICIES = 4;

/**
 * The `Verdict` document of an answer, as JSON with a line break at the end.
 * @param onlyNamespace nothing else was read
 */
export function verdictJson(answer: CanAnswer, explanation?: Explanation, onlyNamespace?: string): string {
  const { from, to, protocol, port, allowed, ports, families, egress, ingress, cases, notes } = answer;
  const document = {
    apiVersion: 'portcullis.dev/v1',
    kind: 'Verdict',
    onlyNamespace,
    from,
    to,
    protocol,
    port,
    allowed,
    ports: ports?.map(portData),
    families,
    egress: directionData(egress),
    ingress: directionData(ingress),
    ...(cases.length > 1 ? { cases: cases.map(caseData) } : {}),
    ...(notes.length > 0 ? { notes } : {}),
    ...(explanation === undefined ? {} : { explanation: explanationData(explanation) }),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function portData({ protocol, ranges, families }: PortEntry): object {
  return { protocol, ranges, ...(families === undefined ? {} : { families }) };
}

function caseData(one: CanCase): object {
  const { from, to, family, protocol, port, allowed, ports, egress, ingress } = one;
  return {
    from,
    to,
    family,
    protocol,
    port,
    allowed,
    ports: ports?.map(portData),
    egress: directionData(egress),
    ingress: directionData(ingress),
  };
}

/** A direction of a verdict as JSON output has it. */
export function directionData({
  allowed,
  tier,
  decidedBy,
  passedBy,
  isolatedBy,
  routes,
  nearMisses,
}: DirectionVerdict): object {
  return {
    allowed,
    tier,
    decidedBy: decidedBy === null ? null : ruleData(decidedBy),
    ...(passedBy === undefined ? {} : { passedBy: passedBy.map(ruleData) }),
    isolatedBy: isolatedBy.map(policyData),
    ...(routes === undefined ? {} : { routes: routes.map(policyData) }),
    ...(allowed ? {} : { nearMisses: nearMisses.map(nearMissData) }),
  };
}

function policyData({ kind, namespace, name, source }: PolicyRef): object {
  return { kind, namespace, name, source: positionData(source) };
}

function ruleData({ policy, rule, ruleName, peer, port, action, source }: RuleRef): object {
  return { policy: policyData(policy), rule, ruleName, peer, port, action, source: positionData(source) };
}

function nearMissData({ policy, rule, peer, missed, message, source }: NearMiss): object {
  return { policy: policyData(policy), rule, peer, missed, message, source: positionData(source) };
}

function positionData(source: SourcePosition | undefined): object | undefined {
  return source === undefined ? undefined : { file: source.file, line: source.line, column: source.column };
}

function explanationData({ summary, directions, flip }: Explanation): object {
  return {
    summary,
    directions: directions.map(({ direction, subject, allowed, steps, cites }) => ({
      direction,
      subject,
      allowed,
      steps,
      cites: cites.map(({ position, note }) => ({
        source: positionData(position),
        note,
        text: position.lineText.trim(),
      })),
    })),
    flip,
  };
}

/** `allowed: shop/frontend[Deployment] -> shop/cart[Deployment] 7070/TCP` and why, in one short line for each direction that says something. */
export function verdictText(answer: CanAnswer, style: Style = PLAIN): string {
  let text = `${headline(answer, style)}\n`;
  for (const line of reasonLines(answer)) text += `  ${line}\n`;
  for (const note of answer.notes) text += `  ${style.warning('note')}: ${visible(note)}\n`;
  return text + casesText(answer, style);
}

/** The verdict, then the reasoning of each direction with the lines of the manifests, then what would change it. */
export function explanationText(answer: CanAnswer, explanation: Explanation, style: Style = PLAIN): string {
  let text = `${headline(answer, style)}\n${visible(explanation.summary)}\n`;
  for (const { direction, subject, allowed, steps, cites } of explanation.directions) {
    const word = allowed ? style.good('allowed') : style.error('denied');
    text += `\n${style.bold(`${direction} of ${visible(subject)}`)}: ${word}\n`;
    for (const step of steps) text += `  - ${visible(step)}\n`;
    for (const { position, note } of cites) {
      text += `\n  ${style.bold(formatPosition(position))}\n${renderSnippet(position, style, note)}`;
    }
  }
  if (explanation.flip.length > 0) {
    text += `\n${style.bold(answer.allowed ? 'To deny it' : 'To allow it')}:\n`;
    for (const change of explanation.flip) text += `  - ${visible(change)}\n`;
  }
  if (answer.notes.length > 0) text += '\n';
  for (const note of answer.notes) text += `${style.warning('note')}: ${visible(note)}\n`;
  return text + casesText(answer, style);
}

function headline(answer: CanAnswer, style: Style): string {
  const { allowed, from, to, families } = answer;
  const word = allowed ? style.good('allowed') : style.error('denied');
  const what = portsText(answer, answer);
  // A set of ports says of each of its entries which families it is open on.
  const only = families === undefined || answer.ports !== undefined ? '' : ` (${families.join(' and ')} only)`;
  return `${word}: ${visible(from)} -> ${visible(to)} ${what}${only}`.trimEnd();
}

/** The ports that are open, of those asked for; what was asked where they are not. */
function portsText(
  asked: Pick<CanAnswer, 'port' | 'protocol'>,
  { allowed, ports }: Pick<CanAnswer, 'allowed' | 'ports'>,
): string {
  if (ports !== undefined && allowed) return formatPorts(ports);
  const { port, protocol } = asked;
  if (port === undefined) return protocol === undefined ? 'on every port' : `on every ${protocol} port`;
  const open = ports === undefined || ports.length === 0 ? '' : ` (open: ${formatPorts(ports)})`;
  return `${askedPort(asked)}${open}`;
}

function askedPort({ port, protocol }: { port?: number | string; protocol?: string }): string {
  if (port === undefined) return protocol ?? '';
  const text = visible(String(port));
  return protocol === undefined || text.endsWith(`/${protocol}`) ? text : `${text}/${protocol}`;
}

/** Why an answer is as it is: a line for each direction that says something. */
export function reasonLines(answer: Pick<CanAnswer, 'allowed' | 'from' | 'to' | 'egress' | 'ingress'>): string[] {
  if (answer.allowed) {
    const lines = [reason('egress', answer.egress), reason('ingress', answer.ingress)];
    const open = lines.filter((line) => line !== undefined);
    return open.length > 0 ? open : [unisolated(answer)];
  }
  const denied = (['egress', 'ingress'] as const).filter(
    (direction) => !answer[direction].allowed && answer[direction].tier !== 'default',
  );
  return denied.map((direction) =>
    denial(direction, direction === 'egress' ? answer.from : answer.to, answer[direction]),
  );
}

const DECIDED_WITHOUT_POLICY: Partial<Record<Tier, string>> = {
  self: 'a pod always reaches itself',
  node: "traffic with the pod's own node is always allowed",
};

/** `Ingress shop/web (web.yaml:1:1) leads there`. */
function routeText({ allowed, routes = [] }: DirectionVerdict): string {
  if (!allowed) return 'no Ingress and no route of a Gateway leads there';
  const shown = routes.slice(0, SHOWN_POLICIES).map((route) => {
    const where = route.source === undefined ? '' : ` (${formatPosition(route.source)})`;
    return `${route.kind} ${objectName(route)}${where}`;
  });
  if (routes.length > SHOWN_POLICIES) shown.push(`${routes.length - SHOWN_POLICIES} more`);
  return `${shown.join(', ')} ${routes.length === 1 ? 'leads' : 'lead'} there`;
}

/** `undefined`: no policy has a say in this direction. */
function reason(direction: Direction, verdict: DirectionVerdict): string | undefined {
  const { decidedBy, tier } = verdict;
  if (tier === 'route') return `${direction}: ${routeText(verdict)}`;
  if (decidedBy !== null) return `${direction}: ${decision(decidedBy, tier)}${passedOn(verdict)}`;
  const always = DECIDED_WITHOUT_POLICY[tier];
  if (always !== undefined) return `${direction}: ${always}${passedOn(verdict)}`;
  return verdict.passedBy === undefined ? undefined : `${direction}: allowed by default${passedOn(verdict)}`;
}

const TIER_NAMES: Partial<Record<Tier, string>> = { admin: 'Admin tier: ', baseline: 'Baseline tier: ' };
const VERBS: Readonly<Record<RuleRef['action'], string>> = {
  Allow: 'allows it',
  Accept: 'accepts it',
  Deny: 'denies it',
  Pass: 'passes it on',
};

/** `Admin tier: rule 2 "deny-all" of ClusterNetworkPolicy lockdown (policy.yaml:14:7) denies it`. */
function decision(rule: RuleRef, tier: Tier): string {
  return `${TIER_NAMES[tier] ?? ''}${ruleName(rule)} ${VERBS[rule.action]}`;
}

function passedOn({ passedBy = [] }: DirectionVerdict): string {
  return passedBy.length === 0 ? '' : `; passed on by ${passedBy.map(ruleName).join(' and ')}`;
}

function unisolated(answer: Pick<CanAnswer, 'from' | 'to'>): string {
  return `no policy isolates ${visible(answer.from)} for egress or ${visible(answer.to)} for ingress`;
}

function denial(direction: Direction, subject: string, verdict: DirectionVerdict): string {
  const { decidedBy, isolatedBy, nearMisses } = verdict;
  if (verdict.tier === 'route') return `${direction}: ${routeText(verdict)}`;
  if (decidedBy !== null) return `${direction}: ${decision(decidedBy, verdict.tier)}${passedOn(verdict)}`;
  const [miss] = nearMisses;
  const names = isolatedBy.slice(0, SHOWN_POLICIES).map((policy) => objectName(policy));
  if (isolatedBy.length > SHOWN_POLICIES) names.push(`${isolatedBy.length - SHOWN_POLICIES} more`);
  const policies = names.join(', ');
  const isolated = `${direction}: ${visible(subject)} is isolated by ${policies}; no rule allows it${passedOn(verdict)}`;
  if (miss === undefined) return isolated;
  const where = miss.source === undefined ? '' : ` (${formatPosition(miss.source)})`;
  return `${isolated}; nearest: ${objectName(miss.policy)} ${visible(miss.message)}${where}`;
}

/** `rule 1 of shop/cart (cart.yaml:14:7)`, of a cluster-wide policy with kind and rule name. Rules are counted from 1 in sentences. */
function ruleName({ policy, rule, ruleName: name, source }: RuleRef): string {
  const where = source === undefined ? '' : ` (${formatPosition(source)})`;
  const quoted = name === undefined ? '' : ` "${visible(name)}"`;
  const kind = policy.namespace === undefined ? `${policy.kind} ` : '';
  return `rule ${rule + 1}${quoted} of ${kind}${objectName(policy)}${where}`;
}

function casesText(answer: CanAnswer, style: Style): string {
  if (answer.cases.length < 2) return '';
  let text = `\n${style.bold('cases')}:\n`;
  for (const one of answer.cases.slice(0, SHOWN_CASES)) {
    const word = one.allowed ? style.good('allowed') : style.error('denied');
    const what = portsText(one.port === undefined ? answer : one, one);
    text += `  ${word}: ${visible(one.from)} -> ${visible(one.to)} ${what} (${one.family})\n`;
  }
  const left = answer.cases.length - SHOWN_CASES;
  return left > 0 ? `${text}  and ${left} more (see -o json)\n` : text;
}
