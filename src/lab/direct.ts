import { buildState, PolicyIndex } from '../engine/index.ts';
import { type FilesSource, objectKey, watchFiles } from '../kube/index.ts';
import { type KubeObject, objectRef } from '../model/types.ts';
import { compileNode, renderRuleset } from '../nft/index.ts';
import type { Agents } from './agents.ts';
import type { AgentStatus } from './status.ts';
import { runNft } from './system/commands.ts';

/** Enforces on every node from one process: the whole ruleset, anew at each change. */
export class DirectEnforcement implements Agents {
  readonly #objects = new Map<string, KubeObject>();
  readonly #source: FilesSource;
  #nodes: readonly { readonly name: string; readonly namespace: string }[] = [];
  #digest: string | undefined;
  #started = false;
  #work = Promise.resolve();

  constructor(paths: readonly string[], defaultNamespace: string) {
    this.#source = watchFiles(paths, { defaultNamespace, onRead: () => void this.#later() });
  }

  async #start(): Promise<void> {
    this.#started = true;
    await this.#source.start({
      apply: (changes) => {
        for (const change of changes) {
          if (change.type === 'set') this.#objects.set(objectKey(objectRef(change.object)), change.object);
          else this.#objects.delete(objectKey(change));
        }
      },
      synced: () => undefined,
      problem: () => undefined,
    });
  }

  async keep(nodes: readonly { readonly name: string; readonly namespace: string }[]): Promise<void> {
    this.#nodes = nodes;
    if (!this.#started) await this.#start();
    return this.#later();
  }

  #later(): Promise<void> {
    this.#work = this.#work.then(async () => {
      const digest = this.#source.digest;
      const index = new PolicyIndex(buildState([...this.#objects.values()]));
      for (const { name, namespace } of this.#nodes) {
        await runNft(namespace, renderRuleset(compileNode(index, name)));
      }
      this.#digest = digest;
    });
    return this.#work;
  }

  async status(): Promise<AgentStatus[]> {
    const digest = this.#digest === undefined ? {} : { digest: this.#digest };
    return this.#nodes.map(({ name }) => ({ node: name, ready: true, ...digest, restarts: 0, denied: 0 }));
  }

  async stop(): Promise<void> {
    await this.#source.close();
  }
}
