/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What all hooks of tasks share, from the facts to the answer. */
#ifndef INTERDICT_DECIDE_BPF_H
#define INTERDICT_DECIDE_BPF_H

#include <interdict/hold.bpf.h>

/* On its own, because what the digest keeps on the stack is not to lie below the walk of a path. */
SUBPROGRAM void name_key(struct run *run, const struct verdict_key *mask, const struct engine_state *state)
{
	run->digest = mask_key(&run->record.key, &run->record.facts, mask, state->digest_key);
}

/* A file, or another process's program. At the other hooks the same bytes of a key are something else. */
static __always_inline bool has_path(enum hook hook)
{
	return hook == HOOK_EXEC || hook == HOOK_MMAP_EXEC || hook == HOOK_FILE_OPEN || hook == HOOK_FILE_CHANGE ||
	       hook == HOOK_MODULE_LOAD || hook == HOOK_PTRACE || hook == HOOK_SIGNAL;
}

/* Names the event: the facts as far as a policy reads them. */
SUBPROGRAM void name_event(struct run *run, enum hook hook)
{
	const struct verdict_key *mask = mask_of(run->record.facts.mask_set, hook);
	struct engine_state *state = engine();

	if (!mask || !state)
		return;
	if (mask->uid | mask->gid | mask->euid | mask->egid)
		fill_ids(&run->record.facts, bpf_get_current_task_btf());
	if (mask->exe_inode | mask->exe_device | mask->exe_path)
		fill_exe(run, bpf_get_current_task_btf());
	if (mask->cgroup)
		run->record.facts.cgroup = bpf_get_current_cgroup_id();
	if (mask->labels)
		read_labels(run);
	if (mask->context) {
		fill_context(run);
		run->record.facts.context = fold(&run->record.context, run->record.facts.mask_set, hook, state);
	}
	if (has_path(hook) && (mask->file.path || mask->flags))
		name_object(run);
	if (mask->exe_path && !run->record.facts.exe_path)
		recall_exe(run);
	if (mask->image && !run->record.facts.image)
		fill_image(run, state->hash_key);
	name_key(run, mask, state);
}

static __always_inline bool complete_run(struct run *run)
{
	struct engine_state *state = engine();

	return state && complete(run, state->hash_key);
}

/* Whether a slot is undecided still when the facts are complete. */
static __always_inline bool remains_undecided(struct run *run, enum hook hook)
{
	if (!complete_run(run))
		return true;
	name_event(run, hook);
	consult(run);
	return any(run->undecided);
}

/* Asks whom nobody waits for; who cannot answer is not asked. */
static __always_inline void ask_by_the_way(struct run *run, enum hook hook, __u8 flags)
{
	if (any_open(run))
		ask(run, &decide, hook, flags);
}

/* Nobody waits for an engine that is lost. Who has waited has asked. */
static __always_inline enum outcome without_engine(struct run *run, enum hook hook)
{
	__u64 id = bpf_get_current_pid_tgid();

	COUNT(hook, stale);
	if (waiter_of(id, run))
		return end_wait(id, FALL_BACK);
	ask_by_the_way(run, hook, any_of(run->undecided, run->enforce, run->fallback_deny) ? RECORD_REFUSED : 0);
	return FALL_BACK;
}

/* Who may not stay, and cannot go round, has the fallback. As long as the engine works that says nothing about the policy, and spends nothing from its budget. */
static __always_inline enum outcome answer_at_once(struct run *run, enum hook hook)
{
	COUNT(hook, at_once);
	run->unspent = 1;
	ask_by_the_way(run, hook, any_of(run->undecided, run->enforce, run->fallback_deny) ? RECORD_REFUSED : 0);
	return FALL_BACK;
}

/* Some covering slot is undecided. Names nothing itself: the older kernels count the stack of all callers. */
SUBPROGRAM enum outcome miss(struct run *run, enum hook hook, enum way way)
{
	if (any_of(run->deny, run->enforce, run->covered)) {
		ask_by_the_way(run, hook, RECORD_REFUSED);
		return SETTLED;
	}
	if (any_of(run->undecided, run->enforce, run->refuse_miss)) {
		ask_by_the_way(run, hook, RECORD_REFUSED);
		return REFUSE_MISS;
	}
	if (!expected(run, run->hold)) {
		ask_by_the_way(run, hook, 0);
		return answered(run, hook);
	}
	if (engine_lost(run->stale_ns))
		return without_engine(run, hook);
	return run->at_once ? answer_at_once(run, hook) : wait(run, hook, way);
}

/* SIGKILL, if a slot that refuses wants it. */
static __always_inline void punish(struct run *run, enum hook hook)
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

