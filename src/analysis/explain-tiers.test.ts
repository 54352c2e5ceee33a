import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { effort, patient } from '../../test/support/property.ts';
import { decodeCluster, randomCluster } from '../../test/support/random-cluster.ts';
import { readManifests } from '../manifest/index.ts';
import { AddressSet } from '../net/address-set.ts';
import { parseCidr } from '../net/cidr.ts';
import { type CanAnswer, can } from './can.ts';
import { type Explanation, explain } from './explain.ts';
import { parsePortQuery } from './ports.ts';
import { createWorld, World } from './world.ts';

const WORLD = `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
status: {podIP: 10.244.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec: {containers: [{name: c, ports: [{name: grpc, containerPort: 7070}]}]}
status: {podIP: 10.244.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: probe, namespace: lab, labels: {app: probe}}
spec: {containers: [{name: c}]}
status: {podIP: 10.244.0.3}
---
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: lab, labels: {app: agent}}
spec: {nodeName: n1, hostNetwork: true, containers: [{name: c}]}
status: {podIP: 192.0.2.1}
---
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {role: worker}}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
`;

interface Policy {
  readonly kind?: string;
  readonly name?: string;
  readonly tier?: string;
  readonly priority?: number;
  readonly subject?: string;
  readonly ingress?: readonly string[];
  readonly egress?: readonly string[];
}

/** A ClusterNetworkPolicy for all pods, one line to a rule; the first is line 9. */
function cnp(policy: Policy): string {
  const { name = 'lockdown', tier = 'Admin', priority = 10, subject = '{namespaces: {}}' } = policy;
  const rules = (['ingress', 'egress'] as const).flatMap((direction) => {
    const listed = policy[direction];
    return listed === undefined ? [] : [`  ${direction}:`, ...listed.map((rule) => `    - ${rule}`)];
  });
  return `apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: ${name}}
spec:
  tier: ${tier}
  priority: ${priority}
  subject: ${subject}
${rules.join('\n')}
`;
}

const CART = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: cart, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  ingress: [{from: [{podSelector: {}}], ports: [{port: 7070}]}]
`;

const ALL_PODS = '[{namespaces: {}}]';
const PROBES = '[{pods: {podSelector: {matchLabels: {app: probe}}}}]';
const port = (number: number): string => `protocols: [{tcp: {destinationPort: {number: ${number}}}}]`;

function ask(
  policies: readonly string[],
  from: string,
  to: string,
  portText?: string,
  domains: Readonly<Record<string, string>> = {},
): { readonly answer: CanAnswer; readonly explanation: Explanation } {
  const { objects, diagnostics } = readManifests([
    { name: 'world.yaml', content: WORLD },
    { name: 'policy.yaml', content: policies.join('---\n') },
  ]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const known = Object.entries(domains).map(([name, text]) => {
    const cidr = parseCidr(text)?.cidr;
    return [name, cidr === undefined ? AddressSet.EMPTY : AddressSet.ofCidr(cidr)] as const;
  });
  const { world } = createWorld(objects, { domains: new Map(known) });
  const query = portText === undefined ? undefined : parsePortQuery(portText);
  if (query !== undefined && 'error' in query) throw new Error(query.error);
  const answer = can(world, from, to, query);
  if ('error' in answer) throw new Error(answer.error);
  return { answer, explanation: explain(world, answer) };
}

const stepsOf = ({ explanation }: ReturnType<typeof ask>, direction: 'egress' | 'ingress'): readonly string[] =>
  explanation.directions.find((one) => one.direction === direction)?.steps ?? [];

describe('the Admin tier', () => {
  it('denies before NetworkPolicies are asked', () => {
    const lockdown = cnp({
      ingress: [`{action: Accept, from: ${PROBES}, ${port(80)}}`, `{name: deny-all, action: Deny, from: ${ALL_PODS}}`],
    });
    const asked = ask([lockdown, CART], 'shop/web', 'shop/cart', '7070');
    expect(asked.answer.ingress).toMatchObject({ allowed: false, tier: 'admin', decidedBy: { ruleName: 'deny-all' } });
    expect(stepsOf(asked, 'ingress')).toEqual([
      'Admin tier: ingress rule 2 "deny-all" of ClusterNetworkPolicy lockdown (priority 10, policy.yaml:10) denies it: ' +
        'its peer 1 is all pods of every namespace, and shop/web[Pod] is one of them; it names no ports, so it is for every port.',
      'NetworkPolicies are not asked, though shop/cart[Pod] is isolated for ingress by shop/cart (selects app=cart, ' +
        'policy.yaml:16): the Admin tier comes first.',
    ]);
    expect(asked.explanation.flip).toEqual([
      'put an Accept or Pass rule for pods app=web of namespace shop on 7070/TCP before ingress rule 2 "deny-all" of ' +
        'ClusterNetworkPolicy lockdown (priority 10, policy.yaml:10)',
      'remove ingress rule 2 "deny-all" of ClusterNetworkPolicy lockdown (priority 10, policy.yaml:10)',
      'no NetworkPolicy can allow it: the Admin tier comes first',
    ]);
  });

  it('cites the rule, the peer and the port', () => {
    const policy = `apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: lockdown}
