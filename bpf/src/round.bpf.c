/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Work that a task does before it is back in user mode. In a file of its own, because the linker takes a function of the kernel from one only. */
#include <interdict/round.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct bpf_map { __u32 id; };	/* libbpf compares what this points to with the kernel's */

extern int bpf_task_work_schedule_signal(struct task_struct *task, struct bpf_task_work *work, void *map,
					 int (*callback)(struct bpf_map *map, void *key, void *value)) __ksym __weak;

static int nothing_to_do(struct bpf_map *map, void *key, void *value)
{
	return 0;
}

/* The work is handed on by an interrupt that the processor takes at once; where it has not, the task must not be sent round. */
__noinline int send_by_work(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 id = bpf_get_current_pid_tgid();
	struct callback_head *before;
	struct waiter *waiter;

	if (!has_task_work())
		return 0;
	waiter = bpf_map_lookup_elem(&waiters, &id);
	if (!waiter)
		return 0;
	before = READ(task->task_works);
	return !bpf_task_work_schedule_signal(task, &waiter->work, &waiters, nothing_to_do) && READ(task->task_works) != before;
}
