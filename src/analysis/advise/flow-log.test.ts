import { describe, expect, it } from 'vitest';
import type { ObservedFlow } from './flow.ts';
import { readFlowLog, readFlowLogs } from './flow-log.ts';

const own = (parts: object): string =>
  JSON.stringify({
    time: '2026-01-01T00:00:00Z',
    verdict: 'allowed',
    direction: 'egress',
    source: { address: '10.0.0.1', namespace: 'shop', pod: 'web-1', workload: 'web' },
    destination: { address: '192.0.2.1' },
    protocol: 'TCP',
    port: 443,
    ...parts,
  });
const hubble = (parts: object): string =>
  JSON.stringify({
    flow: {
      verdict: 'FORWARDED',
      IP: { source: '10.0.0.1', destination: '10.0.0.2' },
      l4: { TCP: { source_port: 40000, destination_port: 7070 } },
      source: {
        namespace: 'shop',
        pod_name: 'web-7d9-x',
        labels: ['k8s:app=web', 'k8s:io.kubernetes.pod.namespace=shop'],
        workloads: [{ name: 'web', kind: 'Deployment' }],
      },
      destination: { namespace: 'shop', pod_name: 'cart-1', labels: ['k8s:app=cart'] },
      traffic_direction: 'EGRESS',
      ...parts,
    },
    node_name: 'n1',
  });

function read(text: string) {
  return readFlowLog('log', text);
}

const place = (line: number, column = 1) => ({ file: 'log', line, column });

describe('JSON lines', () => {
  it('of our own: ends, port, how often, where first', () => {
    const { format, flows, diagnostics } = read(`${own({})}\n\n${own({})}\n${own({ protocol: 'udp', port: 53 })}\n`);
    expect([format, diagnostics]).toEqual(['portcullis', []]);
    const from = { address: '10.0.0.1', namespace: 'shop', pod: 'web-1', workload: 'web' };
    const to = { address: '192.0.2.1' };
    expect(flows).toEqual<ObservedFlow[]>([
      { from, to, protocol: 'TCP', first: 443, last: 443, count: 2, source: place(1) },
      { from, to, protocol: 'UDP', first: 53, last: 53, count: 1, source: place(4) },
    ]);
  });

  it('of Hubble, with and without the wrapper', () => {
    const bare = JSON.stringify(JSON.parse(hubble({})).flow);
    const { format, flows } = read(`${hubble({})}\n${bare}\n{"node_status":{"state_change":"NODE_CONNECTED"}}\n`);
    expect(format).toBe('hubble');
    expect(flows).toEqual([
      {
        from: {
          address: '10.0.0.1',
          namespace: 'shop',
          pod: 'web-7d9-x',
          workload: 'Deployment/web',
          labels: { app: 'web' },
        },
        to: { address: '10.0.0.2', namespace: 'shop', pod: 'cart-1', labels: { app: 'cart' } },
        protocol: 'TCP',
        first: 7070,
        last: 7070,
        count: 2,
        source: place(1),
      },
    ]);
  });

  it('counts what was denied and what answers others', () => {
    const lines = [own({ verdict: 'denied' }), hubble({ verdict: 'DROPPED' }), hubble({ is_reply: true }), own({})];
    expect(read(lines.join('\n'))).toMatchObject({ denied: 2, replies: 1, flows: [{ count: 1 }], diagnostics: [] });
  });

  it('knows ICMP', () => {
    expect(read(hubble({ l4: { ICMPv4: { type: 8 } } })).flows).toMatchObject([{ protocol: 'other' }]);
  });

  it.each([
    ['no JSON', '{"source":', /^not JSON: /],
    ['no object', '{}\n[]', /"source" is missing/],
    ['no end', own({ source: {} }), /"source" names neither a pod nor an address/],
    ['no port', own({ port: undefined }), /the destination port is not a number from 1 to 65535/],
    ['a port out of range', own({ port: 70000 }), /the destination port 70000 is not/],
    ['an unknown verdict', own({ verdict: 'maybe' }), /"maybe" is neither allowed nor denied/],
    ['an unknown end of Hubble', hubble({ source: {}, IP: {} }), /"source" names neither/],
  ])('%s is an error with its place', (_, line, message) => {
    const { diagnostics } = read(`${own({})}\n  ${line}\n`);
    expect(diagnostics[0]).toMatchObject({ code: 'flow-log', severity: 'error', source: place(2, 3) });
    expect(diagnostics[0]?.message).toMatch(message);
  });

  it('tells the first problems and counts the others', () => {
    const { diagnostics } = read('{"a":1}\n'.repeat(50));
    expect(diagnostics).toHaveLength(21);
    expect(diagnostics.at(-1)?.message).toBe('and 30 more lines that cannot be read');
  });
});

