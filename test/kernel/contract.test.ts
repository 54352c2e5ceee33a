import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
import { FakeKernel } from '../support/fake-kernel.ts';
import { nft, run, skipsKernelTests, TestNamespaces } from '../support/kernel.ts';
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
/** Everything in it is used by something else. */
const USED: Ruleset = {
  sets: new Map([
    ['one', { type: 'address', version: 4, elements: new Set(['10.0.0.1']) }],
    ['ranges', { type: 'range', version: 4, elements: new Set(['10.0.0.0/8', '11.0.0.1-11.0.0.9']) }],
  ]),
  maps: new Map([
    ['verdicts', { type: 'address', version: 4, elements: new Map([['10.0.0.1', { kind: 'goto', chain: 'used' }]]) }],
  ]),
  chains: new Map([
    ['used', { rules: [] }],
    [
      'forward',
      {
        hook: { hook: 'forward', priority: 0 },
        rules: [
          { matches: [{ type: 'address', side: 'saddr', version: 4, set: 'one' }], action: { kind: 'accept' } },
          { matches: [{ type: 'address', side: 'saddr', version: 4, set: 'ranges' }], action: { kind: 'accept' } },
          { matches: [], action: { kind: 'vmap', side: 'daddr', version: 4, map: 'verdicts' } },
        ],
      },
    ],
  ]),
};

/** Counts what happens, and waits for it. */
class Signal {
  count = 0;
  #waiting: (() => void) | undefined;

  raise(): void {
    this.count++;
    this.#waiting?.();
  }

  async reached(count: number): Promise<void> {
    while (this.count < count) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }
}

interface Subject {
  readonly kernel: Kernel;
  /** Runs a script as another program. */
  interfere(script: string): void;
  remove(): Promise<void>;
}

interface RealSubject extends Subject {
  readonly kernel: RemoteKernel;
}

/** Runs a program on a host without names for protocols, as images of containers are. */
const WITHOUT_NAMES = ['unshare', '--mount', 'sh', '-c', 'mount --bind /dev/null /etc/protocols && exec "$@"', 'sh'];

function real(through: readonly string[] = []): RealSubject {
  const namespaces = new TestNamespaces();
  const namespace = namespaces.add('contract');
  const kernel = new RemoteKernel(namespace, existsSync('/etc/protocols') ? through : []);
  return {
    kernel,
    interfere: (script) => nft(namespace, script),
    remove: async () => {
      await kernel.close();
      namespaces.remove();
    },
  };
}

function fake(): Subject {
  const kernel = new FakeKernel();
  return { kernel, interfere: (script) => kernel.interfere(script), remove: () => kernel.close() };
}

describe.each([
  { name: 'the fake kernel', skip: false, make: fake },
  { name: 'the kernel', skip: skipsKernelTests(), make: () => real() },
  { name: 'the kernel from a small image', skip: skipsKernelTests(), make: () => real(WITHOUT_NAMES) },
])('$name', ({ skip, make }) => {
  describe.skipIf(skip)('keeps the contract:', () => {
    let subject: Subject;
    let kernel: Kernel;
    beforeAll(() => {
      subject = make();
      kernel = subject.kernel;
    });
    afterAll(() => subject.remove());

    test('no table at first, and none after it was removed', async () => {
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
      ['missing', 'add element inet portcullis none { 10.0.0.1 }'],
      ['missing', 'delete element inet portcullis one { 10.0.0.2 }'],
      ['missing', 'add rule inet portcullis none accept'],
      ['missing', 'add rule inet portcullis used ip saddr @none accept'],
      ['missing', 'add rule inet portcullis used goto none'],
      ['missing', 'add element inet portcullis verdicts { 10.0.0.9 : goto none }'],
      ['missing', 'flush chain inet portcullis none'],
      ['missing', 'delete set inet portcullis none'],
      ['exists', 'create set inet portcullis one { typeof ip saddr; }'],
      ['exists', 'add element inet portcullis verdicts { 10.0.0.1 : drop }'],
      ['exists', 'add element inet portcullis ranges { 10.1.0.0/16 }'],
      ['busy', 'delete chain inet portcullis used'],
      ['busy', 'delete set inet portcullis one'],
      ['busy', 'delete map inet portcullis verdicts'],
      ['unsupported', 'delete no such thing'],
    ])('refuses with %s, and changes nothing: %s', async (code, line) => {
      await kernel.run(renderRuleset(USED));
      const script = `add element inet portcullis one { 10.0.0.3 }\n${line}\n`;
      await expect(kernel.run(script)).rejects.toMatchObject({ name: 'KernelError', code });
      expect(await kernel.dump()).toEqual(USED);
    });

    test.each([
      'add element inet portcullis one { 10.0.0.1 }',
      'add element inet portcullis verdicts { 10.0.0.1 : goto used }',
      'add chain inet portcullis used',
      'add table inet portcullis',
    ])('takes what is there already: %s', async (line) => {
      await kernel.run(renderRuleset(USED));
      await kernel.run(`${line}\n`);
      expect(await kernel.dump()).toEqual(USED);
    });

    test('runs transactions in the order in which they came', async () => {
      await kernel.run(renderRuleset(USED));
      const elements = Array.from({ length: 50 }, (_, at) => `10.1.0.${at}`);
      const added = elements.map((element) => kernel.run(`add element inet portcullis one { ${element} }\n`));
      const removed = elements.map((element) => kernel.run(`delete element inet portcullis one { ${element} }\n`));
      await Promise.all([...added, ...removed]);
      expect(await kernel.dump()).toEqual(USED);
    });

    test.each([
      'add chain inet portcullis alien\nadd rule inet portcullis alien tcp sport 80 accept\n',
      'add table inet portcullis { flags dormant; }\n',
    ])('does not make up what others wrote: %s', async (script) => {
      await kernel.run(renderRuleset(USED));
      subject.interfere(script);
      await expect(kernel.dump()).rejects.toMatchObject({ name: 'KernelError', code: 'foreign' });
      await kernel.run(renderRuleset(USED));
      expect(await kernel.dump()).toEqual(USED);
    });

    test('tells of changes by others, not of its own', async () => {
      await kernel.run(renderRuleset(USED));
      const changes = new Signal();
      const watch = await kernel.watch(() => changes.raise());
      await kernel.run('add element inet portcullis one { 10.0.0.2 }\n');
      await kernel.run('delete element inet portcullis one { 10.0.0.2 }\n');
      await expect(kernel.run('delete element inet portcullis one { 10.0.0.2 }\n')).rejects.toThrow();
      subject.interfere('add element inet portcullis one { 10.0.0.2 }\n');
      await changes.reached(1);
      subject.interfere('add table inet portcullis { flags dormant; }\n');
      await changes.reached(2);
      subject.interfere('flush ruleset\n');
      await changes.reached(3);
      await kernel.run(renderRuleset(USED));
      await watch.close();
      subject.interfere('flush ruleset\n');
      expect(await kernel.dump()).toBeUndefined();
      expect(changes.count).toBe(3);
    });
  });
});

