import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentRun } from '../support/agent-run.ts';
import { admitting, tourOfAgent } from '../support/agent-tour.ts';
import { type ApiObject, ApiServer } from '../support/api-server.ts';
import { ClusterRun } from '../support/cluster-run.ts';
import { skipsKernelTests } from '../support/kernel.ts';
import { kubeconfigOf, TestFolder } from '../support/kubeconfig.ts';
import { namespace, pod } from '../support/manifests.ts';
import { filterOf, type SeccompProfile } from '../support/seccomp.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const PROFILE = path.join(ROOT, 'deploy/seccomp/portcullis-agent.json');
const LAUNCHER = path.join(ROOT, 'test/support/seccomp-run.mjs');
const ONLY_NET_ADMIN = ['--bounding-set', '-all,+net_admin', '--inh-caps', '-all,+net_admin', '--no-new-privs'];
/** The numbers of system calls that the filter is made with are those of one architecture. */
const isElsewhere = process.arch !== 'x64';
if (isElsewhere) console.warn('SKIPPED: the seccomp profile is tried on x86-64 only');

describe.skipIf(isElsewhere || skipsKernelTests())('under the seccomp profile', () => {
  let folder: string;
  let under: readonly string[];

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'portcullis-seccomp-'));
    const filter = path.join(folder, 'filter');
    writeFileSync(filter, filterOf(JSON.parse(readFileSync(PROFILE, 'utf8')) as SeccompProfile));
    under = [process.execPath, LAUNCHER, filter];
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** What a system call fails with; 0 when it does not. */
  const errnoOf = (through: readonly string[], ...call: readonly number[]): number => {
    const script = `const koffi = require('${path.join(ROOT, 'node_modules/koffi')}');
      const syscall = koffi.load('libc.so.6').func('long syscall(long, long, long, long, long, long)');
      process.exitCode = Number(syscall(${[...call, 0, 0, 0, 0, 0, 0].slice(0, 6).join()})) < 0 ? koffi.errno() : 0;`;
    const [program = '', ...args] = [...through, process.execPath, '-e', script];
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    if (status === null) throw new Error(stderr);
    return status;
  };

  test('the agent does all it does, with CAP_NET_ADMIN alone', async () => {
    await tourOfAgent(['setpriv', ...ONLY_NET_ADMIN, ...under]);
  });

  test('the agent follows a cluster as a pod, which it finds by a name server, with tokens that change', async () => {
    const run = new AgentRun();
    const cluster = await ClusterRun.start(run);
    try {
      await run.serve();
      cluster.set(admitting(80));
      run.through = [...cluster.through, 'setpriv', ...ONLY_NET_ADMIN, ...under];
      run.startFrom([]);
      await run.ready();
      expect([await run.reaches(80), await run.reaches(81)]).toEqual([true, false]);

      cluster.changeToken('another');
      cluster.set(admitting(81));
      await run.until(async () => await run.reaches(81));
      expect(await run.reaches(80)).toBe(false);
      const { code, log } = await run.stop();
      expect(code).toBe(0);
      expect(log).not.toMatch(/EPERM|ENOSYS|not permitted/);
    } finally {
      cluster.close();
      run.close();
    }
  });

  test('the API server is reached over TLS', async () => {
    const server = await ApiServer.start();
    const files = new TestFolder();
    try {
      server.load([namespace('shop'), pod('shop/web', { ips: ['10.0.0.1'] })] as unknown as ApiObject[]);
      const kubeconfig = files.write('kubeconfig', kubeconfigOf(server));
      const [program = '', ...args] = [...under, process.execPath, path.join(ROOT, 'bin/portcullis')];
      const reach = spawn(program, [...args, 'reach', '-o', 'json', '--kubeconfig', kubeconfig], { stdio: 'pipe' });
      const [said, complained] = await Promise.all([text(reach.stdout), text(reach.stderr)]);
      expect(complained).toBe('');
      expect(said).toContain('shop/web');
    } finally {
      files.remove();
      await server.stop();
    }
  });

  // With arguments that do nothing: the kernel says so, or that there is nothing at the address 0.
  test.each<[what: string, ...call: number[]]>([
    ['ptrace', 101, 16],
    ['mount', 165],
    ['pivot_root', 155],
    ['chroot', 161],
    ['init_module', 175],
    ['unshare', 272],
    ['setns', 308, -1],
    ['bpf', 321],
    ['perf_event_open', 298],
    ['io_uring_setup', 425],
    ['process_vm_readv', 310, 1],
    ['setresuid', 117],
    ['capset', 126],
    ['chown', 92],
    ['kill', 62, 0, 0],
    ['socket, of packets', 41, 17, 3],
    ['socket, of virtual machines', 41, 40, 1],
  ])('root is refused %s, which it has without', (_, ...call) => {
    expect(errnoOf([], ...call)).not.toBe(constants.errno.EPERM);
    expect(errnoOf(under, ...call)).toBe(constants.errno.EPERM);
  });

  test('new namespaces are no threads', () => {
    const CLONE_NEWUSER = 0x1000_0000;
    expect(errnoOf(under, 56, CLONE_NEWUSER)).toBe(constants.errno.EPERM);
    expect(errnoOf(under, 435)).toBe(constants.errno.ENOSYS);
  });

  test.each([
    ['local', 1, 1],
    ['IPv4', 2, 1],
    ['IPv6', 10, 1],
    ['netlink', 16, 3],
  ])('sockets are had: %s', (_, family, type) => {
    expect(errnoOf(under, 41, family, type)).toBe(0);
  });
});
