import type { FindingData } from '../../report/findings.ts';

/** A text that the questions are about. */
export interface TextFile {
  readonly name: string;
  readonly text: string;
}

/** How texts become a world; the same for every question. */
export interface AnalystOptions {
  /** Assumed for objects and names that give no namespace. */
  readonly defaultNamespace: string;
  /** Unknown and duplicate fields are errors. */
  readonly strict: boolean;
  /** Ranges that stand for every unknown pod address of their family. */
  readonly podCidrs: readonly string[];
  /** Files with the addresses of domain names, like /etc/hosts. */
  readonly hosts: readonly TextFile[];
}

/** Which part of reachability is asked for; as the flags of `reach`. */
export interface ReachQuestion {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly port?: string | undefined;
  readonly by?: 'workload' | 'pod' | undefined;
  readonly external?: boolean | undefined;
  readonly namespaces?: readonly string[] | undefined;
  readonly selector?: string | undefined;
}

/** Leave invalid objects out instead of refusing to answer. */
interface Lenient {
  readonly skipInvalid?: boolean | undefined;
}

/** A question about the texts that were given last. The answers are the JSON documents of the commands. */
export type Question =
  | { readonly op: 'summary' }
  | { readonly op: 'validate' }
  | ({ readonly op: 'reach'; readonly grouped?: boolean | undefined } & ReachQuestion & Lenient)
  | ({
      readonly op: 'can';
      readonly from: string;
      readonly to: string;
      readonly port?: string | undefined;
      readonly explain?: boolean | undefined;
    } & Lenient)
  | ({
      readonly op: 'exposure';
      readonly by?: 'workload' | 'pod' | undefined;
      readonly namespaces?: readonly string[] | undefined;
      readonly selector?: string | undefined;
      readonly direction?: 'ingress' | 'egress' | undefined;
      readonly externalOnly?: boolean | undefined;
    } & Lenient)
  | {
      readonly op: 'lint';
      readonly select?: readonly string[] | undefined;
      readonly ignore?: readonly string[] | undefined;
    }
  | ({
      readonly op: 'diff';
      /** What the texts become: these instead of all, or over those of the same name. */
      readonly files: readonly TextFile[];
      readonly overlay?: boolean | undefined;
      /** Names of texts that are left out; with `overlay`. */
      readonly remove?: readonly string[] | undefined;
    } & ReachQuestion &
      Lenient)
  | ({ readonly op: 'test'; readonly files: readonly TextFile[] } & Lenient)
  | ({
      readonly op: 'advise';
      /** A flow log; absent: what Services imply. */
      readonly flows?: TextFile | undefined;
      readonly namespaces?: readonly string[] | undefined;
      readonly dns?: boolean | undefined;
      readonly skipUnusable?: boolean | undefined;
      readonly prefixes?: { readonly IPv4: number; readonly IPv6: number } | undefined;
    } & Lenient);

/** Why a question has no answer; `status` is that of HTTP. */
export interface Refusal {
  readonly status: 400 | 404 | 422 | 503;
  readonly title: string;
  readonly detail: string;
  /** Names that may have been meant, nearest first. */
  readonly suggestions?: readonly string[];
  readonly findings?: readonly FindingData[];
}

/** A JSON document, or why there is none. */
export type Answer = { readonly body: string } | { readonly refusal: Refusal };

/** Somebody who answers questions about texts, here or in another thread. */
export interface Analyst {
  /** Replaces the texts; questions asked later are about these. */
  load(files: readonly TextFile[]): void;
  ask(question: Question): Promise<Answer>;
  close(): Promise<void>;
}
