import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { speak } from '../../../src/model/say.ts';
import { readExamples } from '../../../src/server/input/examples.ts';
import type { PolicyForm } from '../editor/form.ts';
import type { SourceFile } from './protocol.ts';
import { Workbench } from './workbench.ts';

afterEach(() => speak());

const EXAMPLES = readExamples(path.join(import.meta.dirname, '../../../examples'));
const TEST = 'apiVersion: portcullis.dev/v1\nkind: PolicyTest\nassertions:\n';
/** Pairs of one example that are asked about. */
const PAIRS = 120;

/** Three English words behind one another: names, fields and labels are fewer. */
const ENGLISH = /\b[a-z]{2,}(?:,? [a-z]{2,}){2,}/i;
const HAN = /\p{Script=Han}/u;

/** A selector of labels: `app in (a, b)`. */
const SELECTOR = /\S+ (?:not)?in \([^)]*\)/g;
/** The API server speaks English. */
const OF_SERVER = /^(?:Invalid value|Required value|Unsupported value|unknown field)\b/;

function english(texts: readonly string[]): string[] {
  return texts.filter((text) => !OF_SERVER.test(text) && ENGLISH.test(text.replace(SELECTOR, '')));
}

describe('on a page in Chinese', () => {
  test('there are examples', () => expect(EXAMPLES.length).toBeGreaterThan(20));

  test.each(EXAMPLES.map(({ name, files }) => ({ name, files })))('$name is told in Chinese', async ({ files }) => {
    const sources = files.map(({ name, text }): SourceFile => ({ name, content: text }));
    const bench = new Workbench();
    await bench.language({ locale: 'zh' });
    const { endpoints, problems } = bench.open({ files: sources });
    const findings = bench.lint();
    const told = [...problems, ...findings].flatMap(({ message, help = '' }) => [message, help]);
    expect(english(told)).toEqual([]);
    expect(english(findings.map(({ title }) => title))).toEqual([]);
    expect(findings.filter(({ message }) => !HAN.test(message) && !OF_SERVER.test(message))).toEqual([]);

    const names = endpoints.map(({ typed }) => typed);
    const pairs = names.flatMap((from) => names.map((to) => [from, to] as const));
    const every = Math.max(1, Math.ceil(pairs.length / PAIRS));
    for (const [at, [from, to]] of pairs.entries()) {
      if (at % every !== 0) continue;
      for (const port of ['', '80', '1/UDP', 'http']) {
        const verdict = bench.verdict({ from, to, port });
        const texts =
          'error' in verdict
            ? [verdict.error]
            : [
                ...verdict.directions.flatMap(({ steps, cites }) => [...steps, ...cites.map(({ note }) => note)]),
                ...verdict.flip,
                ...verdict.notes,
              ];
        expect({ from, to, port, english: english(texts) }).toEqual({ from, to, port, english: [] });
        expect(texts.filter((text) => !HAN.test(text) && !text.startsWith('Service '))).toEqual([]);
      }
    }
  });

  test.each([
    ['broken YAML', 'kind: Pod\n\tmetadata: {}\n'],
    ['a value of the wrong type', 'apiVersion: v1\nkind: Pod\nmetadata: { name: yes }\n'],
    ['no object', '- 1\n'],
    ['broken JSON', '{ "kind": "Pod" "metadata": {} }'],
    ['octal', 'apiVersion: v1\nkind: Pod\nmetadata: { name: a, labels: { a: 010 } }\n'],
  ])('%s is told in Chinese', async (_, content) => {
    const bench = new Workbench();
    await bench.language({ locale: 'zh' });
    const { problems } = bench.open({ files: [{ name: content.startsWith('{') ? 'a.json' : 'a.yaml', content }] });
    expect(problems.length).toBeGreaterThan(0);
    expect(english(problems.flatMap(({ message, help = '' }) => [message, help]))).toEqual([]);
  });

  test('assertions without a name say themselves in Chinese, and what is wrong with tests too', async () => {
    const shop = EXAMPLES.find(({ name }) => name === 'shop')?.files ?? [];
    const bench = new Workbench();
    await bench.language({ locale: 'zh' });
    const judged = (...assertions: readonly string[]) => {
      const content = `${TEST}${assertions.map((one) => `- ${one}\n`).join('')}`;
      bench.open({ files: [...shop.map(({ name, text }) => ({ name, content: text })), { name: 't.yaml', content }] });
      return bench.tests();
    };
    const { results } = judged(
      '{ from: internet, to: shop/deploy/cart, port: 7070, expect: denied }',
      '{ from: "*/*", to: { podSelector: { matchLabels: { app: cart } }, namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: shop } } }, family: IPv4, expect: allowed, except: { from: shop/* } }',
      '{ name: Own name, from: internet, to: shop/deploy/cart, expect: denied }',
    );
    expect(results.slice(-3).map(({ title }) => title)).toEqual([
      'internet -> shop/deploy/cart 7070 应当拒绝',
      '*/* -> 带 kubernetes.io/metadata.name=shop 的命名空间中的 Pod app=cart 应当允许（IPv4）（来自 shop/* 除外）',
      'Own name',
    ]);
    const { problems } = judged(
      '{ from: a, to: b, ports: 80, protocol: TCP, description: x, expect: denied, except: { namespace: a } }',
      '{ from: { matchLabels: {} }, to: b, expect: denied }',
    );
    const helps = problems.flatMap(({ help = '' }) => (help === '' ? [] : [help]));
    expect(helps).toHaveLength(5);
    expect(helps.filter((help) => !HAN.test(help))).toEqual([]);
  });

  test('what is wrong with a form is told in Chinese', async () => {
    const bench = new Workbench();
    await bench.language({ locale: 'zh' });
    const wrong = (form: Partial<PolicyForm>) => {
      const whole = { name: 'a', namespace: 'b', pods: '', ingress: null, egress: null, ...form };
      return bench.writeForm({ form: whole }).problems.map(({ message }) => message);
    };
    expect(wrong({})).toEqual(['请选择入站、出站或两者']);
    const ports = [{ peers: [], ports: '80/ICMP, 9-7' }];
    const told = [...wrong({ pods: 'app=', ingress: ports }), ...wrong({ pods: 'a=b,' }), ...wrong({ pods: '(' })];
    expect(told.length).toBeGreaterThan(4);
    expect(told.filter((message) => !HAN.test(message))).toEqual([]);
  });

  test.each([
    [
      'NetworkPolicy',
      'ingress: [{ to: [], ports: [{ targetPort: 80 }], from: [{ ports: [] }] }], egress: [{ from: [] }]',
      4,
    ],
    [
      'ClusterNetworkPolicy',
      'tier: Admin, priority: 1, subject: { namespaces: {} }, ingress: [{ to: [], action: Deny, from: [{ networks: [] }] }]',
      2,
    ],
  ])('hints about the fields of a %s are told in Chinese', async (kind, spec, count) => {
    const version = kind === 'NetworkPolicy' ? 'networking.k8s.io/v1' : 'policy.networking.k8s.io/v1alpha2';
    const content = `apiVersion: ${version}\nkind: ${kind}\nmetadata: { name: a }\nspec: { ${spec} }\n`;
    const bench = new Workbench();
    await bench.language({ locale: 'zh' });
    const { problems } = bench.open({ files: [{ name: 'a.yaml', content }] });
    const helps = problems.flatMap(({ help = '' }) => (help === '' ? [] : [help]));
    expect(helps.length).toBeGreaterThanOrEqual(count);
    expect(helps.filter((help) => !HAN.test(help))).toEqual([]);
  });

  test('what the API server says is left as it says it', async () => {
    const content =
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: a }\nspec: { podSelector: {}, ingress: [{ ports: [{ port: 0 }] }] }\n';
    const bench = new Workbench();
    await bench.language({ locale: 'zh' });
    expect(bench.open({ files: [{ name: 'a.yaml', content }] }).problems.map(({ message }) => message)).toEqual([
      'Invalid value: 0: must be between 1 and 65535, inclusive',
    ]);
  });

  test('another language says all anew, and changes nothing else', async () => {
    const shop = EXAMPLES.find(({ name }) => name === 'poor')?.files ?? [];
    const bench = new Workbench();
    const first = bench.open({ files: shop.map(({ name, text }) => ({ name, content: text })) });
    const findings = bench.lint();
    const chinese = await bench.language({ locale: 'zh' });
    expect(bench.lint().map(({ code }) => code)).toEqual(findings.map(({ code }) => code));
    expect(bench.lint()).not.toEqual(findings);
    expect([chinese.revision > first.revision, chinese.changes]).toEqual([true, first.changes]);
    await bench.language({ locale: 'en' });
    expect(bench.lint()).toEqual(findings);
  });
});
