/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What is run: each file of an execve, and executable mappings. */
#include <interdict/decide.bpf.h>
#include <interdict/known.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline int run_file(struct file *file, enum hook hook, __u32 access, enum way way)
{
	return passes(hook, access, file) ? 0 : ask_about(file, hook, access, way);
}

/* Comes once for the script and once for each interpreter in turn; bprm->file is the one in question. */
SEC("lsm/bprm_check_security")
int BPF_PROG(lsm_exec, struct linux_binprm *bprm, int before)
{
	if (before || uncovered(HOOK_EXEC))
		return before;
	return clamp(run_file(bprm->file, HOOK_EXEC, ACCESS_EXEC, WAY_EXEC));
}

/* The program that an execve maps has been judged by bprm_check_security, with the caller as the subject; here it would be its own. The
 * loader that it names has not. */
static __always_inline bool maps_itself(struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call call = current_call(task);

	return task->mm && task->mm->exe_file == file && is_exec(call.number, call.compat);
}

/* Asked twice whether there is a file: of the number, which no kernel drops, and of the pointer, without which the newest let nobody load from it. */
SEC("lsm/mmap_file")
int BPF_PROG(lsm_mmap_file, struct file *file, unsigned long asked, unsigned long protection, unsigned long flags, int before)
{
	if (before || !(protection & PROT_EXEC) || !argument(ctx, 0) || !file || uncovered(HOOK_MMAP_EXEC) || maps_itself(file))
		return before;
	return clamp(run_file(file, HOOK_MMAP_EXEC, ACCESS_MAP, WAY_MMAP));
}

/* For each mapping in the range of an mprotect, with the rights that it gets: what an earlier mmap without PROT_EXEC did not ask. */
SEC("lsm/file_mprotect")
int BPF_PROG(lsm_file_mprotect, struct vm_area_struct *area, unsigned long asked, unsigned long protection, int before)
{
	struct file *file;

	if (before || !(protection & PROT_EXEC) || uncovered(HOOK_MMAP_EXEC))
		return before;
	file = area->vm_file;
	if (!file)
		return before;
	return clamp(run_file(file, HOOK_MMAP_EXEC, ACCESS_MAP, WAY_PROTECT));
}
