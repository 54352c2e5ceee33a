/**
 * A first look, for `npm start`: asks three questions about examples/shop and shows the commands that ask them.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');

/** 1 is an answer too: denied, or findings. Anything else means that the command itself went wrong. */
const ANSWERS = [0, 1];

const steps = [
  ['Who reaches whom in the shop', 'reach -f examples/shop -n shop -o matrix --no-external'],
  ['A denied connection, and why', 'can -f examples/shop shop/deploy/frontend shop/deploy/cart 8080 --explain'],
  ['An allowed one', 'can -f examples/shop shop/deploy/frontend shop/deploy/cart 7070'],
];

for (const [heading, command] of steps) {
  console.log(`\n# ${heading}\n$ ./bin/portcullis ${command}\n`);
  const { status } = spawnSync(process.execPath, ['bin/portcullis', ...command.split(' ')], {
    cwd: root,
    stdio: 'inherit',
  });
  if (!ANSWERS.includes(status)) {
    console.error(`\nstart: the command above ended with ${status}`);
    process.exit(1);
  }
}
console.log('\nMore to ask: examples/README.md, and ./bin/portcullis --help');
