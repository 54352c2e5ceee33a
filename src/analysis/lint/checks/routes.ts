import type { PodInfo } from '../../../engine/state.ts';
import { say } from '../../../model/say.ts';
import type { Protocol } from '../../../model/types.ts';
import type { UnitClass } from '../../classes.ts';
import { Entrances } from '../../exposure/exposed-by.ts';
import type { InboundProblem, InboundRoute, InboundVia } from '../../inbound.ts';
import type { LintContext } from '../context.ts';
import { listing, podNames } from '../words.ts';

/** Ways in from outside: `ingress-blocked`, `route-leads-nowhere`. */
export function checkRoutes(context: LintContext): void {
  const judged = new Set(context.judged.objects);
  const routes = context.input.world.inbound().filter(({ object }) => judged.has(object));
  if (routes.length === 0) return;
  checkBackends(context, routes);
  const doors = new Doors(context);
  for (const { object, via, path, backends } of routes) {
    const blocked = backends.filter(({ pod, protocol, port }) => !doors.admit(via, pod, protocol, port));
    const [first] = blocked;
    if (first === undefined) continue;
    const pods = blocked.map(({ pod }) => pod);
    const ports = listing(blocked.map(({ protocol, port }) => `${port}/${protocol}`));
    const [message, help] =
      via === 'ingress-controller'
        ? [
            say`leads to ${podNames(pods)} on ${ports}, whose policies do not let an ingress controller in: ${policiesOf(context, pods)}`,
            say`admit its pods there on ${ports}; --ingress-controller says which pods they are`,
          ]
        : [
            say`leads to ${podNames(pods)} on ${ports}, whose policies do not let anybody outside in: ${policiesOf(context, pods)}`,
            say`admit an ipBlock there on ${ports}, or make the Service a ClusterIP`,
          ];
    context.remark({
      rule: 'ingress-blocked',
      object,
      path,
      message,
      help,
    });
  }
}

function policiesOf({ input: { world } }: LintContext, pods: readonly PodInfo[]): string {
  const names = pods.flatMap((pod) =>
    (world.index.policiesOf(pod, 'ingress').program?.policies ?? []).map(
      ({ policy }) => `${policy.metadata.namespace ?? 'default'}/${policy.metadata.name}`,
    ),
  );
  return names.length === 0 ? say`a cluster-wide policy denies it` : say`isolated by ${listing(names)}`;
}

const PROBLEMS: Readonly<Record<InboundProblem, () => string>> = {
  'no-service': () => say`there is no such Service in this input`,
  'no-port': () => say`the Service has no such port`,
  'no-pod': () => say`no pod of this input is behind that port`,
  'not-granted': () => say`no ReferenceGrant of that namespace allows it`,
};

function checkBackends(context: LintContext, routes: readonly InboundRoute[]): void {
  const hasServices = context.input.objects.some(({ kind }) => kind === 'Service');
  for (const { object, service, port, path, problem, via } of routes) {
    if (problem === undefined || (problem === 'no-service' && !hasServices)) continue;
    context.remark({
      rule: 'route-leads-nowhere',
      object,
      path,
      message:
        via === 'ingress-controller'
          ? say`Service ${service}, port ${port}: ${PROBLEMS[problem]()}`
          : PROBLEMS[problem](),
    });
  }
}

/** Whether pods let in who comes by a route. */
class Doors {
  readonly #classOf = new Map<string, UnitClass>();
  readonly #entrances: Entrances;

  constructor({ table, input: { world } }: LintContext) {
    for (const one of table.classes) {
      for (const { pods } of table.unitsOf(one)) for (const { id } of pods) this.#classOf.set(id, one);
    }
    this.#entrances = new Entrances(world, table);
  }

  admit(via: InboundVia, pod: PodInfo, protocol: Protocol, port: number): boolean {
    const target = this.#classOf.get(pod.id);
    if (target === undefined) return true; // On the host network, where no policy applies.
    const ports = Object.values(this.#entrances.admitted(via, target));
    if (ports.some((set) => set.contains(protocol, port))) return true;
    return via === 'ingress-controller' && this.#entrances.mayAdmit(pod, target.families, protocol, port);
  }
}
