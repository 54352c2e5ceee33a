import { describe, expect, it } from 'vitest';
import type { DirectionExposure, PodExposure, PortEntry, WorkloadExposure } from '../analysis/index.ts';
import { exposureTable } from './exposure.ts';
import { ANSI } from './style.ts';

const tcp = (...ranges: [number, number][]): PortEntry[] => [{ protocol: 'TCP', ranges }];
const ALL_TCP = tcp([1, 65535]);
const NOBODY = { workloads: 0, pods: 0, endpoints: [] };

function entry(parts: Partial<PodExposure>): PodExposure {
  return {
    scope: 'pods',
    namespaceSelector: {},
    podSelector: {},
    except: [],
    ports: tcp([80, 80]),
    now: { workloads: 2, pods: 5, endpoints: [] },
    ...parts,
  };
}

function direction(parts: Partial<DirectionExposure>): DirectionExposure {
  return { protected: true, isolatedBy: [], clusterPolicies: [], pods: [], outside: [], domains: [], ...parts };
}

/** Peer, ports and what is there now, of the rows of one direction. */
function rows(parts: Partial<DirectionExposure>, exposedBy: WorkloadExposure['exposedBy'] = []): string[][] {
  const workload: WorkloadExposure = {
    endpoint: { id: 'w', type: 'workload' },
    ingress: direction(parts),
    egress: direction({}),
    exposedBy,
  };
  const text = [...exposureTable([workload], { directions: ['ingress'], noHeaders: true })].join('');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/).slice(2));
}

const app = (value: string): PodExposure['podSelector'] => ({ matchLabels: { app: value } });
const inShop = { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } };
const ofTeam = { matchLabels: { team: 'a' } };

describe('rows of the exposure table', () => {
  it.each<[Partial<DirectionExposure>, string[][]]>([
    [{}, [['nothing', 'none']]],
    [{ protected: false }, [['NOT PROTECTED: everything', 'all ports']]],
    [{ pods: [entry({})] }, [['every pod in the cluster', '80/TCP', '2 workloads']]],
    [{ pods: [entry({ namespaceSelector: inShop })] }, [['every pod in namespace shop', '80/TCP', '2 workloads']]],
    [{ pods: [entry({ namespaceSelector: ofTeam })] }, [['every pod in namespaces team=a', '80/TCP', '2 workloads']]],
    [
      { pods: [entry({ podSelector: app('x'), now: NOBODY })] },
      [['pods app=x in every namespace', '80/TCP', 'none now']],
    ],
    [
      { pods: [entry({ podSelector: app('x'), namespaceSelector: inShop })] },
      [['pods app=x in namespace shop', '80/TCP', '2 workloads']],
    ],
    [
      { pods: [entry({ except: [{ podSelector: app('x'), namespaceSelector: ofTeam }] })] },
      [['every pod in the cluster except pods app=x in namespaces team=a', '80/TCP', '2 workloads']],
    ],
    [
      { pods: [entry({ except: [{ podSelector: app('x'), namespaceSelector: {}, named: ['TCP/http'] }] })] },
      [['every pod in the cluster except pods app=x in every namespace on http/TCP', '80/TCP', '2 workloads']],
    ],
    // A name without more ado, and together with numbers.
    [
      { pods: [entry({ ports: ALL_TCP, named: ['TCP/http'] })] },
      [['every pod in the cluster', 'http/TCP', '2 workloads']],
    ],
    [
      { pods: [entry({}), entry({ ports: ALL_TCP, named: ['TCP/http'] })] },
      [['every pod in the cluster', '80/TCP, http/TCP', '2 workloads']],
    ],
    [
      { pods: [entry({ ports: tcp([1, 79], [81, 65535]), named: ['TCP/http'] })] },
      [['every pod in the cluster', '1-79/TCP, 81-65535/TCP where it is http/TCP', '2 workloads']],
    ],
    [
      {
        outside: [
          { scope: 'all', ports: tcp([443, 443]) },
          { scope: 'blocks', id: '10.0.0.0/8', ranges: [['10.0.0.0', '10.255.255.255']], ports: tcp([22, 22]) },
        ],
        domains: [{ name: '*.example.io', ports: tcp([443, 443]) }],
      },
      [
        ['every outside address', '443/TCP'],
        ['outside 10.0.0.0/8', '22/TCP'],
        ['domain *.example.io', '443/TCP'],
      ],
    ],
    // What comes from manifests cannot move the cursor.
    [
      { pods: [entry({ ports: ALL_TCP, named: ['TCP/a\u001b[2J'] })] },
      [['every pod in the cluster', 'a\\x1b[2J/TCP', '2 workloads']],
    ],
  ])('%j', (parts, expected) => {
    expect(rows(parts)).toEqual(expected);
  });

  it('names what leads there from outside, and whether policies let it in', () => {
    const tcp = (port: number): PortEntry => ({ protocol: 'TCP', ranges: [[port, port]] });
    const object = { kind: 'Ingress', namespace: 'shop', name: 'web' };
    const open = { object, via: 'ingress-controller', ports: [tcp(80)], admitted: [tcp(80)] } as const;
    const service = { kind: 'Service', namespace: 'shop', name: 'web' };
    const closed = { object: service, via: 'load-balancer', ports: [tcp(81)], admitted: [] } as const;
    const perhaps = { ...closed, via: 'ingress-controller', depends: true } as const;
    expect(rows({}, [perhaps])[0]).toEqual([
      'exposed by Service shop/web: the ingress controller, if it is a pod that policies name',
      '81/TCP',
    ]);
    expect(rows({}, [open, closed])).toEqual([
      ['exposed by Ingress shop/web: the ingress controller', '80/TCP'],
      ['exposed by Service shop/web: clients of its load balancer, whom policies do not let in', 'none of 81/TCP'],
      ['nothing', 'none'],
    ]);
  });

  it('marks what is not protected', () => {
    const open: WorkloadExposure = {
      endpoint: { id: 'w', type: 'workload' },
      ingress: direction({ protected: false }),
      egress: direction({}),
      exposedBy: [],
    };
    const lines = [...exposureTable([open], { style: ANSI })];
    expect(lines[1]).toContain('\u001b[33m');
    expect(lines[2]).not.toContain('\u001b[33m');
  });
});
