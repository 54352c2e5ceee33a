import { unknownFamilies } from '../../engine/build.ts';
import { namespaceOf } from '../../engine/state.ts';
import type { Service } from '../../model/types.ts';
import { backendsOf } from '../backends.ts';
import { controllerOf } from '../resolve.ts';
import type { World } from '../world.ts';
import { portWords } from './flow.ts';
import { type Probe, probesBetween, type Wanted } from './from-flows.ts';
import type { LabelGroup, LabelGroups } from './groups.ts';
import type { Need, NeedEnd } from './needs.ts';

/** The types of Services that also serve clients outside the cluster. */
const PUBLIC_TYPES = ['LoadBalancer', 'NodePort'];

/**
 * What Services ask of policies. Assumed: the pods behind a Service are called by the pods of their own namespace, and
 * behind a LoadBalancer or NodePort Service by anyone, and what Ingresses and routes lead to by the ingress controller, of
 * which any pod may be one as long as nothing is known of it. Other calls between namespaces do not show in manifests.
 */
export function needsOfServices(world: World, groups: LabelGroups, services: readonly Service[]): Wanted {
  const { state } = world;
  const unknown = unknownFamilies(state);
  const needs: Need[] = [];
  const probes: Probe[] = [];
  const inNamespace = new Map<string, Set<LabelGroup>>();
  for (const group of groups.values()) {
    inNamespace.set(group.namespace, (inNamespace.get(group.namespace) ?? new Set()).add(group));
  }
  for (const service of services) {
    const namespace = namespaceOf(service);
    const isPublic = PUBLIC_TYPES.includes(service.spec.type);
    for (const { pod, protocol, port } of backendsOf(service, state.pods.values())) {
      const group = groups.get(pod.id);
      if (group === undefined) continue;
      const to: NeedEnd = { type: 'group', group };
      const name = `Service ${namespace}/${service.metadata.name}`;
      const because = `${name} (${service.spec.type}) on ${portWords(protocol, port, port)}`;
      const parts = { to, protocol, first: port, last: port, because };
      if (isPublic) needs.push({ ...parts, from: { type: 'anyone' } });
      needs.push({ ...parts, from: { type: 'namespace', namespace } });
      for (const caller of inNamespace.get(namespace) ?? []) {
        const [source] = caller.pods;
        if (source === undefined || source.id === pod.id) continue;
        const ends = probesBetween([{ type: 'pod', pod: source }], [{ type: 'pod', pod }], unknown);
        for (const flow of ends) probes.push({ flow: { ...flow, protocol, port }, words: because });
      }
    }
  }
  const controller = controllerEnd(world, groups);
  for (const { object, via, service, backends } of world.inbound()) {
    if (via !== 'ingress-controller') continue;
    for (const { pod, protocol, port } of backends) {
      const group = groups.get(pod.id);
      if (group === undefined) continue;
      const because = `${object.kind} ${namespaceOf(object)}/${object.metadata.name} on ${portWords(protocol, port, port)} of Service ${service}`;
      needs.push({ from: controller, to: { type: 'group', group }, protocol, first: port, last: port, because });
    }
  }
  return { needs, probes, problems: [] };
}

/** The ingress controller as far as it is known; of no known namespace it may be any pod. */
function controllerEnd(world: World, groups: LabelGroups): NeedEnd {
  const controller = controllerOf(world);
  if ('error' in controller) return { type: 'cluster' };
  const [pod] = controller.pods;
  const group = pod === undefined ? undefined : groups.get(pod.id);
  if (group !== undefined) return { type: 'group', group };
  const [end] = controller.ends;
  return end?.type === 'unseen' && end.namespace !== undefined
    ? { type: 'namespace', namespace: end.namespace.name }
    : { type: 'cluster' };
}
