import { TABLE } from '../../nft/index.ts';
import { KernelError } from './kernel.ts';
import { attribute, eachAttribute, NetlinkSocket } from './netlink.ts';

const NFT_MSG_GETTABLE = (10 << 8) | 1;
const NFPROTO_INET = 1;
const NFTA_TABLE_NAME = 1;
const NFTA_TABLE_FLAGS = 2;

/**
 * The flags of our table, 0 when there is none: 1 is `dormant`, with which the kernel looks at none of it. Older versions of
 * the library do not say them in JSON.
 */
export function tableFlags(): number {
  const socket = new NetlinkSocket();
  try {
    const name = attribute(NFTA_TABLE_NAME, Buffer.from(`${TABLE}\0`, 'latin1'));
    const header = { type: NFT_MSG_GETTABLE, family: NFPROTO_INET };
    const { bytes, from, to } = socket.ask(header, `the table ${TABLE} cannot be read`, name);
    let flags = 0;
    eachAttribute(bytes, from, to, (type, start) => {
      if (type === NFTA_TABLE_FLAGS) flags = bytes.readUInt32BE(start);
    });
    return flags;
  } catch (error) {
    if (error instanceof KernelError && error.code === 'missing') return 0;
    throw error;
  } finally {
    socket.close();
  }
}
