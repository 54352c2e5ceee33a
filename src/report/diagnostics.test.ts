import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Diagnostic, SourceSpan } from '../model/source.ts';
import { countSeverities, renderDiagnostic, renderDiagnostics, uniqueDiagnostics } from './diagnostics.ts';
import { renderSnippet } from './snippet.ts';
import { ANSI, PLAIN } from './style.ts';
import { displayWidth } from './text.ts';

function span(lineText: string, column: number, length: number, line = 12): SourceSpan {
  return { file: 'policy.yaml', line, column, length, lineText };
}

const portZero: Diagnostic = {
  code: 'invalid',
  severity: 'error',
  path: 'spec.ingress[0].ports[0].port',
  message: 'Invalid value: 0: must be between 1 and 65535, inclusive',
  source: span('      - port: 0', 15, 1),
};

describe('renderDiagnostic', () => {
  it('is the line of the contract, the source line and a caret', () => {
    expect(renderDiagnostic(portZero, PLAIN)).toBe(
      'policy.yaml:12:15: error: spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive\n' +
        '  12 |       - port: 0\n' +
        '     |               ^\n',
    );
  });

  it('names the object where there is no place, and gives help', () => {
    const diagnostic: Diagnostic = {
      code: 'x',
      severity: 'warning',
      message: 'odd',
      object: { kind: 'NetworkPolicy', namespace: 'shop', name: 'cart' },
      help: 'do better',
    };
    expect(renderDiagnostic(diagnostic, PLAIN)).toBe('NetworkPolicy shop/cart: warning: odd\n  help: do better\n');
  });

  it('shows no control characters of the input', () => {
    const text = renderDiagnostic(
      {
        code: 'x',
        severity: 'error',
        message: 'bad \u001b[2J',
        source: { ...span('\u001b[31mkey: 1', 2, 3), file: 'a\u001b.yaml' },
      },
      PLAIN,
    );
    expect(text).not.toContain('\u001b');
    expect(text).toContain('a\\x1b.yaml:12:2');
  });

  it('colours words only', () => {
    const plain = ANSI.error('error');
    expect(renderDiagnostic(portZero, ANSI)).toContain(`${plain}: spec.ingress`);
  });
});

describe('renderSnippet', () => {
  function caret(source: SourceSpan): { text: string; under: string } {
    const [line = '', carets = ''] = renderSnippet(source, PLAIN).split('\n');
    const at = carets.indexOf('^');
    const before = displayWidth(carets.slice(0, at));
    let cells = 0;
    let under = '';
    for (const char of line) {
      if (cells >= before && cells < before + (carets.match(/\^/g)?.length ?? 0)) under += char;
      cells += displayWidth(char);
    }
    return { text: line, under };
  }

  it.each([
    ['after tabs', span('\t\tport: 0', 9, 1), '0'],
    ['after wide characters', span('name: 日本語 # x', 13, 1), 'x'],
    ['under wide characters', span('name: 日本語', 7, 3), '日本語'],
    ['after an emoji of two units', span('a: \u{1f600} b', 7, 1), 'b'],
    ['at the beginning', span('abc', 1, 2), 'ab'],
  ])('stands %s', (_, source, under) => {
    expect(caret(source).under).toBe(under);
  });

  it('cuts long lines around the caret', () => {
    const line = `${'a'.repeat(500)}HERE${'b'.repeat(500)}`;
    const { text, under } = caret(span(line, 501, 4));
    expect(under).toBe('HERE');
    expect(text.length).toBeLessThan(120);
    expect(text).toContain('…a');
    expect(text.endsWith('b…')).toBe(true);
  });

  it('stands behind the line when something is missing there', () => {
    expect(renderSnippet(span('ab', 3, 1, 1), PLAIN)).toBe('  1 | ab\n    |   ^\n');
  });

  it('is two lines for any text and place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(400), fc.integer({ min: 1, max: 50 }), (text, at, length) => {
        const lineText = text.replace(/[\r\n]/g, ' ');
        const lines = renderSnippet(span(lineText, Math.min(at, lineText.length) + 1, length), PLAIN).split('\n');
        expect(lines).toHaveLength(3);
        expect(lines[1]).toMatch(/\^/);
      }),
      { numRuns: 300 },
    );
  });
});

describe('renderDiagnostics', () => {
  const many = Array.from(
    { length: 60 },
    (_, index): Diagnostic => ({ code: 'x', severity: index === 59 ? 'error' : 'warning', message: `number ${index}` }),
  );

  it('tells the same problem once', () => {
    expect(uniqueDiagnostics([portZero, { ...portZero }, { ...portZero, message: 'other' }])).toHaveLength(2);
  });

  it('sums up what is too much, and keeps the errors', () => {
    const text = [...renderDiagnostics(many, { style: PLAIN })].join('');
    expect(text).toContain('error: number 59');
    expect(text).not.toContain('number 55');
    expect(text).toContain('1 error, 59 warnings (10 not shown; -v shows all)\n');
  });

  it('shows all when asked, and only errors when quiet', () => {
    expect([...renderDiagnostics(many, { style: PLAIN, all: true })]).toHaveLength(61);
    expect([...renderDiagnostics(many, { style: PLAIN, quiet: true })].join('')).toBe('error: number 59\n1 error\n');
  });

  it('says nothing of nothing', () => {
    expect([...renderDiagnostics([], { style: PLAIN })]).toEqual([]);
    expect(countSeverities([])).toBe('no findings');
  });
});
