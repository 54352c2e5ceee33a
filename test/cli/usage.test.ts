import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { COMMAND_GROUPS, COMMANDS, optionsOf } from '../../src/cli/commands.ts';
import { portcullis } from './run-main.ts';

describe('help', () => {
  it('lists every command with its line, and none that does not exist', async () => {
    const { code, stdout, stderr } = await portcullis(['--help']);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    const alone = COMMANDS.filter(({ name }) => !name.includes(' '));
    for (const { name, summary } of [...alone, ...COMMAND_GROUPS]) {
      expect(stdout).toMatch(new RegExp(`^  ${name}\\b.*`, 'm'));
      expect(stdout).toContain(summary);
    }
    expect(stdout).toContain('Examples:');
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    '%s explains its flags',
    async (name, command) => {
      const { code, stdout } = await portcullis([...name.split(' '), '--help']);
      expect(code).toBe(0);
      for (const { name: option, hidden } of optionsOf(command)) {
        if (hidden !== true) expect(stdout).toContain(`--${option}`);
      }
      for (const { line } of command.examples) expect(stdout).toContain(line);
    },
  );

  it.each(COMMAND_GROUPS.map(({ name }) => name))('%s lists its commands, those for users', async (name) => {
    const { code, stdout } = await portcullis([name, '--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS.filter((one) => one.name.startsWith(`${name} `))) {
      const listed = new RegExp(`^  ${command.name.slice(name.length + 1)}\\b`, 'm').test(stdout);
      expect([command.name, listed]).toEqual([command.name, command.internal !== true]);
    }
    expect((await portcullis([name])).code).toBe(2);
    expect((await portcullis([name, 'upp'])).stderr).toMatch(/unknown command 'upp'\n {2}did you mean up\?/);
  });

  it('without a command is wrong usage', async () => {
    const { code, stdout, stderr } = await portcullis([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: portcullis');
  });
});

describe('wrong usage exits 2 and says what was meant', () => {
  it.each<[readonly string[], RegExp]>([
    [['reech'], /unknown command 'reech'\n {2}did you mean reach\?/],
    [['reach', '-f', '-', '--fron', 'x'], /unknown option '--fron'\n {2}did you mean --from\?/],
    [['reach', '-f', '-', '-o', 'jsn'], /unknown output format "jsn": reach has table, .*\n {2}did you mean json\?/],
    [['can', '-f', '-', 'a', 'b', '-o', 'table'], /unknown output format "table"/],
    [['reach', '-f', '-', '--by', 'pods'], /unknown --by "pods".*\n {2}did you mean pod\?/],
    [['can', '-f', '-', 'a'], /missing required argument 'to'/],
    [['can', '-f', '-', 'a', 'b', '80', 'x'], /too many arguments/],
    [['reach', '-f', '-', 'x'], /too many arguments/],
    [['validate', '-f'], /argument missing/],
    [['can', '-f', '-', 'a', 'b', '99999'], /out of range/],
    [['reach', '-f', '-', '--port', 'x/y/z'], /is not a port/],
    [['reach', '-f', '-', '--pod-cidr', '10.0.0.0'], /--pod-cidr "10.0.0.0" is not a CIDR/],
    [['reach', '-f', '-', '-l', 'a=b=c'], /selector/],
    [['reach', '-f', '-', '--grouped'], /--grouped needs -o json or -o yaml/],
    [['completion', 'csh'], /unknown shell "csh"/],
    [['agent', '-f', '.', '--listen', 'x'], /--listen "x" is neither HOST:PORT nor unix:PATH/],
    [['agent', '-f', '.', '--flow-log-rate', '0'], /--flow-log-rate "0" is not a whole number from 1/],
    [['agent', '-f', '.', '--start-mode', 'lax'], /unknown --start-mode "lax": agent has open, strict/],
  ])('%j', async (argv, message) => {
    const { code, stdout, stderr } = await portcullis(argv);
    expect(stderr).toMatch(message);
    expect(stderr.startsWith('portcullis: error: ')).toBe(true);
    expect([code, stdout]).toEqual([2, '']);
  });

  it.each(['validate', 'describe', 'reach', 'exposure', 'can'])('%s without input says so', async (command) => {
    const { code, stderr } = await portcullis(command === 'can' ? ['can', 'a', 'b'] : [command]);
    expect(code).toBe(2);
    expect(stderr).toContain('there is no kubeconfig and this is no pod of a cluster');
    expect(stderr).toContain('-f reads files');
  });
});

describe('version', () => {
  it('is that of package.json', async () => {
    expect((await portcullis(['version'])).stdout).toMatch(
      `portcullis ${manifest.version} (Node.js ${process.versions.node}`,
    );
    expect((await portcullis(['--version'])).stdout).toMatch(`portcullis ${manifest.version}`);
    expect(JSON.parse((await portcullis(['version', '-o', 'json'])).stdout)).toMatchObject({
      kind: 'Version',
      version: manifest.version,
    });
  });
});
