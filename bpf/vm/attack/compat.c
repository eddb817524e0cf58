/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* 32-bit system calls from a 64-bit program: the other table, the same objects. */
#define _GNU_SOURCE
#include "attack.h"
#include <setjmp.h>
#include <signal.h>

static sigjmp_buf absent;

static void no_such_gate(int signal)
{
	siglongjmp(absent, signal);
}

char *low_copy(const void *data, size_t bytes)
{
	char *low = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (low == MAP_FAILED)
		unprepared("mmap:32bit");
	return memcpy(low, data, bytes);
}

long compat_call(long number, long a, long b, long c, long d, long e)
{
	struct sigaction fatal = {.sa_handler = no_such_gate}, previous;
	long result;

	/* A kernel without the 32-bit gate answers with SIGSEGV. */
	sigaction(SIGSEGV, &fatal, &previous);
	if (sigsetjmp(absent, 1))
		unprepared_errno("int0x80", ENOSYS);
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory", "r8", "r9", "r10", "r11");
	sigaction(SIGSEGV, &previous, NULL);
	result = (int)result;
	if (result < 0) {
		errno = -result;
		return -1;
	}
	return result;
}
