import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ApiServer } from '../../../test/support/api-server.ts';
import { kubeconfigOf, TestFolder } from '../../../test/support/kubeconfig.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { effort, patient } from '../../../test/support/property.ts';
import { RecordingSink } from '../../../test/support/recording-sink.ts';
import { connect } from '../connect/connect.ts';
import { watchCluster } from './watch-cluster.ts';

/** What may happen to a server, or to what it holds. */
type Step =
  | { readonly do: 'set'; readonly name: string; readonly value: string }
  | { readonly do: 'delete'; readonly name: string }
  | { readonly do: 'fail'; readonly on: string; readonly status: number; readonly times: number }
  | { readonly do: 'break'; readonly on: string; readonly action: 'disconnect' | 'truncate'; readonly times: number }
  | { readonly do: 'disconnect' | 'end' | 'expire' | 'bookmark' | 'wait' };

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const on = fc.constantFrom('pods\\?limit', 'pods\\?watch', 'namespaces', 'continue');
const times = fc.integer({ min: 1, max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('set' as const), name, value: fc.constantFrom('1', '2', '3') }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('delete' as const), name }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('fail' as const), on, status: fc.constantFrom(410, 429, 500, 503), times }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('break' as const),
      on,
      action: fc.constantFrom('disconnect' as const, 'truncate' as const),
      times,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('disconnect', 'end', 'expire', 'bookmark', 'wait'),
    }) as fc.Arbitrary<Step>,
  },
);

function pod(called: string, value: string): Parameters<ApiServer['set']>[0] {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: called, namespace: 'shop', labels: { value } },
    spec: { containers: [] },
  };
}

it(
  'whatever happens to a server, in the end its objects are known, and every change was told once',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 3 }), async (steps, limit) => {
        const server = await ApiServer.start({ pieces: 7 });
        const folder = new TestFolder();
        const sink = new RecordingSink();
        const clock = new ManualClock();
        clock.onWait = () => sink.wake();
        server.onRequest = () => sink.wake();
        server.onWatchEnd = () => sink.wake();
        const connection = connect({ kubeconfig: folder.write('kubeconfig', kubeconfigOf(server)), env: {} });
        const source = watchCluster(connection, { clock, random: () => 0.3, limit });
        try {
          const expected = new Map<string, string>();
          await source.start(sink);
          for (const one of steps) await take(one, server, clock, expected);
          server.faults.length = 0;
          server.set(pod('last', 'x'));
          expected.set('last', 'x');
          await sink.until(() => {
            clock.advance(40_000);
            return (
              sink.isSynced && sink.names.includes('Pod/shop/last') && sink.problems.length === sink.resolved_.length
            );
          });
          const known = [...sink.objects.values()].map(({ metadata }) => [metadata.name, metadata.labels?.['value']]);
          expect(new Map(known as [string, string][])).toEqual(expected);
          expectNoRepetition(sink);
        } finally {
          await source.close();
          connection.close();
          await server.stop();
          folder.remove();
        }
      }),
      effort(40),
    );
  },
  patient.timeout,
);

async function take(one: Step, server: ApiServer, clock: ManualClock, expected: Map<string, string>): Promise<void> {
  switch (one.do) {
    case 'set':
      server.set(pod(one.name, one.value));
      expected.set(one.name, one.value);
      break;
    case 'delete':
      if (expected.delete(one.name)) server.delete('Pod', 'shop', one.name);
      break;
    case 'fail':
      server.faults.push({
        on: new RegExp(one.on),
        status: one.status,
        times: one.times,
        headers: { 'retry-after': '1' },
      });
      break;
    case 'break':
      server.faults.push({ on: new RegExp(one.on), action: one.action, times: one.times });
      break;
    case 'disconnect':
      server.disconnect();
      break;
    case 'end':
      server.endWatches();
      break;
    case 'expire':
      server.expire();
      break;
    case 'bookmark':
      server.bookmark();
      break;
    default:
      clock.advance(1000);
      // The client has its turn: sockets are read between two immediates.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** No batch says what is known already. */
function expectNoRepetition(sink: RecordingSink): void {
  const values = new Map<string, unknown>();
  for (const change of sink.batches.flat()) {
    if (change.type === 'remove') {
      expect(values.delete(change.name)).toBe(true);
      continue;
    }
    const { metadata } = change.object;
    expect(values.get(metadata.name)).not.toEqual(metadata.labels);
    values.set(metadata.name, metadata.labels);
  }
}
