import { text } from 'node:stream/consumers';
import { decodeObject } from '../../model/decode.ts';
import type { Diagnostic } from '../../model/source.ts';
import type { KubeObject } from '../../model/types.ts';
import { isPolicy, validatePolicy } from '../../model/validate/index.ts';
import type { Clock } from '../clock.ts';
import { ClusterError, isSystemError, networkError } from '../connect/cluster-error.ts';
import type { Connection } from '../connect/connection.ts';
import { isFields, type Status, StatusError, statusError, statusOf, wait } from '../live/api.ts';
import { listAll, type RawObject } from '../live/list.ts';
import { apiVersionOf, pathOf, type ServedResource } from '../live/resources.ts';
import type { ObjectChange } from '../source.ts';
import { Backoff } from './backoff.ts';
import type { Interner } from './interner.ts';
import { fingerprint, KnownObjects } from './known.ts';
import { LineSplitter } from './lines.ts';
import { project } from './project.ts';

/** The server ends a watch after this long, in seconds; up to twice as long, so that not all end at once. */
const WATCH_SECONDS = 300;
/** A watch without an event, and bookmarks are events, is given up after this long. */
const SILENCE_MS = 180_000;
/** A watch that held this long was a good one. */
const GOOD_MS = 5_000;
/** Objects of a page: fewer than commands ask for, since what a page takes is garbage at once. */
const PAGE = 250;

/** Why a watch began again: it ended in order, it was cut, its version is too old, or the server answered an error. */
export type RestartReason = 'ended' | 'cut' | 'expired' | 'error';

/** Who is told what a {@link Reflector} learns. */
export interface ReflectorHandler {
  apply(changes: readonly ObjectChange[]): void;
  /** The first list has been told. Comes once. */
  listed(): void;
  /** An object is invalid, or is again what it was; told for one object at a time. */
  refused(key: string, diagnostics: readonly Diagnostic[], object: KubeObject | undefined): void;
  /** The server cannot be read; tried again after a pause. */
  failed(error: ClusterError): void;
  /** It can. */
  recovered(): void;
  /** A watch ended or failed and begins anew. */
  restarted(reason: RestartReason): void;
}

/** How a resource is followed. */
export interface ReflectorOptions {
  readonly clock: Clock;
  /** From 0 to less than 1. */
  readonly random: () => number;
  readonly interner: Interner;
  readonly fieldSelector?: string;
  readonly limit?: number;
}

/**
 * Follows one resource: lists it, watches it from there, goes on where a watch ended, and lists it again when the server
 * has forgotten that version. It tells what differs from what it told before, so that a list after an outage is a small
 * batch. What is older than what was told is not believed.
 */
export class Reflector {
  readonly resource: ServedResource;
  readonly #connection: Connection;
  readonly #options: ReflectorOptions;
  readonly #handler: ReflectorHandler;
  readonly #known = new KnownObjects();
  readonly #backoff: Backoff;
  #round = 0;
  #version = '';
  #isListed = false;

  constructor(connection: Connection, resource: ServedResource, options: ReflectorOptions, handler: ReflectorHandler) {
    this.#connection = connection;
    this.resource = resource;
    this.#options = options;
    this.#handler = handler;
    this.#backoff = new Backoff(options.random);
  }

  /** Objects that are remembered. */
  get size(): number {
    return this.#known.size;
  }

