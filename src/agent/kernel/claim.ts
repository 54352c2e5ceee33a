import { currentGeneration } from './generation.ts';
import { CLAIM_GROUP, type Closer, KernelError } from './kernel.ts';
import { bindLogGroup } from './packet-log.ts';

/** Claims the table; undefined while another process has it. @throws KernelError also when CAP_NET_ADMIN is missing */
export function claimTable(): Closer | undefined {
  // The kernel refuses a group that is taken as it refuses everything without the capability.
  currentGeneration();
  try {
    const socket = bindLogGroup(CLAIM_GROUP);
    return { close: async () => socket.close() };
  } catch (error) {
    if (error instanceof KernelError && error.code === 'busy') return undefined;
    throw error;
  }
}
