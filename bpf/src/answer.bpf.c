/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The look-up of a task's verdict. A global function, since the verifier goes through one of these once, from wherever it is called: this one
 * in line was more than half of the time that loading a hook's program took. */
#include <interdict/decide.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The verifier believes of a pointer from elsewhere only what is asked; nothing known, nothing passes. */
__noinline int consult(struct run *run)
{
	return !run || consult_table(run, &verdicts);
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

__noinline int walk_slots(struct run *run)
{
	struct slots_of of = {.run = run};

	if (run)
		bpf_loop(SLOTS + SLOT_WORDS, next_slot, &of, 0);
	return 0;
}

/* The labels that the slots which cover the task set, and it does not have. */
static __always_inline __u64 new_labels(struct run *run)
{
	run->walk.labels = 0;
	each_slot(run, run->label, LABEL);
	return run->labels & run->walk.labels & ~current_labels();
}

/* At exec those of an attempt that nobody denies count for the program that is to run, and not before it does; all others at once: whoever was refused goes on as what he
 * is. In audit that is the same, so that what would be refused afterwards is what is. */
__noinline int set_labels(struct run *run, __u32 hook, int answer)
{
	__u64 labels;

	if (!run || !any(run->label))
		return answer;
	labels = new_labels(run);
	if (!labels)
		return answer;
	if (hook == HOOK_EXEC && !answer && !any(run->deny) ? add_pending(labels) : add_labels(labels)) {
		COUNT(hook, labelled);
		return answer;
	}
	COUNT(hook, unlabelled);
	if (!any_of(run->label, run->enforce, run->enforce))
		return answer;
	if (!answer) {	/* without a record, as where nothing can be looked up */
		COUNT(hook, lost_observe);
		COUNT(hook, denied);
	}
	return -EPERM;
}

__noinline int would_label(struct run *run)
{
	return run && any(run->label) && new_labels(run);
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
		run->deny[i] |= walk->over[i];	/* for a question that says what became of the attempt */
		run->enforce[i] &= ~walk->over[i];
	}
	return walk->used_up;
}

/* Keeps what is refused to the budgets, and counts; the subject has been named. True if something is still refused. */
__noinline int settle(struct run *run, __u32 hook)
{
	if (!run)
		return true;
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
static __always_inline bool worth_the_room(const struct run *run, __u32 hook)
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

__noinline int report(struct run *run, __u32 hook, __u32 flags)
{
	if (!run)
		return 0;
	if (!worth_the_room(run, hook)) {
		COUNT(hook, folded);
		return 0;
	}
	for (int i = 0; i < SLOT_WORDS; i++)
		run->record.asked[i] = flags & RECORD_FALLBACK ? run->undecided[i] : 0;
	if (send(run, &observe, RECORD_OBSERVE, run->flags | flags | (run->used_up ? RECORD_BUDGET : 0)))
		COUNT(hook, observed);
	else
		COUNT(hook, lost_observe);
	return 0;
}

/* Some covering slot is undecided. Names nothing itself: the older kernels count the stack of all callers. */
__noinline int miss(struct run *run, __u32 hook, __u32 way)
{
	if (!run)
		return FALL_BACK;
	if (any_of(run->deny, run->enforce, run->covered))
		return SETTLED;
	if (any_of(run->undecided, run->enforce, run->refuse_miss))
		return REFUSE_MISS;
	if (!expected(run, run->hold))
		return answered(run, hook);
	if (engine_lost(run->stale_ns)) {	/* nobody waits for it */
		COUNT(hook, stale);
		return end_wait(bpf_get_current_pid_tgid(), FALL_BACK);
	}
	if (run->at_once) {	/* as long as the engine works this says nothing about the policy, and spends nothing from its budget */
		COUNT(hook, at_once);
		run->unspent = 1;
		return FALL_BACK;
	}
	return wait(run, hook, way);
}

/* SIGKILL, if a slot that refuses wants it. */
static __always_inline void punish(struct run *run, __u32 hook)
{
	if (any_of(run->kill, run->record.refused, run->deny) && !bpf_send_signal(SIGKILL))
		COUNT(hook, killed);
}

/* Whom a budget counts: an executable in a unit. */
static __always_inline void name_subject(struct run *run)
{
	const struct verdict_key *facts = &run->record.facts;

	run->walk.unit = bpf_get_current_ancestor_cgroup_id(UNIT_LEVEL);
	if (!run->walk.unit)
		run->walk.unit = bpf_get_current_cgroup_id();
	run->walk.executable = (facts->exe_inode ^ (__u64)facts->exe_device << 32) | 1ULL << 63;
}

/* Records and counts what was refused, would have been, or fell back; true if it is refused. */
static __always_inline bool tell(struct run *run, __u32 hook, bool fallback)
{
	bool refused;

	complete_run(run);
	name_subject(run);
	refused = settle(run, hook);
	report(run, hook, (fallback ? RECORD_FALLBACK : 0) | (refused ? RECORD_REFUSED : 0));
	if (refused)
		punish(run, hook);
	return refused;
}

/* Turns an outcome into an answer. */
__noinline int conclude(struct run *run, __u32 hook, __u32 outcome)
{
	bool fallback, told, refused = false;

	if (!run)
		return -EPERM;	/* nothing known, nothing passes */
	/* A policy in audit, which is waited for since it sets labels, has nothing that could fall back. */
	fallback = outcome == REFUSE_MISS || (outcome == FALL_BACK && any_of(run->undecided, run->enforce, run->hold));
	apply_mode(run);
	if (fallback)
		refuse_undecided(run, outcome == REFUSE_MISS ? run->refuse_miss : run->fallback_deny,
				 outcome == REFUSE_MISS ? run->refuse_miss : run->hold);
	told = fallback || any(run->deny);
	if (told)
		refused = tell(run, hook, fallback);
	/* Who is still undecided is asked by the way, and told what has become of the attempt: nobody waited for them, or in vain, or only for others. */
	if (any_open(run))
		ask(run, &decide, hook, (told ? RECORD_TOLD : 0) | (refused ? RECORD_REFUSED : 0) | (run->asks ? RECORD_AGAIN : 0));
	return refused ? -EPERM : 0;
}
