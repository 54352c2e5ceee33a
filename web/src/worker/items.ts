/** What the page is told of single things. */

import type { Cause } from '../../../src/analysis/diff.ts';
import type { ProtectedDirections } from '../../../src/analysis/exposure/exposure.ts';
import { typedName } from '../../../src/analysis/resolve.ts';
import type { Unit } from '../../../src/analysis/units.ts';
import type { Diagnostic, SourcePosition, SourceSpan } from '../../../src/model/source.ts';
import { type KubeObject, objectRef } from '../../../src/model/types.ts';
import type { CauseItem, EndpointItem, Place, PolicyItem, Problem, Protection } from './protocol.ts';

/** An endpoint as the page knows it. @param shielded whether anything is taken away, by direction; workloads only */
export function endpointItem(unit: Unit, shielded: ProtectedDirections | undefined): EndpointItem {
  const { id, type, namespace = '', name, workloadKind, labels = {}, isolated } = unit.endpoint;
  return {
    id,
    typed: type === 'workload' ? id : (typedName(unit) ?? id),
    type,
    namespace,
    name: name ?? id,
    kind: workloadKind ?? type,
    labels,
    ...(isolated === undefined || shielded === undefined
      ? {}
      : {
          protection: {
            ingress: protectionOf(isolated.ingress, shielded.ingress),
            egress: protectionOf(isolated.egress, shielded.egress),
          },
        }),
    pods: unit.pods.length,
  };
}

/** What policies do in one direction. @param shielded whether any takes something away */
export function protectionOf(isolated: boolean, shielded: boolean): Protection {
  return isolated ? 'isolated' : shielded ? 'limited' : 'open';
}

/** A policy with its place. */
export function policyItem(policy: KubeObject): PolicyItem {
  const { kind, namespace = '', name } = objectRef(policy);
  return { kind, namespace, name, ...(policy.source === undefined ? {} : { place: placeOf(policy.source.start) }) };
}

/** A place as the page knows it. */
export function placeOf(position: SourcePosition | SourceSpan): Place {
  const { file, line, column } = position;
  return { file, line, column, length: 'length' in position ? position.length : 1 };
}

/** Something wrong as the page tells it. */
export function problemOf({ code, severity, message, help, object, source }: Diagnostic): Problem {
  return {
    code,
    severity,
    message,
    ...(help === undefined ? {} : { help }),
    ...(object === undefined ? {} : { object: `${object.kind} ${refName(object)}` }),
    ...(source === undefined ? {} : { place: placeOf(source) }),
  };
}

/** `shop/cart`, or the name alone of what has no namespace. */
export function refName({ namespace, name }: { readonly namespace?: string; readonly name: string }): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** What caused a change, with its place. */
export function causeItem(cause: Cause): CauseItem {
  const { kind, namespace = '', name, change, effect, direction, rule, source } = cause;
  return {
    kind,
    namespace,
    name,
    change,
    ...(effect === undefined ? {} : { effect }),
    ...(direction === undefined ? {} : { direction }),
    ...(rule === undefined ? {} : { rule }),
    ...(source === undefined ? {} : { place: placeOf(source) }),
  };
}
