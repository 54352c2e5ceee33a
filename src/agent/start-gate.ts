import type { AgentLog } from './options.ts';

const HELD = 'the table stays as it was before the start';

/** What a gate needs of the agent. */
export interface StartGateEvents {
  /** Why what was told may be less than what there is; undefined when it is not doubtful. */
  readonly doubt: () => string | undefined;
  /** What was told is to be enforced from here on. */
  readonly open: () => void;
}

/**
 * Keeps a table that was there before the start as it is for as long as what was told is doubtful: what is less than what
 * there is must not take anything away. Once open, it never closes.
 */
export class StartGate {
  readonly #log: AgentLog;
  readonly #events: StartGateEvents;
  #doubt: string | undefined;

  constructor(log: AgentLog, events: StartGateEvents) {
    this.#log = log;
    this.#events = events;
  }

  /** Why the table stays as it is; undefined when it does not. */
  get reason(): string | undefined {
    return this.#doubt === undefined ? undefined : `${HELD}: ${this.#doubt}`;
  }

  /** Everything has been told for the first time, and the table that was there enforces something. */
  begin(): void {
    this.#hold(this.#events.doubt());
  }

  /** Something was told, or an error is over: goes on once there is no doubt any more. */
  reconsider(): void {
    if (this.#doubt === undefined) return;
    this.#hold(this.#events.doubt());
    if (this.#doubt === undefined) this.#open('what was told is whole now, and is enforced');
  }

  /** The table that was kept is not there any more. */
  gone(): void {
    if (this.#doubt === undefined) return;
    this.#doubt = undefined;
    this.#open('somebody took away the table that was kept: what can be read is enforced');
  }

  #hold(doubt: string | undefined): void {
    if (doubt !== undefined && doubt !== this.#doubt) this.#log.error({}, `${HELD}: ${doubt}`);
    this.#doubt = doubt;
  }

  #open(message: string): void {
    this.#log.info({}, message);
    this.#events.open();
  }
}
