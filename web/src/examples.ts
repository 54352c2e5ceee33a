import type { MessageKey } from './i18n/en.ts';
import type { SourceFile } from './worker/protocol.ts';

/** A world that comes with the page. */
export interface Example {
  readonly name: string;
  /** Folders of examples/ that it is made of. */
  readonly folders: readonly string[];
  readonly title: MessageKey;
  readonly hint: MessageKey;
}

export const EXAMPLES: readonly Example[] = [
  { name: 'shop', folders: ['shop'], title: 'example.shop', hint: 'example.shop.hint' },
  { name: 'poor', folders: ['poor'], title: 'example.poor', hint: 'example.poor.hint' },
  { name: 'tiers', folders: ['cluster-policy/tiers'], title: 'example.tiers', hint: 'example.tiers.hint' },
  { name: 'kubernetes-page', folders: ['kubernetes-page'], title: 'example.page', hint: 'example.page.hint' },
  {
    name: 'recipe',
    folders: ['recipes/07-allow-traffic-from-some-pods-in-another-namespace'],
    title: 'example.recipe',
    hint: 'example.recipe.hint',
  },
];

/** The texts of an example; they are in a script of their own, loaded when asked for. */
export async function exampleFiles({ folders }: Pick<Example, 'folders'>): Promise<readonly SourceFile[]> {
  const { default: all } = await import('virtual:examples');
  return Object.entries(all).flatMap(([path, content]): SourceFile[] => {
    const folder = folders.find((one) => path.startsWith(`${one}/`));
    if (folder === undefined || path.includes('/step-2/')) return [];
    return [{ name: path.slice(folder.length + 1), content }];
  });
}
