/**
 * Checks the import rules of .dependency-cruiser.js over src/.
 *
 *     node scripts/layers.mjs [ROOT]
 *
 * dependency-cruiser answers "no violations" when it could not read TypeScript at all, so this wrapper also fails
 * when the tool missed a file that is on disk or found hardly any imports between modules.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import config from '../.dependency-cruiser.js';

const FEWEST_MODULES = 10;
const FEWEST_IMPORTS = 10;

const root = path.resolve(process.argv[2] ?? path.join(import.meta.dirname, '..'));
process.chdir(root);

const onDisk = readdirSync('src', { recursive: true })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `src/${file.split(path.sep).join('/')}`);
const tsConfig = path.join(import.meta.dirname, '../tsconfig.json');
const { output } = await cruise(
  ['src'],
  { ...config.options, tsConfig: { fileName: tsConfig }, ruleSet: { forbidden: config.forbidden }, validate: true },
  config.options.enhancedResolveOptions,
  { tsConfig: extractTSConfig(tsConfig) },
);

const seen = new Set(output.modules.map((module) => module.source).filter((source) => source.startsWith('src/')));
const imports = output.modules
  .filter((module) => seen.has(module.source))
  .reduce((sum, module) => sum + module.dependencies.filter((to) => seen.has(to.resolved)).length, 0);

const problems = output.summary.violations.map(({ rule, from, to, cycle }) => {
  const route = cycle ? [from, ...cycle.map((step) => step.name ?? step)].join(' -> ') : `${from} -> ${to}`;
  const comment = config.forbidden.find((candidate) => candidate.name === rule.name)?.comment;
  return `${rule.name}: ${route}\n    ${comment}`;
});
for (const file of onDisk) if (!seen.has(file)) problems.push(`not seen by dependency-cruiser: ${file}`);
if (seen.size < FEWEST_MODULES) problems.push(`only ${seen.size} modules seen, expected at least ${FEWEST_MODULES}`);
if (imports < FEWEST_IMPORTS) problems.push(`only ${imports} imports seen, expected at least ${FEWEST_IMPORTS}`);

for (const problem of problems) console.error(`layers: ${problem}`);
console.log(`layers: ${seen.size} modules, ${imports} imports between them, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
