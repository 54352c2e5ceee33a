import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOpen } from '../../../test/support/connections.ts';
import { namespace, node, pod, policy, stateOf, workload } from '../../../test/support/manifests.ts';
import { effort, patient } from '../../../test/support/property.ts';
import { decodeCluster, randomCluster } from '../../../test/support/random-cluster.ts';
import { readPolicyTests } from '../../manifest/policy-test.ts';
import { commonFamilies } from '../classes.ts';
import { computeReachability } from '../reach.ts';
import type { Unit } from '../units.ts';
import { World } from '../world.ts';
import { type PolicyTestRun, runPolicyTests } from './run.ts';

/** Runs assertions, each a line of YAML in flow style. */
function run(world: World, ...assertions: string[]): PolicyTestRun {
  const lines = assertions.map((one) => `  - ${one}\n`).join('');
  const content = `apiVersion: portcullis.dev/v1\nkind: PolicyTest\nassertions:\n${lines}`;
  const { tests, diagnostics } = readPolicyTests([{ name: 'test.yaml', content }]);
  expect(diagnostics).toEqual([]);
  return runPolicyTests(world, tests);
}

const http = [{ name: 'http', containerPort: 8080 }];

const world = new World(
  stateOf([
    namespace('shop', { team: 'a' }),
    namespace('data', { team: 'b' }),
    node('n1', '192.168.0.1'),
    node('n2', '192.168.0.2'),
    workload('Deployment', 'shop/front', { labels: { app: 'front' }, ports: http }),
    workload('Deployment', 'shop/cart', { labels: { app: 'cart' }, ports: http }),
    workload('StatefulSet', 'data/redis', { labels: { app: 'redis' } }),
    workload('StatefulSet', 'data/redis-cache', { labels: { app: 'cache' } }),
    pod('shop/debug', { labels: { app: 'debug' }, node: 'n1', ips: ['10.0.0.9'] }),
    workload('DaemonSet', 'shop/agent', { labels: { app: 'front' }, hostNetwork: true }),
    policy('shop/cart', {
      podSelector: { matchLabels: { app: 'cart' } },
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'front' } } }], ports: [{ port: 'http' }] }],
    }),
    policy('shop/debug', { podSelector: { matchLabels: { app: 'debug' } }, policyTypes: ['Ingress'] }),
    policy('data/deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
    policy('data/members', {
      podSelector: { matchLabels: { app: 'redis' } },
      ingress: [
        { from: [{ podSelector: { matchLabels: { app: 'redis' } } }], ports: [{ port: 6379, endPort: 6380 }] },
        { from: [{ ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.128/25'] } }] },
      ],
      egress: [{ to: [{ podSelector: { matchLabels: { app: 'redis' } } }] }],
    }),
  ]),
  'shop',
);

describe('an assertion', () => {
  it.each<[assertion: string, pairs: number, failed: number]>([
    ['{ from: shop/deploy/front, to: shop/deploy/cart, port: 8080, expect: allowed }', 1, 0],
    ['{ from: shop/deploy/front, to: shop/deploy/cart, port: http, expect: allowed }', 1, 0],
    ['{ from: front, to: deploy/cart, port: 8080/TCP, expect: allowed }', 1, 0],
    ['{ from: front, to: cart, port: 80, expect: allowed }', 1, 1],
    ['{ from: front, to: cart, port: [80, 8080], expect: allowed }', 1, 1],
    ['{ from: front, to: cart, port: 8000-9000, expect: allowed }', 1, 1],
    ['{ from: front, to: cart, port: [80, 8080], expect: denied }', 1, 1],
    ['{ from: front, to: cart, port: [80, 8081-9000], expect: denied }', 1, 0],
    ['{ from: front, to: cart, port: UDP, expect: denied }', 1, 0],
    // Without a port: allowed is some port, denied is every port.
    ['{ from: front, to: cart, expect: allowed }', 1, 0],
    ['{ from: front, to: cart, expect: denied }', 1, 1],
    ['{ from: shop/debug, to: cart, expect: allowed }', 1, 1],
    // Wildcards leave nodes, hostNetwork pods and pairs of an endpoint with itself out.
    ['{ from: shop/*, to: shop/*, expect: allowed }', 6, 3],
    ['{ from: "*", to: "*/*", expect: denied }', 20, 3],
    ['{ from: "*/*", to: "*/red*s", expect: denied }', 4, 0],
    ['{ from: "*/*", to: "*/redis*", expect: denied }', 8, 0],
    ['{ from: shop/deploy/*, to: data/sts/*, expect: denied }', 4, 0],
    ['{ from: "*/pod/*", to: shop/deploy/*, port: 8080, expect: denied }', 2, 1],
    ['{ from: deploy/*, to: cart, port: 8080, expect: allowed }', 1, 0],
    ['{ from: f*, to: cart, port: 8080, expect: allowed }', 1, 0],
    // Selectors, as policies select.
    ['{ from: { podSelector: { matchLabels: { app: front } } }, to: cart, port: 8080, expect: allowed }', 1, 0],
    ['{ from: { namespaceSelector: { matchLabels: { team: b } } }, to: "*/*", expect: denied }', 8, 0],
    [
      '{ from: { namespaceSelector: {}, podSelector: { matchExpressions: [{ key: app, operator: Exists }] } }, to: cart, port: 8080, expect: denied }',
      4,
      1,
    ],
    // Lists are every combination; what is named twice counts once.
    ['{ from: [front, shop/*], to: [cart, shop/debug], expect: allowed }', 4, 3],
    // Nodes: a pod's own node always reaches it.
    ['{ from: node/*, to: shop/debug, expect: denied }', 2, 1],
    ['{ from: node/n2, to: shop/debug, expect: denied }', 1, 0],
    ['{ from: 192.168.0.1, to: shop/debug, port: 80, expect: allowed }', 1, 0],
    ['{ from: shop/agent, to: cart, expect: denied }', 1, 0],
    // The outside, whole and in parts.
    ['{ from: internet, to: "data/*", expect: denied }', 6, 1],
    ['{ from: internet, to: data/*, except: [203.0.113.0/25], expect: denied }', 4, 0],
    ['{ from: internet, to: data/*, except: [203.0.113.0/26], expect: denied }', 6, 1],
    ['{ from: 203.0.113.0/25, to: redis*, expect: denied, allowEmpty: true }', 0, 0],
    ['{ from: 203.0.113.1, to: data/redis, port: 6379, expect: allowed }', 1, 0],
    ['{ from: 203.0.113.200, to: data/redis, expect: denied }', 1, 0],
    ['{ from: data/redis, to: [internet, "node/*"], expect: denied }', 5, 0],
    // A workload with itself only where nothing else is asked about.
    ['{ from: data/redis, to: data/redis, port: 6379, expect: allowed }', 1, 0],
    ['{ from: data/redis, to: data/redis, port: 6381, expect: allowed }', 1, 1],
    ['{ from: data/*, to: data/*, expect: denied }', 2, 0],
    // Exceptions, on either side.
    ['{ from: shop/*, to: shop/*, except: [shop/debug, cart], expect: allowed, allowEmpty: true }', 0, 0],
    ['{ from: shop/*, to: cart, except: [front], expect: denied }', 1, 0],
    ['{ from: shop/*, to: shop/*, except: { podSelector: { matchLabels: { app: cart } } }, expect: denied }', 2, 1],
    ['{ from: "*/*", to: data/redis, except: { from: data/* }, expect: denied }', 3, 0],
    ['{ from: shop/*, to: shop/*, except: { from: [cart], to: shop/debug }, expect: denied }', 3, 2],
    // Families.
    ['{ from: front, to: shop/debug, family: IPv4, expect: denied }', 1, 0],
    ['{ from: front, to: shop/debug, family: IPv6, expect: allowed }', 1, 1],
    ['{ from: front, to: cart, family: IPv6, expect: denied }', 1, 0],
  ])('%s', (assertion, pairs, failed) => {
    const { results, diagnostics } = run(world, assertion);
    expect(diagnostics).toEqual([]);
    expect(results.map((one) => [one.pairs, one.failed, one.passed])).toEqual([[pairs, failed, failed === 0]]);
  });

  it.each<[assertion: string, code: string, column: number, message: RegExp, help: string | undefined]>([
    [
      '{ from: shop/deploy/frond, to: cart, expect: denied }',
      'unknown-endpoint',
      13,
      /frond"/,
      'did you mean shop/deploy/front or shop/deploy/cart?',
    ],
    [
      '{ from: shop/*x, to: cart, expect: denied }',
      'unknown-endpoint',
      13,
      /"shop\/\*x" matches no endpoint/,
      undefined,
    ],
    ['{ from: a/b/c/*, to: cart, expect: denied }', 'unknown-endpoint', 13, /is not understood/, undefined],
    ['{ from: front, to: shop/widget/*, expect: denied }', 'unknown-endpoint', 24, /is not understood/, undefined],
    [
      '{ from: front, to: { podSelector: { matchLabels: { app: none } } }, expect: denied }',
      'unknown-endpoint',
      24,
      /pods app=none matches no endpoint/,
      undefined,
    ],
    ['{ from: front, to: cart, port: 70000, expect: denied }', 'bad-port', 36, /out of range/, undefined],
    [
      '{ from: front, to: cart, port: metrics, expect: denied }',
      'vacuous',
      5,
      /no destination has a container port named metrics/,
      'allowEmpty: true says that this is as it should be',
    ],
    [
      '{ from: shop/debug, to: shop/debug, expect: allowed }',
      'vacuous',
      5,
      /always reaches itself/,
      'allowEmpty: true says that this is as it should be',
    ],
    [
      '{ from: internet, to: 10.0.0.0/8, expect: denied }',
      'vacuous',
      5,
      /outside the cluster/,
      'allowEmpty: true says that this is as it should be',
    ],
    [
      '{ from: front, to: cart, except: [shop/debug], expect: denied }',
      'idle-exception',
      39,
      /excludes nothing/,
      undefined,
    ],
    [
      '{ from: "*/*", to: data/redis, except: [data/*], expect: denied }',
      'vacuous',
      5,
      /its exceptions leave nothing/,
      'allowEmpty: true says that this is as it should be',
    ],
    ['{ from: front, to: cart, except: [nobody], expect: denied }', 'unknown-endpoint', 39, /"nobody"/, undefined],
  ])('%s is an error', (assertion, code, column, message, help) => {
    const { results, diagnostics } = run(world, assertion);
    expect(results).toEqual([]);
    expect(diagnostics).toEqual([
      expect.objectContaining({
        code,
        severity: 'error',
        message: expect.stringMatching(message),
        source: expect.objectContaining({ file: 'test.yaml', line: 4, column }),
      }),
    ]);
    expect(diagnostics[0]?.help).toBe(help);
    if (code !== 'bad-port') {
      const relaxed = run(world, assertion.replace(/ }$/, ', allowEmpty: true }'));
      expect(relaxed.diagnostics).toEqual([]);
      expect(relaxed.results).toHaveLength(1);
    }
  });

  it('has a title: its name, or what it says', () => {
    const { results } = run(
      world,
      '{ name: nobody reads the cart, from: shop/debug, to: cart, expect: denied }',
      '{ from: ["*/*"], to: { podSelector: { matchLabels: { app: redis } }, namespaceSelector: { matchLabels: { team: b } } }, port: [80, 53/UDP], expect: denied, except: { from: [data/*] }, family: IPv4 }',
    );
    expect(results.map(({ title }) => title)).toEqual([
      'nobody reads the cart',
      '*/* -> pods app=redis in namespaces team=b 80, 53/UDP on IPv4 is denied except from data/*',
    ]);
  });

  it('explains what lets a denied connection through', () => {
    const { results } = run(world, '{ from: "*/*", to: [cart], port: [22, 8080], expect: denied }');
    expect(results[0]?.counterexamples).toMatchObject([
      {
        from: 'shop/front[Deployment]',
        to: 'shop/cart[Deployment]',
        ports: [{ protocol: 'TCP', ranges: [[8080, 8080]] }],
        alike: 0,
        verdict: { allowed: true, ingress: { decidedBy: { policy: { name: 'cart' }, rule: 0, peer: 0, port: 0 } } },
      },
    ]);
  });

  it('explains what refuses an allowed one, by the nearest rule', () => {
    const { results } = run(world, '{ from: front, to: cart, port: [8080, 8443], expect: allowed }');
    expect(results[0]?.counterexamples).toMatchObject([
      {
        ports: [{ protocol: 'TCP', ranges: [[8443, 8443]] }],
        verdict: {
          allowed: false,
          ingress: { isolatedBy: [{ name: 'cart' }], nearMisses: [{ missed: 'port', rule: 0 }] },
        },
      },
    ]);
  });

  it('says which name of a port a destination lacks', () => {
    const { results } = run(world, '{ from: front, to: [cart, shop/debug], port: http, expect: allowed }');
    expect(results[0]).toMatchObject({
      failed: 1,
      counterexamples: [
        { to: 'shop/debug[Pod]', ports: [], notes: ['shop/debug[Pod] has no container port named http'] },
      ],
    });
  });

  it('orders diagnostics by their place', () => {
    const { diagnostics } = run(
      world,
      '{ from: internet, to: 10.0.0.0/8, expect: denied }',
      '{ from: nobody, to: cart, port: 99999, expect: denied }',
    );
    expect(diagnostics.map(({ source, code }) => [source?.line, code])).toEqual([
      [4, 'vacuous'],
      [5, 'unknown-endpoint'],
      [5, 'bad-port'],
    ]);
  });
});

