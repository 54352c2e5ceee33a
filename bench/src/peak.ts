import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Loaded into a measured process by `--import`: writes the process's greatest resident memory, in bytes, to the file
 * that `PORTCULLIS_BENCH_PEAK` names, and the processor time that it took, user and system, in milliseconds.
 *
 * Linux: `VmHWM`. `getrusage`, which elsewhere has to do, there counts the memory of the parent at the time of the
 * fork as well, so a large parent would be measured instead.
 */
const { PORTCULLIS_BENCH_PEAK: file } = process.env;
if (file !== undefined) process.on('exit', () => writeFileSync(file, `${peakBytes()} ${cpuMs()}`));

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function peakBytes(): number {
  if (process.platform === 'linux') {
    const line = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (line !== null) return Number(line[1]) * 1024;
  }
  return process.resourceUsage().maxRSS * 1024;
}
