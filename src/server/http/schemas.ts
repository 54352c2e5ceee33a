/** What requests and answers look like. The answers are those of the commands with `-o json`. */

import { z } from '@hono/zod-openapi';

const API_VERSION = 'portcullis.dev/v1';
const apiVersion = z.literal(API_VERSION);

const position = z
  .object({ file: z.string(), line: z.int().min(1), column: z.int().min(1) })
  .openapi('Position', { description: 'Line and column count from 1; a column is a UTF-16 code unit.' });

/** A position, sometimes with the text at it. */
const place = position.extend({ length: z.int().optional(), lineText: z.string().optional() }).openapi('Place');

const severity = z.enum(['error', 'warning', 'info']);
const objectRef = z
  .object({ kind: z.string(), namespace: z.string().optional(), name: z.string() })
  .openapi('ObjectRef');
const policyRef = objectRef.extend({ source: place.optional() }).openapi('PolicyRef');

export const finding = z
  .object({
    code: z.string(),
    severity,
    object: objectRef.optional(),
    path: z.string().optional().openapi({ example: 'spec.ingress[0].ports[0].port' }),
    message: z.string(),
    help: z.string().optional(),
    source: position.optional(),
    caret: z.string().optional().openapi({ description: 'The line of the text with carets under the place.' }),
  })
  .openapi('Finding');

export const findings = z
  .object({ apiVersion, kind: z.literal('Findings'), findings: z.array(finding) })
  .openapi('Findings');

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    suggestions: z.array(z.string()).optional().openapi({ description: 'Names that may have been meant.' }),
    findings: z.array(finding).optional(),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: 'Which parts of the request are wrong.' }),
  })
  .openapi('Problem', { description: 'RFC 9457.' });

const protocol = z.enum(['TCP', 'UDP', 'SCTP']);
const family = z.enum(['IPv4', 'IPv6']);
const portEntry = z
  .object({
    protocol,
    ranges: z.array(z.array(z.int().min(1).max(65535)).length(2)),
    families: z.array(family).optional().openapi({ description: 'Only where not all common families are open.' }),
  })
  .openapi('PortEntry');
const labels = z.record(z.string(), z.string());
const ranges = z.array(z.array(z.string()).length(2));

const endpoint = z
  .object({
    id: z.string(),
    type: z.enum(['workload', 'node', 'host', 'external', 'domain']),
    namespace: z.string().optional(),
    name: z.string().optional(),
    workloadKind: z.string().optional(),
    labels: labels.optional(),
    isolated: z.object({ ingress: z.boolean(), egress: z.boolean() }).optional(),
    ranges: ranges.optional(),
    addresses: z.array(z.string()).optional(),
    pods: z.array(z.string()).optional(),
  })
  .openapi('Endpoint');

export const reachability = z
  .object({
    apiVersion,
    kind: z.literal('Reachability'),
    endpoints: z.array(endpoint),
    connections: z.array(z.object({ from: z.string(), to: z.string(), ports: z.array(portEntry) })).optional(),
    groups: z
      .array(z.object({ from: z.array(z.string()), to: z.array(z.string()), ports: z.array(portEntry) }))
      .optional(),
  })
  .openapi('Reachability', { description: '`connections`, or with grouped=true `groups`: the same facts.' });

const rule = z
  .object({
    policy: policyRef,
    rule: z.int(),
    ruleName: z.string().optional(),
    peer: z.int().nullable(),
    port: z.int().nullable(),
    action: z.enum(['Allow', 'Accept', 'Deny', 'Pass']),
    source: position.optional(),
  })
  .openapi('Rule', { description: 'Indexes count from 0; null where the rule leaves that part open.' });

const nearMiss = z
  .object({
    policy: policyRef,
    rule: z.int(),
    peer: z.int().optional(),
    missed: z.enum(['port', 'protocol', 'labels', 'namespace', 'except', 'address', 'named-port']),
    message: z.string(),
    source: position.optional(),
  })
  .openapi('NearMiss');

