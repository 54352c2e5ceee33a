/** Manifests: YAML and JSON text to objects with positions, and diagnostics. */

export { DEFAULT_LIMITS, type Limits } from './limits.ts';
export { ParseCache } from './parse-cache.ts';
export {
  type Assertion,
  type EndPattern,
  type ExceptPattern,
  type Expectation,
  type PolicyTest,
  type PolicyTestResult,
  readPolicyTests,
  type WrittenPort,
} from './policy-test.ts';
export {
  type IgnoredKind,
  type ManifestInput,
  type ManifestResult,
  type ReadOptions,
  readManifests,
  readManifestsInSteps,
} from './read.ts';
