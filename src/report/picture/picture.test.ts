import { describe, expect, it } from 'vitest';
import type { Endpoint, PortEntry } from '../../analysis/index.ts';
import type { ReachabilitySource } from '../reachability-source.ts';
import { buildPicture } from './build.ts';
import { reachDot } from './dot.ts';
import { layoutPicture } from './layout.ts';
import { reachMermaid } from './mermaid.ts';
import type { Picture } from './model.ts';
import { reachSvg } from './svg.ts';

const ALL: readonly PortEntry[] = (['TCP', 'UDP', 'SCTP'] as const).map((protocol) => ({
  protocol,
  ranges: [[1, 65535]],
}));
const tcp = (...ports: readonly number[]): readonly PortEntry[] => [
  { protocol: 'TCP', ranges: ports.map((port) => [port, port] as const) },
];
const pods = (namespace: string, name: string, both: boolean): Endpoint => ({
  id: `${namespace}/${name}[Deployment]`,
  type: 'workload',
  namespace,
  name,
  workloadKind: 'Deployment',
  labels: {},
  isolated: { ingress: both, egress: both },
});
const outside: Endpoint = { id: '0.0.0.0/0', type: 'external', ranges: [['0.0.0.0', '255.255.255.255']] };
const [web, cart, db] = [pods('shop', 'web', true), pods('shop', 'cart', true), pods('data', 'db', false)];

type Pair = readonly [Endpoint, Endpoint, readonly PortEntry[]];

function source(endpoints: readonly Endpoint[], pairs: readonly Pair[]): ReachabilitySource {
  const connections = pairs.map(([from, to, ports]) => ({ from: from.id, to: to.id, ports }));
  return {
    endpoints,
    *connections() {
      yield* connections;
    },
    groups: () => connections.map(({ from, to, ports }) => ({ from: [from], to: [to], ports })),
  };
}

function picture(reachability: ReachabilitySource): Picture {
  const built = buildPicture(reachability);
  if ('tooLarge' in built) throw new Error(built.tooLarge);
  return built.picture;
}

function text(result: ReturnType<typeof reachDot>): string {
  if ('tooLarge' in result) throw new Error(result.tooLarge);
  return [...result.text].join('');
}

const shop = source(
  [outside, db, cart, web],
  [
    [outside, web, tcp(80)],
    [web, cart, tcp(7070, 7071)],
    [cart, db, ALL],
  ],
);
/** Names that try to get out of where they are put. */
const EVIL = `"]};<script>alert(1)</script>\\" --> &'|#\n\u202e`;
const evil = source([pods(EVIL, EVIL, false), web], [[pods(EVIL, EVIL, false), web, ALL]]);

describe('buildPicture', () => {
  it('joins what connects alike, and names the members', () => {
    const others = ['a', 'b', 'c'].map((name) => pods('shop', name, true));
    const { frames, edges } = picture(
      source(
        [...others, db],
        others.map((one): Pair => [one, db, tcp(5432)]),
      ),
    );
    expect(frames.flatMap(({ title, boxes }) => boxes.map((box) => [title, box.title, box.lines]))).toEqual([
      ['data', 'db', ['Deployment']],
      ['shop', '3 workloads alike', ['a (Deployment)', 'b (Deployment)', 'c (Deployment)']],
    ]);
    expect(edges).toEqual([{ from: 'b2', to: 'b1', ports: '5432/TCP', open: false, partial: false }]);
  });

  it('says inside a box what is open among its members', () => {
    const [a, b] = [pods('x', 'a', true), pods('x', 'b', true)];
    const { frames, edges } = picture(
      source(
        [a, b],
        [
          [a, b, tcp(1)],
          [b, a, tcp(1)],
        ],
      ),
    );
    expect(frames[0]?.boxes).toMatchObject([{ title: '2 workloads alike', among: '1/TCP' }]);
    expect(edges).toEqual([]);
  });

  it('draws one line for a whole namespace', () => {
    const callers = ['a', 'b', 'c'].map((name) => pods('shop', name, true));
    const pairs = callers.map((one): Pair => [one, db, tcp(53)]);
    const [a, b] = callers as [Endpoint, Endpoint];
    const { frames, edges } = picture(source([...callers, db, pods('z', 'z', true)], [...pairs, [a, b, tcp(80)]]));
    const hub = frames.flatMap(({ boxes }) => boxes).find(({ kind }) => kind === 'all');
    expect(hub).toMatchObject({ title: 'all 3 of shop' });
    expect(edges.filter(({ ports }) => ports === '53/TCP')).toEqual([
      { from: hub?.id, to: 'b1', ports: '53/TCP', open: false, partial: false },
    ]);
  });

  it('draws an outside block on the side it is used, and not when it is not', () => {
    const kinds = picture(shop).frames.map(({ kind }) => kind);
    expect(kinds).toEqual(['from-outside', 'namespace', 'namespace']);
  });

  it('leaves out what has no connections when asked', () => {
    const lonely = source([db, web, cart], [[web, cart, ALL]]);
    const shown = buildPicture(lonely, { connectedOnly: true });
    expect('picture' in shown && shown.picture.frames.map(({ title }) => title)).toEqual(['shop']);
  });

  it('draws namespaces as boxes when there are many, and refuses when there are too many of those', () => {
    const chain = (count: number, perNamespace: number): ReachabilitySource => {
      const all = Array.from({ length: count }, (_, at) => pods(`n${Math.floor(at / perNamespace)}`, `p${at}`, true));
      const pairs = all.slice(1).map((one, at): Pair => [all[at] as Endpoint, one, tcp(at + 1)]);
      return source(all, pairs);
    };
    const { frames, note } = picture(chain(200, 20));
    expect(frames.flatMap(({ boxes }) => boxes.map(({ kind }) => kind))).toEqual(Array(10).fill('overview'));
    expect(note).toContain('200 endpoints in 10 places');
    expect(picture(chain(200, 20)).edges.every(({ partial }) => partial)).toBe(true);
    expect(buildPicture(chain(400, 2))).toMatchObject({
      tooLarge: expect.stringContaining('400 endpoints in 200 places'),
    });
  });
});

