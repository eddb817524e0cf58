/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What stands where in the tree of files, and what a process takes for its root. */
#include <interdict/decide.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* As the kernel reads the flags of mount(2), in its order. */
static __always_inline __u32 access_of_flags(unsigned long flags)
{
	if (flags & MS_REMOUNT)
		return ACCESS_REMOUNT;
	if (flags & MS_BIND)
		return ACCESS_BIND;
	if (flags & MS_PROPAGATION)
		return ACCESS_REMOUNT;
	return flags & MS_MOVE ? ACCESS_MOVE : ACCESS_MOUNT;
}

/* What fsmount and open_tree make hangs in no tree: it is its own parent, as nothing is that can be moved. */
static __always_inline __u32 access_of_moving(const struct path *from)
{
	__u64 mount = (__u64)from->mnt - bpf_core_field_offset(struct mount, mnt);

	return (__u64)load(struct mount, mount, mnt_parent) == mount ? ACCESS_MOUNT : ACCESS_MOVE;
}

/* mount(2) asks us before it asks for the caller's right: who has none is refused anyway, and is not to fill records, nor budgets. */
static __always_inline bool may_not_mount(struct task_struct *task)
{
	const struct cred *cred = task->cred;
	struct nsproxy *namespaces = task->nsproxy;
	__u64 effective = 0;

	if (!namespaces || cred->user_ns != namespaces->mnt_ns->user_ns)
		return false;
	bpf_probe_read_kernel(&effective, sizeof(effective), &cred->cap_effective);
	return !(effective & CAPABILITY_SYS_ADMIN);
}

/* About a place, by what is there now. Without a mount that the caller sees it has no path. */
SUBPROGRAM int change_tree(struct dentry *dentry, const struct place *at, __u32 access, enum way way)
{
	struct slot_mask covered;
	struct posture *posture = cover(HOOK_MOUNT, &covered);
	struct run *run;
	int result;

	if (!posture)
		return 0;
	run = claim();
	if (!run)
		return no_memory(&covered, posture, HOOK_MOUNT, way);
	begin(run, posture, &covered, HOOK_MOUNT, access);
	run->at = *at;
	if (!at->mount)
		run->object.depth = 0;
	fill_inode(run, dentry->d_inode);
	result = answer(run, HOOK_MOUNT, way);
	if (!result && passed_unasked(run))
		result = PASSED_UNASKED;
	release(run);
	return result;
}

/* Of what is moved both places, and both must pass. mount(2) tells us of one alone. */
SEC("lsm/move_mount")
int BPF_PROG(lsm_move_mount, const struct path *from, const struct path *to, int before)
{
	__u32 access;
	int answer = 0;

	if (before || uncovered(HOOK_MOUNT))
		return before;
	access = access_of_moving(from);
	if (access == ACCESS_MOVE)
		answer = change_tree(from->dentry, &place_of(*from), access, WAY_MOUNT);
	if (answer && answer != PASSED_UNASKED)
		return clamp(answer);
	return clamp_change(change_tree(to->dentry, &place_of(*to), access, answer ? WAY_NONE : WAY_MOUNT));
}

/* Of a file system that are looked through at most. Each container and each service with a view of its own may add some. */
#define MOUNTS 8192

/* Through the mounts of a file system. */
struct mounts {
	__u64 at;	/* 0: there is no other */
	__u64 end;	/* where the list begins again */
	__u64 space;	/* the mount namespace that one is wanted of, */
	__u64 found;	/* and the oldest there */
};

static long look_at_mount(__u32 step, struct mounts *mounts)
{
	struct mount___chain *chained = NULL;
	__u64 next;

	if (!mounts->at)
		return 1;
	if ((__u64)load(struct mount, mounts->at, mnt_ns) == mounts->space)
		mounts->found = mounts->at + bpf_core_field_offset(struct mount, mnt);
	if (bpf_core_field_exists(chained->mnt_next_for_sb)) {	/* the newest is the first */
		mounts->at = (__u64)load(struct mount___chain, mounts->at, mnt_next_for_sb);
		return 0;
	}
	next = (__u64)load(struct mount, mounts->at, mnt_instance.next);
	mounts->at = next == mounts->end ? 0 : next - bpf_core_field_offset(struct mount, mnt_instance);
	return !!mounts->found;
}

