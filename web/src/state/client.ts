import type { Answer, Params, RequestName } from '../worker/protocol.ts';

interface Pending {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

const worker = new Worker(new URL('../worker/main.ts', import.meta.url), { type: 'module', name: 'engine' });
const pending = new Map<number, Pending>();
let next = 0;

worker.onmessage = ({ data }: MessageEvent<{ id: number; answer: never; error?: string }>) => {
  const waiting = pending.get(data.id);
  pending.delete(data.id);
  if (data.error === undefined) waiting?.resolve(data.answer);
  else waiting?.reject(new Error(data.error));
};
worker.onerror = ({ message }) => {
  for (const { reject } of pending.values()) reject(new Error(message));
  pending.clear();
};

/** Asks the worker that holds the world. Requests are answered in the order in which they were made. */
export function ask<N extends RequestName>(name: N, params: Params<N>): Promise<Answer<N>> {
  const id = next++;
  return new Promise<Answer<N>>((resolve, reject) => {
    pending.set(id, { resolve, reject });
    worker.postMessage({ id, name, params });
  });
}
