/**
 * Tests against a real API server of Kubernetes: `npm run test:cluster`. They are no part of `npm test`, since the programs
 * `etcd` and `kube-apiserver` are not in Debian: $KUBEBUILDER_ASSETS names the directory that has them, as for
 * controller-runtime's envtest. Everything runs in a network namespace of its own and ends with it.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

const assets = process.env.KUBEBUILDER_ASSETS;

function problem() {
  if (process.platform !== 'linux' || process.getuid() !== 0) return 'Linux and root are needed';
  if (assets === undefined) return 'set KUBEBUILDER_ASSETS to the directory with etcd and kube-apiserver';
  for (const program of ['etcd', 'kube-apiserver']) {
    try {
      accessSync(path.join(assets, program), constants.X_OK);
    } catch {
      return `${path.join(assets, program)} is missing or no program`;
    }
  }
  return undefined;
}

const found = problem();
if (found !== undefined) {
  console.error(`test:cluster: ${found}`);
  process.exit(2);
}
const script = `set -e
ip link set lo up
ip addr add 10.99.0.1/32 dev lo
exec "$@"`;
const vitest = ['npx', 'vitest', 'run', '--config', 'vitest.cluster.config.ts', ...process.argv.slice(2)];
const { status } = spawnSync('unshare', ['--net', 'sh', '-c', script, 'sh', ...vitest], {
  cwd: path.join(import.meta.dirname, '..'),
  stdio: 'inherit',
});
process.exit(status ?? 1);
