/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The labels of a process: what its own threads have in their storage, and what it was given while it had several, by process.
 *
 * Two places, because one does not do. The storage of a task is copied at a fork and needs no one who cleans up; but a label has to count for all threads
 * at once, also for one that has been created a moment ago, and has to stay when a thread that is not the first execs, whereupon the first
 * one's storage is gone. The map is found by what all threads have in common and an execve leaves as it is. */
#ifndef INTERDICT_LABEL_BPF_H
#define INTERDICT_LABEL_BPF_H

#include <interdict/scope.bpf.h>

static __always_inline struct group group_of(const struct task_struct *task)
{
	return (struct group){.start = task->group_leader->start_boottime, .pid = task->tgid};
}

SUBPROGRAM __u64 current_labels(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_labels *own = bpf_task_storage_get(&task_labels, task, 0, 0);
	struct group group = group_of(task);
	__u64 *shared = bpf_map_lookup_elem(&group_labels, &group);

	return (own ? READ(own->labels) : 0) | (shared ? READ(*shared) : 0);
}

/* Adds labels to a process, whatever threads do so at the same time. */
static __always_inline bool add_shared(const struct group *group, __u64 labels)
{
	__u64 *shared = bpf_map_lookup_elem(&group_labels, group);

	if (!shared) {
		if (!bpf_map_update_elem(&group_labels, group, &labels, BPF_NOEXIST))
			return true;
		shared = bpf_map_lookup_elem(&group_labels, group);
	}
	if (!shared)
		return false;
	__sync_fetch_and_or(shared, labels);
	return true;
}

/* From now on the current process has them; false if there is no memory for that. */
static __always_inline bool add_labels(__u64 labels)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_labels *own = bpf_task_storage_get(&task_labels, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct group group = group_of(task);

	if (!own || (task->signal->nr_threads > 1 && !add_shared(&group, labels)))
		return false;
	__sync_fetch_and_or(&own->labels, labels);
	return true;
}

/* The same when the execve that the current task has begun has succeeded. */
static __always_inline bool add_pending(__u64 labels)
{
	struct task_labels *own = bpf_task_storage_get(&task_labels, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!own)
		return false;
	own->pending |= labels;
	return true;
}

#endif
