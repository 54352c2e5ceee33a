import { stringify } from 'yaml';
import { objectKey } from '../../kube/object-key.ts';
import type { ObjectChange, ObjectSink } from '../../kube/source.ts';
import type { Diagnostic } from '../../model/source.ts';
import { compareCodePoints } from '../../model/text.ts';
import { type KubeObject, objectRef } from '../../model/types.ts';
import { isPolicy } from '../../model/validate/index.ts';
import { manifestOf } from '../../report/manifest.ts';
import { type InputFile, inputFile, type LiveInput } from './live-input.ts';

/** Milliseconds in which changes are collected before texts are written: a busy cluster changes all the time. */
const COLLECT = 400;
/** Folder of what belongs to no namespace; no namespace can have this name. */
const CLUSTER = '_cluster';

/** What one folder holds, by {@link objectKey}. */
type Folder = Map<string, KubeObject>;

/**
 * Keeps an input as a cluster is, in texts like those of files: for each namespace its policies as YAML, to be read and
 * edited, and everything else as JSON, one object a line. Only folders in which something changed are written anew.
 */
export class ClusterTexts implements ObjectSink {
  readonly #input: LiveInput;
  readonly #folders = new Map<string, Folder>();
  readonly #written = new Map<string, readonly InputFile[]>();
  readonly #changed = new Set<string>();
  #problems: readonly Diagnostic[] = [];
  #synced = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #collect: number;

  /** @param collect milliseconds in which changes are collected, for tests */
  constructor(input: LiveInput, collect: number = COLLECT) {
    this.#input = input;
    this.#collect = collect;
  }

  apply(changes: readonly ObjectChange[]): void {
    for (const change of changes) {
      const ref = change.type === 'set' ? objectRef(change.object) : change;
      const name = ref.namespace ?? (ref.kind === 'Namespace' ? ref.name : CLUSTER);
      const folder = this.#folders.get(name) ?? new Map<string, KubeObject>();
      this.#folders.set(name, folder);
      if (change.type === 'set') folder.set(objectKey(ref), change.object);
      else folder.delete(objectKey(ref));
      this.#changed.add(name);
    }
    this.#soon();
  }

  synced(): void {
    this.#synced = true;
    this.#write();
  }

  problem(diagnostic: Diagnostic): void {
    this.#problems = [...this.#problems, diagnostic];
    this.#soon();
  }

  resolved(diagnostic: Diagnostic): void {
    const key = JSON.stringify(diagnostic);
    this.#problems = this.#problems.filter((one) => JSON.stringify(one) !== key);
    this.#soon();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#synced = false;
  }

  /** Before everything is told once there is nothing to show: half a cluster looks like a wrong one. */
  #soon(): void {
    if (!this.#synced) return;
    this.#timer ??= setTimeout(() => this.#write(), this.#collect);
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const name of this.#changed) {
      const folder = this.#folders.get(name);
      if (folder === undefined || folder.size === 0) {
        this.#folders.delete(name);
        this.#written.delete(name);
      } else this.#written.set(name, filesOf(name, [...folder.values()]));
    }
    this.#changed.clear();
    this.#input.update([...this.#written.values()].flat(), this.#problems, this.#synced);
  }
}

function filesOf(folder: string, objects: readonly KubeObject[]): InputFile[] {
  const ordered = [...objects].sort((a, b) => compareCodePoints(objectKey(objectRef(a)), objectKey(objectRef(b))));
  const policies = ordered.filter(isPolicy);
  const others = ordered.filter((object) => !isPolicy(object));
  const options = { version: '1.1', aliasDuplicateObjects: false } as const;
  const yaml = policies.map((policy) => stringify(manifestOf(policy), options)).join('---\n');
  const lines = others.map((object) => JSON.stringify(manifestOf(object))).join(',\n');
  return [
    ...(policies.length === 0 ? [] : [inputFile(`${folder}/policies.yaml`, yaml)]),
    ...(others.length === 0
      ? []
      : [inputFile(`${folder}/objects.json`, `{"apiVersion":"v1","kind":"List","items":[\n${lines}\n]}\n`)]),
  ];
}

/** One source for several sinks. */
export function fanOut(sinks: readonly ObjectSink[]): ObjectSink {
  return {
    apply: (changes) => {
      for (const sink of sinks) sink.apply(changes);
    },
    synced: () => {
      for (const sink of sinks) sink.synced();
    },
    problem: (diagnostic, refused) => {
      for (const sink of sinks) sink.problem(diagnostic, refused);
    },
    resolved: (diagnostic) => {
      for (const sink of sinks) sink.resolved?.(diagnostic);
    },
  };
}
