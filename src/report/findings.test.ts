import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../model/source.ts';
import { findingsJson, findingsSarif, findingsSummary } from './findings.ts';

const error: Diagnostic = {
  code: 'invalid',
  severity: 'error',
  message: 'Invalid value: 0',
  path: 'spec.ingress[0].ports[0].port',
  object: { kind: 'NetworkPolicy', namespace: 'shop', name: 'cart' },
  source: { file: './my files/a#b.yaml', line: 3, column: 7, length: 2, lineText: 'port: 0' },
};
const note: Diagnostic = { code: 'about', severity: 'info', message: 'hm', help: 'so' };

it('findingsJson has the keys of the contract', () => {
  expect(JSON.parse(findingsJson([error, error]))).toEqual({
    apiVersion: 'portcullis.dev/v1',
    kind: 'Findings',
    findings: [
      {
        code: 'invalid',
        severity: 'error',
        object: { kind: 'NetworkPolicy', namespace: 'shop', name: 'cart' },
        path: 'spec.ingress[0].ports[0].port',
        message: 'Invalid value: 0',
        source: { file: './my files/a#b.yaml', line: 3, column: 7 },
      },
    ],
  });
});

describe('findingsSarif', () => {
  const document = JSON.parse(findingsSarif([error, note], '1.2.3'));
  const [run] = document.runs;

  it('has version, tool and rules', () => {
    expect(document.version).toBe('2.1.0');
    expect(run.tool.driver).toEqual({
      name: 'portcullis',
      version: '1.2.3',
      rules: [{ id: 'about' }, { id: 'invalid' }],
    });
  });

  it('places results by URI reference and region', () => {
    expect(run.results[0]).toEqual({
      ruleId: 'invalid',
      ruleIndex: 1,
      level: 'error',
      message: { text: 'spec.ingress[0].ports[0].port: Invalid value: 0' },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'my%20files/a%23b.yaml' },
            region: { startLine: 3, startColumn: 7, endColumn: 9 },
          },
          logicalLocations: [{ name: 'cart', fullyQualifiedName: 'NetworkPolicy/shop/cart', kind: 'resource' }],
        },
      ],
    });
    expect(run.results[1]).toEqual({
      ruleId: 'about',
      ruleIndex: 0,
      level: 'note',
      message: { text: 'hm\nso' },
      locations: [],
    });
  });

  it('writes absolute paths with a scheme', () => {
    const moved = { ...error, source: { file: '/etc/x.yaml', line: 1, column: 1 } };
    expect(findingsSarif([moved], '1')).toContain('"uri": "file:///etc/x.yaml"');
  });
});

it('findingsSummary counts what was looked at', () => {
  expect(findingsSummary([], { policies: 1, others: 0, ignored: 0 })).toBe('1 network policy checked: no findings\n');
  expect(findingsSummary([error, note], { policies: 12, others: 3, ignored: 1 })).toBe(
    '12 network policies checked: 1 error, 1 note; 3 other objects read; 1 object of other kinds ignored\n',
  );
});
