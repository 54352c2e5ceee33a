import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { OutputError } from '../../src/cli/errors.ts';
import { Output } from '../../src/cli/output.ts';

class Slow extends Writable {
  readonly pieces: string[] = [];
  open = 0;
  most = 0;

  constructor() {
    super({ decodeStrings: false, highWaterMark: 1024 });
  }

  override _write(chunk: string, _encoding: BufferEncoding, done: () => void): void {
    this.pieces.push(chunk);
    setImmediate(done);
  }
}

class Broken extends Writable {
  readonly #code: string;
  taken = 0;

  constructor(code: string) {
    super({ decodeStrings: false });
    this.#code = code;
  }

  override _write(_chunk: string, _encoding: BufferEncoding, done: (error: Error) => void): void {
    this.taken++;
    done(Object.assign(new Error(`write ${this.#code}`), { code: this.#code }));
  }
}

function* lines(number: number, made: { count: number }): Generator<string> {
  for (let index = 0; index < number; index++) {
    made.count++;
    yield `${'x'.repeat(99)}\n`;
  }
}

describe('Output', () => {
  it('writes large pieces and waits for a slow reader', async () => {
    const stream = new Slow();
    const output = new Output(stream);
    await output.write(lines(10_000, { count: 0 }));
    await output.flush();
    expect(stream.pieces.join('')).toHaveLength(1_000_000);
    expect(stream.pieces.length).toBeLessThan(20);
    expect(output.written).toBe(1_000_000);
    output.release();
  });

  it('ends quietly, and stops the work, when the reader is gone', async () => {
    const stream = new Broken('EPIPE');
    const output = new Output(stream);
    const made = { count: 0 };
    await output.write(lines(1_000_000, made));
    await output.flush();
    expect(output.gone).toBe(true);
    expect(made.count).toBeLessThan(10_000);
    output.release();
  });

  it('fails when the disk is full', async () => {
    const output = new Output(new Broken('ENOSPC'));
    await output.write('text');
    await expect(output.flush()).rejects.toThrow(OutputError);
  });
});