spec:
  tier: Admin
  priority: 10
  subject: {namespaces: {}}
  ingress:
    - name: deny-web
      action: Deny
      from:
        - pods: {podSelector: {matchLabels: {app: probe}}}
        - namespaces: {}
      protocols:
        - udp: {destinationPort: {number: 53}}
        - tcp: {destinationPort: {number: 7070}}
`;
    const { explanation } = ask([policy], 'shop/web', 'shop/cart', '7070');
    expect(explanation.directions[1]?.cites.map(({ position, note }) => [position.line, note])).toEqual([
      [9, 'Ingress rule 1 denies it'],
      [13, 'matches shop/web[Pod]'],
      [16, 'matches the port'],
    ]);
  });

  it('cites ports where v1alpha1 has them', () => {
    const policy = `apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: old}
spec:
  priority: 5
  subject: {namespaces: {}}
  ingress:
    - action: Deny
      from: [{namespaces: {}}]
      ports:
        - portNumber: {protocol: TCP, port: 7070}
`;
    const asked = ask([policy], 'shop/web', 'shop/cart', '7070');
    expect(asked.explanation.directions[1]?.cites.map(({ position }) => position.line)).toEqual([8, 9, 11]);
    expect(stepsOf(asked, 'ingress')[0]).toMatch(
      /^Admin tier: ingress rule 1 of AdminNetworkPolicy old \(priority 5, /,
    );
  });

  it('tells rules before that miss one thing, and what would make them match', () => {
    const lockdown = cnp({
      ingress: [
        `{action: Accept, from: ${ALL_PODS}, ${port(80)}}`,
        `{action: Accept, from: ${PROBES}}`,
        `{action: Pass, from: ${PROBES}, ${port(80)}}`,
        `{action: Deny, from: ${ALL_PODS}}`,
      ],
    });
    const asked = ask([lockdown], 'shop/web', 'shop/cart', '7070');
    expect(stepsOf(asked, 'ingress').slice(0, 2)).toEqual([
      'Admin tier: ingress rule 1 of ClusterNetworkPolicy lockdown (priority 10, policy.yaml:9) comes first and nearly ' +
        'matches: accepts 80/TCP, not 7070/TCP.',
      'Admin tier: ingress rule 2 of ClusterNetworkPolicy lockdown (priority 10, policy.yaml:10) comes first and nearly ' +
        'matches: accepts pods app=probe; this pod has app=web.',
    ]);
    expect(stepsOf(asked, 'ingress')).toHaveLength(4);
    expect(asked.explanation.flip.slice(0, 2)).toEqual([
      'add 7070/TCP to ingress rule 1 of ClusterNetworkPolicy lockdown (priority 10, policy.yaml:9)',
      'add pods app=web of namespace shop to ingress rule 2 of ClusterNetworkPolicy lockdown (priority 10, policy.yaml:10)',
    ]);
  });

  it('passes on, and a Pass rule is no way out where NetworkPolicies refuse', () => {
    const pass = cnp({ ingress: [`{action: Pass, from: ${ALL_PODS}}`, `{action: Deny, from: ${ALL_PODS}}`] });
    const allowed = ask([pass, CART], 'shop/web', 'shop/cart', '7070');
    expect(allowed.answer.ingress.passedBy).toMatchObject([{ rule: 0, action: 'Pass' }]);
    expect(stepsOf(allowed, 'ingress').map((step) => step.replace(/ \(.*?\)/g, '').split(':')[0])).toEqual([
      'Admin tier',
      'shop/cart[Pod] is isolated for ingress by shop/cart',
      'Ingress rule 1 of shop/cart admits it',
    ]);
    const denied = ask(
      [cnp({ ingress: [`{action: Deny, from: ${ALL_PODS}}`] }), CART],
      'lab/probe',
      'shop/cart',
      '7070',
    );
    expect(denied.explanation.flip).toEqual([
      'put an Accept rule for pods app=probe of namespace lab on 7070/TCP before ingress rule 1 of ClusterNetworkPolicy ' +
        'lockdown (priority 10, policy.yaml:9)',
      'no NetworkPolicy can allow it: the Admin tier comes first',
    ]);
  });

  it('accepts, which no NetworkPolicy overrides', () => {
    const accept = cnp({ ingress: [`{action: Accept, from: ${ALL_PODS}}`] });
    const { explanation } = ask([accept, CART], 'lab/probe', 'shop/cart', '80');
    expect(explanation.flip.slice(1)).toEqual([
      'put a Deny rule for pods app=probe of namespace lab on 80/TCP before ingress rule 1 of ClusterNetworkPolicy ' +
        'lockdown (priority 10, policy.yaml:9)',
      'remove ingress rule 1 of ClusterNetworkPolicy lockdown (priority 10, policy.yaml:9)',
      'no NetworkPolicy can refuse the ingress here: an Admin Accept cannot be overridden by NetworkPolicies',
    ]);
  });

  it('needs every rule gone that denies, over policies', () => {
    const rules = { ingress: [`{action: Deny, from: ${ALL_PODS}}`] };
    const { explanation } = ask(
      [cnp({ name: 'a', ...rules }), cnp({ name: 'b', priority: 20, ...rules })],
      'shop/web',
      'shop/cart',
      '80',
    );
    expect(explanation.flip[1]).toBe(
      'remove ingress rule 1 of ClusterNetworkPolicy a (priority 10, policy.yaml:9) and ingress rule 1 of ' +
        'ClusterNetworkPolicy b (priority 20, policy.yaml:19)',
    );
  });
});

describe('the Baseline tier', () => {
  const baseline = cnp({ name: 'base', tier: 'Baseline', ingress: [`{action: Deny, from: ${ALL_PODS}}`] });

  it('decides where no NetworkPolicy isolates, and a NetworkPolicy overrides it', () => {
    const asked = ask([baseline], 'lab/probe', 'shop/cart', '7070');
    expect(stepsOf(asked, 'ingress')).toEqual([
      'No NetworkPolicy isolates shop/cart[Pod] for ingress, so the Baseline tier is asked.',
      'Baseline tier: ingress rule 1 of ClusterNetworkPolicy base (priority 10, policy.yaml:9) denies it: its peer 1 is ' +
        'all pods of every namespace, and lab/probe[Pod] is one of them; it names no ports, so it is for every port.',
    ]);
    expect(asked.explanation.flip).toEqual([
      'put an Accept or Pass rule for pods app=probe of namespace lab on 7070/TCP before ingress rule 1 of ' +
        'ClusterNetworkPolicy base (priority 10, policy.yaml:9)',
      'remove ingress rule 1 of ClusterNetworkPolicy base (priority 10, policy.yaml:9)',
      'add a NetworkPolicy to namespace shop that selects app=cart and admits ingress from lab/probe[Pod] on 7070/TCP: ' +
        'a NetworkPolicy overrides the Baseline tier (and refuses every other ingress that none admits)',
    ]);
  });

  it('is not asked where one isolates', () => {
    const asked = ask([baseline, CART], 'shop/web', 'shop/cart', '7070');
    expect(asked.answer.allowed).toBe(true);
    expect(stepsOf(asked, 'ingress').at(-1)).toBe(
      'The Baseline tier is not asked: it is for pods that no NetworkPolicy isolates.',
    );
  });

  it('accepts until a NetworkPolicy does not', () => {
    const accept = cnp({ name: 'base', tier: 'Baseline', ingress: [`{action: Accept, from: ${ALL_PODS}}`] });
    const { explanation } = ask([accept], 'shop/web', 'shop/cart', '80');
    expect(explanation.flip.at(-1)).toBe(
      'add a NetworkPolicy to namespace shop that selects app=cart for ingress and does not admit this: a NetworkPolicy ' +
        'overrides the Baseline tier',
    );
    expect(explanation.flip.some((change) => change.startsWith('remove'))).toBe(false);
  });

  it('of v1alpha1 has no priority', () => {
    const banp = `apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec:
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}]
`;
    expect(stepsOf(ask([banp], 'shop/web', 'shop/cart', '80'), 'ingress')[1]).toContain(
      'ingress rule 1 of BaselineAdminNetworkPolicy default (policy.yaml:6) denies it',
    );
  });

  it('without a match leaves the default', () => {
    const asked = ask([baseline.replace(ALL_PODS, PROBES)], 'shop/web', 'shop/cart', '80');
    expect(asked.answer.ingress).toMatchObject({ allowed: true, tier: 'default' });
    expect(stepsOf(asked, 'ingress')).toEqual([
      'No NetworkPolicy isolates shop/cart[Pod] for ingress, so the Baseline tier is asked.',
      'Baseline tier: the ingress rule of ClusterNetworkPolicy base (priority 10, policy.yaml:1) does not match.',
      'No policy decides: what none decides is allowed.',
    ]);
  });
});

describe('ends that are no pods', () => {
  const noNodes = cnp({ egress: ['{action: Deny, to: [{nodes: {}}]}'] });

  it('the own node is denied by the Admin tier', () => {
    const asked = ask([noNodes], 'shop/web', 'node/n1', '80');
    expect(asked.answer.egress).toMatchObject({ allowed: false, tier: 'admin' });
    expect(stepsOf(asked, 'egress')[0]).toContain('its peer 1 is all nodes, and node/n1 is one of them');
    expect(asked.explanation.flip[0]).toContain(
      'put an Accept or Pass rule for networks 192.0.2.1/32 on 80/TCP before',
    );
  });

  it('the own node is open else, whatever NetworkPolicies say', () => {
    const closed =
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: closed, namespace: shop}\nspec: {podSelector: {}, policyTypes: [Ingress, Egress]}\n';
    const { answer, explanation } = ask([closed], 'shop/web', 'node/n1', '80');
    expect(answer.egress.tier).toBe('node');
    expect(explanation.directions[0]?.steps).toEqual([
      'Traffic between a pod and the node it runs on is always allowed, whatever NetworkPolicies say.',
    ]);
    expect(explanation.flip[0]).toBe(
      'no NetworkPolicy can refuse the egress of shop/web[Pod] here; a Deny rule of the Admin tier for nodes or networks can',
    );
    expect(ask([closed], 'node/n1', 'shop/web', '80').explanation.flip).toEqual([
      'no NetworkPolicy can refuse the ingress of shop/web[Pod] here',
    ]);
  });

  it('a hostNetwork pod is not among all pods', () => {
    const deny = cnp({ ingress: [`{action: Deny, from: ${ALL_PODS}}`] });
    const asked = ask([deny], 'lab/agent', 'shop/cart', '80');
    expect(asked.answer.allowed).toBe(true);
    expect(stepsOf(asked, 'egress')).toEqual([
      'node/n1 is not a pod of the cluster network: policies do not limit its egress.',
    ]);
    expect(stepsOf(asked, 'ingress')[0]).toBe(
      'Admin tier: ingress rule 1 of ClusterNetworkPolicy lockdown (priority 10, policy.yaml:9) nearly matches: denies ' +
        'all pods, but a hostNetwork pod is its node, which pod selectors never match.',
    );
  });

  it('addresses outside', () => {
    const networks = cnp({
      egress: [
        '{action: Accept, to: [{networks: [198.51.100.0/24]}]}',
        '{action: Deny, to: [{networks: [0.0.0.0/0]}]}',
      ],
    });
    const asked = ask([networks], 'shop/web', '203.0.113.7', '443');
    expect(stepsOf(asked, 'egress')[0]).toContain('accepts 198.51.100.0/24, which does not hold 203.0.113.7');
    expect(asked.explanation.flip.slice(0, 2)).toEqual([
      'add networks 203.0.113.7/32 to egress rule 1 of ClusterNetworkPolicy lockdown (priority 10, policy.yaml:9)',
      'put an Accept or Pass rule for networks 203.0.113.7/32 on 443/TCP before egress rule 2 of ClusterNetworkPolicy ' +
        'lockdown (priority 10, policy.yaml:10)',
    ]);
  });
});

describe('peers of a newer API', () => {
  const unknown = '[{galaxies: {}}]';

  it('a Deny rule denies everything', () => {
    const asked = ask([cnp({ ingress: [`{action: Deny, from: ${unknown}}`] })], '203.0.113.7', 'shop/cart', '80');
    expect(stepsOf(asked, 'ingress')[0]).toMatch(
      /denies it: this version cannot read its peer 1.*, and such a Deny rule denies everything\.$/,
    );
    expect(asked.explanation.flip).toEqual([
      'remove ingress rule 1 of ClusterNetworkPolicy lockdown (priority 10, policy.yaml:9)',
      'no NetworkPolicy can allow it: the Admin tier comes first',
    ]);
  });

  it('an Accept rule accepts nothing', () => {
    const rules = [`{action: Accept, from: [{namespaces: {}}, {galaxies: {}}]}`, `{action: Deny, from: ${ALL_PODS}}`];
    const asked = ask([cnp({ ingress: rules })], 'shop/web', 'shop/cart', '80');
    expect(stepsOf(asked, 'ingress')[0]).toContain('an Accept rule with such a peer matches nothing');
    expect(asked.explanation.flip[0]).toBe(
      'take peer 2 out of ingress rule 1 of ClusterNetworkPolicy lockdown (priority 10, policy.yaml:9)',
    );
  });
});

describe('domains', () => {
  const egress = cnp({
    egress: [
      `{action: Accept, to: [{domainNames: [api.example.com, "*.cdn.example.com"]}], ${port(443)}}`,
      '{action: Deny, to: [{networks: [0.0.0.0/0]}]}',
    ],
  });

  it('are accepted by name', () => {
    const asked = ask([egress], 'shop/web', 'a.cdn.example.com', '443');
    expect(asked.answer.allowed).toBe(true);
    expect(stepsOf(asked, 'egress')[0]).toContain(
      'accepts it: its peer 1 is domains api.example.com, *.cdn.example.com, and a.cdn.example.com is one of them',
    );
    expect(asked.answer.notes).toEqual([
      'the addresses of a.cdn.example.com are not known: of the rules for addresses, only those for every address count; ' +
        '--resolve gives them',
    ]);
  });

  it('on another port are denied by a rule for every address, and flips name the domain', () => {
    const asked = ask([egress], 'shop/web', 'api.example.com', '80');
    expect(asked.answer.egress).toMatchObject({ allowed: false, decidedBy: { rule: 1 } });
    expect(asked.explanation.flip.slice(0, 2)).toEqual([
      'add 80/TCP to egress rule 1 of ClusterNetworkPolicy lockdown (priority 10, policy.yaml:9)',
      'put an Accept rule for domain api.example.com on 80/TCP before egress rule 2 of ClusterNetworkPolicy lockdown ' +
        '(priority 10, policy.yaml:10)',
    ]);
  });

  it('of known addresses are matched by those', () => {
    const narrow = egress.replace('0.0.0.0/0', '198.51.100.0/24');
    expect(ask([narrow], 'shop/web', 'api.example.com', '80').answer.allowed).toBe(true);
    const known = { 'api.example.com': '198.51.100.7/32' };
    const asked = ask([narrow], 'shop/web', 'api.example.com', '80', known);
    expect(asked.answer).toMatchObject({ allowed: false, notes: [] });
    const accepted = ask([narrow], 'shop/web', 'api.example.com', '443', known);
    expect(accepted.explanation.flip[0]).toContain('put a Deny rule for networks 198.51.100.7/32 on 443/TCP before');
  });

  it('a name of no policy has to have an address, and no name is a source', () => {
    expect(() => ask([egress], 'shop/web', 'www.example.com')).toThrow(
      'no policy names the domain "www.example.com", and --resolve gives no address of it',
    );
    expect(
      ask([egress], 'shop/web', 'www.example.com', '80', { 'www.example.com': '203.0.113.9/32' }).answer.allowed,
    ).toBe(false);
    expect(() => ask([egress], 'api.example.com', 'shop/web')).toThrow('policies know those as destinations only');
  });
});

describe('policies of equal priority', () => {
  const accept = cnp({ name: 'a', ingress: [`{action: Accept, from: ${PROBES}}`] });
  const deny = cnp({ name: 'b', ingress: [`{action: Deny, from: ${ALL_PODS}}`] });
  const note =
    'ClusterNetworkPolicy b has the same priority 10 as ClusterNetworkPolicy a, and its ingress rule 1 says Deny where ' +
    'rule 1 of the other says Accept: which one holds is undefined; here a goes first, by name';

  it('are noted when both match the flow and differ', () => {
    expect(ask([accept, deny], 'lab/probe', 'shop/cart', '80').answer.notes).toEqual([note]);
    expect(ask([accept, deny], 'lab/probe', 'shop/cart').answer.notes).toEqual([note]);
  });

  it.each([
    ['one does not match', accept, deny, 'shop/web'],
    ['both say the same', accept.replace('Accept', 'Deny'), deny, 'lab/probe'],
    ['the priorities differ', accept, deny.replace('priority: 10', 'priority: 11'), 'lab/probe'],
    ['the tiers differ', accept, deny.replace('Admin', 'Baseline'), 'lab/probe'],
  ])('are not when %s', (_, first, second, from) => {
    expect(ask([first, second], from, 'shop/cart', '80').answer.notes).toEqual([]);
  });
});

describe('a question of every port', () => {
  const rules = cnp({
    ingress: [`{action: Accept, from: ${ALL_PODS}, ${port(80)}}`, `{action: Accept, from: ${ALL_PODS}, ${port(22)}}`],
  });
  const deny = cnp({ name: 'z', priority: 20, ingress: [`{action: Deny, from: ${ALL_PODS}}`] });

  it('does not tell rules for other ports as near misses', () => {
    const asked = ask([cnp({ ingress: [`{action: Deny, from: ${ALL_PODS}}`] })], 'shop/web', 'shop/cart');
    expect(asked.explanation.flip[0]).toBe(
      'put an Accept or Pass rule for pods app=web of namespace shop before ingress rule 1 of ClusterNetworkPolicy ' +
        'lockdown (priority 10, policy.yaml:9)',
    );
  });

  it('is turned around for every open port', () => {
    const { answer, explanation } = ask([rules, deny], 'shop/web', 'shop/cart');
    expect(answer.ports).toEqual([
      {
        protocol: 'TCP',
        ranges: [
          [22, 22],
          [80, 80],
        ],
      },
    ]);
    expect(explanation.flip.slice(1, 3)).toEqual([
      'put a Deny rule for pods app=web of namespace shop before ingress rule 1 of ClusterNetworkPolicy lockdown ' +
        '(priority 10, policy.yaml:9)',
      'remove ingress rule 2 of ClusterNetworkPolicy lockdown (priority 10, policy.yaml:10) and ingress rule 1 of ' +
        'ClusterNetworkPolicy lockdown (priority 10, policy.yaml:9)',
    ]);
  });
});

test('policies without a text have no places', () => {
  const { objects } = readManifests([
    { name: 'all', content: `${WORLD}---\n${cnp({ ingress: [`{action: Deny, from: ${ALL_PODS}}`] })}` },
  ]);
  const { world } = createWorld(objects.map(({ source: _, ...object }) => object as never));
  const answer = can(world, 'shop/web', 'shop/cart', { protocol: 'TCP', first: 80, text: '80' });
  if ('error' in answer) throw new Error(answer.error);
  const { directions } = explain(world, answer);
  expect(directions[1]?.cites).toEqual([]);
  expect(directions[1]?.steps[0]).toContain('ingress rule 1 of ClusterNetworkPolicy lockdown (priority 10) denies it');
});

const VERBS = { Allow: 'admits it', Accept: 'accepts it', Deny: 'denies it', Pass: 'passes it on' } as const;

/** Checks that an answer's decisions are told with tier, rule and action; returns how many. */
function checkTold(world: World, from: string, to: string, port: string | undefined): number {
  const query = port === undefined ? undefined : parsePortQuery(port);
  if (query !== undefined && 'error' in query) throw new Error(query.error);
  const answer = can(world, from, to, query);
  if ('error' in answer) throw new Error(answer.error);
  const { directions, flip } = explain(world, answer);
  let told = 0;
  for (const { direction, steps } of directions) {
    const { tier, decidedBy, passedBy = [] } = answer[direction];
    const deciding = tier === 'admin' || tier === 'baseline' ? [decidedBy] : [];
    for (const rule of [...passedBy, ...deciding]) {
      if (rule === null) throw new Error(`${tier} without a rule`);
      const sentence = new RegExp(
        `^(Admin|Baseline) tier: ${direction} rule ${rule.rule + 1} .*${rule.policy.name}.* ${VERBS[rule.action]}: `,
      );
      const tiers = steps.flatMap((step) => sentence.exec(step)?.[1]?.toLowerCase() ?? []);
      expect(tiers).toHaveLength(1);
      if (rule === decidedBy) expect(tiers).toEqual([tier]);
      told++;
    }
    if (tier === 'admin' && !answer[direction].allowed) {
      expect(flip).toContain('no NetworkPolicy can allow it: the Admin tier comes first');
    }
  }
  return told;
}

test('every decision of a random cluster is told with its tier, rule and action', patient, () => {
  let told = 0;
  const picks = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom('80', 'web', undefined)), { minLength: 10 });
  const check = fc.property(randomCluster, picks, (cluster, pairs) => {
    const world = new World(decodeCluster(cluster), 'default');
    const sources = [...world.units('workload'), ...world.external()];
    const targets = [...sources, ...world.domains()];
    for (const [a, b, port] of pairs) {
      const from = sources[a % sources.length]?.endpoint.id;
      const to = targets[b % targets.length]?.endpoint.id;
      if (from !== undefined && to !== undefined) told += checkTold(world, from, to, port);
    }
  });
  fc.assert(check, effort(200));
  expect(told).toBeGreaterThan(20);
});
