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

/* The two ways, for the current task, which is in waiters; 0 if it was not made to look for signals. In src/round.bpf.c: the verifier goes
 * through a global function once, from wherever it is called. */
int send_by_work(void);
int send_by_signal(void);

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

/* Stage 2, of a task that is in waiters: true if the hook is to return -ERESTARTNOINTR. */
static __always_inline bool go_round(enum round round, enum hook hook)
{
	if (!(has_task_work() ? send_by_work() : send_by_signal()))
		return false;
	if (round == NOTICED)
		COUNT(hook, sigcont_seen);
	COUNT(hook, restarted);
	return true;
}

#endif
