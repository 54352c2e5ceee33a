import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { folder, portcullis, SHOP } from './run-main.ts';

const FILES = ':0';
const NO_FILES = ':4';

async function complete(
  ...words: string[]
): Promise<{ readonly values: string[]; readonly directive: string | undefined }> {
  const { code, stdout, stderr } = await portcullis(['complete', '--', ...words]);
  expect([code, stderr]).toEqual([0, '']);
  const lines = stdout.trimEnd().split('\n');
  return { values: lines.slice(0, -1).map((line) => line.split('\t')[0] ?? ''), directive: lines.at(-1) };
}

describe('scripts', () => {
  it.each(['bash', 'zsh', 'fish', 'powershell'])('%s', async (shell) => {
    const { code, stdout } = await portcullis(['completion', shell]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/portcullis complete/);
  });
});

describe('candidates', () => {
  const shop = folder(SHOP);
  const kubeconfig = path.join(folder({ config: 'contexts: [{name: one}, {name: two}]\n' }), 'config');

  it.each<[readonly string[], readonly string[], string]>([
    [[''], [...new Set(COMMANDS.map(({ name }) => name.split(' ')[0] ?? ''))], NO_FILES],
    [['lab', ''], ['up', 'probe', 'status', 'exec', 'flows', 'down'], NO_FILES],
    [['lab', 'up', '--no'], ['--nodes', '--no-color', '--no-headers'], NO_FILES],
    [['lab', 'probe', '--by', ''], ['workload', 'pod'], NO_FILES],
    [['lab', 'up', '-f', ''], [], FILES],
    [['c'], ['can', 'completion'], NO_FILES],
    [['nonsense', ''], [], NO_FILES],
    [['completion', ''], ['bash', 'zsh', 'fish', 'powershell'], NO_FILES],
    [['completion', 'bash', ''], [], NO_FILES],
    [['test', '-o', ''], ['text', 'json', 'junit', 'tap'], NO_FILES],
    [['reach', '--output=m'], ['matrix', 'md', 'mermaid'], NO_FILES],
    [['reach', '--by', ''], ['workload', 'pod'], NO_FILES],
    [['reach', '--kubeconfig', kubeconfig, '--context', ''], ['one', 'two'], NO_FILES],
    [['reach', '--kubeconfig', shop, '--context', ''], [], NO_FILES],
    [['reach', '--fr'], ['--from'], NO_FILES],
    [['reach', '-f', ''], [], FILES],
    [['test', ''], [], FILES],
    [['test', 'one.yaml', ''], [], FILES],
    [['exposure', '--direction', ''], ['ingress', 'egress'], NO_FILES],
    [['can', '-f', shop, ''], ['shop/cart', 'shop/web', 'internet', 'ingress-controller'], NO_FILES],
    [['can', '-f', shop, 'shop/web', ''], ['shop/cart', 'shop/web', 'internet'], NO_FILES],
    [['can', '-f', shop, '--ingress-controller', ''], ['shop', 'shop/cart', 'shop/web'], NO_FILES],
    [['can', `--filename=${shop}`, 'shop/web', 'i'], ['internet'], NO_FILES],
    [['can', `--filename=${shop}`, 'i'], ['internet', 'ingress-controller'], NO_FILES],
    [['can', '-f', shop, 'a', 'b', ''], [], NO_FILES],
    [['can', '-f', shop, 'a', 'b', 'c', ''], [], NO_FILES],
    [['reach', '-f', shop, '-n', ''], ['shop'], NO_FILES],
    [['describe', '-f', shop, ''], ['shop/cart'], NO_FILES],
    [['describe', '-f', shop, 'shop/cart', ''], ['shop/cart'], NO_FILES],
    [['can', '-f', path.join(shop, 'nope'), ''], ['internet', 'ingress-controller'], NO_FILES],
    [['can', '-f', '-', ''], ['internet', 'ingress-controller'], NO_FILES],
  ])('%j', async (words, values, directive) => {
    const found = await complete(...words);
    expect([...found.values].sort()).toEqual([...values].sort());
    expect(found.directive).toBe(directive);
  });

  it('hides flags that do nothing', async () => {
    const { values } = await complete('can', '--');
    expect(values).toContain('--explain');
    expect(values).not.toContain('--selector');
  });
});
