/** Runs an {@link ApiServer} for a test in the network namespace that this process was started in, and a name server. */

import { createSocket } from 'node:dgram';
import { type ApiObject, ApiServer, sharedAuthority } from './api-server.ts';

/** What the test has it do. */
export type ApiCall =
  | { readonly set: readonly ApiObject[] }
  /** Only this token is good, and everybody has to begin anew. */
  | { readonly token: string };

/** What it says when it has begun. */
export interface ApiStarted {
  readonly port: number;
  readonly authority: string;
}

/** The one name that the name server knows, which is that of this machine. */
const NAME = 'api.test';
const A = 1;

/** Answers one question: the address of the name, or that there is none. */
function answerTo(question: Buffer): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = question.readUInt16BE(at + 1);
  const known = labels.join('.').toLowerCase() === NAME;
  const found = known && type === A;
  const head = Buffer.alloc(12);
  question.copy(head, 0, 0, 2);
  // An answer of an authority; no such name where it is another.
  head.writeUInt16BE(known ? 0x8580 : 0x8583, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(found ? 1 : 0, 6);
  const record = Buffer.from([0xc0, 12, 0, A, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
  return Buffer.concat([head, question.subarray(12, at + 5), ...(found ? [record] : [])]);
}

const server = await ApiServer.start({ custom: true });
const names = createSocket('udp4');
names.on('message', (question, { port, address }) => names.send(answerTo(question), port, address));
await new Promise<void>((resolve) => names.bind(53, '127.0.0.1', resolve));

process.on('message', (call: ApiCall) => {
  if ('set' in call) for (const object of call.set) server.set(object);
  else {
    server.tokens.clear();
    server.tokens.add(call.token);
    server.disconnect();
  }
});
process.on('disconnect', () => process.exit());
process.send?.({ port: server.port, authority: sharedAuthority().authority.cert } satisfies ApiStarted);
