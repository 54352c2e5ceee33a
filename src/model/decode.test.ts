import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DecodeOptions, decodeObject } from './decode.ts';
import type { FieldPath, ObjectSource } from './source.ts';
import type { NetworkPolicy, Pod } from './types.ts';

function policy(spec: unknown, metadata: unknown = { name: 'p' }): Record<string, unknown> {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec };
}

function core(kind: string, rest: object): Record<string, unknown> {
  return { apiVersion: 'v1', kind, metadata: { name: 'x' }, ...rest };
}

/** The object, when nothing was reported. */
function decoded(value: unknown, options?: DecodeOptions): unknown {
  const { object, diagnostics } = decodeObject(value, options);
  expect(diagnostics).toEqual([]);
  return object;
}

function problems(value: unknown, options?: DecodeOptions): string[] {
  return decodeObject(value, options).diagnostics.map(
    ({ severity, code, path, message }) => `${severity} ${code} ${path ?? '-'}: ${message}`,
  );
}

describe('NetworkPolicy defaults', () => {
  it.each<[string, unknown, NetworkPolicy['spec']]>([
    ['no spec', undefined, { podSelector: {}, policyTypes: ['Ingress'], ingress: [], egress: [] }],
    [
      'null everywhere',
      { podSelector: null, policyTypes: null, ingress: null, egress: null },
      { podSelector: {}, policyTypes: ['Ingress'], ingress: [], egress: [] },
    ],
    ['empty egress', { egress: [] }, { podSelector: {}, policyTypes: ['Ingress'], ingress: [], egress: [] }],
    [
      'egress rules',
      { egress: [{}], policyTypes: [] },
      { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [], egress: [{ ports: [], to: [] }] },
    ],
    [
      'given policyTypes stay',
      { egress: [null], policyTypes: ['Egress', 'Egress'] },
      { podSelector: {}, policyTypes: ['Egress', 'Egress'], ingress: [], egress: [{ ports: [], to: [] }] },
    ],
    [
      'protocol, null items, null label values',
      {
        podSelector: {
          matchLabels: { a: null, b: 'c' },
          matchExpressions: [null, { key: 'k', operator: 'In', values: [null, 'v'] }],
        },
        ingress: [
          {
            ports: [null, { protocol: null, port: 80, endPort: 90 }, { protocol: '', port: 'http' }],
            from: [
              null,
              { podSelector: null, namespaceSelector: {} },
              { ipBlock: {} },
              { ipBlock: { cidr: 'c', except: [null] } },
            ],
          },
        ],
      },
      {
        podSelector: {
          matchLabels: { a: '', b: 'c' },
          matchExpressions: [
            { key: '', operator: '' },
            { key: 'k', operator: 'In', values: ['', 'v'] },
          ],
        },
        policyTypes: ['Ingress'],
        ingress: [
          {
            ports: [{ protocol: 'TCP' }, { protocol: 'TCP', port: 80, endPort: 90 }, { protocol: '', port: 'http' }],
            from: [
              {},
              { namespaceSelector: {} },
              { ipBlock: { cidr: '', except: [] } },
              { ipBlock: { cidr: 'c', except: [''] } },
            ],
          },
        ],
        egress: [],
      },
    ],
  ])('%s', (_name, spec, expected) => {
    expect(decoded(policy(spec))).toEqual({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'p', namespace: 'default' },
      spec: expected,
    });
  });

  it('keeps keys of objects that JavaScript treats apart', () => {
    const spec: unknown = JSON.parse('{"podSelector":{"matchLabels":{"__proto__":null,"constructor":"c"}}}');
    const { matchLabels = {} } = (decoded(policy(spec)) as NetworkPolicy).spec.podSelector;
    expect(Object.entries(matchLabels)).toEqual([
      ['__proto__', ''],
      ['constructor', 'c'],
    ]);
  });
});

