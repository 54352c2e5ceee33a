import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LabOptions, LabPlan } from './model.ts';
import type { LabPaths } from './names.ts';

/** How a lab was brought up; what its supervisor goes by. */
export interface LabConfig {
  readonly options: LabOptions;
  /** Absolute. */
  readonly paths: readonly string[];
  readonly defaultNamespace: string;
  /** Flags for every agent beside those that the lab gives. */
  readonly agentArguments: readonly string[];
}

/** A process that can be told from a later one of the same number. */
export interface ProcessRecord {
  readonly pid: number;
  /** When it started, in the kernel's own unit. */
  readonly start: string;
}

/** Replaces a file in one step, so that no reader sees half of it. */
export function writeWhole(file: string, content: string): void {
  const temporary = `${file}.new`;
  writeFileSync(temporary, content);
  renameSync(temporary, file);
}

function writeJson(file: string, value: unknown): void {
  writeWhole(file, `${JSON.stringify(value, bigintToText, 1)}\n`);
}

/** Undefined when there is no such file. */
function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'), textToBigint);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

// The ranges of a configuration have big numbers, which JSON lacks.
function bigintToText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? { bigint: value.toString() } : value;
}

function textToBigint(_key: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'bigint' in value && typeof value.bigint === 'string'
    ? BigInt(value.bigint)
    : value;
}

/** Takes the name of a lab; false when somebody has it. */
export function claim(paths: LabPaths): boolean {
  mkdirSync(path.dirname(paths.directory), { recursive: true });
  try {
    mkdirSync(paths.directory, { mode: 0o755 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  mkdirSync(paths.objects);
  return true;
}

export function release(paths: LabPaths): void {
  rmSync(paths.directory, { recursive: true, force: true });
}

export function writeConfig(paths: LabPaths, config: LabConfig): void {
  writeJson(paths.config, config);
}

export function readConfig(paths: LabPaths): LabConfig | undefined {
  return readJson(paths.config) as LabConfig | undefined;
}

export function writePlan(paths: LabPaths, plan: LabPlan): void {
  writeJson(paths.plan, plan);
}

export function readPlan(paths: LabPaths): LabPlan | undefined {
  return readJson(paths.plan) as LabPlan | undefined;
}

/** Writes what agents read beside the user's input. */
export function writeObjects(paths: LabPaths, objects: readonly object[]): void {
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  writeWhole(path.join(paths.objects, 'lab.json'), `${JSON.stringify(list, null, 1)}\n`);
}

/** Notes that a process keeps the lab. */
export function writeSupervisor(paths: LabPaths, pid: number = process.pid): void {
  writeJson(paths.supervisor, { pid, start: startOf(pid) ?? '' } satisfies ProcessRecord);
}

/** The process that keeps the lab, when it runs. */
export function runningSupervisor(paths: LabPaths): number | undefined {
  const record = readJson(paths.supervisor) as ProcessRecord | undefined;
  return record !== undefined && startOf(record.pid) === record.start ? record.pid : undefined;
}

/** When a process started; undefined when there is none. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name before it may hold anything, parentheses too. A process that has ended and was not waited for is gone.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
