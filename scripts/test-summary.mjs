/**
 * Prints the counts of a vitest run in one plain line: `Tests: 12 passed, 0 failed`, with `, 3 skipped` where some were.
 *
 *     node scripts/test-summary.mjs REPORT
 *
 * REPORT is a file of vitest's json reporter. Exits 1 when a test or a whole file failed, or when no test ran.
 */
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
// A file that could not be loaded has no tests to count; it is a failure all the same.
const brokenFiles = report.testResults.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
).length;
const passed = report.numPassedTests;
const failed = report.numFailedTests + brokenFiles;
const skipped = report.numPendingTests + report.numTodoTests;

if (passed + failed > 0) {
  console.log(`Tests: ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
}
process.exitCode = report.success && passed > 0 && failed === 0 ? 0 : 1;
