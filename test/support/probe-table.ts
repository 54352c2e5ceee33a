/** Connections that are tried, told apart by a number that stands in each of their packets. */

import type { Flow } from '../../src/engine/index.ts';
import {
  ACK,
  type Ends,
  echoRequest,
  ICMP,
  ICMPV6,
  ipPacket,
  RST,
  SCTP,
  SYN,
  sctpInit,
  TCP,
  tcpSegment,
  UDP,
  udpDatagram,
} from './raw-packets.ts';
import type { Arrival, RawSockets } from './raw-sockets.ts';

/**
 * What became of a connection.
 *
 * - `passed`: it reached its destination, and an answer came back
 * - `unanswered`: it reached its destination, and no answer came back
 * - `refused`: it was answered on the way
 * - `dropped`: nothing came of it
 */
export type ProbeOutcome = 'passed' | 'unanswered' | 'refused' | 'dropped';

interface Probe {
  readonly flow: Flow;
  readonly ends: Ends;
  readonly from: RawSockets;
  readonly to: RawSockets;
  arrived: boolean;
  answered: boolean;
  refused: boolean;
}

/** Source ports and identifiers are from here on. */
const FIRST = 10_000;
/** So many probes have numbers of their own. */
export const PROBE_COUNT = 50_000;

export class ProbeTable {
  readonly #probes: Probe[] = [];
  readonly #first: number;

  /** @param first the number of the first probe; with the last it must stay below {@link PROBE_COUNT} */
  constructor(first: number) {
    this.#first = first;
  }

  /** Sends the first packet of a connection. */
  send(flow: Flow, ends: Ends, from: RawSockets, to: RawSockets): void {
    const token = FIRST + this.#first + this.#probes.length;
    this.#probes.push({ flow, ends, from, to, arrived: false, answered: false, refused: false });
    const protocol = protocolOf(flow);
    from.send(ipPacket(ends, protocol, firstPacket(flow, ends, token)), ends.destination);
  }

  #probe(token: number): Probe | undefined {
    return this.#probes[token - FIRST - this.#first];
  }

  /** A packet came to a host. */
  take(at: RawSockets, { protocol, bytes }: Arrival): void {
    if (protocol === TCP) this.#takeSegment(at, bytes);
    else if (protocol === UDP || protocol === SCTP) this.#takeDatagram(at, protocol, bytes);
    else this.#takeIcmp(at, protocol, bytes);
  }

  #takeSegment(at: RawSockets, bytes: Buffer): void {
    const flags = (bytes[13] ?? 0) & (SYN | ACK | RST);
    if (flags === SYN) this.#arrived(at, TCP, bytes.readUInt16BE(0));
    else this.#answered(at, TCP, bytes.readUInt16BE(2), bytes.readUInt16BE(0), (flags & RST) !== 0);
  }

  #takeDatagram(at: RawSockets, protocol: number, bytes: Buffer): void {
    const ports = [bytes.readUInt16BE(0), bytes.readUInt16BE(2)] as const;
    const answers = protocol === UDP ? bytes.toString('latin1', 8) === ANSWER : bytes[12] === 2;
    if (answers) {
      this.#answered(at, protocol, ports[1], ports[0], false);
      return;
    }
    const probe = this.#arrived(at, protocol, ports[0]);
    if (probe === undefined) return;
    const back = { source: probe.ends.destination, destination: probe.ends.source };
    const answer =
      protocol === UDP
        ? udpDatagram(back, ports[1], ports[0], Buffer.from(ANSWER))
        : sctpInit(ports[1], ports[0], true);
    at.send(ipPacket(back, protocol, answer), back.destination);
  }

  #takeIcmp(at: RawSockets, protocol: number, bytes: Buffer): void {
    const type = bytes[0];
    const [request, reply, unreachable] = protocol === ICMP ? [8, 0, 3] : [128, 129, 1];
    const id = bytes.readUInt16BE(4);
    if (type === request) this.#arrived(at, protocol, id);
    else if (type === reply) this.#answered(at, protocol, id, undefined, false);
    else if (type === unreachable) this.#unreachable(at, bytes.subarray(8));
  }

  /** The packet that could not be delivered is in the message. */
  #unreachable(at: RawSockets, packet: Buffer): void {
    const isIPv4 = (packet[0] ?? 0) >> 4 === 4;
    const protocol = packet[isIPv4 ? 9 : 6] ?? 0;
    const inner = packet.subarray(isIPv4 ? ((packet[0] ?? 0) & 15) * 4 : 40);
    const isEcho = protocol === ICMP || protocol === ICMPV6;
    const probe = this.#probe(inner.readUInt16BE(isEcho ? 4 : 0));
    if (probe === undefined || probe.from !== at || protocolOf(probe.flow) !== protocol) return;
    if (isEcho || inner.readUInt16BE(2) === probe.flow.port) probe.refused = true;
  }

  #arrived(at: RawSockets, protocol: number, token: number): Probe | undefined {
    const probe = this.#probe(token);
    if (probe === undefined || probe.to !== at || protocolOf(probe.flow) !== protocol) return undefined;
    probe.arrived = true;
    return probe;
  }

  #answered(at: RawSockets, protocol: number, token: number, port: number | undefined, reset: boolean): void {
    const probe = this.#probe(token);
    if (probe === undefined || probe.from !== at || protocolOf(probe.flow) !== protocol) return;
    if (port !== undefined && port !== probe.flow.port) return;
    probe.answered = true;
    if (reset) probe.refused = true;
  }

  /** Whether all that should pass did. */
  answered(expected: readonly boolean[]): boolean {
    return this.#probes.every(({ arrived, answered }, at) => expected[at] !== true || (arrived && answered));
  }

  outcomes(): ProbeOutcome[] {
    return this.#probes.map(({ arrived, answered, refused }) =>
      arrived ? (answered ? 'passed' : 'unanswered') : refused ? 'refused' : 'dropped',
    );
  }
}

const ASKED = 'ask';
const ANSWER = 'answer';

function protocolOf({ protocol, family }: Flow): number {
  switch (protocol) {
    case 'TCP':
      return TCP;
    case 'UDP':
      return UDP;
    case 'SCTP':
      return SCTP;
    case 'other':
      return family === 'IPv4' ? ICMP : ICMPV6;
  }
}

function firstPacket({ protocol, port }: Flow, ends: Ends, token: number): Buffer {
  switch (protocol) {
    case 'TCP':
      return tcpSegment(ends, token, port, SYN);
    case 'UDP':
      return udpDatagram(ends, token, port, Buffer.from(ASKED));
    case 'SCTP':
      return sctpInit(token, port, false);
    case 'other':
      return echoRequest(ends, token);
  }
}
