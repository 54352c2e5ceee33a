import { locale } from '../state/preferences.ts';
import { en, type MessageKey } from './en.ts';
import { zh } from './zh.ts';

const CATALOGUES = { en, zh } as const;

/**
 * The text of the page for a key, in the language that is chosen. `{name}` in a text is replaced by the parameter of that
 * name; `{n|one|many}` by one of the two words, as the number says.
 */
export function t(key: MessageKey, params: Readonly<Record<string, string | number>> = {}): string {
  return CATALOGUES[locale.value][key].replace(
    /\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g,
    (_, name: string, one?: string, many?: string) => {
      const value = params[name] ?? '';
      return one === undefined || many === undefined ? String(value) : Number(value) === 1 ? one : many;
    },
  );
}
