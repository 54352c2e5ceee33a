import fc from 'fast-check';
import { expect, it } from 'vitest';
import { computeReachability, type Reachability, World } from '../../src/analysis/index.ts';
import { buildPicture } from '../../src/report/picture/build.ts';
import { draw } from '../../src/report/picture/draw.ts';
import type { Picture } from '../../src/report/picture/model.ts';
import { partsOf, summarise } from '../../src/report/picture/parts.ts';
import { effort, patient } from '../support/property.ts';
import { decodeCluster, type RandomCluster, randomCluster } from '../support/random-cluster.ts';

function picture(reachability: Reachability): Picture {
  const built = buildPicture(reachability);
  if ('tooLarge' in built) throw new Error(built.tooLarge);
  return built.picture;
}

/** The pairs that a picture shows, each with its ports, from boxes, stand-ins and what is open within a box. */
function expand({ frames, edges }: Picture): Map<string, Set<string>> {
  const boxes = frames.flatMap((frame) => frame.boxes);
  const members = new Map(boxes.map((box) => [box.id, box.members]));
  const outsideIds = new Set(
    boxes.filter(({ kind }) => kind === 'external' || kind === 'domain').flatMap((box) => box.members),
  );
  const pairs = new Map<string, Set<string>>();
  const add = (from: string, to: string, ports: string): void => {
    if (from === to || (outsideIds.has(from) && outsideIds.has(to))) return;
    const key = `${from} ${to}`;
    pairs.set(key, (pairs.get(key) ?? new Set()).add(ports));
  };
  for (const { from, to, ports } of edges) {
    for (const one of members.get(from) ?? []) for (const other of members.get(to) ?? []) add(one, other, ports);
  }
  for (const box of boxes) {
    if (box.among === undefined) continue;
    for (const one of box.members) for (const other of box.members) add(one, other, box.among);
  }
  return pairs;
}

function reachabilityOf(cluster: RandomCluster): Reachability {
  const result = computeReachability(new World(decodeCluster(cluster), 'default'));
  if ('error' in result) throw new Error(result.error.error);
  return result.reachability;
}

/** Ports in words as points of a tiny space: those at the edges of what random clusters name. */
function points(words: Iterable<string>): string[] {
  const probes = [1, 2, 52, 53, 54, 80, 81, 82, 8079, 8080, 8081, 65534, 65535];
  const found = new Set<string>();
  for (const part of [...words].flatMap((word) => word.split(', '))) {
    const [, what = '', only] = /^(.*?)(?: \((IPv[46]) only\))?$/.exec(part) ?? [];
    const families = only === undefined ? ['IPv4', 'IPv6'] : [only];
    const [, first, last, own] = /^(\d+)(?:-(\d+))?\/(\w+)$/.exec(what) ?? [];
    const protocols = own !== undefined ? [own] : what === 'all ports' ? ['TCP', 'UDP', 'SCTP'] : [what.slice(4)];
    for (const probe of probes) {
      const inside = first === undefined || (Number(first) <= probe && probe <= Number(last ?? first));
      if (inside)
        for (const family of families) for (const protocol of protocols) found.add(`${probe}/${protocol} ${family}`);
    }
  }
  return [...found].sort();
}

it('a picture says what the table says, pair by pair', patient, () => {
  fc.assert(
    fc.property(randomCluster, (cluster) => {
      const reachability = reachabilityOf(cluster);
      const shown = expand(picture(reachability));
      const listed = new Map([...reachability.connections()].map(({ from, to, ports }) => [`${from} ${to}`, ports]));
      expect([...shown.keys()].sort()).toEqual([...listed.keys()].sort());
      for (const [pair, ports] of listed) {
        const words = ports.flatMap(({ protocol, ranges, families }) =>
          ranges.map(
            ([first, last]) => `${first}-${last}/${protocol}${families === undefined ? '' : ` (${families[0]} only)`}`,
          ),
        );
        expect([pair, points(shown.get(pair) ?? [])]).toEqual([pair, points(words)]);
      }
    }),
    effort(150),
  );
});

it('a summary leaves nothing out, and says "some" unless every pair is open', patient, () => {
  fc.assert(
    fc.property(randomCluster, (cluster) => {
      const reachability = reachabilityOf(cluster);
      const summary = draw(summarise(partsOf(reachability, false), () => true));
      const listed = new Map([...reachability.connections()].map(({ from, to, ports }) => [`${from} ${to}`, ports]));
      const wordsOf = (pair: string): string[] =>
        (listed.get(pair) ?? []).flatMap(({ protocol, ranges, families }) =>
          ranges.map(
            ([first, last]) => `${first}-${last}/${protocol}${families === undefined ? '' : ` (${families[0]} only)`}`,
          ),
        );
      const all = expand(summary);
      for (const pair of listed.keys()) {
        const shown = points([...(all.get(pair) ?? [])].map((words) => words.replace(/ \(some pairs\)$/, '')));
        expect(shown).toEqual(expect.arrayContaining(points(wordsOf(pair))));
      }
      const certain = { ...summary, edges: summary.edges.filter(({ partial }) => !partial) };
      for (const [pair, shown] of expand(certain)) {
        const sure = [...shown].filter((words) => !words.endsWith(' (some pairs)'));
        expect([pair, points(wordsOf(pair))]).toEqual([pair, expect.arrayContaining(points(sure))]);
      }
    }),
    effort(100),
  );
});
