import type { AssertionResult } from '../analysis/index.ts';
import { assertionPlace, failureLines, summarize, summaryLine } from './policy-test.ts';
import { visible } from './text.ts';

/**
 * JUnit XML as GitHub actions, GitLab and Jenkins read it: a suite for each file, a case for each assertion. No times:
 * the same input gives the same bytes.
 */
export function policyTestJunit(results: readonly AssertionResult[]): string {
  const byFile = new Map<string, AssertionResult[]>();
  for (const result of results) {
    const { file } = result.test.source;
    const known = byFile.get(file);
    if (known === undefined) byFile.set(file, [result]);
    else known.push(result);
  }
  const { assertions, failed } = summarize(results);
  let text = '<?xml version="1.0" encoding="UTF-8"?>\n';
  text += `<testsuites name="portcullis" tests="${assertions}" failures="${failed}" errors="0">\n`;
  for (const [file, own] of byFile) {
    const sum = summarize(own);
    text += `  <testsuite${attributes({ name: file, tests: sum.assertions, failures: sum.failed, errors: 0 })}>\n`;
    for (const result of own) text += junitCase(result);
    text += '  </testsuite>\n';
  }
  return `${text}</testsuites>\n`;
}

function junitCase(result: AssertionResult): string {
  const { file, line } = result.test.source.locate(result.assertion.path);
  const head = attributes({ name: result.title, classname: result.test.name ?? file, file, line });
  if (result.passed) return `    <testcase${head}/>\n`;
  const [first = ''] = failureLines(result);
  const body = [...failureLines(result, true), assertionPlace(result)].map(xmlText).join('\n');
  const failure = attributes({ message: first, type: `expected-${result.assertion.expect}` });
  return `    <testcase${head}>\n      <failure${failure}>${body}</failure>\n    </testcase>\n`;
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${xmlText(String(value)).replaceAll('"', '&quot;')}"`)
    .join('');
}

/** Text that any XML parser takes: control characters made visible, the special ones escaped. */
function xmlText(text: string): string {
  const clean = visible(text).replace(/[\ufffe\uffff]/g, '\ufffd');
  return clean.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** TAP version 14: a line for each assertion, a YAML block below those that fail. */
export function policyTestTap(results: readonly AssertionResult[]): string {
  let text = `TAP version 14\n1..${results.length}\n`;
  for (const [index, result] of results.entries()) {
    // A hash would begin a directive, a backslash an escape.
    const title = visible(result.title).replace(/[\\#]/g, '\\$&');
    text += `${result.passed ? 'ok' : 'not ok'} ${index + 1} - ${title}\n`;
    if (result.passed) continue;
    text += '  ---\n';
    text += `  expect: ${result.assertion.expect}\n`;
    text += `  at: ${JSON.stringify(assertionPlace(result))}\n`;
    text += `  pairs: ${result.pairs}\n`;
    text += `  failed: ${result.failed}\n`;
    text += '  message: |\n';
    for (const line of failureLines(result, true)) text += `    ${line}\n`;
    text += '  ...\n';
  }
  return `${text}# ${summaryLine(results)}\n`;
}
