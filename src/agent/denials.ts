import type { NodeCompiler } from '../nft/index.ts';
import { describeDenial } from './flow-log.ts';
import type { Closer, LoggedPacket } from './kernel/kernel.ts';
import type { AgentMetrics } from './metrics.ts';
import type { AgentOptions } from './options.ts';

type Options = Pick<AgentOptions, 'kernel' | 'log' | 'flowLog' | 'node' | 'audit'>;

/** What the kernel denies, written to the flow log and counted. */
export class Denials {
  readonly #options: Options;
  readonly #metrics: AgentMetrics;
  readonly #compiler: () => NodeCompiler | undefined;
  #countedBefore: ReadonlyMap<string, number> = new Map();

  /** @param compiler what is enforced; undefined while that is not known */
  constructor(options: Options, metrics: AgentMetrics, compiler: () => NodeCompiler | undefined) {
    this.#options = options;
    this.#metrics = metrics;
    this.#compiler = compiler;
  }

  /** Begins to write the flow log, where there is one. Rejects with KernelError. */
  async receive(): Promise<Closer | undefined> {
    const { flowLog, kernel, log } = this.#options;
    if (flowLog === undefined) return undefined;
    const lost = (): void => {
      this.#metrics.logLost.inc();
      log.warn({}, 'the kernel could not deliver all denials to the flow log');
    };
    return await kernel.receiveLog(flowLog.group, (packet) => this.#write(packet), lost);
  }

  /** Brings the metrics up to date. Counters of chains that were made anew begin at zero. */
  async count(): Promise<void> {
    const now = await this.#options.kernel.denied().catch(() => undefined);
    if (now === undefined) return;
    for (const [chain, packets] of now) {
      const before = this.#countedBefore.get(chain) ?? 0;
      const direction = chain.includes('egress') ? 'egress' : 'ingress';
      this.#metrics.countDenied(direction, packets >= before ? packets - before : packets);
    }
    this.#countedBefore = now;
  }

  #write(packet: LoggedPacket): void {
    const { flowLog, node, audit } = this.#options;
    const compiler = this.#compiler();
    if (compiler === undefined || flowLog === undefined) return;
    const record = describeDenial(compiler, packet, { node, audit, time: new Date() });
    if (record === undefined) return;
    if (flowLog.write(`${JSON.stringify(record)}\n`)) this.#metrics.logged.inc({ direction: record.direction });
    else this.#metrics.logLost.inc();
  }
}
