/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The facts of an event: who does it, and to which file. */
#ifndef INTERDICT_SUBJECT_BPF_H
#define INTERDICT_SUBJECT_BPF_H

#include <interdict/calls.bpf.h>
#include <interdict/context.bpf.h>
#include <interdict/label.bpf.h>

struct search {
	__u32 index;
	bool found;
};

static long try_claim(__u32 step, struct search *search)
{
	__u32 index = bpf_get_prandom_u32() & (SCRATCH_MAX - 1);
	struct run *run = bpf_map_lookup_elem(&scratch, &index);

	search->index = index;
	search->found = run && !READ(run->claimed) && !__sync_val_compare_and_swap(&run->claimed, 0, 1);
	return search->found;
}

SUBPROGRAM struct run *claim_any(__u32 tries)
{
	struct search search = {};

	bpf_loop(tries, try_claim, &search, 0);
	return search.found ? bpf_map_lookup_elem(&scratch, &search.index) : NULL;
}

/* One hook runs with this memory until release(). NULL if none is found. The processor's own is likely to be free and near; if a task was
 * preempted while it had that one, any other will do. */
static __always_inline struct run *claim_within(__u32 tries)
{
	__u32 index = bpf_get_smp_processor_id() & (SCRATCH_MAX - 1);
	struct run *run = bpf_map_lookup_elem(&scratch, &index);

	return run && !__sync_val_compare_and_swap(&run->claimed, 0, 1) ? run : claim_any(tries);
}

static __always_inline struct run *claim(void)
{
	return claim_within(CLAIM_TRIES);
}

static __always_inline void release(struct run *run)
{
	__sync_val_compare_and_swap(&run->claimed, 1, 0);
}

static __always_inline void fill_program(struct verdict_key *facts, struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	struct file *file = mm ? mm->exe_file : NULL;
	struct inode *inode = file && file->f_flags & FLAG_EXEC ? file->f_inode : NULL;	/* as name_exe() */

	facts->exe_device = inode ? inode->i_sb->s_dev : 0;
	facts->exe_inode = inode ? inode->i_ino : 0;
}

static __always_inline void fill_exe(struct run *run, struct task_struct *task)
{
	fill_program(&run->record.facts, task);
}

static __always_inline void fill_ids(struct verdict_key *facts, struct task_struct *task)
{
	const struct cred *cred = task->real_cred;

	facts->uid = cred->uid.val;
	facts->gid = cred->gid.val;
	facts->euid = cred->euid.val;
	facts->egid = cred->egid.val;
}

/* The slots that may refuse now, wherever there is no unit. A lease ends by this clock alone: it needs no engine, and none that is late makes it longer. */
static __always_inline const __u64 *enforced(const struct posture *posture)
{
	__u64 end = READ(posture->lease_end_ns);

	return end && bpf_ktime_get_boot_ns() >= end ? posture->enforce_after : posture->enforce;
}

/* Down from the root: the first cgroup that is below one of the pair's scope, else the last one. */
struct unit_search {
	const struct posture *posture;
	__u64 unit;
	__u64 below;	/* the one before it is of the scope */
};

static long next_level(__u32 level, struct unit_search *search)
{
	__u64 id = bpf_get_current_ancestor_cgroup_id(level);
	struct slot_mask *found;

	if (!id)
		return 1;
	search->unit = id;
	if (search->below)
		return 1;
	found = bpf_map_lookup_elem(&scopes, &id);
	for (int i = 0; found && i < SLOT_WORDS; i++)
		search->below |= found->slots[i] & search->posture->canary_scope[i];
	return 0;
}

/* What is on one side of a rollout as a whole, however many cgroups are made in it. */
static __always_inline __u64 unit_of_task(const struct posture *posture)
{
	struct unit_search search = {.posture = posture};
	__u64 scoped = 0;

	for (int i = 0; i < SLOT_WORDS; i++)
		scoped |= posture->canary_scope[i];
	if (scoped) {
		bpf_loop(CANARY_LEVELS, next_level, &search, 0);
		return search.unit;
	}
	search.unit = bpf_get_current_ancestor_cgroup_id(UNIT_LEVEL);
	return search.unit ?: bpf_get_current_cgroup_id();
}

/* Where in 0 .. 2^32-1 a unit stands for one rollout. */
static __always_inline __u64 unit_place(__u64 unit, const __u64 *key)
{
	__u64 v[4];

	sip_start(v, key);
	return sip_end(v, unit) >> 32;
}

/* Whether the current task is where the candidate enforces. One that has used up its budget does so nowhere: then all go by what was before, at
 * once and without an engine. */
SUBPROGRAM bool on_canary_side(const struct posture *posture, const struct slot_mask *off)
{
	__u64 tripped = 0;

	for (int i = 0; off && i < SLOT_WORDS; i++)
		tripped |= off->slots[i] & READ(posture->enforce_canary[i]) & ~READ(posture->enforce[i]);
	return !tripped && unit_place(unit_of_task(posture), posture->canary_key) < posture->canary_share;
}

