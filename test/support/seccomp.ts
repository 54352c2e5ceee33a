/** A seccomp profile, as container runtimes take it, made into the filter that the kernel takes. */

/** What is read of the profile's format, which is that of OCI. */
export interface SeccompProfile {
  readonly defaultAction: 'SCMP_ACT_ERRNO';
  readonly defaultErrnoRet: number;
  readonly syscalls: readonly {
    readonly comment?: string;
    readonly names: readonly string[];
    readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO';
    readonly errnoRet?: number;
    readonly args?: readonly {
      readonly index: number;
      readonly value: number;
      readonly valueTwo?: number;
      readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_MASKED_EQ';
    }[];
  }[];
}

const AUDIT_ARCH_X86_64 = 0xc000_003e;
const RET_ALLOW = 0x7fff_0000;
const RET_ERRNO = 0x0005_0000;
const RET_KILL_PROCESS = 0x8000_0000;

/** Codes of instructions: load a word of the call, keep some bits, jump when equal, answer. */
const LOAD = 0x20;
const AND = 0x54;
const JUMP_EQUAL = 0x15;
const RETURN = 0x06;

/** Offsets in what the filter sees of a call. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const ARGUMENTS = 16;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number];

/** The filter of a profile for x86-64, as the bytes of its instructions. Throws on names that have no number here. */
export function filterOf(profile: SeccompProfile): Buffer {
  const program: Instruction[] = [
    [LOAD, 0, 0, ARCHITECTURE],
    [JUMP_EQUAL, 1, 0, AUDIT_ARCH_X86_64],
    [RETURN, 0, 0, RET_KILL_PROCESS],
    [LOAD, 0, 0, NUMBER],
  ];
  for (const { names, action, errnoRet, args } of profile.syscalls) {
    const answer = action === 'SCMP_ACT_ALLOW' ? RET_ALLOW : RET_ERRNO | (errnoRet ?? profile.defaultErrnoRet);
    for (const name of names) {
      const body = (args ?? []).flatMap(conditionOn);
      const number = NUMBERS[name];
      if (number === undefined) throw new Error(`there is no system call ${name}`);
      const reload: Instruction[] = body.length === 0 ? [] : [[LOAD, 0, 0, NUMBER]];
      // A condition that does not hold leads behind the answer.
      const jumps = body.map(
        ([code, ifTrue, ifFalse, operand], at): Instruction =>
          code === JUMP_EQUAL ? [code, ifTrue, body.length - at, operand] : [code, ifTrue, ifFalse, operand],
      );
      program.push(
        [JUMP_EQUAL, 0, body.length + 1 + reload.length, number],
        ...jumps,
        [RETURN, 0, 0, answer],
        ...reload,
      );
    }
  }
  program.push([RETURN, 0, 0, RET_ERRNO | profile.defaultErrnoRet]);
  return Buffer.concat(program.map(encoded));
}

type Condition = NonNullable<SeccompProfile['syscalls'][number]['args']>[number];

/** An argument has 64 bits, a word 32: both halves count. */
function conditionOn({ index, op, value, valueTwo }: Condition): Instruction[] {
  const [mask, wanted] = op === 'SCMP_CMP_EQ' ? [undefined, value] : [value, valueTwo ?? 0];
  const low = ARGUMENTS + 8 * index;
  const high: Instruction[] =
    mask === undefined
      ? [
          [LOAD, 0, 0, low + 4],
          [JUMP_EQUAL, 0, 0, 0],
        ]
      : [];
  const kept: Instruction[] = mask === undefined ? [] : [[AND, 0, 0, mask]];
  return [...high, [LOAD, 0, 0, low], ...kept, [JUMP_EQUAL, 0, 0, wanted]];
}

function encoded([code, ifTrue, ifFalse, operand]: Instruction): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes[2] = ifTrue;
  bytes[3] = ifFalse;
  bytes.writeUInt32LE(operand >>> 0, 4);
  return bytes;
}

/** Numbers of the system calls that the profile names, on x86-64. */
const NUMBERS: Readonly<Record<string, number>> = {
  accept: 43,
  accept4: 288,
  access: 21,
  arch_prctl: 158,
  bind: 49,
  brk: 12,
  capget: 125,
  chdir: 80,
  clock_getres: 229,
  clock_gettime: 228,
  clock_nanosleep: 230,
  clone: 56,
  clone3: 435,
  close: 3,
  connect: 42,
  dup: 32,
  dup2: 33,
  dup3: 292,
  epoll_create1: 291,
  epoll_ctl: 233,
  epoll_pwait: 281,
  epoll_pwait2: 441,
  eventfd2: 290,
  execve: 59,
  exit: 60,
  exit_group: 231,
  faccessat: 269,
  faccessat2: 439,
  fcntl: 72,
  fdatasync: 75,
  fstat: 5,
  fstatfs: 138,
  fsync: 74,
  futex: 202,
  get_robust_list: 274,
  getcwd: 79,
  getdents64: 217,
  getegid: 108,
  geteuid: 107,
  getgid: 104,
  getpeername: 52,
  getpid: 39,
  getppid: 110,
  getrandom: 318,
  getrlimit: 97,
  getrusage: 98,
  getsockname: 51,
  getsockopt: 55,
  gettid: 186,
  gettimeofday: 96,
  getuid: 102,
  inotify_add_watch: 254,
  inotify_init1: 294,
  inotify_rm_watch: 255,
  ioctl: 16,
  listen: 50,
  lseek: 8,
  madvise: 28,
  membarrier: 324,
  mmap: 9,
  mprotect: 10,
  mremap: 25,
  munmap: 11,
  nanosleep: 35,
  newfstatat: 262,
  openat: 257,
  pipe2: 293,
  pkey_alloc: 330,
  pkey_free: 331,
  pkey_mprotect: 329,
  poll: 7,
  ppoll: 271,
  prctl: 157,
  pread64: 17,
  preadv: 295,
  prlimit64: 302,
  pselect6: 270,
  pwrite64: 18,
  pwritev: 296,
  read: 0,
  readlink: 89,
  readlinkat: 267,
  readv: 19,
  recvfrom: 45,
  recvmmsg: 299,
  recvmsg: 47,
  restart_syscall: 219,
  rseq: 334,
  rt_sigaction: 13,
  rt_sigprocmask: 14,
  rt_sigreturn: 15,
  sched_getaffinity: 204,
  sched_yield: 24,
  sendmmsg: 307,
  sendmsg: 46,
  sendto: 44,
  set_robust_list: 273,
  set_tid_address: 218,
  setsockopt: 54,
  shutdown: 48,
  sigaltstack: 131,
  socket: 41,
  socketpair: 53,
  statfs: 137,
  statx: 332,
  sysinfo: 99,
  tgkill: 234,
  umask: 95,
  uname: 63,
  unlink: 87,
  unlinkat: 263,
  write: 1,
  writev: 20,
};
