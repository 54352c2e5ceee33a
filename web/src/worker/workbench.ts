/** The world of the page: texts in, answers out. Lives in the worker; knows nothing of how they are shown. */

import { adviseAdditions } from '../../../src/analysis/advise/additions.ts';
import { runPolicyTests } from '../../../src/analysis/assertions/run.ts';
import { diffReachability } from '../../../src/analysis/diff.ts';
import { computeExposure, computeProtection } from '../../../src/analysis/exposure/exposure.ts';
import { parseHosts } from '../../../src/analysis/hosts.ts';
import { checkInput, usableObjects } from '../../../src/analysis/input.ts';
import { applyFixes, type Finding, findRule, lint } from '../../../src/analysis/lint/index.ts';
import { computeReachability } from '../../../src/analysis/reach.ts';
import { listedController } from '../../../src/analysis/resolve.ts';
import type { Unit } from '../../../src/analysis/units.ts';
import { createWorld, type World, type WorldOptions } from '../../../src/analysis/world.ts';
import { ParseCache } from '../../../src/manifest/parse-cache.ts';
import { type PolicyTest, readPolicyTests } from '../../../src/manifest/policy-test.ts';
import { sayText, speak } from '../../../src/model/say.ts';
import type { Diagnostic } from '../../../src/model/source.ts';
import type { KubeObject } from '../../../src/model/types.ts';
import { isPolicy } from '../../../src/model/validate/index.ts';
import { parseCidr } from '../../../src/net/cidr.ts';
import { adviceYaml } from '../../../src/report/advice.ts';
import { diffMarkdown } from '../../../src/report/diff-markdown.ts';
import { reportHtml } from '../../../src/report/html/report.ts';
import { formatPorts } from '../../../src/report/ports.ts';
import { reachJson, reachYaml } from '../../../src/report/reach-json.ts';
import { reachCsv, reachMarkdown } from '../../../src/report/reach-table.ts';
import { compareNatural } from '../natural.ts';
import { complete } from './complete.ts';
import { exposureItem } from './exposure-items.ts';
import { FlowBook } from './flow-book.ts';
import { readForm, writeForm } from './forms.ts';
import { causeItem, endpointItem, placeOf, policyItem, problemOf, refName } from './items.ts';
import { matrixOf } from './matrix.ts';
import {
  type AdviceResult,
  type Answer,
  type ChangeItem,
  type Changes,
  type CompletionResult,
  type ExposureItem,
  type FlowResult,
  type LintItem,
  type MatrixData,
  MOST_GROUPS,
  type Params,
  type RequestName,
  type Requests,
  type Snapshot,
  type SourceFile,
  type TestItem,
  type VerdictView,
  type WorldSettings,
} from './protocol.ts';
import { divideFile } from './test-documents.ts';
import { verdictView } from './verdict-view.ts';
import { Vocabulary } from './vocabulary.ts';

/** What a set of files means. */
interface State {
  readonly files: readonly SourceFile[];
  readonly world: World;
  readonly objects: readonly KubeObject[];
  readonly invalid: ReadonlySet<KubeObject>;
  readonly usable: readonly KubeObject[];
  /** Of the manifests. */
  readonly diagnostics: readonly Diagnostic[];
  readonly tests: readonly PolicyTest[];
  readonly testDiagnostics: readonly Diagnostic[];
  readonly errors: number;
}

/** Holds the files, the world that they make, and the world that the work began with. */
export class Workbench implements Requests {
  #parses = new ParseCache();
  #settings: WorldSettings = {};
  #revision = 0;
  /** The files as they are. */
  #now: State;
  /** What the views show: the last state without errors, when there was one. */
  #shown: State;
  #base: State;
  /** The base of the next state that is shown: an old state would be told against what it was not made from. */
  #nextBase: State | undefined;
  #clean = false;
  #findings: readonly Finding[] = [];
  #flows = new FlowBook();
  #vocabulary: Vocabulary | undefined;

