import { describe, expect, test } from 'vitest';
import { can, computeReachability, createWorld, type World } from '../../src/analysis/index.ts';
import { parsePortQuery } from '../../src/analysis/ports.ts';
import { buildState, PolicyIndex } from '../../src/engine/index.ts';
import type { Family } from '../../src/net/address.ts';
import { isOpen } from '../support/connections.ts';
import { NpapiCluster, type NpapiProbe, type NpapiSuite, npapiFlow } from '../support/npapi-suite.ts';
import { simulatedJudge } from '../support/simulated-nodes.ts';
import { readTruth } from '../support/truth.ts';

/** What `reach --by pod` and `can` say of a probe. */
function answers(world: World, probe: NpapiProbe, family: Family): { readonly reach: boolean; readonly can: boolean } {
  const result = computeReachability(world, { by: 'pod', from: probe.from, to: probe.to });
  if ('error' in result) throw new Error(result.error.error);
  const [connection] = [...result.reachability.connections()];
  const port = parsePortQuery(`${probe.port}/${probe.protocol}`);
  if ('error' in port) throw new Error(port.error);
  const answer = can(world, probe.from, probe.to, port);
  if ('error' in answer) throw new Error(answer.error);
  return { reach: isOpen(connection, family, probe), can: answer.allowed };
}

describe.each([
  ['ClusterNetworkPolicy', 'npapi-conformance.json', 301],
  ['AdminNetworkPolicy and BaselineAdminNetworkPolicy', 'npapi-conformance-v1alpha1.json', 289],
])('conformance of %s', (_, file, probes) => {
  const suite = readTruth<NpapiSuite>(file);
  const judged = { IPv4: 0, IPv6: 0 };

  describe.each<Family>(['IPv4', 'IPv6'])('%s', (family) => {
    test.each(suite.tests)('$name', ({ policies, subtests }) => {
      const cluster = new NpapiCluster(suite, policies, family);
      for (const { name, steps } of subtests) {
        for (const { mutations, probes: expected } of steps) {
          for (const mutation of mutations) cluster.apply(mutation);
          const world = createWorld(cluster.objects()).world;
          const index = new PolicyIndex(buildState(cluster.objects()));
          const nodes = simulatedJudge(index);
          for (const probe of expected) {
            const text = `${name}: ${probe.from} -> ${probe.to} ${probe.port}/${probe.protocol}`;
            const nft = nodes.allows(npapiFlow(index.state, probe, family));
            expect({ text, nft, ...answers(world, probe, family) }).toEqual({
              text,
              nft: probe.allowed,
              reach: probe.allowed,
              can: probe.allowed,
            });
            judged[family]++;
          }
        }
      }
    });

    test(`judged all ${probes} probes`, () => expect(judged[family]).toBe(probes));
  });
});
