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

/* Stop signals that wait for a task, those that it blocks, too. */
struct stops {
	__u64 mine, shared;	/* by bit: sent to the thread, to the process */
	bool begun;		/* the process has begun to stop */
	bool undone;		/* and was told to go on before it had */
};

static __always_inline struct stops stops_of(struct task_struct *task)
{
	const struct signal_struct *signal = task->signal;
	struct stops stops = {
		.begun = READ(task->jobctl) & JOBCTL_STOP_PENDING,
		.undone = READ(signal->flags) & SIGNAL_CLD_MASK,
	};

	stops.mine = READ(task->pending.signal.sig[0]) & STOP_SIGNALS;
	stops.shared = READ(signal->shared_pending.signal.sig[0]) & STOP_SIGNALS;
	return stops;
}

/* It looks for signals anyway, and stops. */
static __always_inline bool stops_by_itself(struct task_struct *task, const struct stops *stops)
{
	bool alone = BPF_CORE_READ(task, signal, nr_threads) == 1;

	return stops->begun || (stops->mine | (alone ? stops->shared : 0)) & ~BPF_CORE_READ(task, blocked.sig[0]);
}

static __always_inline bool stops_at(struct task_struct *task, int signal)
{
	return !BPF_CORE_READ(task, sighand, action[signal - 1].sa.sa_handler) && !(BPF_CORE_READ(task, blocked.sig[0]) & SIGNAL_BIT(signal));
}

/* A signal that would stop the task, and that others are unlikely to send: theirs could not be told from ours. The init of a pid namespace
 * can only be stopped by SIGSTOP. */
static __always_inline int stop_to_take_back(struct task_struct *task)
{
	if (BPF_CORE_READ(task, signal, flags) & SIGNAL_UNKILLABLE)
		return SIGSTOP;
	return stops_at(task, SIGTTOU) ? SIGTTOU : stops_at(task, SIGTTIN) ? SIGTTIN : SIGSTOP;
}

/* Those that others have sent to the process since, and that no SIGCONT of theirs has taken back. */
static __always_inline __u64 stops_since(__u64 since_ns, const struct real_signals *real, __u64 continued_ns)
{
	__u64 found = 0;

	for (int i = 0; i < STOPS; i++) {
		__u64 stopped_ns = READ(real->stopped_ns[i]);

		if (stopped_ns >= since_ns && stopped_ns > continued_ns)
			found |= SIGNAL_BIT(SIGSTOP + i);
	}
	return found;
}

/* SIGCONT has taken real stops back, too: they are sent again. */
SUBPROGRAM void send_again(struct stops *stops)
{
#pragma unroll
	for (int signal = SIGSTOP; signal <= SIGTTOU; signal++) {
		if (stops->mine & SIGNAL_BIT(signal))
			bpf_send_signal_thread(signal);
		if (stops->shared & SIGNAL_BIT(signal))
			bpf_send_signal(signal);
	}
}

/* A real SIGCONT since the look has taken back all that was there at it. */
static __always_inline void correct(struct stops *stops, __u64 look_ns, const struct real_signals *real, __u64 continued_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (continued_ns >= look_ns)
		stops->mine = stops->shared = 0;
	else if (!stops->undone && BPF_CORE_READ(task, signal, flags) & SIGNAL_CLD_MASK)
		stops->shared |= SIGNAL_BIT(SIGSTOP);	/* it had begun meanwhile */
	if (real)
		stops->shared |= stops_since(look_ns, real, continued_ns);	/* they came between the look and SIGCONT */
}

__noinline int send_by_signal(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	int ours = stop_to_take_back(task);
	__u64 look_ns = bpf_ktime_get_ns(), continued_ns;
	const struct real_signals *real;
	struct stops stops;

	bpf_task_storage_get(&real_signals, task->group_leader, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	stops = stops_of(task);
	if (stops_by_itself(task, &stops))
		return true;
	if (bpf_send_signal_thread(ours))
		return false;
	stops = stops_of(task);
	stops.mine &= ~SIGNAL_BIT(ours);
	if (stops.begun)
		return true;	/* ours is one stop with the real one */
	if (bpf_send_signal_thread(SIGCONT))
		return false;
	real = bpf_task_storage_get(&real_signals, task->group_leader, 0, 0);
	continued_ns = real ? READ(real->continued_ns) : 0;
	correct(&stops, look_ns, real, continued_ns);
	if (!(stops.mine | stops.shared))
		return true;
	send_again(&stops);
	if (real && READ(real->continued_ns) != continued_ns)
		bpf_send_signal_thread(SIGCONT);	/* a real one came before what was sent again, and is to take that back, too */
	return true;
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
