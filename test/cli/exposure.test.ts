import { describe, expect, it } from 'vitest';
import { folder, portcullis, SHOP } from './run-main.ts';

const HOST = `apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: other}
spec: {hostNetwork: true, containers: [{name: c}]}
`;
const shop = folder({ ...SHOP, 'host.yaml': HOST });

describe('exposure', () => {
  it('lists peers with ports, and calls out what is not protected', async () => {
    expect(await portcullis(['exposure', '-f', shop])).toEqual({
      code: 0,
      stdout: `WORKLOAD          DIRECTION  PEER                                                            PORTS      NOW
other/agent[Pod]  ingress    NOT PROTECTED: everything (hostNetwork: policies do not apply)  all ports
other/agent[Pod]  egress     NOT PROTECTED: everything (hostNetwork: policies do not apply)  all ports

shop/cart[Pod]    ingress    pods app=web in namespace shop                                  7070/TCP   1 workload
shop/cart[Pod]    egress     NOT PROTECTED: everything                                       all ports

shop/web[Pod]     ingress    NOT PROTECTED: everything                                       all ports
shop/web[Pod]     egress     NOT PROTECTED: everything                                       all ports
`,
      stderr: '',
    });
  });

  it('limits workloads, directions and peers', async () => {
    const lines = async (...flags: string[]): Promise<string[]> =>
      (await portcullis(['exposure', '-f', shop, '--no-headers', ...flags])).stdout.trimEnd().split('\n');
    expect(await lines('-l', 'app=cart', '--direction', 'ingress')).toEqual([
      'shop/cart[Pod]  ingress  pods app=web in namespace shop  7070/TCP  1 workload',
    ]);
    expect(await lines('-l', 'app=cart', '--direction', 'ingress', '--external-only')).toEqual([
      'shop/cart[Pod]  ingress  nothing outside  none',
    ]);
    expect(await lines('-n', 'other', '--direction', 'egress', '--by', 'pod')).toHaveLength(1);
    const none = await portcullis(['exposure', '-f', shop, '-n', 'nowhere']);
    const warning = 'portcullis: warning: there is no namespace "nowhere" in the input\n';
    expect(none).toEqual({ code: 0, stdout: '', stderr: `${warning}no workloads\n` });
  });

  it('-o json is an Exposure document', async () => {
    const { code, stdout } = await portcullis(['exposure', '-f', shop, '-n', 'shop', '-o', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      apiVersion: 'portcullis.dev/v1',
      kind: 'Exposure',
      workloads: [
        {
          id: 'shop/cart[Pod]',
          ingress: {
            protected: true,
            isolatedBy: [{ name: 'cart' }],
            pods: [
              {
                scope: 'pods',
                namespace: 'shop',
                podSelector: { matchLabels: { app: 'web' } },
                ports: [{ protocol: 'TCP', ranges: [[7070, 7070]] }],
                now: { workloads: 1, pods: 1, endpoints: ['shop/web[Pod]'] },
              },
            ],
            outside: [],
          },
          egress: { protected: false, isolatedBy: [] },
        },
        { id: 'shop/web[Pod]' },
      ],
    });
    const outside = await portcullis([
      'exposure',
      '-f',
      shop,
      '--external-only',
      '--direction',
      'ingress',
      '-o',
      'json',
    ]);
    const [first] = JSON.parse(outside.stdout).workloads;
    expect(first.ingress).not.toHaveProperty('pods');
    expect(first).not.toHaveProperty('egress');
    const empty = await portcullis(['exposure', '-f', shop, '-n', 'nowhere', '-o', 'json', '-q']);
    expect(empty).toMatchObject({ stderr: '' });
    expect(JSON.parse(empty.stdout)).toMatchObject({ workloads: [] });
  });

  it('-o md begins with what is not protected', async () => {
    const { stdout } = await portcullis(['exposure', '-f', shop, '-n', 'shop', '-o', 'md']);
    expect(stdout).toBe(`**Not protected for ingress** (1 of 2): shop/web[Pod]

**Not protected for egress** (2 of 2): shop/cart[Pod], shop/web[Pod]

| Workload | Direction | Peer | Ports | Now |
| --- | --- | --- | --- | --- |
| shop/cart[Pod] | ingress | pods app=web in namespace shop | 7070/TCP | 1 workload |
| shop/cart[Pod] | egress | NOT PROTECTED: everything | all ports |  |
| shop/web[Pod] | ingress | NOT PROTECTED: everything | all ports |  |
| shop/web[Pod] | egress | NOT PROTECTED: everything | all ports |  |
`);
    expect((await portcullis(['exposure', '-f', shop, '-n', 'nowhere', '-o', 'md', '-q'])).stdout).toBe(
      'No workloads.\n',
    );
  });
});
