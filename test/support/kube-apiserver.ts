/** A real API server of Kubernetes with its store, from the programs in `$KUBEBUILDER_ASSETS`, on loopback. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { TestFolder } from './kubeconfig.ts';
import type { Manifest } from './manifests.ts';
import { Authority } from './pki.ts';

const PORT = 6443;
/** The address that other namespaces reach the server at. */
const ADVERTISED = '10.99.0.1';
const PLURALS: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networkpolicies',
  Ingress: 'ingresses',
  IngressClass: 'ingressclasses',
  PriorityClass: 'priorityclasses',
  ClusterNetworkPolicy: 'clusternetworkpolicies',
};
const CLUSTER_WIDE = [
  'Namespace',
  'Node',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'ValidatingWebhookConfiguration',
  'PriorityClass',
  'ClusterNetworkPolicy',
];

/** What the server answered. */
export interface Answer {
  readonly status: number;
  /** Texts of `Warning` headers. */
  readonly warnings: readonly string[];
  readonly body: Readonly<Record<string, unknown>>;
}

/** Fields of a manifest that say which object it is. */
interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** A running server. The process that starts it should have a network namespace of its own. */
export class KubeApiserver {
  readonly #children: ChildProcess[] = [];
  readonly #authority: Authority;
  readonly #folder: TestFolder;
  readonly #admin: { readonly cert: string; readonly key: string };
  #words: readonly string[] = [];
  /** Where other namespaces reach the server. */
  readonly host = ADVERTISED;
  readonly port = PORT;
  /** PEM of the authority that signs for the server. */
  readonly ca: string;

  private constructor(folder: TestFolder) {
    this.#folder = folder;
    this.#authority = new Authority();
    this.ca = this.#authority.cert;
    this.#admin = this.#authority.client('admin', 2, 'system:masters');
  }

