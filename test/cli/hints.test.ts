import { describe, expect, it } from 'vitest';
import { folder, portcullis, SHOP } from './run-main.ts';

const shop = folder(SHOP);
const NAMESPACE = 'portcullis: warning: there is no namespace "shpo" in the input; did you mean shop?\n';

describe('a namespace that the input does not have', () => {
  it.each([
    [['reach', '-f', shop, '-n', 'shpo'], NAMESPACE],
    [['exposure', '-f', shop, '-n', 'shpo'], NAMESPACE],
    [['describe', '-f', shop, '-n', 'shpo'], NAMESPACE],
    [['lint', '-f', shop, '-n', 'shpo'], NAMESPACE],
    [['validate', '-f', shop, '-n', 'shpo'], NAMESPACE],
    [['diff', shop, shop, '-n', 'shpo'], NAMESPACE],
    [['reach', '-f', shop, '-n', 'x'], 'portcullis: warning: there is no namespace "x" in the input\n'],
  ])('%j', async (args, expected) => {
    const { stderr } = await portcullis(args);
    expect(stderr.startsWith(expected)).toBe(true);
    expect(stderr.split('no namespace')).toHaveLength(2);
  });

  it.each([
    [['reach', '-f', shop, '-n', 'shop']],
    [['reach', '-f', shop, '-n', 'shpo', '-A']],
    [['reach', '-f', shop, '-n', 'shpo', '-q']],
  ])('is not spoken of: %j', async (args) => {
    expect((await portcullis(args)).stderr).not.toContain('there is no namespace');
  });
});

describe('a block that is not read as it is written', () => {
  it.each([
    [
      ['can', '-f', shop, '10.0.0.1/8', 'shop/web'],
      '10.0.0.1/8 has bits set beyond its prefix: it is read as 10.0.0.0/8',
    ],
    [['reach', '-f', shop, '--from', '010.0.0.0/8'], '010.0.0.0/8 has leading zeros: it is read as 10.0.0.0/8'],
    [
      ['diff', shop, shop, '--pod-cidr', '10.244.0.1/16'],
      '--pod-cidr 10.244.0.1/16 has bits set beyond its prefix: it is read as 10.244.0.0/16',
    ],
  ])('%j', async (args, expected) => {
    const { stderr } = await portcullis(args);
    expect(stderr).toBe(`portcullis: warning: ${expected}\n`);
  });

  it('is quiet where it is', async () => {
    expect((await portcullis(['can', '-f', shop, '10.0.0.0/8', 'shop/web'])).stderr).toBe('');
  });
});

it('says of an input that both sides of a comparison share once what is wrong with it', async () => {
  const shared = folder({ 'pod.yaml': 'apiVersion: v1\nkind: Pod\nkind: Pod\nmetadata: { name: a }\n' });
  const { code, stderr } = await portcullis(['diff', '-f', shared, shop, shop]);
  expect(code).toBe(0);
  expect(stderr.split('duplicate field')).toHaveLength(2);
});
