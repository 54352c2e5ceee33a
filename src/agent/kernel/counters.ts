import { TABLE } from '../../nft/index.ts';
import { KernelError } from './kernel.ts';
import { attribute, eachAttribute, type NetlinkMessage, NetlinkSocket } from './netlink.ts';

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
    const ours = [attribute(NFTA_RULE_TABLE, name(TABLE)), attribute(NFTA_RULE_CHAIN, name(chain))];
    let packets: number | undefined;
    for (const rules of socket.list({ type: NFT_MSG_GETRULE, family: NFPROTO_INET }, 'rules', ...ours)) {
      for (const rule of rules) packets = (packets ?? 0) + packetsOf(rule);
    }
    return packets;
  } catch (error) {
    if (error instanceof KernelError && error.code === 'missing') return undefined;
    throw error;
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
