/** A cluster for an agent on a node: an API server beside it, which it reaches as a pod does, by its service account. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AgentRun } from './agent-run.ts';
import type { ApiCall, ApiStarted } from './api-child.ts';
import type { Manifest } from './manifests.ts';
import { bundled } from './remote-kernel.ts';

/**
 * Gives a program, in the mounts of its own that `ip netns exec` makes, a resolver and a service account. What is in /run
 * may be where /etc/resolv.conf leads to.
 */
const AS_POD = `set -e
  mount -t tmpfs tmpfs /run
  resolver=$(readlink -m /etc/resolv.conf)
  mkdir -p "$(dirname "$resolver")" /run/secrets/kubernetes.io/serviceaccount
  [ -e "$resolver" ] || touch "$resolver"
  mount --bind "$1/resolv.conf" "$resolver"
  mount --bind "$1/account" /run/secrets/kubernetes.io/serviceaccount
  shift
  exec "$@"`;

/** An API server, called `api.test`, in the network namespace of a node. */
export class ClusterRun {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #port: number;

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.#process = child;
    this.#folder = folder;
    this.#port = port;
  }

  /** Begins with the token `secret`. */
  static async start(run: AgentRun): Promise<ClusterRun> {
    const child = fork(bundled(path.join(import.meta.dirname, 'api-child.ts')), [], {
      execPath: 'ip',
      execArgv: ['netns', 'exec', run.node, process.execPath],
      serialization: 'advanced',
    });
    const [{ port, authority }] = (await once(child, 'message')) as [ApiStarted];
    const cluster = new ClusterRun(child, path.join(run.folder, 'pod'), port);
    mkdirSync(path.join(cluster.#folder, 'account'), { recursive: true });
    writeFileSync(path.join(cluster.#folder, 'resolv.conf'), 'nameserver 127.0.0.1\n');
    writeFileSync(path.join(cluster.#folder, 'account/ca.crt'), authority);
    cluster.#writeToken('secret');
    return cluster;
  }

  /** What runs a program as a pod of the cluster. */
  get through(): readonly string[] {
    const environment = ['KUBERNETES_SERVICE_HOST=api.test', `KUBERNETES_SERVICE_PORT=${this.#port}`];
    return ['env', ...environment, 'sh', '-c', AS_POD, 'sh', this.#folder];
  }

  set(manifests: readonly Manifest[]): void {
    this.#tell({ set: manifests as never });
  }

  /** Another token is the only good one, and every connection is cut. */
  changeToken(token: string): void {
    this.#writeToken(token);
    this.#tell({ token });
  }

  /** As the kubelet does: the new file takes the place of the old one. */
  #writeToken(token: string): void {
    const file = path.join(this.#folder, 'account/token');
    writeFileSync(`${file}.new`, token);
    renameSync(`${file}.new`, file);
  }

  #tell(call: ApiCall): void {
    this.#process.send(call);
  }

  close(): void {
    this.#process.kill('SIGKILL');
  }
}
