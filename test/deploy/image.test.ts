import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../package/run.ts';
import { fileText } from './manifests.ts';

interface Stage {
  readonly from: string;
  readonly steps: readonly { readonly name: string; readonly words: string }[];
}

/** The stages of the Dockerfile, lines that go on joined. */
function stages(): Stage[] {
  const found: { from: string; steps: { name: string; words: string }[] }[] = [];
  const lines = fileText('Dockerfile')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll('\\\n', '')
    .split('\n');
  for (const line of lines) {
    const [, name = '', words = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === 'FROM') found.push({ from: words, steps: [] });
    else if (name !== '') found.at(-1)?.steps.push({ name, words });
  }
  return found;
}

const [build, final] = stages();
const stepsOf = (stage: Stage | undefined, name: string): string[] =>
  (stage?.steps ?? []).filter((step) => step.name === name).map(({ words }) => words);
const manifest = JSON.parse(fileText('package.json')) as {
  readonly version: string;
  readonly files: readonly string[];
  readonly workspaces: readonly string[];
};

describe('the image', () => {
  test('is made of Debian alone, in two stages', () => {
    expect(stages().map(({ from }) => from)).toEqual([`debian:\${DEBIAN} AS build`, `debian:\${DEBIAN}`]);
    const [base = ''] = /^ARG DEBIAN=(.*)$/m.exec(fileText('Dockerfile'))?.slice(1) ?? [];
    expect(stepsOf(final, 'LABEL').join()).toContain(`org.opencontainers.image.base.name="debian:${base}"`);
  });

  test('says the version and the licence of the package', () => {
    expect(stepsOf(final, 'LABEL').join()).toContain(`org.opencontainers.image.version="${manifest.version}"`);
    expect(stepsOf(final, 'LABEL').join()).toContain('org.opencontainers.image.licenses="Apache-2.0"');
    expect(fileText('Dockerfile')).toContain(`--tag portcullis:${manifest.version} `);
  });

  test('has the library that the agent loads, and no tool that it does not', () => {
    const [library = ''] = /'(libnftables\.so\.\d+)'/.exec(fileText('src/agent/kernel/nftables.ts'))?.slice(1) ?? [];
    expect(library).toBe('libnftables.so.1');
    const [installed = ''] = stepsOf(final, 'RUN');
    expect(/--no-install-recommends ([a-z0-9 ]+?) *&&/.exec(installed)?.[1]?.split(' ')).toEqual([
      'libnftables1',
      'nodejs',
    ]);
    expect(stepsOf(final, 'COPY')).toEqual(['--from=build --chown=0:0 /opt/portcullis /opt/portcullis']);
  });

  test('runs as nobody in particular, and starts the program', () => {
    expect(stepsOf(final, 'USER')).toEqual(['65532:65532']);
    expect(stepsOf(final, 'ENTRYPOINT')).toEqual(['["portcullis"]']);
    expect(stepsOf(final, 'RUN').at(-1)).toBe('ln -s /opt/portcullis/bin/portcullis /usr/local/bin/portcullis');
    expect(stepsOf(final, 'HEALTHCHECK')).toEqual(['NONE']);
  });

  test('is built from what is there: the manifests of all workspaces before anything else', () => {
    const copied = stepsOf(build, 'COPY').flatMap((words) => words.split(' ').slice(0, -1));
    for (const file of copied) expect(existsSync(path.join(root, file)), file).toBe(true);
    for (const workspace of manifest.workspaces) expect(copied).toContain(`${workspace}/package.json`);
  });

  test('its context lets through all that is published or compiled, and no more', () => {
    const [first, ...rules] = fileText('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(first).toBe('*');
    const admitted = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));
    for (const entry of admitted) expect(existsSync(path.join(root, entry)), entry).toBe(true);
    const needed = [
      ...manifest.files.filter((file) => !file.startsWith('!') && file !== 'dist'),
      ...['package.json', 'package-lock.json', '.npmrc', 'tsconfig.json', 'tsconfig.build.json', 'src', 'web'],
    ];
    for (const entry of needed) expect(admitted).toContain(entry);
    for (const secret of ['.git', 'test', 'fixtures', 'node_modules']) expect(admitted).not.toContain(secret);
  });
});
