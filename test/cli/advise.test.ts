import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { folder, portcullis, SHOP } from './run-main.ts';

const shop = folder(SHOP);
const LOG =
  '{"verdict":"allowed","source":{"namespace":"shop","pod":"web"},"destination":{"namespace":"shop","pod":"cart"},"protocol":"TCP","port":7070}\n';

describe('advise', () => {
  it('prints policies with comments, and on standard error what was checked', async () => {
    const { code, stdout, stderr } = await portcullis(['advise', '-f', shop, '--flows', '-', '--no-dns'], {
      stdin: LOG,
    });
    expect(code).toBe(0);
    expect(stdout).toBe(`# Nothing in or out unless another policy allows it.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: default-deny
  namespace: shop
spec:
  podSelector: {}
  policyTypes:
    - Ingress
    - Egress
---
# shop/cart[Pod]
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: cart
  namespace: shop
spec:
  podSelector:
    matchLabels:
      app: cart
  policyTypes:
    - Ingress
  ingress:
    # shop/web[Pod] to shop/cart[Pod] on 7070/TCP, seen once
    - from:
        - podSelector:
            matchLabels:
              app: web
      ports:
        - protocol: TCP
          port: 7070
---
# shop/web[Pod]
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector:
    matchLabels:
      app: web
  policyTypes:
    - Egress
  egress:
    # shop/web[Pod] to shop/cart[Pod] on 7070/TCP, seen once
    - to:
        - podSelector:
            matchLabels:
              app: cart
      ports:
        - protocol: TCP
          port: 7070
`);
    expect(stderr).toContain('the NetworkPolicy of the input is not considered');
    expect(stderr).toContain('3 policies for 1 kind of flow; checked: they admit all of it and nothing else');
  });

  it('its policies, put in place, allow the flow and no other', async () => {
    const { stdout } = await portcullis(['advise', '-f', shop, '--flows', '-', '-q'], { stdin: LOG });
    const applied = folder({ 'pods.yaml': SHOP['pods.yaml'], 'advice.yaml': stdout });
    const table = await portcullis(['reach', '-f', applied, '--no-headers', '--no-external']);
    expect(table.stdout).toBe('shop/web[Pod]  shop/cart[Pod]  7070/TCP\n');
    expect((await portcullis(['validate', '-f', applied])).code).toBe(0);
  });

  it('points at what is wrong with a log, and prints nothing', async () => {
    const log = path.join(
      folder({ 'flows.csv': 'from,to,protocol,port\nshop/web,shop/cart,TCP,70700\n' }),
      'flows.csv',
    );
    const { code, stdout, stderr } = await portcullis(['advise', '-f', shop, '--flows', log]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`${log}:2:24: error: "70700" is out of range`);
  });

  it('reads several logs as one, such as those of the nodes of a cluster', async () => {
    const back = LOG.replace('"web"', '"x"').replace('"cart"', '"web"').replace('"x"', '"cart"');
    const logs = folder({ 'one.jsonl': LOG + LOG, 'other.jsonl': LOG + back, 'silent.jsonl': '' });
    const flows = ['one', 'other', 'silent', 'one'].flatMap((name) => ['--flows', path.join(logs, `${name}.jsonl`)]);
    const { code, stdout, stderr } = await portcullis(['advise', '-f', shop, ...flows]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('for 2 kinds of flows; checked')]);
    expect(stdout).toContain('# shop/web[Pod] to shop/cart[Pod] on 7070/TCP, seen 3 times\n');
    const wrong = await portcullis(['advise', '-f', shop, ...flows, '--flows', 'no-such-file']);
    expect([wrong.code, wrong.stdout, wrong.stderr]).toEqual([2, '', expect.stringContaining('no-such-file')]);
  });

  it('refuses flows that no policy can admit, unless they may be left out', async () => {
    const stdin = 'from,to,protocol,port\nshop/web,shop/crat,TCP,1\n';
    const refused = await portcullis(['advise', '-f', shop, '--flows', '-'], { stdin });
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('-:2:1: error: no policy can admit shop/web to shop/crat on 1/TCP');
    expect(refused.stderr).toContain('no policies are printed, since they would not do what was asked');
    const skipped = await portcullis(['advise', '-f', shop, '--flows', '-', '--skip-unusable'], { stdin });
    expect(skipped.code).toBe(0);
    expect(skipped.stderr).toContain('-:2:1: warning: no policy can admit');
  });

  it.each([
    [['--flows', '-', '-f', '-'], 'standard input cannot be both'],
    [['--flows', 'no-such-file'], 'no such file or directory'],
    [['--external-prefix', '33'], '--external-prefix "33" is not a prefix length'],
    [['-n', 'shpo'], 'no policy can be written for namespace shpo'],
  ])('%j: exit code 2', async (words, message) => {
    const { code, stdout, stderr } = await portcullis(['advise', '-f', shop, ...words]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});
