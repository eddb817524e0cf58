/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What ways.bpf.c has seen. */
#include <interdict/verdict.h>

struct ways {
	__u32 watched;		/* the process whose opens count */
	__u32 passed;		/* the last open, by the short way */
	__u64 digest;		/* its key, as the long way makes it */
	struct verdict_key key;
	__u64 opens;
	__u64 passes;		/* of the long way */
	__u64 short_passes;	/* of both */
	__u64 matters;		/* the long way does not just let pass */
	__u64 wrong;		/* and the short way does */
	__u64 other_paths;	/* the short way has another path than the long one */
};
