/** Smallest gap between two columns. */
const PADDING = 2;

/**
 * Aligns tab-separated text as kubectl does: a column is a run of consecutive lines that have a tab-terminated cell
 * there, as wide as its widest cell and two spaces. The last cell of a line, which no tab ends, belongs to no column.
 * Widths are counted in code points.
 */
export function alignTabs(text: string): string {
  // A form feed ends a line and, like a line without tabs, every column.
  const blocks = text.split('\f').map((block) => {
    const lines = block.split('\n').map((line) => line.split(/[\t\v]/));
    return formatColumns(lines, []).join('\n');
  });
  return blocks.join('\n');
}

/** Lays out lines whose first `widths.length` columns have their width already. */
function formatColumns(lines: readonly (readonly string[])[], widths: readonly number[]): string[] {
  const output: string[] = [];
  const column = widths.length;
  for (let line = 0; line < lines.length; ) {
    const first = line;
    let width = 0;
    for (; line < lines.length; line++) {
      const cells = lines[line] ?? [];
      if (column >= cells.length - 1) break;
      width = Math.max(width, codePoints(cells[column] ?? '') + PADDING);
    }
    if (line > first) {
      output.push(...formatColumns(lines.slice(first, line), [...widths, width]));
    } else {
      output.push(formatLine(lines[line] ?? [], widths));
      line++;
    }
  }
  return output;
}

function formatLine(cells: readonly string[], widths: readonly number[]): string {
  return cells.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - codePoints(cell)))).join('');
}

function codePoints(text: string): number {
  return [...text].length;
}
