/** The world of the page: texts in, answers out. Lives in the worker; knows nothing of how they are shown. */

import { adviseAdditions } from '../../../src/analysis/advise/additions.ts';
import {
  type FlowPeer,
  flowWords,
  type ObservedFlow,
  peerWords,
  portWords,
} from '../../../src/analysis/advise/flow.ts';
import { readFlowLog } from '../../../src/analysis/advise/flow-log.ts';
import { runPolicyTests } from '../../../src/analysis/assertions/run.ts';
import { type CanCase, can } from '../../../src/analysis/can.ts';
import { type Cause, diffReachability } from '../../../src/analysis/diff.ts';
import { explain } from '../../../src/analysis/explain.ts';
import type { ExposedBy } from '../../../src/analysis/exposure/exposed-by.ts';
import {
  computeExposure,
  computeProtection,
  type DirectionExposure,
  type PodExposure,
  type ProtectedDirections,
} from '../../../src/analysis/exposure/exposure.ts';
import { parseHosts } from '../../../src/analysis/hosts.ts';
import { checkInput, usableObjects } from '../../../src/analysis/input.ts';
import { applyFixes, type Finding, findRule, lint } from '../../../src/analysis/lint/index.ts';
import { type PortEntry, type PortQuery, parsePortQuery } from '../../../src/analysis/ports.ts';
import { computeReachability } from '../../../src/analysis/reach.ts';
import { listedController, typedName } from '../../../src/analysis/resolve.ts';
import type { Unit } from '../../../src/analysis/units.ts';
import { createWorld, type World, type WorldOptions } from '../../../src/analysis/world.ts';
import type { PolicyRef } from '../../../src/engine/verdict.ts';
import { ParseCache } from '../../../src/manifest/parse-cache.ts';
import { type PolicyTest, readPolicyTests } from '../../../src/manifest/policy-test.ts';
import { sayText, speak } from '../../../src/model/say.ts';
import { formatLabelSelector, selectorIsEmpty } from '../../../src/model/selector.ts';
import type { Diagnostic, SourcePosition, SourceSpan } from '../../../src/model/source.ts';
import { type KubeObject, objectRef } from '../../../src/model/types.ts';
import { isPolicy } from '../../../src/model/validate/index.ts';
import { parseCidr } from '../../../src/net/cidr.ts';
import { adviceYaml } from '../../../src/report/advice.ts';
import { diffMarkdown } from '../../../src/report/diff-markdown.ts';
import { shortPorts } from '../../../src/report/html/data.ts';
import { reportHtml } from '../../../src/report/html/report.ts';
import { formatPorts, isFullyOpen } from '../../../src/report/ports.ts';
import { reachJson, reachYaml } from '../../../src/report/reach-json.ts';
import { reachCsv, reachMarkdown } from '../../../src/report/reach-table.ts';
import { compareNatural } from '../natural.ts';
import { complete } from './complete.ts';
import { readForm, writeForm } from './forms.ts';
import {
  type AdviceResult,
  type Answer,
  type CauseItem,
  type ChangeItem,
  type Changes,
  type CompletionResult,
  type EndpointItem,
  type EntranceItem,
  type ExposureItem,
  type ExposureSide,
  type FlowItem,
  type FlowResult,
  type LintItem,
  type MatrixData,
  MOST_ENDPOINTS,
  MOST_GROUPS,
  type Params,
  type PeerWho,
  type Place,
  type PolicyItem,
  type Problem,
  type Protection,
  type RequestName,
  type Requests,
  type Snapshot,
  type SourceFile,
  type TestItem,
  type VerdictView,
  type WorldSettings,
} from './protocol.ts';
import { Vocabulary } from './vocabulary.ts';

/** What a set of files means. */
interface State {
  readonly files: readonly SourceFile[];
  readonly world: World;
  readonly objects: readonly KubeObject[];
  readonly invalid: ReadonlySet<KubeObject>;
  readonly usable: readonly KubeObject[];
  readonly diagnostics: readonly Diagnostic[];
  readonly tests: readonly PolicyTest[];
  readonly errors: number;
}

