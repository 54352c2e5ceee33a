import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lintText } from '../../../test/support/lint.ts';
import { effort } from '../../../test/support/property.ts';
import { applyFixes } from './apply-fixes.ts';
import type { ObjectFix } from './finding.ts';

function fixesOf(text: string): readonly ObjectFix[] {
  return lintText(text).findings.flatMap(({ fix }) => fix ?? []);
}

function fixed(text: string): string {
  return applyFixes('input.yaml', text, fixesOf(text)).text;
}

const HEAD = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: cart }
`;

const CASES: readonly (readonly [what: string, before: string, after: string])[] = [
  [
    'policyTypes before the first field, above its comment',
    `${HEAD}spec:\n  # all of them\n  podSelector: {} # yes\n  ingress: []\n`,
    `${HEAD}spec:\n  policyTypes: [Ingress]\n  # all of them\n  podSelector: {} # yes\n  ingress: []\n`,
  ],
  [
    'policyTypes with egress, deeper indentation and Windows line ends',
    `${HEAD}spec:\n      egress:\n      - ports:\n        - port: 53\n      podSelector: {}\n`.replaceAll('\n', '\r\n'),
    `${HEAD}spec:\n      policyTypes: [Ingress, Egress]\n      egress:\n      - ports:\n        - port: 53\n      podSelector: {}\n`.replaceAll(
      '\n',
      '\r\n',
    ),
  ],
  [
    'policyTypes in flow style',
    `${HEAD}spec: {podSelector: {}, ingress: []} # short\n`,
    `${HEAD}spec: {policyTypes: [Ingress], podSelector: {}, ingress: []} # short\n`,
  ],
  ['policyTypes in an empty mapping', `${HEAD}spec: {}\n`, `${HEAD}spec: {policyTypes: [Ingress]}\n`],
  [
    'policyTypes in JSON',
    '{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"a"},"spec":{"podSelector":{}}}\n',
    '{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"a"},"spec":{"policyTypes":["Ingress"],"podSelector":{}}}\n',
  ],
  [
    'policyTypes in JSON with lines',
    '{\n  "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "a" },\n  "spec": {\n    "podSelector": {}\n  }\n}\n',
    '{\n  "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "a" },\n  "spec": {\n    "policyTypes": ["Ingress"],\n    "podSelector": {}\n  }\n}\n',
  ],
  [
    'CIDRs, quoted as they were',
    `${HEAD}spec:\n  podSelector: {}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - ipBlock: { cidr: 192.0.2.1/24 } # lab\n        - ipBlock:\n            cidr: '198.51.100.7/24'\n            except: ["198.51.100.9/25"]\n        - ipBlock: { cidr: 2001:DB8::1/32 }\n`,
    `${HEAD}spec:\n  podSelector: {}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - ipBlock: { cidr: 192.0.2.0/24 } # lab\n        - ipBlock:\n            cidr: '198.51.100.0/24'\n            except: ["198.51.100.0/25"]\n        - ipBlock: { cidr: 2001:db8::/32 }\n`,
  ],
  [
    'entries and rules that others cover, with the lines that are theirs',
    `${HEAD}spec:\n  podSelector: {}\n  policyTypes: [Ingress]\n  ingress:\n    # first\n    - ports:\n        - port: 80\n\n        # again\n        - port: 80 # twice\n    # second\n    - ports:\n        - port: 80\n          # deep\n          protocol: TCP\n\n    # third\n    - ports: [{ port: 81 }, { port: 81 }, { port: 82 }]\n`,
    `${HEAD}spec:\n  podSelector: {}\n  policyTypes: [Ingress]\n  ingress:\n    # first\n    - ports:\n        - port: 80\n\n        # again\n    # second\n\n    # third\n    - ports: [{ port: 81 }, { port: 82 }]\n`,
  ],
  [
    'the last of a flow list',
    `${HEAD}spec: { podSelector: {}, policyTypes: [Ingress], ingress: [{ ports: [{ port: 80 }, { port: 80 }] }] }\n`,
    `${HEAD}spec: { podSelector: {}, policyTypes: [Ingress], ingress: [{ ports: [{ port: 80 }] }] }\n`,
  ],
];

describe('fixes', () => {
  test.each(CASES)('%s', (_, before, after) => {
    expect(fixed(before)).toBe(after);
  });

  test.each(CASES)('%s: what is fixed needs no fix', (_, _before, after) => {
    expect(fixesOf(after)).toEqual([]);
  });

  test('what an alias stands for is left alone', () => {
    const text = `${HEAD}spec:\n  podSelector: {}\n  policyTypes: [Ingress]\n  ingress:\n    - ports:\n        - &http { port: 80 }\n        - *http\n    - ports: [*http, { port: 82 }]\n`;
    const { text: after } = applyFixes('input.yaml', text, fixesOf(text));
    expect(lintText(after).findings.filter(({ code }) => code === 'invalid-input')).toEqual([]);
    expect(after).toContain('&http { port: 80 }');
  });

  test('a text that is not the one that was read is left alone', () => {
    const [, before] = CASES[0] ?? ['', ''];
    const fixes = fixesOf(before);
    const other = before.replaceAll('  ', '   ');
    expect(applyFixes('input.yaml', other, fixes)).toEqual({ text: other, edits: [], applied: [] });
    expect(applyFixes('other.yaml', before, fixes).applied).toEqual([]);
  });

  test('lines that are not part of a fix keep their bytes', () => {
    const port = fc.constantFrom(
      '{ port: 80 }',
      'port: 80',
      '{ port: 80, protocol: TCP }',
      'port: 443',
      'protocol: UDP',
    );
    const comment = fc.constantFrom('', ' # a', '   # b: {', "  # 'c");
    const line = fc.tuple(port, comment).map(([text, remark]) => `        - ${text}${remark}`);
    const rule = fc
      .tuple(
        fc.constantFrom('    - ports:', '    - ports: # of\n        # them'),
        fc.array(line, { minLength: 1, maxLength: 4 }),
      )
      .map(([first, lines]) => [first, ...lines].join('\n'));
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), (rules) => {
        const text = `${HEAD}spec:\n  podSelector: {}\n  policyTypes: [Ingress]\n  ingress:\n${rules.join('\n')}\n`;
        const { text: after, edits } = applyFixes('input.yaml', text, fixesOf(text));
        const kept = after.split('\n');
        let at = 0;
        // What is left is the old text with lines taken out, in order.
        for (const old of text.split('\n')) if (old === kept[at]) at++;
        expect(at).toBe(kept.length);
        expect(text.length - after.length).toBe(edits.reduce((sum, { start, end }) => sum + end - start, 0));
        expect(fixesOf(after)).toEqual([]);
      }),
      effort(150),
    );
  });
});
