import { expect, test } from 'vitest';
import { flowOf } from '../../test/support/flows.ts';
import { decode, decodePolicy, pod, policy } from '../../test/support/manifests.ts';
import { formatPath, type ObjectSource } from '../model/source.ts';
import { buildState } from './build.ts';
import { PolicyIndex } from './compiled/policy-index.ts';
import { evaluate } from './reference.ts';

/** A text in which the fields of a policy stand at known lines; `asked` collects what was looked up. */
function sourceAt(lines: Readonly<Record<string, number>>): ObjectSource & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    file: 'cart.yaml',
    start: { file: 'cart.yaml', line: 1, column: 1 },
    asked,
    locate: (path) => {
      const text = formatPath(path);
      asked.push(text);
      return { file: 'cart.yaml', line: lines[text] ?? 0, column: 7, length: 1, lineText: '' };
    },
  };
}

const cart = policy('shop/cart', {
  podSelector: { matchLabels: { app: 'cart' } },
  ingress: [{ from: [{ podSelector: { matchLabels: { app: 'frontend' } } }], ports: [{ port: 7070 }] }],
});
const pods = [
  pod('shop/cart', { labels: { app: 'cart' }, ips: ['10.0.0.1'] }),
  pod('shop/frontend', { labels: { app: 'frontend' }, ips: ['10.0.0.2'] }),
].map((manifest) => decode(manifest));

const plainRef = { kind: 'NetworkPolicy', namespace: 'shop', name: 'cart' };
const start = { file: 'cart.yaml', line: 1, column: 1 };

test('a denial is plain JSON, in the shape that `can -o json` prints', () => {
  const source = sourceAt({ 'spec.ingress[0].ports[0]': 14 });
  const state = buildState([...pods, decodePolicy(cart, source)]);
  const flow = flowOf(state, 'shop/frontend', 'shop/cart', '8080/TCP');
  for (const verdict of [evaluate(state, flow), new PolicyIndex(state).verdict(flow)]) {
    expect(JSON.parse(JSON.stringify(verdict))).toStrictEqual({
      allowed: false,
      family: 'IPv4',
      egress: { allowed: true, tier: 'default', decidedBy: null, isolatedBy: [], nearMisses: [] },
      ingress: {
        allowed: false,
        tier: 'networkpolicy',
        decidedBy: null,
        isolatedBy: [{ ...plainRef, source: start }],
        nearMisses: [
          {
            policy: { ...plainRef, source: start },
            rule: 0,
            peer: 0,
            missed: 'port',
            message: 'allows 7070/TCP, not 8080/TCP',
            source: { file: 'cart.yaml', line: 14, column: 7 },
          },
        ],
      },
    });
  }
});

test('an admission names the rule, its peer and port', () => {
  const source = sourceAt({ 'spec.ingress[0]': 9 });
  const state = buildState([...pods, decodePolicy(cart, source)]);
  const flow = flowOf(state, 'shop/frontend', 'shop/cart', '7070/TCP');
  for (const verdict of [evaluate(state, flow), new PolicyIndex(state).verdict(flow)]) {
    expect(JSON.parse(JSON.stringify(verdict.ingress))).toStrictEqual({
      allowed: true,
      tier: 'networkpolicy',
      decidedBy: {
        policy: { ...plainRef, source: start },
        rule: 0,
        peer: 0,
        port: 0,
        action: 'Allow',
        source: { file: 'cart.yaml', line: 9, column: 7 },
      },
      isolatedBy: [{ ...plainRef, source: start }],
      nearMisses: [],
    });
  }
});

test('without a text there are no positions, and open rules have no peer or port', () => {
  const open = policy('shop/open', { podSelector: {}, ingress: [{}] });
  const state = buildState([...pods, decodePolicy(open)]);
  const { ingress } = evaluate(state, flowOf(state, 'shop/frontend', 'shop/cart', '7070/TCP'));
  expect(JSON.parse(JSON.stringify(ingress))).toStrictEqual({
    allowed: true,
    tier: 'networkpolicy',
    decidedBy: { policy: { ...plainRef, name: 'open' }, rule: 0, peer: null, port: null, action: 'Allow' },
    isolatedBy: [{ ...plainRef, name: 'open' }],
    nearMisses: [],
  });
});

test('positions are looked up when they are read, once', () => {
  const source = sourceAt({});
  const state = buildState([...pods, decodePolicy(cart, source)]);
  const verdict = evaluate(state, flowOf(state, 'shop/frontend', 'shop/cart', '8080/TCP'));
  expect(source.asked).toEqual([]);
  JSON.stringify(verdict);
  JSON.stringify(verdict);
  expect(source.asked).toEqual(['spec.ingress[0].ports[0]']);
});
