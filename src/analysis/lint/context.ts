import { unseenShare } from '../../engine/peer-match.ts';
import type { ClusterState } from '../../engine/state.ts';
import type { Diagnostic, FieldPath, ObjectSource } from '../../model/source.ts';
import type { ClusterNetworkPolicy, KubeObject, LabelSelector, NetworkPolicy } from '../../model/types.ts';
import { isClusterPolicy } from '../../model/validate/index.ts';
import type { Family } from '../../net/address.ts';
import { ClassTable } from '../classes.ts';
import { controllerOf, listedController } from '../resolve.ts';
import type { World } from '../world.ts';
import type { Remark } from './finding.ts';
import { PodCatalog } from './pod-catalog.ts';
import { findRedundancies, type Redundancies } from './redundancy.ts';

/** What is linted. */
export interface LintInput {
  /** Of the objects without those that are {@link invalid}. */
  readonly world: World;
  /** In the order of the input. */
  readonly objects: readonly KubeObject[];
  /** Policies that the API server would refuse; looked at by rules that need no meaning. */
  readonly invalid: ReadonlySet<KubeObject>;
  /** What reading, decoding and validating said. */
  readonly diagnostics: readonly Diagnostic[];
  /** The object that findings are wanted of: rules see all, but may spare judging others. Absent: every object. */
  readonly about?: KubeObject;
}

/** What checks work with: the input, the things they share, and where their remarks go. */
export class LintContext {
  readonly input: LintInput;
  readonly remarks: Remark[] = [];
  readonly networkPolicies: readonly NetworkPolicy[];
  readonly clusterPolicies: readonly ClusterNetworkPolicy[];
  /** Of all that there are, those to judge. */
  readonly judged: {
    readonly objects: readonly KubeObject[];
    readonly networkPolicies: readonly NetworkPolicy[];
    readonly clusterPolicies: readonly ClusterNetworkPolicy[];
  };
  readonly catalog: PodCatalog;
  #table: ClassTable | undefined;
  #redundancies: Redundancies | undefined;
  #families: readonly Family[] | undefined;

  constructor(input: LintInput) {
    this.input = input;
    const valid = input.objects.filter((object) => !input.invalid.has(object));
    this.networkPolicies = valid.filter((object): object is NetworkPolicy => object.kind === 'NetworkPolicy');
    this.clusterPolicies = valid.filter(isClusterPolicy);
    const { objects, about } = input;
    const { networkPolicies, clusterPolicies } = this;
    const only = <T extends KubeObject>(all: readonly T[]): readonly T[] =>
      about === undefined ? all : all.filter((one) => one === about);
    this.judged = {
      objects: only(objects),
      networkPolicies: only(networkPolicies),
      clusterPolicies: only(clusterPolicies),
    };
    this.catalog = new PodCatalog(input.world.state);
  }

  get state(): ClusterState {
    return this.input.world.state;
  }

  get hasPods(): boolean {
    return this.catalog.pods.length > 0;
  }

  /** Every end of a connection, by class. */
  get table(): ClassTable {
    const { world } = this.input;
    this.#table ??= new ClassTable(world.index, [
      ...world.units('workload'),
      ...listedController(world),
      ...world.external(),
      ...world.domains(),
    ]);
    return this.#table;
  }

  /** The address families of the cluster's pods. */
  get families(): readonly Family[] {
    this.#families ??= this.input.world.families();
    return this.#families;
  }

  /** Whether a peer is about the ingress controller that the input does not hold, as far as that is known. */
  selectsController(podSelector: LabelSelector, scope: string | LabelSelector): boolean {
    const { world } = this.input;
    const controller = world.controllerName === undefined ? undefined : controllerOf(world);
    if (controller === undefined || 'error' in controller) return false;
    return controller.ends.some((end) => end.type === 'unseen' && unseenShare(end, scope, podSelector) !== 'none');
  }

  get redundancies(): Redundancies {
    this.#redundancies ??= findRedundancies(this.state.policies.values(), this.table);
    return this.#redundancies;
  }

  remark(remark: Remark): void {
    this.remarks.push(remark);
  }
}

/** Whether a field is written in the text, if only as empty or null; false where an object came from no text. */
export function isWritten(source: ObjectSource | undefined, path: FieldPath): boolean {
  const name = path.at(-1);
  if (source === undefined || typeof name !== 'string') return false;
  return writtenText(source, path, 'key').replace(/^["']|["']$/g, '') === name;
}

/** The first line of what a field's place holds. */
export function writtenText(source: ObjectSource, path: FieldPath, at: 'key' | 'value' = 'value'): string {
  const { lineText, column, length } = source.locate(path, at);
  return lineText.slice(column - 1, column - 1 + length);
}