  /** Starts store and server. */
  static async start(): Promise<KubeApiserver> {
    const folder = new TestFolder();
    const server = new KubeApiserver(folder);
    const certificate = server.#authority.server(['127.0.0.1', ADVERTISED]);
    execFileSync('openssl', ['genrsa', '-out', path.join(folder.path, 'sa.key'), '2048'], { stdio: 'pipe' });
    const file = (name: string, content: string): string => folder.write(name, content);
    const clientUrl = 'http://127.0.0.1:2379';
    server.#spawn('etcd', [
      ...['--data-dir', path.join(folder.path, 'etcd'), '--unsafe-no-fsync', '--log-level', 'error'],
      ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
      ...['--listen-peer-urls', 'http://127.0.0.1:2380', '--initial-advertise-peer-urls', 'http://127.0.0.1:2380'],
      ...['--initial-cluster', 'default=http://127.0.0.1:2380'],
    ]);
    server.#words = [
      ...['--etcd-servers', clientUrl, '--secure-port', String(PORT), '--advertise-address', ADVERTISED],
      ...['--service-cluster-ip-range', '10.96.0.0/16', '--endpoint-reconciler-type', 'none'],
      ...['--client-ca-file', file('ca.crt', server.ca)],
      ...[
        '--tls-cert-file',
        file('tls.crt', certificate.cert),
        '--tls-private-key-file',
        file('tls.key', certificate.key),
      ],
      ...['--service-account-issuer', 'https://kubernetes.default.svc'],
      ...['--service-account-key-file', path.join(folder.path, 'sa.key')],
      ...['--service-account-signing-key-file', path.join(folder.path, 'sa.key')],
      // No controller makes the account `default` that every pod would need.
      ...['--authorization-mode', 'RBAC', '--disable-admission-plugins', 'ServiceAccount'],
      '--allow-privileged',
    ];
    await server.resume();
    return server;
  }

  /** Ends the server, not its store. */
  async interrupt(): Promise<void> {
    const child = this.#children.pop();
    child?.kill('SIGKILL');
    if (child !== undefined) await once(child, 'exit');
  }

  /** Starts the server on what is stored and waits until it is ready. Throws with the end of its log when it ends instead. */
  async resume(): Promise<void> {
    this.#spawn('kube-apiserver', this.#words);
    while ((await this.#status('/readyz')) !== 200) {
      const ended = this.#children.find(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
      if (ended !== undefined) {
        const log = readFileSync(path.join(this.#folder.path, 'log'), 'utf8').slice(-4000);
        this.stop();
        throw new Error(`${ended.spawnfile} has ended:\n${log}`);
      }
      await pause(100);
    }
  }

  stop(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    this.#folder.remove();
  }

  /** Writes a kubeconfig and answers its path. @param token of a ServiceAccount; without it an administrator */
  kubeconfig(token?: string): string {
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    return this.#folder.write(`kubeconfig-${token === undefined ? 'admin' : 'token'}`, {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'real',
      contexts: [{ name: 'real', context: { cluster: 'real', user: 'real' } }],
      clusters: [
        {
          name: 'real',
          cluster: { server: `https://${ADVERTISED}:${PORT}`, 'certificate-authority-data': base64(this.ca) },
        },
      ],
      users: [
        {
          name: 'real',
          user:
            token === undefined
              ? {
                  'client-certificate-data': base64(this.#admin.cert),
                  'client-key-data': base64(this.#admin.key),
                }
              : { token },
        },
      ],
    });
  }

  /** A certificate of a server on loopback, by the authority of {@link ca}. */
  serving(): { readonly cert: string; readonly key: string } {
    return this.#authority.server(['127.0.0.1']);
  }

  /** A token of a ServiceAccount that exists. */
  async token(namespace: string, name: string): Promise<string> {
    const { status, body } = await this.ask('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    });
    if (status !== 201) throw new Error(JSON.stringify(body));
    return (body['status'] as { token: string }).token;
  }

  /** Applies an object by server-side apply; fields that the server does not know are errors. */
  async apply(object: Manifest, query = ''): Promise<Answer> {
    return await this.ask(
      'PATCH',
      `${pathOf(object)}?fieldManager=test&force=true&fieldValidation=Strict${query}`,
      object,
      'application/apply-patch+yaml',
    );
  }

  /** Applies objects in their order, and what they say of their state. Throws with what the server said. */
  async load(objects: readonly Manifest[]): Promise<void> {
    for (const object of objects) {
      await this.#must(this.apply(object));
      if (object['status'] === undefined) continue;
      const { apiVersion, kind, metadata, status } = object as unknown as Identity & { status: unknown };
      const { name, namespace } = metadata;
      const patch = { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) }, status };
      await this.#must(this.ask('PATCH', `${pathOf(object)}/status`, patch, 'application/merge-patch+json'));
    }
  }

  /** Deletes an object at once. */
  async delete(object: Manifest): Promise<void> {
    await this.#must(this.ask('DELETE', `${pathOf(object)}?gracePeriodSeconds=0`));
  }

  async #must(answer: Promise<Answer>): Promise<void> {
    const { status, body } = await answer;
    if (status >= 300) throw new Error(JSON.stringify(body, null, 1));
  }

  async #status(page: string): Promise<number> {
    try {
      return (await this.ask('GET', page)).status;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return 0;
      throw error;
    }
  }

  /** One request as an administrator. */
  ask(method: string, page: string, body?: unknown, type = 'application/json'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          host: '127.0.0.1',
          port: PORT,
          path: page,
          method,
          ca: this.ca,
          cert: this.#admin.cert,
          key: this.#admin.key,
          agent: false,
          headers: { 'content-type': type },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (piece: string) => {
            text += piece;
          });
          response.on('end', () => {
            const isJson = response.headers['content-type']?.includes('json') === true;
            resolve({
              status: response.statusCode ?? 0,
              warnings: [response.headers.warning ?? '']
                .flat()
                .flatMap((line) =>
                  [...line.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, quoted = '']) =>
                    quoted.replaceAll(/\\(.)/g, '$1'),
                  ),
                ),
              body: isJson ? (JSON.parse(text) as Answer['body']) : { text },
            });
          });
          response.on('error', reject);
        },
      );
      asked.on('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  #spawn(program: string, words: readonly string[]): void {
    const log = openSync(path.join(this.#folder.path, 'log'), 'a');
    const file = path.join(process.env['KUBEBUILDER_ASSETS'] ?? '', program);
    this.#children.push(spawn(file, words, { stdio: ['ignore', log, log] }));
    closeSync(log);
  }
}

/** The path of an object in the API. */
function pathOf(object: Manifest): string {
  const { apiVersion, kind, metadata } = object as unknown as Identity;
  const plural = PLURALS[kind] ?? `${kind.toLowerCase()}s`;
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const inside = CLUSTER_WIDE.includes(kind) ? '' : `/namespaces/${metadata.namespace ?? 'default'}`;
  return `${root}${inside}/${plural}/${metadata.name}`;
}
