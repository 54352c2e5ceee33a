/** Time and delays, so that tests can stand in for both. */
export interface Clock {
  /** Milliseconds that only grow; the origin means nothing. */
  now(): number;
  /** Runs an action after some milliseconds, unless the answer is called before. */
  after(milliseconds: number, action: () => void): () => void;
}

/** The clock of this process. Waiting does not keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, action) {
    const timer = setTimeout(action, milliseconds);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
