import { measureEngine } from './engine.ts';
import { DEFAULT_SHAPE, PRESETS } from './shape.ts';

/**
 * One size measured in a process of its own, so that its memory is its own: `node --expose-gc engine-run.js 10k 1000`
 * with the preset and the number of deltas. Writes a JSON list of figures to standard output.
 */
const [size = '', deltas = ''] = process.argv.slice(2);
const figures = measureEngine(size, { ...DEFAULT_SHAPE, ...PRESETS[size] }, Number(deltas));
process.stdout.write(`${JSON.stringify(figures)}\n`);
