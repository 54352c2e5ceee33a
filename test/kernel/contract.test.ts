import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { Kernel } from '../../src/agent/kernel/kernel.ts';
import { PolicyIndex } from '../../src/engine/index.ts';
import { AddressSet } from '../../src/net/address-set.ts';
import {
  type CompileOptions,
  compileNode,
  diffRulesets,
  type Ruleset,
  renderDelta,
  renderRemoval,
  renderRuleset,
} from '../../src/nft/index.ts';
import { nft, skipsKernelTests, TestNamespaces } from '../support/kernel.ts';
import { effort, patient } from '../support/property.ts';
import { decodeCluster, randomCluster } from '../support/random-cluster.ts';
import { RemoteKernel } from '../support/remote-kernel.ts';
import { settled } from '../support/simulated-nodes.ts';

const randomOptions: fc.Arbitrary<CompileOptions> = fc.record({
  denial: fc.constantFrom('drop' as const, 'reject' as const),
  audit: fc.boolean(),
  strictRange: fc.constantFrom(AddressSet.EMPTY, AddressSet.ALL),
  refuseMidStream: fc.boolean(),
  sharedPeerSize: fc.constantFrom(1, 128),
  log: fc.constantFrom({ group: 7, ratePerSecond: 5, burst: 10 }, { group: 65_535, ratePerSecond: 1, burst: 1 }),
});

const randomRuleset: fc.Arbitrary<Ruleset> = fc
  .tuple(randomCluster, randomOptions)
  .map(([cluster, options]) => compileNode(new PolicyIndex(settled(decodeCluster(cluster))), 'n0', options));

const EMPTY: Ruleset = { sets: new Map(), maps: new Map(), chains: new Map() };
const ONE: Ruleset = {
  ...EMPTY,
  sets: new Map([['one', { type: 'address', version: 4, elements: new Set(['10.0.0.1']) }]]),
};

describe.skipIf(skipsKernelTests())('the kernel', () => {
  const namespaces = new TestNamespaces();
  const namespace = namespaces.add('contract');
  const kernel: Kernel = new RemoteKernel(namespace);
  afterAll(async () => {
    await kernel.close();
    namespaces.remove();
  });

  test('has no table at first, and none after it was removed', async () => {
    expect(await kernel.dump()).toBeUndefined();
    await kernel.run(renderRuleset(EMPTY));
    expect(await kernel.dump()).toEqual(EMPTY);
    await kernel.run(renderRemoval());
    expect(await kernel.dump()).toBeUndefined();
  });

  test('holds the rulesets that it was given', patient, async () => {
    await fc.assert(
      fc.asyncProperty(randomRuleset, randomRuleset, async (one, other) => {
        await kernel.run(renderRuleset(one));
        expect(await kernel.dump()).toEqual(one);
        await kernel.run(renderDelta(diffRulesets(one, other)));
        expect(await kernel.dump()).toEqual(other);
        await kernel.run(renderRuleset(one));
        expect(await kernel.dump()).toEqual(one);
      }),
      effort(40),
    );
  });

  test.each([
    ['missing', 'add element inet portcullis none { 10.0.0.1 }\n'],
    ['missing', 'delete element inet portcullis one { 10.0.0.2 }\n'],
    ['exists', 'create set inet portcullis one { type ipv4_addr; }\n'],
    ['unsupported', 'delete no such thing\n'],
  ])('refuses with %s, and changes nothing: %j', async (code, script) => {
    await kernel.run(renderRuleset(ONE));
    await expect(kernel.run(`add element inet portcullis one { 10.0.0.3 }\n${script}`)).rejects.toMatchObject({ code });
    expect(await kernel.dump()).toEqual(ONE);
  });

  test('runs transactions in the order in which they came', async () => {
    await kernel.run(renderRuleset(ONE));
    const elements = Array.from({ length: 50 }, (_, at) => `10.1.0.${at}`);
    const added = elements.map((element) => kernel.run(`add element inet portcullis one { ${element} }\n`));
    const removed = elements.map((element) => kernel.run(`delete element inet portcullis one { ${element} }\n`));
    await Promise.all([...added, ...removed]);
    expect(await kernel.dump()).toEqual(ONE);
  });

  test('does not make up what others wrote', async () => {
    await kernel.run(renderRuleset(ONE));
    nft(namespace, 'add chain inet portcullis alien\nadd rule inet portcullis alien tcp sport 80 accept\n');
    await expect(kernel.dump()).rejects.toMatchObject({ code: 'foreign' });
  });

  test('tells of changes by others, not of its own', async () => {
    await kernel.run(renderRuleset(ONE));
    let changes = 0;
    let changed: () => void = () => undefined;
    const watch = await kernel.watch(() => {
      changes++;
      changed();
    });
    const change = async (script: string): Promise<void> => {
      const told = new Promise<void>((resolve) => {
        changed = resolve;
      });
      nft(namespace, script);
      await told;
    };
    await kernel.run('add element inet portcullis one { 10.0.0.2 }\n');
    await kernel.run('delete element inet portcullis one { 10.0.0.2 }\n');
    await expect(kernel.run('delete element inet portcullis one { 10.0.0.2 }\n')).rejects.toThrow();
    nft(namespace, 'add table inet other\nadd chain inet other c\ndelete table inet other\n');
    await change('add element inet portcullis one { 10.0.0.2 }\n');
    expect(changes).toBe(1);
    await change('flush ruleset\n');
    expect(changes).toBe(2);
    // Large enough for messages about it to be lost.
    const many = Array.from({ length: 50_000 }, (_, at) => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`);
    const large: Ruleset = {
      ...EMPTY,
      sets: new Map([['many', { type: 'address', version: 4, elements: new Set(many) }]]),
    };
    await kernel.run(renderRuleset(large));
    expect(await kernel.dump()).toEqual(large);
    expect(changes).toBe(2);
    await change('flush ruleset\n');
    expect(changes).toBe(3);
    await watch.close();
  });
});
