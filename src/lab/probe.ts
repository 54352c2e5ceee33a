import { setTimeout } from 'node:timers/promises';
import { createWorld } from '../analysis/index.ts';
import { filesDigest, objectKey, watchFiles } from '../kube/index.ts';
import { type KubeObject, objectRef } from '../model/types.ts';
import { ask, askStatus } from './control.ts';
import { readConfig } from './files.ts';
import { type FocusQuery, focusOf } from './focus.ts';
import { LabError, type LabPlan } from './model.ts';
import { labPaths, outsideNamespace } from './names.ts';
import { type Outcome, probeAll } from './prober.ts';
import { type Probe, planProbes, probeEnds } from './probes.ts';
import { Responder } from './responder.ts';
import type { LabStatus } from './status.ts';
import { batch } from './system/commands.ts';
import { Poller } from './system/poller.ts';
import { outsideAddress } from './topology.ts';

/** How long nothing must come back, in milliseconds: longer than TCP waits before it sends again. */
const DEFAULT_TIMEOUT = 1200;
/** How long agents may take to enforce what the files say. Milliseconds. */
const PATIENCE = 15_000;
const POLL = 20;

/** A probe with what came of it. */
export interface ProbeResult extends Probe {
  readonly outcome: Outcome;
  /** Somebody answered. */
  readonly actual: boolean;
  /** The prediction holds, and who answered is who was asked. */
  readonly agrees: boolean;
}

/** What {@link probeLab} found. */
export interface ProbeReport {
  readonly results: readonly ProbeResult[];
  /** Of the files that were enforced meanwhile, and predicted from. */
  readonly digest: string;
  /** The lab while it was probed. */
  readonly status: LabStatus;
}

/** How {@link probeLab} probes. */
export interface ProbeLabOptions {
  readonly focus?: FocusQuery;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Tries every connection of a lab and compares with what the engine says of the files that the agents enforce.
 * Rejects with {@link LabError} when there is no such lab, when its agents do not enforce what its files say or these
 * are not valid, and when they change meanwhile.
 */
export async function probeLab(name: string, options: ProbeLabOptions = {}): Promise<ProbeReport> {
  const { timeout = DEFAULT_TIMEOUT, onProgress = () => {} } = options;
  const paths = labPaths(name);
  const config = readConfig(paths);
  if (config === undefined) throw noSuchLab(name);
  const files = [...config.paths, paths.objects];
  const status = await enforcedStatus(name);
  const [problem, ...more] = status.problems;
  if (problem !== undefined)
    throw new LabError(`the lab keeps what it had, for its files are not valid: ${problem}`, more);
  const objects = await readObjects(files, config.defaultNamespace);
  const digest = filesDigest(files);
  if (status.agents.some((agent) => agent.digest !== digest)) throw changed();
  const { world } = createWorld(objects, { defaultNamespace: config.defaultNamespace });
  const focus = focusOf(world, status.plan, options.focus ?? {});
  const plan = { ...status.plan, outside: [...status.plan.outside, ...focus.outside] };
  const probes = planProbes(plan, world.state, focus);
  if (probes.length === 0 && options.focus !== undefined && Object.keys(options.focus).length > 0) throw nothing();
  await batch(outsideNamespace(name), focus.outside.map(outsideAddress));
  const poller = new Poller();
  const responder = new Responder(poller);
  try {
    const closers = listenUndeclared(responder, plan, probes);
    const settle = async (): Promise<void> => {
      await ask(paths.control, '/settle');
      poller.drain();
    };
    const outcomes = await probeAll(probes, poller, {
      timeout,
      settle,
      onProgress,
    });
    for (const close of closers) close();
    const after = await askStatus(paths.control);
    if (filesDigest(files) !== digest || after.inputDigest !== status.inputDigest) throw changed();
    return {
      digest,
      status,
      results: probes.map((probe, index) => judge(probe, outcomes[index] ?? { type: 'silent' })),
    };
  } finally {
    responder.close();
    await poller.close();
  }
}

function judge(probe: Probe, outcome: Outcome): ProbeResult {
  const actual = outcome.type === 'answered';
  const agrees = actual === probe.predicted && (outcome.type !== 'answered' || outcome.by === probe.toId);
  return { ...probe, outcome, actual, agrees };
}

function noSuchLab(name: string): LabError {
  return new LabError(`there is no lab ${name}`, [`portcullis lab up -f PATH --name ${name} makes one`]);
}

function nothing(): LabError {
  return new LabError('there is nothing to try between these ends on these ports', [
    'one end must be a pod, and both need an address of the same IP version',
  ]);
}

function changed(): LabError {
  return new LabError('the files of the lab changed while it was probed', ['probe again once they are at rest']);
}

/**
 * Waits until the kernel of every node holds the files of a lab as they are, and its namespaces are as these say. Rejects
 * with {@link LabError} when that takes too long.
 */
export async function enforcedStatus(name: string): Promise<LabStatus> {
  const paths = labPaths(name);
  const config = readConfig(paths);
  if (config === undefined) throw noSuchLab(name);
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const status = await statusOf(name);
    const wanted = filesDigest([...config.paths, paths.objects]);
    const late = status.agents.filter(({ ready, digest }) => !ready || digest !== wanted);
    const laidOut = status.inputDigest === filesDigest(config.paths);
    if (laidOut && late.length === 0) return status;
    if (performance.now() > deadline) {
      const who = laidOut ? `the agents of ${late.map(({ node }) => node).join(', ')}` : 'the namespaces';
      throw new LabError(`${who} are not as the files say`, status.problems);
    }
    await setTimeout(POLL);
  }
}

/**
 * The status of a lab that is up. Rejects with {@link LabError} when it is not.
 * @param denied whether to count denials, which takes longer
 */
export async function statusOf(name: string, denied = false): Promise<LabStatus> {
  const paths = labPaths(name);
  if (readConfig(paths) === undefined) throw noSuchLab(name);
  try {
    return await askStatus(paths.control, denied);
  } catch (error) {
    throw new LabError(
      `nobody keeps the lab ${name}: its process has ended`,
      [`portcullis lab down --name ${name} removes what is left; its last words are in ${paths.log}`],
      { cause: error },
    );
  }
}

async function readObjects(files: readonly string[], defaultNamespace: string): Promise<KubeObject[]> {
  const objects = new Map<string, KubeObject>();
  const source = watchFiles(files, { defaultNamespace });
  await source.start({
    apply: (changes) => {
      for (const change of changes) {
        if (change.type === 'set') objects.set(objectKey(objectRef(change.object)), change.object);
      }
    },
    synced: () => undefined,
    problem: () => undefined,
  });
  await source.close();
  return [...objects.values()];
}

/** Listens where a policy names a port that no container has, so that a refusal of the pod itself is no answer. */
function listenUndeclared(responder: Responder, plan: LabPlan, probes: readonly Probe[]): (() => void)[] {
  const ends = new Map(probeEnds(plan).map((end) => [end.id, end]));
  const ports = new Map<string, { readonly containerPort: number; readonly protocol: Probe['protocol'] }[]>();
  for (const { toId, protocol, port, undeclared } of probes) {
    if (!undeclared) continue;
    const known = ports.get(toId) ?? [];
    known.push({ containerPort: port, protocol });
    ports.set(toId, known);
  }
  return [...ports].flatMap(([id, list]) => {
    const end = ends.get(id);
    if (end === undefined) return [];
    return [responder.listen({ namespace: end.namespace, identity: id, addresses: end.addresses, ports: list })];
  });
}
