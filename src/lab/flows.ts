import { closeSync, openSync, readSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { DenialRecord, LoggedEnd } from '../agent/flow-log.ts';
import { readPlan } from './files.ts';
import { LabError } from './model.ts';
import { labPaths } from './names.ts';

/** How often files are looked at for more. Milliseconds. */
const POLL = 200;
const PIECE = 1 << 16;

/**
 * The lines of the flow logs of all nodes of a lab: what is there, by time; with `follow` also what comes, until the
 * signal. Throws {@link LabError} when there is no such lab.
 */
export async function* flowLines(lab: string, follow: boolean, signal: AbortSignal): AsyncGenerator<string> {
  const paths = labPaths(lab);
  const plan = readPlan(paths);
  if (plan === undefined) throw new LabError(`there is no lab ${lab}`);
  const tails = plan.nodes.map(({ slot }) => new Tail(paths.flowLog(slot)));
  try {
    do {
      const lines = tails.flatMap((tail) => tail.lines());
      // Every line begins with its time, in a form that sorts.
      yield* lines.sort();
      if (follow) await setTimeout(POLL, undefined, { signal }).catch(() => undefined);
    } while (follow && !signal.aborted);
  } finally {
    for (const tail of tails) tail.close();
  }
}

/** A file that grows. */
class Tail {
  readonly #file: string;
  #fd: number | undefined;
  #rest = '';

  constructor(file: string) {
    this.#file = file;
  }

  /** The whole lines that were written since the last call. */
  lines(): string[] {
    this.#fd ??= opened(this.#file);
    if (this.#fd === undefined) return [];
    const pieces = [this.#rest];
    const buffer = Buffer.alloc(PIECE);
    for (let read = readSync(this.#fd, buffer); read > 0; read = readSync(this.#fd, buffer)) {
      pieces.push(buffer.toString('utf8', 0, read));
    }
    const lines = pieces.join('').split('\n');
    this.#rest = lines.pop() ?? '';
    return lines;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}

function opened(file: string): number | undefined {
  try {
    return openSync(file, 'r');
  } catch {
    return undefined;
  }
}

/** A line of the flow log for people: when, who, to whom, and whose policies denied. */
export function flowText(line: string): string {
  const { time, direction, source, destination, protocol, port, tier, policies, rule } = JSON.parse(
    line,
  ) as DenialRecord;
  const by = rule === undefined ? policies : [rule.policy];
  const names = by.map(({ namespace, name }) => (namespace === undefined ? name : `${namespace}/${name}`));
  const where = port === undefined ? protocol : `${port}/${protocol}`;
  const why = names.length === 0 ? tier : `${tier}: ${names.join(', ')}`;
  return `${time}  ${endText(source)} -> ${endText(destination)} ${where}  denied on ${direction} by ${why}`;
}

function endText({ namespace, pod, node, address }: LoggedEnd): string {
  if (pod !== undefined) return `${namespace}/${pod}`;
  return node === undefined ? address : `node/${node}`;
}
