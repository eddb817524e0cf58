/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A miss: who asks, who waits, and how.
 *
 * Stage 1 polls the verdicts in the hook. Stage 2 makes a signal pending that vanishes at once and returns -ERESTARTNOINTR: on its way
 * to user mode the task finds no signal left, its call is issued again, and the hook is back at stage 1. Stage 3 gives up. */
#ifndef INTERDICT_HOLD_BPF_H
#define INTERDICT_HOLD_BPF_H

#include <interdict/answer.bpf.h>

enum outcome {
	SETTLED,	/* by what the verdict says; what is still undecided passes */
	FALL_BACK,
	REFUSE_MISS,
	RESTART,
};

/* Polls at the most. One look takes 100 ns, so that time and not this ends the wait. */
#define POLLS (1 << 22)
#define POLLS_BETWEEN_CLOCKS 16

/* Whether the task would run a handler of its own for our SIGCONT. */
static __always_inline bool handles_sigcont(struct task_struct *task)
{
	return (__u64)BPF_CORE_READ(task, sighand, action[SIGCONT - 1].sa.sa_handler) > SIG_IGN;
}

SUBPROGRAM bool can_restart(enum hook hook, enum way way)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call call = current_call(task);

	if (task->flags & (PF_KTHREAD | PF_IO_WORKER | PF_EXITING | PF_DUMPCORE | PF_SIGNALED))
		return false;
	if (task->tgid == 1 || task->ptrace || BPF_CORE_READ(task, signal, flags) & SIGNAL_UNKILLABLE)
		return false;
	if (!can_be_issued_again(way, &call))
		return false;
	if (!handles_sigcont(task))
		return true;
	COUNT(hook, sigcont_handler);
	return false;
}

/* Somebody may wait for SIGCONT with sigwait or a signalfd, and would get ours: stage 2 only after all patience. */
static __always_inline bool blocks_sigcont(struct task_struct *task)
{
	return BPF_CORE_READ(task, blocked.sig[0]) & SIGNAL_BIT(SIGCONT);
}

/* How long stage 1 lasts. Under a lock nobody stays long, but for those who have nothing else: a wrong answer is
 * worse than neighbours that wait for the lock until the deadline at most. */
static __always_inline __u64 stay_ns(const struct posture *posture, enum way way, bool restartable)
{
	if (!restartable || (!under_lock(way) && blocks_sigcont(bpf_get_current_task_btf())))
		return posture->patience_ns;
	return posture->poll_ns;
}

/* A real stop is on its way (Ctrl-Z): our SIGCONT would cancel it. */
static __always_inline bool stop_pending(struct task_struct *task, bool *ours)
{
	__u64 stops = STOP_SIGNALS & ~BPF_CORE_READ(task, blocked.sig[0]);
	bool mine = task->jobctl & JOBCTL_STOP_PENDING || BPF_CORE_READ(task, pending.signal.sig[0]) & stops;
	bool shared = BPF_CORE_READ(task, signal, shared_pending.signal.sig[0]) & stops;

	*ours = mine || (shared && BPF_CORE_READ(task, signal, nr_threads) == 1);
	return mine || shared;
}

/* Makes sure that the task looks for signals before it is back in user mode, and finds none. A real SIGSTOP that has come since we looked
 * would be cancelled too: then ours is left, and both are one stop. */
static __always_inline bool signal_that_vanishes(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (bpf_send_signal_thread(SIGSTOP))
		return false;
	if (BPF_CORE_READ(task, signal, shared_pending.signal.sig[0]) & 1ull << (SIGSTOP - 1))
		return true;
	return !bpf_send_signal_thread(SIGCONT);
}

struct poll {
	struct run *run;
	const struct posture *posture;
	__u64 until_ns;
	bool answered;
};

static __always_inline bool decided(const struct poll *poll)
{
	return !any_of(poll->run->undecided, poll->run->enforce, poll->posture->hold);
}

static long look_again(__u32 step, struct poll *poll)
{
	consult(poll->run);
	poll->answered = decided(poll);
	return poll->answered || (step % POLLS_BETWEEN_CLOCKS == 0 && bpf_ktime_get_boot_ns() > poll->until_ns);
}

/* Stage 1. */
SUBPROGRAM bool wait_here(struct run *run, const struct posture *posture, __u64 ns)
{
	struct poll poll = {.run = run, .posture = posture, .until_ns = bpf_ktime_get_boot_ns() + ns};

	bpf_loop(POLLS, look_again, &poll, 0);
	return poll.answered;
}

/* Stage 2: true if the hook is to return -ERESTARTNOINTR. While a stop waits for another thread of the process to take it, we wait too. */
static __always_inline bool restart(struct run *run, const struct posture *posture)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool ours;

	if (!stop_pending(task, &ours))
		return signal_that_vanishes();
	if (ours)
		return true;
	wait_here(run, posture, posture->poll_ns);
	return (stop_pending(task, &ours) && ours) || signal_that_vanishes();
}

/* What the current task waits for, if it waits for this key; one that has not come back for a whole deadline has given up by itself. */
static __always_inline struct waiter *waiter_of(__u64 id, __u64 digest, __u64 now, const struct posture *posture)
{
	struct waiter *waiter = bpf_map_lookup_elem(&waiters, &id);

	return waiter && waiter->digest == digest && now - waiter->last_ns <= posture->deadline_ns ? waiter : NULL;
}

static __always_inline bool complete_run(struct run *run)
{
	struct engine_state *state = engine();

	return state && complete(run, state->hash_key);
}

static __always_inline bool ask_about(struct run *run, enum hook hook, __u8 flags)
{
	complete_run(run);
	return ask(run, &decide, hook, flags);
}

static __always_inline enum outcome end_wait(__u64 id, enum outcome outcome)
{
	bpf_map_delete_elem(&waiters, &id);
	return outcome;
}

/* One visit of a waiting task. */
static __always_inline enum outcome wait(struct run *run, const struct posture *posture, enum hook hook, enum way way)
{
	__u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_boot_ns();
	struct waiter *waiter = waiter_of(id, run->digest, now, posture);
	struct waiter state = {.digest = run->digest, .since_ns = now};
	bool restartable = can_restart(hook, way);

	if (waiter)
		state = *waiter;
	if (!state.asked)
		state.asked = ask_about(run, hook, RECORD_HELD);
	if (!restartable && !state.asked)
		return end_wait(id, FALL_BACK);
	if (!restartable)
		COUNT(hook, patient);
	if (wait_here(run, posture, stay_ns(posture, way, restartable))) {
		COUNT(hook, waited);
		return end_wait(id, SETTLED);
	}
	state.last_ns = bpf_ktime_get_boot_ns();
	state.tries++;
	if (!restartable || state.last_ns - state.since_ns > posture->deadline_ns) {
		COUNT(hook, gave_up);
		return end_wait(id, FALL_BACK);
	}
	if (bpf_map_update_elem(&waiters, &id, &state, BPF_ANY)) {
		COUNT(hook, no_waiter);
		return FALL_BACK;
	}
	if (!restart(run, posture))
		return end_wait(id, FALL_BACK);
	COUNT(hook, restarted);
	return RESTART;
}

#endif
