import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { folder, portcullis, SHOP, WRONG } from './run-main.ts';

const HEAD = 'apiVersion: portcullis.dev/v1\nkind: PolicyTest\nassertions:\n';
const RIGHT = `${HEAD}  - { from: shop/web, to: shop/cart, port: 7070, expect: allowed }\n`;
const FAILING = `${HEAD}  - { name: a <b> & "c", from: shop/web, to: shop/cart, port: 7070-7071, expect: denied }\n`;

const shop = folder(SHOP);
const specs = folder({ 'right.yaml': RIGHT, 'failing.yaml': FAILING, 'notes.txt': 'not read' });
const right = path.join(specs, 'right.yaml');
const failing = path.join(specs, 'failing.yaml');
const cart = path.join(shop, 'cart.yaml');

describe('test', () => {
  it('exits 0 when all assertions hold', async () => {
    expect(await portcullis(['test', '-f', shop, right])).toEqual({
      code: 0,
      stdout: `${right}\n  ok    shop/web -> shop/cart 7070 is allowed (1 pair)\n\n1 assertion: 1 holds; 1 pair judged\n`,
      stderr: '',
    });
  });

  it('exits 1 when one fails, and shows pair, port and rule', async () => {
    expect(await portcullis(['test', '-f', shop, specs])).toEqual({
      code: 1,
      stdout: `${failing}
  FAIL  a <b> & "c" (1 pair, 1 not as expected)
        ${failing}:4:5
        shop/web[Pod] -> shop/cart[Pod]: 7070/TCP is allowed
          ingress: rule 1 of shop/cart (${cart}:12:7) allows it

${right}
  ok    shop/web -> shop/cart 7070 is allowed (1 pair)

2 assertions: 1 holds, 1 fails; 2 pairs judged
`,
      stderr: '',
    });
  });

  it('reads the tests from standard input', async () => {
    expect((await portcullis(['test', '-f', shop, '-'], { stdin: RIGHT })).code).toBe(0);
    const both = await portcullis(['test', '-f', '-', '-'], { stdin: RIGHT });
    expect([both.code, both.stdout]).toEqual([2, '']);
    expect(both.stderr).toContain('cannot be both');
  });

  it('exits 2 with the place when a name means nothing, and judges nothing', async () => {
    const file = path.join(
      folder({ 't.yaml': `${RIGHT}  - { from: shop/wep, to: shop/*, expect: denied }\n` }),
      't.yaml',
    );
    const { code, stdout, stderr } = await portcullis(['test', '-f', shop, file]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe(`${file}:5:13: error: assertions[1].from: no pod, workload or node "shop/wep" in the input
  5 |   - { from: shop/wep, to: shop/*, expect: denied }
    |             ^^^^^^^^
  help: did you mean shop/web?
1 error
portcullis: error: the tests have errors, nothing was judged
`);
  });

  it.each<[string, string, RegExp]>([
    ['a file that is not there', 'nope.yaml', /cannot read .*nope\.yaml: no such file/],
    ['a manifest in place of a test', cart, /kind: is "NetworkPolicy", and must be PolicyTest/],
  ])('exits 2 for %s', async (_, spec, message) => {
    const { code, stdout, stderr } = await portcullis(['test', '-f', shop, spec]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  it('exits 2 for invalid manifests, and when there is no spec', async () => {
    expect((await portcullis(['test', '-f', folder({ 'wrong.yaml': WRONG }), right])).code).toBe(2);
    const { code, stderr } = await portcullis(['test', '-f', shop]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("missing required argument 'spec'")]);
  });

  it('names without a namespace are in that of -n', async () => {
    const stdin = `${HEAD}  - { from: web, to: cart, port: 7070, expect: allowed }\n`;
    expect((await portcullis(['test', '-f', shop, '-', '-n', 'shop'], { stdin })).code).toBe(0);
    expect((await portcullis(['test', '-f', shop, '-'], { stdin })).code).toBe(2);
  });

  it('-o json is a PolicyTestResult', async () => {
    const { code, stdout } = await portcullis(['test', '-f', shop, failing, '-o', 'json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      apiVersion: 'portcullis.dev/v1',
      kind: 'PolicyTestResult',
      passed: false,
      summary: { assertions: 1, passed: 0, failed: 1, pairs: 1 },
      assertions: [
        {
          title: 'a <b> & "c"',
          source: { file: failing, line: 4, column: 5 },
          counterexamples: [
            {
              from: 'shop/web[Pod]',
              to: 'shop/cart[Pod]',
              ports: [{ protocol: 'TCP', ranges: [[7070, 7070]] }],
              verdict: { port: 7070, ingress: { decidedBy: { rule: 0, source: { file: cart, line: 12 } } } },
            },
          ],
        },
      ],
    });
  });

  it('-o junit escapes what XML would take for its own', async () => {
    const { code, stdout } = await portcullis(['test', '-f', shop, failing, '-o', 'junit']);
    expect(code).toBe(1);
    expect(stdout).toContain('<testcase name="a &lt;b&gt; &amp; &quot;c&quot;"');
    expect(stdout).toContain('<testsuites name="portcullis" tests="1" failures="1" errors="0">');
    expect(stdout.match(/<(\w+)[^>]*[^/]>/g)?.length).toBe(stdout.match(/<\/\w+>/g)?.length);
  });

  it('-o tap numbers the assertions', async () => {
    const { code, stdout } = await portcullis(['test', '-f', shop, specs, '-o', 'tap']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^TAP version 14\n1\.\.2\nnot ok 1 - a <b> & "c"\n {2}---\n/);
    expect(stdout).toMatch(/\n {2}\.\.\.\nok 2 - shop\/web -> shop\/cart 7070 is allowed\n/);
  });
});

describe('the examples', () => {
  it('hold for the shop', async () => {
    expect((await portcullis(['test', '-f', 'examples/shop', 'examples/shop/tests'])).code).toBe(0);
    const ingress = ['test', '-f', 'examples/ingress', 'examples/ingress/tests'];
    expect((await portcullis([...ingress, '--ingress-controller', 'edge'])).code).toBe(0);
    expect((await portcullis([...ingress, '--ingress-controller', 'other'])).code).toBe(1);
  });

  it.each(['json', 'junit', 'tap'])('that fail, as %s', async (format) => {
    const { code, stdout, stderr } = await portcullis([
      'test',
      '-f',
      'examples/shop',
      'examples/shop-failing-tests/failing.yaml',
      '-o',
      format,
    ]);
    expect([code, stderr]).toEqual([1, '']);
    await expect(stdout).toMatchFileSnapshot(
      path.join(import.meta.dirname, `../golden/policy-tests/failing.${format}.txt`),
    );
  });

  it('name the schema that there is', () => {
    const file = 'examples/shop/tests/baseline.yaml';
    const [, schema = ''] = /\$schema=(\S+)/.exec(readFileSync(file, 'utf8')) ?? [];
    const { title } = JSON.parse(readFileSync(path.join(path.dirname(file), schema), 'utf8'));
    expect(title).toBe('PolicyTest');
  });
});