const directionVerdict = z
  .object({
    allowed: z.boolean(),
    tier: z.enum(['admin', 'networkpolicy', 'baseline', 'default', 'self', 'node']),
    decidedBy: rule.nullable(),
    passedBy: z.array(rule).optional(),
    isolatedBy: z.array(policyRef),
    nearMisses: z.array(nearMiss).optional(),
  })
  .openapi('DirectionVerdict');

const verdictCase = z
  .object({
    from: z.string(),
    to: z.string(),
    family,
    protocol: protocol.optional(),
    port: z.int().optional(),
    allowed: z.boolean(),
    ports: z.array(portEntry).optional(),
    egress: directionVerdict,
    ingress: directionVerdict,
  })
  .openapi('VerdictCase');

const explanation = z
  .object({
    summary: z.string(),
    directions: z.array(
      z.object({
        direction: z.enum(['egress', 'ingress']),
        subject: z.string(),
        allowed: z.boolean(),
        steps: z.array(z.string()),
        cites: z.array(z.object({ source: position.optional(), note: z.string(), text: z.string() })),
      }),
    ),
    flip: z.array(z.string()),
  })
  .openapi('Explanation');

export const verdict = z
  .object({
    apiVersion,
    kind: z.literal('Verdict'),
    from: z.string(),
    to: z.string(),
    protocol: protocol.optional(),
    port: z.union([z.int(), z.string()]).optional(),
    allowed: z.boolean(),
    ports: z.array(portEntry).optional(),
    families: z.array(family).optional(),
    egress: directionVerdict,
    ingress: directionVerdict,
    cases: z.array(verdictCase).optional(),
    notes: z.array(z.string()).optional(),
    explanation: explanation.optional(),
  })
  .openapi('Verdict');

const labelSelector = z
  .object({
    matchLabels: labels.optional(),
    matchExpressions: z
      .array(z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }))
      .optional(),
  })
  .openapi('LabelSelector');
const peerCondition = z.object({
  namespaceSelector: labelSelector,
  podSelector: labelSelector,
  named: z.array(z.string()).optional(),
});
const directionExposure = z
  .object({
    protected: z.boolean(),
    reason: z.literal('host-network').optional(),
    isolatedBy: z.array(policyRef),
    clusterPolicies: z.array(policyRef),
    pods: z
      .array(
        peerCondition.extend({
          scope: z.enum(['cluster', 'namespace', 'namespaces', 'pods']),
          namespace: z.string().optional(),
          except: z.array(peerCondition),
          ports: z.array(portEntry),
          now: z.object({ workloads: z.int(), pods: z.int(), endpoints: z.array(z.string()) }),
        }),
      )
      .optional(),
    outside: z.array(
      z.object({
        scope: z.enum(['all', 'blocks']),
        id: z.string().optional(),
        ranges: ranges.optional(),
        ports: z.array(portEntry),
      }),
    ),
    domains: z.array(z.object({ name: z.string(), ports: z.array(portEntry) })),
  })
  .openapi('DirectionExposure');

const entrance = z
  .object({
    object: policyRef,
    via: z.enum(['ingress-controller', 'load-balancer', 'node-port']),
    ports: z.array(portEntry),
    admitted: z.array(portEntry),
    depends: z.literal(true).optional(),
  })
  .openapi('Entrance', { description: 'An object by which the outside is led to a workload.' });

export const exposure = z
  .object({
    apiVersion,
    kind: z.literal('Exposure'),
    workloads: z.array(
      endpoint.pick({ id: true, type: true, namespace: true, name: true, workloadKind: true, labels: true }).extend({
        exposedBy: z.array(entrance).optional(),
        ingress: directionExposure.optional(),
        egress: directionExposure.optional(),
      }),
    ),
  })
  .openapi('Exposure');

