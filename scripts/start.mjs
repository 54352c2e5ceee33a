/**
 * A first look, for `npm start`. On Linux as root with nft, examples/shop comes up in the lab: every connection is tried
 * with real packets, a policy is changed, and every connection is tried once more. On a terminal the page then opens on it and
 * stays until Ctrl-C. Elsewhere the same questions are answered without packets.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const LAB = `start-${process.pid}`;

/** 1 is an answer too: denied, or findings. Anything else means that the command itself went wrong. */
const ANSWERS = [0, 1];

/** Somebody watches, who can press Ctrl-C. */
const IS_WATCHED = process.stdin.isTTY === true && process.stdout.isTTY === true && process.env.CI === undefined;

let child;
let interrupted = false;

/** Runs a command of ours and shows it. Answers its exit code. */
async function run(words, { shown = words, answers = ANSWERS, signals = true } = {}) {
  if (shown !== null) console.log(`$ ./bin/portcullis ${shown.join(' ')}\n`);
  const status = await new Promise((resolve, reject) => {
    const started = spawn(process.execPath, ['bin/portcullis', ...words], { cwd: root, stdio: 'inherit' });
    if (signals) child = started;
    started.on('error', reject);
    started.on('exit', (code, signal) => resolve(code ?? signal));
  });
  child = undefined;
  if (interrupted && signals) throw new Interrupted();
  if (!answers.includes(status)) throw new Error(`portcullis ${words.join(' ')} ended with ${status}`);
  console.log();
  return status;
}

class Interrupted extends Error {}

function heading(text) {
  console.log(`# ${text}`);
}

const INTRODUCTION = 'examples/shop is a small shop with its network policies, which say who may connect to whom.';

async function analyse(reason) {
  console.log(
    `${INTRODUCTION}\nNo packets here: ${reason}.\nSo this asks what the policies of examples/shop say, and sends nothing.\n`,
  );
  heading('Who reaches whom in the shop');
  await run('reach -f examples/shop -n shop -o matrix --no-external'.split(' '));
  heading('A denied connection, and why');
  await run('can -f examples/shop shop/deploy/frontend shop/deploy/cart 8080 --explain'.split(' '));
  heading('An allowed one');
  await run('can -f examples/shop shop/deploy/frontend shop/deploy/cart 7070'.split(' '));
  console.log('More to ask: examples/README.md, and ./bin/portcullis --help\n');
  if (IS_WATCHED) await withCopy((shop) => page(shop, 'who reaches whom, and why', []));
}

/** Does something with a copy of the shop, which is gone afterwards. */
async function withCopy(work) {
  const folder = mkdtempSync(path.join(tmpdir(), 'portcullis-start-'));
  try {
    const shop = path.join(folder, 'shop');
    cpSync(path.join(root, 'examples/shop'), shop, { recursive: true });
    await work(shop);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The page over the files of a folder, until Ctrl-C: that is how it ends, and no failure. */
async function page(shop, what, flags) {
  heading(`The page, for your browser: ${what}`);
  console.log(`What you edit in ${shop} shows at once. Ctrl-C ends.\n`);
  await run(['serve', '-f', shop, '--port', '0', ...flags]).catch((error) => {
    if (!(error instanceof Interrupted)) throw error;
    console.log();
  });
}

const CART = 'policies/shop/cart.yaml';

async function enforce() {
  const named = ['--name', LAB];
  console.log(
    `${INTRODUCTION}\nHere its pods become network namespaces of this machine, whose kernel enforces the policies. ` +
      'Nothing outside them is contacted,\nand all of it is removed at the end.\n',
  );
  try {
    await withCopy(async (shop) => {
      heading('The shop as the policies have it');
      await run('reach -f examples/shop -n shop -o matrix --no-external'.split(' '));
      heading('The same with packets: every pod a network namespace, policies enforced by the kernel');
      await run(['lab', 'up', '-f', shop, ...named, '--summary']);
      heading('Every connection is tried, and compared with what was predicted');
      await run(['lab', 'probe', ...named, '-q'], { answers: [0] });
      await changePolicy(shop, named);
      if (!IS_WATCHED) return;
      console.log(`The lab is up still. In another terminal: ./bin/portcullis lab probe --name ${LAB}\n`);
      await page(shop, 'who reaches whom, and what the kernel denied', ['--flows', await flowLog()]);
    });
  } finally {
    heading('Away with it');
    await run(['lab', 'down', ...named], { signals: false });
  }
  console.log('Try it yourself: docs/lab.md. More to ask: examples/README.md, and ./bin/portcullis --help');
}

/** Where the agent of the lab's only node tells what it denied. */
async function flowLog() {
  const { labPaths } = await import('../dist/lab/names.js');
  const { readPlan } = await import('../dist/lab/files.js');
  const paths = labPaths(LAB);
  const [node] = readPlan(paths)?.nodes ?? [];
  if (node === undefined) throw new Error('the lab has no node');
  return paths.flowLog(node.slot);
}

async function changePolicy(shop, named) {
  heading('Who reaches the carts');
  await run(['lab', 'probe', ...named, '--to', 'shop/deploy/cart'], { answers: [0] });
  heading(`A policy is edited: ${CART} lets the recommendation service in instead of the frontend`);
  const file = path.join(shop, CART);
  const before = readFileSync(file, 'utf8');
  const after = before.replace('[frontend, checkout]', '[recommendation, checkout]');
  if (after === before) throw new Error(`${CART} is not as it was`);
  writeFileSync(file, after);
  console.log();
  await run(['diff', 'examples/shop', shop, '-n', 'shop', '--no-external'], { answers: [1] });
  heading('The kernel follows');
  await run(['lab', 'probe', ...named, '--to', 'shop/deploy/cart'], { answers: [0] });
  heading('And nothing else changed: every connection once more');
  await run(['lab', 'probe', ...named, '-q'], { answers: [0] });
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    interrupted = true;
    child?.kill(signal);
  });
}
const obstacle = await import('../dist/lab/index.js').then(
  ({ labObstacle }) => labObstacle(),
  (error) => `the lab cannot be loaded on this machine (${error.message})`,
);
try {
  await (obstacle === undefined ? enforce() : analyse(obstacle));
} catch (error) {
  if (!(error instanceof Interrupted)) console.error(`start: ${error.message}`);
  process.exitCode = error instanceof Interrupted ? 130 : 1;
}
