import { isBlank } from './text-file.ts';

/**
 * The offset of the first `{{` that YAML would not read as text: outside quotes, comments and block scalars.
 * Judged line by line, so that it works where YAML cannot be parsed.
 */
export function findTemplate(text: string): number | undefined {
  if (!text.includes('{{')) return undefined;
  let blockIndent = -1;
  for (let start = 0; start < text.length; ) {
    const lf = text.indexOf('\n', start);
    const end = lf < 0 ? text.length : lf;
    let content = start;
    while (content < end && isBlank(text.charCodeAt(content))) content++;
    const indent = content - start;
    const blank = content === end || text.charAt(content) === '\r';
    if (!blank && indent <= blockIndent) blockIndent = -1;
    if (blockIndent < 0 && !blank) {
      const at = templateInLine(text, content, end);
      if (at !== undefined) return at;
      if (/(?:^|[:-] +(?:[!&]\S+ +)*)[|>][-+0-9]{0,2}\s*(?:#.*)?$/.test(text.slice(content, end))) blockIndent = indent;
    }
    start = end + 1;
  }
  return undefined;
}

function templateInLine(text: string, start: number, end: number): number | undefined {
  let quote = '';
  for (let i = start; i < end; i++) {
    const character = text.charAt(i);
    if (quote !== '') {
      if (character === '\\' && quote === '"') i++;
      else if (character === quote) quote = '';
      continue;
    }
    const startsToken = i === start || /[\s[{,:]/.test(text.charAt(i - 1));
    if (character === '{' && text.charAt(i + 1) === '{') return i;
    if (character === '#' && startsToken) return undefined;
    if ((character === '"' || character === "'") && startsToken) quote = character;
  }
  return undefined;
}
