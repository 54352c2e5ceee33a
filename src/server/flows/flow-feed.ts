/** Lines that are kept for who comes later and for advice. */
const MOST_LINES = 10_000;
/** UTF-16 units of all kept lines together. */
const MOST_TEXT = 8 * 1024 * 1024;
/** UTF-16 units of one line; no flow is longer. */
const LONGEST_LINE = 16 * 1024;

/** One line of a flow log. */
export interface FlowLine {
  /** Counts the lines. */
  readonly id: number;
  /** A JSON object in one line. */
  readonly text: string;
}

/** What a feed tells. */
export interface FlowListener {
  flow(line: FlowLine): void;
  problem(message: string): void;
}

/** Takes what is read of one log. */
export interface FlowSink {
  add(text: string): void;
  report(problem: string | undefined): void;
}

/** The last lines of flow logs, and word of every further one. */
export class FlowFeed {
  readonly #lines: FlowLine[] = [];
  readonly #listeners = new Set<FlowListener>();
  #text = 0;
  #next = 1;
  #rejected = 0;
  /** By log. */
  readonly #problems = new Map<string, string>();

  /** Lines that were none of a flow log. */
  get rejected(): number {
    return this.#rejected;
  }

  /** Why logs cannot be read at the moment, one for each. */
  get problems(): readonly string[] {
    return [...this.#problems.values()];
  }

  /** Where what is read of one log goes. */
  source(log: string): FlowSink {
    return { add: (text) => this.add(text), report: (problem) => this.#report(log, problem) };
  }

  /** The last lines, oldest first. */
  recent(most: number = MOST_LINES): readonly FlowLine[] {
    return this.#lines.slice(-most);
  }

  /** Takes one line of a log; what is no JSON object is counted and left out. */
  add(text: string): void {
    const line = text.trim();
    if (line === '') return;
    if (line.length > LONGEST_LINE || !isJsonObject(line)) {
      this.#rejected++;
      return;
    }
    const entry = { id: this.#next++, text: line };
    this.#lines.push(entry);
    this.#text += line.length;
    while (this.#lines.length > MOST_LINES || this.#text > MOST_TEXT)
      this.#text -= this.#lines.shift()?.text.length ?? 0;
    for (const listener of [...this.#listeners]) listener.flow(entry);
  }

  /** Tells that a log cannot be read, once for each reason; undefined: it can again. */
  #report(log: string, problem: string | undefined): void {
    if (problem === this.#problems.get(log)) return;
    this.#problems.delete(log);
    if (problem === undefined) return;
    this.#problems.set(log, problem);
    for (const listener of [...this.#listeners]) listener.problem(problem);
  }

  /** Calls back for each line from now on. Answers how to stop that. */
  subscribe(listener: FlowListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Cuts text that comes in pieces into lines. */
export class LineCutter {
  readonly #take: (line: string) => void;
  readonly #decoder = new TextDecoder();
  #rest = '';

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  /** A piece that may end within a line, or within a character. */
  push(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#take(line);
    // A line without end must not fill the memory; its rest will be no JSON and be counted.
    if (this.#rest.length > 4 * LONGEST_LINE) this.#rest = this.#rest.slice(0, 2 * LONGEST_LINE);
  }

  /** The log begins anew. */
  reset(): void {
    this.#rest = '';
    this.#decoder.decode();
  }

  /** The log ends: what is left is a line too. */
  end(): void {
    if (this.#rest !== '') this.#take(this.#rest);
    this.reset();
  }
}
