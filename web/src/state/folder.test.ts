import { expect, test } from 'vitest';
import { commonFolder } from './folder.ts';

test.each<[names: readonly string[], folder: string]>([
  [[], ''],
  [['a.yaml'], ''],
  [['/tmp/lab/pods.json', '/tmp/lab/policy.json'], '/tmp/lab/'],
  [['shop/policies/cart.yaml', 'shop/pods.yaml'], 'shop/'],
  [['shop/a.yaml', 'shopping/a.yaml'], ''],
  [['/etc/a.yaml', '/home/b.yaml'], '/'],
  [['/a.yaml', 'b.yaml'], ''],
  [['/x/a.yaml', '-'], ''],
])('%j are in "%s"', (names, folder) => expect(commonFolder(names)).toBe(folder));
