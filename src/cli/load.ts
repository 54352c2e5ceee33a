import type { World } from '../analysis/index.ts';
import { type CheckedInput, checkInput, checkObjects, inInputOrder, refKey, usableObjects } from '../analysis/input.ts';
import { type Inputs, readInputs } from '../kube/files.ts';
import type { ManifestResult } from '../manifest/index.ts';
import { matchesSelector, parseLabelSelector } from '../model/selector.ts';
import type { Diagnostic } from '../model/source.ts';
import { type KubeObject, type LabelSelector, type ObjectMeta, objectRef } from '../model/types.ts';
import { type Cidr, parseCidr } from '../net/cidr.ts';
import { objectName, renderDiagnostics } from '../report/diagnostics.ts';
import { count } from '../report/text.ts';
import type { Context } from './context.ts';
import { didYouMean, EXIT, UsageError } from './errors.ts';
import { hintCidrs, hintNamespace, namespacesOf } from './hints.ts';
import { loadDomains } from './hosts.ts';
import { type OneNamespace, readLive } from './live.ts';
import { Progress } from './terminal.ts';

/** The namespace of objects and names that give none, without `-n`. */
const DEFAULT_NAMESPACE = 'default';

/** The objects of the input with everything that is wrong with them, nothing judged yet. */
export interface Loaded extends CheckedInput, OneNamespace {
  /** Something could not be read: whatever else is found, the exit code is 2. */
  readonly unreadable: boolean;
}

/** What a listing is limited to by `-n`, `-A` and `-l`. */
export interface Scope {
  readonly namespaces?: readonly string[];
  readonly selector?: LabelSelector;
}

/** The namespace that names without one mean. */
export function defaultNamespace({ flags }: Context): string {
  return flags.text('namespace') ?? DEFAULT_NAMESPACE;
}

/** The limits of a listing. Throws {@link UsageError} for a selector that does not parse. */
export function scopeOf({ flags }: Context): Scope {
  const namespace = flags.text('namespace');
  const selectorText = flags.text('selector');
  const scope: { namespaces?: readonly string[]; selector?: LabelSelector } = {};
  if (namespace !== undefined && !flags.on('all-namespaces')) scope.namespaces = [namespace];
  if (selectorText !== undefined) {
    const parsed = parseLabelSelector(selectorText);
    if (parsed.error !== undefined) throw new UsageError(`--selector "${selectorText}": ${parsed.error}`);
    scope.selector = parsed.selector;
  }
  return scope;
}

/** Whether an object belongs to what is shown. Cluster-scoped objects are in every namespace's scope. */
export function inScope(scope: Scope, { metadata }: { readonly metadata: ObjectMeta }): boolean {
  const { namespace } = metadata;
  if (scope.namespaces !== undefined && namespace !== undefined && !scope.namespaces.includes(namespace)) return false;
  return scope.selector === undefined || matchesSelector(scope.selector, metadata.labels ?? {});
}

/** How input is checked beyond reading it. */
export interface Checks {
  /** Only policies in it are validated; all when absent. */
  readonly scope?: Scope;
  /** Checks of the valid objects together. */
  readonly together?: (objects: readonly KubeObject[]) => Promise<readonly Diagnostic[]>;
  /** Policies of a cluster are taken as its server took them, also where newer servers refuse the spelling of a CIDR. */
  readonly asAccepted?: boolean;
}

/** Reads and checks the files named on the command line, else the live cluster. Throws {@link UsageError}. */
export async function load(context: Context, checks: Checks = {}): Promise<Loaded> {
  const { flags, io } = context;
  const paths = flags.list('filename');
  if (paths.length === 0) return hinted(context, await loadObjects(context, await readLive(context), checks));
  if (flags.text('save') !== undefined) {
    throw new UsageError('--save stores what is read from a cluster, and -f names files: leave one out');
  }
  refuseCluster(context, '-f names files: leave one out');
  const read: InputReader = (onProgress) => readInputs(paths, { stdin: io.stdin, onProgress });
  return hinted(context, await loadInputs(context, paths, read, checks));
}

/** Throws {@link UsageError} when a flag names a cluster where none is read: the answer would not be that of the cluster. */
export function refuseCluster({ flags }: Context, reason: string): void {
  for (const name of ['context', 'kubeconfig'] as const) {
    if (flags.text(name) !== undefined) throw new UsageError(`--${name} names a cluster, and ${reason}`);
  }
}

function hinted(context: Context, loaded: Loaded): Loaded {
  hintNamespace(context, namespacesOf(loaded.objects));
  return loaded;
}

