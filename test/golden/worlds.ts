import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** The repository: commands are run as if from here, so that goldens hold relative paths only. */
export const ROOT: string = path.join(import.meta.dirname, '../..');

/** Input that a user would give to one command. */
export interface World {
  readonly name: string;
  /** What follows each `-f`, relative to {@link ROOT}. */
  readonly inputs: readonly string[];
  /** Where its goldens are, and how their names begin. */
  readonly goldens: string;
}

function recipeWorlds(): World[] {
  const recipes = readdirSync(path.join(ROOT, 'examples/recipes'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `examples/recipes/${name}`)
    .sort();
  return recipes.flatMap((recipe): World[] => {
    const steps = ['step-1', 'step-2'].filter((step) => existsSync(path.join(ROOT, recipe, step)));
    if (steps.length === 0) return [{ name: recipe, inputs: [recipe], goldens: `${recipe}/expected/` }];
    return steps.map((step) => ({
      name: `${recipe}/${step}`,
      inputs: [`${recipe}/world.yaml`, `${recipe}/${step}`],
      goldens: `${recipe}/expected/${step}.`,
    }));
  });
}

function directory(name: string): World {
  return { name: `examples/${name}`, inputs: [`examples/${name}`], goldens: `examples/${name}/expected/` };
}

function clusterPolicyWorlds(): World[] {
  return readdirSync(path.join(ROOT, 'examples/cluster-policy'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => directory(`cluster-policy/${name}`))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Every world below `examples/`; a recipe with steps is one for each step. */
export const WORLDS: readonly World[] = [
  directory('shop'),
  directory('ingress'),
  directory('default-policies'),
  directory('kubernetes-page'),
  ...recipeWorlds(),
  ...clusterPolicyWorlds(),
];

/** `-f` and its path, for each input. */
export function inputFlags({ inputs }: World): string[] {
  return inputs.flatMap((input) => ['-f', path.join(ROOT, input)]);
}
