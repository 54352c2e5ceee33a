import { expect, test } from 'vitest';
import { readListing } from './listing.ts';

/** A listing of one set or map. */
function listing(kind: 'set' | 'map', attributes: object): string {
  const common = { family: 'inet', name: 'x', table: 'portcullis', handle: 1 };
  return JSON.stringify({ nftables: [{ metainfo: { version: '1.1.3' } }, { [kind]: { ...common, ...attributes } }] });
}

function read(text: string): unknown {
  const reading = readListing(text);
  let step = reading.next();
  while (step.done !== true) step = reading.next();
  return step.value;
}

const payload = (protocol: string): object => ({ typeof: { payload: { protocol, field: 'saddr' } } });

test.each([
  ['set', { type: 'ipv4_addr' }, { type: 'address', version: 4 }],
  ['set', { type: payload('ip') }, { type: 'address', version: 4 }],
  ['set', { type: payload('ip6'), flags: ['interval'] }, { type: 'range', version: 6 }],
  ['set', { type: payload('ip'), flags: ['timeout', 'dynamic'] }, { type: 'meter', version: 4 }],
  ['set', { type: ['ipv6_addr', 'ipv6_addr'] }, { type: 'pair', version: 6 }],
  ['map', { type: payload('ip6'), map: 'verdict' }, { type: 'address', version: 6 }],
] as const)('a %s of %j, as old and new versions of nft tell it', (kind, attributes, wanted) => {
  const { sets, maps } = read(listing(kind, attributes)) as Record<'sets' | 'maps', ReadonlyMap<string, object>>;
  expect((kind === 'set' ? sets : maps).get('x')).toMatchObject(wanted);
});

test.each([{ type: payload('tcp') }, { type: { typeof: { meta: 'l4proto' } } }, { type: 'ether_addr' }])(
  'a set of %j is none of ours',
  (attributes) => {
    expect(read(listing('set', attributes))).toHaveProperty('unknown');
  },
);
