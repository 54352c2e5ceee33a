import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ClusterState, Direction } from '../engine/index.ts';
import type { ResyncReason } from './reconciler.ts';

/** Bounds in seconds; most changes of one pod are in force within milliseconds. */
const PROGRAMMING_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The counts that the agent gives Prometheus. */
export class AgentMetrics {
  readonly registry: Registry = new Registry();
  readonly programming: Histogram;
  readonly transactions: Counter;
  readonly elements: Counter;
  readonly transactionErrors: Counter<'code'>;
  readonly resyncs: Counter<'reason'>;
  readonly cut: Counter;
  readonly denied: Counter<'direction'>;
  readonly logged: Counter<'direction'>;
  readonly logLost: Counter;
  readonly watchRestarts: Counter<'resource'>;
  readonly ready: Gauge;

  /** @param state what is known, how many pods of this node policies isolate, errors of the input, when somebody asks */
  constructor(
    state: () => {
      readonly cluster: ClusterState;
      readonly node: string;
      readonly isolated: number;
      readonly problems: number;
    },
  ) {
    const registers = [this.registry];
    // The default of 10 ms wakes the process a hundred times a second.
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: 200 });
    this.programming = new Histogram({
      name: 'portcullis_policy_programming_seconds',
      help: 'Time from the first event of a change to the commit of the kernel.',
      buckets: PROGRAMMING_BUCKETS,
      registers,
    });
    this.transactions = new Counter({
      name: 'portcullis_transactions_total',
      help: 'Changes of the ruleset that the kernel committed.',
      registers,
    });
    this.elements = new Counter({
      name: 'portcullis_transaction_elements_total',
      help: 'Elements of sets and maps that were written or deleted.',
      registers,
    });
    this.transactionErrors = new Counter({
      name: 'portcullis_transaction_errors_total',
      help: 'Changes of the ruleset that the kernel refused, by reason.',
      labelNames: ['code'],
      registers,
    });
    this.resyncs = new Counter({
      name: 'portcullis_resyncs_total',
      help: 'Comparisons of the whole ruleset with what it should be, by what led to them.',
      labelNames: ['reason'],
      registers,
    });
    this.cut = new Counter({
      name: 'portcullis_connections_cut_total',
      help: 'Open connections that were cut because they are not allowed any more.',
      registers,
    });
    this.denied = new Counter({
      name: 'portcullis_denied_total',
      help: 'Packets that the ruleset denied, by direction seen from the pod; in audit mode those it would deny.',
      labelNames: ['direction'],
      registers,
    });
    this.logged = new Counter({
      name: 'portcullis_denied_logged_total',
      help: 'Denials that were written to the flow log, which is limited in rate.',
      labelNames: ['direction'],
      registers,
    });
    this.logLost = new Counter({
      name: 'portcullis_flow_log_lost_total',
      help: 'Denials that could not be written to the flow log, and times at which the kernel could not deliver some.',
      registers,
    });
    this.watchRestarts = new Counter({
      name: 'portcullis_watch_restarts_total',
      help: 'Watches of the API server that were begun again, by resource.',
      labelNames: ['resource'],
      registers,
    });
    this.ready = new Gauge({
      name: 'portcullis_ready',
      help: '1 when the kernel holds the current state.',
      registers,
    });
    new Gauge({
      name: 'portcullis_input_problems',
      help: 'Errors of what is read that keep something of it out of force.',
      registers,
      collect() {
        this.set(state().problems);
      },
    });
    new Gauge({
      name: 'portcullis_pods',
      help: 'Pods by what they are to this node: local (run here), isolated (of those, with policies), remote (peers).',
      labelNames: ['state'],
      registers,
      collect() {
        const { cluster, node, isolated } = state();
        let local = 0;
        for (const pod of cluster.pods.values()) if (pod.node === node && !pod.hostNetwork) local++;
        this.set({ state: 'local' }, local);
        this.set({ state: 'isolated' }, isolated);
        this.set({ state: 'remote' }, cluster.pods.size - local);
      },
    });
    new Gauge({
      name: 'portcullis_policies',
      help: 'Policies in force in the cluster, by kind.',
      labelNames: ['kind'],
      registers,
      collect() {
        const { cluster } = state();
        const counts = new Map([['NetworkPolicy', cluster.policies.size]]);
        for (const { kind } of cluster.clusterPolicies.values()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
        this.reset();
        for (const [kind, number] of counts) this.set({ kind }, number);
      },
    });
  }

  committed(elements: number): void {
    this.transactions.inc();
    this.elements.inc(elements);
  }

  resynced(reason: ResyncReason): void {
    this.resyncs.inc({ reason });
  }

  countDenied(direction: Direction, packets: number): void {
    if (packets > 0) this.denied.inc({ direction }, packets);
  }
}
