import { batch, signal } from '@preact/signals';
import { activeFile, editorOpen } from '../state/store.ts';

/** Whether the editor shows what is other than at the start. */
export const comparing = signal(false);

export function compareWithStart(name: string): void {
  batch(() => {
    editorOpen.value = true;
    activeFile.value = name;
    comparing.value = true;
  });
}
