import { deflateSync, Inflate, strFromU8, strToU8 } from 'fflate';
import type { SourceFile } from '../worker/protocol.ts';

/** What a shared link carries beside the view. */
export interface SharedState {
  readonly files: readonly SourceFile[];
  /** What the files were when the work began; absent when they are the same. */
  readonly base?: readonly SourceFile[];
  /** That was what the server had. */
  readonly served?: boolean;
}

/** Written into links: name and content by turns, and of the start only what is not the same now. */
interface Packed {
  readonly v: 1;
  readonly f: readonly (readonly [name: string, content: string])[];
  /** Files of the start that are other now; a null stands for a file that was not there. */
  readonly b?: readonly (readonly [name: string, content: string | null])[];
  /** The start was what the server had. */
  readonly s?: 1;
}

/** Longer links than this are cut by browsers and messengers. */
export const LONGEST_LINK = 1_500_000;

/** Bytes that a link may hold once it is unpacked: compressed, even a short one could fill the memory. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Bytes that are unpacked at once: none becomes more than about a thousand. */
const STEP = 4096;

/** A state as text for a URL's fragment: letters, digits, `-` and `_`. */
export function packState({ files, base, served = false }: SharedState): string {
  const packed: Packed = {
    v: 1,
    f: files.map(({ name, content }) => [name, content]),
    ...startOf(files, base),
    ...(served ? { s: 1 } : {}),
  };
  const bytes = deflateSync(strToU8(JSON.stringify(packed)), { level: 9 });
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function startOf(files: readonly SourceFile[], base: readonly SourceFile[] | undefined): Pick<Packed, 'b'> {
  if (base === undefined) return {};
  const now = new Map(files.map(({ name, content }) => [name, content]));
  const before = new Map(base.map(({ name, content }) => [name, content]));
  const others: [string, string | null][] = [];
  for (const [name, content] of before) if (now.get(name) !== content) others.push([name, content]);
  for (const name of now.keys()) if (!before.has(name)) others.push([name, null]);
  return others.length === 0 ? {} : { b: others };
}

/** The state that {@link packState} wrote; undefined when the text is none, cut, or holds more than a link may. */
export function unpackState(text: string): SharedState | undefined {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    const { v, f, b, s } = JSON.parse(strFromU8(inflate(bytes))) as Packed;
    if (v !== 1 || !Array.isArray(f)) return undefined;
    const files = f.map(([name, content]): SourceFile => ({ name: String(name), content: String(content) }));
    const served = s === 1 ? { served: true } : {};
    if (b === undefined) return { files, ...served };
    const base = new Map(files.map((file) => [file.name, file]));
    for (const [name, content] of b) {
      if (content === null) base.delete(name);
      else base.set(name, { name, content });
    }
    return { files, base: [...base.values()], ...served };
  } catch {
    return undefined;
  }
}

/** @throws when the bytes are not compressed ones, or of more than {@link MOST_BYTES} */
function inflate(bytes: Uint8Array<ArrayBuffer>): Uint8Array {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const stream = new Inflate((piece) => {
    size += piece.length;
    if (size > MOST_BYTES) throw new RangeError('too much in a link');
    pieces.push(piece);
  });
  for (let at = 0; at < bytes.length; at += STEP) stream.push(bytes.subarray(at, at + STEP), at + STEP >= bytes.length);
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
