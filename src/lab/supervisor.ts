import type { Server } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { type FilesSource, filesDigest, objectKey, SourceError, watchFiles } from '../kube/index.ts';
import type { Diagnostic } from '../model/source.ts';
import { type KubeObject, objectRef } from '../model/types.ts';
import { formatPosition } from '../report/diagnostics.ts';
import { count } from '../report/text.ts';
import { Agents } from './agents.ts';
import { serveControl } from './control.ts';
import { type LabConfig, writeObjects, writePlan, writeSupervisor } from './files.ts';
import { LabError, type LabPlan, type LabPod } from './model.ts';
import type { LabPaths } from './names.ts';
import { labObjects } from './objects.ts';
import { planLab } from './plan.ts';
import { Responder } from './responder.ts';
import { renderServices } from './services.ts';
import type { LabStatus } from './status.ts';
import { addToTopology, removeFromTopology, runNft } from './system/commands.ts';
import { Poller } from './system/poller.ts';
import { layOut, type Topology, topologyChange } from './topology.ts';

/** How long agents may take until a new pod gets its network all the same. Milliseconds. */
const PATIENCE = 10_000;
const POLL = 10;

/** Told while a lab comes up: what begins, or how much of it is done. */
export type LabProgress = (step: string, done?: number, total?: number) => void;

