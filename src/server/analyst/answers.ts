import {
  advise,
  can,
  computeExposure,
  computeReachability,
  createWorld,
  diffReachability,
  explain,
  type PortQuery,
  parseHosts,
  parsePortQuery,
  type ReachOptions,
  type ResolveError,
  readFlowLog,
  runPolicyTests,
  type World,
  type WorldOptions,
} from '../../analysis/index.ts';
import { type CheckedInput, checkInput, inInputOrder, usableObjects } from '../../analysis/input.ts';
import { findRule, LINT_RULES, lint, lintInputOf, type RuleId } from '../../analysis/lint/index.ts';
import { readPolicyTests } from '../../manifest/index.ts';
import { parseLabelSelector } from '../../model/selector.ts';
import type { Diagnostic } from '../../model/source.ts';
import { nearestNames } from '../../model/suggest.ts';
import type { LabelSelector } from '../../model/types.ts';
import { isPolicy } from '../../model/validate/index.ts';
import { type Cidr, parseCidr } from '../../net/cidr.ts';
import { adviceYaml } from '../../report/advice.ts';
import { diffJson } from '../../report/diff-json.ts';
import { exposureJson } from '../../report/exposure.ts';
import { findingsData, findingsJson } from '../../report/findings.ts';
import { policyTestJson } from '../../report/policy-test.ts';
import { reachJson } from '../../report/reach-json.ts';
import { verdictJson } from '../../report/verdict.ts';
import type { AnalystOptions, Answer, Question, ReachQuestion, Refusal, TextFile } from './question.ts';

const API_VERSION = 'portcullis.dev/v1';
/** Problems that a summary or a refusal lists; the rest is counted. */
const MOST_FINDINGS = 200;

/** A question that cannot be answered; thrown inside, answered as a value. */
class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.name = 'Refused';
    this.refusal = refusal;
  }
}

/** Texts that were read, and what they mean once somebody asks. */
interface Sheet {
  readonly checked: CheckedInput;
  readonly world: World;
  /** What makes answers other than one may expect. */
  readonly warnings: readonly Diagnostic[];
}

/** Answers questions about texts, one after the other, in the thread that asks. Texts are read at the first question. */
export class Answers {
  readonly #options: AnalystOptions;
  readonly #worldOptions: WorldOptions;
  #files: readonly TextFile[] = [];
  #sheet: Sheet | undefined;

