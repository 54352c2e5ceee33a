import { expect, test } from 'vitest';
import { decode, pod } from '../../../test/support/manifests.ts';
import { podInfo } from '../../engine/index.ts';
import type { Pod } from '../../model/types.ts';
import { Interner } from './interner.ts';
import { project } from './project.ts';

test.each([
  {},
  { creationTimestamp: '2026-07-24T10:00:00Z' },
  { creationTimestamp: '2026-07-24T10:00:00Z', deletionTimestamp: '2026-07-24T11:00:00Z' },
  { deletionTimestamp: '2026-07-24T11:00:00Z' },
])('a pod that is cut down is the same to policies and has the same precedence: %o', (times) => {
  const manifest = pod('shop/web', { labels: { app: 'web' }, ips: ['10.1.0.1', 'fd01::1'], node: 'n0' });
  const whole = decode({ ...manifest, metadata: { ...(manifest['metadata'] as object), ...times } }) as Pod;
  const info = podInfo(project(whole, new Interner()) as Pod);
  expect(info).toEqual(podInfo(whole));
  const { creationTimestamp = 0, deletionTimestamp } = times;
  expect(Math.sign(info.precedence ?? 0)).toBe(
    deletionTimestamp === undefined ? Math.sign(Number(creationTimestamp !== 0)) : -1,
  );
});
