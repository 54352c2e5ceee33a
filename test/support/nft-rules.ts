/** Reads rules in the words that `render` writes. */

import { KernelError } from '../../src/agent/kernel/kernel.ts';
import { PORT_PROTOCOLS, type PortProtocol, type PortRange } from '../../src/net/port-set.ts';
import type { Action, CtState, IpVersion, Match, Rule, Side, Verdict } from '../../src/nft/index.ts';

function unknown(text: string): never {
  throw new KernelError('foreign', `a rule that Portcullis does not write: ${text}`);
}

const REFUSAL: readonly string[] = [
  'meta l4proto tcp reject with tcp reset',
  'meta l4proto { udp, sctp } reject with icmpx port-unreachable',
  'reject with icmpx admin-prohibited',
];

/** The rules that the lines of a chain are. @throws KernelError of code `foreign` */
export function parseRules(lines: readonly string[]): Rule[] {
  const rules: Rule[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (line.endsWith(REFUSAL[0] ?? '')) {
      const before = line.slice(0, line.length - (REFUSAL[0]?.length ?? 0));
      if (REFUSAL.some((text, step) => lines[at + step] !== `${before}${text}`)) unknown(line);
      rules.push({ matches: conditions(before).matches, action: { kind: 'reject' } });
      at += REFUSAL.length - 1;
    } else {
      const { matches, rest } = conditions(line);
      rules.push({ matches, action: actionOf(rest) });
    }
  }
  return rules;
}

const CONDITIONS: readonly (readonly [RegExp, (...groups: string[]) => Match])[] = [
  [/^meta nfproto ipv([46]) /, (version) => ({ type: 'version', version: versionOf(version) })],
  [/^ct state (\S+) /, (states = '') => ({ type: 'ct-state', states: states.split(',') as CtState[] })],
  [/^(ip6?) saddr \. ip6? daddr @(\S+) /, (family, set = '') => ({ type: 'pair', version: versionOf(family), set })],
  [
    /^(ip6?) ([sd]addr) != @(\S+) /,
    (family, side, set = '') => ({ type: 'address', side: side as Side, version: versionOf(family), set, not: true }),
  ],
  [
    /^(ip6?) ([sd]addr) @(\S+) /,
    (family, side, set = '') => ({ type: 'address', side: side as Side, version: versionOf(family), set }),
  ],
  [
    /^(tcp|udp|sctp) dport (\{ [^}]* \}|\S+) /,
    (protocol, ports = '') => ({ type: 'port', protocol: protocolOf(protocol), ranges: rangesOf(ports) }),
  ],
  [
    /^meta l4proto (tcp|udp|sctp) (?!reject)/,
    (protocol) => ({ type: 'port', protocol: protocolOf(protocol), ranges: null }),
  ],
  [/^meta l4proto != \{ tcp, udp, sctp \} /, () => ({ type: 'other-protocol' })],
  [/^icmpv6 type 133-137 /, () => ({ type: 'neighbour-discovery' })],
  [/^tcp flags & \(fin \| syn \| rst \| ack\) != syn /, () => ({ type: 'mid-stream' })],
];

function conditions(line: string): { matches: Match[]; rest: string } {
  const matches: Match[] = [];
  let rest = line;
  for (;;) {
    const step = CONDITIONS.map(([pattern, make]) => ({ found: pattern.exec(rest), make })).find(
      ({ found }) => found !== null,
    );
    if (step?.found == null) return { matches, rest };
    matches.push(step.make(...step.found.slice(1)));
    rest = rest.slice(step.found[0].length);
  }
}

function actionOf(text: string): Action {
  if (text === 'counter') return { kind: 'count' };
  const vmap = /^(ip6?) ([sd]addr) vmap @(\S+)$/.exec(text);
  if (vmap !== null) {
    const [, family, side, map = ''] = vmap;
    return { kind: 'vmap', side: side as Side, version: versionOf(family), map };
  }
  const log =
    /^update @(\S+) \{ (ip6?) ([sd]addr) counter limit rate (\d+)\/second burst (\d+) packets \} log prefix "([^"]*)" group (\d+)$/.exec(
      text,
    );
  if (log === null) return parseVerdict(text);
  const [, meter = '', family, side, rate, burst, prefix = '', group] = log;
  return {
    kind: 'log',
    side: side as Side,
    version: versionOf(family),
    meter,
    group: Number(group),
    prefix,
    ratePerSecond: Number(rate),
    burst: Number(burst),
  };
}

/** @throws KernelError of code `foreign` */
export function parseVerdict(text: string): Verdict {
  const [kind = '', chain] = text.split(' ');
  if ((kind === 'jump' || kind === 'goto') && chain !== undefined) return { kind, chain };
  if (chain === undefined && (kind === 'accept' || kind === 'drop' || kind === 'return')) return { kind };
  return unknown(text);
}

function versionOf(text: string | undefined): IpVersion {
  return text === '6' || text === 'ip6' ? 6 : 4;
}

function protocolOf(text: string | undefined): PortProtocol {
  return PORT_PROTOCOLS.find((protocol) => protocol.toLowerCase() === text) ?? unknown(text ?? '');
}

function rangesOf(text: string): PortRange[] {
  return text
    .replace(/^\{ (.*) \}$/, '$1')
    .split(', ')
    .map((range) => {
      const [first, last = first] = range.split('-');
      return [Number(first), Number(last)];
    });
}
