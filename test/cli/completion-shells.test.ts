import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { folder, portcullis, SHOP } from './run-main.ts';

const PROGRAM = path.join(import.meta.dirname, '../../bin/portcullis');
const place = folder(SHOP);
writeFileSync(path.join(place, 'portcullis'), `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`);
chmodSync(path.join(place, 'portcullis'), 0o755);
const env = { ...process.env, PATH: `${place}:${process.env['PATH'] ?? ''}`, HOME: place };

const { stdout: script } = await portcullis(['completion', 'bash']);

/** What bash completes a line to, at its end; it splits the line into words itself, as readline does. */
function completed(line: string): string[] {
  const driver = `${script}
line=$1
read -ra plain <<< "$line"
COMP_WORDS=()
for word in "\${plain[@]}"; do
    while [[ $word =~ ^([^:=]*)([:=])(.*)$ ]]; do
        [[ -n \${BASH_REMATCH[1]} ]] && COMP_WORDS+=("\${BASH_REMATCH[1]}")
        COMP_WORDS+=("\${BASH_REMATCH[2]}")
        word=\${BASH_REMATCH[3]}
    done
    [[ -n $word ]] && COMP_WORDS+=("$word")
done
[[ $line == *' ' ]] && COMP_WORDS+=("")
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
COMP_LINE=$line
COMP_POINT=\${#line}
_portcullis
printf '%s\\n' "\${COMPREPLY[@]}"
`;
  const out = execFileSync('bash', ['--norc', '--noprofile', '-c', driver, 'bash', line], {
    env,
    cwd: place,
    encoding: 'utf8',
  });
  return out.split('\n').filter((value) => value !== '');
}

describe('bash, without the package bash-completion', () => {
  it.each([
    ['portcullis rea', ['reach']],
    ['portcullis reach --fr', ['--from']],
    ['portcullis reach -o m', ['matrix', 'md', 'mermaid']],
    ['portcullis reach --output=m', ['matrix', 'md', 'mermaid']],
    ['portcullis reach --by ', ['workload', 'pod']],
    ['portcullis can -f . shop/c', ['shop/cart']],
    ['portcullis can -f . shop/web i', ['internet']],
    ['portcullis reach -f ', []],
    ['portcullis diff git:HE', []],
  ])('%s', (line, expected) => {
    expect(completed(line).sort()).toEqual([...expected].sort());
  });

  test('evaluates nothing of the line', () => {
    const trap = path.join(place, 'evaluated');
    completed(`portcullis can $(touch ${trap}) `);
    completed(`portcullis can \`touch ${trap}\` ;touch ${trap} `);
    expect(() => execFileSync('ls', [trap], { stdio: 'pipe' })).toThrow();
  });

  test('can be loaded twice', () => {
    const { status, stderr } = spawnSync('bash', ['--norc', '-c', `${script}\n${script}`], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });
});
