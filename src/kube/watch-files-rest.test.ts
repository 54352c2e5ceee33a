import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { RecordingSink } from '../../test/support/recording-sink.ts';
import { type FilesSource, filesDigest, watchFiles } from './watch-files.ts';

const INVALID = '{podSelector: {}, ingress: [{ports: [{port: 0}]}]}';
function policy(name: string, spec = '{podSelector: {}}'): string {
  return `---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n`;
}

let root = '';
let sink = new RecordingSink();
let clock = new ManualClock();
let source: FilesSource;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'portcullis-rest-'));
  sink = new RecordingSink();
  clock = new ManualClock();
});

afterEach(async () => {
  await source.close();
  rmSync(root, { recursive: true, force: true });
});

function write(name: string, content: string): void {
  writeFileSync(path.join(root, name), content);
}

function replace(name: string, content: string): void {
  write('draft', content);
  renameSync(path.join(root, 'draft'), path.join(root, name));
}

/** Files are read when the clock of the test says so, at once: events that the system tells need it too. */
async function start(): Promise<void> {
  source = watchFiles([root], {
    clock,
    restMs: 2000,
    quietMs: 1,
    rescanMs: 50,
    pauses: () => (): undefined => undefined,
  });
  await source.start(sink);
}

const inForce = (): string[] => sink.names.map((name) => name.replace('NetworkPolicy/shop/', ''));
const isTold = (): boolean => source.digest === filesDigest([root]);

describe('a file that is written in place', () => {
  it.each([
    ['emptied', ''],
    ['written as far as its first object', policy('one')],
    ['overwritten with something else', '# later\n'],
  ])('and %s says what it said until it has rested', async (_, half) => {
    write('a.yaml', policy('one') + policy('two'));
    await start();
    write('a.yaml', half);
    clock.advance(1900);
    expect([inForce(), isTold()]).toEqual([['one', 'two'], false]);
    write('a.yaml', policy('one') + policy('two', '{podSelector: {matchLabels: {a: b}}}'));
    clock.advance(50);
    expect([sink.told.slice(1), isTold()]).toEqual([[['+NetworkPolicy/shop/two']], true]);

    write('a.yaml', half);
    clock.advance(50);
    clock.advance(1999);
    expect(inForce()).toEqual(['one', 'two']);
    clock.advance(1);
    expect([inForce(), isTold()]).toEqual([half.includes('one') ? ['one'] : [], true]);
  });

  it('rests anew whenever it has changed, and tells what is new or different at once', async () => {
    write('a.yaml', policy('one') + policy('two'));
    await start();
    for (const label of ['a', 'b', 'c']) {
      write('a.yaml', policy('one', `{podSelector: {matchLabels: {a: ${label}}}}`) + policy(`new-${label}`));
      clock.advance(1500);
    }
    expect(inForce()).toEqual(['new-a', 'new-b', 'new-c', 'one', 'two']);
    clock.advance(550);
    expect(inForce()).toEqual(['new-c', 'one']);
  });

  it('does not lose anything by being broken after it was emptied', async () => {
    write('a.yaml', policy('one') + policy('two'));
    await start();
    write('a.yaml', policy('one'));
    clock.advance(500);
    write('a.yaml', `${policy('one')}---\nkind: [`);
    clock.advance(10_000);
    expect(inForce()).toEqual(['one', 'two']);
    write('a.yaml', policy('two'));
    clock.advance(50);
    expect(inForce()).toEqual(['one', 'two']);
    clock.advance(2000);
    expect(inForce()).toEqual(['two']);
  });

  it('does not hold back what another file says of what it has lost', async () => {
    write('b.yaml', policy('one'));
    await start();
    write('b.yaml', '');
    write('a.yaml', policy('one', '{podSelector: {matchLabels: {a: b}}}'));
    clock.advance(50);
    expect(sink.told).toEqual([['+NetworkPolicy/shop/one'], ['+NetworkPolicy/shop/one']]);
    expect([sink.problems, isTold()]).toEqual([[], true]);
  });

  it('keeps a refused version of which nothing is in force as long', async () => {
    write('a.yaml', policy('bad', INVALID));
    await start();
    write('a.yaml', '');
    clock.advance(1000);
    expect(sink.told).toEqual([]);
    clock.advance(2000);
    expect(sink.told).toEqual([['-NetworkPolicy/shop/bad']]);
  });
});

describe('what needs no rest', () => {
  it('is a file that takes the place of another, or that is deleted', async () => {
    write('a.yaml', policy('one') + policy('two'));
    write('b.yaml', policy('three'));
    await start();
    replace('a.yaml', policy('two'));
    clock.advance(50);
    expect([inForce(), isTold()]).toEqual([['three', 'two'], true]);
    unlinkSync(path.join(root, 'b.yaml'));
    clock.advance(50);
    expect([inForce(), isTold()]).toEqual([['two'], true]);
    // The same text in another file, and that is written in place then.
    replace('a.yaml', policy('two'));
    clock.advance(50);
    write('a.yaml', '# later\n');
    clock.advance(50);
    expect(inForce()).toEqual(['two']);
  });

  it('is not an empty file, whatever it takes the place of', async () => {
    write('a.yaml', policy('one'));
    await start();
    replace('a.yaml', '');
    clock.advance(1000);
    expect(inForce()).toEqual(['one']);
    clock.advance(2000);
    expect(inForce()).toEqual([]);
  });
});

describe('what a problem hides', () => {
  const lacks = (): boolean[] => sink.lacking;

  it.each([
    ['broken YAML', `${policy('one')}---\nkind: [`],
    ['an invalid policy', policy('one') + policy('two', INVALID)],
    [
      'an operator that does not exist',
      policy('two', '{podSelector: {matchExpressions: [{key: a, operator: Bogus}]}}'),
    ],
    ['a label value that none can have', policy('two', '{podSelector: {matchLabels: {a: "b b"}}}')],
    ['a direction in lower case', policy('two', '{podSelector: {}, policyTypes: [ingress]}')],
    ['text for rules', policy('two', '{podSelector: {}, ingress: "x"}')],
    ['text for a selector', policy('two', '{podSelector: "b"}')],
  ])('is missing at first: %s; and is not when it was there before', async (_, broken) => {
    write('a.yaml', broken);
    await start();
    expect(lacks()).toContain(true);
    write('a.yaml', `# again\n${broken}`);
    clock.advance(50);
    write('a.yaml', policy('one') + policy('two'));
    clock.advance(50);
    expect(sink.resolved_).toEqual(sink.problems);
    const { length } = sink.lacking;
    write('a.yaml', broken);
    clock.advance(50);
    expect([sink.lacking.length > length, sink.lacking.slice(length).includes(true)]).toEqual([true, false]);
    expect(inForce()).toEqual(['one', 'two']);
  });

  it('is added to what could be read of a file that never was whole', async () => {
    write('a.yaml', `${policy('one')}---\nkind: [\n`);
    await start();
    write('a.yaml', `${policy('two')}---\nkind: [[\n`);
    clock.advance(50);
    expect([inForce(), lacks().at(-1)]).toEqual([['one', 'two'], true]);
  });

  it('is no link by which an editor marks a file', async () => {
    write('.#a.yaml', 'kind: [');
    await start();
    expect(sink.problems).toEqual([]);
  });
});
