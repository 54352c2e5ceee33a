import type { ObjectChange, ObjectSink } from '../../src/kube/source.ts';
import type { Diagnostic } from '../../src/model/source.ts';
import type { KubeObject } from '../../src/model/types.ts';

/** Keeps what a source tells, and lets tests wait for it. */
export class RecordingSink implements ObjectSink {
  readonly batches: (readonly ObjectChange[])[] = [];
  readonly problems: Diagnostic[] = [];
  readonly refused: KubeObject[] = [];
  /** Of each problem: whether nothing of what it hides was told before. */
  readonly lacking: boolean[] = [];
  readonly resolved_: Diagnostic[] = [];
  readonly faults: unknown[] = [];
  /** What is in force, by `kind/namespace/name`. */
  readonly objects = new Map<string, KubeObject>();
  isSynced = false;
  #waiting: (() => void)[] = [];

  apply(changes: readonly ObjectChange[]): void {
    this.batches.push(changes);
    for (const change of changes) {
      if (change.type === 'remove') this.objects.delete(`${change.kind}/${change.namespace ?? ''}/${change.name}`);
      else {
        const { kind, metadata } = change.object;
        this.objects.set(`${kind}/${metadata.namespace ?? ''}/${metadata.name}`, change.object);
      }
    }
    this.wake();
  }

  synced(): void {
    if (this.isSynced) throw new Error('synced comes once');
    this.isSynced = true;
    this.wake();
  }

  problem(diagnostic: Diagnostic, refused?: KubeObject, lacks = false): void {
    this.problems.push(diagnostic);
    this.lacking.push(lacks);
    if (refused !== undefined) this.refused.push(refused);
    this.wake();
  }

  resolved(diagnostic: Diagnostic): void {
    this.resolved_.push(diagnostic);
    this.wake();
  }

  broken(error: unknown): void {
    this.faults.push(error);
    this.wake();
  }

  /** Everything that changed, in a short form: `+NetworkPolicy/shop/cart`, `-Pod/shop/web`. */
  get told(): string[][] {
    return this.batches.map((batch) =>
      batch.map((change) =>
        change.type === 'remove'
          ? `-${change.kind}/${change.namespace ?? ''}/${change.name}`
          : `+${change.object.kind}/${change.object.metadata.namespace ?? ''}/${change.object.metadata.name}`,
      ),
    );
  }

  get names(): string[] {
    return [...this.objects.keys()].sort();
  }

  /** Waits until a condition holds; it is asked again whenever something is told or {@link wake} is called. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** Has waiting tests look again. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
