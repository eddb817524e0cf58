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

/* Names the event: the facts as far as a policy reads them. */
SUBPROGRAM void name_event(struct run *run, const struct posture *posture, enum hook hook)
{
	const struct verdict_key *mask = mask_of(posture, hook);
	struct engine_state *state = engine();

	if (!mask || !state)
		return;
	if (mask->uid | mask->gid | mask->euid | mask->egid)
		fill_ids(&run->record.facts, bpf_get_current_task_btf());
	if (mask->exe_inode | mask->exe_device | mask->exe_path)
		fill_exe(run, bpf_get_current_task_btf());
	if (mask->cgroup)
		run->record.facts.cgroup = bpf_get_current_cgroup_id();
	if (hook != HOOK_SOCKET_CONNECT && (mask->file.path || mask->flags))
		name_object(run);
	if (mask->exe_path && !run->record.facts.exe_path)
		recall_exe(run);
	if (mask->image && !run->record.facts.image)
		fill_image(run, state->hash_key);
	if (run->record.facts.flags & OBJECT_PATH_UNKNOWN)
		COUNT(hook, undecidable);
	name_key(run, mask, state);
}

/* Whether a slot is undecided still when the facts are complete. */
static __always_inline bool remains_undecided(struct run *run, const struct posture *posture, enum hook hook)
{
	if (!complete_run(run))
		return true;
	name_event(run, posture, hook);
	consult(run);
	return any(run->undecided);
}

/* Some covering slot is undecided. Names nothing itself: the older kernels count the stack of all callers. */
SUBPROGRAM enum outcome miss(struct run *run, const struct posture *posture, enum hook hook, enum way way, bool fresh)
{
	__u64 now = bpf_ktime_get_boot_ns();
	bool waits;

	if (any_of(run->deny, run->enforce, run->covered)) {
		ask_about(run, hook, RECORD_REFUSED);
		return SETTLED;
	}
	if (any_of(run->undecided, run->enforce, posture->refuse_miss)) {
		ask_about(run, hook, RECORD_REFUSED);
		return REFUSE_MISS;
	}
	waits = any_of(run->undecided, run->enforce, posture->hold);
	if (!waits) {
		ask_about(run, hook, 0);
		return SETTLED;
	}
	if (engine_lost(posture, now)) {
		COUNT(hook, stale);
		if (fresh)
			ask_about(run, hook, any_of(run->undecided, run->enforce, posture->fallback_deny) ? RECORD_REFUSED : 0);
		return FALL_BACK;
	}
	return wait(run, posture, hook, way);
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
SUBPROGRAM int conclude(struct run *run, const struct posture *posture, enum hook hook, enum outcome outcome)
{
	bool fallback = outcome == FALL_BACK || outcome == REFUSE_MISS, refused;

	apply_mode(run);
	if (fallback)
		refuse_undecided(run, posture, outcome == REFUSE_MISS ? posture->refuse_miss : posture->fallback_deny);
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
static __always_inline int answer(struct run *run, const struct posture *posture, enum hook hook, enum way way)
{
	enum outcome outcome = SETTLED;
	bool matters, fresh;

	name_event(run, posture, hook);
	matters = consult(run);
	if (matters && any(run->undecided)) {
		COUNT(hook, misses);
		fresh = !waiter_of(bpf_get_current_pid_tgid(), run->digest, bpf_ktime_get_boot_ns(), posture);
		if (!fresh || remains_undecided(run, posture, hook))
			outcome = miss(run, posture, hook, way, fresh);
	} else {
		COUNT(hook, hits);
		if (!matters)
			return 0;
	}
	return outcome == RESTART ? -ERESTARTNOINTR : conclude(run, posture, hook, outcome);
}

/* All working memory is in use: nothing can be looked up. Who may wait tries again, the others get the fallback; no record, since there
 * is no memory for one. */
SUBPROGRAM int no_memory(const struct slot_mask *covered, const struct posture *posture, enum hook hook, enum way way)
{
	__u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_boot_ns(), none = 1;
	struct waiter *waiter = waiter_of(id, none, now, posture);
	struct waiter state = {.digest = none, .since_ns = waiter ? waiter->since_ns : now, .last_ns = now};

	COUNT(hook, undecidable);
	if (!any_of(covered->slots, posture->enforce, posture->active[hook & (HOOKS - 1)]))
		return 0;
	if (now - state.since_ns <= posture->deadline_ns && can_restart(hook, way) &&
	    !bpf_map_update_elem(&waiters, &id, &state, BPF_ANY) && signal_that_vanishes())
		return -ERESTARTNOINTR;
	COUNT(hook, lost_observe);
	if (!any_of(covered->slots, posture->enforce, posture->fallback_deny))
		return 0;
	COUNT(hook, denied);
	return -EPERM;
}

#endif
