/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The records that cross the rings. One shape for every hook: header, masked key, facts, names. */
#ifndef INTERDICT_EVENT_H
#define INTERDICT_EVENT_H

#include <interdict/verdict.h>

enum record_kind {
	RECORD_NONE = 0,
	RECORD_DECIDE = 1,	/* a miss: somebody must decide; rings decide and packets */
	RECORD_OBSERVE = 2,	/* an answer that refused, or would have; ring observe */
};

enum record_flag {
	RECORD_HELD = 1 << 0,	/* decide: the task waits, its outcome follows as an observe record if it is a denial; a packet was dropped
				 * and does not come back by itself: the decision is its outcome */
	RECORD_REFUSED = 1 << 1,	/* the answer was a refusal */
	RECORD_FALLBACK = 1 << 2,	/* observe: no verdict, a fallback answered */
	RECORD_COMPAT = 1 << 3,	/* by a 32-bit system call */
	RECORD_IO_URING = 1 << 4,	/* by io_uring */
	RECORD_BUDGET = 1 << 5,	/* observe: with this subject a budget is used up */
	RECORD_TOLD = 1 << 6,	/* decide: the attempt has an observe record of its own, or would have had room been */
	RECORD_AGAIN = 1 << 7,	/* decide: the attempt has had a question before, while it waited */
};

/* Why a record has no verdict or an unusual one. */
struct record_header {
	__u16 version;		/* WIRE_VERSION */
	__u8 kind;		/* enum record_kind */
	__u8 flags;		/* enum record_flag */
	__u32 size;		/* bytes of the record, header included */
	__u64 time_ns;		/* CLOCK_BOOTTIME, when it was reserved */
};

/* Followed by exe_path_bytes, then path_bytes of names in strings[]: bytes, no terminator, any value but zero. */
struct event {
	struct record_header header;
	struct verdict_key key;		/* as looked up: masked */
	struct verdict_key facts;	/* the same before masking */
	struct context context;		/* before masking, too; of a packet nothing */
	__u64 asked[SLOT_WORDS];	/* decide: undecided slots that cover this event */
	__u64 refused[SLOT_WORDS];	/* observe: slots that refused; decide, held or refused: those of asked that refuse if they deny */
	__u64 would[SLOT_WORDS];	/* slots that deny, not enforced; decide: of an attempt that is told, where these are counted */
	__u64 names;			/* of the object, enum names */
	__u64 exe_names;		/* of the executable */
	__u32 pid;			/* tgid, in the initial pid namespace */
	__u32 tid;
	__u32 parent_pid;
	__u32 packet_bytes;		/* packets: length on the wire */
	__u32 syscall;			/* number, of the ABI that RECORD_COMPAT tells */
	__u16 exe_path_bytes;
	__u16 path_bytes;
	char comm[COMM_BYTES];		/* display only: the program chooses it */
	char strings[];
};

#endif