describe('metadata', () => {
  it('knows what kubectl get prints', () => {
    const metadata = {
      name: 'p',
      namespace: 'shop',
      uid: '1',
      resourceVersion: '5',
      generation: 2,
      selfLink: '/x',
      creationTimestamp: '2026-07-24T10:00:00Z',
      deletionTimestamp: null,
      deletionGracePeriodSeconds: 30,
      finalizers: ['a/b'],
      labels: { a: 'b' },
      annotations: { c: 'd' },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'K', name: 'n', uid: 'u', controller: true, blockOwnerDeletion: true },
      ],
      managedFields: [
        {
          manager: 'kubectl',
          operation: 'Update',
          apiVersion: 'v1',
          time: '2026-07-24T10:00:00Z',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:spec': {} },
          subresource: 'status',
        },
      ],
    };
    expect((decoded(policy({}, metadata)) as NetworkPolicy).metadata).toEqual({
      name: 'p',
      namespace: 'shop',
      creationTimestamp: '2026-07-24T10:00:00Z',
      finalizers: ['a/b'],
      labels: { a: 'b' },
      annotations: { c: 'd' },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'K', name: 'n', uid: 'u', controller: true, blockOwnerDeletion: true },
      ],
    });
  });

  it('leaves a missing policy name to the validator', () => {
    expect((decoded(policy({}, null)) as NetworkPolicy).metadata).toEqual({ name: '', namespace: 'default' });
    const named = decoded(policy({}, { generateName: 'g-' }), { defaultNamespace: 'shop' }) as NetworkPolicy;
    expect(named.metadata).toEqual({ name: '', generateName: 'g-', namespace: 'shop' });
  });

  it('wants a name of other objects', () => {
    expect(problems(core('Pod', { metadata: {} }))).toEqual([
      'error required metadata.name: Required value: name or generateName is required',
    ]);
    expect(problems(core('Pod', { metadata: 5 }))).toEqual([
      'error wrong-type metadata: expected object, got number 5',
    ]);
    const generated = decoded(core('Pod', { metadata: { generateName: 'g-' } })) as Pod;
    expect(generated.metadata).toEqual({ name: 'g-', generateName: 'g-', namespace: 'default' });
  });

  it('leaves out owners without a name', () => {
    const owners = [{ kind: 'ReplicaSet' }, { kind: 'ReplicaSet', name: 'r', uid: 'u', controller: true }];
    const pod = decoded(core('Pod', { metadata: { name: 'x', ownerReferences: owners } })) as Pod;
    expect(pod.metadata.ownerReferences).toEqual([{ kind: 'ReplicaSet', name: 'r', controller: true }]);
  });
});

