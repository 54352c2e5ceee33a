import { ShellCompDirective } from '@bomb.sh/tab';
import type { World } from '../analysis/index.ts';
import { readInputs } from '../kube/files.ts';
import { COMMAND_GROUPS, COMMANDS, optionsOf } from './commands.ts';
import type { Io } from './io.ts';
import type { Output } from './output.ts';
import type { Completes, OptionSpec } from './spec.ts';

const FILES = ShellCompDirective.ShellCompDirectiveDefault;
const NO_FILES = ShellCompDirective.ShellCompDirectiveNoFileComp;
/** Larger inputs are not read while somebody waits at the prompt. */
const MAX_BYTES = 8 * 1024 * 1024;
/** A cluster that has not been read after this long is left alone. */
const MAX_MS = 3000;

interface Candidate {
  readonly value: string;
  readonly description?: string;
}

/** What may stand for the last word; `files` leaves it to the shell. */
type Candidates = readonly Candidate[] | 'files';

/**
 * The candidates for the last of the words after the program's name, in the form that the scripts of `completion`
 * read: a line for each, and last a line that says whether file names fit too. Never fails: no candidates instead.
 */
export async function complete(words: readonly string[], io: Io, out: Output): Promise<number> {
  const current = words.at(-1) ?? '';
  const found = await candidates(words.slice(0, -1), current, io);
  const prefix = current.startsWith('--') && current.includes('=') ? current.slice(current.indexOf('=') + 1) : current;
  if (found !== 'files') {
    for (const { value, description = '' } of found) {
      if (value.startsWith(prefix)) out.add(`${value}\t${description}\n`);
    }
  }
  out.add(`:${found === 'files' ? FILES : NO_FILES}\n`);
  return 0;
}

async function candidates(before: readonly string[], current: string, io: Io): Promise<Candidates> {
  const [name, ...others] = before;
  if (name === undefined) return firstWords();
  if (name === 'help') return firstWords().map(({ value }) => ({ value }));
  if (COMMAND_GROUPS.some((group) => group.name === name) && others.length === 0) {
    return COMMANDS.filter((one) => one.internal !== true && one.name.startsWith(`${name} `)).map((one) => ({
      value: one.name.slice(name.length + 1),
      description: one.summary,
    }));
  }
  const command = COMMANDS.find((one) => one.name === name || one.name === `${name} ${others[0]}`);
  if (command === undefined) return [];
  const rest = command.name === name ? others : others.slice(1);
  const options = optionsOf(command);
  const line = readLine(options, rest);
  const inline = /^--([a-z-]+)=/.exec(current)?.[1];
  const open = inline === undefined ? line.open : options.find((option) => option.name === inline);
  if (open !== undefined) return open.value === undefined ? [] : values(open.choices, open.completes, line, io);
  if (current.startsWith('-')) return flagNames(options);
  const argument = command.arguments[Math.min(line.positionals, command.arguments.length - 1)];
  if (argument === undefined || (line.positionals >= command.arguments.length && argument.variadic !== true)) return [];
  return values(argument.choices, argument.completes, line, io);
}

/** Every word that may come first. */
function firstWords(): Candidate[] {
  const alone = COMMANDS.filter(({ name }) => !name.includes(' '));
  return [...alone, ...COMMAND_GROUPS].map(({ name, summary }) => ({ value: name, description: summary }));
}

function flagNames(options: readonly OptionSpec[]): Candidate[] {
  return [...options.filter((option) => option.hidden !== true), { name: 'help', description: 'this help' }].map(
    ({ name, description }) => ({
      value: `--${name}`,
      description,
    }),
  );
}

/** What is known of the line before the last word. */
interface Line {
  readonly positionals: number;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly files: readonly string[];
  readonly namespace: string | undefined;
  /** The flag that waits for its value. */
  readonly open: OptionSpec | undefined;
}

function readLine(options: readonly OptionSpec[], words: readonly string[]): Line {
  let positionals = 0;
  let open: OptionSpec | undefined;
  let namespace: string | undefined;
  let kubeconfig: string | undefined;
  let context: string | undefined;
  const files: string[] = [];
  const take = (option: OptionSpec, value: string): void => {
    if (option.name === 'filename') files.push(value);
    if (option.name === 'namespace') namespace = value;
    if (option.name === 'kubeconfig') kubeconfig = value;
    if (option.name === 'context') context = value;
  };
  for (const word of words) {
    if (open !== undefined) {
      take(open, word);
      open = undefined;
      continue;
    }
    if (!word.startsWith('-') || word === '-') {
      positionals++;
      continue;
    }
    const [, flag = '', value] = /^([^=]+)(?:=(.*))?$/.exec(word) ?? [];
    const option = options.find(({ name, short }) => flag === `--${name}` || flag === `-${short}`);
    if (option?.value === undefined) continue;
    if (value === undefined) open = option;
    else take(option, value);
  }
  return { positionals, files, namespace, kubeconfig, context, open };
}

