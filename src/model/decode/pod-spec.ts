import type { ContainerPort, PodSpec, Protocol } from '../types.ts';
import type { DecodeContext } from './context.ts';
import { boolean, int32, list, type Reader, type RecordOf, record, string } from './schema.ts';

const protocols: ReadonlySet<string> = new Set<Protocol>(['TCP', 'UDP', 'SCTP']);

/** A protocol of a container or service port; empty is TCP, as the server defaults it. */
export const protocol: Reader<Protocol> = {
  zero: 'TCP',
  read(value, context) {
    const text = string.read(value, context);
    if (isProtocol(text)) return text;
    if (text !== '') {
      context.report(
        'unsupported',
        `Unsupported value: ${JSON.stringify(text)}: supported values: "TCP", "UDP", "SCTP"`,
      );
    }
    return 'TCP';
  },
};

function isProtocol(text: string): text is Protocol {
  return protocols.has(text);
}

const containerPort = record({ name: string, containerPort: int32, protocol });

const podSpecFields = {
  nodeName: string,
  hostNetwork: boolean,
  containers: list(record({ ports: list(containerPort) })),
  initContainers: list(record({ restartPolicy: string, ports: list(containerPort) })),
} as const;

/** A pod spec as read. */
export type RawPodSpec = RecordOf<typeof podSpecFields>;

/** Reads what policies need of a pod spec. */
export const rawPodSpec: Reader<RawPodSpec> = record(podSpecFields);

/**
 * The ports of all containers and of the init containers that keep running, and where the pod runs. Reports ports
 * without a number.
 * @param path where the pod spec is, relative to the context
 */
export function podSpec(raw: RawPodSpec, path: readonly string[], context: DecodeContext): PodSpec {
  const ports: ContainerPort[] = [];
  collectPorts(raw.containers ?? [], ports, path, 'containers', context);
  if (raw.initContainers !== undefined) {
    const sidecars = raw.initContainers.map((container) => (container.restartPolicy === 'Always' ? container : {}));
    collectPorts(sidecars, ports, path, 'initContainers', context);
  }
  const hostNetwork = raw.hostNetwork ?? false;
  return raw.nodeName ? { nodeName: raw.nodeName, hostNetwork, ports } : { hostNetwork, ports };
}

// Clusters have many pods: plain loops, and no path before there is something to report.
function collectPorts(
  containers: NonNullable<RawPodSpec['containers']>,
  ports: ContainerPort[],
  path: readonly string[],
  field: string,
  context: DecodeContext,
): void {
  for (let index = 0; index < containers.length; index++) {
    const declared = containers[index]?.ports ?? [];
    for (let portIndex = 0; portIndex < declared.length; portIndex++) {
      const { name, containerPort: number, protocol: transport = 'TCP' } = declared[portIndex] ?? {};
      if (number === undefined) {
        context.required([...path, field, index, 'ports', portIndex, 'containerPort']);
      } else if (name) {
        ports.push({ name, containerPort: number, protocol: transport });
      } else {
        ports.push({ containerPort: number, protocol: transport });
      }
    }
  }
}
