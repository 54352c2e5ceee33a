import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type InputState, LiveInput } from './live-input.ts';
import { TextWatcher } from './watch-texts.ts';

let root: string;
let watcher: TextWatcher | undefined;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'portcullis-texts-'));
});

afterEach(async () => {
  await watcher?.close();
  rmSync(root, { recursive: true, force: true });
});

async function watch(paths: readonly string[], stdin = ''): Promise<LiveInput> {
  const input = new LiveInput('files');
  watcher = new TextWatcher(input, paths, Readable.from([Buffer.from(stdin)]));
  await watcher.start();
  return input;
}

/** The first state that is as wanted, of those to come; the present one counts. */
function until(input: LiveInput, wanted: (state: InputState) => boolean): Promise<InputState> {
  if (wanted(input.state)) return Promise.resolve(input.state);
  return new Promise((resolve) => {
    const stop = input.subscribe((state) => {
      if (!wanted(state)) return;
      stop();
      resolve(state);
    });
  });
}

const texts = ({ files }: InputState): string[] => files.map(({ name, text }) => `${path.basename(name)} ${text}`);

describe('texts that are watched', () => {
  test('follow their files, and the last one goes too, after a while', async () => {
    const file = path.join(root, 'a.yaml');
    writeFileSync(file, 'a: 1');
    const input = await watch([root]);
    expect(texts(input.state)).toEqual(['a.yaml a: 1']);
    writeFileSync(path.join(root, 'b.yaml'), 'b: 1');
    await until(input, ({ files }) => files.length === 2);
    writeFileSync(file, 'a: 2');
    await until(input, (state) => texts(state)[0] === 'a.yaml a: 2');
    rmSync(path.join(root, 'b.yaml'));
    await until(input, ({ files }) => files.length === 1);
    rmSync(file);
    const { files, problems } = await until(input, (state) => state.files.length === 0);
    expect([files, problems[0]?.message]).toEqual([[], expect.stringContaining('holds no manifests')]);
  });

  test('stay as they were where they cannot be read any more', async () => {
    const file = path.join(root, 'a.yaml');
    writeFileSync(file, 'a: 1');
    const input = await watch([file]);
    writeFileSync(file, Buffer.from([0xff, 0xfe, 0x00]));
    expect(texts(await until(input, ({ problems }) => problems.length > 0))).toEqual(['a.yaml a: 1']);
    rmSync(file);
    const gone = await until(input, ({ problems }) => /no such file/.test(problems[0]?.message ?? ''));
    expect(texts(gone)).toEqual(['a.yaml a: 1']);
    writeFileSync(file, 'a: 3');
    expect(texts(await until(input, ({ problems }) => problems.length === 0))).toEqual(['a.yaml a: 3']);
  });

  test('of a mounted ConfigMap change together', async () => {
    const names = ['a.yaml', 'b.yaml', 'c.yaml'];
    const release = (number: number): void => {
      const folder = path.join(root, `..${number}`);
      mkdirSync(folder);
      for (const name of names) writeFileSync(path.join(folder, name), `${number}`);
      symlinkSync(`..${number}`, path.join(root, '..next'));
      renameSync(path.join(root, '..next'), path.join(root, '..data'));
    };
    release(1);
    for (const name of names) symlinkSync(`..data/${name}`, path.join(root, name));
    const input = await watch([root]);
    const seen: string[][] = [];
    input.subscribe(({ files }) => seen.push(files.map(({ text }) => text)));
    release(2);
    await until(input, ({ files }) => files[0]?.text === '2');
    expect(seen).toEqual([['2', '2', '2']]);
  });

  test('from standard input are read once, beside files that change', async () => {
    const file = path.join(root, 'a.yaml');
    writeFileSync(file, 'a: 1');
    const input = await watch(['-', file], 'piped');
    expect(texts(input.state)).toEqual(['- piped', 'a.yaml a: 1']);
    writeFileSync(file, 'a: 2');
    expect(texts(await until(input, ({ version }) => version > 1))).toEqual(['- piped', 'a.yaml a: 2']);
  });
});
