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

/* Adds one subject to a window; how many it has now. 0 if others were faster again and again: then it is not counted. */
static __always_inline __u64 add_subject(__u64 *spent, __u64 window)
{
	for (int try = 0; try < 8; try++) {
		__u64 old = READ(*spent), next = old >> SPENT_BITS == window ? old + 1 : window << SPENT_BITS | 1;

		if (__sync_val_compare_and_swap(spent, old, next) == old)
			return next & ((1 << SPENT_BITS) - 1);
	}
	return 0;
}

/* True if the window has not seen the subject before and it is one too many. Looks at the unit first, so that one that is used up
 * takes no more room. */
static __always_inline bool overspent(const struct slot_walk *walk, __u32 slot, const struct budget *budget)
{
	struct budget_subject subject = {.unit = walk->unit, .window = walk->now_ns / budget->window_ns, .slot = slot};
	struct budget_window *window = bpf_map_lookup_elem(&budget_windows, &slot);
	__u64 *executables = bpf_map_lookup_elem(&budget_subjects, &subject), one = 1, none = 0;

	if (!executables) {
		bpf_map_update_elem(&budget_subjects, &subject, &none, BPF_NOEXIST);
		executables = bpf_map_lookup_elem(&budget_subjects, &subject);
	}
	if (!window || (executables && READ(*executables) >= UNIT_SUBJECTS))
		return false;
	subject.executable = walk->executable;
	if (bpf_map_update_elem(&budget_subjects, &subject, &one, BPF_NOEXIST))
		return false;
	if (executables && __sync_fetch_and_add(executables, 1) >= UNIT_SUBJECTS)
		return false;	/* others of the unit were faster */
	return add_subject(&window->spent, subject.window) > budget->subjects;
}

/* Sets the slot's bit; true for the one who was first. */
static __always_inline bool raise(enum alarm alarm, __u32 slot)
{
	__u64 bit = 1ULL << (slot & 63);
	__u32 index = alarm;
	struct slot_mask *set = bpf_map_lookup_elem(&tripped, &index);

	return set && !(__sync_fetch_and_or(&set->slots[slot / 64 & (SLOT_WORDS - 1)], bit) & bit);
}

static __always_inline void spend(struct slot_walk *walk, __u32 slot, struct slot_counters *counters)
{
	struct budget *budget = bpf_map_lookup_elem(&budgets, &slot);

	if (!budget || !budget->subjects || !overspent(walk, slot, budget))
		return;
	if (walk->now_ns < READ(budget->settled_ns)) {
		walk->over[slot / 64 & (SLOT_WORDS - 1)] |= 1ULL << (slot & 63);
		if (raise(ALARM_TRIPPED, slot)) {
			walk->used_up = 1;
			__sync_fetch_and_add(&counters->tripped, 1);
		}
	} else if (raise(ALARM_RAISED, slot)) {
		walk->used_up = 1;
		__sync_fetch_and_add(&counters->alarms, 1);
	}
}

static __always_inline void work_on(struct slot_walk *walk, __u32 slot)
{
	struct slot_counters *counters;
	__u64 *labels;

	if (walk->work == LABEL) {
		labels = bpf_map_lookup_elem(&slot_labels, &slot);
		walk->labels |= labels ? READ(*labels) : 0;
		return;
	}
	counters = bpf_map_lookup_elem(&slot_counters, &slot);
	if (!counters)
		return;
	if (walk->work == COUNT_DENIED)
		__sync_fetch_and_add(&counters->denied, 1);
	else if (walk->work == COUNT_WOULD_DENY)
		__sync_fetch_and_add(&counters->would_deny, 1);
	else if (walk->work == COUNT_FALLBACK)
		__sync_fetch_and_add(&counters->fallback, 1);
	else
		spend(walk, slot, counters);
}

/* What a callback of bpf_loop gets has to be on the stack, of which all functions together have 512 bytes. */
struct slots_of { struct run *run; };

