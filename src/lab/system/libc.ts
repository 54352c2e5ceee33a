/**
 * Sockets in other network namespaces, through the C library: a socket belongs to the namespace that the calling
 * thread is in when it is made, so one process can answer and connect for every pod.
 */
import koffi from 'koffi';
// It configures koffi, which must be done before any library is loaded, whoever loads one first in this process.
import '../../agent/kernel/native.ts';

type Native = (...args: unknown[]) => number;

const names = {
  setns: 'int setns(int fd, int kind)',
  socket: 'int socket(int family, int type, int protocol)',
  bind: 'int bind(int fd, const uint8_t *address, uint32_t size)',
  listen: 'int listen(int fd, int backlog)',
  accept4: 'int accept4(int fd, void *address, void *size, int flags)',
  connect: 'int connect(int fd, const uint8_t *address, uint32_t size)',
  shutdown: 'int shutdown(int fd, int how)',
  setsockopt: 'int setsockopt(int fd, int level, int option, const uint8_t *value, uint32_t size)',
  sendto:
    'int64 sendto(int fd, const uint8_t *data, uint64 size, int flags, const uint8_t *address, uint32_t addressSize)',
  recvfrom: 'int64 recvfrom(int fd, uint8_t *data, uint64 size, int flags, uint8_t *address, uint8_t *addressSize)',
  write: 'int64 write(int fd, const uint8_t *data, uint64 size)',
  close: 'int close(int fd)',
  epoll_create1: 'int epoll_create1(int flags)',
  epoll_ctl: 'int epoll_ctl(int epoll, int operation, int fd, const uint8_t *event)',
  epoll_wait: 'int epoll_wait(int epoll, uint8_t *events, int most, int timeout)',
  eventfd: 'int eventfd(unsigned int value, int flags)',
} as const;

type Name = keyof typeof names;

let loaded: Readonly<Record<Name, Native & { async: (...args: unknown[]) => void }>> | undefined;

/** The functions, from the C library that this process has; loaded at the first call. */
export function libc(): Readonly<Record<Name, Native & { async: (...args: unknown[]) => void }>> {
  if (loaded === undefined) {
    const library = koffi.load(null);
    loaded = Object.fromEntries(
      Object.entries(names).map(([name, prototype]) => [name, library.func(prototype)]),
    ) as unknown as NonNullable<typeof loaded>;
  }
  return loaded;
}

/** A system call failed. `code` as Node's own errors have it: `ECONNREFUSED`. */
export class SystemError extends Error {
  readonly code: string;

  constructor(call: string, errno: number) {
    const code = errnoName(errno);
    super(`${call}: ${code}`);
    this.name = 'SystemError';
    this.code = code;
  }
}

const errnoNames = new Map<number, string>(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));

function errnoName(errno: number): string {
  return errnoNames.get(errno) ?? `errno ${errno}`;
}

/** The result of a call that answers -1 for failure. Throws {@link SystemError}. */
export function checked(call: Name, ...args: unknown[]): number {
  const result = libc()[call](...args);
  if (result < 0) throw new SystemError(call, koffi.errno());
  return result;
}

/** As {@link checked}, but undefined where the call would have had to wait, or where it is under way. */
export function attempted(call: Name, ...args: unknown[]): number | undefined {
  const result = libc()[call](...args);
  if (result >= 0) return result;
  const errno = koffi.errno();
  const { EAGAIN, EINPROGRESS, EINTR } = koffi.os.errno;
  if (errno === EAGAIN || errno === EINPROGRESS || errno === EINTR) return undefined;
  throw new SystemError(call, errno);
}
