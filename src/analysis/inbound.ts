import { type NamespaceInfo, namespaceOf, type PodInfo } from '../engine/state.ts';
import type { PolicyRef } from '../engine/verdict.ts';
import { matchesSelector } from '../model/selector.ts';
import type { FieldPath } from '../model/source.ts';
import {
  type Gateway,
  type GatewayListener,
  type Ingress,
  type KubeObject,
  objectRef,
  type Protocol,
  type ReferenceGrant,
  type Route,
  type RouteKind,
  type RouteParent,
  type Service,
  type ServicePort,
} from '../model/types.ts';
import { type Backend, backendsOf } from './backends.ts';

/** Who connects to the pods: the ingress controller, or clients through a port of a load balancer or of every node. */
export type InboundVia = 'ingress-controller' | 'load-balancer' | 'node-port';

/** Why something leads nowhere. */
export type InboundProblem = 'no-service' | 'no-port' | 'no-pod' | 'not-granted';

/** One port of a Service that an object opens to the outside. */
export interface InboundRoute {
  /** An Ingress, a Gateway API route, or a Service of type LoadBalancer or NodePort. */
  readonly object: Ingress | Route | Service;
  readonly via: InboundVia;
  /** The Service, as `ns/name`, and its port as written. */
  readonly service: string;
  readonly port: number | string;
  /** Where the object names the Service. */
  readonly path: FieldPath;
  /** The pods behind the port, each with the port that it is called on. */
  readonly backends: readonly Backend[];
  /** Set where {@link backends} is empty. */
  readonly problem?: InboundProblem;
}

const ROUTE_KINDS: Readonly<Record<RouteKind, readonly string[]>> = {
  HTTPRoute: ['HTTP', 'HTTPS'],
  GRPCRoute: ['HTTP', 'HTTPS'],
  TLSRoute: ['TLS'],
  TCPRoute: ['TCP', 'TLS'],
  UDPRoute: ['UDP'],
};

/** The protocols of Gateway API listeners; implementations have others, of which any kind of route is let in. */
const LISTENER_PROTOCOLS: readonly string[] = ['HTTP', 'HTTPS', 'TLS', 'TCP', 'UDP'];

/** Objects that lead traffic from outside to pods; the others are left out. */
export function isInboundObject({ kind }: KubeObject): boolean {
  return (
    kind === 'Ingress' || kind === 'Gateway' || kind === 'ReferenceGrant' || kind === 'Service' || isRouteKind(kind)
  );
}

function isRouteKind(kind: string): kind is RouteKind {
  return Object.hasOwn(ROUTE_KINDS, kind);
}

/**
 * What leads from outside to which pods, in the order of the objects. A route counts when it is attached to a Gateway: to
 * one of the input by what its listeners allow, to one that the input does not hold always. Routes of a mesh, attached to
 * Services, are not from outside.
 */
export function inboundRoutes(
  objects: readonly KubeObject[],
  pods: Iterable<PodInfo>,
  namespaces: ReadonlyMap<string, NamespaceInfo>,
): InboundRoute[] {
  return new Resolver(objects, pods, namespaces).routes();
}

class Resolver {
  readonly #objects: readonly KubeObject[];
  readonly #namespaces: ReadonlyMap<string, NamespaceInfo>;
  readonly #pods = new Map<string, PodInfo[]>();
  readonly #services = new Map<string, Service>();
  readonly #gateways = new Map<string, Gateway>();
  readonly #grants: ReferenceGrant[] = [];
  readonly #backends = new Map<Service, readonly Backend[]>();

  constructor(objects: readonly KubeObject[], pods: Iterable<PodInfo>, namespaces: ReadonlyMap<string, NamespaceInfo>) {
    this.#objects = objects;
    this.#namespaces = namespaces;
    for (const pod of pods) {
      const known = this.#pods.get(pod.namespace);
      if (known === undefined) this.#pods.set(pod.namespace, [pod]);
      else known.push(pod);
    }
    for (const object of objects) {
      if (object.kind === 'Service') this.#services.set(keyOf(object), object);
      else if (object.kind === 'Gateway') this.#gateways.set(keyOf(object), object);
      else if (object.kind === 'ReferenceGrant') this.#grants.push(object);
    }
  }

