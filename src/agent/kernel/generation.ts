import { eachAttribute, type NetlinkMessage, NetlinkSocket } from './netlink.ts';

const SUBSYSTEM = 10 << 8;
/** Tells, after what a transaction did, its number. */
export const NFT_MSG_NEWGEN: number = SUBSYSTEM | 15;
const NFT_MSG_GETGEN = SUBSYSTEM | 16;
const NFTA_GEN_ID = 1;

/** The number of the last transaction in this network namespace. @throws KernelError */
export function currentGeneration(): number {
  const socket = new NetlinkSocket();
  try {
    return askGeneration(socket);
  } finally {
    socket.close();
  }
}

/** The same, asked through a socket that receives nothing else. @throws KernelError */
export function askGeneration(socket: NetlinkSocket): number {
  return generationOf(socket.ask({ type: NFT_MSG_GETGEN }, 'nf_tables does not give its generation'));
}

/** The number that a message tells. */
export function generationOf({ bytes, from, to }: NetlinkMessage): number {
  let generation = 0;
  eachAttribute(bytes, from, to, (type, start) => {
    if (type === NFTA_GEN_ID) generation = bytes.readUInt32BE(start);
  });
  return generation;
}
