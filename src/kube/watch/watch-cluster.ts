import { setMaxListeners } from 'node:events';
import type { Diagnostic } from '../../model/source.ts';
import type { KubeObject } from '../../model/types.ts';
import { type Clock, systemClock } from '../clock.ts';
import { ClusterError, isSystemError, networkError } from '../connect/cluster-error.ts';
import type { Connection } from '../connect/connection.ts';
import { wait } from '../live/api.ts';
import { discover } from '../live/discover.ts';
import { forbiddenError, forbiddenWarning } from '../live/read-cluster.ts';
import { knownResources, type Resource, type ServedResource } from '../live/resources.ts';
import type { ObjectChange, ObjectSink, ObjectSource } from '../source.ts';
import { Backoff } from './backoff.ts';
import { Interner } from './interner.ts';
import { Reflector, type ReflectorHandler, type RestartReason } from './reflector.ts';

/** Custom resources may be installed later: they are looked for this often, up to twice as long between. */
const REDISCOVER_MS = 20_000;
/** Pods that have ended hold no address; most clusters keep many. */
const LIVE_PODS = 'status.phase!=Succeeded,status.phase!=Failed';

/** How a cluster is followed. */
export interface WatchClusterOptions {
  /** What is followed; what verdicts depend on when absent: see {@link enforcedResources}. */
  readonly resources?: readonly Resource[];
  readonly clock?: Clock;
  /** From 0 to less than 1; for pauses. */
  readonly random?: () => number;
  /** Objects of one page of a list. */
  readonly limit?: number;
  readonly rediscoverMs?: number;
  /** A watch of a resource began again. For metrics. */
  readonly onRestart?: (plural: string, reason: RestartReason) => void;
}

/** The objects of a cluster that is followed. */
export interface ClusterSource extends ObjectSource {
  /** How often watches began again, by the plural of the resource; 0 for those that never did. */
  readonly restarts: ReadonlyMap<string, number>;
}

/** The resources that enforcement depends on: all that are necessary for verdicts, and nodes. */
export function enforcedResources(): Resource[] {
  return knownResources().filter(({ necessary, kind }) => necessary || kind === 'Node');
}

/**
 * Tells the objects of a cluster and every change, for as long as it takes: through restarts and outages of the API
 * server, during which what was told stays in force. Objects are cut down to what verdicts depend on and have no source.
 * Pods that have ended are not told, and are removed when they end. What one piece of a watch brings is one batch, and so
 * is what a list finds that watches have missed.
 *
 * `synced` comes once everything has been listed that is there and may be read. A problem is told once, for all resources
 * that have it together, and once more when it is over. Custom resources that are installed later are found.
 * `start` returns at once and never rejects.
 */
export function watchCluster(connection: Connection, options: WatchClusterOptions = {}): ClusterSource {
  return new ClusterWatcher(connection, options);
}

class ClusterWatcher implements ClusterSource {
  readonly certain = true;
  readonly restarts = new Map<string, number>();
  readonly #connection: Connection;
  readonly #options: WatchClusterOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #stop = new AbortController();
  readonly #interner = new Interner();
  readonly #running = new Map<string, Promise<void>>();
  /** Resources whose first list is not told yet. */
  readonly #unlisted = new Set<string>();
  #problems: Problems | undefined;
  #loop: Promise<void> | undefined;
  #isSynced = false;
  #isDiscovered = false;

