/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The look-up of a task's verdict. A global function, since the verifier goes through one of these once, from wherever it is called: this one
 * in line was more than half of the time that loading a hook's program took. */
#include <interdict/answer.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The verifier believes of a pointer from elsewhere only what is asked; nothing known, nothing passes. */
__noinline int consult(struct run *run)
{
	return !run || consult_table(run, &verdicts);
}

/* The labels that the slots which cover the task set, and it does not have. */
static __always_inline __u64 new_labels(struct run *run)
{
	run->walk.labels = 0;
	each_slot(run, run->label, LABEL);
	return run->labels & run->walk.labels & ~current_labels();
}

/* At exec those of an attempt that nobody denies count for the program that is to run, and not before it does; all others at once: whoever was refused goes on as what he
 * is. In audit that is the same, so that what would be refused afterwards is what is. */
__noinline int set_labels(struct run *run, __u32 hook, int answer)
{
	__u64 labels;

	if (!run || !any(run->label))
		return answer;
	labels = new_labels(run);
	if (!labels)
		return answer;
	if (hook == HOOK_EXEC && !answer && !any(run->deny) ? add_pending(labels) : add_labels(labels)) {
		COUNT(hook, labelled);
		return answer;
	}
	COUNT(hook, unlabelled);
	if (!any_of(run->label, run->enforce, run->enforce))
		return answer;
	if (!answer) {	/* without a record, as where nothing can be looked up */
		COUNT(hook, lost_observe);
		COUNT(hook, denied);
	}
	return -EPERM;
}

__noinline int would_label(struct run *run)
{
	return run && any(run->label) && new_labels(run);
}
