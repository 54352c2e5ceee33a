import { describe, expect, test } from 'vitest';
import { parseListenAddress } from './endpoint.ts';

describe('where to listen', () => {
  test.each([
    ['127.0.0.1:9470', { host: '127.0.0.1', port: 9470 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    [':9470', { host: '::', port: 9470 }],
    ['[::1]:9470', { host: '::1', port: 9470 }],
    ['[192.0.2.7]:9470', { host: '192.0.2.7', port: 9470 }],
    ['unix:/run/portcullis.sock', { path: '/run/portcullis.sock' }],
    ['unix:', undefined],
    ['::1:9470', undefined],
    ['[]:9470', undefined],
    ['[localhost]:9470', undefined],
    ['127.0.0.1', undefined],
    ['127.0.0.1:65536', undefined],
  ])('%s', (text, wanted) => {
    expect(parseListenAddress(text)).toEqual(wanted);
  });
});
