import { effect } from '@preact/signals';
import { ask } from './client.ts';
import { locale } from './preferences.ts';
import { fail, files, snapshot } from './store.ts';

/** What the worker speaks, from the beginning. */
let spoken = 'en';

/** Has the worker say what it says in the language that is chosen, now and whenever another one is. */
export function followLocale(): void {
  effect(() => {
    const wanted = locale.value;
    if (wanted === spoken) return;
    spoken = wanted;
    ask('language', { locale: wanted }).then((now) => {
      if (files.peek() !== undefined) snapshot.value = now;
    }, fail);
  });
}
