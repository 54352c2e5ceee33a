/**
 * Becomes another program under a seccomp filter: node seccomp-run.mjs FILTER PROGRAM [ARGUMENT…]
 *
 * FILTER is a file with the instructions of classic BPF that the kernel is given. The filter of the thread that calls execve
 * is that of the new program.
 */
import { readFileSync } from 'node:fs';
import koffi from 'koffi';

const PR_SET_NO_NEW_PRIVS = 38;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const F_SETFD = 2;

const [file, program, ...words] = process.argv.slice(2);
const instructions = readFileSync(file);
koffi.struct('sock_fprog', { len: 'uint16_t', filter: 'const void *' });
const libc = koffi.load('libc.so.6');
const prctl = libc.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)');
const setFilter = libc.func('prctl', 'int', [
  'int',
  'unsigned long',
  'const sock_fprog *',
  'unsigned long',
  'unsigned long',
]);
const fcntl = libc.func('int fcntl(int, int, ...)');
const execv = libc.func('int execv(const char *, const char **)');

if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0) throw new Error('no_new_privs is refused');
const filter = { len: instructions.length / 8, filter: instructions };
if (setFilter(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter, 0, 0) !== 0) throw new Error('the filter is refused');
// Node keeps its standard streams to itself.
for (const fd of [0, 1, 2]) fcntl(fd, F_SETFD, 'int', 0);
execv(program, [program, ...words, null]);
throw new Error(`${program} cannot be started: errno ${koffi.errno()}`);
