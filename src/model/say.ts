/** Sentences of another language, by the English ones with `{0}`, `{1}` … for what is put in; they use the same places. */
export type Sentences = Readonly<Record<string, string>>;

let spoken: Sentences | undefined;

/**
 * From now on {@link say} speaks another language; English again without sentences. This holds for the whole process, so it is
 * for programs that speak to one person only, such as a page: what commands and servers say is English, byte for byte.
 */
export function speak(sentences?: Sentences): void {
  spoken = sentences;
}

/**
 * A sentence for people, or a part of one: the template as it is written, or its counterpart in the language that is spoken.
 * What has no counterpart stays English. Never used where the outcome is compared or kept: it depends on the language.
 */
export function say(parts: TemplateStringsArray, ...values: readonly (string | number | undefined)[]): string {
  const sentence = spoken?.[keyOf(parts)];
  if (sentence === undefined) return inserted(parts, (at) => String(values[at] ?? ''));
  return sentence.replace(/\{(\d+)\}/g, (_, at: string) => String(values[Number(at)] ?? ''));
}

/** {@link say} for a sentence that is kept as it is in English, such as the summary of a rule. */
export function sayText(text: string): string {
  return spoken?.[text] ?? text;
}

/** The first letter of a sentence as a capital, in English. */
export function capital(text: string): string {
  return spoken === undefined ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

/** `{0} has no {1}`. */
function keyOf(parts: readonly string[]): string {
  return inserted(parts, (at) => `{${at}}`);
}

function inserted(parts: readonly string[], value: (at: number) => string): string {
  let text = parts[0] ?? '';
  for (let at = 1; at < parts.length; at++) text += value(at - 1) + (parts[at] ?? '');
  return text;
}
