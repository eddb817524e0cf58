/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* From a verdict and the posture to an answer. The only place that knows what a refusal is called. */
#ifndef INTERDICT_ANSWER_BPF_H
#define INTERDICT_ANSWER_BPF_H

#include <interdict/subject.bpf.h>

#define CONSULT_TRIES 4

/* The one way out of a hook: whatever happened before, the kernel sees nothing but these. */
static __always_inline int clamp(int answer)
{
	if (!answer)
		return 0;
	return answer == -ERESTARTNOINTR ? -ERESTARTNOINTR : -EPERM;
}

static __always_inline __u64 any(const __u64 *slots)
{
	return slots[0] | slots[1] | slots[2] | slots[3];
}

static __always_inline __u64 any_of(const __u64 *slots, const __u64 *enforce, const __u64 *wish)
{
	__u64 found = 0;

	for (int i = 0; i < SLOT_WORDS; i++)
		found |= slots[i] & enforce[i] & wish[i];
	return found;
}

static __always_inline const struct verdict_key *mask_of(__u32 mask_set, enum hook hook)
{
	__u32 index = (mask_set & 1) * HOOKS + hook;

	return bpf_map_lookup_elem(&key_masks, &index);
}

/* Hook and mask set are in every key, whatever the mask says. */
static __always_inline __u64 mask_key(struct verdict_key *key, const struct verdict_key *facts, const struct verdict_key *mask,
				      const __u64 *secret)
{
	const __u64 *from = (const __u64 *)facts, *keep = (const __u64 *)mask;
	__u64 *to = (__u64 *)key;

	to[0] = from[0] & (keep[0] | 0xffffffff000000ffULL);
#pragma unroll
	for (int i = 1; i < (int)(sizeof(*key) / sizeof(*to)); i++)
		to[i] = from[i] & keep[i];
	return key_digest(key, secret);
}

enum reading {
	FITS,
	MIXTURE,	/* changed while we read */
	NOTHING,	/* about another key, or too old */
};

/* Copies what a verdict says about the covering slots, and adds to matter the slots that do not just let pass. */
static __always_inline enum reading read_verdict(const struct verdict *verdict, struct run *run, __u64 *matter)
{
	const __u64 *ours = (const __u64 *)&run->record.key, *theirs = (const __u64 *)&verdict->key;
	__u64 stamp = READ(verdict->stamp), mixed = stamp ^ READ(verdict->stamp_again), differ = 0, expires;

	LOAD_BARRIER(run->undecided[0]);	/* x86 only */
#pragma unroll
	for (int i = 0; i < (int)(sizeof(run->record.key) / sizeof(*ours)); i++) {
		differ |= ours[i] ^ READ(theirs[i]);
		barrier_var(differ);	/* else the compiler keeps all words on the stack first */
	}
	for (int i = 0; i < SLOT_WORDS; i++) {
		__u64 ask = run->covered[i] & ~READ(verdict->decided[i]), no = run->covered[i] & READ(verdict->deny[i]);

		run->undecided[i] = ask;
		run->cannot[i] = ask & no;
		run->deny[i] = no & ~ask;
		run->kill[i] = run->covered[i] & READ(verdict->kill[i]);
		run->label[i] = run->covered[i] & READ(verdict->label[i]) & ~ask;
		*matter |= ask | no | run->label[i];
	}
	run->labels = READ(verdict->labels);
	expires = READ(verdict->expires_ns);
	LOAD_BARRIER(run->undecided[0]);
	mixed |= (stamp ^ READ(verdict->stamp)) | (stamp ^ READ(verdict->stamp_again));
	if (!(mixed | differ) && (!expires || expires > bpf_ktime_get_boot_ns()))
		return FITS;
	return mixed ? MIXTURE : NOTHING;
}

static __always_inline void nothing_known(struct run *run)
{
	for (int i = 0; i < SLOT_WORDS; i++) {
		run->undecided[i] = run->covered[i];
		run->cannot[i] = 0;
		run->deny[i] = 0;
		run->kill[i] = 0;
		run->label[i] = 0;
	}
	run->labels = 0;
}