describe('wrong types', () => {
  it.each<[string, unknown, string[]]>([
    ['null', null, ['error wrong-type -: expected object, got null']],
    ['a list', [], ['error wrong-type -: expected object, got list']],
    ['a string', 'x', ['error wrong-type -: expected object, got string "x"']],
    [
      'no type at all',
      { a: 1 },
      [
        "error missing-type apiVersion: Object 'apiVersion' is missing in '{\"a\":1}'",
        "error missing-type kind: Object 'Kind' is missing in '{\"a\":1}'",
      ],
    ],
    ['a kind that is no text', { apiVersion: 'v1', kind: 5 }, ['error wrong-type kind: expected string, got number 5']],
    [
      'every error of one object',
      policy(
        {
          podSelector: [],
          policyTypes: 'Ingress',
          ingress: [{ from: {}, ports: [{ port: 80.5 }, { port: true }, 7] }],
          egress: [[]],
        },
        { name: 5, labels: { a: true, b: ['x'] }, creationTimestamp: 'yesterday' },
      ),
      [
        'error wrong-type metadata.name: expected string, got number 5',
        'error wrong-type metadata.labels.a: expected string, got boolean true',
        'error wrong-type metadata.labels.b: expected string, got list',
        'error wrong-type metadata.creationTimestamp: expected RFC 3339 time, got string "yesterday"',
        'error wrong-type spec.podSelector: expected object, got list',
        'error wrong-type spec.policyTypes: expected list, got string "Ingress"',
        'error wrong-type spec.ingress[0].ports[0].port: expected 32-bit integer, got number 80.5',
        'error wrong-type spec.ingress[0].ports[1].port: expected integer or string, got boolean true',
        'error wrong-type spec.ingress[0].ports[2]: expected object, got number 7',
        'error wrong-type spec.ingress[0].from: expected list, got object',
        'error wrong-type spec.egress[0]: expected object, got list',
      ],
    ],
    [
      'numbers beyond 32 bits',
      policy({
        egress: [{ ports: [{ port: 2 ** 31 }, { port: 1, endPort: -(2 ** 31) - 1 }, { port: 1, endPort: '2' }] }],
      }),
      [
        'error wrong-type spec.egress[0].ports[0].port: expected 32-bit integer, got number 2147483648',
        'error wrong-type spec.egress[0].ports[1].endPort: expected 32-bit integer, got number -2147483649',
        'error wrong-type spec.egress[0].ports[2].endPort: expected 32-bit integer, got string "2"',
      ],
    ],
    [
      'used fields of a pod',
      core('Pod', {
        spec: {
          nodeName: 1,
          hostNetwork: 'yes',
          containers: [{ ports: [{ containerPort: '80' }, { name: 'x' }, { containerPort: 1, protocol: 'tcp' }] }],
          volumes: 'unread',
        },
        status: { podIPs: ['10.0.0.1'] },
      }),
      [
        'error wrong-type spec.nodeName: expected string, got number 1',
        'error wrong-type spec.hostNetwork: expected boolean, got string "yes"',
        'error wrong-type spec.containers[0].ports[0].containerPort: expected 32-bit integer, got string "80"',
        'error unsupported spec.containers[0].ports[2].protocol: Unsupported value: "tcp": supported values: "TCP", "UDP", "SCTP"',
        'error wrong-type status.podIPs[0]: expected object, got string "10.0.0.1"',
        'error required spec.containers[0].ports[1].containerPort: Required value',
      ],
    ],
  ])('%s', (_name, value, expected) => {
    expect(problems(value)).toEqual(expected);
    expect(decodeObject(value).object).toBeUndefined();
  });

  it('accepts integers of any spelling that are one', () => {
    const spec = { ingress: [{ ports: [{ port: 80n, endPort: 2 ** 31 - 1 }, { port: -0 }] }] };
    const [big, zero] = (decoded(policy(spec)) as NetworkPolicy).spec.ingress[0]?.ports ?? [];
    expect(big).toEqual({ protocol: 'TCP', port: 80, endPort: 2147483647 });
    expect(zero?.port).toBe(0);
  });

  it('tells what YAML does to unquoted words', () => {
    const [first] = decodeObject(policy({}, { name: 'p', labels: { a: true } })).diagnostics;
    expect(first?.help).toContain('put the value in quotes');
  });
});

describe('unknown fields', () => {
  const cases: [string, unknown, string, string | undefined][] = [
    ['misspelt', policy({ ingress: [{ form: [] }] }), 'spec.ingress[0].form', 'did you mean from?'],
    ['wrong case', policy({ podselector: {} }), 'spec.podselector', 'did you mean podSelector?'],
    ['other separators', policy({ 'policy-types': [] }), 'spec.policy-types', 'did you mean policyTypes?'],
    [
      'selector in the peer',
      policy({ ingress: [{ from: [{ matchLabels: { a: 'b' } }] }] }),
      'spec.ingress[0].from[0].matchLabels',
      'put it under podSelector: or namespaceSelector:',
    ],
    [
      'block in the peer',
      policy({ egress: [{ to: [{ cidr: 'x' }] }] }),
      'spec.egress[0].to[0].cidr',
      'put it under ipBlock:',
    ],
    ['selector in the spec', policy({ matchLabels: {} }), 'spec.matchLabels', 'put it under podSelector:'],
    ['rule in the spec', policy({ from: [] }), 'spec.from', 'put it under ingress:'],
    [
      'the other direction',
      policy({ egress: [{ from: [] }] }),
      'spec.egress[0].from',
      'an egress rule names its peers under to:',
    ],
    [
      'ports in a peer',
      policy({ ingress: [{ from: [{ ports: [] }] }] }),
      'spec.ingress[0].from[0].ports',
      'ports: belongs to the rule, beside from: or to:',
    ],
    ['status', { ...policy({}), status: {} }, 'status', undefined],
    ['spec at the root', { ...policy({}), podSelector: {} }, 'podSelector', 'put it under spec:'],
    ['metadata', policy({}, { name: 'p', lables: {} }), 'metadata.lables', 'did you mean labels?'],
    ['no likeness', policy({ zzz: 1 }), 'spec.zzz', undefined],
    ['__proto__', policy(JSON.parse('{"__proto__":1}')), 'spec.__proto__', undefined],
  ];
  it.each(cases)('%s', (_name, value, path, help) => {
    const lenient = decodeObject(value);
    expect(lenient.object?.kind).toBe('NetworkPolicy');
    expect(lenient.diagnostics).toEqual([
      {
        code: 'unknown-field',
        severity: 'warning',
        message: `unknown field "${path}"`,
        path,
        object: { kind: 'NetworkPolicy', namespace: 'default', name: 'p' },
        ...(help === undefined ? {} : { help }),
      },
    ]);
    const strict = decodeObject(value, { strict: true });
    expect(strict.object).toBeUndefined();
    expect(strict.diagnostics.map(({ severity }) => severity)).toEqual(['error']);
  });

  it('are not looked for in other kinds', () => {
    expect(decoded(core('Pod', { spec: { anything: 1 }, more: 2 }), { strict: true })).toBeDefined();
  });
});

