/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The system call that the current task is in: by number, x86 only; elsewhere no call is known, and none is issued again. */
#ifndef INTERDICT_CALLS_BPF_H
#define INTERDICT_CALLS_BPF_H

#include <interdict/kernel.h>

enum x86_64_call {
	X86_64_OPEN = 2,
	X86_64_MMAP = 9,
	X86_64_MPROTECT = 10,
	X86_64_SOCKET = 41,
	X86_64_CONNECT = 42,
	X86_64_ACCEPT = 43,
	X86_64_SENDTO = 44,
	X86_64_SENDMSG = 46,
	X86_64_BIND = 49,
	X86_64_LISTEN = 50,
	X86_64_SOCKETPAIR = 53,
	X86_64_SETSOCKOPT = 54,
	X86_64_GETSOCKOPT = 55,
	X86_64_CLONE = 56,
	X86_64_EXECVE = 59,
	X86_64_KILL = 62,
	X86_64_TRUNCATE = 76,
	X86_64_FTRUNCATE = 77,
	X86_64_RENAME = 82,
	X86_64_MKDIR = 83,
	X86_64_RMDIR = 84,
	X86_64_CREAT = 85,
	X86_64_LINK = 86,
	X86_64_UNLINK = 87,
	X86_64_SYMLINK = 88,
	X86_64_CHMOD = 90,
	X86_64_FCHMOD = 91,
	X86_64_CHOWN = 92,
	X86_64_FCHOWN = 93,
	X86_64_LCHOWN = 94,
	X86_64_PTRACE = 101,
	X86_64_RT_SIGQUEUEINFO = 129,
	X86_64_MKNOD = 133,
	X86_64_PIVOT_ROOT = 155,
	X86_64_CHROOT = 161,
	X86_64_MOUNT = 165,
	X86_64_UMOUNT2 = 166,
	X86_64_INIT_MODULE = 175,
	X86_64_SETXATTR = 188,
	X86_64_LSETXATTR = 189,
	X86_64_FSETXATTR = 190,
	X86_64_REMOVEXATTR = 197,
	X86_64_LREMOVEXATTR = 198,
	X86_64_FREMOVEXATTR = 199,
	X86_64_TKILL = 200,
	X86_64_TGKILL = 234,
	X86_64_KEXEC_LOAD = 246,
	X86_64_OPENAT = 257,
	X86_64_MKDIRAT = 258,
	X86_64_MKNODAT = 259,
	X86_64_FCHOWNAT = 260,
	X86_64_UNLINKAT = 263,
	X86_64_RENAMEAT = 264,
	X86_64_LINKAT = 265,
	X86_64_SYMLINKAT = 266,
	X86_64_FCHMODAT = 268,
	X86_64_UNSHARE = 272,
	X86_64_ACCEPT4 = 288,
	X86_64_RT_TGSIGQUEUEINFO = 297,
	X86_64_OPEN_BY_HANDLE_AT = 304,
	X86_64_SENDMMSG = 307,
	X86_64_RENAMEAT2 = 316,
	X86_64_KEXEC_FILE_LOAD = 320,
	X86_64_EXECVEAT = 322,
	X86_64_PKEY_MPROTECT = 329,
	X86_64_PIDFD_SEND_SIGNAL = 424,
	X86_64_MOVE_MOUNT = 429,
	X86_64_CLONE3 = 435,
	X86_64_OPENAT2 = 437,
	X86_64_FCHMODAT2 = 452,
	X86_64_SETXATTRAT = 463,
	X86_64_REMOVEXATTRAT = 466,
};

