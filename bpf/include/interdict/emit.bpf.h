/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Counters, and records on their way to the engine. */
#ifndef INTERDICT_EMIT_BPF_H
#define INTERDICT_EMIT_BPF_H

#include <interdict/path.bpf.h>

#define COUNT_BY(add, hook, counter) \
	do { \
		__u32 index_ = (hook) & (HOOKS - 1); \
		struct hook_counters *counters_ = bpf_map_lookup_elem(&hook_counters, &index_); \
		if (counters_) \
			add(&counters_->counter); \
	} while (0)
#define ADD_ALONE(counter) (++*(counter))
#define ADD(counter) __sync_fetch_and_add(counter, 1)

/* Atomic although the memory is this CPU's: the task may be preempted while it counts. */
#define COUNT(hook, counter) COUNT_BY(ADD, hook, counter)
/* Where that cannot be; a fifth of what a packet costs. */
#define COUNT_ALONE(hook, counter) COUNT_BY(ADD_ALONE, hook, counter)

/* Wakes the engine if it has announced that it sleeps. The announcement is read after the record is in the ring, with a full
 * barrier (an atomic that returns something) between: the engine first announces and then looks at the ring once more, so one of the
 * two sees the other. An empty record that is thrown away carries the wake-up. */
static __always_inline void wake(void *ring, __u64 *word)
{
	struct engine_state *state = engine();
	void *nothing;

	__sync_val_compare_and_swap(word, ~0ULL, 0);
	if (!state || !*(volatile __u32 *)&state->asleep)
		return;
	nothing = bpf_ringbuf_reserve(ring, sizeof(__u64), 0);
	if (nothing)
		bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
}

/* Copies the strings behind the record, the executable's first. A text is shorter than its room, but the verifier does not know; were one not, the
 * other would be there all the same. */
static __always_inline __u32 add_strings(struct run *run)
{
	__u32 exe = PATH_BYTES - run->exe.start, object = PATH_BYTES - run->object.start;

	if (exe > PATH_BYTES - 1)
		exe = 0;
	if (object > PATH_BYTES - 1)
		object = 0;
	run->record.exe_path_bytes = exe;
	run->record.path_bytes = object;
	bpf_probe_read_kernel(run->strings, exe, &run->exe.room[run->exe.start & (PATH_BYTES - 1)]);
	bpf_probe_read_kernel(run->strings + exe, object, &run->object.room[run->object.start & (PATH_BYTES - 1)]);
	return exe + object;
}

static __always_inline void stamp(struct event *event, __u8 kind, __u8 flags, __u32 bytes)
{
	event->header.version = WIRE_VERSION;
	event->header.kind = kind;
	event->header.flags = flags;
	event->header.size = bytes;
	event->header.time_ns = bpf_ktime_get_boot_ns();
}

/* Sends the record of a task; all of its facts are filled in. */
SUBPROGRAM bool send(struct run *run, void *ring, __u8 kind, __u8 flags)
{
	__u32 bytes = sizeof(struct event) + add_strings(run);

	barrier_var(bytes);	/* else the compiler computes it anew below, without what the verifier learns here */
	if (bytes > sizeof(struct event) + STRINGS_BYTES)
		return false;
	stamp(&run->record, kind, flags, bytes);
	if (bpf_ringbuf_output(ring, &run->record, bytes, BPF_RB_NO_WAKEUP))
		return false;
	if (kind == RECORD_DECIDE)	/* nobody blocks for an answer's record */
		wake(ring, &run->claimed);
	return true;
}

#endif
