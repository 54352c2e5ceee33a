import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { folder, type Outcome, portcullis, SHOP } from './run-main.ts';

/**
 * Input that is none, through the whole program. Whatever it is: a diagnostic with its place, exit code 2, nothing on
 * standard output but findings, and no stack trace. PORTCULLIS_LARGE=1 runs the same with large input, and prints how
 * long each took.
 */
const LARGE = process.env['PORTCULLIS_LARGE'] === '1';
const MEBIBYTE = 1024 * 1024;
const SIZE = LARGE ? 50 * MEBIBYTE : MEBIBYTE / 4;
const FILES = LARGE ? 5000 : 200;
const TIMEOUT = LARGE ? 300_000 : 20_000;

const COMMANDS = [['reach'], ['describe'], ['can', 'shop/web', 'shop/cart', '7070'], ['validate']] as const;
const POSITIONED = /^\S+:\d+:\d+: error: \S/m;

async function run(words: readonly string[], stdin?: string | Uint8Array): Promise<Outcome> {
  const started = performance.now();
  const outcome = await portcullis(words, stdin === undefined ? {} : { stdin });
  if (LARGE) {
    const { rss } = process.memoryUsage();
    const [seconds, mebibytes] = [(performance.now() - started) / 1000, rss / MEBIBYTE];
    process.stdout.write(`${words[0]}: ${seconds.toFixed(1)} s, ${mebibytes.toFixed(0)} MiB, exit ${outcome.code}\n`);
  }
  return outcome;
}

/** Expects every command to refuse the input, with `message` at a place in it. */
async function expectRefused(stdin: string | Uint8Array, message: RegExp): Promise<void> {
  for (const [command, ...words] of COMMANDS) {
    const outcome = await run([command, '-f', '-', ...words], stdin);
    const { told, rest } =
      command === 'validate'
        ? { told: outcome.stdout, rest: outcome.stderr }
        : { told: outcome.stderr, rest: outcome.stdout };
    expect({ command, code: outcome.code, rest }).toEqual({ command, code: 2, rest: '' });
    expect(told).toMatch(POSITIONED);
    expect(told).toMatch(message);
    expectPlainWords(outcome);
  }
}

function expectPlainWords({ stdout, stderr }: Outcome): void {
  for (const text of [stdout, stderr]) {
    expect(text).not.toContain('    at ');
    expect(text).not.toMatch(/node:internal|undefined|\[object Object\]/);
    // What it quotes of the input must not be the input.
    for (const line of text.split('\n')) expect(line.length).toBeLessThan(1000);
  }
  // The findings of `validate` are the result, and complete; what other commands tell is not.
  expect(stderr.length).toBeLessThan(64 * 1024);
}

/** The same bytes every time, none of them special. */
function noise(length: number): Uint8Array {
  let state = 1;
  return new Uint8Array(length).map(() => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  });
}

const pod = (index: number): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: p${index}, namespace: shop, labels: {app: web, index: "${index}"}}\n`;

function pods(size: number): string {
  const parts: string[] = [];
  for (let index = 0, length = 0; length < size; index++) {
    parts.push(pod(index));
    length += pod(index).length + 4;
  }
  return parts.join('---\n');
}

/** Ten aliases of ten aliases, and so on. */
function laughs(levels: number): string {
  const lines = Array.from({ length: levels }, (_, level) => {
    const inner = level === 0 ? 'lol' : `*l${level - 1}`;
    return `  l${level}: &l${level} [${Array.from({ length: 10 }, () => inner).join(', ')}]`;
  });
  return `apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n${lines.join('\n')}\n`;
}

const HELM = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "shop.fullname" . }}
spec:
  podSelector: {}
  {{- if .Values.ingress }}
  ingress: {{ toYaml .Values.ingress | nindent 4 }}
  {{- end }}
`;

describe('is refused', { timeout: TIMEOUT }, () => {
  it.each<[string, string | Uint8Array, RegExp]>([
    ['binary', noise(64 * 1024), /binary|UTF-8|text/],
    ['zeros', new Uint8Array(4096), /binary/],
    ['a program', Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01'), noise(4096)]), /binary|UTF-8|text/],
    ['a gzip file', Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), noise(4096)]), /binary|UTF-8|text/],
    ['prose', 'Dear API server,\n\nplease let me in.\n', /not a Kubernetes object/],
    ['HTML', '<!DOCTYPE html>\n<html><body>404</body></html>\n', /not a Kubernetes object/],
    ['a billion laughs', laughs(12), /aliases of this document stand for more than/],
    ['an alias in itself', 'metadata: &a\n  labels: *a\n', /`&a` contains itself/],
    ['a merge of itself', 'metadata: &a\n  <<: *a\n', /`&a` contains itself/],
    ['a Helm template', HELM, /template/],
    ['tabs', 'apiVersion: v1\nkind: Pod\nmetadata:\n\tname: a\n', /tab/],
    ['a list', '- apiVersion: v1\n- kind: Pod\n', /a list is not a Kubernetes object/],
    ['half a JSON file', '{"apiVersion": "v1", "kind": "List", "items": [', /`\[` is never closed/],
    ['half a string', 'apiVersion: "v1\nkind: Pod\n', /quot|string|end/],
    [
      'UTF-16 cut in two',
      Buffer.from('\ufeffapiVersion: v1\nkind: Pod', 'utf16le').subarray(0, -1),
      /part of a UTF-16 character/,
    ],
    ['deep nesting', `{"a":`.repeat(100_000), /nested more than 250 levels/],
    ['an unclosed flow', `a: ${'['.repeat(200)}`, /./],
    ['control characters', 'kind: "\u001b[2J\u0007"\nx: [\n', /./],
  ])('%s', async (_, content, message) => {
    await expectRefused(content, message);
  });

  it('much binary', async () => {
    await expectRefused(noise(SIZE), /binary|UTF-8|text/);
  });

  it('much broken YAML in one line', async () => {
    await expectRefused(`a: [${'x, '.repeat(SIZE / 3)}`, /./);
  });

  it('much broken YAML in many lines', async () => {
    await expectRefused('  - key: [unclosed\n'.repeat(SIZE / 19), /./);
  });

  it('many broken documents', async () => {
    await expectRefused('a: [\n---\n'.repeat(SIZE / 90), /./);
  });

  it('a broken one among many good ones, which are left out on request', async () => {
    const stdin = `${pods(SIZE / 4)}---\nkind: [\n---\n${SHOP['pods.yaml']}---\n${SHOP['cart.yaml']}`;
    await expectRefused(stdin, /./);
    const { code, stderr } = await run(['can', '-f', '-', '--skip-invalid', 'shop/web', 'shop/cart', '7070'], stdin);
    expect(code).toBe(0);
    expect(stderr).toContain('what cannot be read in - is left out');
  });
});

