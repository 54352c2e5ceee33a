import { describe, expect, it, test } from 'vitest';
import { decode, type Labels, type Manifest, namespace, policy, workload } from '../../test/support/manifests.ts';
import { can } from './can.ts';
import { diffReachability } from './diff.ts';
import type { InboundRoute } from './inbound.ts';
import { type PortEntry, parsePortQuery } from './ports.ts';
import { computeReachability } from './reach.ts';
import { controllerOf } from './resolve.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

const GATEWAY_API = 'gateway.networking.k8s.io/v1';

function object(apiVersion: string, kind: string, id: string, spec: Manifest): Manifest {
  const [namespaceName, name] = id.split('/');
  return { apiVersion, kind, metadata: { namespace: namespaceName, name }, spec };
}

function service(id: string, app: string, ports: readonly Manifest[], type = 'ClusterIP'): Manifest {
  return object('v1', 'Service', id, { type, selector: { app }, ports });
}

function ingress(id: string, ...backends: readonly (readonly [service: string, port: number | string])[]): Manifest {
  const paths = backends.map(([name, port]) => ({
    backend: { service: { name, port: typeof port === 'number' ? { number: port } : { name: port } } },
  }));
  return object('networking.k8s.io/v1', 'Ingress', id, { rules: [{ http: { paths } }] });
}

function route(id: string, backend: Manifest, parent: Manifest = { name: 'edge' }, kind = 'HTTPRoute'): Manifest {
  return object(GATEWAY_API, kind, id, { parentRefs: [parent], rules: [{ backendRefs: [backend] }] });
}

function deployment(id: string, app: string, labels: Labels = {}): Manifest {
  const ports = [
    { name: 'web', containerPort: 8080 },
    { name: 'dns', containerPort: 5353, protocol: 'UDP' },
  ];
  return workload('Deployment', id, { labels: { app, ...labels }, ports });
}

function worldOf(manifests: readonly Manifest[], options: WorldOptions = {}): World {
  return createWorld(
    manifests.map((manifest) => decode(manifest)),
    options,
  ).world;
}

function shown({ via, service: name, port, backends, problem }: InboundRoute): string {
  const pods = backends.map((backend) => `${backend.pod.id} ${backend.port}/${backend.protocol}`);
  return `${via} ${name}:${port} -> ${problem ?? pods.join(', ')}`;
}

const WEB = deployment('shop/web', 'web');
const HTTP = { name: 'http', port: 80, targetPort: 'web' };

