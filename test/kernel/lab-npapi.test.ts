/** The conformance suites of the cluster-wide policy API with real packets: a lab for each, its policies rewritten for every step. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Attempt } from '../../src/lab/prober.ts';
import type { Listening } from '../../src/lab/responder.ts';
import type { Family } from '../../src/net/address.ts';
import { skipsKernelTests } from '../support/kernel.ts';
import { TestLab } from '../support/lab.ts';
import { NpapiCluster, type NpapiProbe, type NpapiSuite } from '../support/npapi-suite.ts';
import { readTruth } from '../support/truth.ts';

const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];

/** The families that can be probed at once: both, unless they see different policies. */
function runsOf({ subtests }: NpapiSuite['tests'][number]): (readonly Family[])[] {
  const differ = subtests.some(({ steps }) =>
    steps.some(({ mutations }) => mutations.some((mutation) => 'ruleIPv6' in mutation)),
  );
  return differ ? FAMILIES.map((family) => [family]) : [FAMILIES];
}

describe.skipIf(skipsKernelTests()).each([
  ['ClusterNetworkPolicy', 'npapi-conformance.json', 301],
  ['AdminNetworkPolicy and BaselineAdminNetworkPolicy', 'npapi-conformance-v1alpha1.json', 289],
])('conformance of %s, with real packets', (_, file, probes) => {
  const suite = readTruth<NpapiSuite>(file);
  const lab = new TestLab();
  const judged = { IPv4: 0, IPv6: 0 };
  const ends = new Map<string, Listening>();
  /** What pods listen on without saying so in their manifests. */
  let undeclared: Listening[] = [];

  beforeAll(async () => {
    lab.write('cluster.json', new NpapiCluster(suite, [], 'IPv4').manifests(FAMILIES));
    // A Deny of a cluster-wide policy drops, also where NetworkPolicies refuse.
    const { plan } = await lab.up({}, ['--denial', 'reject']);
    expect(plan.nodes.map(({ name }) => name)).toEqual(suite.topology.nodes.map(({ name }) => name));
    for (const { id, listening, declaredPorts } of suite.topology.pods) {
      const placed = plan.pods.find((pod) => pod.id === id);
      if (placed === undefined) throw new Error(`no pod ${id}`);
      const { namespace, addresses } = placed;
      const ports = listening.map(({ port, protocol }) => ({ containerPort: port, protocol }));
      ends.set(id, {
        namespace,
        addresses,
        identity: id,
        ports: ports.filter(
          ({ containerPort, protocol }) =>
            !declaredPorts.some((declared) => declared.port === containerPort && declared.protocol === protocol),
        ),
      });
    }
    undeclared = [...ends.values()];
  });
  afterAll(() => lab.down());

  function attemptOf({ from, to, protocol, port, allowed }: NpapiProbe, family: Family): Attempt {
    const [source, target] = [from, to].map((id) =>
      ends.get(id)?.addresses.find((address) => address.includes(':') === (family === 'IPv6')),
    );
    if (source === undefined || target === undefined) throw new Error(`no ${family} address of ${from} or ${to}`);
    return { namespace: ends.get(from)?.namespace ?? '', from: source, to: target, protocol, port, predicted: allowed };
  }

  const runs = suite.tests.flatMap((one) =>
    runsOf(one).map((families): [string, typeof one, readonly Family[]] => [
      families.length > 1 ? one.name : `${one.name}, ${families[0]}`,
      one,
      families,
    ]),
  );

  test.each(runs)('%s', async (__, { policies, subtests }, families) => {
    const cluster = new NpapiCluster(suite, policies, families[0] ?? 'IPv4');
    for (const { name, steps } of subtests) {
      for (const { mutations, probes: sent } of steps) {
        for (const mutation of mutations) cluster.apply(mutation);
        lab.write('cluster.json', cluster.manifests(FAMILIES));
        await lab.enforced();
        const tried = families.flatMap((family) => sent.map((probe) => ({ probe, family })));
        const outcomes = await lab.attempt(
          tried.map(({ probe, family }) => attemptOf(probe, family)),
          undeclared,
        );
        const said = tried.map(({ probe: { from, to, port, protocol }, family }) => {
          judged[family]++;
          return `${name}: ${from} -> ${to} ${port}/${protocol}, ${family}`;
        });
        expect(said.map((text, at) => [text, outcomes[at]])).toEqual(
          said.map((text, at) => {
            const probe = tried[at]?.probe;
            return [text, probe?.allowed === true ? { type: 'answered', by: probe.to } : { type: 'silent' }];
          }),
        );
      }
    }
  });

  test(`judged all ${probes} probes`, () => expect(judged).toEqual({ IPv4: probes, IPv6: probes }));
});