describe('layout and drawing', () => {
  it('places boxes in their frames, without overlap, and lines from box to box', async () => {
    const layout = await layoutPicture(picture(shop));
    const overlap = (a: Box, b: Box): boolean =>
      a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
    type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
    for (const [at, one] of layout.boxes.entries()) {
      expect(layout.frames.some((frame) => frame.frame.boxes.includes(one.box) && within(one, frame))).toBe(true);
      for (const other of layout.boxes.slice(at + 1)) expect(overlap(one, other)).toBe(false);
    }
    for (const { points: corners } of layout.edges) expect(corners.length).toBeGreaterThanOrEqual(2);
    function within(inner: Box, outer: Box): boolean {
      return (
        inner.x >= outer.x &&
        inner.y >= outer.y &&
        inner.x + inner.width <= outer.x + outer.width &&
        inner.y + inner.height <= outer.y + outer.height
      );
    }
  });

  it('is the same to the byte on every run', async () => {
    expect(text(await reachSvg(shop))).toBe(text(await reachSvg(shop)));
  });

  it('has nothing of a name as markup', async () => {
    const svg = text(await reachSvg(evil));
    expect(svg).not.toContain('<script');
    expect(svg).not.toContain('\u202e');
    expect(svg).toContain('&lt;script&gt;');
    // Every tag is one of ours.
    const tags = new Set([...svg.matchAll(/<([a-z]+)/g)].map(([, tag]) => tag));
    expect([...tags].sort()).toEqual(
      ['circle', 'desc', 'g', 'line', 'path', 'rect', 'style', 'svg', 'text', 'title'].filter((tag) => tags.has(tag)),
    );
  });

  it('says isolation and all ports in words too', async () => {
    const svg = text(await reachSvg(shop));
    for (const words of ['isolated in + out', 'not isolated', 'all ports']) expect(svg).toContain(`>${words}</text>`);
    expect(text(await reachSvg(source([], [])))).toContain('</svg>');
  });
});

it('reachDot', () => {
  expect(text(reachDot(shop))).toBe(`digraph reachability {
  rankdir=LR;
  compound=true;
  fontname="sans-serif";
  node [shape=box, fontname="sans-serif", fontsize=11];
  edge [fontname="sans-serif", fontsize=10];
  subgraph cluster_1 {
    label="From outside";
    style=dashed;
    b1 [label="any IPv4 address\\n0.0.0.0/0", style="solid"];
  }
  subgraph cluster_2 {
    label="data";
    style=solid;
    b2 [label="db\\nDeployment\\nNOT ISOLATED", style="dashed"];
  }
  subgraph cluster_3 {
    label="shop";
    style=solid;
    b3 [label="cart\\nDeployment\\nISOLATED IN + OUT", style="solid", penwidth=2];
    b4 [label="web\\nDeployment\\nISOLATED IN + OUT", style="solid", penwidth=2];
  }
  b1 -> b4 [label="80/TCP"];
  b3 -> b2 [label="all ports", style=bold, penwidth=3, color="#b3261e", fontcolor="#b3261e"];
  b4 -> b3 [label="7070-7071/TCP"];
}
`);
  const strings = [...text(reachDot(evil)).matchAll(/label=("(?:[^"\\]|\\.)*")/g)].map(([, quoted]) => quoted);
  expect(strings).toHaveLength(5);
});

it('reachMermaid', () => {
  expect(text(reachMermaid(shop))).toBe(`flowchart LR
  subgraph f1["From outside"]
    b1["any IPv4 address<br/>0.0.0.0/0"]
  end
  subgraph f2["data"]
    b2["db<br/>Deployment<br/>NOT ISOLATED"]
  end
  subgraph f3["shop"]
    b3["cart<br/>Deployment<br/>ISOLATED IN + OUT"]
    b4["web<br/>Deployment<br/>ISOLATED IN + OUT"]
  end
  b1 -->|"80/TCP"| b4
  b3 ==>|"all ports"| b2
  b4 -->|"7070-7071/TCP"| b3
  classDef isolated stroke-width:3px
  class b3,b4 isolated
  classDef unisolated stroke:#b3261e,stroke-width:2px,stroke-dasharray:6 3
  class b2 unisolated
  linkStyle 1 stroke:#b3261e,stroke-width:3px
`);
  const labels = [...text(reachMermaid(evil)).matchAll(/\["([^\n]*)"\]/g)].map(([, label]) => label ?? '');
  for (const label of labels) expect(label.replaceAll('<br/>', '')).toMatch(/^[\w #;.,:+()/-]*$/);
});
