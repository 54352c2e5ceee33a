import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readInputs } from '../../src/kube/files.ts';
import { folder, portcullis, SHOP } from './run-main.ts';

const OBJECT = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n';

async function names(...paths: string[]): Promise<{ readonly read: string[]; readonly problems: string[] }> {
  const { inputs, problems } = await readInputs(paths, { stdin: Readable.from([Buffer.from(OBJECT)]) });
  return { read: inputs.map((input) => input.name), problems: problems.map((problem) => problem.message) };
}

describe('folders', () => {
  it('are walked in code-point order, manifests only', async () => {
    const root = folder({
      'b.yaml': '',
      'a/z.yml': '',
      'a/B.json': '',
      'c.txt': '',
      'Z.yaml': '',
      'é.yaml': '',
      '.git/x.yaml': '',
    });
    expect((await names(root)).read.map((name) => path.relative(root, name))).toEqual([
      'Z.yaml',
      'a/B.json',
      'a/z.yml',
      'b.yaml',
      'é.yaml',
    ]);
  });

  it('follow links, each file once, without going in circles', async () => {
    const root = folder({ 'real/a.yaml': '' });
    symlinkSync('..', path.join(root, 'real/up'));
    symlinkSync('real', path.join(root, 'link'));
    symlinkSync('a.yaml', path.join(root, 'real/b.yaml'));
    const { read, problems } = await names(root);
    expect(read.map((name) => path.relative(root, name))).toEqual(['link/a.yaml']);
    expect(problems).toEqual([]);
  });

  it('are read once, also when named twice', async () => {
    const root = folder({ 'a.yaml': '' });
    expect(await names(root, path.join(root, 'a.yaml'), root)).toEqual({
      read: [path.join(root, 'a.yaml')],
      problems: [],
    });
  });

  it('without manifests are an error', async () => {
    const root = folder({ 'readme.md': '' });
    expect((await names(root)).problems).toEqual([
      `cannot read ${root}: the directory holds no manifests (.yaml, .yml, .json)`,
    ]);
  });

  it('tell what cannot be read and go on', async () => {
    const root = folder({ 'a.yaml': '', 'z.yaml': '' });
    symlinkSync('nowhere', path.join(root, 'dangling.yaml'));
    symlinkSync('nowhere', path.join(root, 'dangling.txt'));
    symlinkSync('self.yaml', path.join(root, 'self.yaml'));
    const { read, problems } = await names(root);
    expect(read).toHaveLength(2);
    expect(problems).toEqual([
      `cannot read ${path.join(root, 'dangling.yaml')}: no such file or directory`,
      `cannot read ${path.join(root, 'self.yaml')}: too many levels of symbolic links`,
    ]);
  });

  it('of many files are read whole', async () => {
    const root = folder();
    for (let index = 0; index < 2000; index++) writeFileSync(path.join(root, `${index}.yaml`), '');
    expect((await names(root)).read).toHaveLength(2000);
  });
});

describe('files', () => {
  it('that are named may have any extension', async () => {
    const root = folder({ 'policy.txt': OBJECT });
    expect((await names(path.join(root, 'policy.txt'))).read).toHaveLength(1);
  });

  it.each([
    ['nowhere.yaml', 'no such file or directory'],
    ['a.yaml/b', 'a part of the path is not a directory'],
    [`${'n'.repeat(300)}.yaml`, 'the name is too long'],
  ])('%s: %s', async (name, reason) => {
    const root = folder({ 'a.yaml': '' });
    expect((await names(path.join(root, name))).problems).toEqual([`cannot read ${path.join(root, name)}: ${reason}`]);
  });

  it('that are none are refused without waiting for them', async () => {
    const root = folder({ 'a.yaml': '' });
    execFileSync('bash', ['-c', 'mkfifo "$0"', path.join(root, 'pipe.yaml')]);
    const { read, problems } = await names(root, '/dev/zero');
    expect(read).toHaveLength(1);
    expect(problems[0]).toMatch(/pipe\.yaml: it is a named pipe, not a file/);
    expect(problems[1]).toMatch(/\/dev\/zero: it is a device, not a file/);
  });

  it('that are too large are refused before they are read', async () => {
    const root = folder({ 'large.yaml': '' });
    const file = path.join(root, 'large.yaml');
    truncateSync(file, 300 * 1024 * 1024);
    expect((await names(file)).problems[0]).toMatch(/larger than 256 MiB/);
  });

  it('of standard input stop at the limit too', async () => {
    const { problems } = await readInputs(['-'], {
      stdin: Readable.from([Buffer.alloc(64), Buffer.alloc(64)]),
      maxBytes: 100,
    });
    expect(problems[0]?.message).toMatch(/cannot read standard input: it is larger than 100 bytes/);
  });

  it('of standard input are read once', async () => {
    expect((await names('-', '/dev/stdin', '-')).read).toEqual(['-']);
  });

  it('that vanish in between are told', async () => {
    const root = folder({ 'a.yaml': '', 'b.yaml': '' });
    const { inputs, problems } = await readInputs([root], {
      stdin: Readable.from([]),
      onProgress: (done) => {
        if (done === 1) rmSync(path.join(root, 'b.yaml'));
      },
    });
    expect(inputs).toHaveLength(1);
    expect(problems[0]?.message).toMatch(/b\.yaml: no such file or directory/);
  });
});

describe('commands on bad input', () => {
  it('read the rest, and exit 2', async () => {
    const root = folder(SHOP);
    mkdirSync(path.join(root, 'sub'));
    symlinkSync('nowhere', path.join(root, 'sub/gone.yaml'));
    const validate = await portcullis(['validate', '-f', root]);
    expect(validate.code).toBe(2);
    expect(validate.stderr).toMatch(/^error: cannot read .*gone\.yaml: no such file or directory\n$/);
    expect(validate.stdout).toContain('1 network policy checked: no findings');
    const reach = await portcullis(['reach', '-f', root, '--skip-invalid']);
    expect([reach.code, reach.stdout]).toEqual([2, '']);
    expect(reach.stderr).toContain('not all input could be read, nothing was computed');
  });

  it.each(['validate', 'describe', 'reach'])('%s of nothing is an error', async (command) => {
    for (const stdin of ['', '\n\n', '---\n---\n', '# a comment\n']) {
      const { code, stdout, stderr } = await portcullis([command, '-f', '-'], { stdin });
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain('no Kubernetes objects in standard input');
    }
  });

  it.each([
    ['binary', new Uint8Array(4096).map((_, index) => (index * 37) % 256)],
    ['zeros', new Uint8Array(100)],
    ['an image', Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ', 'base64')],
    ['text', 'this is no manifest'],
    ['a broken document', 'kind: [NetworkPolicy\n'],
    ['a list', '- 1\n- 2\n'],
  ])('%s is a finding, not a crash', async (_, content) => {
    const validate = await portcullis(['validate', '-f', '-'], { stdin: content });
    expect(validate.code).toBe(2);
    expect(validate.stdout).toMatch(/^-:1:\d+: error: /);
    const reach = await portcullis(['reach', '-f', '-'], { stdin: content });
    expect([reach.code, reach.stdout]).toEqual([2, '']);
    expect(reach.stderr).toContain('the input is invalid');
  });
});
