/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Sending round, with what the hooks' programs do not contain: work that a task does before it is back in user mode (in one file only, since the linker takes
 * a function of the kernel from one), and a look at the signals that others send meanwhile. */
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

/* By whom the signals of sending round are sent: by the task to itself, and nobody else does that in this way. */
static __always_inline bool is_ours(__u64 info, const struct task_struct *task, bool group)
{
	return info == SEND_SIG_PRIV && !group && task == bpf_get_current_task_btf();
}

/* Under the lock of the process's signals, so each is seen in the order in which it counts. Not attached where tasks get work. */
SEC("tp_btf/signal_generate")
int BPF_PROG(tp_signal_generate, int signal, void *info, struct task_struct *task, int group)
{
	struct real_signals *real;

	if (signal < SIGCONT || signal > SIGTTOU || is_ours((__u64)info, task, group))
		return 0;
	real = bpf_task_storage_get(&real_signals, task->group_leader, 0, 0);
	if (!real)
		return 0;
	if (signal == SIGCONT)
		real->continued_ns = bpf_ktime_get_ns();
	else
		real->stopped_ns[(signal - SIGSTOP) & (STOPS - 1)] = bpf_ktime_get_ns();
	return 0;
}
