/** A running server of the page. */
export interface PageServer {
  /** Ends with a slash. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves a folder on a free port of loopback as static files, under a strict security policy.
 * @param extra answers instead of files, by path such as `server.json`
 * @param root the folder; dist/web when absent
 */
export function servePage(extra?: Readonly<Record<string, string>>, root?: string): Promise<PageServer>;
