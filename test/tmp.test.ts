import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { decodeObject } from '../src/model/decode.ts';
import { createWorld } from '../src/analysis/world.ts';
import { computeReachability } from '../src/analysis/reach.ts';
import { can } from '../src/analysis/can.ts';
import { parsePortQuery } from '../src/analysis/ports.ts';
function* walk(d: string): Generator<string> { for (const f of readdirSync(d)) { const p = join(d, f); if (statSync(p).isDirectory()) yield* walk(p); else if (p.endsWith('.yaml')) yield p; } }
it('shop', () => {
  const objects = [];
  for (const f of walk('examples/shop')) for (const d of parseAllDocuments(readFileSync(f, 'utf8'))) { const r = decodeObject(d.toJSON(), {}); if (r.object) objects.push(r.object); }
  const { world, diagnostics } = createWorld(objects);
  console.log(diagnostics);
  const r = computeReachability(world);
  if ('error' in r) throw new Error();
  const conns = [...r.reachability.connections()];
  console.log(r.reachability.endpoints.map((e) => e.id).join('\n'));
  for (const c of conns.slice(0, 60)) console.log(c.from, c.to, JSON.stringify(c.ports));
  console.log(conns.length, r.reachability.groups().length);
  for (const g of r.reachability.groups().slice(0, 10)) console.log(JSON.stringify(g));
  const p = parsePortQuery('8080'); if ('error' in p) throw 1;
  console.log(JSON.stringify(can(world, 'shop/deploy/frontend', 'shop/deploy/cart', p), null, 1));
  console.log(JSON.stringify(can(world, 'internet', 'shop/deploy/frontend'), null, 1).slice(0, 1500));
  console.log(JSON.stringify(can(world, 'shop/crat', 'shop/deploy/frontend'), null, 1).slice(0, 1500));
});
