/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Opening files, and creating them. */
#include <interdict/decide.bpf.h>
#include <interdict/known.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline __u32 access_of(const struct file *file, bool created)
{
	__u32 flags = file->f_flags, access = 0;

	if (flags & FLAG_EXEC)
		return ACCESS_EXEC;
	access |= file->f_mode & FMODE_READ ? ACCESS_READ : 0;
	access |= file->f_mode & FMODE_WRITE ? ACCESS_WRITE : 0;
	access |= flags & FLAG_APPEND ? ACCESS_APPEND : 0;
	if (created)
		return access | ACCESS_CREATE;
	return access | (flags & FLAG_TRUNCATE ? ACCESS_TRUNCATE : 0);
}

/* What an open of the current call will want of the file that it creates, told by the numbers that it was called with. They may be wrong
 * (openat2 takes them from memory that another thread can write): then the file is created and, if need be, refused at file_open. */
static __always_inline __u32 access_of_call(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct call call = current_call(task);
	__u32 flags = 1;	/* creat: O_WRONLY */

	if (is_mknod(call.number, call.compat))
		return ACCESS_CREATE;
	if (!bpf_core_field_exists(regs->si) || task->flags & PF_IO_WORKER)
		return ACCESS_CREATE | ACCESS_WRITE;
	if (call.number == (call.compat ? I386_OPEN : X86_64_OPEN))
		flags = call.compat ? BPF_CORE_READ(regs, cx) : BPF_CORE_READ(regs, si);
	else if (call.number == (call.compat ? I386_OPENAT : X86_64_OPENAT))
		flags = BPF_CORE_READ(regs, dx);
	else if (call.number == X86_64_OPENAT2 &&	/* the same number for both */
		  bpf_probe_read_user(&flags, sizeof(flags), (void *)BPF_CORE_READ(regs, dx)))
		flags = 1;
	return ACCESS_CREATE | ((flags + 1) & 3) | (flags & FLAG_APPEND ? ACCESS_APPEND : 0);
}

/* What was noted of a call means nothing in another one, some time later. */
#define CREATION_NS 10000000000ULL

static __always_inline bool note_creation(enum creation_stage stage, __u64 digest)
{
	struct creation creation = {.digest = digest, .time_ns = bpf_ktime_get_ns(), .stage = stage};
	__u64 id = bpf_get_current_pid_tgid();

	return !bpf_map_update_elem(&creations, &id, &creation, BPF_ANY);
}

/* Once. */
static __always_inline bool was_noted(enum creation_stage stage, __u64 digest)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct creation *creation = bpf_map_lookup_elem(&creations, &id);

	if (!creation || creation->stage != stage || creation->digest != digest || bpf_ktime_get_ns() - creation->time_ns > CREATION_NS)
		return false;
	bpf_map_delete_elem(&creations, &id);
	return true;
}

/* Whether path_mknod has let this very creation pass in the same call: it is answered once. */
static __always_inline bool passed_at_creation(struct run *run)
{
	name_event(run, HOOK_FILE_OPEN);
	return was_noted(CREATION_PASSED, run->digest);
}

/* An overlay opens the file below it in the same call. If that one was made by the call, it must not be issued again for that: with O_EXCL it would find its own
 * file. */
static __always_inline bool is_below_creation(const struct file *file)
{
	return file->f_mode & FMODE_NOACCOUNT && was_noted(CREATION_MADE, 0);
}

/* What an overlay copies a file into, to be written to: a new one without a name each time, so that a call that came again would be asked about another for ever. */
static __always_inline bool is_copy(const struct file *file)
{
	return file->f_mode & FMODE_NOACCOUNT && !file->f_path.dentry->d_hash.pprev;
}

SUBPROGRAM int open_file(struct file *file)
{
	bool created = file->f_mode & FMODE_CREATED, unnamed = file->f_flags & FLAG_TMPFILE;
	enum way way = created || is_copy(file) || is_below_creation(file) ? WAY_NONE : WAY_OPEN;
	struct slot_mask covered;
	struct posture *posture = cover(HOOK_FILE_OPEN, &covered);
	struct run *run;
	int result = 0;

	if (!posture)
		return 0;
	run = claim();
	if (!run)
		return no_memory(&covered, posture, HOOK_FILE_OPEN, way);
	begin(run, posture, &covered, HOOK_FILE_OPEN, access_of(file, created || unnamed));
	fill_file(run, file);
	if (created || unnamed)
		fill_created(run, bpf_get_current_task_btf());
	if (unnamed) {	/* its name is its inode number, another one each time: say the directory */
		run->at.dentry = (__u64)load(struct dentry, run->at.dentry, d_parent);
		run->below.dentry = 0;
		run->object.slash = 1;
	}
	if (!created || !passed_at_creation(run))
		result = answer(run, HOOK_FILE_OPEN, way);
	release(run);
	if (created && !result && file->f_inode->i_sb->s_stack_depth)
		note_creation(CREATION_MADE, 0);
	return result;
}