enum i386_call {
	I386_OPEN = 5,
	I386_CREAT = 8,
	I386_LINK = 9,
	I386_UNLINK = 10,
	I386_EXECVE = 11,
	I386_MKNOD = 14,
	I386_CHMOD = 15,
	I386_LCHOWN = 16,
	I386_MOUNT = 21,
	I386_UMOUNT = 22,
	I386_PTRACE = 26,
	I386_KILL = 37,
	I386_RENAME = 38,
	I386_MKDIR = 39,
	I386_RMDIR = 40,
	I386_UMOUNT2 = 52,
	I386_CHROOT = 61,
	I386_SYMLINK = 83,
	I386_MMAP = 90,
	I386_TRUNCATE = 92,
	I386_FTRUNCATE = 93,
	I386_FCHMOD = 94,
	I386_FCHOWN = 95,
	I386_SOCKETCALL = 102,	/* can only be what the hook is about, or an option of SCTP's that makes a socket (peeloff), which has had no effect either */
	I386_CLONE = 120,
	I386_MPROTECT = 125,
	I386_INIT_MODULE = 128,
	I386_RT_SIGQUEUEINFO = 178,
	I386_CHOWN = 182,
	I386_MMAP2 = 192,
	I386_TRUNCATE64 = 193,
	I386_FTRUNCATE64 = 194,
	I386_LCHOWN32 = 198,
	I386_FCHOWN32 = 207,
	I386_CHOWN32 = 212,
	I386_PIVOT_ROOT = 217,
	I386_SETXATTR = 226,
	I386_LSETXATTR = 227,
	I386_FSETXATTR = 228,
	I386_REMOVEXATTR = 235,
	I386_LREMOVEXATTR = 236,
	I386_FREMOVEXATTR = 237,
	I386_TKILL = 238,
	I386_TGKILL = 270,
	I386_KEXEC_LOAD = 283,
	I386_OPENAT = 295,
	I386_MKDIRAT = 296,
	I386_MKNODAT = 297,
	I386_FCHOWNAT = 298,
	I386_UNLINKAT = 301,
	I386_RENAMEAT = 302,
	I386_LINKAT = 303,
	I386_SYMLINKAT = 304,
	I386_FCHMODAT = 306,
	I386_UNSHARE = 310,
	I386_RT_TGSIGQUEUEINFO = 335,
	I386_OPEN_BY_HANDLE_AT = 342,
	I386_SENDMMSG = 345,
	I386_RENAMEAT2 = 353,
	I386_EXECVEAT = 358,
	I386_SOCKET = 359,
	I386_SOCKETPAIR = 360,
	I386_BIND = 361,
	I386_CONNECT = 362,
	I386_LISTEN = 363,
	I386_ACCEPT4 = 364,
	I386_GETSOCKOPT = 365,
	I386_SETSOCKOPT = 366,
	I386_SENDTO = 369,
	I386_SENDMSG = 370,
	I386_PKEY_MPROTECT = 380,
	I386_PIDFD_SEND_SIGNAL = 424,
	I386_MOVE_MOUNT = 429,
	I386_CLONE3 = 435,
	I386_OPENAT2 = 437,
	I386_FCHMODAT2 = 452,
	I386_SETXATTRAT = 463,
	I386_REMOVEXATTRAT = 466,
};

/* The system call that the current task is in; number -1 where we cannot tell. */
struct call {
	long number;
	bool compat;		/* 32-bit numbers */
};

static __always_inline struct call current_call(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct call call = {.number = -1};

	if (!bpf_core_field_exists(regs->orig_ax))
		return call;
	if ((long)BPF_CORE_READ(regs, ax) != -ENOSYS)
		return call;	/* work on the way out of a call (io_uring's) is not that call */
	call.number = (int)BPF_CORE_READ(regs, orig_ax);
	call.compat = task->thread_info.status & TS_COMPAT;
	return call;
}

/* Which system calls may be issued again from a hook: those that have had no effect yet when they reach it. */
enum way {
	WAY_NONE,	/* this hook comes after an effect */
	WAY_OPEN,
	WAY_CREATE,	/* under the lock of a directory: who can go and come back does not stay */
	WAY_EXEC,
	WAY_MMAP,	/* not the mappings of an execve, which come after its point of no return */
	WAY_PROTECT,	/* under the lock of its memory: as WAY_CREATE */
	WAY_CONNECT,
	WAY_SEND,
	WAY_ASSOCIATE,	/* SCTP's connectx, which is an option: under the lock of its socket */
	WAY_CHANGE,	/* of names and attributes, under the lock of the directory or file: as WAY_CREATE */
	WAY_BIND,
	WAY_LISTEN,
	WAY_ACCEPT,
	WAY_SOCKET,
	WAY_NAMESPACE,
	WAY_LOAD,	/* into the kernel, but for finit_module: who waits for another's gets his result, and nobody sends him round */
	WAY_TRACE,	/* to attach; other looks into a process tell their callers nothing but no */
	WAY_SIGNAL,	/* to one process: of several some may have it already */
	WAY_MOUNT,	/* and unmounting, and other roots */
	WAY_TRUNCATE,	/* by name, by descriptor, and by an open, which has had no other effect on a file that was there */
};

static __always_inline bool is_open(long number, bool compat)
{
	if (compat)
		return number == I386_OPEN || number == I386_CREAT || number == I386_OPENAT || number == I386_OPENAT2 ||
		       number == I386_OPEN_BY_HANDLE_AT;
	return number == X86_64_OPEN || number == X86_64_CREAT || number == X86_64_OPENAT || number == X86_64_OPENAT2 ||
	       number == X86_64_OPEN_BY_HANDLE_AT;
}

