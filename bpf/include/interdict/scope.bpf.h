/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Who is covered: the slots that have a say about the current task at a hook. */
#ifndef INTERDICT_SCOPE_BPF_H
#define INTERDICT_SCOPE_BPF_H

#include <interdict/emit.bpf.h>

#define READ(word) (*(volatile typeof(word) *)&(word))

/* Keeps loads before it before loads after it. x86 does so by itself, and the verifier drops this there. x86 only: the other way has run
 * nowhere yet. */
#define LOAD_BARRIER(word) \
	do { \
		if (!bpf_core_field_exists(((struct pt_regs *)0)->orig_ax)) \
			__sync_fetch_and_add(&(word), 0); \
	} while (0)

/* Keeps the compiler from moving loads over it. */
#define COMPILER_BARRIER() asm volatile("" ::: "memory")

/* An argument of the hook that may be NULL, as a number: from Linux 6.5 on the verifier takes it that there is always a pointer, and drops from a program the question whether there is
 * one, with all that follows, and loads from it unguarded. */
static __always_inline __u64 argument(void *ctx, __u32 number)
{
	__u64 value = 0;

	bpf_get_func_arg(ctx, number, &value);
	return value;
}

/* What a task in a cgroup may skip at a hook, in one word so that it is never half written: the epoch and the cgroup's id. */
static __u64 uncovered_cgroups[HOOKS][SCOPE_CACHE];

/* The slots whose scope is a cgroup or one above it. A writer takes the entry by setting its tag to BUSY. */
static struct scope_entry {
	__u64 tag;
	__u64 slots[SLOT_WORDS];
} scope_cache[SCOPE_CACHE];

#define SCOPE_BUSY ~0ULL

/* Names the current cgroup and the epoch; 0 if they do not fit into a word, which is then not remembered. */
static __always_inline __u64 scope_tag(const struct engine_state *state)
{
	__u64 cgroup = bpf_get_current_cgroup_id();

	return cgroup >> 32 ? 0 : (__u64)READ(state->posture_epoch) << 32 | cgroup;
}

/* Whether the current task was found uncovered before: the fast way out, for every task of the host. Not even counted. */
static __always_inline bool uncovered(enum hook hook)
{
	struct engine_state *state = engine();
	__u64 tag;

	if (!state)
		return true;
	tag = scope_tag(state);
	return tag && READ(uncovered_cgroups[hook][tag & (SCOPE_CACHE - 1)]) == tag;
}

static __always_inline bool remembered_scope(struct scope_entry *entry, __u64 tag, __u64 *slots)
{
	if (!tag || READ(entry->tag) != tag)
		return false;
	LOAD_BARRIER(entry->tag);
	for (int i = 0; i < SLOT_WORDS; i++)
		slots[i] = READ(entry->slots[i]);
	LOAD_BARRIER(entry->tag);
	return READ(entry->tag) == tag;
}

static __always_inline void remember_scope(struct scope_entry *entry, __u64 tag, const __u64 *slots)
{
	__u64 old = READ(entry->tag);

	if (!tag || old == SCOPE_BUSY || __sync_val_compare_and_swap(&entry->tag, old, SCOPE_BUSY) != old)
		return;
	for (int i = 0; i < SLOT_WORDS; i++)
		READ(entry->slots[i]) = slots[i];
	__sync_val_compare_and_swap(&entry->tag, SCOPE_BUSY, tag);
}

struct ascent {
	__u64 cgroup;
	struct slot_mask scope;
};

static long next_cgroup(__u32 step, struct ascent *ascent)
{
	struct cgroup *cgroup = (struct cgroup *)ascent->cgroup;
	__u64 id = BPF_CORE_READ(cgroup, kn, id);
	struct slot_mask *found = bpf_map_lookup_elem(&scopes, &id);

	for (int i = 0; found && i < SLOT_WORDS; i++)
		ascent->scope.slots[i] |= found->slots[i];
	ascent->cgroup = (__u64)BPF_CORE_READ(cgroup, self.parent);
	if (!ascent->cgroup)
		return 1;
	ascent->cgroup -= bpf_core_field_offset(struct cgroup, self);
	return 0;
}

/* Of the cgroup of one moment: a task that is moved meanwhile must not leave the slots of one under the name of another. False if it is not the tag's, so
 * that nothing may be remembered. */
SUBPROGRAM bool scope_of_task(__u64 tag, struct slot_mask *scope)
{
	struct scope_entry *entry = &scope_cache[tag & (SCOPE_CACHE - 1)];
	struct task_struct *task = bpf_get_current_task_btf();
	struct ascent ascent = {};
	struct cgroup *cgroup;

	if (remembered_scope(entry, tag, scope->slots))
		return true;
	cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	ascent.cgroup = (__u64)cgroup;
	bpf_loop(CGROUP_LEVELS, next_cgroup, &ascent, 0);
	for (int i = 0; i < SLOT_WORDS; i++)
		scope->slots[i] = ascent.cgroup ? ~0ULL : ascent.scope.slots[i];	/* has not come to the root */
	if (!tag || BPF_CORE_READ(cgroup, kn, id) != (__u32)tag)
		return false;
	remember_scope(entry, tag, scope->slots);
	return true;
}

/* The engine itself. Its number alone would be a pass out of every policy for whoever gets it next. Whether it is alive does not matter: one
 * that starts opens files before its first heartbeat. */
static __always_inline bool is_engine(struct task_struct *task, const struct engine_state *state)
{
	return (__u32)task->tgid == READ(state->engine_pid) &&
	       task->group_leader->start_boottime / CLOCK_TICK_NS == READ(state->engine_start);
}

/* Fills in the slots that cover the current task at the hook, and returns the posture that says so; NULL if there are none. The epoch
 * is read first: what is remembered under it can only be as old as it. */
SUBPROGRAM struct posture *cover(enum hook hook, struct slot_mask *covered)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct engine_state *state = engine();
	struct posture *posture;
	__u64 tag, scoped = 0, any = 0;
	bool tagged = true;
	__u32 index;

	if (!state)
		return NULL;
	tag = scope_tag(state);
	index = tag ? tag >> 32 & 1 : READ(state->posture_epoch) & 1;
	posture = bpf_map_lookup_elem(&postures, &index);
	if (!posture)
		return NULL;
	for (int i = 0; i < SLOT_WORDS; i++) {
		scoped |= posture->active[hook & (HOOKS - 1)][i] & ~posture->everywhere[i];
		covered->slots[i] = 0;
	}
	if (scoped)
		tagged = scope_of_task(tag, covered);
	for (int i = 0; i < SLOT_WORDS; i++) {
		covered->slots[i] = posture->active[hook & (HOOKS - 1)][i] & (posture->everywhere[i] | covered->slots[i]);
		any |= covered->slots[i];
	}
	if (!any && tag && tagged)
		READ(uncovered_cgroups[hook][tag & (SCOPE_CACHE - 1)]) = tag;
	if (any && !is_engine(task, state) && !(task->flags & PF_KTHREAD))
		return posture;
	COUNT(hook, uncovered);
	return NULL;
}

#endif
