import {
  type FlowPeer,
  flowWords,
  type ObservedFlow,
  peerWords,
  portWords,
} from '../../../src/analysis/advise/flow.ts';
import { readFlowLog } from '../../../src/analysis/advise/flow-log.ts';
import { can } from '../../../src/analysis/can.ts';
import { parsePortQuery } from '../../../src/analysis/ports.ts';
import type { World } from '../../../src/analysis/world.ts';
import { problemOf } from './items.ts';
import type { FlowItem, FlowResult } from './protocol.ts';

/** Flows that were read, by the keys under which the page knows them. */
export class FlowBook {
  readonly #flows = new Map<string, ObservedFlow>();

  /** Reads a log; what it says is judged by a world. */
  read(world: World, name: string, text: string): FlowResult {
    const log = readFlowLog(name, text);
    const item = (verdict: FlowItem['verdict']) => (flow: ObservedFlow) => this.#item(world, flow, verdict);
    return {
      flows: [...log.refused.map(item('denied')), ...log.flows.map(item('allowed'))],
      problems: log.diagnostics.map(problemOf),
    };
  }

  #item(world: World, flow: ObservedFlow, verdict: FlowItem['verdict']): FlowItem {
    const fromId = nameOf(world, flow.from);
    const toId = nameOf(world, flow.to);
    const port = flow.protocol === 'other' ? 'ICMP' : portWords(flow.protocol, flow.first, flow.last);
    const key = `${verdict} ${flowWords(flow)}`;
    this.#flows.set(key, flow);
    const now = fromId === undefined || toId === undefined ? undefined : nowOf(world, fromId, toId, port);
    return {
      key,
      verdict,
      from: fromId ?? peerWords(flow.from),
      to: toId ?? peerWords(flow.to),
      ...(fromId === undefined ? {} : { fromId }),
      ...(toId === undefined ? {} : { toId }),
      port,
      count: flow.count,
      ...(now === undefined ? {} : { now }),
    };
  }

  /** The flows of some keys; unknown ones are left out. */
  named(keys: readonly string[]): ObservedFlow[] {
    return keys.flatMap((key) => this.#flows.get(key) ?? []);
  }
}

function nowOf(world: World, from: string, to: string, port: string): FlowItem['now'] {
  const query = parsePortQuery(port);
  if ('error' in query) return undefined;
  const answer = can(world, from, to, query);
  return 'error' in answer ? undefined : answer.allowed ? 'allowed' : 'denied';
}

/** The endpoint that a log's peer is, by its pod, its workload or its address. */
function nameOf(world: World, peer: FlowPeer): string | undefined {
  const { namespace, pod, workload, address, name } = peer;
  const candidates = [
    ...(name === undefined ? [] : [name]),
    ...(namespace === undefined || pod === undefined ? [] : [`${namespace}/${pod}`]),
    ...(namespace === undefined || workload === undefined ? [] : workloadNames(namespace, workload)),
    ...(address === undefined ? [] : [address]),
  ];
  for (const candidate of candidates) {
    const answer = can(world, candidate, candidate);
    if ('error' in answer) continue;
    const unit = world.units('workload').find(({ endpoint, pods }) => {
      return endpoint.id === answer.from || pods.some(({ id }) => id === answer.from);
    });
    return unit?.endpoint.id ?? answer.from;
  }
  return undefined;
}

/** `Deployment/cart`, `cart[Deployment]` or `cart` as the names that endpoints may have. */
function workloadNames(namespace: string, workload: string): string[] {
  const [kind, name] = workload.split('/');
  if (name !== undefined) return [`${namespace}/${name}[${kind}]`];
  return [`${namespace}/${workload}`];
}
