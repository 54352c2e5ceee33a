import { expect, it } from 'vitest';
import { Backoff } from './backoff.ts';
import { Interner } from './interner.ts';
import { fingerprint, KnownObjects } from './known.ts';

it('equal values are one object, as long as they are asked for', () => {
  const interner = new Interner(2);
  const first = interner.value({ app: 'a' });
  expect(interner.value({ app: 'a' })).toBe(first);
  for (const app of ['b', 'c', 'd', 'e', 'f']) interner.value({ app });
  expect(interner.value({ app: 'a' })).not.toBe(first);
  const kept = interner.value({ app: 'k' });
  for (const app of ['f', 'g', 'h', 'i', 'j']) {
    interner.value({ app });
    expect(interner.value({ app: 'k' })).toBe(kept);
  }
});

it('pauses are random below a limit that doubles up to a longest one', () => {
  const highest = new Backoff(() => 1, 100, 1000);
  expect([1, 2, 3, 4, 5, 6].map(() => highest.next())).toEqual([100, 200, 400, 800, 1000, 1000]);
  highest.reset();
  expect(highest.next()).toBe(100);
  expect(new Backoff(() => 0).next()).toBe(0);
});

it('objects are remembered, found missing and forgotten', () => {
  const known = new KnownObjects();
  for (let index = 0; index < 300; index++) {
    known.set(`ns${index % 3}`, `pod${index}`, { uid: index, version: index, content: fingerprint(`${index}`) }, 1);
  }
  expect(known.size).toBe(300);
  expect(known.get('ns1', 'pod1')).toEqual({ uid: 1, version: 1, content: fingerprint('1') });
  expect(known.get('ns1', 'pod2')).toBeUndefined();
  for (let index = 0; index < 300; index += 2)
    known.set(`ns${index % 3}`, `pod${index}`, { uid: 0, version: 9, content: 0 }, 2);
  const missing = [...known.missing(2)];
  expect(missing).toHaveLength(150);
  for (const { namespace, name } of missing) known.delete(namespace, name);
  known.delete('ns0', 'nobody');
  expect([known.size, [...known.missing(2)]]).toEqual([150, []]);
  known.set('ns0', 'new', { uid: 1, version: 2, content: 3 }, 2);
  expect([known.size, known.get('ns0', 'new')]).toEqual([151, { uid: 1, version: 2, content: 3 }]);
});
