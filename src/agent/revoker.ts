import type { FlowEnd, FlowProtocol, PodInfo } from '../engine/index.ts';
import type { Clock } from '../kube/clock.ts';
import type { Turns } from '../kube/slices.ts';
import type { Steps } from '../model/steps.ts';
import { type Address, formatAddress } from '../net/address.ts';
import type { AddressSet } from '../net/address-set.ts';
import type { NodeCompiler } from '../nft/index.ts';
import type { Connection, ConnectionTuple, Kernel, KernelError } from './kernel/kernel.ts';

const PROTOCOLS: ReadonlyMap<number, FlowProtocol> = new Map([
  [6, 'TCP'],
  [17, 'UDP'],
  [132, 'SCTP'],
]);

/** A packet that passed under the rules before may have its connection noted this much later. */
const AGAIN_AFTER_MS = 300;
/** Listing connections takes the kernel milliseconds, however few there are: so long it is left alone in between. */
const REST_MS = 250;
/** What could not be judged is tried again this much later. */
const RETRY_AFTER_MS = 1000;

/** The ends of a tracked connection as policies see them. */
export interface TrackedFlow {
  readonly from: FlowEnd;
  readonly to: FlowEnd;
  readonly protocol: FlowProtocol;
  readonly port: number;
}

/** What an address belongs to: a pod, a node, or something outside. */
export function endOf(compiler: NodeCompiler, address: Address): FlowEnd {
  const text = formatAddress(address);
  const pod = compiler.ownerOf(text);
  if (pod !== undefined) return { type: 'pod', pod };
  const node = compiler.nodeOf(text);
  return node === undefined ? { type: 'address', address } : { type: 'host', node, address };
}

/** A tracked connection as policies judge it: from who opened it to who answers, behind any Service. */
export function flowOf(compiler: NodeCompiler, { protocol, original, reply }: Connection): TrackedFlow {
  return {
    from: endOf(compiler, original.source),
    to: endOf(compiler, reply.source),
    protocol: PROTOCOLS.get(protocol) ?? 'other',
    port: reply.sourcePort,
  };
}

/** What {@link Revoker} needs to judge. */
export interface RevokerContext {
  /** Name of the node, to which all addresses of this machine belong, those of bridges in the pod range too. */
  readonly node: string;
  readonly compiler: () => NodeCompiler | undefined;
  /** Addresses in here that no pod has are denied, but for what they have with their node. */
  readonly strictRange: () => AddressSet;
  readonly cut: (count: number) => void;
  readonly failed: (error: KernelError) => void;
}

/**
 * Cuts open connections that the policies of this node's pods do not allow any more. It looks at those with an end among
 * the addresses that it was told, and at those of pods that are not known where such are denied, once at once and once a
 * little later, for connections that came up in between.
 */
export class Revoker {
  readonly #kernel: Kernel;
  readonly #clock: Clock;
  readonly #turns: Turns;
  readonly #context: RevokerContext;
  /**
   * Connections that are older than connection tracking may have been noted by an answer: who opened them is not known,
   * and they stay when they are allowed either way.
   */
  lenient = false;
  #due = false;
  #pending = new Set<string>();
  #again = new Set<string>();
  #working = false;
  #cancel: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelWait: (() => void) | undefined;
  #notBefore = Number.NEGATIVE_INFINITY;
  #closed = false;

  /** @param turns in which the compiler is told changes: connections are judged in between */
  constructor(kernel: Kernel, clock: Clock, turns: Turns, context: RevokerContext) {
    this.#kernel = kernel;
    this.#clock = clock;
    this.#turns = turns;
    this.#context = context;
  }