async function values(
  choices: readonly string[] | undefined,
  completes: Completes | undefined,
  line: Line,
  io: Io,
): Promise<Candidates> {
  if (choices !== undefined) return choices.map((value) => ({ value }));
  if (completes === 'file') return 'files';
  if (completes === undefined || completes === 'nothing') return [];
  if (completes === 'rule') {
    const { LINT_RULES } = await import('../analysis/lint/index.ts');
    return LINT_RULES.map(({ id, summary }) => ({ value: id, description: summary }));
  }
  if (completes === 'context') return contexts(line, io);
  const world = line.files.length === 0 ? await readLiveWorld(line, completes, io) : await readWorld(line, io);
  if (world === undefined) return completes === 'endpoint' || completes === 'destination' ? always(completes) : [];
  if (completes === 'namespace') return [...world.state.namespaces.keys()].map((value) => ({ value }));
  if (completes === 'policy') {
    const { policies, clusterPolicies } = world.state;
    return [...policies.values(), ...clusterPolicies.values()].map(({ metadata: { namespace, name } }) => ({
      value: namespace === undefined ? name : `${namespace}/${name}`,
    }));
  }
  const { typedName } = await import('../analysis/index.ts');
  const names = world.units('workload').flatMap((unit) => typedName(unit) ?? []);
  const domains = completes === 'destination' ? world.domains().map(({ endpoint }) => endpoint.id) : [];
  const words =
    completes === 'controller' ? world.state.namespaces.keys() : always(completes).map(({ value }) => value);
  return [...new Set(names), ...domains, ...words].map((value) => ({ value }));
}

/** Names that every input has. */
function always(completes: Completes): { readonly value: string }[] {
  return (completes === 'endpoint' ? ['internet', 'ingress-controller'] : ['internet']).map((value) => ({ value }));
}

async function contexts({ kubeconfig: file }: Line, io: Io): Promise<readonly Candidate[]> {
  const { ClusterError } = await import('../kube/connect/cluster-error.ts');
  const { contextNames, readKubeconfig } = await import('../kube/connect/kubeconfig.ts');
  try {
    const config = readKubeconfig({ env: io.env, ...(file === undefined ? {} : { file }) });
    return config === undefined ? [] : contextNames(config).map((value) => ({ value }));
  } catch (error) {
    if (error instanceof ClusterError) return [];
    throw error;
  }
}

/** The cluster that commands without `-f` read, when it answers in time; of it no more than is asked for. */
async function readLiveWorld(line: Line, completes: Completes, io: Io): Promise<World | undefined> {
  const { kubeconfig, context, namespace } = line;
  const { ClusterError } = await import('../kube/connect/cluster-error.ts');
  const { connect } = await import('../kube/connect/connect.ts');
  const { readCluster } = await import('../kube/live/read-cluster.ts');
  const { knownResources } = await import('../kube/live/resources.ts');
  const { createWorld } = await import('../analysis/index.ts');
  const wanted = completes === 'namespace' ? /^Namespace$/ : completes === 'policy' ? /NetworkPolicy$/ : /./;
  try {
    const connection = connect({
      env: io.env,
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
    });
    const { objects } = await readCluster(connection, {
      signal: AbortSignal.timeout(MAX_MS),
      attempts: 1,
      resources: knownResources().filter(({ kind }) => wanted.test(kind)),
      ...(namespace === undefined || completes === 'namespace' ? {} : { namespace }),
    }).finally(() => connection.close());
    return createWorld(objects, namespace === undefined ? {} : { defaultNamespace: namespace }).world;
  } catch (error) {
    if (error instanceof ClusterError) return undefined;
    throw error;
  }
}

/** The input that the line names, when it is files and not too much. */
async function readWorld({ files, namespace }: Line, io: Io): Promise<World | undefined> {
  const named = files.filter((file) => file !== '-');
  if (named.length === 0) return undefined;
  const { inputs } = await readInputs(named, { stdin: io.stdin, maxBytes: MAX_BYTES });
  if (inputs.reduce((sum, input) => sum + input.content.length, 0) > MAX_BYTES) return undefined;
  const { readManifests } = await import('../manifest/index.ts');
  const { createWorld } = await import('../analysis/index.ts');
  const defaultNamespace = namespace === undefined ? {} : { defaultNamespace: namespace };
  return createWorld(readManifests(inputs, defaultNamespace).objects, defaultNamespace).world;
}
