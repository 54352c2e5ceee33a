import { describe, expect, test } from 'vitest';
import { portcullis } from '../cli/run-main.ts';
import { inputFlags, WORLDS } from '../golden/worlds.ts';
import { yamlOf } from '../support/manifest-files.ts';
import { type Labels, type Manifest, namespace, pod } from '../support/manifests.ts';
import { readTruth } from '../support/truth.ts';

interface Recipe {
  readonly id: string;
  readonly title: string;
  readonly world: {
    readonly namespaces: readonly { readonly name: string; readonly labels: Labels }[];
    readonly pods: readonly {
      readonly id: string;
      readonly labels: Labels;
      readonly ip: string;
      readonly ports: readonly { readonly protocol: string; readonly port: number; readonly name?: string }[];
    }[];
    readonly external: readonly { readonly id: string; readonly ip: string }[];
  };
  readonly steps: readonly { readonly policies: readonly Manifest[]; readonly probes: readonly Probe[] }[];
}

interface Probe {
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly port: number;
  readonly allowed: boolean;
}

const { recipes } = readTruth<{ readonly recipes: readonly Recipe[] }>('recipes.json');

function objectsOf({ world }: Recipe): Manifest[] {
  return [
    ...world.namespaces.map(({ name, labels }) => namespace(name, labels)),
    ...world.pods.map(({ id, labels, ip, ports }) =>
      pod(id, { labels, ips: [ip], ports: ports.map(({ port, ...rest }) => ({ ...rest, containerPort: port })) }),
    ),
  ];
}

/** How a probe's ends can be written: what is outside, as an address of it and as the word. */
function endsOf(id: string, { world }: Recipe): string[] {
  const outside = world.external.find((one) => one.id === id);
  return outside === undefined ? [id] : ['internet', outside.ip, `${outside.ip}/32`];
}

async function expectAnswers(
  recipe: Recipe,
  probes: readonly Probe[],
  input: readonly string[],
  stdin = '',
): Promise<void> {
  for (const { from, to, port, protocol, allowed } of probes) {
    for (const source of endsOf(from, recipe)) {
      for (const destination of endsOf(to, recipe)) {
        const words = ['can', ...input, source, destination, `${port}/${protocol}`];
        const { code, stdout, stderr } = await portcullis(words, { stdin });
        const question = `${source} -> ${destination} ${port}/${protocol}`;
        expect({ question, code, stderr }).toEqual({ question, code: allowed ? 0 : 1, stderr: '' });
        expect(stdout.startsWith(allowed ? 'allowed: ' : 'denied: ')).toBe(true);
      }
    }
  }
}

describe.each(recipes)('$id $title', (recipe) => {
  const steps = recipe.steps.map((step, number) => [number + 1, step] as const);

  test.each(steps)('step %i', async (_, { policies, probes }) => {
    await expectAnswers(recipe, probes, ['-f', '-'], yamlOf([...objectsOf(recipe), ...policies]));
  });

  test('the example directory holds the same', async () => {
    const worlds = WORLDS.filter(({ name }) => name.startsWith(`examples/recipes/${recipe.id}-`));
    const withPolicies = recipe.steps.filter(({ policies }) => policies.length > 0);
    expect(worlds).toHaveLength(withPolicies.length);
    for (const [index, world] of worlds.entries()) {
      await expectAnswers(recipe, withPolicies[index]?.probes ?? [], inputFlags(world));
    }
  });
});
