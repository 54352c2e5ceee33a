import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { LINT_RULES } from '../../src/analysis/lint/index.ts';
import { folder, portcullis, SHOP, WRONG } from './run-main.ts';

/** A rule twice, and policyTypes left out. */
const TWICE = `${SHOP['cart.yaml'].replace('  policyTypes: [Ingress]\n', '')}    - from: # again
        - podSelector:
            matchLabels:
              app: web
      ports:
        - port: 7070
`;
const DENY = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: deny, namespace: shop }
spec: { podSelector: {}, policyTypes: [Ingress, Egress] }
`;
const files = { ...SHOP, 'cart.yaml': TWICE, 'deny.yaml': DENY };

describe('lint', () => {
  it('shows findings with their rule, and counts them', async () => {
    const root = folder(files);
    const cart = path.join(root, 'cart.yaml');
    expect(await portcullis(['lint', '-f', root])).toEqual({
      code: 1,
      stderr: '',
      stdout: `${cart}:6:1: info: spec: policyTypes is left out, which means Ingress: the default depends on the rules [policy-types-omitted]
  6 | spec:
    | ^^^^
  help: write policyTypes: [Ingress]
${cart}:17:7: warning: spec.ingress[1]: redundant, whatever pods there are: ingress rule 1 admits all that it does [redundant-rule]
  17 |     - from: # again
     |       ^^^^^^^^^^^^^
  help: without it the same connections are allowed
2 network policies checked: 1 warning, 1 note; 2 other objects read
`,
    });
  });

  it.each([
    [['--fail-on', 'error'], 0],
    [['--fail-on', 'warning'], 1],
    [['--fail-on', 'never'], 0],
    [['--select', 'policy-types-omitted'], 0],
    [['--select', 'policy-types-omitted', '--fail-on', 'info'], 1],
    [['--ignore', 'redundant-rule,policy-types-omitted', '--fail-on', 'info'], 0],
    [['-n', 'tools'], 0],
    [['-n', 'tools', '-A'], 1],
  ])('%j: exit code %i', async (flags, code) => {
    expect((await portcullis(['lint', '-f', folder(files), ...flags])).code).toBe(code);
  });

  it('an invalid policy is a finding, and what cannot be read is not judged', async () => {
    const wrong = await portcullis(['lint', '-f', folder({ ...files, 'wrong.yaml': WRONG }), '-o', 'json']);
    expect(wrong.code).toBe(1);
    const codes = JSON.parse(wrong.stdout).findings.map((one: { readonly code: string }) => one.code);
    expect(codes.filter((code: string) => code === 'invalid-input')).toHaveLength(2);
    expect(codes).toContain('unknown-field');
    expect((await portcullis(['lint', '-f', folder({ ...files, 'broken.yaml': 'a: [' })])).code).toBe(2);
    expect((await portcullis(['lint', '-f', path.join(folder(), 'none.yaml')])).code).toBe(2);
  });

  it('a CIDR that only newer servers refuse is judged as older ones read it', async () => {
    const text = SHOP['cart.yaml'].replace(
      /podSelector:\n {12}matchLabels:\n {14}app: web/,
      'ipBlock: {cidr: 192.0.2.1/24}',
    );
    const { stdout } = await portcullis(['lint', '-f', folder({ ...SHOP, 'cart.yaml': text }), '-o', 'json']);
    const codes = JSON.parse(stdout).findings.map((one: { readonly code: string }) => one.code);
    expect(codes).toContain('irregular-cidr');
    expect(codes).not.toContain('invalid-input');
    expect(codes).not.toContain('policy-selects-no-pod');
  });

  it('-o json is the Findings document, -o sarif describes the rules, -o md is a table', async () => {
    const root = folder(files);
    const json = JSON.parse((await portcullis(['lint', '-f', root, '-o', 'json'])).stdout);
    expect(json).toMatchObject({
      kind: 'Findings',
      findings: [
        { code: 'policy-types-omitted', severity: 'info', object: { name: 'cart' }, source: { line: 6, column: 1 } },
        { code: 'redundant-rule', severity: 'warning', path: 'spec.ingress[1]' },
      ],
    });
    const [run] = JSON.parse((await portcullis(['lint', '-f', root, '-o', 'sarif'])).stdout).runs;
    const summary = LINT_RULES.find(({ id }) => id === 'redundant-rule')?.summary;
    expect(run.tool.driver.rules[1]).toEqual({
      id: 'redundant-rule',
      shortDescription: { text: summary },
      defaultConfiguration: { level: 'warning' },
    });
    const { stdout } = await portcullis(['lint', '-f', root, '-o', 'md']);
    expect(stdout.split('\n').slice(0, 4)).toEqual([
      '**1 warning, 1 note**',
      '',
      '| | rule | where | finding |',
      '|---|---|---|---|',
    ]);
    expect(stdout).toContain('| ⚠️ | `redundant-rule` | `');
  });

  it('--list needs no input', async () => {
    const { code, stdout } = await portcullis(['lint', '--list']);
    expect([code, stdout.trimEnd().split('\n').length]).toEqual([0, LINT_RULES.length + 1]);
    expect(JSON.parse((await portcullis(['lint', '--list', '-o', 'json'])).stdout)).toMatchObject({
      rules: LINT_RULES,
    });
  });

  it('names a near rule for one that does not exist', async () => {
    const { code, stderr } = await portcullis(['lint', '-f', 'x', '--select', 'redundant-rules']);
    expect(code).toBe(2);
    expect(stderr).toContain('did you mean redundant-rule');
  });
});