describe('paths', { timeout: TIMEOUT }, () => {
  const cause = (name: string, root: string): readonly [string, RegExp] => {
    switch (name) {
      case 'a link to nowhere':
        symlinkSync('nowhere', path.join(root, 'link.yaml'));
        return [path.join(root, 'link.yaml'), /cannot read .*link\.yaml: no such file or directory/];
      case 'a link to itself':
        symlinkSync('loop.yaml', path.join(root, 'loop.yaml'));
        return [path.join(root, 'loop.yaml'), /too many levels of symbolic links/];
      case 'a file as a folder':
        return [path.join(root, 'pods.yaml/x'), /a part of the path is not a directory/];
      case 'nothing there':
        return [path.join(root, 'nothing'), /no such file or directory/];
      default:
        mkdirSync(path.join(root, 'empty'));
        return [path.join(root, 'empty'), /holds no manifests/];
    }
  };

  it.each(['a link to nowhere', 'a link to itself', 'a file as a folder', 'nothing there', 'an empty folder'])(
    '%s is told, exit 2',
    async (name) => {
      const [target, message] = cause(name, folder(SHOP));
      for (const [command, ...words] of COMMANDS) {
        const outcome = await run([command, '-f', target, ...words]);
        expect([outcome.code, outcome.stdout]).toEqual([2, '']);
        expect(outcome.stderr).toMatch(message);
        expectPlainWords(outcome);
      }
    },
  );

  it('a folder that links to itself is read once', async () => {
    const root = folder(SHOP);
    symlinkSync('.', path.join(root, 'again'));
    expect((await run(['can', '-f', root, 'shop/web', 'shop/cart', '7070'])).code).toBe(0);
  });

  it.each([
    '',
    '\n\n',
    '---\n---\n',
    '# nothing\n',
    '\ufeff',
    'null\n',
    '{"kind":"List","apiVersion":"v1","items":[]}',
  ])('standard input with %j is told, exit 2', async (stdin) => {
    for (const [command, ...words] of COMMANDS) {
      const outcome = await run([command, '-f', '-', ...words], stdin);
      expect([command, outcome.code]).toEqual([command, command === 'can' || stdin.startsWith('{') ? outcome.code : 2]);
      expect([0, 2]).toContain(outcome.code);
      expectPlainWords(outcome);
    }
  });
});

describe('is read all the same', { timeout: TIMEOUT }, () => {
  const text = `${SHOP['pods.yaml']}---\n${SHOP['cart.yaml']}`;

  it.each<[string, string | Uint8Array]>([
    ['CRLF', text.replaceAll('\n', '\r\n')],
    ['CR', text.replaceAll('\n', '\r')],
    ['a byte order mark', `\ufeff${text}`],
    ['UTF-16LE', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16BE', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['trailing white space and tabs', text.replaceAll('\n', ' \t\n')],
    ['no line break at the end', text.trimEnd()],
    ['comments and empty documents', `# c\n---\n---\n${text}---\n# end\n...\n`],
  ])('%s', async (_, stdin) => {
    const { code, stderr } = await run(['can', '-f', '-', 'shop/web', 'shop/cart', '7070'], stdin);
    expect([code, stderr]).toEqual([0, '']);
    expect((await run(['can', '-f', '-', 'shop/web', 'shop/cart', '8080'], stdin)).code).toBe(1);
  });

  it('much YAML', async () => {
    const stdin = `${pods(SIZE)}---\n${text}`;
    const outcome = await run(['can', '-f', '-', 'shop/web', 'shop/cart', '8080'], stdin);
    expect([outcome.code, outcome.stderr]).toEqual([1, '']);
    expect((await run(['validate', '-f', '-'], stdin)).code).toBe(0);
  });

  it('much JSON', async () => {
    const items = Array.from({ length: SIZE / 200 }, (_, index) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `p${index}`, namespace: 'shop', labels: { app: 'web', index: `${index}` } },
      spec: { containers: [{ name: 'main', image: 'registry.example.com/some/image:1.2.3', ports: [] }] },
    }));
    const stdin = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    expect((await run(['can', '-f', '-', 'shop/p1', 'shop/p2', '80'], stdin)).code).toBe(0);
  });

  it('many files', async () => {
    const files = Object.fromEntries(
      Array.from({ length: FILES }, (_, index) => [`${index % 50}/${index}.yaml`, pod(index)]),
    );
    const root = folder({ ...SHOP, ...files });
    const outcome = await run(['validate', '-f', root]);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(outcome.stdout).toContain(`${FILES + 2} other objects read`);
    expect((await run(['can', '-f', root, 'shop/web', 'shop/cart', '7070'])).code).toBe(0);
  });
});
