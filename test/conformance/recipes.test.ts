import { describe, expect, test } from 'vitest';
import { PolicyIndex, policyKey } from '../../src/engine/index.ts';
import { flowOf, judgesOf } from '../support/flows.ts';
import { decodePolicy, type Labels, type Manifest, namespace, pod, stateOf } from '../support/manifests.ts';
import { readTruth } from '../support/truth.ts';

interface Recipes {
  readonly recipes: readonly {
    readonly id: string;
    readonly title: string;
    readonly world: {
      readonly namespaces: readonly { readonly name: string; readonly labels: Labels }[];
      readonly pods: readonly {
        readonly id: string;
        readonly labels: Labels;
        readonly ip: string;
        readonly ports: readonly { readonly protocol: string; readonly port: number; readonly name?: string }[];
      }[];
      readonly external: readonly { readonly id: string; readonly ip: string }[];
    };
    /** Each lists all policies in force. */
    readonly steps: readonly { readonly policies: readonly Manifest[]; readonly probes: readonly Probe[] }[];
  }[];
}

interface Probe {
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly port: number;
  readonly allowed: boolean;
}

const { recipes } = readTruth<Recipes>('recipes.json');

/** Makes `policies` the policies in force, by changing what differs. */
function enforce(index: PolicyIndex, policies: readonly Manifest[]): void {
  const wanted = new Map(policies.map((manifest) => [policyKey(decodePolicy(manifest)), decodePolicy(manifest)]));
  for (const key of [...index.state.policies.keys()]) if (!wanted.has(key)) index.removePolicy(key);
  for (const policy of wanted.values()) index.setPolicy(policy);
}

test('there are 71 probes', () => {
  expect(recipes.flatMap(({ steps }) => steps).flatMap(({ probes }) => probes)).toHaveLength(71);
});

describe.each(recipes)('$id $title', ({ world, steps }) => {
  const pods = world.pods.map(({ id, labels, ip, ports }) =>
    pod(id, { labels, ips: [ip], ports: ports.map(({ port, ...rest }) => ({ ...rest, containerPort: port })) }),
  );
  const outside = new Map(world.external.map(({ id, ip }) => [id, ip]));
  const namespaces = world.namespaces.map(({ name, labels }) => namespace(name, labels));
  const index = new PolicyIndex(stateOf([...namespaces, ...pods]));

  test.each(steps.map((step, number) => [number + 1, step] as const))('step %i', (_, { policies, probes }) => {
    enforce(index, policies);
    const end = (id: string): string => outside.get(id) ?? id;
    for (const probe of probes) {
      const flow = flowOf(index.state, end(probe.from), end(probe.to), `${probe.port}/${probe.protocol}`);
      for (const judge of judgesOf(index)) {
        expect(judge.allows(flow), `${judge.name}: ${JSON.stringify(probe)}`).toBe(probe.allowed);
      }
    }
  });
});
