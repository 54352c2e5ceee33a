/** Runs a {@link LinuxKernel} for a test: in the network namespace that this process was started in. */

import { KernelError } from '../../src/agent/kernel/kernel.ts';
import { LinuxKernel } from '../../src/agent/kernel/linux-kernel.ts';
import type { Answer, Call } from './remote-kernel.ts';

const kernel = new LinuxKernel();
const open = new Map<number, { close(): Promise<void> }>();

function tell(answer: Answer): void {
  process.send?.(answer);
}

async function answer(call: Call): Promise<unknown> {
  switch (call.method) {
    case 'watch':
      open.set(call.id, await kernel.watch(() => tell({ event: call.id, values: [] })));
      return call.id;
    case 'receiveLog': {
      const onPacket = (packet: unknown): void => tell({ event: call.id, values: [packet] });
      open.set(call.id, await kernel.receiveLog(call.args[0], onPacket, () => tell({ event: call.id, values: [] })));
      return call.id;
    }
    case 'closeOne':
      await open.get(call.args[0])?.close();
      return undefined;
    default:
      return await (kernel[call.method] as (...args: readonly unknown[]) => Promise<unknown>)(...call.args);
  }
}

process.on('message', (call: Call) => {
  answer(call).then(
    (result) => {
      tell({ id: call.id, result });
      if (call.method === 'close') process.disconnect();
    },
    (error: unknown) => {
      const code = error instanceof KernelError ? error.code : undefined;
      tell({ id: call.id, error: error instanceof Error ? error.message : String(error), code });
    },
  );
});
