import type { RequestName } from './protocol.ts';
import { Workbench } from './workbench.ts';

/** What a worker's global has, as far as it is used here. */
interface Scope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown, transfer?: readonly Transferable[]): void;
}

const scope = globalThis as unknown as Scope;
const workbench = new Workbench();
let last: Promise<void> = Promise.resolve();

/** A request by number; one is answered after the other. */
scope.onmessage = ({ data }) => {
  const { id, name, params } = data as { id: number; name: RequestName; params: never };
  last = last.then(async () => {
    try {
      const answer: unknown = await workbench.answer(name, params);
      const transfer =
        typeof answer === 'object' && answer !== null && 'cells' in answer && answer.cells instanceof Uint16Array
          ? [answer.cells.buffer as ArrayBuffer]
          : [];
      scope.postMessage({ id, answer }, transfer);
    } catch (error) {
      scope.postMessage({
        id,
        error: error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error),
      });
    }
  });
};
