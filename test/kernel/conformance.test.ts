/** The published suites with real packets: every probe of theirs is sent, and what they say is what comes of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildState, type ClusterState, type Flow, PolicyIndex } from '../../src/engine/index.ts';
import type { Family } from '../../src/net/address.ts';
import { type CompileOptions, DEFAULT_OPTIONS } from '../../src/nft/index.ts';
import { type E2eProbe, E2eWorld, e2ePairs, e2eSuite } from '../support/e2e-suite.ts';
import { endOf } from '../support/flows.ts';
import { skipsKernelTests } from '../support/kernel.ts';
import { KernelCluster } from '../support/kernel-cluster.ts';
import { NpapiCluster, type NpapiSuite, npapiFlow } from '../support/npapi-suite.ts';
import { compileNodes, placed } from '../support/simulated-nodes.ts';
import { readTruth } from '../support/truth.ts';

const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];

interface Expected {
  readonly text: string;
  readonly flow: Flow;
  readonly allowed: boolean;
}

async function expectOutcomes(
  cluster: KernelCluster,
  state: ClusterState,
  expected: readonly Expected[],
  options: Partial<CompileOptions> = {},
): Promise<void> {
  await cluster.settle(state);
  await cluster.program(compileNodes(new PolicyIndex(state), { ...DEFAULT_OPTIONS, ...options }));
  const outcomes = await cluster.probe(
    expected.map(({ flow }) => flow),
    expected.map(({ allowed }) => allowed),
  );
  expect(expected.map(({ text }, at) => `${text}: ${outcomes[at]}`)).toEqual(
    expected.map(({ text, allowed }) => `${text}: ${allowed ? 'passed' : 'dropped'}`),
  );
}

describe.skipIf(skipsKernelTests())('the suite of Kubernetes, packet by packet', () => {
  let cluster: KernelCluster | undefined;
  beforeAll(() => {
    cluster = new KernelCluster(e2eSuite.topology.pods.length);
  });
  afterAll(() => cluster?.remove());

  const probed = (state: ClusterState, probe: E2eProbe, family: Family): Expected[] => {
    const denied = new Set(probe.denied.map((pair) => pair.join(' -> ')));
    return e2ePairs.map(({ from, to }) => ({
      text: `${from} -> ${to} ${probe.port}/${probe.protocol}`,
      flow: { from: endOf(state, from), to: endOf(state, to), family, protocol: probe.protocol, port: probe.port },
      allowed: !denied.has(`${from} -> ${to}`),
    }));
  };

  describe.each(FAMILIES)('%s', (family) => {
    test.each(e2eSuite.cases.map((entry) => [entry.id, entry] as const))('%s', async (_, entry) => {
      const world = new E2eWorld(entry, family);
      for (const step of entry.steps) {
        for (const action of step.actions) world.apply(action);
        const state = placed(world.index.state);
        const expected = step.probes.flatMap((probe) => probed(state, probe, family));
        expect(expected.length).toBeGreaterThan(0);
        await expectOutcomes(cluster as KernelCluster, state, expected);
      }
    });
  });
});

describe.skipIf(skipsKernelTests()).each([
  ['ClusterNetworkPolicy', 'npapi-conformance.json', 301],
  ['AdminNetworkPolicy and BaselineAdminNetworkPolicy', 'npapi-conformance-v1alpha1.json', 289],
])('conformance of %s, packet by packet', (_, file, probes) => {
  const suite = readTruth<NpapiSuite>(file);
  const judged = { IPv4: 0, IPv6: 0 };
  let cluster: KernelCluster | undefined;
  beforeAll(() => {
    // The suite has its pods on its nodes in turn, as the places are.
    const { nodes, pods } = suite.topology;
    cluster = new KernelCluster(
      pods.filter(({ hostNetwork }) => !hostNetwork).length,
      nodes.map(({ name }) => name),
    );
  });
  afterAll(() => cluster?.remove());

  describe.each(FAMILIES)('%s', (family) => {
    test.each(suite.tests)('$name', async ({ policies, subtests }) => {
      const world = new NpapiCluster(suite, policies, family);
      for (const { name, steps } of subtests) {
        for (const { mutations, probes: sent } of steps) {
          for (const mutation of mutations) world.apply(mutation);
          const state = buildState(world.objects());
          const expected = sent.map((probe) => ({
            text: `${name}: ${probe.from} -> ${probe.to} ${probe.port}/${probe.protocol}`,
            flow: npapiFlow(state, probe, family),
            allowed: probe.allowed,
          }));
          // A Deny of a cluster-wide policy drops, also where NetworkPolicies refuse.
          await expectOutcomes(cluster as KernelCluster, state, expected, { denial: 'reject' });
          judged[family] += sent.length;
        }
      }
    });

    test(`judged all ${probes} probes`, () => expect(judged[family]).toBe(probes));
  });
});
