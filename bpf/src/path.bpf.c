/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The path of a file as the caller sees it, and its keyed hash.
 *
 * Our own walk, because bpf_d_path is not to be had in every hook, and because its text is ambiguous (" (deleted)"). It goes from the
 * file up to the root of the caller, across mounts, and is consistent: if the kernel's count of renames has moved meanwhile, it is done
 * again; if that of mount changes has, until two walks in a row have crossed the same mounts, since anybody can keep that count moving
 * with mounts of his own, far from here. Names need no lock: they are freed after the grace period that the hook's run delays. */
#include <interdict/path.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Sequence counts of the kernel, odd while names or mounts change. Absent where the addresses of symbols are hidden from us. */
extern const void rename_lock __ksym __weak;
extern const void mount_lock __ksym __weak;

/* What a callback of bpf_loop gets has to be on the stack. */
struct walk { struct text *text; };

/* One read where the kernel has these fields in a row, as far as any we know has; the verifier drops the other way. */
static __always_inline void read_link(struct link *link, __u64 dentry)
{
	__u32 start = bpf_core_field_offset(struct dentry, d_parent);
	struct dentry *from = (struct dentry *)dentry;

	if (bpf_core_field_offset(struct dentry, d_name.len) == start + 12 && bpf_core_field_offset(struct dentry, d_name.name) == start + 16) {
		bpf_probe_read_kernel(link, sizeof(*link), (void *)(dentry + start));
		return;
	}
	link->parent = (__u64)BPF_CORE_READ(from, d_parent);
	link->bytes = BPF_CORE_READ(from, d_name.len);
	link->name = BPF_CORE_READ(from, d_name.name);
}

static __always_inline bool prepend(struct text *text, const struct link *link, bool slash)
{
	__u32 bytes = link->bytes;

	if (bytes > NAME_BYTES || text->start < bytes + slash)
		return false;
	text->start -= bytes;
	bpf_probe_read_kernel(&text->room[text->start & (PATH_BYTES - 1)], bytes & NAME_BYTES, link->name);
	if (slash) {
		text->start--;
		text->room[text->start & (PATH_BYTES - 1)] = '/';
	}
	return true;
}

static __always_inline long up_a_mount(struct text *text)
{
	__u64 mount = text->at.mount - bpf_core_field_offset(struct mount, mnt);
	__u64 parent = (__u64)load(struct mount, mount, mnt_parent);

	if (parent == mount) {
		text->flags |= OBJECT_UNREACHABLE;
		text->done = true;
		return 1;
	}
	text->at.dentry = (__u64)load(struct mount, mount, mnt_mountpoint);
	text->mounts = (text->mounts ^ mount) * 0x9e3779b97f4a7c15ULL ^ text->at.dentry;
	text->at.mount = parent + bpf_core_field_offset(struct mount, mnt);
	text->mount_root = (__u64)load(struct vfsmount, text->at.mount, mnt_root);
	return 0;
}

static long walk_up(__u32 step, struct walk *walk)
{
	struct text *text = walk->text;
	struct link link = {};

	if (text->at.dentry == text->root.dentry && text->at.mount == text->root.mount) {
		text->done = true;
		return 1;
	}
	if (text->at.dentry == text->mount_root)
		return up_a_mount(text);
	read_link(&link, text->at.dentry);
	if (link.parent == text->at.dentry) {
		/* The root of no mount: a memfd, a pipe, a directory moved out of its bind mount. No leading slash. */
		text->flags |= OBJECT_UNREACHABLE;
		text->done = prepend(text, &link, false);
		return 1;
	}
	if (!prepend(text, &link, true))
		return 1;
	text->at.dentry = link.parent;
	return 0;
}

static __always_inline __u32 count_of(const void *lock)
{
	__u32 count = 1;

	if (lock)
		bpf_probe_read_kernel(&count, sizeof(count), lock);
	return count;
}

/* One try; ends the tries when it was consistent, or when no try can succeed. */
static long try_walk(__u32 try, struct walk *walk)
{
	struct text *text = walk->text;
	__u64 crossed = text->mounts;
	__u32 renames = count_of(&rename_lock), mounts = count_of(&mount_lock);

	if (renames & 1)
		return 0;
	text->mounts = 1;
	text->at = text->from;
	text->mount_root = (__u64)load(struct vfsmount, text->at.mount, mnt_root);
	text->start = PATH_BYTES - !!text->slash;
	text->room[PATH_BYTES - 1] = '/';	/* or the last byte of a name */
	text->flags = load(struct dentry, text->at.dentry, d_hash.pprev) ? 0 : OBJECT_DELETED;
	if (text->at.dentry == text->mount_root)
		text->flags = 0;	/* the root of a file system is in no table of names */
	text->done = false;
	bpf_loop(PATH_DEPTH, walk_up, walk, 0);
	if (count_of(&rename_lock) == renames &&
	    (text->mounts == crossed || (!(mounts & 1) && count_of(&mount_lock) == mounts)))
		return 1;
	text->done = false;
	return 0;
}

