import { describe, expect, test } from 'vitest';
import { readManifests } from '../../../src/manifest/index.ts';
import { readForm, writeForm } from './forms.ts';

const POLICY = `# Carts.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: cart # the name
  namespace: shop
spec:
  podSelector: { matchLabels: { app: cart } }
  policyTypes: [Ingress, Egress]
  ingress:
    # Customers.
    - from:
        - podSelector: { matchLabels: { app: frontend } }
      ports: [{ port: 7070 }, { port: dns, protocol: UDP }]
    - from:
        - namespaceSelector: {}
          podSelector: { matchExpressions: [{ key: app, operator: In, values: [a, b] }] }
        - ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16] }
      ports: [{ port: 8000, endPort: 8080 }]
  egress: []
`;

function specOf(text: string): unknown {
  const { objects, diagnostics } = readManifests([{ name: 'a', content: text }]);
  expect(diagnostics).toEqual([]);
  const [policy] = objects;
  return policy?.kind === 'NetworkPolicy' ? policy.spec : undefined;
}

function formAt(text: string, offset: number): Exclude<ReturnType<typeof readForm>, { error: string }> {
  const read = readForm({ text, offset });
  if ('error' in read) throw new Error(read.error);
  return read;
}

describe('forms', () => {
  test('show selectors, peers and ports as people type them', () => {
    expect(formAt(POLICY, 100).form).toEqual({
      name: 'cart',
      namespace: 'shop',
      pods: 'app=cart',
      ingress: [
        { peers: [{ type: 'pods', pods: 'app=frontend', namespaces: null }], ports: '7070, dns/UDP' },
        {
          peers: [
            { type: 'pods', pods: 'app in (a,b)', namespaces: '' },
            { type: 'block', cidr: '10.0.0.0/8', except: '10.1.0.0/16' },
          ],
          ports: '8000-8080',
        },
      ],
      egress: [],
    });
  });

  test('written anew mean what was read', () => {
    const { yaml, problems } = writeForm({ form: formAt(POLICY, 0).form });
    expect(problems).toEqual([]);
    expect(specOf(yaml)).toEqual(specOf(POLICY));
  });

  test('written back unchanged change nothing', () => {
    const { form, document } = formAt(POLICY, 0);
    expect(writeForm({ form, document }).yaml).toBe(POLICY);
  });

  test('written back keep what was not changed, comments too', () => {
    const { form, document } = formAt(POLICY, 0);
    const [first, second] = form.ingress ?? [];
    if (first === undefined || second === undefined) throw new Error('two rules');
    const { yaml } = writeForm({ form: { ...form, ingress: [first, { ...second, ports: '443' }] }, document });
    expect(yaml).toContain('# Carts.');
    expect(yaml).toContain('name: cart # the name');
    expect(yaml).toContain('# Customers.');
    expect(yaml).toMatch(/ports: \[ ?\{ port: 7070 \}, \{ port: dns, protocol: UDP \} ?\]/);
    expect(specOf(yaml)).toMatchObject({ ingress: [{}, { ports: [{ port: 443, protocol: 'TCP' }] }] });
  });

  test.each([
    ['policyTypes: [Ingress]', '[{ port: 80 }, {port: 81}]'],
    ['policyTypes: [ Ingress ]', '[ {port: 80}, { port: 81 } ]'],
  ])('written back keep the spaces of %s', (types, ports) => {
    for (const indent of ['', '  ']) {
      const text = `kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: a}
spec:
  podSelector: {}
  ${types}
  ingress:
  ${indent}- ports: ${ports}
`;
      const { form, document } = formAt(text, 0);
      const { yaml } = writeForm({ form: { ...form, name: 'b' }, document });
      expect(yaml).toBe(text.replace('name: a', 'name: b'));
    }
  });

  test('written back mean what the form says, however the text is written', () => {
    const text = POLICY.replace(
      '{ matchLabels: { app: frontend } }',
      '{ matchExpressions: [{ key: a, operator: In, values: [z, b] }] }',
    );
    const { form, document } = formAt(text, 0);
    const [first, second] = form.ingress ?? [];
    if (first === undefined || second === undefined) throw new Error('two rules');
    for (const pods of ['a=z', 'a in (b)', 'a in (b,c,z)', 'a in (c,z)', 'x=y', 'a!=z', '']) {
      const peers = [{ type: 'pods' as const, pods, namespaces: null }];
      const { yaml } = writeForm({ form: { ...form, ingress: [{ ...first, peers }, second] }, document });
      const again = formAt(yaml, 0).form;
      const anew = writeForm({ form: { ...form, ingress: [{ ...first, peers }, second] } }).yaml;
      expect(again).toEqual(formAt(anew, 0).form);
      expect(yaml).toContain('# Carts.');
    }
  });

  test('find the document at the cursor', () => {
    const text = `kind: Pod\n---\n${POLICY}`;
    const { start, end, form } = formAt(text, text.length - 5);
    expect(form.name).toBe('cart');
    expect(text.slice(start, end)).toContain('# Carts.');
    expect(readForm({ text, offset: 3 })).toEqual({ error: 'not-a-policy' });
  });

  test.each([
    [{ pods: 'a=b=c' }, /a=b=c/],
    [{ ingress: [{ peers: [], ports: '99999' }] }, /99999/],
    [{ ingress: null, egress: null }, /ingress, egress or both/],
    [{ ingress: [{ peers: [{ type: 'block', cidr: 'x', except: '' }], ports: '' }] }, /cidr/],
  ] as const)('say what is wrong with %j', (change, message) => {
    const { problems } = writeForm({ form: { ...formAt(POLICY, 0).form, ...change } });
    expect(problems.map((problem) => problem.message).join()).toMatch(message);
  });
});
