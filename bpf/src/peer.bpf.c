/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What one process does to another: looks into it, takes it over, sends it a signal. */
#include <interdict/decide.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

_Static_assert(__builtin_offsetof(struct peer, inode) == __builtin_offsetof(struct file_identity, inode) &&
	       __builtin_offsetof(struct peer, path) == __builtin_offsetof(struct file_identity, path) &&
	       __builtin_offsetof(struct peer, device) == __builtin_offsetof(struct file_identity, device), "name_object() names the program");

static __always_inline void cannot_be_told(struct run *run)
{
	run->at.dentry = 0;
	run->record.facts.peer.inode = 0;
	run->record.facts.peer.device = 0;
	run->record.facts.flags |= OBJECT_PATH_UNKNOWN;
}

/* Of a task that may exec or end meanwhile: its memory, and the program of that, are what was read if they are the same still. A program that no execve has opened is what
 * somebody says (PR_SET_MM_MAP). Without memory is who ends, and his descriptors can be taken until he has ended; a signal does nothing to him any more, unless he is the first
 * thread of a process in which others go on. */
static __always_inline void fill_peer_program(struct run *run, struct task_struct *peer)
{
	struct verdict_key *facts = &run->record.facts;
	struct mm_struct *mm = READ(peer->mm);
	struct file *file = mm ? READ(mm->exe_file) : NULL;
	bool opened;

	if (peer->flags & PF_KTHREAD)	/* whosever memory it uses just now */
		return;
	if (!file) {
		if (mm || BPF_CORE_READ(peer, signal, live.counter) || (!facts->peer.signal && !READ(peer->exit_state)))
			cannot_be_told(run);
		return;
	}
	facts->peer.inode = file->f_inode->i_ino;
	facts->peer.device = file->f_inode->i_sb->s_dev;
	run->at = place_of(file->f_path);
	opened = file->f_flags & FLAG_EXEC;
	COMPILER_BARRIER();
	LOAD_BARRIER(run->undecided[0]);
	if (READ(peer->mm) != mm || READ(mm->exe_file) != file || !opened)
		cannot_be_told(run);
}

static __always_inline void fill_peer(struct run *run, struct task_struct *peer, __u32 signal)
{
	run->record.facts.peer.uid = BPF_CORE_READ(peer, real_cred, uid.val);
	run->record.facts.peer.cgroup = BPF_CORE_READ(peer, cgroups, dfl_cgrp, kn, id);
	run->record.facts.peer.signal = signal;
	run->foreign = arranges_names(peer);
	fill_peer_program(run, peer);
}

static __always_inline bool is_init(void)
{
	return bpf_get_current_task_btf()->tgid == 1;
}

/* Of the host's first process, which nobody attacks as. What it is refused for want of an answer it takes for done: a service that was not told to end is killed, or left behind. */
static __always_inline void spare_init(struct run *run)
{
	for (int i = 0; i < SLOT_WORDS; i++) {
		run->hold[i] |= run->refuse_miss[i];
		run->refuse_miss[i] = 0;
		run->fallback_deny[i] = 0;
	}
}

/* The caller holds locks that others spin for: nobody stays in the hook for a moment, nor walks far. Who can go round does so until the answer is there, also if he sees a SIGCONT
 * for it; to the others onMiss: hold is the fallback, at once. */
static __always_inline void never_stay(struct run *run, enum way way)
{
	run->poll_ns = 0;
	run->patience_ns = 0;
	run->at_once = round_of(way) == STAYS;
	run->object.tries = run->exe.tries = SPINNING_TRIES;
	run->object.depth = run->exe.depth = SPINNING_DEPTH;
	if (is_init())
		spare_init(run);
}

SUBPROGRAM int meet(struct task_struct *peer, enum hook hook, __u32 access, enum way way, __u32 signal)
{
	struct slot_mask covered;
	struct posture *posture = cover(hook, &covered);
	struct run *run;
	int result;

	if (!posture)
		return 0;
	run = claim_within(SPINNING_CLAIM_TRIES);
	if (!run && is_init()) {
		COUNT(hook, no_memory);
		return 0;
	}
	if (!run)
		return no_memory(&covered, posture, hook, way);
	begin(run, posture, &covered, hook, access);
	fill_peer(run, peer, signal);
	never_stay(run, way);
	result = answer(run, hook, way);
	release(run);
	return result;
}

/* With the lock of the other task, which keeps its memory. Nobody who looks at himself comes here. */
SEC("lsm/ptrace_access_check")
int BPF_PROG(lsm_ptrace_access_check, struct task_struct *child, unsigned int mode, int before)
{
	if (before || mode & PTRACE_MODE_NOAUDIT || uncovered(HOOK_PTRACE))
		return before;
	return clamp(meet(child, HOOK_PTRACE, mode & PTRACE_MODE_ATTACH ? ACCESS_ATTACH : ACCESS_READ, WAY_TRACE, 0));
}

/* With the lock of all tasks, and interrupts off: a signal to go round by would come later. */
SEC("lsm/ptrace_traceme")
int BPF_PROG(lsm_ptrace_traceme, struct task_struct *parent, int before)
{
	if (before || uncovered(HOOK_PTRACE))
		return before;
	return clamp(meet(parent, HOOK_PTRACE, ACCESS_TRACEME, WAY_NONE, 0));
}

static __always_inline enum way way_of_signal(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call call = current_call(task);

	return sends_to_many(task, &call) ? WAY_NONE : WAY_SIGNAL;
}

/* Not for what the kernel sends. Signal 0 only asks whether there is somebody; credentials are there where it is sent for somebody who may be gone, from an interrupt. Who ends sends
 * nothing by himself: his children have asked for it (PR_SET_PDEATHSIG), and would wait for it in vain. */
SEC("lsm/task_kill")
int BPF_PROG(lsm_task_kill, struct task_struct *peer, void *info, int signal, const struct cred *never_asked, int before)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (before || !signal || task->flags & PF_EXITING || peer->tgid == task->tgid || argument(ctx, 3) || uncovered(HOOK_SIGNAL))
		return before;
	return clamp(meet(peer, HOOK_SIGNAL, ACCESS_SEND, way_of_signal(), signal));
}