const cause = policyRef
  .extend({
    change: z.string(),
    effect: z.string().optional(),
    direction: z.enum(['egress', 'ingress']).optional(),
    rule: z.int().optional(),
    closing: z
      .object({
        effect: z.string().optional(),
        direction: z.enum(['egress', 'ingress']).optional(),
        rule: z.int().optional(),
        source: place.optional(),
      })
      .optional()
      .openapi({ description: 'What it closes, where it opens something too.' }),
  })
  .openapi('Cause');

export const diff = z
  .object({
    apiVersion,
    kind: z.literal('ReachabilityDiff'),
    summary: z.object({ changes: z.int(), opened: z.int(), closed: z.int() }),
    changes: z.array(
      z.object({
        change: z.enum(['added', 'removed', 'changed']),
        from: z.string(),
        to: z.string(),
        old: z.array(portEntry),
        new: z.array(portEntry),
        because: z.array(cause),
      }),
    ),
    policies: z.object({
      added: z.array(policyRef),
      removed: z.array(policyRef),
      edited: z.array(policyRef),
    }),
    endpoints: z.object({
      added: z.array(z.string()),
      removed: z.array(z.string()),
      external: z.array(z.object({ id: z.string(), ranges: ranges.optional() })),
    }),
  })
  .openapi('ReachabilityDiff');

export const testResult = z
  .object({
    apiVersion,
    kind: z.literal('PolicyTestResult'),
    passed: z.boolean(),
    summary: z.object({ assertions: z.int(), passed: z.int(), failed: z.int(), pairs: z.int() }),
    assertions: z.array(
      z.object({
        title: z.string(),
        test: z.string().optional(),
        expect: z.enum(['allowed', 'denied']),
        passed: z.boolean(),
        pairs: z.int(),
        failed: z.int(),
        source: position,
        counterexamples: z.array(
          z.object({
            from: z.string(),
            to: z.string(),
            ports: z.array(portEntry),
            alike: z.int(),
            verdict: verdictCase.omit({ from: true, to: true, ports: true }).optional(),
            notes: z.array(z.string()),
          }),
        ),
      }),
    ),
  })
  .openapi('PolicyTestResult');

export const advice = z
  .object({
    apiVersion,
    kind: z.literal('Advice'),
    yaml: z.string(),
    policies: z.array(z.object({ namespace: z.string(), name: z.string(), comment: z.string() })),
    denied: z.int().openapi({ description: 'Lines of the log about connections that were denied: left out.' }),
    findings: z.array(finding),
  })
  .openapi('Advice');

export const file = z
  .object({ name: z.string(), digest: z.string(), text: z.string() })
  .openapi('File', { description: 'Equal digests mean equal files.' });

const summary = z
  .object({
    policies: z.int(),
    workloads: z.int(),
    namespaces: z.int(),
    objects: z.int(),
    ignored: z.int().openapi({ description: 'Objects of kinds that say nothing to policies.' }),
    errors: z.int(),
  })
  .openapi('Summary');

export const world = z
  .object({
    apiVersion,
    kind: z.literal('World'),
    version: z.int().openapi({ description: 'Counts the changes of the input.' }),
    digest: z.string(),
    mode: z.enum(['files', 'cluster', 'empty']),
    synced: z.boolean(),
    defaultNamespace: z.string(),
    podCidrs: z.array(z.string()),
    hosts: z.array(z.object({ name: z.string(), text: z.string() })),
    strict: z.boolean(),
    flows: z.boolean().openapi({ description: 'Whether /api/flows has a log to tell of.' }),
    files: z.array(z.object({ name: z.string(), digest: z.string(), text: z.string().optional() })),
    summary: summary.optional(),
    problems: z.array(finding),
  })
  .openapi('World');

export const examples = z
  .object({
    apiVersion,
    kind: z.literal('Examples'),
    examples: z.array(
      z.object({ name: z.string(), title: z.string(), description: z.string(), files: z.int().min(1) }),
    ),
  })
  .openapi('Examples');

