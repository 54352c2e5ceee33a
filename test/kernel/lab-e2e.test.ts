/** The network policy suite of Kubernetes itself with real packets: one lab, whose policies are rewritten for each case. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FlowProtocol } from '../../src/engine/index.ts';
import type { LabPlan } from '../../src/lab/model.ts';
import type { Attempt } from '../../src/lab/prober.ts';
import type { Protocol } from '../../src/model/types.ts';
import type { Family } from '../../src/net/address.ts';
import { type E2eAction, type E2eCase, e2eSuite, relabelled } from '../support/e2e-suite.ts';
import { skipsKernelTests } from '../support/kernel.ts';
import { TestLab } from '../support/lab.ts';
import { type Manifest, namespace, pod, splitName } from '../support/manifests.ts';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;
const PORTS = [80, 81];
/** Of every pod at all times: the names say what each is. */
const CONTAINER_PORTS = PORTS.flatMap((containerPort) =>
  PROTOCOLS.map((protocol) => ({
    name: `serve-${containerPort}-${protocol.toLowerCase()}`,
    containerPort,
    protocol,
  })),
);

/** The objects of a case as the steps leave them. */
class Cluster {
  readonly #namespaces = new Map(
    e2eSuite.topology.namespaces.map(({ name, labels }) => [name, namespace(name, labels)]),
  );
  readonly #pods = new Map(
    e2eSuite.topology.pods.map(({ id, labels, ipv4, ipv6 }) => [
      id,
      pod(id, { labels, ips: [ipv4, ipv6], ports: CONTAINER_PORTS }),
    ]),
  );
  #policies = new Map<string, Manifest>();

  apply(action: E2eAction, family: Family): void {
    switch (action.op) {
      case 'create':
      case 'update': {
        const manifest = family === 'IPv6' ? (action.policyIPv6 ?? action.policy) : action.policy;
        this.#policies.set(policyKey(manifest), manifest);
        return;
      }
      case 'deleteAllPolicies':
        for (const key of [...this.#policies.keys()]) {
          if (action.namespaces.some((name) => key.startsWith(`${name}/`))) this.#policies.delete(key);
        }
        return;
      case 'labelNamespace':
        this.#namespaces.set(action.namespace, relabelled(this.#namespaces.get(action.namespace), action.set));
        return;
      case 'labelPod':
        this.#pods.set(action.pod, relabelled(this.#pods.get(action.pod), action.set));
    }
  }

  manifests(): Manifest[] {
    return [...this.#namespaces.values(), ...this.#pods.values(), ...SERVICES, ...this.#policies.values()];
  }
}

/** One for each pod, as the suite has it. */
const SERVICES: readonly Manifest[] = e2eSuite.topology.pods.map(({ namespace: within, id }) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: within, name: `s-${splitName(id).name}` },
  spec: {
    selector: { pod: splitName(id).name },
    ports: PORTS.flatMap((port) =>
      PROTOCOLS.map((protocol) => ({ name: `${protocol.toLowerCase()}-${port}`, port, protocol })),
    ),
  },
}));

function policyKey(manifest: Manifest): string {
  const { namespace: within, name } = manifest['metadata'] as { readonly namespace: string; readonly name: string };
  return `${within}/${name}`;
}

function transport(protocol: FlowProtocol): Protocol {
  if (protocol === 'other') throw new Error('the suite asks for ports only');
  return protocol;
}

/** Whether both families see the same policies, so that they can be probed at once. */
function isAlike({ steps }: E2eCase): boolean {
  return steps.every(({ actions }) => actions.every((action) => !('policyIPv6' in action)));
}

describe.skipIf(skipsKernelTests())('with real packets', () => {
  const lab = new TestLab();
  let plan: LabPlan;

  beforeAll(async () => {
    lab.write('cluster.json', new Cluster().manifests());
    ({ plan } = await lab.up({ nodes: 2 }));
  });
  afterAll(() => lab.down());

  /** Every pair on one port, pod to pod and through the Service of the target. */
  function attempts(
    family: Family,
    port: number,
    protocol: Attempt['protocol'],
  ): (Attempt & { readonly pair: string; readonly to: string })[] {
    const of = (addresses: readonly string[]): string =>
      addresses.find((address) => address.includes(':') === (family === 'IPv6')) ?? '';
    const fronts = new Map(plan.services.map(({ id, clusterIPs }) => [id.replace('/s-', '/'), of(clusterIPs)]));
    return plan.pods.flatMap((from) =>
      plan.pods.flatMap((to) =>
        from === to
          ? []
          : [of(to.addresses), fronts.get(to.id) ?? ''].map((address) => ({
              pair: `${from.id} -> ${to.id}`,
              namespace: from.namespace,
              from: of(from.addresses),
              to: address,
              protocol,
              port,
            })),
      ),
    );
  }

  test('the pods and Services are as the suite has them', () => {
    expect(plan.pods).toHaveLength(9);
    expect(new Set(plan.pods.map(({ node }) => node)).size).toBe(2);
    expect(attempts('IPv6', 80, 'SCTP').filter(({ to }) => to !== '')).toHaveLength(144);
  });

  const runs = e2eSuite.cases.flatMap((entry): [string, E2eCase, readonly Family[]][] =>
    isAlike(entry)
      ? [[entry.id, entry, ['IPv4', 'IPv6']]]
      : [
          [`${entry.id}, IPv4`, entry, ['IPv4']],
          [`${entry.id}, IPv6`, entry, ['IPv6']],
        ],
  );

  test.each(runs)('%s', async (_, entry, families) => {
    const cluster = new Cluster();
    for (const { actions, probes } of entry.steps) {
      for (const action of actions) cluster.apply(action, families[0] ?? 'IPv4');
      lab.write('cluster.json', cluster.manifests());
      await lab.enforced();
      const tried = probes.flatMap(({ port, protocol, denied }) => {
        const closed = new Set(denied.map(([from, to]) => `${from} -> ${to}`));
        return families
          .flatMap((family) => attempts(family, port, transport(protocol)))
          .map((attempt) => ({ ...attempt, predicted: !closed.has(attempt.pair) }));
      });
      const outcomes = await lab.attempt(tried);
      const wrong = tried.flatMap(({ pair, to, predicted }, at) => {
        const outcome = outcomes[at];
        const target = pair.slice(pair.indexOf('> ') + 2);
        const right = predicted ? outcome?.type === 'answered' && outcome.by === target : outcome?.type === 'silent';
        return right ? [] : [`${pair} at ${to}: ${JSON.stringify(outcome)}`];
      });
      expect(wrong).toEqual([]);
    }
  });
});