/* Looks up the key of the run and fills in undecided, cannot, deny and kill; false if all covering slots let it pass. */
static __always_inline bool consult_table(struct run *run, void *table)
{
	enum reading reading = MIXTURE;
	__u64 digest = run->digest;	/* before Linux 6.2 a key must not lie in what a global function is given */

	for (int try = 0; try < CONSULT_TRIES && reading == MIXTURE; try++) {
		struct verdict *verdict = bpf_map_lookup_elem(table, &digest);
		__u64 matter = 0;

		if (!verdict)
			break;
		reading = read_verdict(verdict, run, &matter);
		if (reading == FITS)
			return matter;
	}
	nothing_known(run);
	return true;
}

/* The same of a task's run (src/answer.bpf.c). */
int consult(struct run *run);

/* Whether it says so of labels that the process does not have (src/answer.bpf.c). */
int would_label(struct run *run);

/* Sets what the verdict of a task's run says, and returns its answer (src/answer.bpf.c). */
int set_labels(struct run *run, __u32 hook, int answer);

/* The slots that can be asked: undecided, and not known to have no answer. */
static __always_inline __u64 any_open(const struct run *run)
{
	__u64 found = 0;

	for (int i = 0; i < SLOT_WORDS; i++)
		found |= run->undecided[i] & ~run->cannot[i];
	return found;
}

/* Those of them that may be waited for and have this wish. */
static __always_inline __u64 expected(const struct run *run, const __u64 *wish)
{
	__u64 found = 0;

	for (int i = 0; i < SLOT_WORDS; i++)
		found |= run->undecided[i] & ~run->cannot[i] & run->wait[i] & wish[i];
	return found;
}

/* Does its work for each slot of run->walk.left. In answer.bpf.c, as all that is declared here: the verifier goes through it once a program, whatever its
 * callers know. */
int walk_slots(struct run *run);

static __always_inline void each_slot(struct run *run, const __u64 *slots, enum slot_work work)
{
	if (!any(slots))
		return;
	for (int i = 0; i < SLOT_WORDS; i++)
		run->walk.left[i] = slots[i];
	run->walk.work = work;
	walk_slots(run);
}

/* What a verdict refuses, and what it would. */
static __always_inline void apply_mode(struct run *run)
{
	for (int i = 0; i < SLOT_WORDS; i++) {
		run->record.refused[i] = run->deny[i] & run->enforce[i];
		run->record.would[i] = run->deny[i] & ~run->enforce[i];
	}
}

/* Adds what a fallback or onMiss: deny refuses to the slots that refuse, and counts those that are answered so: who wanted to wait, or onMiss. Who
 * lets the first one pass is not refused since somebody else has waited. */
SUBPROGRAM void refuse_undecided(struct run *run, const __u64 *wish, const __u64 *answered)
{
	for (int i = 0; i < SLOT_WORDS; i++) {
		run->fell[i] = run->undecided[i] & run->enforce[i] & answered[i];
		run->record.refused[i] |= run->fell[i] & wish[i];
	}
	each_slot(run, run->fell, COUNT_FALLBACK);
}

int settle(struct run *run, __u32 hook);
int report(struct run *run, __u32 hook, __u32 flags);

/* Sends the question about the undecided slots of a complete run. */
static __always_inline bool ask(struct run *run, void *ring, enum hook hook, __u8 flags)
{
	for (int i = 0; i < SLOT_WORDS; i++) {
		run->record.asked[i] = run->undecided[i] & ~run->cannot[i];
		run->record.refused[i] = flags & (RECORD_HELD | RECORD_REFUSED) ? run->record.asked[i] & run->enforce[i] : 0;
		run->record.would[i] = flags & RECORD_TOLD ? run->deny[i] & ~run->enforce[i] : 0;
	}
	if (!send(run, ring, RECORD_DECIDE, run->flags | flags)) {
		COUNT(hook, lost_decide);
		return false;
	}
	COUNT(hook, asked);
	return true;
}

/* Nanoseconds since the later of the engine's heartbeat and a time. */
static __always_inline __s64 silence(__u64 since)
{
	struct engine_state *state = engine();
	__u64 beat = state ? READ(state->heartbeat_ns) : 0;

	return bpf_ktime_get_ns() - (beat > since ? beat : since);
}

static __always_inline bool engine_lost(__u64 stale_ns)
{
	return silence(0) > (__s64)stale_ns;
}

#endif
