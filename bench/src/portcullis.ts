/**
 * The layers that are measured: types from the source, code from the built package, so that what is timed is what is
 * published and type checking needs no build. Importing this module fails until the package is built.
 *
 * Types are named by `import(…)`, since an import declaration of another project's source cannot be rewritten (TS2878).
 */
export const engine: typeof import('../../src/engine/index.ts') = await load('engine/index.js');
export const { decodeObject }: typeof import('../../src/model/decode.ts') = await load('model/decode.js');
export const { matchesSelector }: typeof import('../../src/model/selector.ts') = await load('model/selector.js');
export const { Agent }: typeof import('../../src/agent/agent.ts') = await load('agent/agent.js');
export const { AddressSet }: typeof import('../../src/net/address-set.ts') = await load('net/address-set.js');
export const { systemClock }: typeof import('../../src/kube/clock.ts') = await load('kube/clock.js');

export const nft: typeof import('../../src/nft/index.ts') = await load('nft/index.js');

/** The kernel of this machine; its module is loaded only when it is asked for. */
export async function linuxKernel(): Promise<LinuxKernel> {
  const module: typeof import('../../src/agent/kernel/linux-kernel.ts') = await load('agent/kernel/linux-kernel.js');
  return new module.LinuxKernel();
}

export type LinuxKernel = import('../../src/agent/kernel/linux-kernel.ts').LinuxKernel;
export type ObjectSink = import('../../src/kube/source.ts').ObjectSink;
export type ObjectChange = import('../../src/kube/source.ts').ObjectChange;
export type PolicyIndex = import('../../src/engine/index.ts').PolicyIndex;
export type PodInfo = import('../../src/engine/index.ts').PodInfo;
export type Flow = import('../../src/engine/index.ts').Flow;
export type FlowEnd = import('../../src/engine/index.ts').FlowEnd;
export type KubeObject = import('../../src/model/types.ts').KubeObject;
export type NetworkPolicy = import('../../src/model/types.ts').NetworkPolicy;

async function load<T>(path: string): Promise<T> {
  return (await import(new URL(`../../dist/${path}`, import.meta.url).href)) as T;
}