/** As {@link load}, of objects of a cluster. */
export async function loadObjects(
  { flags }: Context,
  read: ManifestResult & OneNamespace,
  { scope = {}, together, asAccepted = false }: Checks = {},
): Promise<Loaded> {
  const checked = checkObjects(read, {
    legacyCidrs: asAccepted || flags.on('legacy-cidrs'),
    validated: (policy) => inScope(scope, policy),
  });
  const valid = checked.objects.filter((object) => !checked.invalid.has(object));
  const diagnostics = [...checked.diagnostics, ...((await together?.(valid)) ?? [])];
  const { onlyNamespace } = read;
  return { ...checked, diagnostics, unreadable: false, ...(onlyNamespace === undefined ? {} : { onlyNamespace }) };
}

/** Several inputs as if they had been applied one after the other: of an object that several have, the last one is left. */
export function overlay(layers: readonly Loaded[]): Loaded {
  const objects = new Map<string, KubeObject>();
  const replaced = layers.flatMap((layer) => layer.replaced);
  for (const object of layers.flatMap((layer) => layer.objects)) {
    const key = refKey(objectRef(object));
    const earlier = objects.get(key);
    if (earlier !== undefined) replaced.push(earlier);
    objects.delete(key);
    objects.set(key, object);
  }
  return {
    objects: [...objects.values()],
    replaced,
    invalid: new Set(layers.flatMap(({ invalid }) => [...invalid])),
    ignored: layers.flatMap(({ ignored }) => ignored),
    diagnostics: layers.flatMap(({ diagnostics }) => diagnostics),
    documents: layers.reduce((sum, { documents }) => sum + documents, 0),
    unreadable: layers.some(({ unreadable }) => unreadable),
  };
}

/** Reads texts, wherever they are. */
export type InputReader = (onProgress: (done: number, total: number) => void) => Promise<Inputs>;

/**
 * As {@link load}, of input that the caller knows how to read.
 * @param names what the user called it
 */
export async function loadInputs(
  context: Context,
  names: readonly string[],
  reader: InputReader,
  { scope = {}, together }: Checks = {},
): Promise<Loaded> {
  const { flags, err } = context;
  const progress = new Progress(err, flags.on('quiet'));
  const { inputs, problems } = await reader((done, total) => progress.show('reading', done, total));
  const size = inputs.reduce((sum, input) => sum + input.content.length, 0);
  const checked = checkInput(inputs, {
    defaultNamespace: defaultNamespace(context),
    strict: flags.on('strict'),
    legacyCidrs: flags.on('legacy-cidrs'),
    validated: (policy) => inScope(scope, policy),
    onProgress: (done) => progress.show('parsing', done, size),
  });
  progress.clear();
  const empty = problems.length === 0 && checked.documents === 0 && checked.diagnostics.length === 0;
  const diagnostics = [
    ...problems,
    ...checked.diagnostics,
    ...((await together?.(checked.objects.filter((object) => !checked.invalid.has(object)))) ?? []),
    ...(empty ? [emptyInput(names)] : []),
  ];
  return {
    ...checked,
    diagnostics: inInputOrder(
      diagnostics,
      inputs.map((input) => input.name),
    ),
    unreadable: problems.length > 0 || empty,
  };
}

function emptyInput(paths: readonly string[]): Diagnostic {
  const where = paths.map((name) => (name === '-' ? 'standard input' : name)).join(', ');
  return { code: 'empty-input', severity: 'error', message: `no Kubernetes objects in ${where}` };
}

/** The `--pod-cidr` blocks. Throws {@link UsageError}. */
export function podCidrs({ flags }: Context): Cidr[] {
  return flags.list('pod-cidr').map((text) => {
    const parsed = parseCidr(text);
    if (parsed === undefined) throw new UsageError(`--pod-cidr "${text}" is not a CIDR such as 10.244.0.0/16`);
    return parsed.cidr;
  });
}

/** What is known of the ingress controller, as an option of a world. */
export function ingressController({ flags }: Context): { readonly ingressController?: string } {
  const text = flags.text('ingress-controller');
  return text === undefined ? {} : { ingressController: text };
}

/** Throws {@link UsageError} when `--ingress-controller` means nothing in the world. */
export async function checkController(world: World): Promise<void> {
  const { controllerOf } = await import('../analysis/index.ts');
  const controller = controllerOf(world);
  if ('error' in controller) {
    throw new UsageError(`--ingress-controller: ${controller.error}`, didYouMean(controller.suggestions));
  }
}

