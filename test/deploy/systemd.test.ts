import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import type { SeccompProfile } from '../support/seccomp.ts';
import { fileText, flagsIn } from './manifests.ts';

/** The values of a unit by key, in their order. */
function settingsOf(unit: string): ReadonlyMap<string, readonly string[]> {
  const settings = new Map<string, string[]>();
  for (const line of fileText(`deploy/systemd/${unit}`).split('\n')) {
    const [, key = '', value = ''] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (key !== '') settings.set(key, [...(settings.get(key) ?? []), value]);
  }
  return settings;
}

describe('deploy/systemd', () => {
  const service = settingsOf('portcullis-agent.service');

  test('gives the agent flags that it has', () => {
    const flags = COMMANDS.find(({ name }) => name === 'agent')?.options.map(({ name }) => `--${name}`);
    const [command = ''] = service.get('ExecStart') ?? [];
    const used = flagsIn(command.split(' '));
    expect(used.length).toBeGreaterThan(3);
    for (const flag of used) expect(flags).toContain(flag);
  });

  test('has the capability and the system calls of the pod', () => {
    const { syscalls } = JSON.parse(fileText('deploy/seccomp/portcullis-agent.json')) as SeccompProfile;
    const names = [...new Set(syscalls.flatMap((entry) => entry.names))].sort();
    expect((service.get('SystemCallFilter') ?? []).join(' ').split(' ')).toEqual(names);
    expect(service.get('CapabilityBoundingSet')).toEqual(['CAP_NET_ADMIN']);
    expect(service.get('AmbientCapabilities')).toEqual(['CAP_NET_ADMIN']);
    expect(service.get('RestrictAddressFamilies')).toEqual(['AF_UNIX AF_INET AF_INET6 AF_NETLINK']);
    const families = syscalls
      .filter(({ names: [name] }) => name === 'socket')
      .map(({ comment }) => comment?.split(' ').at(-1));
    expect(families.join(' ')).toBe('AF_UNIX AF_INET AF_INET6 AF_NETLINK');
  });

  test('the bootstrap comes before pods and never over an agent', () => {
    const bootstrap = settingsOf('portcullis-bootstrap.service');
    expect(bootstrap.get('Before')?.join()).toContain('kubelet.service');
    expect(bootstrap.get('ExecCondition')?.join()).toContain('list table inet portcullis');
  });
});
