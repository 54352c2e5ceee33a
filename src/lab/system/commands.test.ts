import { expect, test } from 'vitest';
import { lackingCapabilities } from './commands.ts';

test.each<[string, string, readonly string[]]>([
  ['root of a machine', '000001ffffffffff', []],
  ['root of a container as usual', '00000000a80425fb', ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN']],
  ['a user', '0000000000000000', ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_SYS_ADMIN']],
])('%s', (_, effective, lacking) => {
  const status = `Name:\tnode\nCapInh:\t0000000000000000\nCapEff:\t${effective}\nCapBnd:\t000001ffffffffff\n`;
  expect(lackingCapabilities(status)).toEqual(lacking);
});
