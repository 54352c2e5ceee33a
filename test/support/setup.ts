/** Runs before each file of tests. */

import { afterAll } from 'vitest';
import { undoAll } from './afterwards.ts';

afterAll(undoAll);
