import path from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { folder, portcullis } from './run-main.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const example = (name: string): string => path.join(ROOT, 'examples/cluster-policy', name);
const tiers = example('tiers');
const egress = example('egress');
const hosts = path.join(egress, 'hosts');

describe('can with cluster-wide policies', () => {
  it.each<[string, readonly string[], number, string]>([
    [
      'an Admin Deny',
      ['lab/notebook', 'shop/cart', '7070'],
      1,
      `  ingress: Admin tier: rule 2 "quarantine" of ClusterNetworkPolicy quarantine-lab (${tiers}/admin.yaml:26:7) denies it\n`,
    ],
    [
      'a Pass and a NetworkPolicy',
      ['lab/probe', 'shop/web', '8080'],
      0,
      `  ingress: rule 1 of shop/web (${tiers}/shop.yaml:12:7) allows it; passed on by rule 1 ` +
        `"probe-if-the-target-agrees" of ClusterNetworkPolicy quarantine-lab (${tiers}/admin.yaml:12:7)\n`,
    ],
    [
      'a Baseline Deny',
      ['shop/cart', 'shop/db', '5432'],
      1,
      `  ingress: Baseline tier: rule 1 "closed-unless-opened" of ClusterNetworkPolicy deny-by-default (${tiers}/baseline.yaml:12:7) denies it\n`,
    ],
    [
      'a NetworkPolicy that overrides it',
      ['shop/web', 'shop/cart', '7070'],
      0,
      `  ingress: rule 1 of shop/cart (${tiers}/shop.yaml:27:7) allows it\n`,
    ],
    [
      'the outside',
      ['internet', 'shop/db', '5432'],
      0,
      '  no policy isolates internet for egress or shop/db[Pod] for ingress\n',
    ],
  ])('%s in a line', async (_, args, code, line) => {
    const outcome = await portcullis(['can', '-f', tiers, ...args]);
    expect([outcome.code, outcome.stderr]).toEqual([code, '']);
    expect(outcome.stdout.split('\n').slice(1).join('\n')).toBe(line);
  });

  it('accepts, passes on to nobody, and denies after a Pass', async () => {
    const world = path.join(example('3-leave-it-to-the-namespaces'));
    expect((await portcullis(['can', '-f', world, 'open/builder', 'platform/registry', '8443'])).stdout).toMatch(
      /\n {2}egress: allowed by default; passed on by rule 1 "registry-as-the-namespace-likes" of ClusterNetworkPolicy platform \(.*\)\n$/,
    );
    expect((await portcullis(['can', '-f', world, 'closed/batch', 'platform/registry', '8080'])).stdout).toMatch(
      /no rule allows it; passed on by rule 1 "registry-as-the-namespace-likes" of /,
    );
    const monitoring = example('2-always-let-monitoring-in');
    expect((await portcullis(['can', '-f', monitoring, 'monitoring/scraper', 'shop/cart', '9100'])).stdout).toMatch(
      /\n {2}ingress: Admin tier: rule 1 "monitoring-comes-in" of ClusterNetworkPolicy cluster-services \(.*\) accepts it\n$/,
    );
  });

  it('-o json has the rule name and what passed it on', async () => {
    const { stdout } = await portcullis(['can', '-f', tiers, 'lab/probe', 'shop/web', '8080', '-o', 'json']);
    const policy = { kind: 'ClusterNetworkPolicy', name: 'quarantine-lab' };
    expect(JSON.parse(stdout).ingress).toMatchObject({
      tier: 'networkpolicy',
      decidedBy: { policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'web' }, action: 'Allow' },
      passedBy: [{ policy, rule: 0, ruleName: 'probe-if-the-target-agrees', peer: 0, port: 0, action: 'Pass' }],
    });
    const denied = await portcullis(['can', '-f', tiers, 'lab/notebook', 'shop/cart', '7070', '-o', 'json']);
    expect(JSON.parse(denied.stdout).ingress).toMatchObject({
      allowed: false,
      tier: 'admin',
      decidedBy: { policy, rule: 1, ruleName: 'quarantine', peer: 0, port: null, action: 'Deny', source: { line: 26 } },
      isolatedBy: [{ name: 'cart' }],
      nearMisses: [],
    });
  });

  it('--explain -o json has steps, cites and changes', async () => {
    const { stdout } = await portcullis([
      'can',
      '-f',
      tiers,
      'lab/notebook',
      'shop/cart',
      '7070',
      '--explain',
      '-o',
      'json',
    ]);
    const { directions, flip } = JSON.parse(stdout).explanation;
    expect(directions[1].steps[0]).toMatch(/^Admin tier: ingress rule 2 "quarantine" of ClusterNetworkPolicy/);
    expect(directions[1].cites[0]).toMatchObject({ text: '- name: quarantine', note: 'Ingress rule 2 denies it' });
    expect(flip).toHaveLength(3);
  });
});

