import type * as EngineModule from '../../src/engine/index.ts';
import type * as ManifestModule from '../../src/manifest/index.ts';

/**
 * The layers that are measured: types from the source, code from the built package, so that what is timed is what is
 * published and type checking needs no build. Importing this module fails until the package is built.
 */
export const engine: typeof EngineModule = await load('engine');
export const manifest: typeof ManifestModule = await load('manifest');

async function load<T>(layer: string): Promise<T> {
  return (await import(new URL(`../../dist/${layer}/index.js`, import.meta.url).href)) as T;
}
