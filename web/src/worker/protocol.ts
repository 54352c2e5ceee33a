/** What the page and the worker that holds its world say to each other. Everything here can be cloned. */

import type { EndpointType } from '../../../src/analysis/index.ts';
import type { Direction, Tier } from '../../../src/engine/index.ts';
import type { PolicyForm } from '../editor/form.ts';

/** One text of the workbench. */
export interface SourceFile {
  readonly name: string;
  readonly content: string;
}

/** A place in a file; lines and columns count from 1, columns in UTF-16 units. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** Something wrong, or worth knowing, in a file. */
export interface Problem {
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
  readonly help?: string;
  /** `NetworkPolicy shop/cart`. */
  readonly object?: string;
  readonly place?: Place;
}

/** A lint finding; `fix` is its number for {@link Requests.fix}, where it can be put right without asking. */
export interface LintItem extends Problem {
  readonly title: string;
  readonly fix?: number;
}

/**
 * What policies do in one direction: a NetworkPolicy isolates, so that only what rules admit passes; cluster-wide policies alone
 * take something away; or nothing is taken away. `isolated` and `limited` are what exposure calls protected.
 */
export type Protection = 'isolated' | 'limited' | 'open';

/** One endpoint of the world, in the order of all results. */
export interface EndpointItem {
  readonly id: string;
  /** How `can` is asked for it. */
  readonly typed: string;
  readonly type: EndpointType;
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly labels: Readonly<Record<string, string>>;
  /** How policies protect it; workloads only. */
  readonly protection?: { readonly ingress: Protection; readonly egress: Protection };
  readonly pods: number;
}

/** A policy in the world, or one that cannot be used. */
export interface PolicyItem {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly place?: Place;
}

/** Pairs that differ alike from the state that the work began with. */
export interface ChangeItem {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly pairs: number;
  readonly opened: string;
  readonly closed: string;
  readonly because: readonly CauseItem[];
}

/** An object that caused a change. */
export interface CauseItem {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly change: string;
  readonly effect?: string;
  readonly direction?: Direction;
  readonly rule?: number;
  readonly place?: Place;
}

/** How the world differs from the state that the work began with. */
export interface Changes {
  readonly opened: number;
  readonly closed: number;
  readonly pairs: number;
  /** At most {@link MOST_GROUPS}. */
  readonly groups: readonly ChangeItem[];
  readonly left: number;
  readonly addedPolicies: readonly string[];
  readonly removedPolicies: readonly string[];
  readonly editedPolicies: readonly string[];
  readonly addedEndpoints: readonly string[];
  readonly removedEndpoints: readonly string[];
}

/** Groups of changes that are sent; the rest is counted. */
export const MOST_GROUPS = 400;

/** The world after an edit. */
export interface Snapshot {
  readonly revision: number;
  readonly problems: readonly Problem[];
  /**
   * `current`: the views show the files as they are; `stale`: something has errors, and the views show the last state without;
   * `partial`: something has errors since the beginning, and is left out.
   */
  readonly state: 'current' | 'stale' | 'partial';
  readonly endpoints: readonly EndpointItem[];
  readonly policies: readonly PolicyItem[];
  readonly namespaces: readonly string[];
  readonly changes: Changes;
  readonly tests: { readonly total: number; readonly failed: number; readonly errors: number };
  /** Time that the worker took, in milliseconds. */
  readonly took: number;
}

/** Who reaches whom: a number for each pair of endpoints, row by row. 0: nothing is open; n: `ports[n - 1]`. */
export interface MatrixData {
  readonly revision: number;
  /** Endpoints that are in the matrix: the first so many of the snapshot's. */
  readonly size: number;
  readonly cells: Uint16Array;
  readonly ports: readonly { readonly text: string; readonly short: string; readonly open: boolean }[];
}

/** Endpoints that are shown in the matrix and on the map. */
export const MOST_ENDPOINTS = 2500;

/** One direction of a verdict with its reasons. */
export interface DirectionView {
  readonly direction: Direction;
  readonly subject: string;
  readonly allowed: boolean;
  readonly tier: Tier;
  readonly steps: readonly string[];
  readonly cites: readonly { readonly place: Place; readonly note: string; readonly text: string }[];
}

/** The answer to one question. */
export type VerdictView =
  | { readonly error: string; readonly suggestions: readonly string[] }
  | {
      readonly from: string;
      readonly to: string;
      /** As asked; empty for every port. */
      readonly port: string;
      readonly allowed: boolean;
      readonly openPorts?: string;
      readonly directions: readonly DirectionView[];
      readonly flip: readonly string[];
      readonly notes: readonly string[];
      readonly cases: readonly {
        readonly from: string;
        readonly to: string;
        readonly family: string;
        readonly allowed: boolean;
        readonly ports: string;
      }[];
    };

/** Who may reach a workload, or whom it may reach. */
export interface ExposureSide {
  readonly protection: Protection;
  readonly hostNetwork: boolean;
  readonly by: readonly { readonly name: string; readonly place?: Place }[];
  readonly peers: readonly { readonly who: PeerWho; readonly ports: string; readonly now: number }[];
}

