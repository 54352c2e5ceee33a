/** The packet filter of a node as data: compiled from the engine's answers, written as nft text, simulated. */
export { compileNode } from './compile.ts';
export { applyDelta, diffRulesets, diffSteps, elementsOf, haveSameKinds, isEmptyDelta, stepsOf } from './delta.ts';
export { enforcesAnything } from './enforces.ts';
export { guardedAddresses, trackingOnly } from './fixed-parts.ts';
export { readListing, type UnknownContents } from './listing.ts';
export { DENIAL_CHAINS, LOG_PREFIX } from './names.ts';
export { type NodeChange, NodeCompiler } from './node-compiler.ts';
export { type CompileOptions, DEFAULT_OPTIONS } from './options.ts';
export { deltaSteps, renderDelta, renderRemoval, renderRuleset, rulesetSteps } from './render.ts';
export * from './ruleset.ts';
export { type Fate, type Packet, simulate } from './simulate.ts';
