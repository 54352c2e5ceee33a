import { AddressSet } from '../net/address-set.ts';

/** How a node's ruleset treats what the policies leave open. */
export interface CompileOptions {
  /** What becomes of a denied connection. Cluster-wide Deny rules always drop. */
  readonly denial: 'drop' | 'reject';
  /** Denials are logged and counted but let through. */
  readonly audit: boolean;
  /**
   * Addresses in here that no known pod has are denied both ways: pods that the agent has not heard of yet. Empty: they
   * are open until known.
   */
  readonly strictRange: AddressSet;
  /**
   * Whether TCP segments that belong to no tracked connection and begin none are refused for pods under policy. It
   * keeps a connection cut that was cut, from whichever side the next segment comes.
   */
  readonly refuseMidStream: boolean;
  /** A peer that matches at least so many pods gets one set for the whole node, in place of entries in each class's map. */
  readonly sharedPeerSize: number;
  /** Absent: denials are counted only. */
  readonly log?: { readonly group: number; readonly ratePerSecond: number; readonly burst: number };
}

export const DEFAULT_OPTIONS: CompileOptions = {
  denial: 'drop',
  audit: false,
  strictRange: AddressSet.EMPTY,
  refuseMidStream: true,
  sharedPeerSize: 128,
};
