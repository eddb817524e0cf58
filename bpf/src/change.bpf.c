/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Names and attributes of files: what is deleted, made, linked, renamed, given other rights or another length. */
#include <interdict/decide.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* NULL if nothing has the name yet. The question is asked of a number: kernels between 6.4 and 6.17 take it that every name has a file, and so
 * drop the question from a program that asks a pointer, and do not catch the fault. */
static __always_inline struct inode *inode_of(struct dentry *dentry)
{
	return load(struct dentry, dentry, d_inode) ? dentry->d_inode : NULL;
}

/* What is there, else what comes there. Something new has the mode that it will have, and its maker's ids. */
static __always_inline void fill_change(struct run *run, struct dentry *dentry, struct inode *inode, __u32 mode)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct inode *about = inode_of(dentry);

	run->fresh = !about;
	if (!about)
		about = inode;
	if (about) {
		fill_inode(run, about);
		return;
	}
	run->record.facts.file.device = BPF_CORE_READ(dentry, d_parent, d_inode, i_sb, s_dev);
	run->record.facts.file.mode = mode;
	fill_created(run, task);
}

/* One name. inode: what will have the name, if it is there already under another. */
SUBPROGRAM int change(struct dentry *dentry, __u64 mount, struct inode *inode, __u64 access_and_mode, enum way way)
{
	struct slot_mask covered;
	struct posture *posture = cover(HOOK_FILE_CHANGE, &covered);
	struct run *run;
	int result;

	if (!posture)
		return 0;
	run = claim();
	if (!run)
		return no_memory(&covered, posture, HOOK_FILE_CHANGE, way);
	begin(run, posture, &covered, HOOK_FILE_CHANGE, access_and_mode);
	run->at = (struct place){(__u64)dentry, mount};
	fill_change(run, dentry, inode, access_and_mode >> 32);
	result = answer(run, HOOK_FILE_CHANGE, way);
	if (!result && passed_unasked(run))
		result = PASSED_UNASKED;
	release(run);
	return result;
}

static __always_inline bool has_no_name(struct dentry *dentry)
{
	const struct inode *inode = inode_of(dentry);

	return inode && inode->i_sb->s_flags & SB_NOUSER;
}

static __always_inline int change_there(struct dentry *dentry, __u64 mount, __u32 access, enum way way)
{
	if (has_no_name(dentry))
		return 0;
	return clamp_change(change(dentry, mount, NULL, access, way));
}

static __always_inline int make(const struct path *folder, struct dentry *dentry, __u32 access, __u32 type, __u32 rights)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 mode = type | (type == S_IFLNK ? 0777 : rights & ~BPF_CORE_READ(task, fs, umask) & 07777);

	return clamp_change(change(dentry, (__u64)folder->mnt, NULL, mode << 32 | access | ACCESS_CREATE, WAY_CHANGE));
}

SEC("lsm/path_unlink")
int BPF_PROG(lsm_path_unlink, const struct path *folder, struct dentry *dentry, int before)
{
	if (before || uncovered(HOOK_FILE_CHANGE))
		return before;
	return change_there(dentry, (__u64)folder->mnt, ACCESS_DELETE, WAY_CHANGE);
}

SEC("lsm/path_rmdir")
int BPF_PROG(lsm_path_rmdir, const struct path *folder, struct dentry *dentry, int before)
{
	if (before || uncovered(HOOK_FILE_CHANGE))
		return before;
	return change_there(dentry, (__u64)folder->mnt, ACCESS_DELETE, WAY_CHANGE);
}

SEC("lsm/path_mkdir")
int BPF_PROG(lsm_path_mkdir, const struct path *folder, struct dentry *dentry, __u16 mode, int before)
{
	if (before || uncovered(HOOK_FILE_CHANGE))
		return before;
	return make(folder, dentry, ACCESS_MKDIR, S_IFDIR, mode);
}

SEC("lsm/path_symlink")
int BPF_PROG(lsm_path_symlink, const struct path *folder, struct dentry *dentry, const char *target, int before)
{
	if (before || uncovered(HOOK_FILE_CHANGE))
		return before;
	return make(folder, dentry, ACCESS_SYMLINK, S_IFLNK, 0);
}

/* Regular files are lsm_path_mknod's: they are created by opening them, too. */
SEC("lsm/path_mknod")
int BPF_PROG(lsm_path_mknod_special, const struct path *folder, struct dentry *dentry, __u16 mode, unsigned int device, int before)
{
	__u32 type = mode & S_IFMT;

	if (before || !type || type == S_IFREG || uncovered(HOOK_FILE_CHANGE))
		return before;
	return make(folder, dentry, ACCESS_MKNOD, type, mode);
}

/* Two names, and both must pass. The file that is linked lies below the same mount as its new name, or there is no link. */
SEC("lsm/path_link")
int BPF_PROG(lsm_path_link, struct dentry *old, const struct path *folder, struct dentry *dentry, int before)
{
	__u64 mount;
	int answer;

	if (before || uncovered(HOOK_FILE_CHANGE))
		return before;
	mount = (__u64)folder->mnt;
	answer = change(old, mount, NULL, ACCESS_LINK, WAY_CHANGE);
	if (answer && answer != PASSED_UNASKED)
		return clamp(answer);
	return clamp_change(change(dentry, mount, inode_of(old), ACCESS_LINK | ACCESS_CREATE, answer ? WAY_NONE : WAY_CHANGE));
}

