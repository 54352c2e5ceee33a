import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { portcullis } from '../cli/run-main.ts';
import { ROOT } from '../golden/worlds.ts';

const input = ['-f', path.join(ROOT, 'examples/kubernetes-page')];

/** The sentences of the Kubernetes page on network policies (spec section J, S72-S74), as questions. */
const PROBES: readonly (readonly [from: string, to: string, ports: string, allowed: boolean])[] = [
  ['default/frontend', 'default/db', '6379 6379/TCP', true],
  ['default/frontend', 'default/db', '6380 6378 6379/UDP 6379/SCTP', false],
  ['default/batch', 'default/db', '6379', false],
  ['elsewhere/frontend', 'default/db', '6379', false],
  ['myproject/client', 'default/db', '6379', true],
  ['elsewhere/inside-block', 'default/db', '6379', true],
  ['elsewhere/inside-except', 'default/db', '6379', false],
  ['172.17.0.1', 'default/db', '6379', true],
  ['172.17.0.0/24', 'default/db', '6379', true],
  ['172.17.1.0/24', 'default/db', '6379', false],
  ['172.17.1.255', 'default/db', '6379', false],
  ['172.17.2.0', 'default/db', '6379', true],
  ['172.18.0.0', 'default/db', '6379', false],
  ['default/db', '10.0.0.7', '5978', true],
  ['default/db', '10.0.0.0/24', '5978', true],
  ['default/db', '10.0.0.7', '5979 53/UDP 53/TCP', false],
  ['default/db', '10.0.1.7', '5978', false],
  ['default/db', 'elsewhere/archive', '5978', true],
  ['default/db', 'elsewhere/archive', '5979 53/UDP', false],
  ['default/db', 'elsewhere/archive-next-door', '5978', false],
  ['ranges/db', 'elsewhere/archive', '32000 32768 32000-32768', true],
  ['ranges/db', 'elsewhere/archive', '31999 32769', false],
  // Which connections a policy isolates, and which it leaves alone.
  ['default/batch', 'default/frontend', '80', true],
  ['default/db', 'default/frontend', '80', false],
  ['default/batch', 'ranges/db', '6379', true],
  ['default/batch', '198.51.100.7', '443', true],
];

describe('the example of the page', () => {
  test.each(PROBES)('%s -> %s on %s: %s', async (from, to, ports, allowed) => {
    for (const port of ports.split(' ')) {
      const { code, stderr } = await portcullis(['can', ...input, from, to, port]);
      expect({ port, code, stderr }).toEqual({ port, code: allowed ? 0 : 1, stderr: '' });
    }
  });

  test('without a port, the ports', async () => {
    const ask = async (from: string, to: string): Promise<unknown> =>
      JSON.parse((await portcullis(['can', ...input, from, to, '-o', 'json'])).stdout).ports;
    expect(await ask('default/frontend', 'default/db')).toEqual([{ protocol: 'TCP', ranges: [[6379, 6379]] }]);
    expect(await ask('ranges/db', '10.0.0.7')).toEqual([{ protocol: 'TCP', ranges: [[32000, 32768]] }]);
    expect(await ask('default/batch', 'default/db')).toEqual([]);
  });
});
