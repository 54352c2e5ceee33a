import { constants } from 'node:os';
import { TABLE } from '../../nft/index.ts';
import { KernelError } from './kernel.ts';
import {
  attribute,
  eachAttribute,
  message,
  type NetlinkMessage,
  NetlinkSocket,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  systemError,
} from './netlink.ts';

const SUBSYSTEM = 10 << 8;
const NFT_MSG_GETRULE = SUBSYSTEM | 7;
const NFPROTO_INET = 1;
const NFTA_RULE_TABLE = 1;
const NFTA_RULE_CHAIN = 2;
const NFTA_RULE_EXPRESSIONS = 4;
const NFTA_LIST_ELEM = 1;
const NFTA_EXPR_NAME = 1;
const NFTA_EXPR_DATA = 2;
const NFTA_COUNTER_PACKETS = 2;

/**
 * The packets that the counters of a chain of our table have counted; undefined when there is no such chain, or no rule
 * in it. Asks for that chain's rules alone: a listing by the library would read every element of the table's sets first.
 */
export function countedPackets(chain: string): number | undefined {
  const socket = new NetlinkSocket();
  try {
    const sequence = socket.nextSequence();
    const header = { type: NFT_MSG_GETRULE, flags: NLM_F_REQUEST | NLM_F_DUMP, sequence, family: NFPROTO_INET };
    socket.send(message(header, attribute(NFTA_RULE_TABLE, name(TABLE)), attribute(NFTA_RULE_CHAIN, name(chain))));
    let packets: number | undefined;
    for (;;) {
      const received = socket.receive();
      if (received === 'none') throw new KernelError('other', 'the list of rules ended early');
      if (received === 'lost') continue;
      for (const part of received) {
        if (part === 'done') return packets;
        if ('error' in part) {
          if (part.error === constants.errno.ENOENT) return undefined;
          throw systemError('rules cannot be listed', part.error);
        }
        packets = (packets ?? 0) + packetsOf(part);
      }
    }
  } finally {
    socket.close();
  }
}

function name(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'latin1');
}

function packetsOf({ bytes, from, to }: NetlinkMessage): number {
  let packets = 0;
  const readCounter = (type: number, start: number): void => {
    if (type === NFTA_COUNTER_PACKETS) packets += Number(bytes.readBigUInt64BE(start));
  };
  const readExpression = (first: number, last: number): void => {
    let kind = '';
    eachAttribute(bytes, first, last, (type, start, end) => {
      // The name comes first, and ends with a zero byte.
      if (type === NFTA_EXPR_NAME) kind = bytes.toString('latin1', start, end - 1);
      else if (type === NFTA_EXPR_DATA && kind === 'counter') eachAttribute(bytes, start, end, readCounter);
    });
  };
  eachAttribute(bytes, from, to, (type, start, end) => {
    if (type !== NFTA_RULE_EXPRESSIONS) return;
    eachAttribute(bytes, start, end, (element, first, last) => {
      if (element === NFTA_LIST_ELEM) readExpression(first, last);
    });
  });
  return packets;
}
