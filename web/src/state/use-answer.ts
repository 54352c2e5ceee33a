import { useEffect, useState } from 'preact/hooks';
import type { Answer, Params, RequestName } from '../worker/protocol.ts';
import { ask } from './client.ts';
import { failure, snapshot } from './store.ts';

/**
 * The worker's answer for the state that is shown, asked anew when that or the parameters change. The last answer stays until
 * the next is there.
 * @param params undefined: not asked
 */
export function useAnswer<N extends RequestName>(name: N, params: Params<N> | undefined): Answer<N> | undefined {
  const [answer, setAnswer] = useState<Answer<N> | undefined>(undefined);
  const revision = snapshot.value?.revision;
  const key = JSON.stringify(params);
  useEffect(() => {
    if (params === undefined || revision === undefined) {
      setAnswer(undefined);
      return;
    }
    let stale = false;
    ask(name, params).then(
      (found) => {
        if (!stale) setAnswer(() => found);
      },
      (error: unknown) => {
        failure.value = error instanceof Error ? error.message : String(error);
      },
    );
    return () => {
      stale = true;
    };
  }, [name, key, revision]);
  return answer;
}
