import type { ChildRun } from './child.ts';

/** What a number counts; decides how it is written. `rate` is per second, `time` in milliseconds, `memory` in bytes. */
export type Unit = 'time' | 'memory' | 'rate' | 'count';

/** One measured number beside the number of a yardstick that was measured in the same run. */
export interface Figure {
  /** The preset, or an empty text where the cluster does not matter. */
  readonly size: string;
  readonly what: string;
  readonly unit: Unit;
  readonly value: number;
  /** Absent where nothing comparable exists. */
  readonly baseline?: { readonly what: string; readonly value: number };
}

/** A measurement that gave no number: the command failed or took too long. */
export interface Failure {
  readonly size: string;
  readonly what: string;
  readonly problem: string;
}

/** Why a command gave no number: its exit and the first line it wrote to standard error. */
export function failureOf(size: string, what: string, { exit, wallMs, stderr }: ChildRun): Failure {
  if (exit === 'timeout') return { size, what, problem: `stopped after ${Math.round(wallMs / 1000)} s` };
  const [line = ''] = stderr.trim().split('\n');
  return { size, what, problem: `${exit === 'signal' ? 'killed' : `exit ${exit}`}: ${line}` };
}

/** The figure as a multiple of its baseline; for rates too, more is more. */
export function ratio(figure: Figure): number | undefined {
  return figure.baseline === undefined ? undefined : figure.value / figure.baseline.value;
}

/** Lays figures and failures out as a text table, one line each in the given order. */
export function figureTable(lines: readonly (Figure | Failure)[]): string {
  const rows = [['size', 'what', 'value', 'baseline', 'ratio', 'against'], ...lines.map(cells)];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => aligned(cell, column, widths))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** Numbers stand right, texts left. */
function aligned(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column] ?? 0;
  return column >= 2 && column <= 4 ? cell.padStart(width) : cell.padEnd(width);
}

function cells(line: Figure | Failure): string[] {
  if ('problem' in line) return [line.size, line.what, 'none', '', '', line.problem];
  const { size, what, unit, value, baseline } = line;
  if (baseline === undefined) return [size, what, quantity(value, unit), '', '', ''];
  return [size, what, quantity(value, unit), quantity(baseline.value, unit), times(ratio(line)), baseline.what];
}

function times(value: number | undefined): string {
  if (value === undefined) return '';
  return value < 0.01 ? `1/${digits(1 / value)}` : `${digits(value)}x`;
}

function quantity(value: number, unit: Unit): string {
  switch (unit) {
    case 'time':
      if (value >= 1000) return `${digits(value / 1000)} s`;
      return value >= 1 ? `${digits(value)} ms` : `${digits(value * 1000)} µs`;
    case 'memory':
      return `${digits(value / 1_000_000)} MB`;
    case 'rate':
      if (value >= 1_000_000) return `${digits(value / 1_000_000)} M/s`;
      return value >= 1000 ? `${digits(value / 1000)} k/s` : `${digits(value)} /s`;
    case 'count':
      return `${value}`;
  }
}

/** Three digits that count. */
function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
