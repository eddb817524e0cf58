/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The system call that the current task is in: by number, x86 only; elsewhere no call is known, and none is issued again. */
#ifndef INTERDICT_CALLS_BPF_H
#define INTERDICT_CALLS_BPF_H

#include <interdict/kernel.h>

enum x86_64_call {
	X86_64_OPEN = 2,
	X86_64_MMAP = 9,
	X86_64_MPROTECT = 10,
	X86_64_CONNECT = 42,
	X86_64_SENDTO = 44,
	X86_64_SENDMSG = 46,
	X86_64_SETSOCKOPT = 54,
	X86_64_GETSOCKOPT = 55,
	X86_64_EXECVE = 59,
	X86_64_CREAT = 85,
	X86_64_MKNOD = 133,
	X86_64_OPENAT = 257,
	X86_64_MKNODAT = 259,
	X86_64_OPEN_BY_HANDLE_AT = 304,
	X86_64_SENDMMSG = 307,
	X86_64_EXECVEAT = 322,
	X86_64_PKEY_MPROTECT = 329,
	X86_64_OPENAT2 = 437,
};

enum i386_call {
	I386_OPEN = 5,
	I386_CREAT = 8,
	I386_EXECVE = 11,
	I386_MKNOD = 14,
	I386_MMAP = 90,
	I386_SOCKETCALL = 102,	/* can only be a connect, a send or an SCTP option where it comes to our hooks */
	I386_MPROTECT = 125,
	I386_MMAP2 = 192,
	I386_OPENAT = 295,
	I386_MKNODAT = 297,
	I386_OPEN_BY_HANDLE_AT = 342,
	I386_SENDMMSG = 345,
	I386_EXECVEAT = 358,
	I386_CONNECT = 362,
	I386_GETSOCKOPT = 365,
	I386_SETSOCKOPT = 366,
	I386_SENDTO = 369,
	I386_SENDMSG = 370,
	I386_PKEY_MPROTECT = 380,
	I386_OPENAT2 = 437,
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
	default:
		return false;
	}
}

#endif
