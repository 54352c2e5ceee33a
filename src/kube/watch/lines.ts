/** Longest line that is taken, in bytes; an object of Kubernetes is at most a few megabytes. */
const LONGEST = 64 * 1024 * 1024;
const LINE_FEED = 10;

/** Cuts a stream of bytes into lines, however the stream is cut itself: also in the middle of a character. */
export class LineSplitter {
  #pieces: Uint8Array[] = [];
  #size = 0;
  readonly #decoder = new TextDecoder();

  /** The lines that end in this piece, without their ends. Throws when a line does not come to an end. */
  *push(piece: Uint8Array): Generator<string> {
    let start = 0;
    for (let end = piece.indexOf(LINE_FEED); end >= 0; end = piece.indexOf(LINE_FEED, start)) {
      yield this.#take(piece.subarray(start, end));
      start = end + 1;
    }
    if (start === piece.length) return;
    this.#size += piece.length - start;
    if (this.#size > LONGEST) throw new Error(`a line is longer than ${LONGEST} bytes`);
    this.#pieces.push(piece.subarray(start));
  }

  #take(last: Uint8Array): string {
    if (this.#pieces.length === 0) return this.#decoder.decode(last);
    const bytes = Buffer.concat([...this.#pieces, last]);
    this.#pieces = [];
    this.#size = 0;
    return this.#decoder.decode(bytes);
  }
}