static long next_slot(__u32 step, struct slots_of *of)
{
	struct slot_walk *walk = &of->run->walk;
	__u32 word = step & (SLOT_WORDS - 1);
	__u64 bits = walk->left[word];

	if (!bits)
		return !any(walk->left);
	walk->left[word] = bits & (bits - 1);
	work_on(walk, word * 64 + lowest_slot(bits));
	return 0;
}

SUBPROGRAM void each_slot(struct run *run, const __u64 *slots, enum slot_work work)
{
	struct slots_of of = {.run = run};

	if (!any(slots))
		return;
	for (int i = 0; i < SLOT_WORDS; i++)
		run->walk.left[i] = slots[i];
	run->walk.work = work;
	bpf_loop(SLOTS + SLOT_WORDS, next_slot, &of, 0);
}

/* Takes what is over its budget out of refused, so that it is only recorded; true if a budget is used up with this. */
SUBPROGRAM bool keep_to_budgets(struct run *run)
{
	struct slot_walk *walk = &run->walk;

	for (int i = 0; i < SLOT_WORDS; i++) {
		walk->over[i] = 0;
		run->spending[i] = run->record.refused[i] & ~(run->unspent ? run->fell[i] : 0);
	}
	walk->used_up = 0;
	walk->now_ns = bpf_ktime_get_boot_ns();
	each_slot(run, run->spending, SPEND);
	for (int i = 0; i < SLOT_WORDS; i++) {
		run->record.would[i] |= walk->over[i];
		run->record.refused[i] &= ~walk->over[i];
	}
	return walk->used_up;
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

/* Keeps what is refused to the budgets, and counts; the subject has been named. True if something is still refused. */
SUBPROGRAM bool settle(struct run *run, enum hook hook)
{
	run->used_up = keep_to_budgets(run);
	each_slot(run, run->record.refused, COUNT_DENIED);
	each_slot(run, run->record.would, COUNT_WOULD_DENY);
	if (any(run->record.would))
		COUNT(hook, would_deny);
	if (!any(run->record.refused))
		return false;
	COUNT(hook, denied);
	return true;
}

/* Whether the observe ring has room for this record. The second half of it is for denials of tasks that were not reported lately. */
static __always_inline bool worth_the_room(const struct run *run, enum hook hook)
{
	__u64 digest = run->digest, now = bpf_ktime_get_boot_ns();
	bool room = bpf_ringbuf_query(&observe, BPF_RB_AVAIL_DATA) < OBSERVE_RESERVE_BYTES;
	__u64 *last;

	if (hook == HOOK_XDP_INGRESS)
		return room;
	last = bpf_map_lookup_elem(&reported, &digest);
	if (last && now - READ(*last) < OBSERVE_AGAIN_NS && !run->used_up)
		return room;
	bpf_map_update_elem(&reported, &digest, &now, BPF_ANY);
	return true;
}

SUBPROGRAM void report(struct run *run, enum hook hook, __u8 flags)
{
	if (!worth_the_room(run, hook)) {
		COUNT(hook, folded);
		return;
	}
	for (int i = 0; i < SLOT_WORDS; i++)
		run->record.asked[i] = flags & RECORD_FALLBACK ? run->undecided[i] : 0;
	if (send(run, &observe, RECORD_OBSERVE, run->flags | flags | (run->used_up ? RECORD_BUDGET : 0)))
		COUNT(hook, observed);
	else
		COUNT(hook, lost_observe);
}

/* Sends the question about the undecided slots of a complete run. */
static __always_inline bool ask(struct run *run, void *ring, enum hook hook, __u8 flags)
{
	for (int i = 0; i < SLOT_WORDS; i++) {
		run->record.asked[i] = run->undecided[i] & ~run->cannot[i];
		run->record.refused[i] = flags & RECORD_HELD ? run->record.asked[i] & run->enforce[i] : 0;
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
