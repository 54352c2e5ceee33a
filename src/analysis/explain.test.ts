import { describe, expect, it } from 'vitest';
import { readManifests } from '../manifest/index.ts';
import { type CanAnswer, can } from './can.ts';
import { type Explanation, explain } from './explain.ts';
import { parsePortQuery } from './ports.ts';
import { createWorld } from './world.ts';

const PODS = `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec: {containers: [{name: c, ports: [{name: grpc, containerPort: 7070}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: other, labels: {app: web}}
spec: {containers: [{name: c}]}
`;

const CART = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: cart, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: web}}
      ports:
        - port: 7070
    - from:
        - ipBlock:
            cidr: 198.51.100.0/24
            except: [198.51.100.128/25]
`;

const DENY = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
`;

function ask(
  policies: string,
  from: string,
  to: string,
  port?: string,
): { readonly answer: CanAnswer; readonly explanation: Explanation } {
  const { objects } = readManifests([
    { name: 'pods.yaml', content: PODS },
    { name: 'policy.yaml', content: policies },
  ]);
  const { world } = createWorld(objects);
  const query = port === undefined ? undefined : parsePortQuery(port);
  if (query !== undefined && 'error' in query) throw new Error(query.error);
  const answer = can(world, from, to, query);
  if ('error' in answer) throw new Error(answer.error);
  return { answer, explanation: explain(world, answer) };
}

describe('a port that a rule does not have', () => {
  const { explanation } = ask(CART, 'shop/web', 'shop/cart', '8080');

  it('says who asks what, and which side refuses', () => {
    expect(explanation.summary).toBe(
      'May shop/web[Pod] connect to shop/cart[Pod] on 8080/TCP? No: the ingress of shop/cart[Pod] does not admit it.',
    );
  });

  it('reasons about each direction', () => {
    const [egress, ingress] = explanation.directions;
    expect(egress).toMatchObject({ direction: 'egress', subject: 'shop/web[Pod]', allowed: true, cites: [] });
    expect(egress?.steps).toEqual(['No NetworkPolicy selects shop/web[Pod] for egress: it may connect to everything.']);
    expect(ingress?.steps).toEqual([
      'shop/cart[Pod] is isolated for ingress by shop/cart (selects app=cart, policy.yaml:5): only what their rules admit passes.',
      'Ingress rule 1 of shop/cart (policy.yaml:8) nearly matches: allows 7070/TCP, not 8080/TCP.',
      'Ingress rule 2 of shop/cart (policy.yaml:12) is for others: it admits 198.51.100.0/24 except 198.51.100.128/25 on every port; shop/web[Pod] is none of them.',
    ]);
  });

  it('shows the line of the port', () => {
    const [cite] = explanation.directions[1]?.cites ?? [];
    expect(cite?.note).toBe('allows 7070/TCP, not 8080/TCP');
    expect(cite?.position).toMatchObject({ file: 'policy.yaml', line: 11, lineText: '        - port: 7070' });
  });

  it('says what to add', () => {
    expect(explanation.flip).toEqual(['add 8080/TCP to ingress rule 1 of shop/cart (policy.yaml:8)']);
  });
});