SUBPROGRAM int receive_file(struct file *file)
{
	struct slot_mask covered;
	struct posture *posture = cover(HOOK_FILE_OPEN, &covered);
	struct run *run;
	int result;

	if (!posture)
		return 0;
	run = claim();
	if (!run)
		return no_memory(&covered, posture, HOOK_FILE_OPEN, WAY_NONE);
	begin(run, posture, &covered, HOOK_FILE_OPEN, access_of(file, false));
	fill_file(run, file);
	result = answer(run, HOOK_FILE_OPEN, WAY_NONE);
	release(run);
	return result;
}

/* Goes round for a look, once. On its own: the waiter is not to lie below the wait of create_file(). */
SUBPROGRAM bool goes_to_look(__u64 digest)
{
	if (was_noted(CREATION_LOOKS, digest))	/* a file system that does not remember what is not there */
		return false;
	return round_of(WAY_CREATE) != NOTICED && note_creation(CREATION_LOOKS, digest) && comes_again(HOOK_FILE_OPEN, WAY_CREATE);
}

/* An open with O_CREAT asks before the kernel has looked whether the file is there, and drops a refusal if it is: then nobody has been refused
 * anything, and is not to be counted or killed for it. So who would be, or would get a
 * label, or is waited for, comes again, once: by then the name is known. */
static __always_inline bool looks_first(struct run *run, struct dentry *dentry)
{
	if (BPF_CORE_READ(dentry, d_hash.pprev))
		return false;
	name_event(run, HOOK_FILE_OPEN);
	return consult(run) && (any_of(run->deny, run->enforce, run->enforce) || any_of(run->undecided, run->wait, run->wait) || would_label(run)) &&
	       goes_to_look(run->digest);
}

SUBPROGRAM int create_file(const struct path *directory, struct dentry *dentry, __u32 mode)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct slot_mask covered;
	struct posture *posture = cover(HOOK_FILE_OPEN, &covered);
	struct run *run;
	int result;

	if (!posture)
		return 0;
	run = claim();
	if (!run)
		return no_memory(&covered, posture, HOOK_FILE_OPEN, WAY_CREATE);
	begin(run, posture, &covered, HOOK_FILE_OPEN, access_of_call(task));
	run->fresh = 1;
	run->at = (struct place){(__u64)dentry, (__u64)directory->mnt};
	run->record.facts.file.device = BPF_CORE_READ(directory, dentry, d_inode, i_sb, s_dev);
	run->record.facts.file.mode = S_IFREG | (mode & ~BPF_CORE_READ(task, fs, umask) & 07777);
	fill_created(run, task);
	result = looks_first(run, dentry) ? -ERESTARTNOINTR : answer(run, HOOK_FILE_OPEN, WAY_CREATE);
	if (!result)
		note_creation(CREATION_PASSED, run->digest);
	release(run);
	return result;
}

SEC("lsm/file_open")
int BPF_PROG(lsm_file_open, struct file *file, int before)
{
	if (before || uncovered(HOOK_FILE_OPEN))
		return before;
	if (!(file->f_mode & FMODE_CREATED) && !(file->f_flags & FLAG_TMPFILE) && passes(HOOK_FILE_OPEN, access_of(file, false), file))
		return 0;
	return clamp(open_file(file));
}

/* Before a file exists, by open(O_CREAT) or mknod. An open may find afterwards that the file was there; then our answer is dropped, and
 * file_open follows. */
SEC("lsm/path_mknod")
int BPF_PROG(lsm_path_mknod, const struct path *directory, struct dentry *dentry, __u16 mode, unsigned int device, int before)
{
	__u32 type = mode & S_IFMT;

	if (before || (type && type != S_IFREG) || uncovered(HOOK_FILE_OPEN))
		return before;
	return clamp(create_file(directory, dentry, mode));
}

/* A descriptor that another process has opened: by SCM_RIGHTS, pidfd_getfd, or a seccomp supervisor. For the receiver it is an open of
 * the file with the access that the descriptor has. */
SEC("lsm/file_receive")
int BPF_PROG(lsm_file_receive, struct file *file, int before)
{
	if (before || file->f_mode & FMODE_PATH || file->f_inode->i_sb->s_flags & SB_NOUSER || uncovered(HOOK_FILE_OPEN))
		return before;
	return passes(HOOK_FILE_OPEN, access_of(file, false), file) ? 0 : clamp(receive_file(file));
}
