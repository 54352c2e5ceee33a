import { namespaceOf, type PodInfo } from '../engine/state.ts';
import type { Protocol, Service, ServicePort } from '../model/types.ts';
import { formatAddress, parseAddress } from '../net/address.ts';

/** A Service's ports at the pods behind it. */
export interface Backend {
  readonly pod: PodInfo;
  readonly protocol: Protocol;
  readonly port: number;
  readonly servicePort: ServicePort;
}

/** The pods that a Service leads to, each with the port it is called on. A Service without selector leads nowhere. */
export function backendsOf(service: Service, pods: Iterable<PodInfo>): Backend[] {
  const wanted = Object.entries(service.spec.selector);
  if (wanted.length === 0 || service.spec.type === 'ExternalName') return [];
  const backends: Backend[] = [];
  for (const pod of pods) {
    if (pod.namespace !== namespaceOf(service)) continue;
    if (!wanted.every(([key, value]) => Object.hasOwn(pod.labels, key) && pod.labels[key] === value)) continue;
    for (const servicePort of service.spec.ports) {
      const port = targetPort(servicePort, pod);
      if (port !== undefined) backends.push({ pod, protocol: servicePort.protocol, port, servicePort });
    }
  }
  return backends;
}

/** A named target port is looked up at the pod, as for policies (S26). */
function targetPort({ targetPort, protocol }: ServicePort, pod: PodInfo): number | undefined {
  if (typeof targetPort === 'number') return targetPort;
  return pod.ports.find((port) => port.name === targetPort && port.protocol === protocol)?.containerPort;
}

/** Services by their cluster addresses, in canonical form. */
export function servicesByAddress(services: readonly Service[]): ReadonlyMap<string, Service> {
  const found = new Map<string, Service>();
  for (const service of services) {
    for (const text of service.spec.clusterIPs) {
      const address = parseAddress(text);
      if (address !== undefined) found.set(formatAddress(address), service);
    }
  }
  return found;
}
