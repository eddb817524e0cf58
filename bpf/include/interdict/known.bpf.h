/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The short way of a hit that lets pass. It can only say "passes": whatever it does not know for sure, it leaves to the long way (answer()), which runs
 * then as if this had not been. So it needs no working memory: the key is built on the stack, of the same facts, and only of those that a policy reads. */
#ifndef INTERDICT_KNOWN_BPF_H
#define INTERDICT_KNOWN_BPF_H

#include <interdict/answer.bpf.h>

/* Of an event, what the task does not say. */
struct attempt {
	__u64 path;	/* as file_identity.path */
	__u32 hook;
	__u32 mask_set;
	__u32 access;
	__u32 pad0;
};

/* Whether the verdict is about this key, is not over, and all covering slots have decided in it and none denies or sets a label that is not among
 * these. One look: what is found mixed
 * is left to consult(). Its barriers are for x86 only, where they are none. */
static __always_inline bool lets_pass(const struct verdict *verdict, const struct verdict_key *key, const struct slot_mask *covered, __u64 labels)
{
	const __u64 *ours = (const __u64 *)key, *theirs = (const __u64 *)&verdict->key;
	__u64 stamp = READ(verdict->stamp), against = stamp ^ READ(verdict->stamp_again), expires, fence = 0;

	LOAD_BARRIER(fence);
#pragma unroll
	for (int i = 0; i < (int)KEY_WORDS; i++) {
		against |= ours[i] ^ READ(theirs[i]);
		barrier_var(against);
	}
#pragma unroll
	for (int i = 0; i < SLOT_WORDS; i++)
		against |= covered->slots[i] & (~READ(verdict->decided[i]) | READ(verdict->deny[i]));
	against |= READ(verdict->labels) & ~labels;
	expires = READ(verdict->expires_ns);
	LOAD_BARRIER(fence);
	against |= (stamp ^ READ(verdict->stamp)) | (stamp ^ READ(verdict->stamp_again));
	return !against && (!expires || expires > bpf_ktime_get_boot_ns());
}

/* Lets the compiler keep the key in memory: in registers it has no room for it, and moves its words about all the time. */
#define IN_MEMORY(key) asm volatile("" : : "r"(key) : "memory")

/* As mask_key(), in place, and quicker where the mask keeps little. */
static __always_inline __u64 mask_in_place(struct verdict_key *key, const struct verdict_key *mask, const __u64 *secret)
{
	__u64 *words = (__u64 *)key, sums[2] = {secret[4 * KEY_WORDS], secret[4 * KEY_WORDS + 1]};
	const __u64 *keep = (const __u64 *)mask;

#pragma unroll
	for (int i = 0; i < (int)KEY_WORDS; i++) {
		__u64 kept = READ(keep[i]) | (i ? 0 : 0xffffffff000000ffULL), word = 0;

		if (kept) {
			word = words[i] & kept;
			digest_word(sums, i, word, secret);
		}
		words[i] = word;
	}
	return digest_end(sums);
}

/* As name_event() and consult(). */
SUBPROGRAM bool known(const struct attempt *attempt, const struct verdict_key *mask, const struct slot_mask *covered, struct inode *inode,
		      const struct engine_state *state)
{
	struct verdict_key key = {
		.hook = attempt->hook, .mask_set = attempt->mask_set, .access = attempt->access, .file.path = attempt->path,
	};
	struct task_struct *task = bpf_get_current_task_btf();
	struct verdict *verdict;
	__u64 digest;

	IN_MEMORY(&key);
	if (mask->uid | mask->gid | mask->euid | mask->egid)
		fill_ids(&key, task);
	if (mask->exe_inode | mask->exe_device | mask->exe_path)
		fill_program(&key, task);
	if (mask->cgroup)
		key.cgroup = bpf_get_current_cgroup_id();
	if (mask->exe_path) {
		key.exe_path = remembered_exe(&key, task);
		if (!key.exe_path)
			return false;
	}
	if (mask->labels)
		key.labels = current_labels();
	if (mask->context)
		key.context = current_context(attempt->mask_set, attempt->hook, state);
	if (mask->image)
		key.image = image_of(task, state->hash_key);
	if (mask->file.inode | mask->file.device | mask->file.generation)
		fill_identity(&key.file, inode);
	if (mask->file.uid | mask->file.gid | mask->file.mode)
		fill_owner(&key.file, inode);
	IN_MEMORY(&key);
	digest = mask_in_place(&key, mask, state->digest_key);
	IN_MEMORY(&key);
	verdict = bpf_map_lookup_elem(&verdicts, &digest);
	if (!verdict)
		return false;
	return lets_pass(verdict, &key, covered, READ(verdict->labels) ? current_labels() : 0);
}

