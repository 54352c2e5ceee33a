import { createServer, request, type Server } from 'node:http';
import type { LabStatus } from './status.ts';

/** What a supervisor does when it is asked. */
export interface ControlHandlers {
  /** @param denied whether to count denials, which takes longer */
  readonly status: (denied: boolean) => Promise<LabStatus>;
  /** Answers what has reached the pods so far, then resolves. */
  readonly settle: () => Promise<void>;
}

/** Listens for questions of other processes of the lab. */
export async function serveControl(path: string, handlers: ControlHandlers): Promise<Server> {
  const server = createServer((incoming, response) => {
    const answer = async (): Promise<unknown> => {
      if (incoming.url === '/status') return handlers.status(false);
      if (incoming.url === '/status?denied') return handlers.status(true);
      if (incoming.url === '/settle') {
        await handlers.settle();
        return {};
      }
      return undefined;
    };
    answer().then(
      (value) => {
        response.statusCode = value === undefined ? 404 : 200;
        response.end(JSON.stringify(value ?? {}));
      },
      (error: unknown) => {
        response.statusCode = 500;
        response.end(JSON.stringify({ error: String(error) }));
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  // A connection that could not be accepted is one that asks again.
  server.on('error', () => undefined);
  return server;
}

/** Asks a process that listens on a Unix socket, and answers the body. Rejects when nobody does, or the answer is no success. */
export function ask(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${path}: ${response.statusCode} ${text.slice(0, 200)}`));
      });
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** {@link ask} for the status of a lab. @param denied whether to count denials, which takes longer */
export async function askStatus(socketPath: string, denied = false): Promise<LabStatus> {
  return JSON.parse(await ask(socketPath, denied ? '/status?denied' : '/status')) as LabStatus;
}
