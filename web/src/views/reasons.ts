import { t } from '../i18n/index.ts';
import { fewPorts } from '../ui/Ports.tsx';
import type { VerdictView } from '../worker/protocol.ts';

/** The answer in one sentence. */
export function answerSentence(verdict: Exclude<VerdictView, { error: string }>): string {
  const { from, to, port, allowed, openPorts, directions } = verdict;
  const params = { from, to, port: port === '' ? t('verdict.any-port') : port, ports: fewPorts(openPorts ?? '') };
  if (directions.length === 0) return t('verdict.nothing', params);
  if (allowed) return t(openPorts === undefined || port !== '' ? 'verdict.yes' : 'verdict.yes-on', params);
  const [egress, ingress] = directions;
  if (egress?.allowed === false && ingress?.allowed === false) return t('verdict.no-both', params);
  if (egress?.allowed === false) return t('verdict.no-egress', params);
  if (ingress?.allowed === false) return t('verdict.no-ingress', params);
  return t('verdict.no-common', params);
}
