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

/* Copies what a verdict says about the covering slots, and adds to matter the slots that do not just let pass; false if it is about another key, too old, or changed while we read. */
static __always_inline bool read_verdict(const struct verdict *verdict, __u32 generation, struct run *run, __u64 *matter)
{
	const __u64 *ours = (const __u64 *)&run->record.key, *theirs = (const __u64 *)&verdict->key;
	__u64 stamp = READ(verdict->stamp), differ = stamp ^ READ(verdict->stamp_again), expires;

	LOAD_BARRIER(run->undecided[0]);
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
		*matter |= ask | no;
	}
	expires = READ(verdict->expires_ns);
	differ |= generation ^ READ(verdict->generation);
	LOAD_BARRIER(run->undecided[0]);
	differ |= (stamp ^ READ(verdict->stamp)) | (stamp ^ READ(verdict->stamp_again));
	return !differ && (!expires || expires > bpf_ktime_get_boot_ns());
}

static __always_inline void nothing_known(struct run *run)
{
	for (int i = 0; i < SLOT_WORDS; i++) {
		run->undecided[i] = run->covered[i];
		run->cannot[i] = 0;
		run->deny[i] = 0;
		run->kill[i] = 0;
	}
}

/* Looks up the key of the run and fills in undecided, cannot, deny and kill; false if all covering slots let it pass. */
static __always_inline bool consult_table(struct run *run, void *table, __u32 generation)
{
	for (int try = 0; try < CONSULT_TRIES; try++) {
		struct verdict *verdict = bpf_map_lookup_elem(table, &run->digest);
		__u64 matter = 0;

		if (!verdict)
			break;
		if (read_verdict(verdict, generation, run, &matter))
			return matter;
	}
	nothing_known(run);
	return true;
}

SUBPROGRAM bool consult(struct run *run)
{
	return consult_table(run, &verdicts, run->generation);
}

/* The slots that can be asked: undecided, and not known to have no answer. */
static __always_inline __u64 any_open(const struct run *run)
{
	__u64 found = 0;

	for (int i = 0; i < SLOT_WORDS; i++)
		found |= run->undecided[i] & ~run->cannot[i];
	return found;
}

/* Those of them that may refuse and have this wish. */
static __always_inline __u64 expected(const struct run *run, const __u64 *wish)
{
	__u64 found = 0;

	for (int i = 0; i < SLOT_WORDS; i++)
		found |= run->undecided[i] & ~run->cannot[i] & run->enforce[i] & wish[i];
	return found;
}

static __always_inline __u32 lowest_slot(__u64 bits)
{
	__u32 slot = 0;

	bits &= -bits;
	slot += !!(bits & 0xffffffff00000000ULL) * 32;
	slot += !!(bits & 0xffff0000ffff0000ULL) * 16;
	slot += !!(bits & 0xff00ff00ff00ff00ULL) * 8;
	slot += !!(bits & 0xf0f0f0f0f0f0f0f0ULL) * 4;
	slot += !!(bits & 0xccccccccccccccccULL) * 2;
	slot += !!(bits & 0xaaaaaaaaaaaaaaaaULL);
	return slot;
}

/* What is done with slots one by one; only on the rare way of a denial. */
enum slot_work {
	SPEND,		/* from the budget; over it: trips the slot and takes it out of refused */
	COUNT_DENIED,
	COUNT_WOULD_DENY,
	COUNT_FALLBACK,
};

struct slot_walk {
	__u64 left[SLOT_WORDS];
	__u64 over[SLOT_WORDS];	/* SPEND: slots whose budget is used up */
	__u64 now_ns;
	enum slot_work work;
};

/* True as long as the slot may refuse once more. The window starts with the first denial after the last one ended. */
static __always_inline bool spend(__u32 slot, __u64 now)
{
	struct budget *budget = bpf_map_lookup_elem(&budgets, &slot);
	struct budget_window *window = bpf_map_lookup_elem(&budget_windows, &slot);
	__u64 start;

	if (!budget || !window || !budget->denials)
		return true;
	start = READ(window->start_ns);
	if (now - start > budget->window_ns && __sync_val_compare_and_swap(&window->start_ns, start, now) == start)
		READ(window->denials) = 0;
	return __sync_fetch_and_add(&window->denials, 1) < budget->denials;
}

/* Sets the slot's bit in tripped; the counter moves for the one who was first. */
static __always_inline void trip(__u32 slot, struct slot_counters *counters)
{
	struct slot_mask *off;
	__u64 bit = 1ULL << (slot & 63);
	__u32 zero = 0;

	off = bpf_map_lookup_elem(&tripped, &zero);
	if (off && !(__sync_fetch_and_or(&off->slots[slot / 64 & (SLOT_WORDS - 1)], bit) & bit))
		__sync_fetch_and_add(&counters->tripped, 1);
}

