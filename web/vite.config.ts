import path from 'node:path';
import { defineConfig } from 'vite';
import { examplesModule } from './examples-module.ts';

/** The page as static files that work under any path and need nothing from elsewhere. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [examplesModule(path.join(import.meta.dirname, '../examples'))],
  worker: { format: 'es' },
  build: {
    outDir: path.join(import.meta.dirname, '../dist/web'),
    emptyOutDir: true,
    target: 'es2023',
    sourcemap: false,
    // Data URLs and inline scripts are what the page's security policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