  constructor() {
    this.#now = this.#read([]);
    this.#shown = this.#now;
    this.#base = this.#now;
  }

  /** Answers a request by its name. */
  async answer<N extends RequestName>(name: N, params: Params<N>): Promise<Answer<N>> {
    const method = this[name] as (given: Params<N>) => Answer<N> | Promise<Answer<N>>;
    return method.call(this, params);
  }

  open({ files, base, settings }: Params<'open'>): Snapshot {
    const began = performance.now();
    if (settings !== undefined) this.#settings = settings;
    this.#clean = false;
    this.#flows = new FlowBook();
    this.#nextBase = undefined;
    const start = base === undefined ? undefined : this.#read(base);
    this.#show(this.#read(files));
    this.#base = start ?? this.#shown;
    return this.#snapshot(began);
  }

  update({ files }: Params<'update'>): Snapshot {
    const began = performance.now();
    this.#show(this.#read(files));
    return this.#snapshot(began);
  }

  async language({ locale }: Params<'language'>): Promise<Snapshot> {
    const began = performance.now();
    // Who reads English need not load the other.
    speak(locale === 'zh' ? (await import('../i18n/zh-sentences.ts')).zhSentences : undefined);
    this.#parses = new ParseCache();
    const before = this.#now;
    const now = this.#read(before.files);
    if (this.#shown === before) this.#shown = now;
    if (this.#base === before) this.#base = now;
    this.#now = now;
    this.#revision++;
    return this.#snapshot(began);
  }

  moveStart({ files, base }: Params<'moveStart'>): Snapshot {
    const began = performance.now();
    this.#nextBase = this.#read(base);
    this.#show(this.#read(files));
    return this.#snapshot(began);
  }

  rebase({ files }: Params<'rebase'>): Snapshot {
    const began = performance.now();
    this.#show(this.#read(files));
    this.#base = this.#shown;
    this.#nextBase = undefined;
    return this.#snapshot(began);
  }

  #show(state: State): void {
    this.#revision++;
    this.#vocabulary = undefined;
    const { files } = this.#base;
    // Back to what changes are told against, errors or not: that is no change.
    const isBase =
      this.#nextBase === undefined &&
      files.length === state.files.length &&
      files.every(({ name, content }, at) => name === state.files[at]?.name && content === state.files[at]?.content);
    if (isBase) {
      this.#base = state;
      this.#now = state;
      this.#shown = state;
      this.#clean = state.errors === 0;
      return;
    }
    this.#now = state;
    if (state.errors > 0 && this.#clean) return;
    this.#shown = state;
    this.#clean = state.errors === 0;
    if (this.#nextBase !== undefined) this.#base = this.#nextBase;
    this.#nextBase = undefined;
  }

  #read(files: readonly SourceFile[]): State {
    const divided = files.map(divideFile);
    const manifests = divided.flatMap((file) => file.manifests ?? []);
    const { strict = false, defaultNamespace = 'default' } = this.#settings;
    const checked = checkInput(manifests, { parses: this.#parses, strict, defaultNamespace });
    const usable = usableObjects(checked);
    const { world, diagnostics } = createWorld(usable, this.#worldOptions());
    const tests = readPolicyTests(divided.flatMap((file) => file.tests ?? []));
    const all = [...checked.diagnostics, ...diagnostics];
    return {
      files,
      world,
      objects: checked.objects,
      invalid: checked.invalid,
      usable,
      diagnostics: all,
      tests: tests.tests,
      testDiagnostics: tests.diagnostics,
      errors: all.filter(({ severity }) => severity === 'error').length,
    };
  }

  #worldOptions(): WorldOptions {
    const { defaultNamespace = 'default', podCidrs = [], hosts = [] } = this.#settings;
    return {
      defaultNamespace,
      podCidrs: podCidrs.flatMap((text) => parseCidr(text)?.cidr ?? []),
      domains: parseHosts(hosts.map(({ name, text }) => ({ name, content: text }))).domains,
    };
  }

  #snapshot(began: number): Snapshot {
    const { world } = this.#shown;
    const shielded = computeProtection(world);
    const endpoints = this.#units().map((unit) => endpointItem(unit, shielded.get(unit.endpoint.id)));
    const { results, diagnostics } = runPolicyTests(world, this.#now.tests);
    const read = [...this.#now.diagnostics, ...this.#now.testDiagnostics];
    const problems = [...read, ...diagnostics].map(problemOf);
    const testErrors = this.#now.errors === 0 ? problems.filter(({ severity }) => severity === 'error').length : 0;
    return {
      revision: this.#revision,
      problems,
      state: this.#shown === this.#now ? (this.#now.errors === 0 ? 'current' : 'partial') : 'stale',
      endpoints,
      policies: this.#now.objects.filter(isPolicy).map(policyItem),
      namespaces: [...world.state.namespaces.keys()].sort(compareNatural),
      changes: this.#changes(),
      tests: {
        total: results.length,
        failed: results.filter(({ passed }) => !passed).length,
        errors: testErrors,
      },
      took: performance.now() - began,
    };
  }

  /** Endpoints in the order of all results: workloads by namespace, then nodes, then the outside. */
  #units(): readonly Unit[] {
    const { world } = this.#shown;
    const inside = [...world.units('workload')].sort(
      ({ endpoint: a }, { endpoint: b }) =>
        compareNatural(a.namespace ?? '', b.namespace ?? '') || compareNatural(a.id, b.id),
    );
    return [
      ...inside.filter(({ endpoint }) => endpoint.type === 'workload'),
      ...inside.filter(({ endpoint }) => endpoint.type !== 'workload'),
      ...listedController(world),
      ...world.external(),
      ...world.domains(),
    ];
  }

  #changes(): Changes {
    const none = { opened: 0, closed: 0, pairs: 0, groups: [], left: 0 };
    const empty = {
      addedPolicies: [],
      removedPolicies: [],
      editedPolicies: [],
      addedEndpoints: [],
      removedEndpoints: [],
    };
    if (this.#base === this.#shown) return { ...none, ...empty };
    const result = diffReachability(this.#base.world, this.#shown.world);
    if ('error' in result) return { ...none, ...empty };
    const { diff } = result;
    const groups = diff.groups();
    return {
      opened: diff.counts.opened,
      closed: diff.counts.closed,
      pairs: diff.counts.changes,
      groups: groups.slice(0, MOST_GROUPS).map(
        (group): ChangeItem => ({
          from: [...group.from].sort(compareNatural).slice(0, 50),
          to: [...group.to].sort(compareNatural).slice(0, 50),
          pairs: group.pairs,
          opened: group.opened.length === 0 ? '' : formatPorts(group.opened),
          closed: group.closed.length === 0 ? '' : formatPorts(group.closed),
          because: group.because.map(causeItem),
        }),
      ),
      left: Math.max(0, groups.length - MOST_GROUPS),
      addedPolicies: diff.policies.added.map(refName),
      removedPolicies: diff.policies.removed.map(refName),
      editedPolicies: diff.policies.edited.map(refName),
      addedEndpoints: diff.added.map(({ id }) => id),
      removedEndpoints: diff.removed.map(({ id }) => id),
    };
  }

  matrix(): MatrixData {
    return { revision: this.#revision, ...matrixOf(this.#shown.world, this.#units()) };
  }

  verdict(params: Params<'verdict'>): VerdictView {
    return verdictView(this.#shown.world, params);
  }

  portsOf({ to }: Params<'portsOf'>): Answer<'portsOf'> {
    const unit = this.#units().find(({ endpoint }) => endpoint.id === to || endpoint.name === to);
    const ports = unit?.pods[0]?.ports ?? [];
    return ports.map(({ name, containerPort, protocol }) => ({
      text: protocol === 'TCP' ? `${containerPort}` : `${containerPort}/${protocol}`,
      ...(name === undefined ? {} : { name }),
    }));
  }

  lint(): readonly LintItem[] {
    const { world, objects, invalid, diagnostics } = this.#now;
    const { findings } = lint({ world, objects, invalid, diagnostics });
    this.#findings = findings;
    return findings.map((finding, at) => ({
      ...problemOf(finding),
      title: sayText(findRule(finding.code)?.summary ?? finding.code),
      ...(finding.fix === undefined ? {} : { fix: at }),
    }));
  }

  fix({ fixes }: Params<'fix'>): Answer<'fix'> {
    const wanted = fixes.flatMap((at) => this.#findings[at]?.fix ?? []);
    return this.#now.files.flatMap((file) => {
      const { text, applied } = applyFixes(file.name, file.content, wanted);
      return applied.length === 0 ? [] : [{ name: file.name, before: file.content, content: text }];
    });
  }

  exposure(): readonly ExposureItem[] {
    return computeExposure(this.#shown.world)
      .map(exposureItem)
      .sort((a, b) => compareNatural(a.id, b.id));
  }

  tests(): Answer<'tests'> {
    const { results, diagnostics } = runPolicyTests(this.#shown.world, this.#now.tests);
    return {
      results: results.map(
        ({ test, assertion, title, passed, pairs, failed, counterexamples }): TestItem => ({
          title,
          group: test.name ?? test.source.file,
          passed,
          pairs,
          failed,
          place: placeOf(test.source.locate(assertion.path)),
          examples: counterexamples.slice(0, 5).map((one) => ({
            from: one.from,
            to: one.to,
            ports: one.ports.length === 0 ? '' : formatPorts(one.ports),
            port: one.verdict?.port === undefined ? '' : `${one.verdict.port}/${one.verdict.protocol ?? 'TCP'}`,
          })),
        }),
      ),
      problems: [...this.#now.testDiagnostics, ...diagnostics].map(problemOf),
    };
  }

  flows({ name, text }: Params<'flows'>): FlowResult {
    return this.#flows.read(this.#shown.world, name, text);
  }

  advise({ keys }: Params<'advise'>): AdviceResult {
    const flows = this.#flows.named(keys);
    const { policies, admitted, diagnostics } = adviseAdditions(this.#shown.usable, flows, {
      ...this.#worldOptions(),
      skipUnusable: true,
    });
    return {
      yaml: [...adviceYaml(policies)].join(''),
      policies: policies.length,
      admitted,
      problems: diagnostics.map(problemOf),
    };
  }

  complete(params: Params<'complete'>): CompletionResult {
    this.#vocabulary ??= new Vocabulary(this.#shown.world);
    return complete(params, this.#vocabulary);
  }

  async #report({ format, map = '' }: Params<'report'>): Promise<string> {
    if (format === 'diff') {
      const result = diffReachability(this.#base.world, this.#shown.world);
      return 'error' in result ? '' : joined(diffMarkdown(result.diff));
    }
    const result = computeReachability(this.#shown.world);
    if ('error' in result) return '';
    switch (format) {
      case 'html':
        return reportHtml(result.reachability, map);
      case 'yaml':
        return joined(reachYaml(result.reachability));
      case 'json':
        return joined(reachJson(result.reachability));
      case 'csv':
        return joined(reachCsv(result.reachability));
      case 'markdown':
        return joined(reachMarkdown(result.reachability));
    }
  }

  report(params: Params<'report'>): string {
    // `answer` awaits whatever a method gives; the interface names what arrives.
    return this.#report(params) as unknown as string;
  }

  readForm(params: Params<'readForm'>): Answer<'readForm'> {
    return readForm(params);
  }

  writeForm(params: Params<'writeForm'>): Answer<'writeForm'> {
    return writeForm(params);
  }
}

function joined(text: string | Iterable<string>): string {
  return typeof text === 'string' ? text : [...text].join('');
}