static __always_inline void work_on(struct slot_walk *walk, __u32 slot)
{
	struct slot_counters *counters = bpf_map_lookup_elem(&slot_counters, &slot);

	if (!counters)
		return;
	if (walk->work == COUNT_DENIED)
		__sync_fetch_and_add(&counters->denied, 1);
	else if (walk->work == COUNT_WOULD_DENY)
		__sync_fetch_and_add(&counters->would_deny, 1);
	else if (walk->work == COUNT_FALLBACK)
		__sync_fetch_and_add(&counters->fallback, 1);
	else if (!spend(slot, walk->now_ns)) {
		walk->over[slot / 64 & (SLOT_WORDS - 1)] |= 1ULL << (slot & 63);
		trip(slot, counters);
	}
}

static long next_slot(__u32 step, struct slot_walk *walk)
{
	__u32 word = step & (SLOT_WORDS - 1);
	__u64 bits = walk->left[word];

	if (!bits)
		return !any(walk->left);
	walk->left[word] = bits & (bits - 1);
	work_on(walk, word * 64 + lowest_slot(bits));
	return 0;
}

SUBPROGRAM void each_slot(const __u64 *slots, enum slot_work work)
{
	struct slot_walk walk = {.work = work};

	if (!any(slots))
		return;
	for (int i = 0; i < SLOT_WORDS; i++)
		walk.left[i] = slots[i];
	bpf_loop(SLOTS + SLOT_WORDS, next_slot, &walk, 0);
}

/* Takes what is over its budget out of refused, so that it is only recorded. */
SUBPROGRAM void keep_to_budgets(__u64 *refused, __u64 *would)
{
	struct slot_walk walk = {.work = SPEND, .now_ns = bpf_ktime_get_boot_ns()};

	if (!any(refused))
		return;
	for (int i = 0; i < SLOT_WORDS; i++)
		walk.left[i] = refused[i];
	bpf_loop(SLOTS + SLOT_WORDS, next_slot, &walk, 0);
	for (int i = 0; i < SLOT_WORDS; i++) {
		would[i] |= walk.over[i];
		refused[i] &= ~walk.over[i];
	}
}

/* What a verdict refuses, and what it would. */
static __always_inline void apply_mode(struct run *run)
{
	for (int i = 0; i < SLOT_WORDS; i++) {
		run->record.refused[i] = run->deny[i] & run->enforce[i];
		run->record.would[i] = run->deny[i] & ~run->enforce[i];
	}
}

/* Adds what a fallback or onMiss: deny refuses to the slots that refuse. */
SUBPROGRAM void refuse_undecided(struct run *run, const __u64 *wish)
{
	__u64 fell[SLOT_WORDS];

	for (int i = 0; i < SLOT_WORDS; i++) {
		run->record.refused[i] |= run->undecided[i] & run->enforce[i] & wish[i];
		fell[i] = run->undecided[i] & run->enforce[i] & (run->hold[i] | run->refuse_miss[i]);
	}
	each_slot(fell, COUNT_FALLBACK);
}

/* Keeps what is refused to the budgets, and counts; true if something is still refused. */
SUBPROGRAM bool settle(struct run *run, enum hook hook)
{
	keep_to_budgets(run->record.refused, run->record.would);
	each_slot(run->record.refused, COUNT_DENIED);
	each_slot(run->record.would, COUNT_WOULD_DENY);
	if (any(run->record.would))
		COUNT(hook, would_deny);
	if (!any(run->record.refused))
		return false;
	COUNT(hook, denied);
	return true;
}

static __always_inline void report(struct run *run, enum hook hook, __u8 flags)
{
	for (int i = 0; i < SLOT_WORDS; i++)
		run->record.asked[i] = flags & RECORD_FALLBACK ? run->undecided[i] : 0;
	if (send(run, &observe, RECORD_OBSERVE, run->flags | flags))
		COUNT(hook, observed);
	else
		COUNT(hook, lost_observe);
}

/* Sends the question about the undecided slots of a complete run. */
static __always_inline bool ask(struct run *run, void *ring, enum hook hook, __u8 flags)
{
	for (int i = 0; i < SLOT_WORDS; i++) {
		run->record.asked[i] = run->undecided[i] & ~run->cannot[i];
		run->record.refused[i] = 0;
		run->record.would[i] = 0;
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