  constructor(connection: Connection, options: WatchClusterOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    // One listener for each request that is under way.
    setMaxListeners(0, this.#stop.signal);
  }

  async start(sink: ObjectSink): Promise<void> {
    this.#problems = new Problems(sink);
    this.#loop = this.#discoverAgain(sink);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    await Promise.all(this.#running.values());
  }

  async #discoverAgain(sink: ObjectSink): Promise<void> {
    const { signal } = this.#stop;
    const backoff = new Backoff(this.#random);
    const { rediscoverMs = REDISCOVER_MS, resources = enforcedResources() } = this.#options;
    const problems = this.#problems;
    while (!signal.aborted) {
      let pause = rediscoverMs * (1 + this.#random());
      try {
        const served = await discover(this.#connection, { clock: this.#clock, signal, attempts: 1 }, resources);
        problems?.set('discovery', []);
        backoff.reset();
        for (const resource of served) if (!this.#running.has(resource.plural)) this.#follow(resource, sink);
        this.#isDiscovered = true;
        this.#checkSynced(sink);
      } catch (error) {
        if (signal.aborted) return;
        const problem = isSystemError(error) ? networkError(this.#connection.server, error) : error;
        if (!(problem instanceof ClusterError)) {
          this.#break(sink, error);
          return;
        }
        problems?.set('discovery', [{ diagnostic: failure(problem) }]);
        pause = backoff.next();
      }
      await wait(pause, this.#clock, signal).catch(() => undefined);
    }
  }

  #follow(resource: ServedResource, sink: ObjectSink): void {
    const { plural } = resource;
    const { limit } = this.#options;
    const isPod = resource.kind === 'Pod';
    if (!this.#isSynced) this.#unlisted.add(plural);
    if (!this.restarts.has(plural)) this.restarts.set(plural, 0);
    const reflector = new Reflector(
      this.#connection,
      resource,
      {
        clock: this.#clock,
        random: this.#random,
        interner: this.#interner,
        ...(isPod ? { fieldSelector: LIVE_PODS } : {}),
        ...(limit === undefined ? {} : { limit }),
      },
      this.#handler(resource, sink),
    );
    const done = reflector
      .run(this.#stop.signal)
      .catch((error: unknown) => this.#break(sink, error))
      .finally(() => this.#running.delete(plural));
    this.#running.set(plural, done);
  }

  /** A fault of the program. Nothing more is told: what is known may be half of something. */
  #break(sink: ObjectSink, error: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    if (sink.broken !== undefined) sink.broken(error);
    else {
      const message = `the cluster is not followed any more, by a fault of Portcullis: ${String(error)}`;
      sink.problem({ code: 'internal', severity: 'error', message });
    }
  }

  #handler(resource: ServedResource, sink: ObjectSink): ReflectorHandler {
    const { plural, necessary } = resource;
    const listed = (): void => {
      this.#unlisted.delete(plural);
      this.#checkSynced(sink);
    };
    return {
      apply: (changes: readonly ObjectChange[]) => sink.apply(changes),
      listed,
      refused: (key, diagnostics, object) => {
        const told = diagnostics.map((diagnostic) => ({
          diagnostic,
          ...(object === undefined ? {} : { refused: object }),
        }));
        this.#problems?.set(`${plural}/${key}`, told);
      },
      failed: (error) => {
        this.#problems?.set(plural, [{ diagnostic: this.#failureOf(error, resource) }]);
        if (error.code === 'forbidden' && !necessary) listed();
      },
      recovered: () => this.#problems?.set(plural, []),
      restarted: (reason) => {
        this.restarts.set(plural, (this.restarts.get(plural) ?? 0) + 1);
        this.#options.onRestart?.(plural, reason);
      },
    };
  }

  #failureOf(error: ClusterError, resource: ServedResource): Diagnostic {
    if (error.code !== 'forbidden') return failure(error);
    const verbs = ['list', 'watch'];
    if (!resource.necessary) return forbiddenWarning(resource, verbs);
    return failure(forbiddenError(this.#connection, [resource], verbs));
  }

  #checkSynced(sink: ObjectSink): void {
    if (this.#isSynced || !this.#isDiscovered || this.#unlisted.size > 0 || this.#stop.signal.aborted) return;
    this.#isSynced = true;
    sink.synced();
  }
}

function failure({ code, message, hints }: ClusterError): Diagnostic {
  return {
    code: `cluster-${code}`,
    severity: 'error',
    message,
    ...(hints.length === 0 ? {} : { help: hints.join('\n') }),
  };
}

interface Told {
  readonly diagnostic: Diagnostic;
  readonly refused?: KubeObject;
}

/** What is wrong now, by where it is: the same problem in several places is told once, and resolved with the last. */
class Problems {
  readonly #sink: ObjectSink;
  readonly #at = new Map<string, readonly string[]>();
  readonly #open = new Map<string, { readonly diagnostic: Diagnostic; places: number }>();

  constructor(sink: ObjectSink) {
    this.#sink = sink;
  }

  /** Everything that is wrong in one place; nothing once it is right. */
  set(place: string, problems: readonly Told[]): void {
    const before = this.#at.get(place);
    if (before === undefined && problems.length === 0) return;
    const now = problems.map((problem) => this.#add(problem));
    if (now.length === 0) this.#at.delete(place);
    else this.#at.set(place, now);
    for (const key of before ?? []) this.#drop(key);
  }

  #add({ diagnostic, refused }: Told): string {
    const key = JSON.stringify(diagnostic);
    const open = this.#open.get(key);
    if (open !== undefined) open.places++;
    else {
      this.#open.set(key, { diagnostic, places: 1 });
      this.#sink.problem(diagnostic, refused);
    }
    return key;
  }

  #drop(key: string): void {
    const open = this.#open.get(key);
    if (open === undefined || --open.places > 0) return;
    this.#open.delete(key);
    this.#sink.resolved?.(open.diagnostic);
  }
}
