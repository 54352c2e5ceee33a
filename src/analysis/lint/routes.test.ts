import { describe, expect, test } from 'vitest';
import { lintInput } from '../../../test/support/lint.ts';
import { lint } from './lint.ts';
import type { RuleId } from './rules.ts';

const ROUTES: ReadonlySet<RuleId> = new Set(['ingress-blocked', 'route-leads-nowhere', 'peer-selects-nothing']);

/** A cart that an Ingress and, with `type`, its Service lead to, whose policy admits `from`. */
function shop(from: string, { type = 'ClusterIP', port = '80', annotations = '' } = {}): string {
  return `
apiVersion: v1
kind: Pod
metadata: { name: cart, namespace: shop, labels: { app: cart } }
spec: { containers: [{ name: c, ports: [{ name: http, containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: nginx, namespace: nginx, labels: { app: nginx } }
spec: { containers: [{ name: c }] }
---
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop, annotations: { ${annotations} } }
spec: { type: ${type}, selector: { app: cart }, ports: [{ port: 80, targetPort: http }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: cart, namespace: shop, annotations: { ${annotations} } }
spec: { defaultBackend: { service: { name: cart, port: { number: ${port} } } } }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: cart, namespace: shop }
spec:
  podSelector: { matchLabels: { app: cart } }
  ingress: [{ from: [${from}], ports: [{ port: 8080 }] }]
`;
}

function told(text: string, controller?: string): string[] {
  const { findings } = lint(lintInput(text, [], controller), { select: ROUTES });
  return findings.map(({ code, object, message }) => `${code} of ${object?.kind}: ${message}`);
}

const NGINX = '{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: nginx } } }';
const OWN = '{ podSelector: {} }';
const OUTSIDE = '{ ipBlock: { cidr: 203.0.113.0/24 } }';
const TO_CART = 'leads to shop/cart[Pod] on 8080/TCP, whose policies do not let';
const BLOCKED = `ingress-blocked of Ingress: ${TO_CART} an ingress controller in: isolated by shop/cart`;

describe('routes', () => {
  test.each<[string, string, string | undefined, readonly string[]]>([
    ['pods of another namespace may be the controller', shop(NGINX), undefined, []],
    ['pods of the own namespace are not', shop(OWN), undefined, [BLOCKED]],
    ['outside addresses are not', shop(OUTSIDE), undefined, [BLOCKED]],
    ['the controller is let in', shop(NGINX), 'nginx/nginx', []],
    ['another controller is not', shop(NGINX), 'traefik', [BLOCKED]],
    ['a peer for the controller, which the input does not hold', shop(NGINX.replace('nginx', 'edge')), 'edge', []],
    [
      'a peer for nobody',
      shop(NGINX.replace('nginx', 'edge')),
      'nginx',
      [
        BLOCKED,
        'peer-selects-nothing of NetworkPolicy: no namespace of this input has kubernetes.io/metadata.name=edge: the peer matches nothing',
      ],
    ],
    ['a controller in the own namespace', shop(OWN), 'shop', []],
    [
      'accepted by an annotation',
      shop(OWN, { annotations: 'portcullis.dev/lint-ignore: ingress-blocked' }),
      undefined,
      [],
    ],
    [
      'a load balancer to what is closed to the outside',
      shop(NGINX, { type: 'LoadBalancer' }),
      undefined,
      [`ingress-blocked of Service: ${TO_CART} anybody outside in: isolated by shop/cart`],
    ],
    [
      'a load balancer to what some addresses may reach',
      shop(`${NGINX}, ${OUTSIDE}`, { type: 'NodePort' }),
      undefined,
      [],
    ],
    [
      'a port that the Service does not have',
      shop(NGINX, { port: '81' }),
      undefined,
      ['route-leads-nowhere of Ingress: Service shop/cart, port 81: the Service has no such port'],
    ],
  ])('%s', (_, text, controller, expected) => {
    expect(told(text, controller)).toEqual(expected);
  });
});