describe('what leads from outside to pods', () => {
  const gateway = (...listeners: readonly Manifest[]): Manifest =>
    object(GATEWAY_API, 'Gateway', 'infra/edge', {
      listeners: listeners.map((one) => ({ name: 'http', port: 80, protocol: 'HTTP', ...one })),
    });
  const all = { allowedRoutes: { namespaces: { from: 'All' } } };
  const infra = { name: 'edge', namespace: 'infra' };
  const toWeb = { name: 'web', port: 80 };
  const web = service('shop/web', 'web', [HTTP]);
  const led = ['ingress-controller shop/web:80 -> shop/web[Deployment] 8080/TCP'];

  it.each<[string, readonly Manifest[], readonly string[]]>([
    [
      'an Ingress, by the name and the number of a port',
      [web, ingress('shop/i', ['web', 'http'], ['web', 80])],
      ['ingress-controller shop/web:http -> shop/web[Deployment] 8080/TCP', ...led],
    ],
    [
      'an Ingress whose Service is none, has another port, or has no pods',
      [web, service('shop/ghost', 'ghost', [HTTP]), ingress('shop/i', ['api', 80], ['web', 81], ['ghost', 80])],
      [
        'ingress-controller shop/api:80 -> no-service',
        'ingress-controller shop/web:81 -> no-port',
        'ingress-controller shop/ghost:80 -> no-pod',
      ],
    ],
    [
      'a Service of another namespace',
      [service('other/web', 'web', [HTTP]), ingress('shop/i', ['web', 80])],
      ['ingress-controller shop/web:80 -> no-service'],
    ],
    [
      'Services of type LoadBalancer and NodePort',
      [
        service('shop/lb', 'web', [{ port: 443, targetPort: 8080 }], 'LoadBalancer'),
        service('shop/np', 'web', [{ port: 53, targetPort: 'dns', protocol: 'UDP' }], 'NodePort'),
      ],
      [
        'load-balancer shop/lb:443 -> shop/web[Deployment] 8080/TCP',
        'node-port shop/np:53 -> shop/web[Deployment] 5353/UDP',
      ],
    ],
    ['a route of a Gateway that the input does not hold', [web, route('shop/r', toWeb)], led],
    ['a route of a mesh', [web, route('shop/r', toWeb, { kind: 'Service', name: 'web' })], []],
    ['a Gateway for its own namespace', [web, gateway({}), route('shop/r', toWeb, infra)], []],
    ['a Gateway for all namespaces', [web, gateway(all), route('shop/r', toWeb, infra)], led],
    [
      'another listener than the one that lets the route in',
      [web, gateway(all, { name: 'own' }), route('shop/r', toWeb, { ...infra, sectionName: 'own' })],
      [],
    ],
    ['a listener of another protocol', [web, gateway({ ...all, protocol: 'TCP' }), route('shop/r', toWeb, infra)], []],
    [
      'a listener for namespaces with a label',
      [
        web,
        namespace('shop', { expose: 'yes' }),
        gateway({ allowedRoutes: { namespaces: { from: 'Selector', selector: { matchLabels: { expose: 'yes' } } } } }),
        route('shop/r', toWeb, infra),
      ],
      led,
    ],
    [
      'a UDP route, which is for the UDP port of the Service',
      [
        service('shop/dns', 'web', [
          { name: 't', port: 53, targetPort: 8080 },
          { name: 'u', port: 53, targetPort: 'dns', protocol: 'UDP' },
        ]),
        route('shop/r', { name: 'dns', port: 53 }, { name: 'edge' }, 'UDPRoute'),
      ],
      ['ingress-controller shop/dns:53 -> shop/web[Deployment] 5353/UDP'],
    ],
    [
      'a Service of another namespace without a grant',
      [web, route('apps/r', { ...toWeb, namespace: 'shop' })],
      ['ingress-controller shop/web:80 -> not-granted'],
    ],
    [
      'a Service of another namespace with one',
      [
        web,
        route('apps/r', { ...toWeb, namespace: 'shop' }),
        object(GATEWAY_API, 'ReferenceGrant', 'shop/g', {
          from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'apps' }],
          to: [{ group: '', kind: 'Service', name: 'web' }],
        }),
      ],
      led,
    ],
  ])('%s', (_, manifests, expected) => {
    expect(
      worldOf([WEB, ...manifests])
        .inbound()
        .map(shown),
    ).toEqual(expected);
  });
});

function fromPeer(...from: readonly Manifest[]): Manifest {
  return policy('shop/web', { podSelector: { matchLabels: { app: 'web' } }, ingress: [{ from }] });
}

const BASE = [
  WEB,
  deployment('shop/api', 'api'),
  service('shop/web', 'web', [HTTP, { name: 'other', port: 81, targetPort: 9999 }]),
  ingress('shop/i', ['web', 80]),
];
const NGINX = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'nginx' } } };
const NGINX_PODS = { ...NGINX, podSelector: { matchLabels: { app: 'nginx' } } };