export const example = z
  .object({ apiVersion, kind: z.literal('Example'), name: z.string(), files: z.array(file) })
  .openapi('Example');

export const health = z.object({ status: z.enum(['ok', 'starting']) }).openapi('Health');
export const serverInfo = z.object({ server: z.literal(true), version: z.string() }).openapi('ServerInfo');

/** A switch in a query: `true` or `false`. */
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const names = z
  .string()
  .min(1)
  .max(10_000)
  .transform((text) => text.split(','));
const name = z.string().min(1).max(1000);

const skipInvalid = flag
  .optional()
  .openapi({ description: 'Leave invalid objects out instead of refusing to answer.' });
const namespace = names.optional().openapi({ description: 'Only these namespaces, separated by commas.' });
const selector = name.optional().openapi({ description: 'Only what has these labels.', example: 'app=cart' });
const by = z.enum(['workload', 'pod']).optional();
const port = name.optional().openapi({ description: '80, 80/TCP, 8000-8080, a port name', example: '8080/TCP' });

const reachFields = {
  from: name.optional().openapi({ description: 'Only connections from this endpoint.' }),
  to: name.optional().openapi({ description: 'Only connections to this endpoint.' }),
  port,
  by,
  selector,
};

export const worldQuery = z.strictObject({
  text: flag.optional().openapi({ description: 'false leaves the text of files out.' }),
});
export const fileQuery = z.strictObject({ name });
export const reachQuery = z.strictObject({
  ...reachFields,
  namespace,
  external: flag.optional().openapi({ description: 'false leaves out everything outside the cluster.' }),
  grouped: flag.optional().openapi({ description: 'Groups of equal ends instead of pairs.' }),
  skipInvalid,
});
export const canQuery = z.strictObject({
  from: name.openapi({ description: 'Where the connection begins.', example: 'shop/deploy/frontend' }),
  to: name.openapi({ description: 'Where it goes.', example: 'shop/deploy/cart' }),
  port,
  explain: flag.optional(),
  skipInvalid,
});
export const exposureQuery = z.strictObject({
  namespace,
  selector,
  by,
  direction: z.enum(['ingress', 'egress']).optional(),
  externalOnly: flag.optional(),
  skipInvalid,
});
export const lintQuery = z.strictObject({ select: names.optional(), ignore: names.optional() });

const textFile = z.strictObject({ name, text: z.string() }).openapi('TextFile');
const files = z.array(textFile).max(10_000);
export const diffBody = z
  .strictObject({
    files,
    overlay: z.boolean().optional().openapi({ description: 'The files replace those of the same name, not all.' }),
    remove: z.array(name).max(10_000).optional().openapi({ description: 'Files that are left out; with overlay.' }),
    ...reachFields,
    namespaces: z.array(name).optional(),
    external: z.boolean().optional(),
    skipInvalid: z.boolean().optional(),
  })
  .openapi('DiffRequest');
export const testBody = z.strictObject({ files, skipInvalid: z.boolean().optional() }).openapi('TestRequest');
export const adviseBody = z
  .strictObject({
    source: z
      .enum(['flows', 'services'])
      .optional()
      .openapi({ description: "`flows` (default): the log that is sent, else the server's; `services`: no log." }),
    flows: z.string().optional().openapi({ description: 'A flow log: JSON lines or CSV.' }),
    namespaces: z.array(name).optional(),
    dns: z.boolean().optional(),
    skipUnusable: z.boolean().optional(),
    prefixes: z.strictObject({ IPv4: z.int().min(0).max(32), IPv6: z.int().min(0).max(128) }).optional(),
    skipInvalid: z.boolean().optional(),
  })
  .openapi('AdviseRequest');
export const sessionBody = z.strictObject({ token: z.string().min(1).max(4096) }).openapi('SessionRequest');
