import type { ExposedBy } from '../../../src/analysis/exposure/exposed-by.ts';
import type { DirectionExposure, PodExposure, WorkloadExposure } from '../../../src/analysis/exposure/exposure.ts';
import type { PolicyRef } from '../../../src/engine/verdict.ts';
import { formatLabelSelector, selectorIsEmpty } from '../../../src/model/selector.ts';
import { formatPorts } from '../../../src/report/ports.ts';
import { placeOf, protectionOf, refName } from './items.ts';
import type { EntranceItem, ExposureItem, ExposureSide, PeerWho } from './protocol.ts';

/** The exposure of a workload as the page knows it. */
export function exposureItem({ endpoint, exposedBy, ingress, egress }: WorkloadExposure): ExposureItem {
  return {
    id: endpoint.id,
    namespace: endpoint.namespace ?? '',
    entrances: exposedBy.map(entrance),
    ingress: exposureSide(ingress),
    egress: exposureSide(egress),
  };
}

function entrance({ object, via, ports, admitted, depends }: ExposedBy): EntranceItem {
  const state = depends === true ? 'depends' : admitted.length === 0 ? 'blocked' : 'admitted';
  const name = `${object.kind} ${object.namespace ?? 'default'}/${object.name}`;
  return { object: name, via, ports: formatPorts(state === 'admitted' ? admitted : ports), state };
}

function exposureSide(side: DirectionExposure): ExposureSide {
  const policies = (refs: readonly PolicyRef[]): ExposureSide['by'] =>
    refs.map((ref) => ({ name: refName(ref), ...(ref.source === undefined ? {} : { place: placeOf(ref.source) }) }));
  return {
    protection: protectionOf(side.isolatedBy.length > 0, side.protected),
    hostNetwork: side.reason === 'host-network',
    by: policies([...side.isolatedBy, ...side.clusterPolicies]),
    peers: [
      ...side.pods.map((entry) => ({ who: podsWho(entry), ports: formatPorts(entry.ports), now: entry.now.workloads })),
      ...side.outside.map(({ scope, id, ports }) => ({
        who: scope === 'all' ? ({ type: 'every-address' } as const) : ({ type: 'block', name: id ?? '' } as const),
        ports: formatPorts(ports),
        now: 0,
      })),
      ...side.domains.map(({ name, ports }) => ({
        who: { type: 'domain', name } as const,
        ports: formatPorts(ports),
        now: 0,
      })),
    ],
  };
}

function podsWho({ scope, namespace, namespaceSelector, podSelector, except }: PodExposure): PeerWho {
  const words = (of: Pick<PodExposure, 'namespaceSelector' | 'podSelector'>, place?: string): string => {
    const namespaces = selectorIsEmpty(of.namespaceSelector) ? '*' : formatLabelSelector(of.namespaceSelector);
    const pods = selectorIsEmpty(of.podSelector) ? '' : ` / ${formatLabelSelector(of.podSelector)}`;
    return `${place ?? namespaces}${pods}`;
  };
  return {
    type: scope === 'cluster' ? 'every-pod' : scope,
    selector: words({ namespaceSelector, podSelector }, namespace),
    except: except.map((one) => words(one)),
  };
}