static __always_inline bool is_exec(long number, bool compat)
{
	return compat ? number == I386_EXECVE || number == I386_EXECVEAT : number == X86_64_EXECVE || number == X86_64_EXECVEAT;
}

static __always_inline bool is_mknod(long number, bool compat)
{
	return compat ? number == I386_MKNOD || number == I386_MKNODAT : number == X86_64_MKNOD || number == X86_64_MKNODAT;
}

static __always_inline bool is_protect(long number, bool compat)
{
	return compat ? number == I386_MPROTECT || number == I386_PKEY_MPROTECT : number == X86_64_MPROTECT || number == X86_64_PKEY_MPROTECT;
}

static __always_inline bool is_option(long number, bool compat)
{
	if (compat)
		return number == I386_SOCKETCALL || number == I386_SETSOCKOPT || number == I386_GETSOCKOPT;
	return number == X86_64_SETSOCKOPT || number == X86_64_GETSOCKOPT;
}

static __always_inline bool is_send(long number, bool compat)
{
	if (compat)
		return number == I386_SOCKETCALL || number == I386_SENDTO || number == I386_SENDMSG || number == I386_SENDMMSG;
	return number == X86_64_SENDTO || number == X86_64_SENDMSG || number == X86_64_SENDMMSG;
}

static __always_inline bool is_socket(long number, bool compat)
{
	if (compat)
		return number == I386_SOCKETCALL || number == I386_SOCKET || number == I386_SOCKETPAIR;
	return number == X86_64_SOCKET || number == X86_64_SOCKETPAIR;
}

static __always_inline bool is_namespace(long number, bool compat)
{
	if (compat)
		return number == I386_CLONE || number == I386_CLONE3 || number == I386_UNSHARE;
	return number == X86_64_CLONE || number == X86_64_CLONE3 || number == X86_64_UNSHARE;
}

static __always_inline bool is_load(long number, bool compat)
{
	if (compat)
		return number == I386_INIT_MODULE || number == I386_KEXEC_LOAD;
	return number == X86_64_INIT_MODULE || number == X86_64_KEXEC_LOAD || number == X86_64_KEXEC_FILE_LOAD;
}

static __always_inline bool is_signal(long number, bool compat)
{
	if (compat)
		return number == I386_KILL || number == I386_TKILL || number == I386_TGKILL || number == I386_RT_SIGQUEUEINFO ||
		       number == I386_RT_TGSIGQUEUEINFO || number == I386_PIDFD_SEND_SIGNAL;
	return number == X86_64_KILL || number == X86_64_TKILL || number == X86_64_TGKILL || number == X86_64_RT_SIGQUEUEINFO ||
	       number == X86_64_RT_TGSIGQUEUEINFO || number == X86_64_PIDFD_SEND_SIGNAL;
}

/* Whether a call that sends a signal sends it to several processes. */
static __always_inline bool sends_to_many(struct task_struct *task, const struct call *call)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	int first, fourth;

	if (!bpf_core_field_exists(regs->di))
		return true;
	first = call->compat ? BPF_CORE_READ(regs, bx) : BPF_CORE_READ(regs, di);
	fourth = call->compat ? BPF_CORE_READ(regs, si) : BPF_CORE_READ(regs, r10);
	if (call->number == (call->compat ? I386_PIDFD_SEND_SIGNAL : X86_64_PIDFD_SEND_SIGNAL))
		return fourth & PIDFD_SIGNAL_PROCESS_GROUP;
	return call->number == (call->compat ? I386_KILL : X86_64_KILL) && first <= 0;
}

static __always_inline bool is_mount(long number, bool compat)
{
	if (compat)
		return number == I386_MOUNT || number == I386_UMOUNT || number == I386_UMOUNT2 || number == I386_CHROOT ||
		       number == I386_PIVOT_ROOT || number == I386_MOVE_MOUNT;
	return number == X86_64_MOUNT || number == X86_64_UMOUNT2 || number == X86_64_CHROOT || number == X86_64_PIVOT_ROOT ||
	       number == X86_64_MOVE_MOUNT;
}

/* Of mount(2) the fourth argument. */
static __always_inline bool mounts_anew(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct call call = current_call(task);

	if (!bpf_core_field_exists(regs->di) || call.number != (call.compat ? I386_MOUNT : X86_64_MOUNT))
		return false;
	return (call.compat ? BPF_CORE_READ(regs, si) : BPF_CORE_READ(regs, r10)) & MS_REMOUNT;
}

