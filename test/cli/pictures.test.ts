import { describe, expect, it } from 'vitest';
import { folder, portcullis, SHOP } from './run-main.ts';

const shop = folder(SHOP);

describe('reach in pictures', () => {
  it.each([
    ['dot', /^digraph reachability \{\n[\s\S]*\n\}\n$/],
    ['mermaid', /^flowchart LR\n {2}subgraph f1\[/],
    ['svg', /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"[\s\S]*<\/svg>\n$/],
    ['html', /^<!doctype html>\n[\s\S]*<\/html>\n$/],
  ])('-o %s', async (format, expected) => {
    const { code, stdout, stderr } = await portcullis(['reach', '-f', shop, '-o', format]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(expected);
    expect(stdout).toContain('cart');
  });

  it('shows what was asked for only', async () => {
    const { stdout } = await portcullis(['reach', '-f', shop, '-o', 'mermaid', '--from', 'shop/web', '--no-external']);
    expect(stdout).toBe(`flowchart LR
  subgraph f1["shop"]
    b1["cart<br/>Pod<br/>ISOLATED IN, OUT OPEN"]
    b2["web<br/>Pod<br/>NOT ISOLATED"]
  end
  b2 -->|"7070/TCP"| b1
  classDef unisolated stroke:#b3261e,stroke-width:2px,stroke-dasharray:6 3
  class b2 unisolated
`);
  });

  it('refuses what nobody could read, and says what to do', async () => {
    const pods = Array.from(
      { length: 130 },
      (_, at) => `apiVersion: v1
kind: Pod
metadata: {name: p, namespace: n${at}}
spec: {containers: [{name: c}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: n${at}}
spec:
  podSelector: {}
  ingress: [{ports: [{port: ${at + 1}}]}]
`,
    );
    const stdin = pods.join('---\n');
    const dot = await portcullis(['reach', '-f', '-', '-o', 'dot'], { stdin });
    expect([dot.code, dot.stdout]).toEqual([2, '']);
    expect(dot.stderr).toContain('too many to draw; narrow it with --namespace, --from, --to or --port');
    const html = await portcullis(['reach', '-f', '-', '-o', 'html'], { stdin });
    expect(html.code).toBe(0);
    expect(html.stdout).toContain('too many to draw');
  });
});