const TOLD = new WeakMap<Context['err'], Set<string>>();

/** Those that were not shown yet: both sides of a comparison may share an input. */
function untold({ err }: Context, diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const told = TOLD.get(err) ?? new Set();
  TOLD.set(err, told);
  return diagnostics.filter(({ code, message, path, source }) => {
    // What has no place may well be said of each side.
    if (source === undefined) return true;
    const key = JSON.stringify([code, message, path, source.file, source.line, source.column]);
    return !told.has(key) && told.add(key);
  });
}

/** Input for a command that answers questions: objects without errors, or the exit code when there is no answer. */
export type Usable = ({ readonly objects: readonly KubeObject[] } & OneNamespace) | { readonly exit: number };

/**
 * Reads the input and refuses it when anything in it is invalid; with `--skip-invalid` the invalid objects are left
 * out instead, and named. Diagnostics go to standard error.
 * @param further checks of the objects together, run on those that are left
 * @param input what {@link load} reads, or another
 */
export async function loadUsable(
  context: Context,
  further: (objects: readonly KubeObject[]) => readonly Diagnostic[] = () => [],
  input: Promise<Loaded> = load(context, { asAccepted: true }),
): Promise<Usable> {
  const { flags, err, errStyle } = context;
  const loaded = await input;
  const skip = flags.on('skip-invalid') && !loaded.unreadable;
  const errors = loaded.diagnostics.filter((one) => one.severity === 'error');
  const objects = usableObjects(loaded);
  const refused = errors.length > 0 && !skip;
  const together = refused ? [] : further(objects);
  const diagnostics = [...loaded.diagnostics, ...together];
  for (const text of renderDiagnostics(untold(context, diagnostics), {
    style: errStyle,
    quiet: flags.on('quiet'),
    all: flags.on('verbose'),
  })) {
    err.add(text);
  }
  if (refused) {
    err.add(loaded.unreadable ? unreadableText : invalidText);
    return { exit: EXIT.usage };
  }
  if (errors.length > 0) for (const line of leftOut(errors)) err.add(`${errStyle.warning('warning')}: ${line}\n`);
  const { onlyNamespace } = loaded;
  return { objects, ...(onlyNamespace === undefined ? {} : { onlyNamespace }) };
}

const invalidText =
  'portcullis: error: the input is invalid, nothing was computed; --skip-invalid leaves invalid objects out\n';
const unreadableText = 'portcullis: error: not all input could be read, nothing was computed\n';

/** One line for each object that is left out, and one for the documents that are no objects. */
function leftOut(errors: readonly Diagnostic[]): string[] {
  const byObject = new Map<string, { text: string; errors: number }>();
  const documents = new Set<string>();
  for (const { object, source } of errors) {
    if (object === undefined) {
      documents.add(source?.file ?? '');
      continue;
    }
    const text = `${object.kind} ${objectName(object)}`;
    const known = byObject.get(refKey(object));
    if (known === undefined) byObject.set(refKey(object), { text, errors: 1 });
    else known.errors++;
  }
  const lines = [...byObject.values()].map(
    ({ text, errors: number }) =>
      `${text} is left out: ${count(number, 'error')}; the answer is not that of the cluster`,
  );
  for (const file of documents)
    lines.push(`what cannot be read in ${file} is left out; the answer is not that of the cluster`);
  return lines;
}

/**
 * The world that questions are asked of, or the exit code when the input does not allow an answer.
 * @param input what {@link load} reads, or another
 */
export async function loadWorld(
  context: Context,
  input?: () => Promise<Loaded>,
): Promise<({ readonly world: World } & OneNamespace) | { readonly exit: number }> {
  const cidrs = podCidrs(context);
  hintCidrs(context, context.flags.list('pod-cidr'), '--pod-cidr');
  const named = await loadDomains(context);
  if ('exit' in named) return named;
  const { createWorld } = await import('../analysis/index.ts');
  let world: World | undefined;
  const usable = await loadUsable(
    context,
    (objects) => {
      const created = createWorld(objects, {
        podCidrs: cidrs,
        domains: named.domains,
        defaultNamespace: defaultNamespace(context),
        ...ingressController(context),
      });
      world = created.world;
      return created.diagnostics;
    },
    input?.(),
  );
  if ('exit' in usable || world === undefined) return { exit: 'exit' in usable ? usable.exit : EXIT.usage };
  await checkController(world);
  const { onlyNamespace } = usable;
  return { world, ...(onlyNamespace === undefined ? {} : { onlyNamespace }) };
}