describe('CSV', () => {
  it('has columns in any order, quotes, ranges, and empty lines', () => {
    const text =
      '\ufeffport,"to",FROM,protocol,note\r\n80,a/x,"b/y",tcp,"one, ""two""\nlines"\r\n\r\n8000-8080,a/x,b/y,,\r\n';
    const { format, flows, diagnostics } = read(text);
    expect([format, diagnostics]).toEqual(['csv', []]);
    expect(flows).toEqual([
      { from: { name: 'b/y' }, to: { name: 'a/x' }, protocol: 'TCP', first: 80, last: 80, count: 1, source: place(2) },
      {
        from: { name: 'b/y' },
        to: { name: 'a/x' },
        protocol: 'TCP',
        first: 8000,
        last: 8080,
        count: 1,
        source: place(5),
      },
    ]);
  });

  it.each([
    ['', 'the flow log is empty', place(1)],
    ['from,to,port\n', 'the header has no column protocol', place(1)],
    ['from,to,protocol,port\na,b\n', 'the record has 2 of 4 fields', place(2)],
    ['from,to,protocol,port\n,b,TCP,1\n', 'from is empty', place(2)],
    ['from,to,protocol,port\na,b,ICMP,1\n', '"ICMP" is not a protocol: use TCP, UDP or SCTP', place(2, 5)],
    ['from,to,protocol,port\na,b,TCP,http\n', '"http" is not a port number', place(2, 9)],
    ['from,to,protocol,port\na,b,TCP,0\n', '"0" is out of range: ports are 1 to 65535', place(2, 9)],
  ])('%j: %s', (text, message, source) => {
    expect(read(text).diagnostics).toMatchObject([{ severity: 'error', message, source }]);
  });
});

describe('several logs', () => {
  const read = (...texts: readonly string[]) =>
    readFlowLogs(texts.map((text, index) => ({ name: `log-${index}`, text })));

  it('are one: equal flows once, denied ones counted, each with the place that has it first', () => {
    const denied = own({ verdict: 'denied', port: 25 });
    const log = read(own({ port: 80 }), `${own({})}\n${own({ port: 80 })}\n${own({ port: 80 })}\n${denied}`, denied);
    expect(log.flows.map(({ first, count, source }) => [first, count, source.file, source.line])).toEqual([
      [80, 3, 'log-0', 1],
      [443, 1, 'log-1', 1],
    ]);
    expect(log.refused.map(({ first, count }) => [first, count])).toEqual([[25, 2]]);
    expect([log.denied, log.replies, log.diagnostics]).toEqual([2, 0, []]);
  });

  it('may be of different formats', () => {
    const { flows, diagnostics } = read(own({}), hubble({}), 'from,to,protocol,port\nshop/web,shop/cart,TCP,7070\n');
    expect(flows.map(({ first }) => first)).toEqual([443, 7070, 7070]);
    expect(diagnostics).toEqual([]);
  });

  it('may be empty, but not all of them', () => {
    expect(read('', own({}), '\n')).toMatchObject({ flows: [{ first: 443 }], diagnostics: [] });
    expect(read('', '\n').diagnostics.map(({ code, source }) => [code, source?.file])).toEqual([
      ['empty-flow-log', 'log-0'],
      ['empty-flow-log', 'log-1'],
    ]);
  });

  it('tell in which of them a line is wrong', () => {
    expect(read(own({}), `${own({})}\nno`).diagnostics).toMatchObject([{ source: { file: 'log-1', line: 2 } }]);
  });
});
