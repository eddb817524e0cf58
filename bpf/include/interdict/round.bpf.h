/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Sending a task round: making it look for signals before it is back in user mode, and find none, so that its call is issued again.
 *
 * From Linux 7.0 on by work that it does on that way, which nobody sees. Before by a signal that vanishes: one that stops, and at once SIGCONT,
 * which takes it back. */
#ifndef INTERDICT_ROUND_BPF_H
#define INTERDICT_ROUND_BPF_H

#include <interdict/answer.bpf.h>

enum round {
	STAYS,		/* it cannot leave the hook */
	BY_WORK,
	BY_SIGNAL,
	NOTICED,	/* by a SIGCONT that it or its tracer sees: better than a wrong answer, but only when patience has not helped */
};

/* Gives the current task, which is in waiters, work to do before it is back in user mode (src/round.bpf.c); 0 if that cannot be. */
int send_by_work(void);

static __always_inline bool has_task_work(void)
{
	return bpf_core_enum_value_exists(enum special_kfunc_type, KF_bpf_task_work_schedule_signal);
}

/* A program with a handler would run it; one that blocks SIGCONT may wait for it with sigwait or a signalfd; a tracer is told of all signals. */
static __always_inline bool notices_sigcont(struct task_struct *task)
{
	return task->ptrace || BPF_CORE_READ(task, blocked.sig[0]) & SIGNAL_BIT(SIGCONT) ||
	       (__u64)BPF_CORE_READ(task, sighand, action[SIGCONT - 1].sa.sa_handler) > SIG_IGN;
}

SUBPROGRAM enum round round_of(enum way way)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call call = current_call(task);

	if (task->flags & (PF_KTHREAD | PF_IO_WORKER | PF_EXITING | PF_DUMPCORE | PF_SIGNALED) || !can_be_issued_again(way, &call))
		return STAYS;
	if (has_task_work())
		return BY_WORK;
	if (task->tgid == 1)
		return STAYS;	/* nothing stops it, so nothing can be taken back */
	return notices_sigcont(task) ? NOTICED : BY_SIGNAL;
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
static __always_inline __u64 stops_since(__u64 since_ns, const struct real_signals *real)
{
	__u64 found = 0;

	for (int i = 0; i < STOPS; i++) {
		__u64 stopped_ns = READ(real->stopped_ns[i]);

		if (stopped_ns >= since_ns && stopped_ns > READ(real->continued_ns))
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
static __always_inline void correct(struct stops *stops, __u64 look_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct real_signals *real = bpf_task_storage_get(&real_signals, task->group_leader, 0, 0);
	bool continued = real && READ(real->continued_ns) >= look_ns;

	if (continued)
		stops->mine = stops->shared = 0;
	else if (!stops->undone && BPF_CORE_READ(task, signal, flags) & SIGNAL_CLD_MASK)
		stops->shared |= SIGNAL_BIT(SIGSTOP);	/* it had begun meanwhile */
	if (real)
		stops->shared |= stops_since(look_ns, real);	/* they came between the look and SIGCONT */
}

/* False if the task was not made to look for signals. */
SUBPROGRAM bool by_signal(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	int ours = stop_to_take_back(task);
	__u64 look_ns = bpf_ktime_get_ns();
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
	correct(&stops, look_ns);
	if (stops.mine | stops.shared)
		send_again(&stops);
	return true;
}

/* Stage 2, of a task that is in waiters: true if the hook is to return -ERESTARTNOINTR. */
static __always_inline bool go_round(enum round round, enum hook hook)
{
	if (!(has_task_work() ? send_by_work() : by_signal()))
		return false;
	if (round == NOTICED)
		COUNT(hook, sigcont_seen);
	COUNT(hook, restarted);
	return true;
}

#endif