describe('judging by class', () => {
  const ends = fc.constantFrom('"*"', 'x/*', '"*/p*"', '"*/pod/*"', 'node/*', 'internet', '["x/*", node/*, internet]');
  const ports = fc.constantFrom(undefined, '80', '1-100', '[53/UDP, 80]');

  /** What reachability says of an assertion, pair by pair. */
  function expected(cluster: World, from: readonly Unit[], to: readonly Unit[], wanted: readonly number[] | undefined) {
    const reached = computeReachability(cluster, {});
    if ('error' in reached) throw new Error(reached.error.error);
    const connections = new Map([...reached.reachability.connections()].map((one) => [`${one.from} ${one.to}`, one]));
    const outside = ({ endpoint }: Unit): boolean => endpoint.type === 'external';
    let pairs = 0;
    let open = 0;
    let closed = 0;
    for (const one of from) {
      for (const other of to) {
        const families = commonFamilies(one, other);
        if (one.endpoint.id === other.endpoint.id || (outside(one) && outside(other))) continue;
        if (families.length === 0 && (outside(one) || outside(other))) continue;
        pairs++;
        const connection = connections.get(`${one.endpoint.id} ${other.endpoint.id}`);
        const answers = (port: number): boolean[] =>
          families.map((family) => isOpen(connection, family, { protocol: 'TCP', port }));
        if (wanted === undefined) {
          if (connection !== undefined) open++;
          const openIn = families.filter((family) =>
            connection?.ports.some((entry) => entry.families === undefined || entry.families.includes(family)),
          );
          if (families.length === 0 || openIn.length < families.length) closed++;
        } else {
          const all = wanted.flatMap(answers);
          if (all.includes(true)) open++;
          if (families.length === 0 || all.includes(false)) closed++;
        }
      }
    }
    return { pairs, open, closed };
  }

  it('counts the pairs that reachability lists', patient, () => {
    let failures = 0;
    fc.assert(
      fc.property(randomCluster, ends, ends, ports, (cluster, from, to, port) => {
        const tested = new World(decodeCluster(cluster), 'x');
        const asked = port === undefined ? '' : `port: ${port}, `;
        const { results } = run(
          tested,
          `{ from: ${from}, to: ${to}, ${asked}expect: denied, allowEmpty: true }`,
          `{ from: ${from}, to: ${to}, ${asked}expect: allowed, allowEmpty: true }`,
        );
        const byText = (text: string): readonly Unit[] => {
          const pods = tested.units('workload').filter((unit) => unit.pods.length > 0);
          const nodes = tested.units('workload').filter(({ endpoint }) => endpoint.type === 'node');
          const inX = pods.filter(({ endpoint }) => endpoint.namespace === 'x');
          switch (text) {
            case '"*"':
              return pods;
            case 'x/*':
              return inX;
            case '"*/p*"':
              return pods.filter(({ endpoint }) => endpoint.name?.startsWith('p') === true);
            case '"*/pod/*"':
              return pods.filter(({ endpoint }) => endpoint.workloadKind === 'Pod');
            case 'node/*':
              return nodes;
            case 'internet':
              return tested.external();
            default:
              return [...inX, ...nodes, ...tested.external()];
          }
        };
        const [units, others] = [byText(from), byText(to)];
        // A single workload asked about with itself is another question.
        const names = new Set([...units, ...others].map(({ endpoint }) => `${endpoint.namespace}/${endpoint.name}`));
        if (names.size === 1) return;
        const wanted = port === undefined ? undefined : port === '80' ? [80] : port === '1-100' ? [1, 80, 100] : [80];
        const { pairs, open, closed } = expected(tested, units, others, wanted);
        expect(results.map((one) => one.pairs)).toEqual([pairs, pairs]);
        if (port === undefined || port === '80') {
          expect(results.map((one) => one.failed)).toEqual([open, closed]);
          failures += open;
        } else {
          // Only some of the ports are looked at here.
          expect(results[0]?.failed).toBeGreaterThanOrEqual(open);
          expect(results[1]?.failed).toBeGreaterThanOrEqual(closed);
        }
        for (const { failed, counterexamples } of results) {
          const shown = counterexamples.reduce((sum, { alike }) => sum + alike + 1, 0);
          if (counterexamples.length < 20) expect(shown).toBe(failed);
        }
      }),
      effort(150),
    );
    expect(failures).toBeGreaterThan(100);
  });
});
