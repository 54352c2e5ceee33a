/**
 * Portcullis as a library, for Node and the browser: manifests in, answers about network policy out.
 *
 * `readManifests` -> `createWorld` -> `can`, `explain`, `computeReachability`; `validateNetworkPolicy` for one policy.
 * The layers below are exported too: addresses and ports, the model, the engine.
 */
export * from './analysis/index.ts';
export * from './engine/index.ts';
export * from './manifest/index.ts';
export * from './model/index.ts';
export * from './net/index.ts';
