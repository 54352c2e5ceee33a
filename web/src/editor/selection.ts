import { signal } from '@preact/signals';

/** Where the cursor of the editor stands in the active file. */
export const cursor = signal(0);
