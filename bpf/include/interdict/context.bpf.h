/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The state of the task that acts, and the word of the key that stands for it. Gathered only where a policy reads some of it, or for a record. */
#ifndef INTERDICT_CONTEXT_BPF_H
#define INTERDICT_CONTEXT_BPF_H

#include <interdict/scope.bpf.h>

/* Those that struct nsproxy has. */
#define OF_PROXY (NAMESPACE_MNT | NAMESPACE_NET | NAMESPACE_UTS | NAMESPACE_IPC | NAMESPACE_CGROUP | NAMESPACE_TIME)

/* A pointer, as a number; on its own, because a stack on which each of them has a place is too large. */
SUBPROGRAM __u64 pointer_at(const void *place)
{
	__u64 pointer = 0;

	bpf_probe_read_kernel(&pointer, sizeof(pointer), place);
	return pointer;
}

/* One after the other: the compiler would first read all of them, and keep them on the stack. */
#define ADD_IF_OTHER(kinds, own, host, field, kind) \
	do { \
		if ((__u64)(own)->field != pointer_at(&(host)->field)) \
			kinds |= kind; \
		barrier_var(kinds); \
	} while (0)

/* Which are not the host's: not those of PID 1; of processes and users, which have levels, not the initial one. The number of a namespace would not
 * do, since another one gets it when it is gone; what PID 1 points to is nobody else's. */
static __always_inline __u8 other_namespaces(struct task_struct *task)
{
	struct pid_namespace *initial = (void *)pointer_at(&task->thread_pid->numbers[0].ns);
	struct task_struct *init = (void *)pointer_at(&initial->child_reaper);
	struct nsproxy *own = task->nsproxy, *host = (void *)pointer_at(&init->nsproxy);
	__u32 kinds = 0;

	if (task->thread_pid->level)
		kinds |= NAMESPACE_PID;
	if (task->real_cred->user_ns->level)
		kinds |= NAMESPACE_USER;
	if ((__u64)own == (__u64)host)
		return kinds;	/* as of nearly all */
	if (!own)
		return kinds | OF_PROXY;	/* it is about to end */
	ADD_IF_OTHER(kinds, own, host, mnt_ns, NAMESPACE_MNT);
	ADD_IF_OTHER(kinds, own, host, net_ns, NAMESPACE_NET);
	ADD_IF_OTHER(kinds, own, host, uts_ns, NAMESPACE_UTS);
	ADD_IF_OTHER(kinds, own, host, ipc_ns, NAMESPACE_IPC);
	ADD_IF_OTHER(kinds, own, host, cgroup_ns, NAMESPACE_CGROUP);
	ADD_IF_OTHER(kinds, own, host, time_ns, NAMESPACE_TIME);
	return kinds;
}

/* All that it can have by itself, now or over an execve: what is laid down for the moment counts, else a rule would be passed by that. The effective
 * ones are always among the permitted. To root an execve gives back what his bounding set has, as much as he has laid down; and root is whoever
 * can have his number back by himself. */
static __always_inline __u64 capabilities_of(const struct cred *cred, bool no_new_privs)
{
	__u64 all = pointer_at(&cred->cap_permitted);

	if ((cred->uid.val && cred->euid.val && cred->suid.val) || no_new_privs || cred->securebits & SECBIT_NOROOT)
		return all;
	return all | pointer_at(&cred->cap_bset) | pointer_at(&cred->cap_inheritable);
}

/* By the task's own credentials, as everything of who acts. */
SUBPROGRAM void read_context(struct context *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool no_new_privs = task->atomic_flags & PFA_NO_NEW_PRIVS;

	context->capabilities = capabilities_of(task->real_cred, no_new_privs);
	context->session_uid = ~0U;
	if (bpf_core_field_exists(task->loginuid))
		context->session_uid = task->loginuid.val;
	context->namespaces = other_namespaces(task);
	context->no_new_privs = no_new_privs;
	context->seccomp = 0;
	if (bpf_core_field_exists(task->seccomp.mode))
		context->seccomp = task->seccomp.mode;
	context->tty = !!pointer_at(&task->signal->tty);	/* of a number: some kernels take it that what a task points to is there */
}

/* What of it the policies of the hook read, as one word. */
static __always_inline __u64 fold(const struct context *context, __u32 mask_set, __u32 hook, const struct engine_state *state)
{
	__u32 index = (mask_set & 1) * HOOKS + (hook & (HOOKS - 1));
	const struct context *mask = bpf_map_lookup_elem(&context_masks, &index);

	return mask ? context_digest(context, mask, state->context_key) : 0;	/* it is an array of so many */
}

/* The same of the current task, without working memory. */
SUBPROGRAM __u64 current_context(__u32 mask_set, __u32 hook, const struct engine_state *state)
{
	struct context context = {};

	read_context(&context);
	return fold(&context, mask_set, hook, state);
}

/* Once a run: what the record says is what the key was made of, whatever other threads change meanwhile. */
static __always_inline void fill_context(struct run *run)
{
	if (run->context_read)
		return;
	run->context_read = 1;
	read_context(&run->record.context);
}

#endif
