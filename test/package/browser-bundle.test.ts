import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';
import { build, type Plugin } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { root } from './run.ts';

/** The package's entry points, as users name them, and what they are in the checkout. */
const ENTRIES = {
  portcullis: './dist/index.js',
  'portcullis/manifest': './dist/manifest/index.js',
  'portcullis/analysis': './dist/analysis/index.js',
};

/** Makes every import of a Node built-in an error that names the importing file; esbuild itself accepts some. */
const noBuiltins: Plugin = {
  name: 'no-node-builtins',
  setup(build) {
    build.onResolve({ filter: /.*/ }, ({ path: wanted, importer }) =>
      wanted.startsWith('node:') || builtinModules.includes(wanted)
        ? { errors: [{ text: `${path.relative(root, importer)} imports ${wanted}` }] }
        : undefined,
    );
  },
};

/** Bundles `source`, a module of a user of the package, for a browser: a script that leaves its exports in `exports`. */
async function bundle(source: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: root, loader: 'ts' },
    alias: ENTRIES,
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    globalName: 'exports',
    target: 'es2023',
    logLevel: 'silent',
    plugins: [noBuiltins],
  });
  return outputFiles.map((file) => file.text).join('\n');
}

/** Runs a script with the globals of the language and a few of every browser's; no `process`, `Buffer`, `require`. */
function runAsPage(script: string): { readonly exports: Record<string, unknown>; readonly logged: readonly string[] } {
  const logged: string[] = [];
  const console = { log: (...values: unknown[]) => logged.push(values.join(' ')) };
  const page = vm.createContext({ TextDecoder, TextEncoder, URL, console, performance, structuredClone });
  vm.runInContext(script, page, { filename: 'page.js' });
  return { exports: page['exports'] as Record<string, unknown>, logged };
}

const MANIFEST = `apiVersion: v1
kind: Pod
metadata: { name: cart, namespace: shop, labels: { app: cart } }
spec: { containers: [{ name: main, image: cart, ports: [{ containerPort: 7070 }] }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: cart, namespace: shop }
spec: { podSelector: { matchLabels: { app: cart } }, ingress: [{ ports: [{ port: 7070 }] }] }
`;

describe('the library in a browser', { timeout: 60_000 }, () => {
  test.each(Object.entries(ENTRIES))('%s bundles and loads without Node', async (name, file) => {
    expect(existsSync(path.join(root, file)), `no ${file}: run \`npm run build\` first`).toBe(true);
    const script = await bundle(`export * from '${name}';`);
    expect(Object.keys(runAsPage(script).exports).length).toBeGreaterThan(0);
  });

  test('the check sees a built-in, with and without its prefix', async () => {
    await expect(bundle(`import 'node:fs'; export const a = 1;`)).rejects.toThrow('imports node:fs');
    await expect(bundle(`import { join } from 'path'; export const a = join;`)).rejects.toThrow('imports path');
  });

  test('reads a pod and a policy from YAML', async () => {
    const script = await bundle(`
      import { readManifests } from 'portcullis/manifest';
      export const result = readManifests([{ name: 'shop.yaml', content: ${JSON.stringify(MANIFEST)} }]);
    `);
    expect(runAsPage(script).exports['result']).toMatchObject({
      objects: [
        { kind: 'Pod', metadata: { name: 'cart' } },
        { kind: 'NetworkPolicy', metadata: { name: 'cart' } },
      ],
      diagnostics: [],
    });
  });

  test("the README's example answers as it should", async () => {
    const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
    const example = /<!-- library-example.*?```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
    const everyPort = ['TCP', 'UDP', 'SCTP'].map((protocol) => ({ protocol, ranges: [[1, 65535]] }));
    expect(runAsPage(await bundle(example)).logged).toEqual([
      '5432 allowed by tier networkpolicy',
      '22 denied by tier networkpolicy',
      `default/db[Pod] default/web[Pod] ${JSON.stringify(everyPort)}`,
      'default/web[Pod] default/db[Pod] [{"protocol":"TCP","ranges":[[5432,5432]]}]',
    ]);
  });
});