  /**
   * Follows the resource until the signal, or until a custom resource is gone: then everything of it has been told as
   * removed. Rejects for a fault of the program only, which no retry can mend.
   */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === '') await this.#list(signal);
        await this.#watch(signal);
      } catch (error) {
        if (signal.aborted) return;
        const problem = isSystemError(error) ? networkError(this.#connection.server, error) : error;
        if (!(problem instanceof ClusterError)) throw error;
        if (problem.code === 'not-found' && this.resource.custom) {
          this.#forgetAll();
          return;
        }
        if (problem.code === 'expired') {
          this.#version = '';
          this.#handler.restarted('expired');
        } else {
          this.#handler.failed(problem);
          this.#handler.restarted('error');
        }
        const { retryAfterMs = 0 } = problem instanceof StatusError ? problem.status : {};
        await this.#pause(Math.max(this.#backoff.next(), retryAfterMs), signal);
      }
    }
  }

  async #pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    await wait(milliseconds, this.#options.clock, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { fieldSelector, limit = PAGE, clock } = this.#options;
    const round = ++this.#round;
    const changes: ObjectChange[] = [];
    const version = await listAll(this.#connection, this.resource, {
      clock,
      signal,
      limit,
      attempts: 1,
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      onPage: (items) => {
        for (const item of items) changes.push(...this.#learn(item, round));
        // At first nothing is in force yet, and keeping everything until the end would double the memory.
        if (!this.#isListed) this.#apply(changes.splice(0));
      },
      // What was learned stays learned: the new list is compared with it.
      onRestart: () => undefined,
    });
    const listed = Number(version);
    for (const { namespace, name, version: known } of [...this.#known.missing(round)]) {
      if (known > listed) continue;
      changes.push(this.#forget(namespace, name));
    }
    this.#version = version;
    this.#apply(changes);
    this.#handler.recovered();
    if (this.#isListed) return;
    this.#isListed = true;
    this.#handler.listed();
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { clock, random, fieldSelector } = this.#options;
    const seconds = Math.floor(WATCH_SECONDS * (1 + random()));
    const query = new URLSearchParams({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: this.#version,
      timeoutSeconds: String(seconds),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    });
    const path = `${pathOf(this.resource)}?${query}`;
    const began = clock.now();
    const { status, headers, body } = await this.#connection.get(path, {
      signal,
      silenceMs: SILENCE_MS,
      compressed: false,
    });
    if (status !== 200) {
      const said = await text(body).catch(() => '');
      throw statusError(this.#connection, path, statusOf(status, headers, parseLine(said) ?? said));
    }
    this.#handler.recovered();
    const reason = await this.#follow(body as AsyncIterable<Uint8Array>, signal);
    if (signal.aborted) return;
    this.#handler.restarted(reason);
    if (clock.now() - began >= GOOD_MS) this.#backoff.reset();
    else await this.#pause(this.#backoff.next(), signal);
  }

  /** Until the watch ends. Rejects with {@link ClusterError} for what the server says in it. */
  async #follow(body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<RestartReason> {
    const lines = new LineSplitter();
    try {
      for await (const piece of body) {
        const changes: ObjectChange[] = [];
        try {
          for (const line of lines.push(piece)) changes.push(...this.#event(line));
        } finally {
          // What came before an error holds.
          this.#apply(changes);
        }
      }
    } catch (error) {
      if (error instanceof ClusterError || signal.aborted || !isSystemError(error)) throw error;
      return 'cut';
    }
    return 'ended';
  }

  #event(line: string): readonly ObjectChange[] {
    if (line === '') return [];
    const event = parseLine(line);
    const object = isFields(event) ? event['object'] : undefined;
    if (!isFields(event) || !isFields(object)) {
      throw new ClusterError('server', `${this.#connection.server} tells no event: ${line.slice(0, 100)}`);
    }
    switch (event['type']) {
      case 'BOOKMARK':
        this.#version = metadataOf(object).version || this.#version;
        return [];
      case 'ADDED':
      case 'MODIFIED': {
        const changes = this.#learn(object, this.#round);
        this.#version = metadataOf(object).version || this.#version;
        return changes;
      }
      case 'DELETED': {
        const { namespace, name, uid, version } = metadataOf(object);
        this.#version = version || this.#version;
        const known = this.#known.get(namespace, name);
        // The end of an earlier object says nothing of the one that has its name now.
        if (known === undefined || known.uid !== fingerprint(uid) || known.version > Number(version)) return [];
        return [this.#forget(namespace, name)];
      }
      default: {
        const status: Status = statusOf(0, {}, object);
        throw statusError(this.#connection, pathOf(this.resource), status);
      }
    }
  }

  /** The change that an object is, if it is one. */
  #learn(item: RawObject, round: number): readonly ObjectChange[] {
    const { namespace, name, uid, version } = metadataOf(item);
    const known = this.#known.get(namespace, name);
    const number = Number(version);
    if (known !== undefined && known.version > number) {
      this.#known.set(namespace, name, known, round);
      return [];
    }
    const type = { apiVersion: apiVersionOf(this.resource), kind: this.resource.kind };
    const { object, diagnostics } = decodeObject({ ...item, ...type });
    const found = object !== undefined && isPolicy(object) ? validatePolicy(object, { legacyCidrs: true }) : [];
    const errors = [...diagnostics, ...found].filter(({ severity }) => severity === 'error');
    const key = `${namespace}/${name}`;
    if (object === undefined || errors.length > 0) {
      // Version and uid count, the content does not: what was told before stays in force.
      const content = known?.content ?? 0;
      this.#known.set(namespace, name, { uid: fingerprint(uid), version: number, content }, round);
      this.#handler.refused(key, errors, object);
      return [];
    }
    const projected = project(object, this.#options.interner);
    const content = fingerprint(JSON.stringify(projected));
    this.#known.set(
      projected.metadata.namespace ?? '',
      projected.metadata.name,
      { uid: fingerprint(uid), version: number, content },
      round,
    );
    this.#handler.refused(key, [], undefined);
    return known?.content === content ? [] : [{ type: 'set', object: projected }];
  }

  #forget(namespace: string, name: string): ObjectChange {
    this.#known.delete(namespace, name);
    this.#handler.refused(`${namespace}/${name}`, [], undefined);
    return { type: 'remove', kind: this.resource.kind, ...(namespace === '' ? {} : { namespace }), name };
  }

  #forgetAll(): void {
    const round = ++this.#round;
    this.#apply([...this.#known.missing(round)].map(({ namespace, name }) => this.#forget(namespace, name)));
    this.#handler.recovered();
    if (!this.#isListed) this.#handler.listed();
    this.#isListed = true;
  }

  #apply(changes: readonly ObjectChange[]): void {
    if (changes.length > 0) this.#handler.apply(changes);
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

interface Metadata {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly version: string;
}

function metadataOf(object: RawObject): Metadata {
  const metadata = isFields(object['metadata']) ? object['metadata'] : {};
  const field = (name: string): string => {
    const value = metadata[name];
    return typeof value === 'string' ? value : '';
  };
  return { namespace: field('namespace'), name: field('name'), uid: field('uid'), version: field('resourceVersion') };
}
