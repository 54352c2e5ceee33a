import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import current from '../../../fixtures/truth/npapi-conformance.json' with { type: 'json' };
import former from '../../../fixtures/truth/npapi-conformance-v1alpha1.json' with { type: 'json' };
import { decodeObject } from '../decode.ts';
import { isPolicy, validatePolicy } from '../validate/index.ts';

interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

const manifests = [current, former].flatMap(({ tests }) =>
  tests.flatMap(({ name, policies }) =>
    (policies as readonly Named[]).map((policy) => ({
      title: `${name}: ${policy.kind} ${policy.metadata.name}`,
      policy,
    })),
  ),
);

describe('the manifests of the conformance tests', () => {
  it('are of every kind', () => {
    expect([...new Set(manifests.map(({ policy }) => policy.kind))].sort()).toEqual([
      'AdminNetworkPolicy',
      'BaselineAdminNetworkPolicy',
      'ClusterNetworkPolicy',
      'NetworkPolicy',
    ]);
  });

  it.each(manifests)('$title', ({ policy }) => {
    const { object, diagnostics } = decodeObject(policy, { strict: true });
    expect(diagnostics).toEqual([]);
    expect(object?.kind).toBe(policy.kind);
    if (object !== undefined && isPolicy(object)) {
      expect(validatePolicy(object).filter((one) => one.severity === 'error')).toEqual([]);
    }
  });
});

describe('mutated manifests', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const junk = fc.oneof(
    fc.constantFrom<unknown>(null, undefined, true, '', 'x', -1, 0, 1.5, 65536, 2n ** 80n, Number.NaN, [], {}, cyclic),
    fc.constantFrom<unknown>([null], ['x', 'x'], [{}, {}], [cyclic, cyclic], { namespaces: {} }, { ['__proto__']: 1 }),
    fc.jsonValue({ maxDepth: 2 }),
  );

  /** Replaces, removes or adds something at one place of a value. */
  function mutate(value: unknown, steps: readonly number[], put: unknown): unknown {
    const [step, ...rest] = steps;
    if (step === undefined || typeof value !== 'object' || value === null) return put;
    if (Array.isArray(value)) {
      const at = step % (value.length + 1);
      return value.toSpliced(at, 1, mutate(value[at], rest, put));
    }
    const keys = [...Object.keys(value), 'extra'];
    const key = keys[step % keys.length] ?? 'extra';
    return { ...value, [key]: mutate((value as Record<string, unknown>)[key], rest, put) };
  }

  it('never make the decoder throw, and what it accepts can be validated', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...manifests.map(({ policy }) => policy)),
        fc.array(fc.tuple(fc.array(fc.nat(20), { minLength: 1, maxLength: 9 }), junk), { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        (policy, changes, strict) => {
          const value = changes.reduce<unknown>((whole, [steps, put]) => mutate(whole, steps, put), policy);
          const { object, ignored, diagnostics } = decodeObject(value, { strict });
          const failed = diagnostics.some((one) => one.severity === 'error');
          expect(object === undefined && ignored === undefined).toBe(failed);
          if (object !== undefined && isPolicy(object)) validatePolicy(object);
        },
      ),
      { numRuns: 600 },
    );
  });
});