/** Keeps a lab as its files say: namespaces, addresses, Services, listeners, agents. One process has it. */
export class LabSupervisor {
  readonly #config: LabConfig;
  readonly #paths: LabPaths;
  readonly #onProgress: LabProgress;
  readonly #objects = new Map<string, KubeObject>();
  readonly #source: FilesSource;
  readonly #agents: Agents;
  readonly #poller = new Poller();
  readonly #responder = new Responder(this.#poller);
  /** By pod id, with what it was made from. */
  readonly #listening = new Map<string, { readonly key: string; readonly close: () => void }>();
  readonly #inputProblems = new Map<string, string>();
  readonly #services = new Map<string, string>();
  #control: Server | undefined;
  #plan: LabPlan | undefined;
  #topology: Topology | undefined;
  #applied = '';
  /** The objects that agents were given. */
  #written = '';
  #problem: string | undefined;
  #work: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(config: LabConfig, paths: LabPaths, onProgress: LabProgress = () => {}) {
    this.#config = config;
    this.#paths = paths;
    this.#onProgress = onProgress;
    const { defaultNamespace } = config;
    this.#source = watchFiles(config.paths, { defaultNamespace, onRead: () => this.#follow() });
    this.#agents = new Agents(config, paths);
  }

  /** Brings everything up; resolves once every agent enforces. Rejects with {@link LabError} when it cannot. */
  async start(): Promise<void> {
    writeSupervisor(this.#paths);
    try {
      await this.#source.start({
        apply: (changes) => {
          for (const change of changes) {
            if (change.type === 'set') this.#objects.set(objectKey(objectRef(change.object)), change.object);
            else this.#objects.delete(objectKey(change));
          }
        },
        synced: () => undefined,
        problem: (diagnostic) => {
          if (diagnostic.severity === 'error') this.#inputProblems.set(JSON.stringify(diagnostic), placed(diagnostic));
        },
        resolved: (diagnostic) => void this.#inputProblems.delete(JSON.stringify(diagnostic)),
      });
    } catch (error) {
      if (error instanceof SourceError) throw new LabError(error.message);
      throw error;
    }
    await this.#work;
    if (this.#stopped) return;
    if (this.#problem !== undefined) throw new LabError(this.#problem);
    if (this.#plan === undefined) throw new LabError('the input was not read');
    this.#onProgress('waiting for the agents');
    await this.#enforced();
    if (this.#stopped) return;
    this.#control = await serveControl(this.#paths.control, {
      status: (denied) => this.status(denied),
      settle: async () => {
        await this.#work;
        this.#poller.drain();
      },
    });
  }

  async status(denied = false): Promise<LabStatus> {
    const agents = await this.#agents.status(denied);
    // Read together, and not before the agents have answered: the lab may have followed its files meanwhile.
    const plan = this.#plan;
    if (plan === undefined) throw new LabError('the lab is not up');
    const problems = [...this.#inputProblems.values(), ...(this.#problem === undefined ? [] : [this.#problem])];
    return {
      name: plan.name,
      ready: this.#applied === this.#source.digest && agents.every(({ ready }) => ready),
      inputDigest: this.#applied,
      paths: this.#config.paths,
      agents,
      plan,
      problems,
      answered: this.#responder.answered,
    };
  }

  /** Ends agents and listeners. Namespaces, and what the kernel enforces in them, stay. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#source.close();
    await this.#work;
    await this.#agents.stop();
    this.#control?.close();
    for (const { close } of this.#listening.values()) close();
    this.#responder.close();
    await this.#poller.close();
  }

  /** Brings the lab to what was read last; one change after the other. */
  #follow(): void {
    const digest = this.#source.digest ?? '';
    this.#work = this.#work.then(async () => {
      if (this.#stopped) return;
      try {
        await this.#bringTo(planLab([...this.#objects.values()], this.#config.options, this.#plan));
        this.#problem = undefined;
      } catch (error) {
        // What is there stays; the next change may be one that can be followed.
        this.#problem = error instanceof Error ? error.message : String(error);
      }
      this.#applied = digest;
    });
  }

  /**
   * The order is that of a cluster at its best: a pod is gone before its rights are, and the rights of a new one are in
   * force before it has a network.
   */
  async #bringTo(plan: LabPlan): Promise<void> {
    const first = this.#plan === undefined;
    const topology = layOut(plan);
    const change = topologyChange(topology, this.#topology);
    const pods = new Map(plan.pods.map((pod) => [pod.id, pod]));
    for (const [id, { key, close }] of [...this.#listening]) {
      const pod = pods.get(id);
      if (pod !== undefined && listeningKey(pod) === key && !change.removed.includes(pod.namespace)) continue;
      close();
      this.#listening.delete(id);
    }
    await removeFromTopology(change);
    this.#write(plan);
    const making = `making ${count(plan.pods.length, 'pod')} on ${count(plan.nodes.length, 'node')}`;
    if (first) this.#onProgress(making);
    else if (change.added.length > 0) await this.#enforced();
    await addToTopology(change, (done, total) => {
      if (first) this.#onProgress(making, done, total);
    });
    this.#topology = topology;
    this.#plan = plan;
    if (first) this.#onProgress('starting the agents');
    await this.#agents.keep(plan.nodes);
    await this.#translate(plan);
    for (const pod of plan.pods) {
      if (this.#listening.has(pod.id)) continue;
      const close = this.#responder.listen({ ...pod, identity: pod.id });
      this.#listening.set(pod.id, { key: listeningKey(pod), close });
    }
  }

  /** Only what differs: agents read the objects again whenever they are written. */
  #write(plan: LabPlan): void {
    const objects = labObjects(plan);
    const text = JSON.stringify(objects);
    if (text !== this.#written) writeObjects(this.#paths, objects);
    this.#written = text;
    writePlan(this.#paths, plan);
  }

  /** Makes nodes translate Services as the plan says. */
  async #translate(plan: LabPlan): Promise<void> {
    const names = new Set(plan.nodes.map(({ name }) => name));
    for (const name of this.#services.keys()) if (!names.has(name)) this.#services.delete(name);
    for (const { name, namespace, addresses } of plan.nodes) {
      const script = renderServices(plan.services, addresses);
      if (this.#services.get(name) === script) continue;
      await runNft(namespace, script);
      this.#services.set(name, script);
    }
  }

  /** Waits until every agent enforces the files as they are now. */
  async #enforced(): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    while (!this.#stopped) {
      const wanted = filesDigest([...this.#config.paths, this.#paths.objects]);
      const agents = await this.#agents.status();
      if (agents.every(({ ready, digest }) => ready && digest === wanted)) return;
      if (performance.now() > deadline) {
        const late = agents.filter(({ ready, digest }) => !ready || digest !== wanted).map(({ node }) => node);
        throw new LabError(`the agents of ${late.join(', ')} do not enforce what the files say`);
      }
      await setTimeout(POLL);
    }
  }
}

/** What is wrong, behind the place where that is known. */
function placed({ message, source }: Diagnostic): string {
  return source === undefined ? message : `${formatPosition(source)}: ${message}`;
}

/** Listeners stay as long as this does. */
function listeningKey({ namespace, addresses, ports }: LabPod): string {
  return JSON.stringify([namespace, addresses, ports]);
}
