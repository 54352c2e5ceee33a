import { Composer, type CST, Lexer, type Node, Parser } from 'yaml';
import type { Problem } from './document.ts';
import { type Limits, tooDeep, tooLarge } from './limits.ts';
import type { Extent } from './text-file.ts';
import { syntaxProblems } from './yaml-errors.ts';

/** The nodes of one document, or why there are none. Offsets are into the text that was parsed. */
export type YamlParse = { readonly root: Node | null } | { readonly problems: readonly Problem[] };

/** All scalars are text, keys may repeat, `<<` is a key: what they mean is decided when nodes become values. */
const COMPOSER_OPTIONS = {
  schema: 'failsafe',
  uniqueKeys: false,
  merge: false,
  resolveKnownTags: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const;

// Control characters, which YAML forbids and the parser lets pass.
const CONTROL = /[^\P{Cc}\t\n\r\u0085]/u;

/** Parses the text of one YAML document. Never throws, whatever the text. */
export function parseYaml(text: string, limits: Limits): YamlParse {
  const control = text.search(CONTROL);
  if (control >= 0) return { problems: [controlCharacter(text, control)] };
  try {
    const cst = lexAndParse(text, limits);
    if ('problems' in cst) return cst;
    const [document, second] = new Composer(COMPOSER_OPTIONS).compose(cst.tokens, true, text.length);
    if (document === undefined) return { root: null };
    const errors = [...document.errors, ...(second?.errors ?? [])];
    if (errors.some((error) => error.code === 'RESOURCE_EXHAUSTION')) return stackProblem(text, limits);
    if (errors.length > 0) return { problems: syntaxProblems(text, errors, cst.tokens) };
    return { root: document.contents };
  } catch (error) {
    if (error instanceof RangeError) return stackProblem(text, limits);
    throw error;
  }
}

function stackProblem(text: string, limits: Limits): YamlParse {
  return { problems: [tooDeep({ start: 0, end: text.length }, limits)] };
}

function lexAndParse(text: string, limits: Limits): { tokens: CST.Token[] } | { problems: readonly Problem[] } {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    const extent: Extent = { start: parser.offset, end: parser.offset + 1 };
    if (parser.stack.length > limits.depth + 2) return { problems: [tooDeep(extent, limits)] };
    if (++count > limits.yamlTokens) return { problems: [tooLarge(extent, `${limits.yamlTokens} tokens of YAML`)] };
  }
  for (const token of parser.end()) tokens.push(token);
  return { tokens };
}

function controlCharacter(text: string, at: number): Problem {
  const hex = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0');
  const message = `the control character U+${hex} is not allowed in YAML`;
  const help = `in a "double quoted" text write \\u${hex}`;
  return { code: 'yaml-syntax', message, help, extent: { start: at, end: at + 1 } };
}
