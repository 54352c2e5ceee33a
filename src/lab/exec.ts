import { nearestNames } from '../model/suggest.ts';
import { readPlan } from './files.ts';
import { LabError } from './model.ts';
import { labPaths, outsideNamespace } from './names.ts';

/**
 * The command line that runs words in the network of a pod, a node (`node/NAME`) or the outside (`outside`).
 * Throws {@link LabError} for a lab or a pod that is not there.
 */
export function execCommand(
  lab: string,
  target: string,
  defaultNamespace: string,
  words: readonly string[],
): [string, ...string[]] {
  const plan = readPlan(labPaths(lab));
  if (plan === undefined) throw new LabError(`there is no lab ${lab}`);
  const places = new Map([
    ['outside', outsideNamespace(lab)],
    ...plan.nodes.map(({ name, namespace }): [string, string] => [`node/${name}`, namespace]),
    ...plan.pods.map(({ id, namespace }): [string, string] => [id, namespace]),
  ]);
  const namespace = places.get(target) ?? places.get(`${defaultNamespace}/${target}`);
  if (namespace === undefined) {
    const near = nearestNames(target, [...places.keys()]);
    throw new LabError(
      `the lab ${lab} has no ${target}`,
      near.length === 0 ? [] : [`did you mean ${near.join(' or ')}?`],
    );
  }
  return ['ip', 'netns', 'exec', namespace, ...words];
}