describe.skipIf(skipsKernelTests())('what only the real kernel has', () => {
  let subject: Subject;
  let kernel: Kernel;
  beforeAll(() => {
    subject = real();
    kernel = subject.kernel;
  });
  afterAll(() => subject.remove());

  test('tables of others are no news', async () => {
    await kernel.run(renderRuleset(USED));
    const changes = new Signal();
    const watch = await kernel.watch(() => changes.raise());
    subject.interfere('add table inet other\nadd chain inet other c\nadd table ip portcullis2\n');
    subject.interfere('delete table inet other\n');
    subject.interfere('delete table inet portcullis\n');
    await changes.reached(1);
    await watch.close();
    expect(changes.count).toBe(1);
  });

  test('a transaction that is told in more messages than can wait is still ours', async () => {
    const changes = new Signal();
    const watch = await kernel.watch(() => changes.raise());
    const many = Array.from({ length: 50_000 }, (_, at) => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`);
    const sets = new Map([['many', { type: 'address' as const, version: 4 as const, elements: new Set(many) }]]);
    await kernel.run(renderRuleset({ ...EMPTY, sets }));
    expect(await kernel.dump()).toEqual({ ...EMPTY, sets });
    expect(changes.count).toBe(0);
    // And the next by somebody else is noticed.
    subject.interfere('flush ruleset\n');
    await changes.reached(1);
    await watch.close();
    expect(changes.count).toBe(1);
  });
});

describe.skipIf(skipsKernelTests())('a kernel', () => {
  test('is claimed by one process of a network namespace, until that ends in whatever way', async () => {
    const namespaces = new TestNamespaces();
    const namespace = namespaces.add('claim');
    const [first, second, third] = [1, 2, 3].map(() => new RemoteKernel(namespace)) as [
      RemoteKernel,
      RemoteKernel,
      RemoteKernel,
    ];
    const elsewhere = new RemoteKernel(namespaces.add('elsewhere'));
    const powerless = new RemoteKernel(namespace, ['setpriv', '--bounding-set', '-net_admin']);
    try {
      expect([await first.claim(), await first.claim(), await second.claim()]).toEqual([true, true, false]);
      expect(await elsewhere.claim()).toBe(true);
      await expect(powerless.claim()).rejects.toMatchObject({ code: 'permission' });
      await first.close();
      expect([await second.claim(), await third.claim()]).toEqual([true, false]);
      const ended = second.ended;
      process.kill(second.pid, 'SIGKILL');
      await ended;
      expect(await third.claim()).toBe(true);
    } finally {
      await Promise.all([third.close(), elsewhere.close(), powerless.close()]);
      namespaces.remove();
    }
  });

  test('goes on when the process may open no more files', async () => {
    const subject = real();
    const { kernel } = subject;
    try {
      await kernel.run(renderRuleset(USED));
      const changed = new Signal();
      await kernel.watch(() => changed.raise());
      run('prlimit', ['--pid', String(kernel.pid), '--nofile=3:']);
      await expect(kernel.dump()).rejects.toMatchObject({ code: 'memory' });
      // More than the kernel keeps for those that it tells.
      const elements = Array.from({ length: 20_000 }, (_, at) => `10.${1 + (at >> 8)}.${at & 255}.1`);
      subject.interfere(`add element inet portcullis one { ${elements.join(', ')} }\n`);
      await changed.reached(1);
      await kernel.run(`delete element inet portcullis one { ${elements[0]} }\n`);
      run('prlimit', ['--pid', String(kernel.pid), '--nofile=1000:']);
      expect((await kernel.dump())?.sets.get('one')?.elements.size).toBe(20_000);
    } finally {
      await subject.remove();
    }
  });
});
