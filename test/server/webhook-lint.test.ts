import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { findFiles } from '../../src/kube/files.ts';
import { objectKey } from '../../src/kube/object-key.ts';
import { readManifests } from '../../src/manifest/index.ts';
import { type KubeObject, objectRef } from '../../src/model/types.ts';
import { isPolicy } from '../../src/model/validate/index.ts';
import { Judge } from '../../src/server/index.ts';
import { portcullis } from '../cli/run-main.ts';
import { inputFlags, WORLDS } from '../golden/worlds.ts';
import { WORLD_OPTIONS } from '../support/server.ts';

/**
 * About what is in the text only: the API server drops fields that it does not know and fields without a value before it
 * asks, and fills in what is left out.
 */
const OF_TEXT = /\[(?:misplaced-selector|policy-types-omitted)\]$|without requirements selects|does not mean nobody/;

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

function judgeOf(objects: readonly KubeObject[], denyOn: readonly string[]): Judge {
  const judge = new Judge({ world: WORLD_OPTIONS, guardrails: [], denyOn }, quiet, false);
  judge.apply(objects.map((object) => ({ type: 'set', object })));
  judge.synced();
  return judge;
}

interface Raw {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly items?: readonly Raw[];
}

/** The objects of an example, and policies as they are written, for that is how they are sent, by their names. */
function readWorld(flags: readonly string[]): { objects: readonly KubeObject[]; raw: ReadonlyMap<string, Raw> } {
  const names = findFiles(flags.filter((flag) => flag !== '-f')).files.map(({ name }) => name);
  const texts = names.map((name) => ({ name, content: readFileSync(name, 'utf8') }));
  const documents = texts
    .flatMap(({ content }) => parseAllDocuments(content).map((document) => document.toJS() as Raw | null))
    .flatMap((value) => value?.items ?? (value === null ? [] : [value]));
  const raw = documents.map((one): [string, Raw] => {
    const namespace = one.kind === 'NetworkPolicy' ? { namespace: one.metadata.namespace ?? 'default' } : {};
    return [objectKey({ kind: one.kind, name: one.metadata.name, ...namespace }), one];
  });
  return { objects: readManifests(texts).objects, raw: new Map(raw.filter(([key]) => key.includes('Policy/'))) };
}

interface CliFinding {
  readonly code: string;
  readonly message: string;
  readonly path?: string;
  readonly object?: { readonly kind: string; readonly namespace?: string; readonly name: string };
}

describe.each([...WORLDS, { name: 'examples/poor', inputs: ['examples/poor'], goldens: '' }])('$name', (world) => {
  test('a policy that is applied again is told what portcullis lint says of it', async () => {
    const flags = inputFlags(world);
    const { stdout } = await portcullis(['lint', ...flags, '-o', 'json']);
    const { findings } = JSON.parse(stdout) as { findings: readonly CliFinding[] };
    const { objects, raw } = readWorld(flags);
    for (const denyOn of [[], ['info']]) {
      const judge = judgeOf(objects, denyOn);
      for (const ref of objects.filter(isPolicy).map(objectRef)) {
        const object = raw.get(objectKey(ref));
        const said = findings
          .filter((one) => JSON.stringify(one.object) === JSON.stringify(ref))
          .map(({ path, message, code }) => `${path === undefined ? '' : `${path}: `}${message} [${code}]`)
          .filter((text) => !OF_TEXT.test(text));
        const outcome = await judge.judge({ operation: 'UPDATE', object, oldObject: object }, 60_000);
        expect({ ref, ...outcome, warnings: [...outcome.warnings].sort() }).toEqual({
          ref,
          denials: [],
          warnings: said.sort(),
          decided: true,
        });
      }
    }
  });
});
