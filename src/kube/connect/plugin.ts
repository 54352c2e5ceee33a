import path from 'node:path';
import { ClusterError } from './cluster-error.ts';
import type { Credentials } from './target.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The part of a user's entry that says how to get credentials. */
interface PluginUser {
  readonly name: string;
  /** Relative commands start here. */
  readonly folder: string;
  readonly fields: Fields;
}

/**
 * Credentials of a kubeconfig's `exec` or `auth-provider`. The official client gets them; it takes half a second to
 * load and is loaded only here.
 */
export class CredentialPlugin {
  readonly #user: PluginUser;
  readonly #cluster: Fields;
  #client: Promise<InstanceType<typeof import('@kubernetes/client-node').KubeConfig>> | undefined;

  /** @param cluster as plugins are told it in `KUBERNETES_EXEC_INFO` */
  constructor(user: PluginUser, cluster: Fields) {
    this.#user = user;
    this.#cluster = cluster;
  }

  /** Credentials that are still good, or new ones. Throws {@link ClusterError}. */
  async credentials(rejected: boolean): Promise<Credentials> {
    if (rejected) this.#client = undefined;
    this.#client ??= this.#load();
    // Not all options of a request, but all that the client writes into them.
    const options: { headers?: Record<string, string>; cert?: string; key?: string } = {};
    try {
      const client = await this.#client;
      await client.applyToHTTPSOptions(options as Parameters<typeof client.applyToHTTPSOptions>[0]);
    } catch (error) {
      this.#client = undefined;
      throw this.#failure(error);
    }
    const authorization = options.headers?.['Authorization'];
    const { cert, key } = options;
    return {
      headers: authorization === undefined ? {} : { authorization },
      tls: { ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) },
    };
  }

  async #load(): Promise<InstanceType<typeof import('@kubernetes/client-node').KubeConfig>> {
    const { KubeConfig } = await import('@kubernetes/client-node');
    const client = new KubeConfig();
    const { name, fields } = this.#user;
    client.loadFromOptions({
      // Only the user's credentials are asked of it; the connection is our own.
      clusters: [{ name: 'cluster', server: 'https://localhost', skipTLSVerify: false }],
      users: [{ name, exec: this.#exec(), authProvider: fields['auth-provider'] }],
      contexts: [{ name: 'context', cluster: 'cluster', user: name }],
      currentContext: 'context',
    });
    return client;
  }

  #exec(): Fields | undefined {
    const exec = this.#user.fields['exec'] as Fields | undefined;
    if (typeof exec !== 'object' || exec === null) return undefined;
    const info = {
      apiVersion: exec['apiVersion'],
      kind: 'ExecCredential',
      spec: { interactive: false, ...(exec['provideClusterInfo'] === true ? { cluster: this.#cluster } : {}) },
    };
    const given = Array.isArray(exec['env']) ? (exec['env'] as readonly unknown[]) : [];
    const env = [...given, { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }];
    return { ...exec, command: this.#command(), args: exec['args'] ?? [], env };
  }

  #command(): string {
    const exec = this.#user.fields['exec'] as Fields | undefined;
    const command = String(exec?.['command'] ?? '');
    return command.includes('/') || command.includes(path.sep) ? path.resolve(this.#user.folder, command) : command;
  }

  #failure(error: unknown): ClusterError {
    const message = error instanceof Error ? error.message.trim() : String(error);
    const { name, fields } = this.#user;
    const exec = fields['exec'] as Fields | undefined;
    if (exec === undefined) {
      const provider = (fields['auth-provider'] as Fields | undefined)?.['name'];
      return new ClusterError(
        'config',
        `the auth-provider "${provider}" of user "${name}" failed: ${message}`,
        [],
        error,
      );
    }
    const command = this.#command();
    const missing = (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
    const hint = missing ? exec['installHint'] : undefined;
    const hints = typeof hint === 'string' ? hint.trim().split('\n') : [];
    const what = missing ? 'is not installed' : `failed: ${message === '' ? 'it says nothing why' : message}`;
    return new ClusterError('config', `the credential plugin "${command}" of user "${name}" ${what}`, hints, error);
  }
}
