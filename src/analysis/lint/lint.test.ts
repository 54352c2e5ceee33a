import { describe, expect, test } from 'vitest';
import { lintText, told } from '../../../test/support/lint.ts';

const PODS = `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: c, ports: [{ name: http, containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: cart, namespace: shop, labels: { app: cart } }
spec: { containers: [{ name: c, ports: [{ name: http, containerPort: 8080 }, { name: dns, containerPort: 53, protocol: UDP }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: agent, namespace: shop, labels: { app: agent } }
spec: { hostNetwork: true, containers: [{ name: c }] }
---
apiVersion: v1
kind: Pod
metadata: { name: backup, namespace: tools, labels: { app: backup } }
spec: { containers: [{ name: c }] }
status: { podIP: 10.0.0.7 }
---
`;

/** A policy for the cart, its spec in flow style; of the namespace shop. */
function cart(spec: string, name = 'cart', annotations = ''): string {
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: shop, annotations: { ${annotations} } }
spec: { podSelector: { matchLabels: { app: cart } }, policyTypes: [Ingress], ${spec} }
---
`;
}

const QUIET = { ignore: new Set(['namespace-without-default-deny'] as const) };
const FROM_WEB = 'from: [{ podSelector: { matchLabels: { app: web } } }]';

interface Case {
  readonly what: string;
  readonly text: string;
  readonly told: readonly string[];
  readonly podCidrs?: readonly string[];
}

const CASES: readonly Case[] = [
  { what: 'a right policy', text: cart(`ingress: [{ ${FROM_WEB}, ports: [{ port: 8080 }] }]`), told: [] },
  {
    what: 'matchLabels alone in a peer: one finding, not also that the peer is empty',
    text: cart('ingress: [{ from: [{ matchLabels: { app: web } }] }]'),
    told: ['misplaced-selector spec.ingress[0].from[0].matchLabels'],
  },
  {
    what: 'a label directly in a selector',
    text: cart('ingress: [{ from: [{ podSelector: { app.kubernetes.io/name: web } }] }]'),
    told: ['misplaced-selector spec.ingress[0].from[0].podSelector.app.kubernetes.io/name'],
  },
  {
    what: 'a policy for a pod of the host network only',
    text: cart('ingress: []').replace('app: cart', 'app: agent'),
    told: ['policy-selects-no-pod spec.podSelector'],
  },
  {
    what: 'an IPv6 block in a cluster whose known addresses are IPv4',
    text: cart('ingress: [{ from: [{ ipBlock: { cidr: "2001:db8::/32" } }] }]')
      .replaceAll('app: cart', 'app: backup')
      .replace('shop', 'tools'),
    told: ['rule-admits-nothing spec.ingress[0]'],
  },
  {
    what: 'halves of all addresses',
    text: cart('ingress: [{ from: [{ ipBlock: { cidr: 0.0.0.0/1 } }, { ipBlock: { cidr: 128.0.0.0/1 } }] }]'),
    told: [
      'ip-block-in-pod-range spec.ingress[0].from[0].ipBlock.cidr',
      'allows-any-address spec.ingress[0].from[0].ipBlock.cidr',
    ].sort(),
  },
  {
    what: '::/0',
    text: cart('ingress: [{ from: [{ ipBlock: { cidr: "::/0" } }] }]'),
    told: ['allows-any-address spec.ingress[0].from[0].ipBlock.cidr'],
  },
  {
    what: 'all addresses but the private ones',
    text: cart('ingress: [{ from: [{ ipBlock: { cidr: 0.0.0.0/0, except: [10.0.0.0/8] } }] }]'),
    told: [],
  },
  {
    what: 'a block inside --pod-cidr',
    text: cart('ingress: [{ from: [{ ipBlock: { cidr: 10.244.1.0/24 } }] }]'),
    podCidrs: ['10.244.0.0/16'],
    told: ['ip-block-in-pod-range spec.ingress[0].from[0].ipBlock.cidr'],
  },
  {
    what: 'host bits, leading zeros and the IPv4-mapped notation',
    text: cart(
      'ingress: [{ from: [{ ipBlock: { cidr: 192.0.2.1/24 } }, { ipBlock: { cidr: 198.051.100.0/24 } }, { ipBlock: { cidr: "::ffff:203.0.113.0/120" } }] }]',
    ),
    told: [0, 1, 2].map((index) => `irregular-cidr spec.ingress[0].from[${index}].ipBlock.cidr`),
  },
  {
    what: 'a name that another protocol has',
    text: cart(`ingress: [{ ${FROM_WEB}, ports: [{ port: dns }] }]`),
    told: ['unresolved-named-port spec.ingress[0].ports[0].port'],
  },
  {
    what: 'the same name with that protocol',
    text: cart(`ingress: [{ ${FROM_WEB}, ports: [{ port: dns, protocol: UDP }] }]`),
    told: [],
  },
  {
    what: 'a range around a declared port',
    text: cart(`ingress: [{ ${FROM_WEB}, ports: [{ port: 8000, endPort: 8100 }] }]`),
    told: [],
  },
  {
    what: 'equal rules: one of them, the later',
    text: cart(`ingress: [{ ${FROM_WEB} }, { ${FROM_WEB} }]`),
    told: ['redundant-rule spec.ingress[1]'],
  },
  {
    what: 'a rule that two others cover together',
    text: cart(
      `ingress: [{ ${FROM_WEB}, ports: [{ port: 53, protocol: UDP }] }, { from: [{ podSelector: {} }], ports: [{ port: 8080 }] }, { ${FROM_WEB}, ports: [{ port: 8080 }, { port: 53, protocol: UDP }] }]`,
    ),
    told: ['redundant-rule spec.ingress[2]'],
  },
  {
    what: 'a rule that another policy covers',
    text:
      cart(
        `ingress: [{ ${FROM_WEB}, ports: [{ port: 8080 }] }, { from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: tools } } }] }]`,
      ) + cart(`ingress: [{ ${FROM_WEB} }]`, 'web'),
    told: ['redundant-rule spec.ingress[0]'],
  },
  {
    what: 'duplicates in another order',
    text:
      cart(`ingress: [{ ${FROM_WEB}, ports: [{ port: 8080 }, { port: 53, protocol: UDP }] }]`) +
      cart(`ingress: [{ ${FROM_WEB}, ports: [{ port: 53, protocol: UDP }, { port: 8080, protocol: TCP }] }]`, 'copy'),
    told: ['duplicate-policy metadata.name'],
  },
  {
    what: 'a policy that admits everything where nothing else isolates',
    text: cart('ingress: [{}]'),
    told: ['redundant-policy spec'],
  },
  {
    what: 'the same where something else isolates',
    text: cart('ingress: [{}]') + cart('ingress: []', 'deny'),
    // The one that denies is covered, and without it there is nothing that isolates.
    told: ['redundant-policy spec', 'redundant-policy spec'],
  },
  {
    what: 'a default deny, though other policies isolate every pod of today',
    text:
      cart('ingress: []').replace('matchLabels: { app: cart }', '') +
      cart(`ingress: [{ ${FROM_WEB} }]`, 'a') +
      cart('ingress: [{ from: [{ podSelector: { matchLabels: { app: cart } } }] }]', 'b').replace(
        'app: cart',
        'app: web',
      ),
    told: [],
  },
  {
    what: 'namespaces and pods as two peers, where both find pods: a note',
    text: cart(
      'ingress: [{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: tools } } }, { podSelector: { matchLabels: { app: web } } }] }]',
    ),
    told: ['peer-or-not-and spec.ingress[0].from[1]'],
  },
  {
    what: 'egress to everything needs no rule for names',
    text: cart('egress: [{}]').replace('Ingress', 'Egress'),
    told: ['redundant-policy spec'],
  },
  {
    what: 'egress to nothing needs no names',
    text: cart('egress: []').replace('Ingress', 'Egress'),
    told: [],
  },
];

describe('lint', () => {
  test.each(CASES)('$what', ({ text, told: expected, podCidrs }) => {
    expect(told(PODS + text, QUIET, podCidrs)).toEqual(expected);
  });

  test('without pods says which rules were silent, and judges text all the same', () => {
    const { findings, skipped } = lintText(cart(`ingress: [{ ${FROM_WEB} }, { ${FROM_WEB} }]`));
    expect(findings.map(({ code, message }) => [code, message])).toEqual([
      ['redundant-rule', 'redundant, whatever pods there are: ingress rule 1 admits all that it does'],
    ]);
    expect(skipped.map(({ id }) => id)).toContain('policy-selects-no-pod');
  });
});

describe('suppression', () => {
  const twice = `ingress: [{ ${FROM_WEB} }, { ${FROM_WEB} }]`;
  const annotated = (value: string): string => PODS + cart(twice, 'cart', `portcullis.dev/lint-ignore: '${value}'`);

  test.each([
    ['redundant-rule', []],
    ['port-not-listened, redundant-rule', []],
    ['*', []],
    ['port-not-listened', ['redundant-rule spec.ingress[1]']],
  ])('by annotation %s', (value, expected) => {
    const { suppressed } = lintText(annotated(value), QUIET);
    expect([told(annotated(value), QUIET), suppressed]).toEqual([expected, 1 - expected.length]);
  });

  test.each([
    [{ rules: ['redundant-rule'] }, true],
    [{ rules: ['redundant-*'], namespaces: ['sh*p'] }, true],
    [{ names: ['cart'], files: ['input.yaml'] }, true],
    [{ rules: ['redundant-rule'], namespaces: ['tools'] }, false],
    [{ files: ['*.json'] }, false],
    [{ names: ['c.rt'] }, false],
  ])('by exception %j', (exception, applies) => {
    const { findings } = lintText(PODS + cart(twice), { ...QUIET, exceptions: [exception] });
    expect(findings.length === 0).toBe(applies);
  });

  test('select, ignore and severity', () => {
    const text = PODS + cart(twice);
    expect(told(text, { select: new Set(['duplicate-policy']) })).toEqual([]);
    expect(told(text, { select: new Set(['redundant-rule']) })).toEqual(['redundant-rule spec.ingress[1]']);
    const { findings } = lintText(text, { ...QUIET, severity: new Map([['redundant-rule', 'error']]) });
    expect(findings.map(({ severity }) => severity)).toEqual(['error']);
  });
});