describe('what would allow it', () => {
  it.each([
    [
      'other labels',
      CART.replace('app: web', 'app: admin'),
      'shop/web',
      'shop/cart',
      '7070',
      ['add podSelector app=web to ingress rule 1 of shop/cart (policy.yaml:8)'],
    ],
    [
      'another namespace',
      CART,
      'other/web',
      'shop/cart',
      '7070',
      [
        'add namespaceSelector kubernetes.io/metadata.name=other with podSelector app=web to ingress rule 1 of shop/cart (policy.yaml:8)',
      ],
    ],
    [
      'an except',
      CART,
      '198.51.100.200',
      'shop/cart',
      '80',
      ['take 198.51.100.200 out of the except list of shop/cart (policy.yaml:15)'],
    ],
    [
      'another address',
      CART.replace(/ {4}- from:\n {8}- podSelector[\s\S]*?7070\n/, ''),
      '203.0.113.1',
      'shop/cart',
      '80',
      ['add ipBlock 203.0.113.1/32 to ingress rule 1 of shop/cart (policy.yaml:8)'],
    ],
    [
      'no rule at all',
      DENY,
      'other/web',
      'shop/cart',
      'grpc',
      [
        'add an ingress rule to shop/deny (policy.yaml:1): from namespaceSelector kubernetes.io/metadata.name=other with podSelector app=web on 7070/TCP',
      ],
    ],
    [
      'both directions',
      DENY,
      'shop/web',
      'shop/cart',
      '80',
      [
        'both directions need a change',
        'add an egress rule to shop/deny (policy.yaml:1): to podSelector app=cart on 80/TCP',
        'add an ingress rule to shop/deny (policy.yaml:1): from podSelector app=web on 80/TCP',
      ],
    ],
  ])('%s', (_, policies, from, to, port, flip) => {
    const { answer, explanation } = ask(policies, from, to, port);
    expect(answer.allowed).toBe(false);
    expect(explanation.flip).toEqual(flip);
  });

  it('proposals without a port name none', () => {
    const { explanation } = ask(DENY, 'other/web', 'shop/cart');
    expect(explanation.flip[0]).toMatch(/podSelector app=web$/);
  });
});

describe('what would deny it', () => {
  it('every rule that admits it, not only the first', () => {
    const second = CART.replace('name: cart', 'name: more').replace('- port: 7070', '- port: grpc');
    const { answer, explanation } = ask(`${CART}---\n${second}`, 'shop/web', 'shop/cart', '7070');
    expect(answer.allowed).toBe(true);
    expect(explanation.flip).toEqual([
      'no NetworkPolicy isolates shop/web[Pod] for egress: add one to namespace shop that selects app=web and does not admit this',
      'remove ingress rule 1 of shop/cart (policy.yaml:8) and ingress rule 1 of shop/more (policy.yaml:24)',
    ]);
  });

  it('a policy, where none isolates', () => {
    const { explanation } = ask('', 'shop/web', 'other/web', '80');
    expect(explanation.flip).toHaveLength(2);
    expect(explanation.flip[1]).toBe(
      'no NetworkPolicy isolates other/web[Pod] for ingress: add one to namespace other that selects app=web and does not admit this',
    );
  });

  it('nothing, where policies have no say', () => {
    const { answer, explanation } = ask(DENY, 'shop/web', 'shop/web', '80');
    expect(answer.allowed).toBe(true);
    expect(explanation.directions[0]?.steps).toContain('A pod always reaches itself, whatever the policies say.');
    expect(explanation.flip[0]).toBe('no policy can refuse the egress of shop/web[Pod] here');
  });
});

it('an admitting rule is shown with its peer and port', () => {
  const { explanation } = ask(CART, 'shop/web', 'shop/cart', '7070');
  const ingress = explanation.directions[1];
  expect(ingress?.steps.at(-1)).toBe(
    'Ingress rule 1 of shop/cart (policy.yaml:8) admits it: its peer 1 is pods app=web of namespace shop, and shop/web[Pod] is one of them; the port is one of its ports.',
  );
  expect(ingress?.cites.map(({ position, note }) => [position.line, note])).toEqual([
    [9, 'matches shop/web[Pod]'],
    [11, 'admits the port'],
  ]);
});

it('an end outside says that policies have no say there', () => {
  const { explanation } = ask(CART, 'internet', 'shop/cart', '80');
  expect(explanation.directions[0]?.steps.join()).toMatch(/is not a pod of the cluster network/);
});

it('answers about ends without a text have no places', () => {
  const { world } = createWorld(
    readManifests([{ name: 'all', content: `${PODS}---\n${CART}` }]).objects.map(
      ({ source: _, ...object }) => object as never,
    ),
  );
  const answer = can(world, 'shop/web', 'shop/cart', { protocol: 'TCP', first: 80, text: '80' });
  if ('error' in answer) throw new Error(answer.error);
  const { directions, flip } = explain(world, answer);
  expect(directions[1]?.cites).toEqual([]);
  expect(flip).toEqual(['add 80/TCP to ingress rule 1 of shop/cart']);
});