describe('the ingress controller', () => {
  const open: readonly PortEntry[] = [{ protocol: 'TCP', ranges: [[8080, 8080]] }];
  const controllers = [deployment('nginx/nginx', 'nginx')];

  it.each<[string, readonly Manifest[], string | undefined, boolean]>([
    ['reaches what is not isolated', [], undefined, true],
    ['reaches what admits every pod', [fromPeer({ namespaceSelector: {} })], undefined, true],
    ['does not reach what admits some pods', [fromPeer(NGINX)], undefined, false],
    ['does not reach what admits pods of its own namespace', [fromPeer({ podSelector: {} })], undefined, false],
    ['does not reach what admits addresses', [fromPeer({ ipBlock: { cidr: '10.0.0.0/8' } })], undefined, false],
    ['of a namespace that is admitted', [fromPeer(NGINX)], 'nginx', true],
    ['of another namespace', [fromPeer(NGINX)], 'traefik', false],
    ['of a namespace of which some pods are admitted', [fromPeer(NGINX_PODS)], 'nginx', false],
    ['with labels that are admitted', [fromPeer(NGINX_PODS)], 'nginx/app=nginx,tier=edge', true],
    ['with other labels', [fromPeer(NGINX_PODS)], 'nginx/app=traefik', false],
    ['that is a workload of the input', [fromPeer(NGINX_PODS), ...controllers], 'nginx/nginx', true],
    [
      'whose own policies do not let it go there',
      [...controllers, policy('nginx/deny', { podSelector: {}, policyTypes: ['Egress'] })],
      'nginx/deploy/nginx',
      false,
    ],
  ])('%s', (_, manifests, ingressController, expected) => {
    const world = worldOf([...BASE, ...manifests], ingressController === undefined ? {} : { ingressController });
    const result = computeReachability(world, { from: 'ingress-controller' });
    if ('error' in result) throw new Error(result.error.error);
    const connections = [...result.reachability.connections()];
    const to = 'shop/web[Deployment]';
    expect(connections).toEqual(expected ? [{ from: 'ingress-controller', to, ports: open }] : []);
    const groups = result.reachability.groups();
    expect(groups).toEqual(expected ? [{ from: ['ingress-controller'], to: [to], ports: open }] : []);
    const answer = can(world, 'ingress-controller', 'shop/web');
    expect(answer).toMatchObject({ allowed: expected, ...(expected ? { ports: open } : {}) });
  });

  it('connects to what it is led to, and nothing connects to it', () => {
    const world = worldOf(BASE);
    const result = computeReachability(world);
    if ('error' in result) throw new Error(result.error.error);
    const ends = [...result.reachability.connections()].filter(({ from, to }) =>
      [from, to].includes('ingress-controller'),
    );
    expect(ends).toEqual([{ from: 'ingress-controller', to: 'shop/web[Deployment]', ports: open }]);
    expect(can(world, 'shop/api', 'ingress-controller')).toMatchObject({
      error: 'ingress-controller is where connections come from, not where they go',
    });
  });

  test.each([
    ['shop/web', '8080', 'route', true, ['i']],
    ['shop/web', '9999', 'route', false, []],
    ['shop/web', '8080-8081', 'route', false, []],
    ['shop/api', '8080', 'route', false, []],
  ])('%s %s by %s: %s', (to, text, tier, allowed, routes) => {
    const port = parsePortQuery(text);
    if ('error' in port) throw new Error(port.error);
    const answer = can(worldOf(BASE), 'ingress-controller', to, port);
    expect(answer).toMatchObject({ allowed, egress: { tier, allowed } });
    if ('error' in answer) throw new Error(answer.error);
    expect(answer.egress.routes?.map(({ name }) => name)).toEqual(routes);
  });

  it('is not listed where nothing leads it anywhere, and can be asked for all the same', () => {
    const world = worldOf([WEB]);
    const result = computeReachability(world);
    if ('error' in result) throw new Error(result.error.error);
    expect(result.reachability.endpoints.map(({ id }) => id)).not.toContain('ingress-controller');
    expect(can(world, 'ingress-controller', 'shop/web')).toMatchObject({ allowed: false });
  });

  it.each(['/x', 'nginx/', 'nginx/=x', 'shop/nothing'])('%s is no ingress controller', (ingressController) => {
    expect(controllerOf(worldOf(BASE, { ingressController }))).toHaveProperty('error');
  });
});

describe('differences', () => {
  function changes(old: readonly Manifest[], fresh: readonly Manifest[]): string[] {
    const result = diffReachability(worldOf(old), worldOf(fresh), { from: 'ingress-controller' });
    if ('error' in result) throw new Error(result.error.error);
    return [...result.diff.changes()].map(({ change, to, because }) => {
      const causes = because.map((cause) => `${cause.kind} ${cause.name} ${cause.change}`);
      return `${change} ${to} because of ${causes.join(', ')}`;
    });
  }

  it.each<[string, readonly Manifest[], readonly Manifest[], readonly string[]]>([
    ['a policy', BASE, [...BASE, fromPeer(NGINX)], ['removed shop/web[Deployment] because of NetworkPolicy web added']],
    [
      'an Ingress that leads elsewhere too',
      BASE,
      [...BASE, ingress('shop/j', ['web', 81])],
      ['changed shop/web[Deployment] because of Ingress j added'],
    ],
    [
      'an Ingress that leads elsewhere',
      [...BASE, ingress('shop/j', ['web', 81])],
      [...BASE, ingress('shop/j', ['web', 80])],
      ['changed shop/web[Deployment] because of Ingress j edited'],
    ],
    [
      'the first Ingress',
      BASE.slice(0, 3),
      BASE,
      ['added shop/web[Deployment] because of IngressController ingress-controller added, Ingress i added'],
    ],
  ])('by %s', (_, old, fresh, expected) => {
    expect(changes(old, fresh)).toEqual(expected);
  });
});