/* Turns an outcome into an answer; records and counts what was refused, would have been, or fell back. */
SUBPROGRAM int conclude(struct run *run, enum hook hook, enum outcome outcome)
{
	/* A policy in audit, which is waited for since it sets labels, has nothing that could fall back. */
	bool fallback = outcome == REFUSE_MISS || (outcome == FALL_BACK && any_of(run->undecided, run->enforce, run->hold)), refused;

	apply_mode(run);
	if (fallback)
		refuse_undecided(run, outcome == REFUSE_MISS ? run->refuse_miss : run->fallback_deny,
				 outcome == REFUSE_MISS ? run->refuse_miss : run->hold);
	else if (!any(run->deny))
		return 0;
	complete_run(run);
	name_subject(run);
	refused = settle(run, hook);
	report(run, hook, (fallback ? RECORD_FALLBACK : 0) | (refused ? RECORD_REFUSED : 0));
	if (!refused)
		return 0;
	punish(run, hook);
	return -EPERM;
}

/* The answer to a run whose facts are filled in. */
static __always_inline int answer(struct run *run, enum hook hook, enum way way)
{
	enum outcome outcome = SETTLED;
	bool matters;

	name_event(run, hook);
	if (run->record.facts.flags & OBJECT_PATH_UNKNOWN)
		COUNT(hook, undecidable);
	matters = consult(run);
	if (matters && any(run->undecided)) {
		COUNT(hook, misses);
		if (remains_undecided(run, hook))
			outcome = miss(run, hook, way);
	} else {
		COUNT(hook, hits);
		if (!matters)
			return 0;
	}
	return outcome == RESTART ? -ERESTARTNOINTR : set_labels(run, hook, conclude(run, hook, outcome));
}

/* Sends the current task round although there is nothing to wait for, if it can go. */
static __always_inline bool comes_again(enum hook hook, enum way way)
{
	struct waiter none = {.digest = ~0ULL, .last_ns = bpf_ktime_get_ns()};
	__u64 id = bpf_get_current_pid_tgid();
	enum round round = round_of(way);

	return round != STAYS && !bpf_map_update_elem(&waiters, &id, &none, BPF_ANY) && go_round(round, hook);
}

/* Whether a covering slot refuses at all: none that was tripped does. */
static __always_inline bool may_refuse(const struct slot_mask *covered, const struct posture *posture, enum hook hook)
{
	const __u64 *enforce;
	struct slot_mask *off;
	__u64 found = 0;
	__u32 zero = 0;

	off = bpf_map_lookup_elem(&tripped, &zero);
	enforce = enforced_here(posture, off);
	for (int i = 0; i < SLOT_WORDS; i++)
		found |= covered->slots[i] & enforce[i] & posture->active[hook & (HOOKS - 1)][i] & ~(off ? off->slots[i] : 0);
	return found;
}

/* Without an answer nobody who is covered passes: who can comes again, the others are refused, and there is no record. */
SUBPROGRAM int no_answer(const struct slot_mask *covered, const struct posture *posture, enum hook hook, enum way way)
{
	if (glass_broken() || !may_refuse(covered, posture, hook))
		return 0;
	if (comes_again(hook, way))
		return -ERESTARTNOINTR;
	COUNT(hook, lost_observe);
	COUNT(hook, denied);
	return -EPERM;
}

/* All working memory is in use: nothing can be looked up, not even whether it is denied. */
static __always_inline int no_memory(const struct slot_mask *covered, const struct posture *posture, enum hook hook, enum way way)
{
	COUNT(hook, no_memory);
	return no_answer(covered, posture, hook, way);
}

/* About a file. */
SUBPROGRAM int ask_about(struct file *file, enum hook hook, __u32 access, enum way way)
{
	struct slot_mask covered;
	struct posture *posture = cover(hook, &covered);
	struct run *run;
	int result;

	if (!posture)
		return 0;
	run = claim();
	if (!run)
		return no_memory(&covered, posture, hook, way);
	begin(run, posture, &covered, hook, access);
	fill_file(run, file);
	result = answer(run, hook, way);
	release(run);
	return result;
}

/* Who acts is all there is to know. */
SUBPROGRAM int enter(enum hook hook, __u32 access, enum way way)
{
	struct slot_mask covered;
	struct posture *posture = cover(hook, &covered);
	struct run *run;
	int result;

	if (!posture)
		return 0;
	run = claim();
	if (!run)
		return no_memory(&covered, posture, hook, way);
	begin(run, posture, &covered, hook, access);
	result = answer(run, hook, way);
	release(run);
	return result;
}

#endif