/* Where the file system stands: its oldest mount in the caller's namespace, which no bind of his comes before. Mount 0: none among as many as we look at. */
SUBPROGRAM void find_place(struct super_block *super, struct place *at)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct super_block___chain *chained = (void *)super;
	struct vfsmount *root = task->fs->root.mnt;
	struct nsproxy *namespaces = task->nsproxy;
	struct mount___chain *mount = NULL;
	struct mounts mounts = {};

	*at = (struct place){(__u64)super->s_root, 0};
	if (!namespaces)
		return;
	mounts.space = (__u64)namespaces->mnt_ns;
	if (bpf_core_field_exists(mount->mnt_next_for_sb)) {
		mounts.at = (__u64)BPF_CORE_READ(chained, s_mounts);
	} else {
		mounts.end = (__u64)super + bpf_core_field_offset(struct super_block, s_mounts);
		mounts.at = (__u64)BPF_CORE_READ(super, s_mounts.next) - bpf_core_field_offset(struct mount, mnt_instance);
	}
	bpf_loop(MOUNTS, look_at_mount, &mounts, 0);
	if (bpf_core_field_exists(mount->mnt_next_for_sb) && mounts.at)	/* the oldest stand behind all that were looked at */
		return;
	if (!mounts.found && root->mnt_sb == super)
		mounts.found = (__u64)root;
	if (mounts.found)	/* a part of it may be all that is mounted */
		*at = (struct place){(__u64)load(struct vfsmount, mounts.found, mnt_root), mounts.found};
}

/* Options of a whole file system are given at any place of it, also at one that the caller has made for that: both that and its own must pass. */
SEC("lsm/sb_mount")
int BPF_PROG(lsm_sb_mount, const char *source, const struct path *path, const char *type, unsigned long flags, void *data, int before)
{
	struct super_block *super;
	struct place own;
	int answer = 0;

	if (before || may_not_mount(bpf_get_current_task_btf()) || uncovered(HOOK_MOUNT))
		return before;
	if ((flags & (MS_REMOUNT | MS_BIND)) == MS_REMOUNT) {
		super = path->mnt->mnt_sb;
		find_place(super, &own);
		if (own.mount != (__u64)path->mnt)
			answer = change_tree(super->s_root, &own, ACCESS_REMOUNT, WAY_MOUNT);
	}
	if (answer && answer != PASSED_UNASKED)
		return clamp(answer);
	return clamp_change(change_tree(path->dentry, &place_of(*path), access_of_flags(flags), answer ? WAY_NONE : WAY_MOUNT));
}

/* Options of the file system itself: by fsconfig, which names no place; as a second mount of one that there is once only has them changed; as its last place,
 * the root, is unmounted. mount(2) has been asked about by its place. A failure would be the end of the context, so nobody goes round. */
SEC("lsm/sb_remount")
int BPF_PROG(lsm_sb_remount, struct super_block *super, void *options, int before)
{
	struct place at;

	if (before || uncovered(HOOK_MOUNT) || mounts_anew(bpf_get_current_task_btf()))
		return before;
	find_place(super, &at);
	return clamp_change(change_tree(super->s_root, &at, ACCESS_REMOUNT, WAY_NONE));
}

/* The place is the one that the mount's root stands on. */
SEC("lsm/sb_umount")
int BPF_PROG(lsm_sb_umount, struct vfsmount *mount, int flags, int before)
{
	if (before || uncovered(HOOK_MOUNT))
		return before;
	return clamp_change(change_tree(mount->mnt_root, &(struct place){(__u64)mount->mnt_root, (__u64)mount}, ACCESS_UNMOUNT, WAY_MOUNT));
}

SEC("lsm/sb_pivotroot")
int BPF_PROG(lsm_sb_pivotroot, const struct path *old, const struct path *root, int before)
{
	if (before || uncovered(HOOK_MOUNT))
		return before;
	return clamp_change(change_tree(root->dentry, &place_of(*root), ACCESS_PIVOT, WAY_MOUNT));
}

SEC("lsm/path_chroot")
int BPF_PROG(lsm_path_chroot, const struct path *path, int before)
{
	if (before || uncovered(HOOK_MOUNT))
		return before;
	return clamp_change(change_tree(path->dentry, &place_of(*path), ACCESS_CHROOT, WAY_MOUNT));
}