describe('versions', () => {
  it.each([
    ['NetworkPolicy', 'extensions/v1beta1'],
    ['NetworkPolicy', 'networking.k8s.io/v1beta1'],
    ['Pod', 'v2'],
    ['Deployment', 'apps/v2'],
  ])('%s %s is an error', (kind, apiVersion) => {
    const { object, ignored, diagnostics } = decodeObject({ apiVersion, kind, metadata: { name: 'x' } });
    expect({ object, ignored }).toEqual({ object: undefined, ignored: undefined });
    expect(diagnostics.map(({ code, message }) => [code, message])).toEqual([
      ['unknown-version', `no matches for kind "${kind}" in version "${apiVersion}"`],
    ]);
  });

  it.each([
    ['ConfigMap', 'v1'],
    ['NetworkPolicy', 'projectcalico.org/v3'],
    ['ClusterNetworkPolicy', 'crd.antrea.io/v1beta1'],
    ['IngressClass', 'networking.k8s.io/v1'],
    ['Gateway', 'networking.istio.io/v1'],
    ['NetworkPolicyList', 'networking.k8s.io/v2'],
    ['PodSecurityPolicy', 'policy/v1beta1'],
    ['Service', 'serving.knative.dev/v1'],
    ['List', 'v1'],
    ['constructor', 'v1'],
  ])('%s %s is another kind', (kind, apiVersion) => {
    expect(decodeObject({ apiVersion, kind })).toEqual({ ignored: { apiVersion, kind }, diagnostics: [] });
  });

  it.each([
    ['NetworkPolcy', 'networking.k8s.io/v1', 'NetworkPolicy of networking.k8s.io/v1'],
    ['networkpolicy', 'networking.k8s.io/v1', 'NetworkPolicy of networking.k8s.io/v1'],
    ['NetworkPolicy', 'v1', 'NetworkPolicy of networking.k8s.io/v1'],
    ['NetworkPolicy', 'policy.networking.k8s.io/v1alpha2', 'NetworkPolicy of networking.k8s.io/v1'],
    ['ClusterNetworkPolicy', 'networking.k8s.io/v1', 'ClusterNetworkPolicy of policy.networking.k8s.io/v1alpha2'],
  ])('a policy written as %s %s is an error', (kind, apiVersion, meant) => {
    const { object, ignored, diagnostics } = decodeObject({ apiVersion, kind, metadata: { name: 'x' } });
    expect({ object, ignored }).toEqual({ object: undefined, ignored: undefined });
    expect(diagnostics.map(({ code, severity, message, help }) => [code, severity, message, help])).toEqual([
      [
        'unknown-version',
        'error',
        `no matches for kind "${kind}" in version "${apiVersion}"`,
        `did you mean ${meant}?`,
      ],
    ]);
  });

  it('warns of a policy whose group is misspelt', () => {
    const type = { apiVersion: 'networking.k8io/v1', kind: 'NetworkPolicy' };
    const { ignored, diagnostics } = decodeObject({ ...type, metadata: { name: 'x' } });
    expect(ignored).toEqual(type);
    expect(diagnostics.map(({ code, severity, help }) => [code, severity, help])).toEqual([
      ['unknown-group', 'warning', 'did you mean apiVersion: networking.k8s.io/v1?'],
    ]);
  });

  it('reads former versions of workloads with a warning', () => {
    const { object, diagnostics } = decodeObject({
      apiVersion: 'extensions/v1beta1',
      kind: 'Deployment',
      metadata: { name: 'd' },
    });
    expect(object?.apiVersion).toBe('apps/v1');
    expect(diagnostics.map(({ code, severity }) => [code, severity])).toEqual([['former-version', 'warning']]);
  });
});