struct siphash {
	const struct text *text;
	__u64 v[4];
	__u32 at;
};

static long sip_step(__u32 step, struct siphash *hash)
{
	sip_word(hash->v, *(const __u64 *)&hash->text->room[hash->at & (PATH_BYTES - 1)]);
	hash->at += sizeof(__u64);
	return 0;
}

/* SipHash-1-3 of the bytes of the text, which are followed by zeros. */
SUBPROGRAM __u64 text_hash(struct text *text, const __u64 *key)
{
	struct siphash hash = {.text = text, .at = text->start};
	__u32 bytes = PATH_BYTES - text->start;
	__u64 last = 0;

	sip_start(hash.v, key);
	bpf_loop(bytes / sizeof(__u64), sip_step, &hash, 0);
	if (bytes % sizeof(__u64))
		last = *(const __u64 *)&text->room[hash.at & (PATH_BYTES - 1)];
	return sip_end(hash.v, (__u64)bytes << 56 | last);
}

/* Builds the path of what is at a place, seen from the root of the current task. */
__noinline int build_text(struct text *text, const struct place *from)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct engine_state *state = engine();
	struct walk walk = {.text = text};

	if (!text || !from || !state)
		return -1;
	text->from = *from;
	text->root = place_of(task->fs->root);
	text->done = 0;
	text->flags = 0;
	text->mounts = 0;
	bpf_loop(PATH_TRIES, try_walk, &walk, 0);
	text->hash = 0;
	if (!text->done)
		text->start = PATH_BYTES;
	else if (text->start == PATH_BYTES)
		text->room[--text->start & (PATH_BYTES - 1)] = '/';
	if (text->start < PATH_BYTES)
		text->hash = text_hash(text, state->hash_key);
	else
		text->flags |= OBJECT_PATH_UNKNOWN;
	return 0;
}

static __always_inline __u64 name_hash(struct text *text, const __u64 *key)
{
	__u32 bytes = text->last.bytes & NAME_BYTES;
	__u64 v[4];
	int at = 0;

	bpf_probe_read_kernel(text->name, bytes, text->last.name);
	sip_start(v, key);
	for (; at < NAME_BYTES / 8 && at * 8 + 8 <= bytes; at++)
		sip_word(v, text->name[at]);
	return sip_end(v, (__u64)bytes << 56 | (text->name[at & 31] & ((1ULL << bytes % 8 * 8) - 1)));
}

/* The number of the set of names that lead to this place. */
static __always_inline __u32 names_of_place(struct text *text, __u64 dentry, const __u64 *key)
{
	struct named_place place = {};
	__u64 folder;
	__u32 *found;

	read_link(&text->last, dentry);
	folder = (__u64)load(struct dentry, text->last.parent, d_inode);
	place.folder = load(struct inode, folder, i_ino);
	folder = (__u64)load(struct inode, folder, i_sb);
	place.device = load(struct super_block, folder, s_dev);
	if (!bpf_map_lookup_elem(&named_places, &place))
		return 0;
	place.name = name_hash(text, key);
	found = bpf_map_lookup_elem(&named_places, &place);
	return found ? *found : 0;
}

/* Whoever has a user namespace of his own may mount, change his root and, with PR_SET_MM_MAP, the file that his program is said to be. */
static __always_inline bool arranges_names(struct task_struct *task)
{
	struct nsproxy *namespaces = task->nsproxy;

	return !namespaces || namespaces->mnt_ns->user_ns->level || task->real_cred->user_ns->level;
}

/* By which names that policies mention the file at a place is known (enum names). inode 0: it is not there yet. */
__noinline int find_names(struct text *text, const struct place *at, __u64 inode, __u32 device)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct named_file file = {.inode = inode, .device = device};
	struct engine_state *state = engine();
	__u32 place, *found;

	if (!text || !at || !state)
		return -1;
	found = bpf_map_lookup_elem(&named_files, &file);
	place = names_of_place(text, at->dentry, state->hash_key);
	text->names = (__u64)place << 32 | (found && *found != place ? *found : 0);
	if (text->flags & OBJECT_UNREACHABLE || arranges_names(task))
		text->names |= (__u64)NAMES_FOREIGN << 32;
	return 0;
}
