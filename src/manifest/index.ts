/** Manifests: YAML and JSON text to objects with positions, and diagnostics. */

export { DEFAULT_LIMITS, type Limits } from './limits.ts';
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
  ParseCache,
  type ReadOptions,
  readManifests,
} from './read.ts';
