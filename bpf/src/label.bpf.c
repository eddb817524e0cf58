/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* How labels go from a process to its children, and over an execve. Attached only where a policy sets labels. */
#include <interdict/label.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* In copy_process, before anything of the child can run. Without memory for its labels there is no child: one without them would be what whoever has them wants. */
SEC("lsm/task_alloc")
int BPF_PROG(lsm_task_alloc, struct task_struct *child, unsigned long flags, int before)
{
	__u64 labels = current_labels();
	struct task_labels *own;

	if (before || !labels)
		return before;
	own = bpf_task_storage_get(&task_labels, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!own) {
		COUNT(HOOK_NONE, unlabelled);
		return -ENOMEM;
	}
	own->labels = labels;
	return 0;
}

/* At the end of copy_process, before the child runs: what another thread was given meanwhile, with whose memory and open files the child has been made. If the
 * storage cannot be had there is the map. */
SEC("tp_btf/task_newtask")
int BPF_PROG(tp_task_newtask, struct task_struct *child, unsigned long flags)
{
	__u64 labels = current_labels();
	struct task_labels *own;
	struct group group;

	if (!labels)
		return 0;
	own = bpf_task_storage_get(&task_labels, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (own) {
		own->labels |= labels;
		return 0;
	}
	group = group_of(child);
	if (!add_shared(&group, labels))
		COUNT(HOOK_NONE, unlabelled);
	return 0;
}

/* The last thread of a process: what the map has of it goes. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(tp_sched_process_exit, struct task_struct *task)
{
	struct group group = group_of(task);

	if (READ(task->signal->live.counter) <= 0)
		bpf_map_delete_elem(&group_labels, &group);
	return 0;
}

/* An execve begins: one before it that has failed leaves nothing behind. */
SEC("lsm/bprm_creds_for_exec")
int BPF_PROG(lsm_exec_begins, struct linux_binprm *bprm, int before)
{
	struct task_labels *own = bpf_task_storage_get(&task_labels, bpf_get_current_task_btf(), 0, 0);

	if (own)
		own->pending = 0;
	return before;
}

/* It has succeeded: the other threads are gone, and the new program has not run yet. */
SEC("lsm/bprm_committed_creds")
int BPF_PROG(lsm_exec_done, struct linux_binprm *bprm)
{
	struct task_labels *own = bpf_task_storage_get(&task_labels, bpf_get_current_task_btf(), 0, 0);

	if (own && own->pending) {
		own->labels |= own->pending;
		own->pending = 0;
	}
	return 0;
}