describe('other kinds', () => {
  it('Namespace', () => {
    const labels = { a: 'b', 'kubernetes.io/metadata.name': 'wrong' };
    expect(decoded(core('Namespace', { metadata: { name: 'n', namespace: 'm', labels } }))).toEqual({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'n', labels: { a: 'b', 'kubernetes.io/metadata.name': 'n' } },
    });
  });

  it('Pod', () => {
    const spec = {
      nodeName: 'node-1',
      hostNetwork: true,
      containers: [
        { ports: [{ name: 'http', containerPort: 80 }] },
        {},
        { ports: [{ containerPort: 53, protocol: 'UDP' }] },
      ],
      initContainers: [
        { ports: [{ containerPort: 1 }] },
        { restartPolicy: 'Always', ports: [{ containerPort: 2, protocol: '', name: '' }] },
      ],
      ephemeralContainers: [{ ports: [{ containerPort: 3 }] }],
    };
    const status = {
      phase: 'Running',
      podIP: '10.0.0.1',
      podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }, { ip: 'fd00:0::1' }, {}],
      hostIP: '',
      hostIPs: null,
    };
    expect(decoded(core('Pod', { spec, status }))).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x', namespace: 'default' },
      spec: {
        nodeName: 'node-1',
        hostNetwork: true,
        ports: [
          { name: 'http', containerPort: 80, protocol: 'TCP' },
          { containerPort: 53, protocol: 'UDP' },
          { containerPort: 2, protocol: 'TCP' },
        ],
      },
      status: { phase: 'Running', podIPs: ['10.0.0.1', 'fd00::1'], hostIPs: [] },
    });
  });

  it('a pod from a manifest', () => {
    expect(decoded(core('Pod', {}))).toMatchObject({
      spec: { hostNetwork: false, ports: [] },
      status: { podIPs: [], hostIPs: [] },
    });
  });

  it('warns of addresses that are none and goes on', () => {
    const { object, diagnostics } = decodeObject(
      core('Pod', { status: { podIP: 'x', podIPs: [{ ip: '10.0.0.1' }], hostIP: '1.2.3' } }),
    );
    expect((object as Pod).status).toEqual({ podIPs: ['10.0.0.1'], hostIPs: [] });
    expect(diagnostics.map(({ code, severity, path }) => [code, severity, path])).toEqual([
      ['bad-address', 'warning', 'status.podIP'],
      ['bad-address', 'warning', 'status.hostIP'],
    ]);
  });

  it('Node', () => {
    const node = core('Node', {
      spec: { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24', 'fd00::/64'] },
      status: {
        addresses: [
          { type: 'InternalIP', address: '1.2.3.4' },
          { type: 'Hostname', address: 'h' },
        ],
      },
    });
    expect(decoded(node)).toEqual({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'x' },
      addresses: [
        { type: 'InternalIP', address: '1.2.3.4' },
        { type: 'Hostname', address: 'h' },
      ],
      podCIDRs: ['10.0.0.0/24', 'fd00::/64'],
    });
    expect(problems(core('Node', { status: { addresses: [{ type: 'ExternalIP', address: 'h' }] } }))).toEqual([
      'warning bad-address status.addresses[0].address: "h" is not an IP address and is ignored',
    ]);
  });

  it('Service', () => {
    const ports = [{ port: 80 }, { name: 'dns', port: 53, protocol: 'UDP', targetPort: 'dns', nodePort: 30053 }];
    expect(
      decoded(core('Service', { spec: { ports, clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', 'fd00::1'] } })),
    ).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'x', namespace: 'default' },
      spec: {
        type: 'ClusterIP',
        selector: {},
        clusterIPs: ['10.0.0.1', 'fd00::1'],
        ports: [
          { protocol: 'TCP', port: 80, targetPort: 80 },
          { name: 'dns', protocol: 'UDP', port: 53, targetPort: 'dns', nodePort: 30053 },
        ],
      },
    });
    const headless = core('Service', { spec: { clusterIP: 'None', clusterIPs: ['None'], selector: { a: 'b' } } });
    expect(decoded(headless)).toMatchObject({ spec: { clusterIPs: [], selector: { a: 'b' } } });
    expect(problems(core('Service', { spec: { ports: [{}] } }))).toEqual([
      'error required spec.ports[0].port: Required value',
    ]);
  });

  const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ ports: [{ containerPort: 80 }] }] } };
  it.each([
    ['Deployment', 'apps/v1', { template }],
    ['ReplicaSet', 'apps/v1', { template }],
    ['StatefulSet', 'apps/v1', { template }],
    ['DaemonSet', 'apps/v1', { template }],
    ['Job', 'batch/v1', { template }],
    ['ReplicationController', 'v1', { template }],
    ['CronJob', 'batch/v1', { jobTemplate: { spec: { template } } }],
  ])('%s', (kind, apiVersion, spec) => {
    expect(decoded({ apiVersion, kind, metadata: { name: 'x' }, spec })).toEqual({
      apiVersion,
      kind,
      metadata: { name: 'x', namespace: 'default' },
      template: { labels: { app: 'a' }, spec: { hostNetwork: false, ports: [{ containerPort: 80, protocol: 'TCP' }] } },
    });
  });
});

