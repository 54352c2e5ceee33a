import { isDeepStrictEqual } from 'node:util';
import { judgeGuardrails, parseHosts, World, type WorldOptions } from '../../analysis/index.ts';
import { type Finding, findRule, LINT_RULES, lint, type RuleId } from '../../analysis/lint/index.ts';
import { ignoredBy } from '../../analysis/lint/suppress.ts';
import { buildState } from '../../engine/build.ts';
import { objectKey } from '../../kube/object-key.ts';
import type { ObjectChange } from '../../kube/source.ts';
import { type PolicyTest, readPolicyTests } from '../../manifest/index.ts';
import { decodeObject } from '../../model/decode.ts';
import type { Severity } from '../../model/source.ts';
import { nearestNames } from '../../model/suggest.ts';
import { type KubeObject, objectRef } from '../../model/types.ts';
import { isPolicy } from '../../model/validate/index.ts';
import { parseCidr } from '../../net/cidr.ts';
import type { AnalystOptions, TextFile } from '../analyst/question.ts';
import { type AdmissionVerdict, breachText, findingText } from './verdict.ts';

/** What changes are measured by. */
export interface AdmissionOptions {
  readonly world: AnalystOptions;
  /** `PolicyTest` documents. */
  readonly guardrails: readonly TextFile[];
  /** Rules of lint, or severities, whose findings are denials. */
  readonly denyOn: readonly string[];
}

/** A change that is asked for, as the API server gives it. */
export interface AdmissionChange {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  /** Absent for DELETE. */
  readonly object?: unknown;
  /** Absent for CREATE. */
  readonly oldObject?: unknown;
  /** Where the objects are, should they not say so; absent or empty for cluster-wide ones. */
  readonly namespace?: string;
}