static __always_inline bool may_be_named(const struct engine_state *state, __u64 inode, __u32 device)
{
	__u32 bit = names_filter_bit(inode, device);

	return READ(state->names_filter[bit / 64 & (NAMES_FILTER_WORDS - 1)]) >> bit % 64 & 1;
}

/* As find_names(), in the same order, but for the filter. On its own, because the stack of all functions together has 512 bytes, and the climb takes the most of it. */
SUBPROGRAM __u64 names_of(struct inode *inode, struct inode *folder, __u64 name)
{
	struct named_place place = {.folder = folder->i_ino, .device = folder->i_sb->s_dev};
	struct named_file file = {.inode = inode->i_ino, .device = inode->i_sb->s_dev};
	struct engine_state *state = engine();
	__u32 *by_file = NULL, *by_place = NULL, number = 0;
	__u64 names = 0;

	if (!state || may_be_named(state, file.inode, file.device))
		by_file = bpf_map_lookup_elem(&named_files, &file);
	if (by_file)
		names = *by_file;
	if ((!state || may_be_named(state, place.folder, place.device)) && bpf_map_lookup_elem(&named_places, &place)) {
		place.name = name;
		by_place = bpf_map_lookup_elem(&named_places, &place);
	}
	if (by_place)
		number = *by_place;
	if (names == number)
		names = 0;
	names |= (__u64)number << 32;
	return arranges_names(bpf_get_current_task_btf()) ? names | (__u64)NAMES_FOREIGN << 32 : names;
}

/* What name_object() makes of a file that has a name below the root of the task and no flag; 0 of all others. */
SUBPROGRAM __u64 path_of(struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct climb climb = {
		.at = place_of(file->f_path), .root = place_of(task->fs->root), .mount_root = (__u64)file->f_path.mnt->mnt_root,
	};
	struct dentry *dentry = file->f_path.dentry, *folder = dentry->d_parent;

	climb_path(&climb);
	if (!dentry->d_hash.pprev)	/* after the climb: it may have been deleted meanwhile */
		return 0;
	if (!climb.hash || climb.folder != (__u64)folder)	/* moved meanwhile, or where something is mounted */
		return 0;
	return climb.hash ^ names_of(file->f_inode, folder->d_inode, climb.last);
}

/* As cover(), as far as it takes no walk; NULL if nobody covers the task, or it takes one. */
static __always_inline const struct posture *cover_at_once(enum hook hook, struct slot_mask *covered, const struct engine_state *state)
{
	__u32 epoch = READ(state->posture_epoch), index = epoch & 1;
	struct task_struct *task = bpf_get_current_task_btf();
	const struct posture *posture = bpf_map_lookup_elem(&postures, &index);
	__u64 any = 0, scoped = 0, tag;

	if (!posture)
		return NULL;
	for (int i = 0; i < SLOT_WORDS; i++) {
		__u64 active = posture->active[hook & (HOOKS - 1)][i], everywhere = posture->everywhere[i];

		covered->slots[i] = active & everywhere;
		any |= covered->slots[i];
		scoped |= active & ~everywhere;
	}
	if (scoped) {
		tag = bpf_get_current_cgroup_id();
		tag = tag >> 32 ? 0 : (__u64)epoch << 32 | tag;
		if (!remembered_scope(&scope_cache[tag & (SCOPE_CACHE - 1)], tag, covered->slots))
			return NULL;
		for (int i = 0; i < SLOT_WORDS; i++) {
			covered->slots[i] = posture->active[hook & (HOOKS - 1)][i] & (posture->everywhere[i] | covered->slots[i]);
			any |= covered->slots[i];
		}
	}
	return any && !is_engine(task, state) && !(task->flags & PF_KTHREAD) ? posture : NULL;
}

/* Whether it is known that the attempt passes; counted, if it is. Not for what is about to be created. */
SUBPROGRAM bool passes(enum hook hook, __u32 access, struct file *file)
{
	struct attempt attempt = {.hook = hook, .access = access};
	const struct engine_state *state = engine();
	const struct verdict_key *mask;
	const struct posture *posture;
	struct slot_mask covered;

	if (!state)
		return false;
	posture = cover_at_once(hook, &covered, state);
	if (!posture)
		return false;
	attempt.mask_set = posture->mask_set[hook & (HOOKS - 1)];
	mask = mask_of(attempt.mask_set, hook);
	if (!mask)
		return false;
	if (mask->file.path || mask->flags) {
		attempt.path = path_of(file);
		if (!attempt.path)
			return false;
	}
	if (!known(&attempt, mask, &covered, file->f_inode, state))
		return false;
	COUNT(hook, hits);
	return true;
}

#endif