  routes(): InboundRoute[] {
    return this.#objects.flatMap((object) => {
      if (object.kind === 'Ingress') return this.#ofIngress(object);
      if (object.kind === 'Service') return this.#ofService(object);
      return isRoute(object) ? this.#ofRoute(object) : [];
    });
  }

  #ofIngress(object: Ingress): InboundRoute[] {
    const namespace = namespaceOf(object);
    return object.spec.backends.map(({ service, port, path }) =>
      this.#route(object, `${namespace}/${service}`, port, path, 'TCP'),
    );
  }

  #ofRoute(object: Route): InboundRoute[] {
    if (!object.spec.parents.some((parent) => this.#attaches(object, parent))) return [];
    const own = namespaceOf(object);
    const protocol = object.kind === 'UDPRoute' ? 'UDP' : 'TCP';
    return object.spec.backends.map(({ service, namespace = own, port, path }) =>
      this.#route(object, `${namespace}/${service}`, port, path, protocol, this.#mayRefer(object, namespace, service)),
    );
  }

  #ofService(object: Service): InboundRoute[] {
    const { type, ports } = object.spec;
    if (type !== 'LoadBalancer' && type !== 'NodePort') return [];
    const via = type === 'LoadBalancer' ? 'load-balancer' : 'node-port';
    return ports.map((port, index) => ({
      object,
      via,
      service: keyOf(object),
      port: port.port,
      path: ['spec', 'ports', index, 'port'],
      ...this.#behind(object, port),
    }));
  }

  #route(
    object: Ingress | Route,
    service: string,
    port: number | string,
    path: FieldPath,
    protocol: Protocol,
    granted = true,
  ): InboundRoute {
    const common = { object, via: 'ingress-controller', service, port, path } as const;
    const found = this.#services.get(service);
    const servicePort = found?.spec.ports.find(
      (one) => one.protocol === protocol && (typeof port === 'number' ? one.port === port : one.name === port),
    );
    if (!granted) return { ...common, backends: [], problem: 'not-granted' };
    if (found === undefined) return { ...common, backends: [], problem: 'no-service' };
    if (servicePort === undefined) return { ...common, backends: [], problem: 'no-port' };
    return { ...common, ...this.#behind(found, servicePort) };
  }

  #behind(service: Service, port: ServicePort): Pick<InboundRoute, 'backends' | 'problem'> {
    let all = this.#backends.get(service);
    if (all === undefined) {
      all = backendsOf(service, this.#pods.get(namespaceOf(service)) ?? []);
      this.#backends.set(service, all);
    }
    const backends = all.filter(({ servicePort }) => servicePort === port);
    return backends.length > 0 ? { backends } : { backends, problem: 'no-pod' };
  }

  #attaches(route: Route, { kind, namespace = namespaceOf(route), name, sectionName, port }: RouteParent): boolean {
    if (kind === 'Service') return false;
    const gateway = kind === 'Gateway' ? this.#gateways.get(`${namespace}/${name}`) : undefined;
    if (gateway === undefined) return true;
    return gateway.spec.listeners.some(
      (listener) =>
        (sectionName === undefined || listener.name === sectionName) &&
        (port === undefined || listener.port === port) &&
        this.#letsIn(gateway, listener, route),
    );
  }

  #letsIn(gateway: Gateway, { from, selector, kinds, protocol }: GatewayListener, route: Route): boolean {
    const allowed =
      kinds.length > 0
        ? kinds.includes(route.kind)
        : !LISTENER_PROTOCOLS.includes(protocol) || ROUTE_KINDS[route.kind].includes(protocol);
    if (!allowed) return false;
    switch (from) {
      case 'All':
        return true;
      case 'Same':
        return namespaceOf(route) === namespaceOf(gateway);
      case 'Selector':
        return matchesSelector(selector, this.#namespaces.get(namespaceOf(route))?.labels ?? {});
      case 'None':
        return false;
    }
  }

  /** A Service of another namespace must be granted there. */
  #mayRefer(route: Route, namespace: string, service: string): boolean {
    return (
      namespace === namespaceOf(route) ||
      this.#grants.some(
        (grant) =>
          namespaceOf(grant) === namespace &&
          grant.spec.from.some(
            (from) =>
              from.group === 'gateway.networking.k8s.io' &&
              from.kind === route.kind &&
              from.namespace === namespaceOf(route),
          ) &&
          grant.spec.to.some(
            ({ group, kind, name }) =>
              (group === '' || group === 'core') && kind === 'Service' && (name === undefined || name === service),
          ),
      )
    );
  }
}

function isRoute(object: KubeObject): object is Route {
  return isRouteKind(object.kind);
}

function keyOf(object: Service | Gateway): string {
  return `${namespaceOf(object)}/${object.metadata.name}`;
}

/** The objects of routes, each once, as results name them. */
export function routeRefs(routes: readonly InboundRoute[]): PolicyRef[] {
  return [...new Set(routes.map(({ object }) => object))].map((object) => {
    const ref = objectRef(object);
    return object.source === undefined ? ref : { ...ref, source: object.source.start };
  });
}
