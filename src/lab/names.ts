import { createHash } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where labs keep what outlives a process. */
const BASE = '/run/portcullis-lab';
/** Of every namespace of every lab. Names of labs have no dot, so none is the beginning of another. */
const PREFIX = 'portcullis.';
/** File names may be 255 bytes long. */
const LONGEST = 200;

/** The program itself; beside `dist` as beside `src`. */
export const PROGRAM: string = fileURLToPath(new URL('../../bin/portcullis', import.meta.url));

/** Names that labs can have: they become part of file names. */
export const LAB_NAME: RegExp = /^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$/;

export function namespacePrefix(lab: string): string {
  return `${PREFIX}${lab}.`;
}

export function routerNamespace(lab: string): string {
  return `${namespacePrefix(lab)}router`;
}

export function outsideNamespace(lab: string): string {
  return `${namespacePrefix(lab)}outside`;
}

export function nodeNamespace(lab: string, node: string): string {
  return `${namespacePrefix(lab)}node.${shortened(node)}`;
}

export function podNamespace(lab: string, namespace: string, name: string): string {
  return `${namespacePrefix(lab)}pod.${shortened(`${namespace}.${name}`)}`;
}

/** Long names end in a digest, which keeps them apart. */
function shortened(name: string): string {
  if (name.length <= LONGEST) return name;
  return `${name.slice(0, LONGEST - 17)}-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}

/** The files of a lab. */
export interface LabPaths {
  readonly directory: string;
  /** How it was brought up. */
  readonly config: string;
  readonly plan: string;
  /** The process that keeps it. */
  readonly supervisor: string;
  readonly control: string;
  readonly log: string;
  /** Given to agents beside the user's input. */
  readonly objects: string;
  readonly agentSocket: (slot: number) => string;
  readonly flowLog: (slot: number) => string;
}

/** @param base for tests */
export function labPaths(lab: string, base: string = BASE): LabPaths {
  const directory = path.join(base, lab);
  const inside = (name: string): string => path.join(directory, name);
  return {
    directory,
    config: inside('config.json'),
    plan: inside('plan.json'),
    supervisor: inside('supervisor.json'),
    control: inside('control.sock'),
    log: inside('lab.log'),
    objects: inside('objects'),
    agentSocket: (slot) => inside(`agent-${slot}.sock`),
    flowLog: (slot) => inside(`flows-${slot}.jsonl`),
  };
}

/** Every name in the directory of labs, whatever it holds. */
export const LAB_BASE: string = BASE;