describe('lint configuration', () => {
  const withConfig = (config: string): string => folder({ ...files, '.portcullis.yaml': config });
  const linted = async (config: string, ...flags: readonly string[]): Promise<string[]> => {
    const root = withConfig(config);
    const named = ['--config', path.join(root, '.portcullis.yaml')];
    const { stdout } = await portcullis(['lint', '-f', root, '-o', 'json', ...named, ...flags]);
    return JSON.parse(stdout).findings.map(({ code, severity }: Record<string, string>) => `${severity} ${code}`);
  };

  it.each([
    ['lint: { ignore: [policy-types-omitted] }', ['warning redundant-rule']],
    ['lint: { select: redundant-rule }', ['warning redundant-rule']],
    ['lint: { severity: { redundant-rule: error, policy-types-omitted: off } }', ['error redundant-rule']],
    ['lint: { exceptions: [{ rules: [redundant-*], names: [cart], reason: known }] }', ['info policy-types-omitted']],
    ['', ['info policy-types-omitted', 'warning redundant-rule']],
  ])('%s', async (config, expected) => {
    expect(await linted(config)).toEqual(expected);
  });

  it('the command line has the last word', async () => {
    expect(await linted('lint: { ignore: [redundant-rule] }', '--select', 'redundant-rule')).toEqual([
      'warning redundant-rule',
    ]);
  });

  it('fails on what the configuration says', async () => {
    const root = withConfig('lint: { failOn: error }');
    const config = ['--config', path.join(root, '.portcullis.yaml')];
    expect((await portcullis(['lint', '-f', root, ...config])).code).toBe(0);
    expect((await portcullis(['lint', '-f', root, ...config, '--fail-on', 'info'])).code).toBe(1);
  });

  it('is looked for from the working directory upward', async () => {
    const root = folder({ '.portcullis.yaml': 'lint: { select: [duplicate-policy] }', 'a/b/cart.yaml': TWICE });
    const cwd = vi.spyOn(process, 'cwd').mockReturnValue(path.join(root, 'a/b'));
    const { code, stdout } = await portcullis(['lint', '-f', path.join(root, 'a/b/cart.yaml'), '--fail-on', 'info']);
    cwd.mockRestore();
    expect([code, stdout]).toEqual([0, '1 network policy checked: no findings\n']);
  });

  it.each([
    ['lint: { ignored: [] }', 'unknown field lint.ignored'],
    ['lints: {}', 'did you mean lint?'],
    ['lint: { ignore: [redundant] }', 'there is no lint rule "redundant"'],
    ['lint: { severity: { redundant-rule: high } }', 'lint.severity.redundant-rule must be one of'],
    ['lint: { failOn: always }', 'lint.failOn must be one of'],
    ['lint: { exceptions: [{}] }', 'lint.exceptions[0] must be'],
    ['lint: { exceptions: {} }', 'lint.exceptions must be a list'],
    ['lint: { select: 7 }', 'lint.select must be text'],
    ['- lint', 'the configuration is a mapping'],
    ['lint: [', '.portcullis.yaml: '],
  ])('%s is refused', async (config, message) => {
    const root = withConfig(config);
    const { code, stderr } = await portcullis(['lint', '-f', root, '--config', path.join(root, '.portcullis.yaml')]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('lint --fix', () => {
  const FIXED = SHOP['cart.yaml']
    .replace('  policyTypes: [Ingress]\n', '')
    .replace('spec:\n', 'spec:\n  policyTypes: [Ingress]\n');

  it('writes the files that change, and shows what is left', async () => {
    const swapped = (text: string): string =>
      text.replaceAll(/app: (cart|web)/g, (_, app) => `app: ${app === 'web' ? 'cart' : 'web'}`);
    const other = (text: string): string => `\ufeff${swapped(text).replace('name: cart', 'name: web')}`;
    const root = folder({ ...files, 'bom.yaml': other(TWICE) });
    const cart = path.join(root, 'cart.yaml');
    const bom = path.join(root, 'bom.yaml');
    const { code, stdout, stderr } = await portcullis(['lint', '-f', root, '--fix']);
    expect([code, stdout]).toEqual([0, '3 network policies checked: no findings; 2 other objects read\n']);
    expect(stderr).toBe(`${bom}: 2 fixes\n${cart}: 2 fixes\n`);
    expect(readFileSync(cart, 'utf8')).toBe(FIXED);
    expect(readFileSync(bom, 'utf8')).toBe(other(FIXED));
  });

  it('--dry-run writes nothing and prints the difference', async () => {
    const root = folder({ 'cart.yaml': TWICE, 'pods.yaml': SHOP['pods.yaml'] });
    const cart = path.join(root, 'cart.yaml');
    const { code, stdout, stderr } = await portcullis(['lint', '-f', cart, '--fix', '--dry-run']);
    expect(code).toBe(1);
    expect(stdout.split('\n').slice(2, 11)).toEqual([
      '@@ -4,6 +4,7 @@',
      '   name: cart',
      '   namespace: shop',
      ' spec:',
      '+  policyTypes: [Ingress]',
      '   podSelector:',
      '     matchLabels:',
      '       app: cart',
      '@@ -14,9 +15,3 @@',
    ]);
    expect(stderr).toContain('[redundant-rule]');
    expect(readFileSync(cart, 'utf8')).toBe(TWICE);
  });

  it.each(['there', 'elsewhere'])('--dry-run can be applied: files that are %s', async (where) => {
    const root = folder({ 'cart.yaml': TWICE });
    const before = process.cwd();
    let diff: string;
    try {
      if (where === 'there') process.chdir(root);
      const named = where === 'there' ? './cart.yaml' : path.join(root, 'cart.yaml');
      diff = (await portcullis(['lint', '-f', named, '--fix', '--dry-run'])).stdout;
    } finally {
      process.chdir(before);
    }
    expect(diff).toMatch(/^--- a\/[^/.]/);
    execFileSync('git', ['apply'], { input: diff, cwd: where === 'there' ? root : '/' });
    expect(readFileSync(path.join(root, 'cart.yaml'), 'utf8')).toBe(FIXED);
  });

  it('of standard input prints the text, fixed or not', async () => {
    const fixed = await portcullis(['lint', '-f', '-', '--fix'], { stdin: TWICE });
    expect([fixed.code, fixed.stdout]).toEqual([0, FIXED]);
    const right = await portcullis(['lint', '-f', '-', '--fix'], { stdin: DENY });
    expect(right.stdout).toBe(DENY);
  });

  it('leaves a file alone that is not UTF-8', async () => {
    const root = folder(SHOP);
    const file = path.join(root, 'cart.yaml');
    const bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(TWICE, 'utf16le')]);
    writeFileSync(file, bytes);
    expect((await portcullis(['lint', '-f', root, '--fix'])).stdout).toContain('[redundant-rule]');
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  it('--dry-run alone means nothing', async () => {
    expect((await portcullis(['lint', '-f', 'x', '--dry-run'])).code).toBe(2);
  });
});
