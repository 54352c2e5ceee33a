import type { ObjectChange, ObjectSink, ObjectSource } from '../../src/kube/source.ts';
import { decode, type Manifest } from './manifests.ts';

/** A source that tells what a test says. */
export class PushingSource implements ObjectSource {
  #sink: ObjectSink | undefined;
  closed = false;
  certain = true;

  async start(sink: ObjectSink): Promise<void> {
    this.#sink = sink;
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  get sink(): ObjectSink {
    if (this.#sink === undefined) throw new Error('the source has not begun');
    return this.#sink;
  }

  set(...manifests: readonly Manifest[]): void {
    this.sink.apply(manifests.map((manifest): ObjectChange => ({ type: 'set', object: decode(manifest) })));
  }

  remove(kind: string, name: string, namespace?: string): void {
    this.sink.apply([{ type: 'remove', kind, name, ...(namespace === undefined ? {} : { namespace }) }]);
  }
}