describe('--resolve', () => {
  it('gives domain names their addresses', async () => {
    const { code, stdout, stderr } = await portcullis([
      ...['can', '-f', egress, 'shop/web', 'mirror.packages.example.com', '443', '--resolve', hosts],
    ]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^allowed: shop\/web\[Pod\] -> mirror\.packages\.example\.com 443\/TCP\n/);
    expect(stdout).not.toContain('note');
    const without = await portcullis(['can', '-f', egress, 'shop/web', 'mirror.packages.example.com', '443']);
    expect([without.code, without.stdout]).toEqual([0, expect.stringContaining('note: the addresses of mirror')]);
  });

  it('adds up over files, and reads standard input', async () => {
    const more = path.join(folder({ hosts: '2001:db8::80 api.example.com\n203.0.113.81 api.example.com\n' }), 'hosts');
    const { stdout } = await portcullis(['reach', '-f', egress, '--resolve', hosts, '--resolve', more, '-o', 'json']);
    const endpoints = JSON.parse(stdout).endpoints.filter(({ type }: { type: string }) => type === 'domain');
    expect(endpoints).toEqual([
      { id: '*.packages.example.com', type: 'domain', name: '*.packages.example.com' },
      {
        id: 'api.example.com',
        type: 'domain',
        name: 'api.example.com',
        addresses: ['203.0.113.80/31', '2001:db8::80/128'],
      },
    ]);
    const piped = await portcullis(['can', '-f', egress, 'shop/web', 'www.example.com', '443', '--resolve', '-'], {
      stdin: '203.0.113.99 www.example.com',
    });
    expect([piped.code, piped.stderr]).toEqual([1, '']);
  });

  it('says where a file is wrong, and computes nothing', async () => {
    const wrong = path.join(folder({ hosts: '203.0.113.80 api.example.com\napi.example.com 203.0.113.80\n' }), 'hosts');
    expect(await portcullis(['reach', '-f', egress, '--resolve', wrong])).toEqual({
      code: 2,
      stdout: '',
      stderr: `${wrong}:2:1: error: "api.example.com" is not an IP address
  2 | api.example.com 203.0.113.80
    | ^^^^^^^^^^^^^^^
  help: a line is: ADDRESS NAME…
1 error
portcullis: error: what --resolve names is not right, nothing was computed
`,
    });
  });

  it.each([
    ['a file that is not there', `${egress}/nope`, /cannot read .*nope: no such file or directory/],
    ['a directory', egress, /cannot read .*egress: it is a directory/],
  ])('%s is an error', async (_, file, message) => {
    const { code, stdout, stderr } = await portcullis([
      'can',
      '-f',
      egress,
      'shop/web',
      'shop/worker',
      '--resolve',
      file,
    ]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  it('cannot share standard input with -f', async () => {
    const { code, stderr } = await portcullis(['reach', '-f', '-', '--resolve', '-']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('-f - and --resolve - both mean standard input')]);
  });
});

describe('reach with domains and nodes', () => {
  it.each<[string, RegExp]>([
    ['table', /^shop\/web\[Pod\] +api\.example\.com +443\/TCP$/m],
    ['csv', /^shop\/web\[Pod\],\*\.packages\.example\.com,TCP,443,\r$/m],
    ['md', /^\| shop\/web\[Pod\] \| \\\*\.packages\.example\.com \| 443\/TCP \|$/m],
    ['yaml', /^ {2}- \{"id":"api\.example\.com","type":"domain","name":"api\.example\.com"\}$/m],
    ['json', /\{"from":"node\/n1","to":"api\.example\.com","ports":/],
  ])('-o %s', async (format, line) => {
    const { code, stdout, stderr } = await portcullis(['reach', '-f', egress, '-o', format]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(line);
    expect(stdout).not.toMatch(/"from":"(api|\*)|^(api\.|\*)\S+ /m);
  });

  it('-o matrix has domains in columns only, and nothing of the outside toward them', async () => {
    const { stdout } = await portcullis(['reach', '-f', egress, '-o', 'matrix']);
    expect(stdout).toBe(`  FROM              1 2 3 4 5 6
2 0.0.0.0/0         - - - # # #
4 node/n1           # # # - # #
5 shop/web[Pod]     a . a . - #
6 shop/worker[Pod]  a . a . # -

1 *.packages.example.com
3 api.example.com

rows: from, columns: to
# all ports
. nothing
- not judged (itself, or both outside)
a 443/TCP
`);
  });

  it('--no-external leaves them out, --to asks for one', async () => {
    expect((await portcullis(['reach', '-f', egress, '--no-external'])).stdout).not.toContain('example.com');
    const { stdout } = await portcullis(['reach', '-f', egress, '--to', 'api.example.com', '--no-headers']);
    expect(stdout.match(/api\.example\.com/g)).toHaveLength(3);
    const from = await portcullis(['reach', '-f', egress, '--from', 'api.example.com']);
    expect([from.code, from.stderr]).toEqual([2, expect.stringContaining('destinations only')]);
  });
});

test('domain names are candidates for a destination only', async () => {
  const complete = async (...words: string[]): Promise<string> =>
    (await portcullis(['complete', '--', ...words])).stdout;
  expect(await complete('can', '-f', egress, 'shop/web', 'api')).toContain('api.example.com');
  expect(await complete('can', '-f', egress, 'api')).not.toContain('api.example.com');
});

describe('validate of several cluster-wide policies', () => {
  const policy = (name: string, action: string, priority = 10): string => `apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: ${name}, labels: {name: ${name}}}
spec:
  tier: Admin
  priority: ${priority}
  subject: {namespaces: {}}
  ingress: [{action: ${action}, from: [{namespaces: {}}]}]
`;
  const pods = ['a', 'b']
    .map((name) => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: c}]}\n`)
    .join('---\n');

  it('warns of equal priorities, at the second of them', async () => {
    const file = path.join(
      folder({ 'all.yaml': [policy('one', 'Accept'), policy('two', 'Deny'), pods].join('---\n') }),
      'all.yaml',
    );
    const { code, stdout, stderr } = await portcullis(['validate', '-f', file]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(
      `${file}:17:13: warning: spec.ingress[0]: Deny has the same priority 10 as Accept in ingress rule 1 of ` +
        'ClusterNetworkPolicy one, and both match default/a[Pod] -> default/b[Pod]: which one holds is undefined',
    );
    expect(stdout).toMatch(/^2 network policies checked: 1 warning; 2 other objects read$/m);
    const json = await portcullis(['validate', '-f', file, '-o', 'json']);
    expect(JSON.parse(json.stdout).findings).toMatchObject([
      { code: 'equal-priority', severity: 'warning', object: { kind: 'ClusterNetworkPolicy', name: 'two' } },
    ]);
    expect((await portcullis(['validate', '-f', file, '-q'])).stdout).not.toContain('equal-priority');
    expect((await portcullis(['validate', '-f', file, '-l', 'name=two'])).stdout).not.toContain('warning');
  });

  it('not of different ones, and not of one that is invalid', async () => {
    const stdin = [policy('one', 'Accept'), policy('two', 'Deny', 11), pods].join('---\n');
    expect((await portcullis(['validate', '-f', '-'], { stdin })).stdout).toMatch(
      /^2 network policies checked: no findings/,
    );
    const invalid = [policy('one', 'Accept'), policy('two', 'Deny', 10).replace('Admin', 'Root'), pods].join('---\n');
    const { code, stdout } = await portcullis(['validate', '-f', '-'], { stdin: invalid });
    expect([code, stdout]).toEqual([1, expect.not.stringContaining('same priority')]);
    expect(stdout).toMatch(/^2 network policies checked: 2 errors/m);
  });
});
