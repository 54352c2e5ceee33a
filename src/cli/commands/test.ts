import { type AssertionResult, runPolicyTests } from '../../analysis/index.ts';
import { readInputs, STDIN } from '../../kube/files.ts';
import { type PolicyTest, readPolicyTests } from '../../manifest/index.ts';
import type { Diagnostic } from '../../model/source.ts';
import { renderDiagnostics } from '../../report/diagnostics.ts';
import { policyTestJson, policyTestText } from '../../report/policy-test.ts';
import { policyTestJunit, policyTestTap } from '../../report/policy-test-ci.ts';
import type { Context } from '../context.ts';
import { EXIT, UsageError } from '../errors.ts';
import { loadWorld } from '../load.ts';

/** `portcullis test SPEC…`. */
export async function run(context: Context): Promise<number> {
  const { args, flags, out } = context;
  if (args.includes(STDIN) && flags.list('filename').includes(STDIN)) {
    throw new UsageError('standard input cannot be both the manifests and the tests');
  }
  const tests = await readTests(context);
  if (tests === undefined) return EXIT.usage;
  const loaded = await loadWorld(context);
  if ('exit' in loaded) return loaded.exit;
  const { results, diagnostics } = runPolicyTests(loaded.world, tests);
  if (!report(context, diagnostics)) return EXIT.usage;
  await out.write(render(results, context));
  return results.every((one) => one.passed) ? EXIT.ok : EXIT.negative;
}

/** Undefined when something in the tests is wrong. */
async function readTests(context: Context): Promise<readonly PolicyTest[] | undefined> {
  const { inputs, problems } = await readInputs(context.args, { stdin: context.io.stdin });
  const { tests, diagnostics } = readPolicyTests(inputs);
  return report(context, [...problems, ...diagnostics]) ? tests : undefined;
}

/** Says on standard error what is wrong with the tests; false when that is an error. */
function report({ flags, err, errStyle }: Context, diagnostics: readonly Diagnostic[]): boolean {
  const options = { style: errStyle, quiet: flags.on('quiet'), all: flags.on('verbose') };
  for (const text of renderDiagnostics(diagnostics, options)) err.add(text);
  const wrong = diagnostics.some(({ severity }) => severity === 'error');
  if (wrong) err.add('portcullis: error: the tests have errors, nothing was judged\n');
  return !wrong;
}

function render(results: readonly AssertionResult[], { flags, outStyle }: Context): Iterable<string> | string {
  switch (flags.text('output')) {
    case 'json':
      return policyTestJson(results);
    case 'junit':
      return policyTestJunit(results);
    case 'tap':
      return policyTestTap(results);
    default:
      return policyTestText(results, { style: outStyle, all: flags.on('verbose') });
  }
}
