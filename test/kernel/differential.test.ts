/**
 * Random clusters in network namespaces: what packets come through is what the engine says.
 *
 * `npm run test:kernel` tries 200 clusters; PROPERTY_FACTOR and PROPERTY_SEED choose how many and which, PROPERTY_SHRINK=1 seeks a
 * smaller cluster that fails.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClusterState, evaluate, type Flow, PolicyIndex } from '../../src/engine/index.ts';
import type { Address } from '../../src/net/address.ts';
import { AddressSet } from '../../src/net/address-set.ts';
import { DEFAULT_OPTIONS, type Ruleset } from '../../src/nft/index.ts';
import { skipsKernelTests } from '../support/kernel.ts';
import { KernelCluster } from '../support/kernel-cluster.ts';
import { cidr } from '../support/manifests.ts';
import { NodeAgents } from '../support/node-agents.ts';
import { effort } from '../support/property.ts';
import { randomChange } from '../support/random-change.ts';
import { decodeCluster } from '../support/random-cluster.ts';
import { type FlowPick, flowFrom, flowParts, flowPicks, flowText } from '../support/random-flow.ts';
import { addressOf, compileNodes, placed, settled, simulatedFate } from '../support/simulated-nodes.ts';

/** Picked for each state of a cluster, beside all pairs of pods. */
const FLOWS = 300;
const CLUSTERS = 8;
const HOUR = 3_600_000;

/** Addresses that a packet cannot come from or go to by way of a router. */
const UNROUTABLE = AddressSet.unionOf(
  ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3', '::/96', 'fe80::/10', 'ff00::/8'].map((block) =>
    AddressSet.ofCidr(cidr(block)),
  ),
);

function isRoutable(address: Address | undefined): boolean {
  return address !== undefined && !UNROUTABLE.contains(address);
}

/** Flows that some ruleset could see: between different places, one of them a pod. */
function isProbed(flow: Flow): boolean {
  const { from, to } = flow;
  if (!isRoutable(addressOf(from, flow)) || !isRoutable(addressOf(to, flow))) return false;
  if (from.type === 'pod' && to.type === 'pod') return from.pod.id !== to.pod.id;
  return from.type === 'pod' || to.type === 'pod';
}

const randomOptions = fc.record({
  denial: fc.constantFrom('drop' as const, 'reject' as const),
  sharedPeerSize: fc.constantFrom(2, 128),
});

interface Tried {
  readonly flow: Flow;
  readonly allowed: boolean;
  /** What a refusal looks like, were it denied. */
  readonly denial: 'refused' | 'dropped';
}

const PROTOCOLS = ['TCP', 'UDP', 'SCTP', 'other'] as const;

/** Every pair of pods with every protocol on some port, and what else was picked. */
function triedFlows(state: ClusterState, rulesets: ReadonlyMap<string, Ruleset>, picks: readonly FlowPick[]): Tried[] {
  const parts = flowParts(state);
  const flows = picks.map((pick) => flowFrom(parts, pick)).filter((flow) => flow !== undefined);
  for (const from of parts.pods) {
    for (const to of parts.pods) {
      for (const family of ['IPv4', 'IPv6'] as const) {
        for (const protocol of PROTOCOLS) {
          const port = parts.ports[(flows.length * 7) % parts.ports.length] ?? 1;
          flows.push({ from, to, family, protocol, port });
        }
      }
    }
  }
  return flows.filter(isProbed).map((flow) => ({
    flow,
    allowed: evaluate(state, flow).allowed,
    denial: simulatedFate(rulesets, flow) === 'reject' ? 'refused' : 'dropped',
  }));
}

/** The kernels have what the compilers say. */
async function expectHeld(cluster: KernelCluster, rulesets: ReadonlyMap<string, Ruleset>): Promise<void> {
  for (const [node, ruleset] of rulesets) expect(await cluster.dump(node)).toEqual(ruleset);
}

/** Rulesets that came by changes decide as those that are made at once. */
function expectAlike(
  tried: readonly Tried[],
  changed: ReadonlyMap<string, Ruleset>,
  made: ReadonlyMap<string, Ruleset>,
): void {
  const fates = (rulesets: ReadonlyMap<string, Ruleset>): string[] =>
    tried.map(({ flow }) => `${flowText(flow)}: ${simulatedFate(rulesets, flow)}`);
  expect(fates(changed)).toEqual(fates(made));
}

describe.skipIf(skipsKernelTests())('packets come through as the engine says', () => {
  let cluster: KernelCluster;
  beforeAll(() => {
    cluster = new KernelCluster(12);
  });
  afterAll(() => cluster?.remove());

  test('in random clusters, before and after a change', { timeout: HOUR }, async () => {
    const seen = new Map<string, number>();
    let clusters = 0;
    await fc.assert(
      fc.asyncProperty(randomChange, flowPicks(FLOWS), randomOptions, async (change, picks, options) => {
        const compileOptions = { ...DEFAULT_OPTIONS, ...options };
        let agents: NodeAgents | undefined;
        for (const half of [change.old, change.new]) {
          const state = placed(settled(decodeCluster(half)));
          await cluster.settle(state);
          if (agents === undefined) agents = new NodeAgents(cluster.kernels, state, compileOptions);
          else agents.change(state);
          await agents.inForce();
          const { rulesets } = agents;
          await expectHeld(cluster, rulesets);
          const tried = triedFlows(state, rulesets, picks);
          expectAlike(tried, rulesets, compileNodes(new PolicyIndex(state), compileOptions));
          const outcomes = await cluster.probe(
            tried.map(({ flow }) => flow),
            tried.map(({ allowed }) => allowed),
          );
          const text = ({ flow }: Tried, outcome: string): string => `${flowText(flow)}: ${outcome}`;
          expect(tried.map((one, at) => text(one, outcomes[at] ?? ''))).toEqual(
            tried.map((one) => text(one, one.allowed ? 'passed' : one.denial)),
          );
          for (const [at, { flow }] of tried.entries()) {
            const kind = `${flow.protocol} ${flow.family} ${flow.from.type} to ${flow.to.type} ${outcomes[at]}`;
            seen.set(kind, (seen.get(kind) ?? 0) + 1);
          }
        }
        // What the change has left over; the next cluster finds the rest, and takes over.
        await agents?.collect();
        await expectHeld(cluster, agents?.rulesets ?? new Map());
        await agents?.close();
        clusters++;
      }),
      // Smaller counterexamples are sought only when asked for: it takes minutes.
      { ...effort(CLUSTERS), endOnFailure: process.env['PROPERTY_SHRINK'] === undefined },
    );
    const count = (part: string): number =>
      [...seen].reduce((sum, [kind, times]) => sum + (kind.includes(part) ? times : 0), 0);
    const parts = [
      'TCP',
      'UDP',
      'SCTP',
      'other',
      'IPv4',
      'IPv6',
      'pod to host',
      'host to pod',
      'address',
      'passed',
      'refused',
      'dropped',
    ];
    const counts = Object.fromEntries(parts.map((part) => [part, count(part)]));
    console.log(`${clusters} clusters, ${count('')} connections: ${JSON.stringify(counts)}`);
    for (const part of parts) expect(counts[part], part).toBeGreaterThan(0);
  });
});
