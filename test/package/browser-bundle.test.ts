import { existsSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';
import { build, type Plugin } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { root } from './run.ts';

/** The package's three entry points, as users name them below `portcullis`. */
const ENTRIES = { core: 'dist/index.js', manifest: 'dist/manifest/index.js', analysis: 'dist/analysis/index.js' };

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

/** Bundles `source`, a module in the checkout, for a browser: one script that leaves its exports in `exports`. */
async function bundle(source: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: root },
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
function runAsPage(script: string): Record<string, unknown> {
  const page = vm.createContext({ TextDecoder, TextEncoder, URL, console, performance, structuredClone });
  vm.runInContext(script, page, { filename: 'page.js' });
  return page['exports'] as Record<string, unknown>;
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
  test.each(Object.values(ENTRIES))('%s bundles without a Node built-in', async (entry) => {
    expect(existsSync(path.join(root, entry)), `no ${entry}: run \`npm run build\` first`).toBe(true);
    const script = await bundle(`export * from './${entry}';`);
    expect(Object.keys(runAsPage(script)).length).toBeGreaterThan(0);
  });

  test('the check sees a built-in, with and without its prefix', async () => {
    await expect(bundle(`import 'node:fs'; export const a = 1;`)).rejects.toThrow('imports node:fs');
    await expect(bundle(`import { join } from 'path'; export const a = join;`)).rejects.toThrow('imports path');
  });

  test('reads a pod and a policy from YAML', async () => {
    const script = await bundle(`
      import { readManifests } from './${ENTRIES.manifest}';
      export const result = readManifests(${JSON.stringify(MANIFEST)}, { file: 'shop.yaml' });
    `);
    const { objects, diagnostics } = runAsPage(script)['result'] as { objects: unknown[]; diagnostics: unknown[] };
    expect(objects).toMatchObject([
      { kind: 'Pod', metadata: { name: 'cart' } },
      { kind: 'NetworkPolicy', metadata: { name: 'cart' } },
    ]);
    expect(diagnostics).toEqual([]);
  });
});
