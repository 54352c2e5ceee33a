import type { PolicyRef, RuleRef } from '../../../src/engine/index.ts';
import { t } from '../i18n/index.ts';
import { locale } from '../state/preferences.ts';
import type { DirectionView, VerdictView } from '../worker/protocol.ts';

/** The answer in one sentence. */
export function answerSentence(verdict: Exclude<VerdictView, { error: string }>): string {
  const { from, to, port, allowed, openPorts, directions } = verdict;
  const params = { from, to, port: port === '' ? t('verdict.any-port') : port, ports: openPorts ?? '' };
  if (directions.length === 0) return t('verdict.nothing', params);
  if (allowed) return t(openPorts === undefined || port !== '' ? 'verdict.yes' : 'verdict.yes-on', params);
  const [egress, ingress] = directions;
  if (egress?.allowed === false && ingress?.allowed === false) return t('verdict.no-both', params);
  if (egress?.allowed === false) return t('verdict.no-egress', params);
  if (ingress?.allowed === false) return t('verdict.no-ingress', params);
  return t('verdict.no-common', params);
}

/** Why a direction is as it is: sentences of the analysis in English, the same facts in the other languages. */
export function reasonsOf(direction: DirectionView): readonly string[] {
  return locale.value === 'en' ? direction.steps : toldFacts(direction);
}

function nameOf({ namespace, name }: PolicyRef): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function ruleParams({ policy, rule, ruleName }: RuleRef): Readonly<Record<string, string | number>> {
  return { policy: nameOf(policy), rule: ruleName === undefined ? rule + 1 : `${rule + 1} (${ruleName})` };
}

function toldFacts(view: DirectionView): string[] {
  const { direction, subject, allowed, tier, isolatedBy, decidedBy, nearMisses, routes } = view;
  const way = t(`direction.${direction}`);
  const told: string[] = [];
  switch (tier) {
    case 'self':
      told.push(t('reason.self'));
      break;
    case 'node':
      told.push(t('reason.node'));
      break;
    case 'route':
      told.push(
        routes.length === 0
          ? t('reason.no-route')
          : t('reason.route', { routes: routes.map(nameOf).join(t('list.comma')) }),
      );
      break;
    case 'admin':
    case 'baseline':
      if (decidedBy !== null) {
        const verb = t(decidedBy.action === 'Deny' ? 'reason.denies' : 'reason.accepts');
        const params = { ...ruleParams(decidedBy), way, verb };
        told.push(tier === 'admin' ? t('reason.admin', params) : t('reason.baseline', params));
      }
      break;
    case 'default':
      told.push(t('reason.default', { subject, way }));
      break;
    case 'networkpolicy':
      told.push(t('reason.isolated', { subject, way, policies: isolatedBy.map(nameOf).join(t('list.comma')) }));
      if (decidedBy !== null) told.push(t('reason.admits', { ...ruleParams(decidedBy), way }));
      else if (!allowed && nearMisses.length === 0) told.push(t('reason.no-rule', { way }));
      break;
  }
  for (const { policy, rule, missed, message } of nearMisses) {
    told.push(
      t('reason.near', { policy: nameOf(policy), rule: rule + 1, way, missed: t(`missed.${missed}`), message }),
    );
  }
  return told;
}
