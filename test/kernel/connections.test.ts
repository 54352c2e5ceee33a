import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Connection, ConnectionTuple } from '../../src/agent/kernel/kernel.ts';
import { address } from '../support/flows.ts';
import { run, skipsKernelTests, TestNamespaces } from '../support/kernel.ts';
import { RemoteKernel } from '../support/remote-kernel.ts';

function tuple(source: string, sourcePort: number, destination: string, destinationPort: number): ConnectionTuple {
  return { source: address(source), destination: address(destination), sourcePort, destinationPort };
}

/** Entries as `conntrack -I` takes them, and as they are listed: by source port. */
const ENTRIES = [
  {
    words: '-p sctp --state ESTABLISHED --orig-vtag 1 --reply-vtag 2 -s 10.0.0.4 -d 10.0.0.5 --sport 7 --dport 9',
    protocol: 132,
    original: tuple('10.0.0.4', 7, '10.0.0.5', 9),
    reply: tuple('10.0.0.5', 9, '10.0.0.4', 7),
  },
  {
    words: '-p udp -s fd00::1 -d fd00::2 --sport 53 --dport 5353',
    protocol: 17,
    original: tuple('fd00::1', 53, 'fd00::2', 5353),
    reply: tuple('fd00::2', 5353, 'fd00::1', 53),
  },
  {
    words: '-p tcp --state ESTABLISHED -u SEEN_REPLY -s 10.0.0.1 -d 10.0.0.2 --sport 1000 --dport 80',
    protocol: 6,
    original: tuple('10.0.0.1', 1000, '10.0.0.2', 80),
    reply: tuple('10.0.0.2', 80, '10.0.0.1', 1000),
  },
  {
    // To a Service that is answered by 10.0.0.3.
    words:
      '-p tcp --state ESTABLISHED -s 10.0.0.1 -d 10.96.0.1 --sport 1001 --dport 443 -r 10.0.0.3 -q 10.0.0.1 --reply-port-src 8443 --reply-port-dst 1001',
    protocol: 6,
    original: tuple('10.0.0.1', 1001, '10.96.0.1', 443),
    reply: tuple('10.0.0.3', 8443, '10.0.0.1', 1001),
  },
];

describe.skipIf(skipsKernelTests())('tracked connections', () => {
  const namespaces = new TestNamespaces();
  const namespace = namespaces.add('tracked');
  const kernel = new RemoteKernel(namespace);
  afterAll(async () => {
    await kernel.close();
    namespaces.remove();
  });

  const conntrack = (...words: string[]): void => {
    run('ip', ['netns', 'exec', namespace, 'conntrack', ...words]);
  };
  const insert = (words: string): void => conntrack('-I', '-t', '600', ...words.split(' '));
  const list = async (involving?: readonly string[]): Promise<Connection[]> => {
    const found = await kernel.connections(involving?.map(address));
    return [...found].sort((a, b) => a.original.sourcePort - b.original.sourcePort);
  };
  const shown = (connections: readonly (typeof ENTRIES)[number][] | readonly Connection[]): unknown =>
    connections.map(({ protocol, original, reply }) => ({ protocol, original, reply }));

  beforeEach(() => {
    conntrack('-F');
    for (const { words } of ENTRIES) insert(words);
  });

  test('are listed, of both IP versions', async () => {
    const found = await list();
    expect(shown(found)).toEqual(shown(ENTRIES));
    expect(new Set(found.map(({ id }) => id)).size).toBe(ENTRIES.length);
    expect(found.map(({ zone }) => zone)).toEqual(ENTRIES.map(() => 0));
  });

  test.each([
    { involving: ['10.0.0.1'], ports: [1000, 1001] },
    { involving: ['10.0.0.3', 'fd00::2'], ports: [53, 1001] },
    // The Service is no end of the connection.
    { involving: ['10.96.0.1'], ports: [] },
    { involving: [], ports: [] },
  ])('of $involving alone', async ({ involving, ports }) => {
    expect((await list(involving)).map(({ original }) => original.sourcePort)).toEqual(ports);
  });

  test('are cut one by one, translated ones too, and each once', async () => {
    const found = await list();
    for (const [at, connection] of found.entries()) {
      expect(await kernel.cut([connection])).toBe(1);
      expect(shown(await list())).toEqual(shown(ENTRIES.slice(at + 1)));
    }
    expect(await kernel.cut(found)).toBe(0);
  });

  test('of another zone stay', async () => {
    const before = await list();
    for (const { words } of ENTRIES) insert(`${words} --zone 7`);
    const ofZone = (await list()).filter(({ zone }) => zone === 7);
    expect(ofZone).toHaveLength(ENTRIES.length);
    expect(await kernel.cut(ofZone)).toBe(ENTRIES.length);
    expect(await list()).toEqual(before);
  });
});