/* As enforced(), for the current task. */
static __always_inline const __u64 *enforced_here(const struct posture *posture, const struct slot_mask *off)
{
	__u64 end = READ(posture->lease_end_ns);

	if (end && bpf_ktime_get_boot_ns() >= end)
		return posture->enforce_after;
	return posture->canary_share && on_canary_side(posture, off) ? posture->enforce_canary : posture->enforce;
}

/* Whether an operator has taken enforcement off the host for a while. As a lease it ends by itself. */
static __always_inline bool glass_broken(void)
{
	const struct engine_state *state = engine();
	__u64 until = state ? READ(state->audit_until_ns) : 0;

	return until && bpf_ktime_get_boot_ns() < until;
}

/* Starts a run: no facts yet but which event it is. */
static __always_inline void begin(struct run *run, const struct posture *posture, const struct slot_mask *covered, enum hook hook,
				  __u32 access)
{
	__u64 *facts = (__u64 *)&run->record.facts;
	__u64 keep = glass_broken() ? 0 : ~0ULL;
	const __u64 *enforce;
	struct slot_mask *off;
	__u32 zero = 0;

#pragma unroll
	for (int i = 0; i < (int)(sizeof(run->record.facts) / sizeof(*facts)); i++)
		facts[i] = 0;
	run->record.facts.hook = hook;
	run->record.facts.mask_set = posture->mask_set[hook & (HOOKS - 1)];
	run->record.facts.access = access;
	run->object.start = PATH_BYTES;
	run->exe.start = PATH_BYTES;
	run->object.names = 0;
	run->exe.names = 0;
	run->exe_walked = 0;
	run->object_walked = 0;
	run->labels_read = 0;
	run->context_read = 0;
	run->object.slash = 0;
	run->exe.slash = 0;
	run->object.tries = run->exe.tries = PATH_TRIES;
	run->object.depth = run->exe.depth = PATH_DEPTH;
	run->object.whole = hook == HOOK_MOUNT;
	run->exe.whole = 0;
	run->fresh = 0;
	run->foreign = 0;
	run->at_once = 0;
	run->unspent = 0;
	run->asks = 0;
	run->at.dentry = 0;
	run->below.dentry = 0;
	off = bpf_map_lookup_elem(&tripped, &zero);
	enforce = enforced_here(posture, off);
	for (int i = 0; i < SLOT_WORDS; i++) {
		run->covered[i] = covered->slots[i];
		run->enforce[i] = enforce[i] & keep & ~(off ? off->slots[i] : 0);
		run->wait[i] = run->enforce[i] | (posture->wait[i] & keep);
		run->hold[i] = posture->hold[i];
		run->refuse_miss[i] = posture->refuse_miss[i];
		run->fallback_deny[i] = posture->fallback_deny[i];
	}
	run->poll_ns = posture->poll_ns;
	run->patience_ns = posture->patience_ns;
	run->deadline_ns = posture->deadline_ns;
	run->stale_ns = posture->stale_ns;
}

static __always_inline void fill_identity(struct file_identity *file, struct inode *inode)
{
	file->inode = inode->i_ino;
	file->device = inode->i_sb->s_dev;
	file->generation = inode->i_generation;
}

static __always_inline void fill_owner(struct file_identity *file, struct inode *inode)
{
	file->uid = inode->i_uid.val;
	file->gid = inode->i_gid.val;
	file->mode = inode->i_mode;
}

static __always_inline void fill_inode(struct run *run, struct inode *inode)
{
	fill_identity(&run->record.facts.file, inode);
	fill_owner(&run->record.facts.file, inode);
}

static __always_inline bool is_below_overlay(const struct file *file)
{
	return file->f_mode & FMODE_NOACCOUNT && file->f_mode & FMODE_BACKING;
}

/* Of a file below an overlay the one above it, which the caller has named: else its path ends at a mount that nobody sees. */
static __always_inline struct place place_of_file(struct file *file)
{
	struct backing_file *backing = (void *)file;

	if (!is_below_overlay(file) || !bpf_core_field_exists(backing->user_path))
		return place_of(file->f_path);
	return (struct place){(__u64)BPF_CORE_READ(backing, user_path.dentry), (__u64)BPF_CORE_READ(backing, user_path.mnt)};
}

static __always_inline void fill_file(struct run *run, struct file *file)
{
	run->at = place_of_file(file);
	if (is_below_overlay(file))
		run->below = place_of(file->f_path);
	fill_inode(run, file->f_inode);
}

static __always_inline void fill_created(struct run *run, struct task_struct *task)
{
	struct file_identity *file = &run->record.facts.file;

	file->inode = 0;
	file->generation = 0;
	file->uid = task->cred->fsuid.val;
	file->gid = task->cred->fsgid.val;
}

