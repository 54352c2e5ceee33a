import { TABLE } from '../../nft/index.ts';
import { askGeneration, generationOf, NFT_MSG_NEWGEN } from './generation.ts';
import { KernelError } from './kernel.ts';
import { eachAttribute, type NetlinkMessage, NetlinkSocket } from './netlink.ts';

const NFNLGRP_NFTABLES = 7;
/** The name of the table, in messages about tables and about all that is in them. */
const TABLE_NAME = 1;

/**
 * Notices transactions of others that touch our table, or that may have.
 *
 * The kernel tells of every object that a transaction touched, and then of its number: transactions of a network
 * namespace are numbered one by one. It has told all that when the call that made a transaction returns. So of those
 * that are told between the beginning and the end of a call of ours one is ours, if it succeeded.
 */
export class ChangeMonitor {
  readonly #socket = new NetlinkSocket();
  /** Open from the beginning: later, the process may have no room for another. */
  readonly #asking: NetlinkSocket;
  readonly #onForeignChange: () => void;
  /** The number of the last transaction that is accounted for, and of the last that was told of. */
  #accounted: number;
  #seen: number;
  #running = false;
  /** Whether the transaction that is being told of touches our table. */
  #touches = false;
  /** Transactions that did, not yet accounted for. */
  #touched = 0;
  #lost = false;

  /** @throws KernelError */
  constructor(onForeignChange: () => void) {
    this.#onForeignChange = onForeignChange;
    try {
      this.#socket.join(NFNLGRP_NFTABLES);
      this.#asking = new NetlinkSocket();
    } catch (error) {
      this.#socket.close();
      throw error;
    }
    try {
      this.#seen = askGeneration(this.#asking);
      this.#accounted = this.#seen;
    } catch (error) {
      this.close();
      throw error;
    }
    this.#socket.onReadable(() => {
      if (this.#running) this.#receive();
      else this.#settle(0);
    });
  }

  /** Before a call that makes a transaction of ours. */
  begin(): void {
    this.#settle(0);
    this.#running = true;
  }

  /** After it. */
  end(succeeded: boolean): void {
    this.#running = false;
    this.#settle(succeeded ? 1 : 0);
  }

  /** Accounts for what was told; up to `own` transactions are ours. */
  #settle(own: number): void {
    let foreign: boolean;
    try {
      this.#receive();
      foreign = this.#touched > own;
      if (this.#lost) {
        // Large transactions of ours are told in more messages than the socket keeps. Then only the numbers count.
        this.#seen = askGeneration(this.#asking);
        foreign = distance(this.#accounted, this.#seen) > own;
      }
      this.#lost = false;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      // The kernel has no memory for an answer, for example. What is not known may have been a change.
      this.#lost = true;
      foreign = true;
    }
    this.#accounted = this.#seen;
    this.#touched = 0;
    if (foreign) this.#onForeignChange();
  }

  #receive(): void {
    for (;;) {
      const received = this.#socket.receive();
      if (received === 'none') return;
      if (received === 'lost') {
        this.#lost = true;
        continue;
      }
      for (const part of received) if (part !== 'done' && 'bytes' in part) this.#read(part);
    }
  }

  #read(part: NetlinkMessage): void {
    if (part.type !== NFT_MSG_NEWGEN) {
      this.#touches ||= tableOf(part) === TABLE;
      return;
    }
    const generation = generationOf(part);
    // Those up to the number that was last asked for are accounted for.
    if (distance(this.#seen, generation) > 0) {
      this.#seen = generation;
      if (this.#touches) this.#touched++;
    }
    this.#touches = false;
  }

  close(): void {
    this.#socket.close();
    this.#asking.close();
  }
}

/** How many transactions one number is after another; the numbers begin anew after 32 bits. */
function distance(from: number, to: number): number {
  return (to - from) | 0;
}

function tableOf({ bytes, from, to }: NetlinkMessage): string {
  let name = '';
  eachAttribute(bytes, from, to, (type, start, end) => {
    // It ends with a zero byte.
    if (type === TABLE_NAME) name = bytes.toString('latin1', start, end - 1);
  });
  return name;
}
