import type { Cause, PortEntry } from '../analysis/index.ts';
import type { DiffSource } from './diff-words.ts';
import { perPortList } from './ports.ts';

/**
 * The `ReachabilityDiff` document as JSON in chunks, one change a line. A pair of which one end exists on one side only
 * has `[]` on the other side.
 */
export function* diffJson(diff: DiffSource): Generator<string> {
  const { counts, policies, added, removed, external } = diff;
  yield '{\n  "apiVersion": "portcullis.dev/v1",\n  "kind": "ReachabilityDiff",\n';
  yield `  "summary": ${JSON.stringify(counts)},\n`;
  yield '  "changes": [';
  const portsText = perPortList(portsJson);
  const causesText = new WeakMap<readonly Cause[], string>();
  let first = true;
  for (const { change, from, to, old, new: fresh, because } of diff.changes()) {
    let causes = causesText.get(because);
    if (causes === undefined) {
      causes = JSON.stringify(because);
      causesText.set(because, causes);
    }
    const ends = `"change":"${change}","from":${JSON.stringify(from)},"to":${JSON.stringify(to)}`;
    const ports = `"old":${portsText(old)},"new":${portsText(fresh)}`;
    yield `${first ? '' : ','}\n    {${ends},${ports},"because":${causes}}`;
    first = false;
  }
  yield `${first ? '' : '\n  '}],\n`;
  yield `  "policies": ${JSON.stringify(policies)},\n`;
  yield '  "endpoints": {\n';
  yield `    "added": ${JSON.stringify(added.map(({ id }) => id))},\n`;
  yield `    "removed": ${JSON.stringify(removed.map(({ id }) => id))},\n`;
  const blocks = external.map(({ id, ranges }) => `\n      ${JSON.stringify({ id, ranges })}`);
  yield `    "external": [${blocks.join(',')}${blocks.length === 0 ? '' : '\n    '}]\n  }\n}\n`;
}

function portsJson(ports: readonly PortEntry[]): string {
  return JSON.stringify(
    ports.map(({ protocol, ranges, families }) => ({
      protocol,
      ranges,
      ...(families === undefined ? {} : { families }),
    })),
  );
}