/** The options are wrong; each message is a sentence for whoever gave them. */
export class AdmissionOptionsError extends Error {
  readonly code = 'admission-options';
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** Which findings are denials: rules by name, and everything at least as severe as a level. */
export interface DenyOn {
  readonly rules: ReadonlySet<RuleId>;
  readonly severities: ReadonlySet<Severity>;
}

/** Reads rules and levels. Throws {@link AdmissionOptionsError}. */
export function parseDenyOn(texts: readonly string[]): DenyOn {
  const rules = new Set<RuleId>();
  const severities = new Set<Severity>();
  for (const text of texts.flatMap((one) => one.split(',')).map((one) => one.trim())) {
    const level = (SEVERITIES as readonly string[]).indexOf(text);
    const rule = findRule(text);
    if (level >= 0) for (const severity of SEVERITIES.slice(0, level + 1)) severities.add(severity);
    else if (rule !== undefined) rules.add(rule.id);
    else {
      const near = nearestNames(text, [...SEVERITIES, ...LINT_RULES.map(({ id }) => id)]);
      const hint = near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`;
      throw new AdmissionOptionsError(`there is no lint rule and no level "${text}"${hint}`);
    }
  }
  return { rules, severities };
}

/** Reads guardrails. Throws {@link AdmissionOptionsError} with every mistake in them. */
export function readGuardrails(files: readonly TextFile[]): readonly PolicyTest[] {
  const { tests, diagnostics } = readPolicyTests(files.map(({ name, text }) => ({ name, content: text })));
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return tests;
  const lines = errors.map(({ source, path, message }) => {
    const place = source === undefined ? '' : `${source.file}:${source.line}:${source.column}: `;
    return `${place}${path === undefined ? '' : `${path}: `}${message}`;
  });
  throw new AdmissionOptionsError(lines.join('\n'));
}

/** The cluster at one moment. */
interface Cluster {
  readonly world: World;
  /** In the order in which they came. */
  readonly objects: readonly KubeObject[];
}

/**
 * Judges changes of policies against the cluster as it is. It changes nothing: the cluster is told to it by
 * {@link apply}, never by the changes that it judges.
 */
export class Admission {
  readonly #options: WorldOptions;
  #tests: readonly PolicyTest[];
  readonly #denyOn: DenyOn;
  readonly #objects = new Map<string, KubeObject>();
  #cluster: Cluster | undefined;

  /** Throws {@link AdmissionOptionsError}. */
  constructor({ world, guardrails, denyOn }: AdmissionOptions) {
    const { podCidrs, hosts, defaultNamespace } = world;
    this.#options = {
      defaultNamespace,
      podCidrs: podCidrs.flatMap((text) => parseCidr(text)?.cidr ?? []),
      domains: parseHosts(hosts.map(({ name, text }) => ({ name, content: text }))).domains,
    };
    this.#tests = readGuardrails(guardrails);
    this.#denyOn = parseDenyOn(denyOn);
  }

  /** Throws {@link AdmissionOptionsError}, and then those before stay. */
  setGuardrails(files: readonly TextFile[]): void {
    this.#tests = readGuardrails(files);
  }

  /** Works out what every change is compared with, before the first one comes. */
  warm(): void {
    this.#cluster ??= this.#with('', undefined);
    this.#guard(this.#cluster, this.#cluster);
  }

  /** Takes what has changed in the cluster. */
  apply(changes: readonly ObjectChange[]): void {
    for (const change of changes) {
      if (change.type === 'set') this.#objects.set(objectKey(objectRef(change.object)), change.object);
      else this.#objects.delete(objectKey(change));
    }
    if (changes.length > 0) this.#cluster = undefined;
  }

  /**
   * What the guardrails say of a change, then what lint says of it: the second takes longer, so whoever has no more time
   * can do with the first.
   */
  *judge({ operation, object, oldObject, namespace }: AdmissionChange): Generator<AdmissionVerdict, void, undefined> {
    const fresh = operation === 'DELETE' ? undefined : policyOf(object, 'object', namespace);
    const old = operation === 'CREATE' ? undefined : policyOf(oldObject, 'oldObject', namespace);
    const before = this.#before(fresh ?? old, old);
    const after = this.#after(fresh ?? old, fresh);
    const guarded = this.#guard(before, after);
    yield guarded;
    if (fresh === undefined) {
      yield { denials: [], warnings: [] };
      return;
    }
    yield this.#lint(fresh, old, before, after);
  }

  #guard(before: Cluster, after: Cluster): AdmissionVerdict {
    if (this.#tests.length === 0) return { denials: [], warnings: [] };
    const { breaches, standing, unjudged } = judgeGuardrails(before.world, after.world, this.#tests);
    const failing = standing.map((result) => {
      const { file, line } = result.test.source.locate(result.assertion.path);
      return `guardrail ${file} line ${line} fails already, with or without this change: ${result.title}`;
    });
    const idle = unjudged.map(({ message, source }) => {
      const place = source === undefined ? '' : ` ${source.file} line ${source.line}`;
      return `guardrail${place} guards nothing: ${message}`;
    });
    return { denials: breaches.map(breachText), warnings: [...failing, ...idle] };
  }

  /** The findings about the changed object. Those that it had before the change do not count against it. */
  #lint(fresh: KubeObject, old: KubeObject | undefined, before: Cluster, after: Cluster): AdmissionVerdict {
    const ignored = ignoredBy(fresh);
    const findings = this.#findings(after, fresh);
    const refused = findings.filter((finding) => this.#isDenied(finding));
    const known = new Set(
      refused.length === 0 || old === undefined ? [] : this.#findings(before, old).map(findingText),
    );
    const denied = refused.filter((finding) => !known.has(findingText(finding)));
    const told = findings.filter(
      (finding) => !denied.includes(finding) && !ignored.includes('*') && !ignored.includes(finding.code),
    );
    return { denials: denied.map(findingText), warnings: told.map(findingText) };
  }

  /**
   * Lint of one object in its world, all of which the rules see. An annotation that says not to tell of findings must not
   * let a denied one through.
   */
  #findings({ world, objects }: Cluster, object: KubeObject): readonly Finding[] {
    const ref = objectKey(objectRef(object));
    const about = objects.find((one) => objectKey(objectRef(one)) === ref) ?? object;
    const input = { world, objects, invalid: new Set<KubeObject>(), diagnostics: [], about };
    const { findings } = lint(input, { heedAnnotations: false });
    return findings.filter((finding) => finding.object !== undefined && objectKey(finding.object) === ref);
  }

  #isDenied({ code, severity }: Finding): boolean {
    return this.#denyOn.rules.has(code) || this.#denyOn.severities.has(severity);
  }

  /** The cluster before the change: as it is known, with the policy as the API server says it was. */
  #before(policy: KubeObject | undefined, old: KubeObject | undefined): Cluster {
    const key = policy === undefined ? '' : objectKey(objectRef(policy));
    const known = this.#objects.get(key);
    const same = known === old || (known !== undefined && old !== undefined && sameMeaning(known, old));
    if (!same) return this.#with(key, old);
    this.#cluster ??= this.#with(key, known);
    return this.#cluster;
  }

  #after(policy: KubeObject | undefined, fresh: KubeObject | undefined): Cluster {
    const key = policy === undefined ? '' : objectKey(objectRef(policy));
    return this.#with(key, fresh);
  }

  #with(key: string, object: KubeObject | undefined): Cluster {
    const objects = new Map(this.#objects);
    if (object === undefined) objects.delete(key);
    else objects.set(key, object);
    const { defaultNamespace = 'default', ...options } = this.#options;
    const all = [...objects.values()];
    return { world: new World(buildState(all, options), defaultNamespace, all), objects: all };
  }
}

/** Whether two versions of a policy mean the same. Of metadata only what names them counts, and that is equal. */
function sameMeaning(one: KubeObject, other: KubeObject): boolean {
  return isPolicy(one) && isPolicy(other) && isDeepStrictEqual(one.spec, other.spec);
}

/** What cannot be judged, as a sentence. */
export class UnjudgedError extends Error {
  readonly code = 'unjudged';
}

function policyOf(value: unknown, field: string, namespace: string | undefined): KubeObject {
  const { object, ignored, diagnostics } = decodeObject(
    value,
    namespace === undefined || namespace === '' ? {} : { defaultNamespace: namespace },
  );
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (ignored !== undefined) throw new UnjudgedError(`${field} is a ${ignored.kind}, which is no policy`);
  if (object === undefined) {
    const text = errors.map(({ path, message }) => `${path === undefined ? '' : `${path}: `}${message}`).join('; ');
    throw new UnjudgedError(`${field} cannot be read: ${text}`);
  }
  if (!isPolicy(object)) throw new UnjudgedError(`${field} is a ${object.kind}, which is no policy`);
  return object;
}