/** Peers that policies admit, as data for words in any language. */
export type PeerWho =
  | { readonly type: 'every-address' }
  | {
      readonly type: 'every-pod' | 'namespace' | 'namespaces' | 'pods';
      /** Of namespaces, and after a slash of pods. */
      readonly selector: string;
      readonly except: readonly string[];
    }
  | { readonly type: 'block' | 'domain'; readonly name: string };

/** An Ingress, a route or a Service that leads to a workload from outside. */
export interface EntranceItem {
  readonly object: string;
  readonly via: 'ingress-controller' | 'load-balancer' | 'node-port';
  /** Those that are open to who comes that way; where none are, or that depends on who it is, all that it leads to. */
  readonly ports: string;
  readonly state: 'admitted' | 'blocked' | 'depends';
}

export interface ExposureItem {
  readonly id: string;
  readonly namespace: string;
  readonly entrances: readonly EntranceItem[];
  readonly ingress: ExposureSide;
  readonly egress: ExposureSide;
}

export interface TestItem {
  readonly title: string;
  readonly group: string;
  readonly passed: boolean;
  readonly pairs: number;
  readonly failed: number;
  readonly place?: Place;
  readonly examples: readonly {
    readonly from: string;
    readonly to: string;
    readonly ports: string;
    readonly port: string;
  }[];
}

/** One line of a flow log. */
export interface FlowItem {
  readonly key: string;
  readonly verdict: 'allowed' | 'denied';
  readonly from: string;
  readonly to: string;
  /** Names that `can` knows; absent where the world has no such endpoint. */
  readonly fromId?: string;
  readonly toId?: string;
  readonly port: string;
  readonly count: number;
  /** What the world of the page says of it now. */
  readonly now?: 'allowed' | 'denied';
}

export interface FlowResult {
  readonly flows: readonly FlowItem[];
  readonly problems: readonly Problem[];
}

export interface AdviceResult {
  readonly yaml: string;
  readonly policies: number;
  readonly problems: readonly Problem[];
  /** Flows that would pass. */
  readonly admitted: number;
}

/** What may be written at a place. */
export interface CompletionItem {
  readonly label: string;
  readonly detail?: string;
  readonly kind: 'field' | 'value' | 'label' | 'name';
  /** What is inserted; the label when absent. */
  readonly insert?: string;
}

export interface CompletionResult {
  readonly from: number;
  readonly items: readonly CompletionItem[];
}

export type ReportFormat = 'html' | 'yaml' | 'json' | 'csv' | 'markdown' | 'diff';

/** How texts are read, where it is not as by default: what the server was started with. */
export interface WorldSettings {
  readonly defaultNamespace?: string;
  readonly strict?: boolean;
  readonly podCidrs?: readonly string[];
  /** Texts in the manner of `/etc/hosts`. */
  readonly hosts?: readonly { readonly name: string; readonly text: string }[];
}

/** Requests by name: parameters and answer. */
export interface Requests {
  /** Replaces everything; `base` is the state that changes are told against, the files themselves when absent. */
  open(params: {
    readonly files: readonly SourceFile[];
    readonly base?: readonly SourceFile[];
    /** Those of before when absent. */
    readonly settings?: WorldSettings;
  }): Snapshot;
  update(params: { readonly files: readonly SourceFile[] }): Snapshot;
  /** The language of all that is said from now on. */
  language(params: { readonly locale: 'en' | 'zh' }): Promise<Snapshot>;
  /** Other files and another state that changes are told against, as one step. */
  moveStart(params: { readonly files: readonly SourceFile[]; readonly base: readonly SourceFile[] }): Snapshot;
  /** The files become the state that changes are told against. */
  rebase(params: { readonly files: readonly SourceFile[] }): Snapshot;
  matrix(params: object): MatrixData;
  verdict(params: { readonly from: string; readonly to: string; readonly port: string }): VerdictView;
  portsOf(params: { readonly to: string }): readonly { readonly text: string; readonly name?: string }[];
  lint(params: object): readonly LintItem[];
  /** The texts of files with these findings put right, and the texts that they are made from; absent where that is not certain. */
  fix(params: {
    readonly fixes: readonly number[];
  }): readonly { readonly name: string; readonly before: string; readonly content: string }[];
  exposure(params: object): readonly ExposureItem[];
  tests(params: object): { readonly results: readonly TestItem[]; readonly problems: readonly Problem[] };
  flows(params: { readonly name: string; readonly text: string }): FlowResult;
  advise(params: { readonly keys: readonly string[] }): AdviceResult;
  complete(params: { readonly file: string; readonly text: string; readonly offset: number }): CompletionResult;
  report(params: { readonly format: ReportFormat; readonly map?: string }): string;
  /** The policy at an offset, and where its document stands in the text. */
  readForm(params: {
    readonly text: string;
    readonly offset: number;
  }):
    | { readonly form: PolicyForm; readonly document: string; readonly start: number; readonly end: number }
    | { readonly error: 'not-a-policy' };
  /** @param document to write into, so that its comments stay */
  writeForm(params: { readonly form: PolicyForm; readonly document?: string }): {
    readonly yaml: string;
    readonly problems: readonly Problem[];
  };
}

export type RequestName = keyof Requests;
export type Params<N extends RequestName> = Parameters<Requests[N]>[0];
export type Answer<N extends RequestName> = Awaited<ReturnType<Requests[N]>>;
