/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A miss: who asks, who waits, and how.
 *
 * Stage 1 polls the verdicts in the hook. Stage 2 sends the task round: the hook returns -ERESTARTNOINTR and makes the task look for signals
 * on its way to user mode; it finds none, its call is issued again, and the hook is back at stage 1. Stage 3 gives up, because the engine is
 * silent: as long as it works, nobody who can wait is answered without it, however many they are. */
#ifndef INTERDICT_HOLD_BPF_H
#define INTERDICT_HOLD_BPF_H

#include <interdict/round.bpf.h>

enum outcome {
	SETTLED,	/* by what the verdict says; what is still undecided passes */
	FALL_BACK,
	REFUSE_MISS,
	RESTART,
};

/* Polls at the most. One look takes 100 ns, so that time and not this ends the wait. */
#define POLLS (1 << 23)
#define POLLS_BETWEEN_CLOCKS 16
#define POLLS_BETWEEN_ASKS 1024

struct poll {
	struct run *run;
	__u64 since_ns;		/* the task has waited since then, in this hook and before */
	__u64 start_ns;		/* in this hook */
	__u64 until_ns;
	enum hook hook;
	__u32 leave_after_ns;	/* of silence, where too many wait; 0: does not matter */
	bool answered;
	bool crowded;		/* has left, and is not counted as patient any more */
};

/* Whether the engine has taken the question, if there is one, out of the ring: then its answer is there, or none will come. */
static __always_inline bool is_through(const struct run *run)
{
	return !run->asked_until || bpf_ringbuf_query(&decide, BPF_RB_CONS_POS) >= run->asked_until;
}

/* Without room in the ring it stays without a question until the next time. */
static __always_inline void ask_again(struct run *run, enum hook hook)
{
	if (run->asks >= ASKS_MAX || !ask(run, &decide, hook, RECORD_HELD))
		return;
	run->asks++;
	run->asked_until = bpf_ringbuf_query(&decide, BPF_RB_PROD_POS);
}

/* Too many wait in hooks, and the engine has no processor: one of them leaves. */
static __always_inline bool leaves(const struct poll *poll)
{
	struct engine_state *state = engine();
	__u32 patient;

	if (!state || !poll->leave_after_ns)
		return false;
	patient = READ(state->patient);
	return patient >= READ(state->processors) && silence(poll->start_ns) > poll->leave_after_ns &&
	       __sync_val_compare_and_swap(&state->patient, patient, patient - 1) == patient;
}

static __always_inline bool is_over(struct poll *poll)
{
	poll->crowded = leaves(poll);
	return poll->crowded || bpf_ktime_get_ns() > poll->until_ns || silence(poll->since_ns) > (__s64)poll->run->deadline_ns;
}

static long look_again(__u32 step, struct poll *poll)
{
	struct run *run = poll->run;
	bool through = step % POLLS_BETWEEN_ASKS == 0 && is_through(run);	/* before the look: what was left by then is seen */

	consult(run);
	poll->answered = !expected(run, run->hold);
	if (poll->answered)
		return 1;
	if (through)
		ask_again(run, poll->hook);
	return step % POLLS_BETWEEN_CLOCKS == 0 && is_over(poll);
}

static __always_inline void count_patient(int change)
{
	struct engine_state *state = engine();

	if (state)
		__sync_fetch_and_add(&state->patient, change);
}

/* Stage 1. Who can go round without being noticed does not stay; under the lock of a directory that would keep others, too. */
SUBPROGRAM bool wait_here(struct poll *poll, enum round round)
{
	bool patient = round == STAYS || round == NOTICED;

	poll->start_ns = bpf_ktime_get_ns();
	poll->until_ns = poll->start_ns + (patient ? poll->run->patience_ns : poll->run->poll_ns);
	if (patient) {
		poll->leave_after_ns = round == NOTICED ? STALL_NS : poll->run->deadline_ns / 4;
		COUNT(poll->hook, patient);
		count_patient(1);
	}
	bpf_loop(POLLS, look_again, poll, 0);
	if (patient && !poll->crowded)
		count_patient(-1);
	return poll->answered;
}

/* What the current task waits for, if it waits for this key. What a killed thread has left behind means nothing to the next one of its
 * number. */
static __always_inline struct waiter *waiter_of(__u64 id, const struct run *run)
{
	struct waiter *waiter = bpf_map_lookup_elem(&waiters, &id);

	return waiter && waiter->digest == run->digest && bpf_ktime_get_ns() - waiter->last_ns <= run->stale_ns ? waiter : NULL;
}

/* The same; begins to wait if it does not. NULL if there is no room. */
static __always_inline struct waiter *begin_wait(__u64 id, const struct run *run)
{
	struct waiter *waiter = waiter_of(id, run);
	struct waiter fresh = {.digest = run->digest, .since_ns = bpf_ktime_get_ns()};

	if (waiter)
		return waiter;
	fresh.last_ns = fresh.since_ns;
	bpf_map_update_elem(&waiters, &id, &fresh, BPF_ANY);
	return bpf_map_lookup_elem(&waiters, &id);
}

static __always_inline enum outcome end_wait(__u64 id, enum outcome outcome)
{
	bpf_map_delete_elem(&waiters, &id);
	return outcome;
}

/* All that it would wait for have answered, or cannot. */
static __always_inline enum outcome answered(const struct run *run, enum hook hook)
{
	if (any_of(run->undecided, run->enforce, run->refuse_miss))	/* its verdict is over since */
		return REFUSE_MISS;
	if (!any_of(run->undecided, run->wait, run->hold))
		return SETTLED;
	COUNT(hook, cannot);
	return FALL_BACK;
}

/* The engine is silent; or has had the question as often as may be, and leaves no answer. */
static __always_inline bool is_hopeless(const struct run *run, __u64 since_ns)
{
	return silence(since_ns) > (__s64)run->deadline_ns || (run->asks >= ASKS_MAX && is_through(run));
}

/* Why one who cannot leave the hook has waited there in vain. */
static __always_inline void count_in_vain(const struct poll *poll)
{
	if (poll->crowded)
		COUNT(poll->hook, crowded);
	else
		COUNT(poll->hook, gave_up);
}

/* One visit of a waiting task, whose run is complete. */
static __always_inline enum outcome wait(struct run *run, enum hook hook, enum way way)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct waiter *waiter = begin_wait(id, run);
	enum round round = round_of(way);
	struct poll poll = {.run = run, .hook = hook};

	if (!waiter) {
		COUNT(hook, no_waiter);
		return FALL_BACK;
	}
	poll.since_ns = waiter->since_ns;
	run->asked_until = waiter->asked_until;
	run->asks = waiter->asks;
	if (wait_here(&poll, round)) {
		COUNT(hook, waited);
		return end_wait(id, answered(run, hook));
	}
	if (round == STAYS || is_hopeless(run, poll.since_ns)) {
		count_in_vain(&poll);
		return end_wait(id, FALL_BACK);
	}
	waiter = begin_wait(id, run);	/* anew: the map may have given the memory to another meanwhile */
	if (!waiter) {
		COUNT(hook, no_waiter);
		return FALL_BACK;
	}
	waiter->since_ns = poll.since_ns;
	waiter->asked_until = run->asked_until;
	waiter->asks = run->asks;
	waiter->last_ns = bpf_ktime_get_ns();
	if (!go_round(round, hook)) {
		COUNT(hook, gave_up);
		return end_wait(id, FALL_BACK);
	}
	return RESTART;
}

#endif
