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
	       hook == HOOK_MODULE_LOAD || hook == HOOK_PTRACE || hook == HOOK_SIGNAL || hook == HOOK_MOUNT;
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

int miss(struct run *run, __u32 hook, __u32 way);	/* in answer.bpf.c, both */
int conclude(struct run *run, __u32 hook, __u32 outcome);

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

/* A name has passed because nobody answered in time. The other name of the call then does not go and come back: the two would take turns
 * for ever, each with all its patience anew. */
#define PASSED_UNASKED 1

static __always_inline bool passed_unasked(const struct run *run)
{
	return any_of(run->undecided, run->wait, run->hold);
}

static __always_inline int clamp_change(int answer)
{
	return answer == PASSED_UNASKED ? 0 : clamp(answer);
}

/* Sends the current task round although there is nothing to wait for, if it can go. */
static __always_inline bool comes_again(enum hook hook, enum way way)
{
	struct waiter none = {.digest = ~0ULL, .last_ns = bpf_ktime_get_ns()};
	__u64 id = bpf_get_current_pid_tgid();
	enum round round = round_of(way);

	if (round == STAYS)
		return false;
	bpf_map_update_elem(&waiters, &id, &none, BPF_NOEXIST);	/* what it waits for already, if it does, stays */
	return go_round(round, hook);
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