describe('sources', () => {
  it('are asked only for what is reported, unknown fields by their key', () => {
    const asked: [FieldPath, string | undefined][] = [];
    const source: ObjectSource = {
      file: 'f.yaml',
      start: { file: 'f.yaml', line: 1, column: 1 },
      locate(path, at) {
        asked.push([path, at]);
        return { file: 'f.yaml', line: 2, column: 3, length: 4, lineText: '' };
      },
    };
    expect(decodeObject(policy({}), { source }).object?.source).toBe(source);
    expect(asked).toEqual([]);
    decodeObject(policy({ ingress: [{ form: [], ports: 1 }] }), { source });
    expect(asked).toEqual([
      [['spec', 'ingress', 0, 'ports'], 'value'],
      [['spec', 'ingress', 0, 'form'], 'key'],
    ]);
  });
});

describe('robustness', () => {
  const types = fc.constantFrom(
    ['networking.k8s.io/v1', 'NetworkPolicy'],
    ['v1', 'Pod'],
    ['v1', 'Service'],
    ['v1', 'Node'],
    ['apps/v1', 'Deployment'],
    ['batch/v1', 'CronJob'],
    ['networking.k8s.io/v1', 'Ingress'],
    ['gateway.networking.k8s.io/v1', 'Gateway'],
    ['gateway.networking.k8s.io/v1', 'HTTPRoute'],
    ['gateway.networking.k8s.io/v1beta1', 'ReferenceGrant'],
  );
  const field = fc.constantFrom(
    ...[
      'name',
      'labels',
      'podSelector',
      'matchLabels',
      'matchExpressions',
      'values',
      'ingress',
      'egress',
      'from',
      'to',
    ],
    ...[
      'ports',
      'port',
      'ipBlock',
      'cidr',
      'except',
      'containers',
      'initContainers',
      'podIPs',
      'ip',
      'addresses',
      'template',
    ],
    ...['jobTemplate', 'spec', 'metadata', 'ownerReferences', '__proto__'],
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom<unknown>(
        null,
        undefined,
        true,
        0,
        1.5,
        'x',
        '',
        '10.0.0.0/8',
        7n,
        Number.NaN,
        Symbol('s'),
        () => 1,
      ),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(field, tie('value'), { maxKeys: 4 }),
    ),
  }));

  it('never throws, and has an object exactly when there is no error', () => {
    fc.assert(
      fc.property(types, value, value, value, ([apiVersion, kind], metadata, spec, status) => {
        const result = decodeObject({ apiVersion, kind, metadata, spec, status });
        const failed = result.diagnostics.some(({ severity }) => severity === 'error');
        expect(result.object === undefined).toBe(failed);
      }),
      { numRuns: 500 },
    );
  });

  it('never throws for a value that is no object', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (any) => void decodeObject(any)),
      {
        numRuns: 300,
      },
    );
    const cycle: Record<string, unknown> = { a: 1n };
    cycle['self'] = cycle;
    expect(problems(cycle)[0]).toContain("Object 'apiVersion' is missing in '{…}'");
  });
});