SEC("lsm/path_rename")
int BPF_PROG(lsm_path_rename, const struct path *from, struct dentry *old, const struct path *to, struct dentry *new, unsigned int flags,
	     int before)
{
	__u32 access = ACCESS_RENAME;
	__u64 mount;
	int answer;

	if (before || uncovered(HOOK_FILE_CHANGE))
		return before;
	mount = (__u64)to->mnt;
	answer = change(old, mount, NULL, access, WAY_CHANGE);
	if (answer && answer != PASSED_UNASKED)
		return clamp(answer);
	if (!(flags & RENAME_EXCHANGE))
		access |= ACCESS_CREATE | (inode_of(new) ? ACCESS_DELETE : 0);
	return clamp_change(change(new, mount, inode_of(old), access, answer ? WAY_NONE : WAY_CHANGE));
}

SEC("lsm/path_chmod")
int BPF_PROG(lsm_path_chmod, const struct path *path, __u16 mode, int before)
{
	if (before || uncovered(HOOK_FILE_CHANGE))
		return before;
	return change_there(path->dentry, (__u64)path->mnt, ACCESS_CHMOD, WAY_CHANGE);
}

SEC("lsm/path_chown")
int BPF_PROG(lsm_path_chown, const struct path *path, __u64 uid, __u64 gid, int before)
{
	if (before || uncovered(HOOK_FILE_CHANGE))
		return before;
	return change_there(path->dentry, (__u64)path->mnt, ACCESS_CHOWN, WAY_CHANGE);
}

SEC("lsm/path_truncate")
int BPF_PROG(lsm_path_truncate, const struct path *path, int before)
{
	if (before || uncovered(HOOK_FILE_CHANGE))
		return before;
	return change_there(path->dentry, (__u64)path->mnt, ACCESS_TRUNCATE, WAY_TRUNCATE);
}

/* Since Linux 6.2; before, path_truncate comes for a descriptor, too. */
SEC("lsm/file_truncate")
int BPF_PROG(lsm_file_truncate, struct file *file, int before)
{
	if (before || uncovered(HOOK_FILE_CHANGE))
		return before;
	return change_there(file->f_path.dentry, (__u64)file->f_path.mnt, ACCESS_TRUNCATE, WAY_TRUNCATE);
}

struct chain { __u64 at; };

static long next_mount(__u32 step, struct chain *chain)
{
	__u64 next = (__u64)load(struct mount___chain, chain->at, mnt_next_for_sb);

	if (!next)
		return 1;
	chain->at = next;
	return 0;
}

/* The oldest mount of the file system, which nobody without privilege can make himself. 0, and so no path, if there are too many to find it. */
SUBPROGRAM __u64 oldest_mount(struct dentry *dentry)
{
	struct super_block *super = BPF_CORE_READ(dentry, d_inode, i_sb);
	struct super_block___chain *chained = (void *)super;
	struct mount___chain *mount = NULL;
	struct chain chain;
	__u32 steps;

	if (!bpf_core_field_exists(mount->mnt_next_for_sb))
		return (__u64)BPF_CORE_READ(super, s_mounts.next) - bpf_core_field_offset(struct mount, mnt_instance) +
		       bpf_core_field_offset(struct mount, mnt);
	chain.at = (__u64)BPF_CORE_READ(chained, s_mounts);
	steps = bpf_loop(PATH_DEPTH, next_mount, &chain, 0);
	return chain.at && steps < PATH_DEPTH ? chain.at + bpf_core_field_offset(struct mount, mnt) : 0;
}

/* Attributes are changed without a word of the mount that led to them: of the caller's own root, if that is of the same file system, so that a container's
 * files have the names they have in there; else of the oldest. */
static __always_inline int change_attribute(struct dentry *dentry)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct vfsmount *root = BPF_CORE_READ(task, fs, root.mnt);
	bool same = BPF_CORE_READ(root, mnt_sb) == BPF_CORE_READ(dentry, d_inode, i_sb);

	return change_there(dentry, same ? (__u64)root : oldest_mount(dentry), ACCESS_XATTR, WAY_CHANGE);
}

SEC("lsm/inode_setxattr")
int BPF_PROG(lsm_inode_setxattr, void *ids, struct dentry *dentry, const char *name, const void *value, __u64 size, int flags, int before)
{
	if (before || uncovered(HOOK_FILE_CHANGE))
		return before;
	return change_attribute(dentry);
}

SEC("lsm/inode_removexattr")
int BPF_PROG(lsm_inode_removexattr, void *ids, struct dentry *dentry, const char *name, int before)
{
	if (before || uncovered(HOOK_FILE_CHANGE))
		return before;
	return change_attribute(dentry);
}

/* Since Linux 6.2; before, inode_setxattr and inode_removexattr come for ACLs, too. */
SEC("lsm/inode_set_acl")
int BPF_PROG(lsm_inode_set_acl, void *ids, struct dentry *dentry, const char *name, void *acl, int before)
{
	if (before || uncovered(HOOK_FILE_CHANGE))
		return before;
	return change_attribute(dentry);
}

SEC("lsm/inode_remove_acl")
int BPF_PROG(lsm_inode_remove_acl, void *ids, struct dentry *dentry, const char *name, int before)
{
	if (before || uncovered(HOOK_FILE_CHANGE))
		return before;
	return change_attribute(dentry);
}
