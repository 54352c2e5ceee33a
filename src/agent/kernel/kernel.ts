import type { Address } from '../../net/address.ts';
import type { Ruleset } from '../../nft/index.ts';

/** Why the kernel, or the library before it, refused. */
export type KernelErrorCode =
  /** What is added is there already. */
  | 'exists'
  /** What is named is not there: somebody else changed the table. */
  | 'missing'
  | 'busy'
  | 'permission'
  /** The kernel or the library lacks a feature. */
  | 'unsupported'
  | 'memory'
  /** The table holds what we do not write: somebody else changed it. */
  | 'foreign'
  | 'other';

/** A transaction or dump that failed. After a failed transaction the table is as it was. */
export class KernelError extends Error {
  readonly code: KernelErrorCode;

  constructor(code: KernelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KernelError';
    this.code = code;
  }
}

/** A tracked connection, by the direction in which it was opened. */
export interface Connection {
  /** IANA protocol number: 6 TCP, 17 UDP, 132 SCTP, 1 ICMP, 58 ICMPv6. */
  readonly protocol: number;
  /** As the first packet had them, before any translation. */
  readonly original: ConnectionTuple;
  /** As answers have them: source is the endpoint that answers, after DNAT. */
  readonly reply: ConnectionTuple;
  /** Identity of the entry, unique while it lives. */
  readonly id: number;
  readonly zone: number;
}

export interface ConnectionTuple {
  readonly source: Address;
  readonly destination: Address;
  /** Of ICMP the identifier; 0 for other protocols without ports. */
  readonly sourcePort: number;
  /** Of ICMP the type times 256 plus the code; 0 for other protocols without ports. */
  readonly destinationPort: number;
}

/** A packet that a `log group` rule sent. */
export interface LoggedPacket {
  /** As the rule gives it. */
  readonly prefix: string;
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  /** Absent for protocols without ports, and where the header is not in the packet. */
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** Of ICMP and ICMPv6. */
  readonly icmpType?: number;
}

/**
 * The log group that the agent of a network namespace has, whether it logs or not. The kernel gives a group to one process
 * at a time, in each network namespace, only to one that may change rules, and takes it back when the process ends.
 */
export const CLAIM_GROUP = 20_556;

/** What a node's kernel does for us. Everything happens in the network namespace that the process is in. */
export interface Kernel {
  /**
   * Makes the table that of this process alone, among agents, until this is closed or the process ends in whatever way.
   * Answers false while another has it. Rejects with code `permission` without CAP_NET_ADMIN.
   */
  claim(): Promise<boolean>;
  /** Runs an nft script as one transaction, off the event loop. Rejects with {@link KernelError}. Calls are queued. */
  run(script: string): Promise<void>;
  /**
   * Our table as it is now; undefined when there is none. Meters are empty, whatever the packet path put into them.
   * Rejects with code `foreign` when the table holds what no {@link Ruleset} can say.
   */
  dump(): Promise<Ruleset | undefined>;
  /** Calls back after transactions on our table that were not ours, `nft flush ruleset` for example, until closed. */
  watch(onForeignChange: () => void): Promise<Closer>;
  /**
   * Every tracked connection of both IP versions; those of `involving`, when given, that have one of these addresses at
   * the end that opened the connection or at the one that answers it (the endpoint of a Service, not the Service).
   */
  connections(involving?: readonly Address[]): Promise<readonly Connection[]>;
  /** The addresses of the interfaces of this machine that are up, as text. */
  ownAddresses(): Promise<ReadonlySet<string>>;
  /** Deletes entries. Answers how many there still were. */
  cut(connections: readonly Connection[]): Promise<number>;
  /**
   * Receives what rules log to a group, until closed. `onLost` tells of messages the kernel could not deliver. Rejects
   * with code `busy` when another process receives that group.
   */
  receiveLog(group: number, onPacket: (packet: LoggedPacket) => void, onLost: () => void): Promise<Closer>;
  /** Packets that each chain of ours with a counter has counted, by chain. They begin anew when a chain is made anew. */
  denied(): Promise<ReadonlyMap<string, number>>;
  /** What is missing for enforcement, each a sentence that names the remedy. Empty: nothing. */
  preflight(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface Closer {
  close(): Promise<void>;
}
