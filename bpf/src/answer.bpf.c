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