static __always_inline bool is_truncate(long number, bool compat)
{
	if (compat)
		return number == I386_TRUNCATE || number == I386_FTRUNCATE || number == I386_TRUNCATE64 || number == I386_FTRUNCATE64;
	return number == X86_64_TRUNCATE || number == X86_64_FTRUNCATE;
}

static __always_inline bool is_change_32(long number)
{
	switch (number) {
	case I386_LINK: case I386_UNLINK: case I386_CHMOD: case I386_LCHOWN: case I386_RENAME: case I386_MKDIR: case I386_RMDIR:
	case I386_SYMLINK: case I386_FCHMOD: case I386_FCHOWN: case I386_CHOWN: case I386_LCHOWN32: case I386_FCHOWN32:
	case I386_CHOWN32: case I386_SETXATTR: case I386_LSETXATTR: case I386_FSETXATTR: case I386_REMOVEXATTR:
	case I386_LREMOVEXATTR: case I386_FREMOVEXATTR: case I386_MKDIRAT: case I386_FCHOWNAT: case I386_UNLINKAT: case I386_RENAMEAT:
	case I386_LINKAT: case I386_SYMLINKAT: case I386_FCHMODAT: case I386_RENAMEAT2: case I386_BIND: case I386_FCHMODAT2:
	case I386_SETXATTRAT: case I386_REMOVEXATTRAT:
	case I386_MKNOD: case I386_MKNODAT: case I386_SOCKETCALL:	/* which can only be a bind */
		return true;
	default:
		return false;
	}
}

static __always_inline bool is_change_64(long number)
{
	switch (number) {
	case X86_64_RENAME: case X86_64_MKDIR: case X86_64_RMDIR: case X86_64_LINK: case X86_64_UNLINK: case X86_64_SYMLINK:
	case X86_64_CHMOD: case X86_64_FCHMOD: case X86_64_CHOWN: case X86_64_FCHOWN: case X86_64_LCHOWN: case X86_64_SETXATTR:
	case X86_64_LSETXATTR: case X86_64_FSETXATTR: case X86_64_REMOVEXATTR: case X86_64_LREMOVEXATTR: case X86_64_FREMOVEXATTR:
	case X86_64_MKDIRAT: case X86_64_FCHOWNAT: case X86_64_UNLINKAT: case X86_64_RENAMEAT: case X86_64_LINKAT:
	case X86_64_SYMLINKAT: case X86_64_FCHMODAT: case X86_64_RENAMEAT2: case X86_64_FCHMODAT2: case X86_64_SETXATTRAT:
	case X86_64_REMOVEXATTRAT: case X86_64_BIND:
	case X86_64_MKNOD: case X86_64_MKNODAT:
		return true;
	default:
		return false;
	}
}

SUBPROGRAM bool can_be_issued_again(enum way way, struct call *call)
{
	long number = call->number;
	bool compat = call->compat;

	switch (way) {
	case WAY_OPEN:
		return is_open(number, compat) || is_exec(number, compat);
	case WAY_CREATE:
		return is_open(number, compat) || is_mknod(number, compat);
	case WAY_EXEC:
		return is_exec(number, compat);
	case WAY_MMAP:
		return compat ? number == I386_MMAP || number == I386_MMAP2 : number == X86_64_MMAP;
	case WAY_PROTECT:
		return is_protect(number, compat);
	case WAY_CONNECT:
		return compat ? number == I386_SOCKETCALL || number == I386_CONNECT : number == X86_64_CONNECT;
	case WAY_SEND:
		return is_send(number, compat);
	case WAY_ASSOCIATE:
		return is_option(number, compat);
	case WAY_CHANGE:
		return compat ? is_change_32(number) : is_change_64(number);
	case WAY_BIND:
		return compat ? number == I386_SOCKETCALL || number == I386_BIND : number == X86_64_BIND;
	case WAY_LISTEN:
		return compat ? number == I386_SOCKETCALL || number == I386_LISTEN : number == X86_64_LISTEN;
	case WAY_ACCEPT:
		return compat ? number == I386_SOCKETCALL || number == I386_ACCEPT4 : number == X86_64_ACCEPT || number == X86_64_ACCEPT4;
	case WAY_SOCKET:
		return is_socket(number, compat);
	case WAY_NAMESPACE:
		return is_namespace(number, compat);
	case WAY_LOAD:
		return is_load(number, compat);
	case WAY_TRACE:
		return compat ? number == I386_PTRACE : number == X86_64_PTRACE;
	case WAY_SIGNAL:
		return is_signal(number, compat);
	case WAY_MOUNT:
		return is_mount(number, compat);
	case WAY_TRUNCATE:
		return is_truncate(number, compat) || is_open(number, compat);
	default:
		return false;
	}
}

#endif