  /** Throws where the options are wrong: they come from the command line. */
  constructor(options: AnalystOptions) {
    this.#options = options;
    const { domains, diagnostics } = parseHosts(options.hosts.map(({ name, text }) => ({ name, content: text })));
    if (diagnostics.length > 0) throw new Error(diagnostics.map(({ message }) => message).join('; '));
    this.#worldOptions = {
      podCidrs: options.podCidrs.map(cidrOf),
      domains,
      defaultNamespace: options.defaultNamespace,
    };
  }

  load(files: readonly TextFile[]): void {
    this.#files = files;
    this.#sheet = undefined;
  }

  /** Never throws for what is asked or in the texts. */
  answer(question: Question): Answer {
    try {
      return { body: this.#answer(question) };
    } catch (error) {
      if (error instanceof Refused) return { refusal: error.refusal };
      throw error;
    }
  }

  #answer(question: Question): string {
    switch (question.op) {
      case 'summary':
        return this.#summary();
      case 'validate':
        return findingsJson(this.#validation());
      case 'reach': {
        const result = computeReachability(this.#world(question), this.#reachOptions(question));
        if ('error' in result) throw unknownName(result.error);
        return joined(reachJson(result.reachability, { grouped: question.grouped === true }));
      }
      case 'can': {
        const port = question.port === undefined ? undefined : portOf(question.port);
        const world = this.#world(question);
        const answer = can(world, question.from, question.to, port);
        if ('error' in answer) throw unknownName(answer);
        return verdictJson(answer, question.explain === true ? explain(world, answer) : undefined);
      }
      case 'exposure': {
        const { by = 'workload', direction, externalOnly = false } = question;
        const workloads = computeExposure(this.#world(question), { by, ...scopeOf(question) });
        return joined(exposureJson(workloads, { externalOnly, ...(direction && { directions: [direction] }) }));
      }
      case 'lint':
        return this.#lint(question);
      case 'diff':
        return this.#diff(question);
      case 'test':
        return this.#test(question);
      case 'advise':
        return this.#advise(question);
    }
  }

  #read(files: readonly TextFile[]): Sheet {
    const { strict, defaultNamespace } = this.#options;
    const inputs = files.map(({ name, text }) => ({ name, content: text }));
    const checked = checkInput(inputs, { strict, defaultNamespace });
    const { world, diagnostics } = createWorld(usableObjects(checked), this.#worldOptions);
    return { checked, world, warnings: diagnostics };
  }

  #current(): Sheet {
    this.#sheet ??= this.#read(this.#files);
    return this.#sheet;
  }

  /** The world of the texts. Refuses when something in them is invalid, unless that is to be left out. */
  #world({ skipInvalid }: { readonly skipInvalid?: boolean | undefined }): World {
    return usable(this.#current(), skipInvalid, 'the input');
  }

  #summary(): string {
    const { checked, warnings } = this.#current();
    const policies = checked.objects.filter(isPolicy).length;
    const namespaces = new Set(
      checked.objects.flatMap(({ kind, metadata }) =>
        kind === 'Namespace' ? metadata.name : (metadata.namespace ?? []),
      ),
    );
    const workloads = [...this.#current().world.units('workload')].filter(({ pods }) => pods.length > 0).length;
    const problems = [...checked.diagnostics, ...warnings];
    return JSON.stringify({
      summary: {
        policies,
        workloads,
        namespaces: namespaces.size,
        objects: checked.objects.length,
        ignored: checked.ignored.reduce((sum, { count }) => sum + count, 0),
        errors: problems.filter(({ severity }) => severity === 'error').length,
      },
      problems: findingsData(problems.slice(0, MOST_FINDINGS), true),
    });
  }

  /** As the command says it: also what cluster-wide policies have against each other. */
  #validation(): readonly Diagnostic[] {
    const { checked, warnings } = this.#current();
    const together = warnings.filter(({ code }) => code === 'equal-priority');
    const names = this.#files.map(({ name }) => name);
    return inInputOrder([...checked.diagnostics, ...together], names);
  }

  #reachOptions(question: ReachQuestion): ReachOptions {
    const { from, to, port, by = 'workload', external = true } = question;
    return {
      by,
      external,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(port === undefined ? {} : { port: portOf(port) }),
      ...scopeOf(question),
    };
  }

  #lint({ select, ignore }: Extract<Question, { op: 'lint' }>): string {
    const { findings } = lint(lintInputOf(this.#current().checked, this.#worldOptions), {
      ...(select === undefined ? {} : { select: new Set(select.map(ruleOf)) }),
      ...(ignore === undefined ? {} : { ignore: new Set(ignore.map(ruleOf)) }),
    });
    return findingsJson(findings);
  }

  #diff(question: Extract<Question, { op: 'diff' }>): string {
    const { files, overlay = false, remove = [], skipInvalid } = question;
    const gone = new Set([...remove, ...(overlay ? files.map(({ name }) => name) : [])]);
    const kept = overlay ? this.#files.filter(({ name }) => !gone.has(name)) : [];
    const before = this.#world(question);
    const after = usable(this.#read([...kept, ...files]), skipInvalid, 'what was sent');
    const result = diffReachability(before, after, this.#reachOptions(question));
    if ('error' in result) throw unknownName(result.error);
    return joined(diffJson(result.diff));
  }

  #test(question: Extract<Question, { op: 'test' }>): string {
    const { tests, diagnostics } = readPolicyTests(question.files.map(({ name, text }) => ({ name, content: text })));
    refuseErrors(diagnostics, 'the tests have errors, nothing was judged');
    const { results, diagnostics: meaningless } = runPolicyTests(this.#world(question), tests);
    refuseErrors(meaningless, 'some assertions mean nothing here, nothing was judged');
    return policyTestJson(results);
  }

  #advise(question: Extract<Question, { op: 'advise' }>): string {
    const { flows, namespaces, dns, skipUnusable, prefixes } = question;
    const log = flows === undefined ? undefined : readFlowLog(flows.name, flows.text);
    refuseErrors(log?.diagnostics ?? [], 'the flow log cannot be read whole, nothing was computed');
    this.#world(question);
    const { policies, diagnostics } = advise(usableObjects(this.#current().checked), {
      ...this.#worldOptions,
      ...(log === undefined ? {} : { flows: log.flows }),
      ...(namespaces === undefined ? {} : { namespaces }),
      ...(dns === undefined ? {} : { dns }),
      ...(skipUnusable === undefined ? {} : { skipUnusable }),
      ...(prefixes === undefined ? {} : { prefixes }),
    });
    refuseErrors(diagnostics, 'no policies are advised, since they would not do what was asked');
    return JSON.stringify({
      apiVersion: API_VERSION,
      kind: 'Advice',
      yaml: joined(adviceYaml(policies)),
      policies: policies.map(({ policy, comment }) => ({
        namespace: policy.metadata.namespace,
        name: policy.metadata.name,
        comment,
      })),
      denied: log?.denied ?? 0,
      findings: findingsData(diagnostics),
    });
  }
}

function cidrOf(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`"${text}" is not a CIDR`);
  return parsed.cidr;
}

function portOf(text: string): PortQuery {
  const query = parsePortQuery(text);
  if ('error' in query) throw new Refused({ status: 400, title: 'not a port', detail: query.error });
  return query;
}

function scopeOf(question: {
  readonly namespaces?: readonly string[] | undefined;
  readonly selector?: string | undefined;
}): { readonly namespaces?: readonly string[]; readonly selector?: LabelSelector } {
  const { namespaces, selector } = question;
  return {
    ...(namespaces === undefined ? {} : { namespaces }),
    ...(selector === undefined ? {} : { selector: selectorOf(selector) }),
  };
}

function selectorOf(text: string): LabelSelector {
  const parsed = parseLabelSelector(text);
  if (parsed.error !== undefined) {
    throw new Refused({ status: 400, title: 'not a label selector', detail: `selector "${text}": ${parsed.error}` });
  }
  return parsed.selector;
}

function ruleOf(text: string): RuleId {
  const rule = findRule(text);
  if (rule !== undefined) return rule.id;
  throw new Refused({
    status: 400,
    title: 'no such lint rule',
    detail: `there is no lint rule "${text}"`,
    suggestions: nearestNames(
      text,
      LINT_RULES.map(({ id }) => id),
    ),
  });
}

function unknownName({ error, suggestions }: ResolveError): Refused {
  return new Refused({ status: 404, title: 'no such endpoint', detail: error, suggestions });
}

function usable({ checked, world }: Sheet, skipInvalid = false, what: string): World {
  if (!skipInvalid) refuseErrors(checked.diagnostics, `${what} is invalid, nothing was computed`);
  return world;
}

function refuseErrors(diagnostics: readonly Diagnostic[], detail: string): void {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  const findings = findingsData(errors.slice(0, MOST_FINDINGS), true);
  throw new Refused({ status: 422, title: 'invalid input', detail, findings });
}

function joined(pieces: Iterable<string>): string {
  return [...pieces].join('');
}