/* Once a run: what the record says is what the key was made of. */
static __always_inline void name_object(struct run *run)
{
	if (!run->at.dentry || run->object_walked)
		return;
	run->object_walked = 1;
	build_text(&run->object, &run->at);
	/* Whoever makes an overlay chooses the name above; the file is known by where it really is. */
	if (run->below.dentry)
		find_names(&run->object, &run->below, run->record.facts.file.inode, run->record.facts.file.device);
	if (!run->below.dentry || !((run->object.names >> 32) & ~NAMES_FOREIGN))
		find_names(&run->object, &run->at, run->record.facts.file.inode, run->record.facts.file.device);
	if (run->foreign)
		run->object.names |= (__u64)NAMES_FOREIGN << 32;
	run->record.facts.file.path = run->object.hash ^ run->object.names;
	run->record.facts.flags = run->object.flags;
	if (run->fresh)
		run->record.facts.flags &= ~OBJECT_DELETED;	/* a name that is being made is in no table yet */
}

/* Builds the name of the executable, and says whether it is another than the key had. */
SUBPROGRAM bool name_exe(struct run *run)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct verdict_key *facts = &run->record.facts;
	struct mm_struct *mm = task->mm;
	struct file *file = mm ? mm->exe_file : NULL;
	__u64 before = facts->exe_path;
	struct engine_state *state = engine();
	struct exe_name *known;
	struct place at;
	__u64 epoch;

	if (!file || !state || run->exe_walked)
		return false;
	epoch = READ(state->names_epoch);
	at = place_of(file->f_path);
	build_text(&run->exe, &at);
	find_names(&run->exe, &at, facts->exe_inode, facts->exe_device);
	if (!(file->f_flags & FLAG_EXEC))	/* not what an execve has opened: somebody says so, with PR_SET_MM_MAP */
		run->exe.names |= (__u64)NAMES_FOREIGN << 32;
	run->exe_walked = 1;
	facts->exe_path = (run->exe.hash ?: EXE_PATH_UNKNOWN) ^ run->exe.names;
	known = bpf_task_storage_get(&exe_names, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (known && run->exe.hash) {
		known->file = (__u64)file;
		known->inode = facts->exe_inode;
		known->exec_id = task->self_exec_id;
		known->hash = facts->exe_path;
		known->epoch = epoch | (__u64)arranges_names(task) << 32;
	}
	return before && before != facts->exe_path;
}

/* The hash of the executable's name as it was when this program first asked; 0: it is not known. */
static __always_inline __u64 remembered_exe(const struct verdict_key *facts, struct task_struct *task)
{
	struct exe_name *known = bpf_task_storage_get(&exe_names, task, 0, 0);
	struct engine_state *state = engine();
	struct mm_struct *mm = task->mm;
	struct file *file = mm ? mm->exe_file : NULL;

	if (known && state && known->file == (__u64)file && known->inode == facts->exe_inode && known->exec_id == task->self_exec_id &&
	    known->epoch == (READ(state->names_epoch) | (__u64)arranges_names(task) << 32))
		return known->hash;
	return 0;
}

/* Walks only if it is not known. */
static __always_inline void recall_exe(struct run *run)
{
	__u64 hash = remembered_exe(&run->record.facts, bpf_get_current_task_btf());

	if (hash)
		run->record.facts.exe_path = hash;
	else
		name_exe(run);
}

static __always_inline __u64 image_of(struct task_struct *task, const __u64 *secret)
{
	__u64 v[4];

	sip_start(v, secret);
	sip_word(v, task->tgid);
	sip_word(v, task->group_leader->start_boottime);
	return sip_end(v, task->self_exec_id);
}

static __always_inline void fill_image(struct run *run, const __u64 *secret)
{
	run->record.facts.image = image_of(bpf_get_current_task_btf(), secret);
}

/* Once a run, since none is a value, too: another thread may label the process meanwhile, and what the record says must be what the key was made of. */
static __always_inline void read_labels(struct run *run)
{
	if (run->labels_read)
		return;
	run->labels_read = 1;
	run->record.facts.labels = current_labels();
}

/* Everything that a record has and a hit need not know. True if the executable has been renamed, so that the key is another. */
SUBPROGRAM bool complete(struct run *run, const __u64 *secret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call call = current_call(task);
	struct event *record = &run->record;
	bool changed;

	name_object(run);
	fill_ids(&record->facts, task);
	if (!record->facts.exe_inode)
		fill_exe(run, task);
	if (!record->facts.cgroup)	/* else it is in the key, and the task may have been moved since */
		record->facts.cgroup = bpf_get_current_cgroup_id();
	if (!record->facts.image)
		fill_image(run, secret);
	read_labels(run);
	fill_context(run);
	record->pid = task->tgid;
	record->tid = task->pid;
	record->parent_pid = task->real_parent->tgid;
	record->packet_bytes = 0;
	record->names = run->object.names;
	record->syscall = call.number;
	run->flags = (call.compat ? RECORD_COMPAT : 0) | (task->flags & PF_IO_WORKER ? RECORD_IO_URING : 0);
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	changed = name_exe(run);
	record->exe_names = run->exe.names;
	return changed;
}

#endif
