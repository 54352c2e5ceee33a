import type { AssertionResult, CanCase, Counterexample } from '../analysis/index.ts';
import { formatPosition } from './diagnostics.ts';
import { formatPorts } from './ports.ts';
import { PLAIN, type Style } from './style.ts';
import { count, visible } from './text.ts';
import { directionData, reasonLines } from './verdict.ts';

/** Counterexamples that are shown of one assertion, unless all are asked for. */
const SHOWN = 3;

/** How the results of tests are written. */
export interface PolicyTestOptions {
  readonly style?: Style;
  /** Every counterexample that there is. */
  readonly all?: boolean;
}

/** Sums over the results of all assertions. */
export interface PolicyTestSummary {
  readonly assertions: number;
  readonly passed: number;
  readonly failed: number;
  /** Pairs of endpoints that were judged. */
  readonly pairs: number;
}

export function summarize(results: readonly AssertionResult[]): PolicyTestSummary {
  const passed = results.filter((one) => one.passed).length;
  const pairs = results.reduce((sum, one) => sum + one.pairs, 0);
  return { assertions: results.length, passed, failed: results.length - passed, pairs };
}

/** `5 assertions: 4 hold, 1 fails; 143 pairs judged`. */
export function summaryLine(results: readonly AssertionResult[]): string {
  const { assertions, passed, failed, pairs } = summarize(results);
  const parts = [
    ...(passed > 0 || failed === 0 ? [`${passed} ${passed === 1 ? 'holds' : 'hold'}`] : []),
    ...(failed > 0 ? [`${failed} ${failed === 1 ? 'fails' : 'fail'}`] : []),
  ];
  return `${count(assertions, 'assertion')}: ${parts.join(', ')}; ${count(pairs, 'pair')} judged`;
}

/** Where an assertion stands: `shop.yaml:5:5`. */
export function assertionPlace({ test, assertion }: AssertionResult): string {
  return formatPosition(test.source.locate(assertion.path));
}

/** The results, those of one file together, with the counterexamples of what fails and a closing line. */
export function* policyTestText(
  results: readonly AssertionResult[],
  options: PolicyTestOptions = {},
): Generator<string> {
  const { style = PLAIN, all = false } = options;
  let file: string | undefined;
  for (const result of results) {
    if (result.test.source.file !== file) {
      yield `${file === undefined ? '' : '\n'}${style.bold(visible(result.test.source.file))}\n`;
      file = result.test.source.file;
    }
    const word = result.passed ? style.good('ok  ') : style.error('FAIL');
    const failed = result.passed ? '' : `, ${result.failed} not as expected`;
    yield `  ${word}  ${visible(result.title)} ${style.dim(`(${count(result.pairs, 'pair')}${failed})`)}\n`;
    if (result.passed) continue;
    yield `        ${style.dim(assertionPlace(result))}\n`;
    for (const line of failureLines(result, all)) yield `        ${line}\n`;
  }
  yield `${file === undefined ? '' : '\n'}${summaryLine(results)}\n`;
}

/** The counterexamples of an assertion as lines of plain text, reasons indented by two. */
export function failureLines({ counterexamples, failed }: AssertionResult, all = false): string[] {
  const shown = all ? counterexamples : counterexamples.slice(0, SHOWN);
  const lines = shown.flatMap(exampleLines);
  const left = failed - shown.reduce((sum, { alike }) => sum + alike + 1, 0);
  return left === 0 ? lines : [...lines, `and ${count(left, 'more pair')}`];
}

function exampleLines(example: Counterexample): string[] {
  const { from, to, verdict, notes, alike } = example;
  return [
    `${visible(from)} -> ${visible(to)}: ${outcome(example)}`,
    ...(verdict === undefined ? [] : reasonLines(verdict).map((line) => `  ${line}`)),
    ...notes.map((note) => `  ${visible(note)}`),
    ...(alike === 0 ? [] : [`  and ${count(alike, 'more pair')} alike`]),
  ];
}

function outcome({ ports, verdict }: Counterexample): string {
  if (verdict?.allowed === true) return `${formatPorts(ports)} ${isPlural(ports) ? 'are' : 'is'} allowed`;
  if (ports.length === 0) return 'denied';
  return `${formatPorts(ports)} ${isPlural(ports) ? 'are' : 'is'} denied`;
}

function isPlural(ports: Counterexample['ports']): boolean {
  const [entry, second] = ports;
  const [range, next] = entry?.ranges ?? [];
  return second !== undefined || next !== undefined || range === undefined || range[0] !== range[1];
}

/** The `PolicyTestResult` document as JSON. */
export function policyTestJson(results: readonly AssertionResult[]): string {
  const document = {
    apiVersion: 'portcullis.dev/v1',
    kind: 'PolicyTestResult',
    passed: results.every((one) => one.passed),
    summary: summarize(results),
    assertions: results.map((result) => {
      const { file, line, column } = result.test.source.locate(result.assertion.path);
      return {
        title: result.title,
        test: result.test.name,
        expect: result.assertion.expect,
        passed: result.passed,
        pairs: result.pairs,
        failed: result.failed,
        source: { file, line, column },
        counterexamples: result.counterexamples.map(exampleData),
      };
    }),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function exampleData({ from, to, ports, verdict, notes, alike }: Counterexample): object {
  return {
    from,
    to,
    ports: ports.map(({ protocol, ranges, families }) => ({ protocol, ranges, families })),
    alike,
    ...(verdict === undefined ? {} : { verdict: verdictData(verdict) }),
    notes,
  };
}

function verdictData({ family, protocol, port, allowed, egress, ingress }: CanCase): object {
  return {
    family,
    protocol,
    port,
    allowed,
    egress: directionData(egress),
    ingress: directionData(ingress),
  };
}
