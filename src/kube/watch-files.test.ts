import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { RecordingSink } from '../../test/support/recording-sink.ts';
import { type FilesSource, filesDigest, SourceError, type WatchFilesOptions, watchFiles } from './watch-files.ts';

function policy(name: string, spec = '{podSelector: {}}'): string {
  return `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n`;
}

function pod(name: string, labels = '{}'): string {
  return `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop, labels: ${labels}}\nspec: {containers: []}\n`;
}

const INVALID = '{podSelector: {}, ingress: [{ports: [{port: 0}]}]}';

/** Files are read at once. */
const never = () => (): undefined => undefined;

let root = '';
let sink = new RecordingSink();
const open: FilesSource[] = [];

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'portcullis-watch-'));
  sink = new RecordingSink();
});

afterEach(async () => {
  for (const source of open.splice(0)) await source.close();
  rmSync(root, { recursive: true, force: true });
});

function write(name: string, content: string): void {
  const file = path.join(root, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

async function started(
  paths: readonly string[] = [root],
  options: WatchFilesOptions = {},
): Promise<{ readonly source: FilesSource; readonly current: () => Promise<void> }> {
  const source = watchFiles(paths, { quietMs: 5, emptyMs: 20, pauses: never, ...options, onRead: () => sink.wake() });
  open.push(source);
  await source.start(sink);
  // Until what is on disk now has been read and told.
  const current = (): Promise<void> => sink.until(() => source.digest === filesDigest(paths));
  return { source, current };
}

describe('the first reading', () => {
  it('tells all objects as one batch, then that it is done', async () => {
    write('a.yaml', `${policy('one')}---\n${pod('web')}`);
    write('sub/b.yaml', policy('two'));
    await started();
    expect(sink.told).toEqual([['+NetworkPolicy/shop/one', '+Pod/shop/web', '+NetworkPolicy/shop/two']]);
    expect([sink.isSynced, sink.problems]).toEqual([true, []]);
  });

  it('of an empty folder is nothing, and no problem', async () => {
    await started();
    expect([sink.told, sink.isSynced, sink.problems]).toEqual([[], true, []]);
  });

  it('rejects for a path that is not there', async () => {
    await expect(started([path.join(root, 'nowhere')])).rejects.toThrow(SourceError);
    await expect(started(['-'])).rejects.toThrow('standard input cannot be watched');
    expect(sink.isSynced).toBe(false);
  });

  it('tells an invalid policy with the object, and nothing of it is in force', async () => {
    write('a.yaml', `${policy('bad', INVALID)}---\n${policy('good')}`);
    await started();
    expect(sink.names).toEqual(['NetworkPolicy/shop/good']);
    expect(sink.problems).toMatchObject([
      { severity: 'error', object: { name: 'bad' }, source: { file: path.join(root, 'a.yaml'), line: 4 } },
    ]);
    expect(sink.refused.map(({ metadata }) => metadata.name)).toEqual(['bad']);
  });

  it('takes the later of two files, with a warning', async () => {
    write('a.yaml', pod('web', '{v: a}'));
    write('b.yaml', pod('web', '{v: b}'));
    await started();
    expect(sink.objects.get('Pod/shop/web')?.metadata.labels).toEqual({ v: 'b' });
    expect(sink.problems.map(({ code, severity }) => [code, severity])).toEqual([['duplicate-object', 'warning']]);
  });
});

describe('a long file', () => {
  const NAMES = Array.from({ length: 300 }, (_, at) => `p${at}`);
  const item = (text: string): string => `- ${text.trimEnd().replaceAll('\n', '\n  ')}\n`;
  const list = `apiVersion: v1\nkind: List\nitems:\n${NAMES.map((name) => item(pod(name))).join('')}`;
  const stream = NAMES.map((name) => pod(name)).join('---\n');

  it.each([
    ['a List', list],
    ['a stream', stream],
  ])('is read in steps and told at once: %s', async (_, text) => {
    let paused = 0;
    let halfway: number | undefined;
    write('a.yaml', text);
    const pauses = () => (): Promise<void> => {
      if (++paused === 200) write('b.yaml', policy('late'));
      if (paused === 2 * NAMES.length) halfway = sink.told.length;
      return turn();
    };
    const { current } = await started([root], { pauses });
    // Parsed, decoded, compared.
    expect([paused > 3 * NAMES.length, halfway]).toEqual([true, 0]);
    expect(sink.told).toEqual([NAMES.map((name) => `+Pod/shop/${name}`)]);
    await current();
    expect(sink.objects.has('NetworkPolicy/shop/late')).toBe(true);
  });

  it('is read no further once the source is closed', async () => {
    write('a.yaml', list);
    let paused = 0;
    const source = watchFiles([root], {
      pauses: () => () => {
        if (++paused === 100) void source.close();
        return turn();
      },
    });
    await source.start(sink);
    expect([paused, sink.told, sink.isSynced]).toEqual([100, [], false]);
  });
});

describe('changes', () => {
  it('in place, by rename, of new and of deleted files are told, and nothing else is', async () => {
    write('a.yaml', pod('a'));
    write('b.yaml', pod('b'));
    const { current } = await started();
    write('a.yaml', pod('a', '{v: "2"}'));
    await current();
    write('.b.yaml.swp', pod('b', '{v: "2"}'));
    renameSync(path.join(root, '.b.yaml.swp'), path.join(root, 'b.yaml'));
    await current();
    write('c.yaml', pod('c'));
    await current();
    unlinkSync(path.join(root, 'a.yaml'));
    await current();
    expect(sink.told).toEqual([
      ['+Pod/shop/a', '+Pod/shop/b'],
      ['+Pod/shop/a'],
      ['+Pod/shop/b'],
      ['+Pod/shop/c'],
      ['-Pod/shop/a'],
    ]);
  });

  it('that leave the objects as they are tell nothing', async () => {
    write('a.yaml', pod('a'));
    const { current } = await started();
    write('a.yaml', `# a comment\n\n${pod('a')}`);
    await current();
    renameSync(path.join(root, 'a.yaml'), path.join(root, 'z.yaml'));
    await current();
    expect(sink.told).toEqual([['+Pod/shop/a']]);
  });

  it('of several files at once are one batch', async () => {
    const clock = new ManualClock();
    write('a.yaml', pod('a'));
    write('b.yaml', pod('b'));
    await started([root], { clock });
    let hints = 0;
    clock.onWait = () => {
      hints++;
      sink.wake();
    };
    write('a.yaml', pod('a', '{v: "2"}'));
    await sink.until(() => hints > 0);
    write('b.yaml', pod('b', '{v: "2"}'));
    unlinkSync(path.join(root, 'a.yaml'));
    expect(sink.told).toHaveLength(1);
    clock.advance(5);
    expect(sink.told[1]).toEqual(['-Pod/shop/a', '+Pod/shop/b']);
  });

  it('without an end are read all the same', async () => {
    const clock = new ManualClock();
    await started([root], { clock, quietMs: 50, longestWaitMs: 100 });
    clock.advance(50);
    for (const [round, pause] of [40, 40, 20].entries()) {
      let hinted = false;
      clock.onWait = () => {
        hinted = true;
        sink.wake();
      };
      expect(sink.told).toEqual([]);
      write('a.yaml', pod(`a${round}`));
      await sink.until(() => hinted);
      clock.advance(pause);
    }
    expect(sink.told).toEqual([['+Pod/shop/a2']]);
  });

  it('that no event tells are found by looking now and then', async () => {
    const clock = new ManualClock();
    write('a.yaml', pod('a'));
    await started([root], { clock, rescanMs: 1000, quietMs: 1_000_000, longestWaitMs: 1_000_000 });
    write('a.yaml', pod('a', '{v: "2"}'));
    clock.advance(1000);
    expect(sink.told).toEqual([['+Pod/shop/a'], ['+Pod/shop/a']]);
  });
});

describe('folders', () => {
  it('may come, go and come back', async () => {
    write('a.yaml', pod('a'));
    const { current } = await started();
    write('x/y/b.yaml', pod('b'));
    await current();
    write('x/y/b.yaml', pod('b', '{v: "2"}'));
    await current();
    rmSync(path.join(root, 'x'), { recursive: true });
    await current();
    write('x/y/b.yaml', pod('b'));
    await current();
    expect(sink.told.slice(1).flat()).toEqual(['+Pod/shop/b', '+Pod/shop/b', '-Pod/shop/b', '+Pod/shop/b']);
  });

  it('that are named and vanish stay in force, and are read again when they are back', async () => {
    write('in/a.yaml', pod('a'));
    const folder = path.join(root, 'in');
    const { current } = await started([folder]);
    renameSync(folder, path.join(root, 'out'));
    await sink.until(() => sink.problems.length > 0);
    expect(sink.problems[0]?.message).toBe(`cannot read ${folder}: no such file or directory`);
    expect(sink.names).toEqual(['Pod/shop/a']);
    write('in/b.yaml', pod('b'));
    await current();
    expect(sink.names).toEqual(['Pod/shop/b']);
    expect(sink.resolved_).toEqual(sink.problems);
  });

  it('that are emptied empty the cluster', async () => {
    write('a.yaml', pod('a'));
    const { current } = await started();
    unlinkSync(path.join(root, 'a.yaml'));
    await current();
    expect([sink.names, sink.problems]).toEqual([[], []]);
  });

  it.each([
    ['emptied and filled again', () => unlinkSync(path.join(root, 'in/a.yaml'))],
    [
      'deleted, made anew and filled again',
      () => {
        rmSync(path.join(root, 'in'), { recursive: true });
        mkdirSync(path.join(root, 'in'));
      },
    ],
  ])('that are %s were never gone', async (_, empty) => {
    write('in/a.yaml', pod('a'));
    write('in/b.yaml', pod('b'));
    const clock = new ManualClock();
    const { source, current } = await started([path.join(root, 'in')], { clock, emptyMs: 2000 });
    unlinkSync(path.join(root, 'in/b.yaml'));
    clock.advance(30_000);
    expect(sink.told).toEqual([['+Pod/shop/a', '+Pod/shop/b'], ['-Pod/shop/b']]);
    empty();
    clock.advance(30_000);
    clock.advance(1999);
    expect(sink.names).toEqual(['Pod/shop/a']);
    write('in/a.yaml', pod('a', '{v: "2"}'));
    clock.advance(30_000);
    await current();
    expect(sink.told.slice(2)).toEqual([['+Pod/shop/a']]);

    empty();
    clock.advance(28_001);
    expect(sink.names).toEqual(['Pod/shop/a']);
    clock.advance(2000);
    expect([sink.names, source.digest]).toEqual([[], filesDigest([root])]);
  });

  it('of a mounted ConfigMap change all at once', async () => {
    const version = (name: string, label: string): void => {
      write(`${name}/a.yaml`, pod('a', `{v: "${label}"}`));
      write(`${name}/b.yaml`, pod('b', `{v: "${label}"}`));
      symlinkSync(name, path.join(root, '..data_tmp'));
      renameSync(path.join(root, '..data_tmp'), path.join(root, '..data'));
    };
    version('..2026_01', '1');
    for (const file of ['a.yaml', 'b.yaml']) symlinkSync(`..data/${file}`, path.join(root, file));
    const { source, current } = await started();
    expect(sink.objects.get('Pod/shop/a')?.source?.file).toBe(path.join(root, 'a.yaml'));
    for (const label of ['2', '3']) {
      version(`..2026_0${label}`, label);
      await current();
    }
    rmSync(path.join(root, '..2026_01'), { recursive: true });
    expect(source.digest).toBe(filesDigest([root]));
    expect(sink.told).toEqual([1, 2, 3].map(() => ['+Pod/shop/a', '+Pod/shop/b']));
    expect(sink.problems).toEqual([]);
  });

  it('reached by a link are followed when it leads elsewhere', async () => {
    write('one/a.yaml', pod('one'));
    write('two/a.yaml', pod('two'));
    const link = path.join(root, 'link');
    symlinkSync('one', link);
    await started([link]);
    symlinkSync('two', path.join(root, 'next'));
    renameSync(path.join(root, 'next'), link);
    await sink.until(() => sink.batches.length === 2);
    expect(sink.told[1]).toEqual(['-Pod/shop/one', '+Pod/shop/two']);
  });

  it('may hold a single file that is named', async () => {
    write('a.yaml', pod('a'));
    write('other.yaml', pod('other'));
    const file = path.join(root, 'a.yaml');
    const { current } = await started([file]);
    write('tmp', pod('a', '{v: "2"}'));
    renameSync(path.join(root, 'tmp'), file);
    await current();
    write('a.yaml', pod('a', '{v: "3"}'));
    await current();
    expect(sink.objects.get('Pod/shop/a')?.metadata.labels).toEqual({ v: '3' });
    expect(sink.names).toEqual(['Pod/shop/a']);
  });
});

describe('what goes wrong', () => {
  it.each([
    ['broken YAML', `${policy('one')}---\nkind: [`],
    ['a template', '{{ if .Values.x }}\nkind: Pod\n{{ end }}\n'],
  ])('%s leaves what the file said in force, and others go on', async (_, broken) => {
    write('a.yaml', `${policy('one')}---\n${policy('two')}`);
    write('b.yaml', pod('b'));
    const { current } = await started();
    write('a.yaml', broken);
    write('b.yaml', pod('b', '{v: "2"}'));
    await current();
    expect(sink.told[1]).toEqual(['+Pod/shop/b']);
    expect(sink.names).toEqual(['NetworkPolicy/shop/one', 'NetworkPolicy/shop/two', 'Pod/shop/b']);
    expect(sink.problems.map(({ severity }) => severity)).toContain('error');
    write('a.yaml', policy('one'));
    await current();
    expect(sink.told[2]).toEqual(['-NetworkPolicy/shop/two']);
    expect(sink.resolved_).toEqual(sink.problems);
  });

  it('an invalid version leaves the earlier one in force, of that object only', async () => {
    write('a.yaml', `${policy('one')}---\n${policy('two')}`);
    const { current } = await started();
    write('a.yaml', `${policy('one', INVALID)}---\n${policy('two', '{podSelector: {matchLabels: {a: b}}}')}`);
    await current();
    expect(sink.told[1]).toEqual(['+NetworkPolicy/shop/two']);
    expect(sink.names).toHaveLength(2);
    expect(sink.refused.map(({ metadata }) => metadata.name)).toEqual(['one']);
    // Something else wrong with it, or a value of the wrong type, is still no valid version.
    write('a.yaml', `${policy('one', '{podSelector: 5}')}---\n${policy('two')}`);
    await current();
    expect(sink.names).toHaveLength(2);
    write('a.yaml', policy('two'));
    await current();
    expect(sink.names).toEqual(['NetworkPolicy/shop/two']);
    expect(sink.resolved_).toEqual(sink.problems);
  });

  it('an invalid object that goes away without ever having been valid is removed', async () => {
    write('a.yaml', policy('bad', INVALID));
    const { current } = await started();
    unlinkSync(path.join(root, 'a.yaml'));
    await current();
    expect(sink.told).toEqual([['-NetworkPolicy/shop/bad']]);
  });

  it('an invalid object that moves to another file leaves the earlier version in force', async () => {
    write('a.yaml', policy('one'));
    const { current } = await started();
    write('b.tmp', policy('one', INVALID));
    unlinkSync(path.join(root, 'a.yaml'));
    renameSync(path.join(root, 'b.tmp'), path.join(root, 'b.yaml'));
    await current();
    expect(sink.told).toEqual([['+NetworkPolicy/shop/one']]);
    unlinkSync(path.join(root, 'b.yaml'));
    await current();
    expect(sink.names).toEqual([]);
  });

  it('a file that cannot be read any more leaves what it said in force', async () => {
    write('a.yaml', pod('a'));
    await started();
    rmSync(path.join(root, 'a.yaml'));
    symlinkSync('a.yaml', path.join(root, 'a.yaml'));
    await sink.until(() => sink.problems.length > 0);
    expect(sink.problems[0]?.message).toContain('too many levels of symbolic links');
    expect(sink.names).toEqual(['Pod/shop/a']);
  });
});

it('tells nothing after it is closed', async () => {
  write('a.yaml', pod('a'));
  const clock = new ManualClock();
  const { source } = await started([root], { clock });
  await source.close();
  write('a.yaml', pod('a', '{v: "2"}'));
  clock.advance(1_000_000);
  expect([sink.told.length, clock.waiting]).toEqual([1, 0]);
});
