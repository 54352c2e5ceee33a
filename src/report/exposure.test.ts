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
function rows(parts: Partial<DirectionExposure>): string[][] {
  const workload: WorkloadExposure = {
    endpoint: { id: 'w', type: 'workload' },
    ingress: direction(parts),
    egress: direction({}),
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

  it('marks what is not protected', () => {
    const open: WorkloadExposure = {
      endpoint: { id: 'w', type: 'workload' },
      ingress: direction({ protected: false }),
      egress: direction({}),
    };
    const lines = [...exposureTable([open], { style: ANSI })];
    expect(lines[1]).toContain('\u001b[33m');
    expect(lines[2]).not.toContain('\u001b[33m');
  });
});
