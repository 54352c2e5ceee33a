import { describe, expect, test } from 'vitest';
import { crc32c, parseSctp, sctpInit, sctpInitAck, withoutIpHeader } from './sctp.ts';

test('the checksum is the Castagnoli one', () => {
  // The check value that catalogues of checksums give.
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe306_9283);
  expect(crc32c(Buffer.alloc(0))).toBe(0);
});

describe('packets', () => {
  const init = sctpInit(20_001, 132, 7);

  test('an INIT is what was asked for', () => {
    expect(parseSctp(init)).toEqual({ type: 'init', sourcePort: 20_001, destinationPort: 132, tag: 7 });
    expect(init.readUInt32BE(4)).toBe(0);
    const { length } = init;
    expect(init.readUInt16BE(14)).toBe(length - 12);
  });

  test.each(['a', 'shop/cart-0', 'namespace/of-some-length-12345'])('its answer names %s', (identity) => {
    const asked = parseSctp(init);
    if (asked === undefined) throw new Error('not read');
    const answer = sctpInitAck(asked, identity);
    expect(parseSctp(answer)).toMatchObject({ type: 'init-ack', sourcePort: 132, destinationPort: 20_001, identity });
    expect(answer.readUInt32BE(4)).toBe(7);
    expect(answer.length % 4).toBe(0);
    const sum = answer.readUInt32LE(8);
    answer.writeUInt32LE(0, 8);
    expect(crc32c(answer)).toBe(sum);
  });

  test('an IP header before it is passed over', () => {
    const header = Buffer.alloc(24);
    header[0] = 0x46;
    expect(parseSctp(withoutIpHeader(Buffer.concat([header, init])))?.sourcePort).toBe(20_001);
  });

  test.each([0, 11, 12, 31])('%i bytes are no packet', (length) => {
    expect(parseSctp(init.subarray(0, length))).toBeUndefined();
  });
});