  /** The connections of these addresses are to be judged, and those of pods that are not known. */
  note(addresses: ReadonlySet<string>): void {
    this.#due = true;
    for (const address of addresses) {
      this.#pending.add(address);
      this.#again.add(address);
    }
    this.#wake();
    this.#cancel ??= this.#clock.after(AGAIN_AFTER_MS, () => {
      this.#cancel = undefined;
      for (const address of this.#again) this.#pending.add(address);
      this.#again = new Set();
      this.#due = true;
      this.#wake();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    this.#cancelRetry?.();
    this.#cancelWait?.();
  }

  #wake(): void {
    if (this.#working || this.#closed || !this.#due) return;
    const wait = this.#notBefore - this.#clock.now();
    if (wait > 0) {
      this.#cancelWait ??= this.#clock.after(wait, () => {
        this.#cancelWait = undefined;
        this.#wake();
      });
      return;
    }
    this.#working = true;
    void this.#work();
  }

  async #work(): Promise<void> {
    try {
      const addresses = this.#pending;
      this.#pending = new Set();
      this.#due = false;
      try {
        await this.#judge(addresses);
      } catch (error) {
        this.#retryLater(addresses);
        throw error;
      } finally {
        this.#notBefore = this.#clock.now() + REST_MS;
      }
      // By now those that were there at the start have been judged; later ones were seen from their beginning.
      if (this.#cancel === undefined) this.lenient = false;
    } catch (error) {
      this.#context.failed(error as KernelError);
    } finally {
      this.#working = false;
    }
    if (this.#cancelRetry === undefined) this.#wake();
  }

  #retryLater(addresses: ReadonlySet<string>): void {
    for (const address of addresses) this.#pending.add(address);
    this.#due = true;
    if (this.#closed) return;
    this.#cancelRetry ??= this.#clock.after(RETRY_AFTER_MS, () => {
      this.#cancelRetry = undefined;
      this.#wake();
    });
  }

  async #judge(addresses: ReadonlySet<string>): Promise<void> {
    const [connections, own] = await Promise.all([this.#kernel.connections(), this.#kernel.ownAddresses()]);
    const denied = (await this.#turns.take(() => this.#denied(connections, addresses, own))) ?? [];
    if (denied.length > 0) this.#context.cut(await this.#kernel.cut(denied));
  }

  *#denied(
    connections: readonly Connection[],
    addresses: ReadonlySet<string>,
    own: ReadonlySet<string>,
  ): Steps<Connection[]> {
    const compiler = this.#context.compiler();
    const denied: Connection[] = [];
    if (compiler === undefined) return denied;
    const strict = this.#context.strictRange();
    const concerns = ({ source }: ConnectionTuple): boolean => {
      const text = formatAddress(source);
      return addresses.has(text) || (strict.contains(source) && compiler.ownerOf(text) === undefined);
    };
    for (const connection of connections) {
      const concerned = concerns(connection.original) || concerns(connection.reply);
      if (concerned && !this.#allows(compiler, connection, own)) denied.push(connection);
      yield;
    }
    return denied;
  }

  #allows(compiler: NodeCompiler, connection: Connection, own: ReadonlySet<string>): boolean {
    const flow = flowOf(compiler, connection);
    const from = this.#ownEnd(flow.from, own);
    const to = this.#ownEnd(flow.to, own);
    const { protocol, port } = flow;
    if (this.#isUnknownPod(from)) return this.#isOwnNode(to);
    if (this.#isUnknownPod(to)) return this.#isOwnNode(from);
    const { family } = connection.original.source;
    // What other nodes' pods have, their nodes judge: what comes here may be sent on there with another source.
    const isLocal = (pod: PodInfo): boolean => pod.node === this.#context.node;
    if (compiler.index.allows(from, to, family, protocol, port, isLocal)) return true;
    return this.lenient && compiler.index.allows(to, from, family, protocol, connection.original.sourcePort, isLocal);
  }

  /** An address of this machine is the node, whether its Node object names it or not. */
  #ownEnd(end: FlowEnd, own: ReadonlySet<string>): FlowEnd {
    if (end.type !== 'address' || !own.has(formatAddress(end.address))) return end;
    return { type: 'host', node: this.#context.node, address: end.address };
  }

  #isOwnNode(end: FlowEnd): boolean {
    return end.type === 'host' && end.node === this.#context.node;
  }

  #isUnknownPod(end: FlowEnd): boolean {
    return end.type === 'address' && this.#context.strictRange().contains(end.address);
  }
}
