import type { PodInfo, PolicyIndex } from '../engine/index.ts';
import type { Steps } from '../model/steps.ts';
import { formatAddress } from '../net/address.ts';
import type { ContentNames } from './names.ts';
import type { IpVersion } from './ruleset.ts';
import type { RulesetStore } from './store.ts';

/** The sets of the peers that match many pods: one for a peer, whichever classes name it. */
export class PeerSets {
  readonly #index: PolicyIndex;
  readonly #store: RulesetStore;
  readonly #names: ContentNames;
  readonly #owner: (address: string) => PodInfo | undefined;
  readonly #owns: (pod: PodInfo, address: string) => boolean;
  /** By peer id and IP version. */
  readonly #sets = new Map<string, string>();

  constructor(
    index: PolicyIndex,
    store: RulesetStore,
    names: ContentNames,
    owner: (address: string) => PodInfo | undefined,
    owns: (pod: PodInfo, address: string) => boolean,
  ) {
    this.#index = index;
    this.#store = store;
    this.#names = names;
    this.#owner = owner;
    this.#owns = owns;
  }

  /** The name of a peer's set, with its elements as they should be. */
  *acquire(id: number, version: IpVersion): Steps<string> {
    const key = `${id} ${version}`;
    const known = this.#sets.get(key);
    if (known !== undefined && this.#store.has(known)) return known;
    // Named by what it selects, so that a later process finds it under the same name.
    const name = this.#names.name(`peer${version}`, this.#index.peerText(id) ?? '');
    const elements = new Set<string>();
    const family = version === 4 ? 'IPv4' : 'IPv6';
    for (const { members } of this.#index.peerGroups(id)) {
      for (const { info } of members) {
        for (const address of info.addresses) {
          if (address.family !== family) continue;
          const text = formatAddress(address);
          if (this.#owns(info, text)) elements.add(text);
        }
        yield;
      }
    }
    this.#store.putSet(name, { type: 'address', version, elements });
    this.#sets.set(key, name);
    return name;
  }

  /** Looks anew at an address in the set of a peer, if it has one. */
  refresh(id: number, version: IpVersion, address: string): void {
    const name = this.#sets.get(`${id} ${version}`);
    if (name === undefined || !this.#store.has(name)) return;
    const pod = this.#owner(address);
    if (pod !== undefined && this.#index.groupOfPod(pod).peers.has(id)) this.#store.addToSet(name, address);
    else this.#store.removeFromSet(name, address);
  }

  /** Forgets sets that are gone, and peers that are. */
  prune(): void {
    for (const [key, name] of this.#sets) {
      const id = Number(key.split(' ')[0]);
      if (!this.#store.has(name) || this.#index.peerSize(id) === undefined) this.#sets.delete(key);
    }
  }
}