/** A file of assertions rather than manifests. */
function isTestFile({ content }: SourceFile): boolean {
  return /^kind:\s*["']?PolicyTest\b/m.test(content);
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
  #flows = new Map<string, ObservedFlow>();
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
    this.#flows = new Map();
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
    this.#now = state;
    this.#vocabulary = undefined;
    if (state.errors > 0 && this.#clean) return;
    this.#shown = state;
    this.#clean = state.errors === 0;
    if (this.#nextBase !== undefined) this.#base = this.#nextBase;
    this.#nextBase = undefined;
  }

  #read(files: readonly SourceFile[]): State {
    const manifests = files.filter((file) => !isTestFile(file));
    const { strict = false, defaultNamespace = 'default' } = this.#settings;
    const checked = checkInput(manifests, { parses: this.#parses, strict, defaultNamespace });
    const usable = usableObjects(checked);
    const { world, diagnostics } = createWorld(usable, this.#worldOptions());
    const tests = readPolicyTests(files.filter(isTestFile));
    const all = [...checked.diagnostics, ...diagnostics];
    return {
      files,
      world,
      objects: checked.objects,
      invalid: checked.invalid,
      usable,
      diagnostics: [...all, ...tests.diagnostics],
      tests: tests.tests,
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
    const problems = [...this.#now.diagnostics, ...diagnostics].map(problemOf);
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
    const { world } = this.#shown;
    const order = new Map(
      this.#units()
        .slice(0, MOST_ENDPOINTS)
        .map(({ endpoint }, at) => [endpoint.id, at]),
    );
    const size = order.size;
    const cells = new Uint16Array(size * size);
    const ports: MatrixData['ports'][number][] = [];
    const numbers = new Map<string, number>();
    const known = new Map<readonly PortEntry[], number>();
    const result = computeReachability(world);
    if (!('error' in result)) {
      for (const { from, to, ports: entries } of result.reachability.connections()) {
        const row = order.get(from);
        const column = order.get(to);
        if (row === undefined || column === undefined) continue;
        let number = known.get(entries);
        if (number === undefined) {
          const text = formatPorts(entries);
          number = numbers.get(text);
          if (number === undefined) {
            ports.push({ text, short: shortPorts(entries), open: isFullyOpen(entries) });
            number = ports.length;
            numbers.set(text, number);
          }
          known.set(entries, number);
        }
        cells[row * size + column] = number;
      }
    }
    return { revision: this.#revision, size, cells, ports };
  }

  verdict({ from, to, port }: Params<'verdict'>): VerdictView {
    const { world } = this.#shown;
    let query: PortQuery | undefined;
    if (port.trim() !== '') {
      const parsed = parsePortQuery(port.trim());
      if ('error' in parsed) return { error: parsed.error, suggestions: [] };
      query = parsed;
    }
    const answer = can(world, from, to, query);
    if ('error' in answer) return { error: answer.error, suggestions: answer.suggestions };
    const explanation = explain(world, answer);
    return {
      from: answer.from,
      to: answer.to,
      port: port.trim(),
      allowed: answer.allowed,
      ...(answer.ports === undefined ? {} : { openPorts: formatPorts(answer.ports) }),
      directions: explanation.directions.map(({ direction, subject, allowed, steps, cites }) => {
        const { tier } = answer[direction];
        return {
          direction,
          subject,
          allowed,
          tier,
          steps,
          cites: cites.map(({ position, note }) => ({ place: placeOf(position), note, text: position.lineText })),
        };
      }),
      flip: explanation.flip,
      notes: answer.notes,
      cases: answer.cases.slice(0, 40).map((one) => ({
        from: one.from,
        to: one.to,
        family: one.family,
        allowed: one.allowed,
        ports: casePorts(one),
      })),
    };
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
    const own = diagnostics.filter((one) => !this.#now.tests.some(({ source }) => source.file === one.source?.file));
    const { findings } = lint({ world, objects, invalid, diagnostics: own });
    this.#findings = findings;
    return findings.map((finding, at) => ({
      ...problemOf(finding),
      title: sayText(findRule(finding.code)?.summary ?? finding.code),
      ...(finding.fix === undefined ? {} : { fix: at }),
    }));
  }

  fix({ fixes }: Params<'fix'>): readonly SourceFile[] {
    const wanted = fixes.flatMap((at) => this.#findings[at]?.fix ?? []);
    return this.#now.files.flatMap((file) => {
      const { text, applied } = applyFixes(file.name, file.content, wanted);
      return applied.length === 0 ? [] : [{ name: file.name, content: text }];
    });
  }

  exposure(): readonly ExposureItem[] {
    return computeExposure(this.#shown.world)
      .map(({ endpoint, exposedBy, ingress, egress }) => ({
        id: endpoint.id,
        namespace: endpoint.namespace ?? '',
        entrances: exposedBy.map(entrance),
        ingress: exposureSide(ingress),
        egress: exposureSide(egress),
      }))
      .sort((a, b) => compareNatural(a.id, b.id));
  }

  tests(): Answer<'tests'> {
    const { results, diagnostics } = runPolicyTests(this.#shown.world, this.#now.tests);
    const files = new Set(this.#now.files.filter(isTestFile).map(({ name }) => name));
    const read = this.#now.diagnostics.filter(({ source }) => source !== undefined && files.has(source.file));
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
      problems: [...read, ...diagnostics].map(problemOf),
    };
  }

  flows({ name, text }: Params<'flows'>): FlowResult {
    const log = readFlowLog(name, text);
    const item = (verdict: FlowItem['verdict']) => (flow: ObservedFlow) => this.#flowItem(flow, verdict);
    return {
      flows: [...log.refused.map(item('denied')), ...log.flows.map(item('allowed'))],
      problems: log.diagnostics.map(problemOf),
    };
  }

  #flowItem(flow: ObservedFlow, verdict: FlowItem['verdict']): FlowItem {
    const fromId = this.#nameOf(flow.from);
    const toId = this.#nameOf(flow.to);
    const port = flow.protocol === 'other' ? 'ICMP' : portWords(flow.protocol, flow.first, flow.last);
    const key = `${verdict} ${flowWords(flow)}`;
    this.#flows.set(key, flow);
    const now = fromId === undefined || toId === undefined ? undefined : this.#nowOf(fromId, toId, port);
    return {
      key,
      verdict,
      from: fromId ?? peerWords(flow.from),
      to: toId ?? peerWords(flow.to),
      ...(fromId === undefined ? {} : { fromId }),
      ...(toId === undefined ? {} : { toId }),
      port,
      count: flow.count,
      ...(now === undefined ? {} : { now }),
    };
  }

  #nowOf(from: string, to: string, port: string): FlowItem['now'] {
    const query = parsePortQuery(port);
    if ('error' in query) return undefined;
    const answer = can(this.#shown.world, from, to, query);
    return 'error' in answer ? undefined : answer.allowed ? 'allowed' : 'denied';
  }

  /** The endpoint that a log's peer is, by its pod, its workload or its address. */
  #nameOf(peer: FlowPeer): string | undefined {
    const { world } = this.#shown;
    const { namespace, pod, workload, address, name } = peer;
    const candidates = [
      ...(name === undefined ? [] : [name]),
      ...(namespace === undefined || pod === undefined ? [] : [`${namespace}/${pod}`]),
      ...(namespace === undefined || workload === undefined ? [] : workloadNames(namespace, workload)),
      ...(address === undefined ? [] : [address]),
    ];
    for (const candidate of candidates) {
      const answer = can(world, candidate, candidate);
      if ('error' in answer) continue;
      const unit = world.units('workload').find(({ endpoint, pods }) => {
        return endpoint.id === answer.from || pods.some(({ id }) => id === answer.from);
      });
      return unit?.endpoint.id ?? answer.from;
    }
    return undefined;
  }

  advise({ keys }: Params<'advise'>): AdviceResult {
    const flows = keys.flatMap((key) => this.#flows.get(key) ?? []);
    const { policies, admitted, diagnostics } = adviseAdditions(this.#shown.usable, flows, this.#worldOptions());
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

/** `Deployment/cart`, `cart[Deployment]` or `cart` as the names that endpoints may have. */
function workloadNames(namespace: string, workload: string): string[] {
  const [kind, name] = workload.split('/');
  if (name !== undefined) return [`${namespace}/${name}[${kind}]`];
  return [`${namespace}/${workload}`];
}

/** @param shielded whether anything is taken away, by direction; workloads only */
function endpointItem(unit: Unit, shielded: ProtectedDirections | undefined): EndpointItem {
  const { id, type, namespace = '', name, workloadKind, labels = {}, isolated } = unit.endpoint;
  return {
    id,
    typed: type === 'workload' ? id : (typedName(unit) ?? id),
    type,
    namespace,
    name: name ?? id,
    kind: workloadKind ?? type,
    labels,
    ...(isolated === undefined || shielded === undefined
      ? {}
      : {
          protection: {
            ingress: protectionOf(isolated.ingress, shielded.ingress),
            egress: protectionOf(isolated.egress, shielded.egress),
          },
        }),
    pods: unit.pods.length,
  };
}

function protectionOf(isolated: boolean, shielded: boolean): Protection {
  return isolated ? 'isolated' : shielded ? 'limited' : 'open';
}

function policyItem(policy: KubeObject): PolicyItem {
  const { kind, namespace = '', name } = objectRef(policy);
  return { kind, namespace, name, ...(policy.source === undefined ? {} : { place: placeOf(policy.source.start) }) };
}

function placeOf(position: SourcePosition | SourceSpan): Place {
  const { file, line, column } = position;
  return { file, line, column, length: 'length' in position ? position.length : 1 };
}

function problemOf({ code, severity, message, help, object, source }: Diagnostic): Problem {
  return {
    code,
    severity,
    message,
    ...(help === undefined ? {} : { help }),
    ...(object === undefined ? {} : { object: `${object.kind} ${refName(object)}` }),
    ...(source === undefined ? {} : { place: placeOf(source) }),
  };
}

function refName({ namespace, name }: { readonly namespace?: string; readonly name: string }): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function causeItem(cause: Cause): CauseItem {
  const { kind, namespace = '', name, change, effect, direction, rule, source } = cause;
  return {
    kind,
    namespace,
    name,
    change,
    ...(effect === undefined ? {} : { effect }),
    ...(direction === undefined ? {} : { direction }),
    ...(rule === undefined ? {} : { rule }),
    ...(source === undefined ? {} : { place: placeOf(source) }),
  };
}

function casePorts({ port, protocol, ports }: CanCase): string {
  if (port !== undefined) return `${port}/${protocol ?? 'TCP'}`;
  return ports === undefined ? '' : formatPorts(ports);
}

function entrance({ object, via, ports, admitted, depends }: ExposedBy): EntranceItem {
  const state = depends === true ? 'depends' : admitted.length === 0 ? 'blocked' : 'admitted';
  const name = `${object.kind} ${object.namespace ?? 'default'}/${object.name}`;
  return { object: name, via, ports: formatPorts(state === 'admitted' ? admitted : ports), state };
}

function exposureSide(side: DirectionExposure): ExposureSide {
  const policies = (refs: readonly PolicyRef[]): ExposureSide['by'] =>
    refs.map((ref) => ({ name: refName(ref), ...(ref.source === undefined ? {} : { place: placeOf(ref.source) }) }));
  return {
    protection: protectionOf(side.isolatedBy.length > 0, side.protected),
    hostNetwork: side.reason === 'host-network',
    by: policies([...side.isolatedBy, ...side.clusterPolicies]),
    peers: [
      ...side.pods.map((entry) => ({ who: podsWho(entry), ports: formatPorts(entry.ports), now: entry.now.workloads })),
      ...side.outside.map(({ scope, id, ports }) => ({
        who: scope === 'all' ? ({ type: 'every-address' } as const) : ({ type: 'block', name: id ?? '' } as const),
        ports: formatPorts(ports),
        now: 0,
      })),
      ...side.domains.map(({ name, ports }) => ({
        who: { type: 'domain', name } as const,
        ports: formatPorts(ports),
        now: 0,
      })),
    ],
  };
}

function podsWho({ scope, namespace, namespaceSelector, podSelector, except }: PodExposure): PeerWho {
  const words = (of: Pick<PodExposure, 'namespaceSelector' | 'podSelector'>, place?: string): string => {
    const namespaces = selectorIsEmpty(of.namespaceSelector) ? '*' : formatLabelSelector(of.namespaceSelector);
    const pods = selectorIsEmpty(of.podSelector) ? '' : ` / ${formatLabelSelector(of.podSelector)}`;
    return `${place ?? namespaces}${pods}`;
  };
  return {
    type: scope === 'cluster' ? 'every-pod' : scope,
    selector: words({ namespaceSelector, podSelector }, namespace),
    except: except.map((one) => words(one)),
  };
}
