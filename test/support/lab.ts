/** Labs that a test brings up, with files of their own, and that are gone afterwards however it ends. */

import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ask } from '../../src/lab/control.ts';
import { writeWhole } from '../../src/lab/files.ts';
import {
  bringUp,
  DEFAULT_POD_CIDRS,
  type FocusQuery,
  type LabConfig,
  type LabProgress,
  type LabStatus,
  type ProbeReport,
  type ProbeResult,
  probeLab,
  statusOf,
  tearDown,
} from '../../src/lab/index.ts';
import { LAB_BASE, labPaths } from '../../src/lab/names.ts';
import { enforcedStatus } from '../../src/lab/probe.ts';
import { type Attempt, type Outcome, probeAll } from '../../src/lab/prober.ts';
import { probeEnds } from '../../src/lab/probes.ts';
import { type Listening, Responder } from '../../src/lab/responder.ts';
import { Poller } from '../../src/lab/system/poller.ts';
import type { Protocol } from '../../src/model/types.ts';
import { parseCidr } from '../../src/net/cidr.ts';
import { isAlive } from './kernel.ts';
import type { Manifest } from './manifests.ts';

const NAME = /^t(\d+)-[0-9a-f]{6}$/;

/** How long nobody must answer, by whether the attempts say what is expected of them. Milliseconds. */
const ASK_TIMEOUT = 400;
const EXPECTED_TIMEOUT = 100;

/** A lab over a directory of its own, which the test may change. */
export class TestLab {
  readonly name = `t${process.pid}-${randomBytes(3).toString('hex')}`;
  #directory: string | undefined;

  /** What the lab reads; made when first asked for, since a suite that is left out makes labs too. */
  get directory(): string {
    this.#directory ??= mkdtempSync(path.join(tmpdir(), 'portcullis-lab-'));
    return this.#directory;
  }

  /** Copies manifests into the lab's directory. */
  copy(from: string): void {
    cpSync(from, this.directory, { recursive: true });
  }

  /** Writes manifests as one file, in one step. */
  write(file: string, manifests: readonly Manifest[]): void {
    writeWhole(path.join(this.directory, file), manifests.map((one) => JSON.stringify(one)).join('\n---\n'));
  }

  async up(
    options: Partial<LabConfig['options']> = {},
    agentArguments: readonly string[] = [],
    onProgress: LabProgress = () => {},
  ): Promise<LabStatus> {
    await removeStale();
    const defaults = { name: this.name, podCidrs: DEFAULT_POD_CIDRS, maxReplicas: 3, maxPods: 300 };
    await bringUp(
      { options: { ...defaults, ...options }, paths: [this.directory], defaultNamespace: 'default', agentArguments },
      onProgress,
    );
    return statusOf(this.name);
  }

  probe(focus: FocusQuery = {}): Promise<ProbeReport> {
    return probeLab(this.name, { focus });
  }

  /** The pairs `from to` that connect on a port, as packets say; throws when that is not as predicted. */
  async open(focus: FocusQuery): Promise<string[]> {
    const { results } = await this.probe(focus);
    const wrong = results.filter(({ agrees }) => !agrees);
    if (wrong.length > 0) throw new Error(`predicted otherwise: ${wrong.slice(0, 5).map(describeResult).join('; ')}`);
    return [...new Set(results.flatMap((one) => (one.actual ? [`${one.fromId} ${one.toId}`] : [])))].sort();
  }

  /** Who answers one connection or datagram from a pod, a node (`node/NAME`) or an address outside; undefined: nobody. */
  async ask(from: string, to: string, port: number, protocol: Protocol = 'TCP'): Promise<string | undefined> {
    const { plan } = await statusOf(this.name);
    const end = probeEnds(plan).find(({ id }) => id === from);
    const source = end?.addresses.find((address) => address.includes(':') === to.includes(':'));
    if (end === undefined || source === undefined) throw new Error(`no end ${from}`);
    const [outcome] = await this.attempt([{ namespace: end.namespace, from: source, to, protocol, port }]);
    return outcome?.type === 'answered' ? outcome.by : undefined;
  }

  /**
   * Tries connections. Where attempts say what is expected of them, the others wait for silence only until what is
   * expected has come.
   * @param listeners who listens meanwhile beside the lab's own
   */
  async attempt(attempts: readonly Attempt[], listeners: readonly Listening[] = []): Promise<readonly Outcome[]> {
    const poller = new Poller();
    const responder = new Responder(poller);
    const closers: (() => void)[] = [];
    try {
      for (const listener of listeners) closers.push(responder.listen(listener));
      const timeout = attempts.some(({ predicted }) => predicted !== undefined) ? EXPECTED_TIMEOUT : ASK_TIMEOUT;
      const settle = async (): Promise<void> => {
        await askLab(this.name);
        poller.drain();
      };
      return await probeAll(attempts, poller, { timeout, settle });
    } finally {
      for (const close of closers) close();
      responder.close();
      await poller.close();
    }
  }

  status(): Promise<LabStatus> {
    return statusOf(this.name);
  }

  /** Waits until the kernels hold the files as they are. */
  enforced(): Promise<LabStatus> {
    return enforcedStatus(this.name);
  }

  async down(): Promise<void> {
    await tearDown(this.name);
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Waits until the pods of a lab have answered what has reached them. */
async function askLab(name: string): Promise<void> {
  await ask(labPaths(name).control, '/settle');
}

/** A probe on one line. */
export function describeResult({ fromId, toId, from, to, protocol, port, predicted, outcome }: ProbeResult): string {
  return `${fromId} (${from}) to ${toId} (${to}) ${port}/${protocol}: predicted ${predicted}, ${JSON.stringify(outcome)}`;
}

/** Ranges for `podCidrs`. */
export function cidrs(...texts: readonly string[]): LabConfig['options']['podCidrs'] {
  return texts.flatMap((text) => parseCidr(text)?.cidr ?? []);
}

/** Removes labs of tests that were killed: their process is gone. */
async function removeStale(): Promise<void> {
  let names: string[] = [];
  try {
    names = readdirSync(LAB_BASE);
  } catch {
    return;
  }
  for (const name of names) {
    const owner = NAME.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) await tearDown(name);
  }
}
