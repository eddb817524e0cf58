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

/* Since Linux 6.2: lets a program load from any address by itself, guarded, at a tenth of what the helper costs. */
extern void *bpf_rdonly_cast(const void *address, __u32 type) __ksym __weak;

static __always_inline bool reads_directly(void)
{
	return bpf_core_enum_value_exists(enum special_kfunc_type, KF_bpf_rdonly_cast);
}

/* What a callback of bpf_loop gets has to be on the stack. */
struct walk { struct text *text; __u32 left; };

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

static __always_inline __u64 name_hash(const __u64 *words, __u32 bytes, const __u64 *secret)
{
	__u64 sums[2];

	name_begin(sums, bytes, secret);
	ADD_WORDS(sums, words, NAME_WORDS, 0, bytes, secret);
	return name_end(sums);
}

/* Goes on with the hash of the path. */
static __always_inline void add_name(struct text *text, __u32 bytes)
{
	struct engine_state *state = engine();

	if (!state)
		return;
	path_name(text->sums, text->count++, name_hash((const __u64 *)&text->room[text->start & (PATH_BYTES - 1)], bytes, state->name_key),
		  state->path_key);
}

static __always_inline bool prepend(struct text *text, const struct link *link, bool slash)
{
	__u32 bytes = link->bytes;

	if (bytes > NAME_BYTES || text->start <= bytes + slash)	/* one byte less than there is room for: what a record carries */
		return false;
	text->start -= bytes;
	bpf_probe_read_kernel(&text->room[text->start & (PATH_BYTES - 1)], bytes & NAME_BYTES, link->name);
	add_name(text, bytes & NAME_BYTES);
	text->rootless = !slash;
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

	if (!lock)
		return count;
	if (reads_directly())
		return *(volatile __u32 *)&((struct seqcount *)bpf_rdonly_cast(lock, bpf_core_type_id_kernel(struct seqcount)))->sequence;
	bpf_probe_read_kernel(&count, sizeof(count), lock);
	return count;
}

/* One try; ends the tries when it was consistent, or the last. Where a rename is under way it only waits. */
static long try_walk(__u32 try, struct walk *walk)
{
	struct text *text = walk->text;
	__u64 crossed = text->mounts;
	__u32 renames = count_of(&rename_lock), mounts = count_of(&mount_lock);
	struct engine_state *state = engine();

	if (!state || renames & 1)
		return 0;
	path_begin(text->sums, state->path_key);
	text->count = 0;
	text->rootless = 0;
	text->mounts = 1;
	text->at = text->from;
	text->mount_root = (__u64)load(struct vfsmount, text->at.mount, mnt_root);
	text->start = PATH_BYTES - !!text->slash;
	text->room[PATH_BYTES - 1] = '/';	/* or the last byte of a name */
	text->flags = load(struct dentry, text->at.dentry, d_hash.pprev) ? 0 : OBJECT_DELETED;
	if (text->at.dentry == text->mount_root)
		text->flags = 0;	/* the root of a file system is in no table of names */
	text->done = false;
	bpf_loop(text->depth, walk_up, walk, 0);
	if (count_of(&rename_lock) == renames &&
	    (text->mounts == crossed || (!(mounts & 1) && count_of(&mount_lock) == mounts)))
		return 1;
	text->done = false;
	return !--walk->left;
}

/* A mount that is at the top of its namespace stays there; whoever has a root of his own has only chosen what he names places by. */
static __always_inline struct place root_of(struct task_struct *task, bool whole)
{
	struct nsproxy *namespaces = task->nsproxy;
	struct mount *top;

	if (!whole || !namespaces)
		return place_of(task->fs->root);
	top = namespaces->mnt_ns->root;
	return (struct place){(__u64)top->mnt.mnt_root, (__u64)top + bpf_core_field_offset(struct mount, mnt)};
}

__noinline int build_text(struct text *text, const struct place *from)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct engine_state *state = engine();
	struct walk walk = {.text = text, .left = text ? text->tries : 0};

	if (!text || !from || !state)
		return -1;
	text->from = *from;
	text->root = root_of(task, text->whole);
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
		text->hash = path_end(text->sums, text->count, (text->rootless ? PATH_WITHOUT_ROOT : 0) | (text->slash ? PATH_OF_FOLDER : 0),
				      state->path_key);
	else
		text->flags |= OBJECT_PATH_UNKNOWN;
	return 0;
}

/* The hash of the last name alone; 0: it is longer than a name that can be mentioned. */
static __always_inline __u64 last_name_hash(struct text *text, const __u64 *secret)
{
	__u32 bytes = text->last.bytes;

	if (bytes > NAME_BYTES)
		return 0;
	bpf_probe_read_kernel(text->name, bytes, text->last.name);
	return name_hash(text->name, bytes, secret);
}

/* The number of the set of names that lead to this place. */
static __always_inline __u32 names_of_place(struct text *text, __u64 dentry, const __u64 *secret)
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
	place.name = last_name_hash(text, secret);
	if (!place.name)
		return 0;
	found = bpf_map_lookup_elem(&named_places, &place);
	return found ? *found : 0;
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
	place = names_of_place(text, at->dentry, state->name_key);
	text->names = (__u64)place << 32 | (found && *found != place ? *found : 0);
	if (text->flags & OBJECT_UNREACHABLE || arranges_names(task))
		text->names |= (__u64)NAMES_FOREIGN << 32;
	return 0;
}

/* The words of a dentry from d_parent on, as far as the kernels that we know have them in a row: the short names lie behind, of 31 bytes or, since 6.10,
 * 39. Where they do not, a name is read as a long one. */
#define SHORT_WORDS 4
struct span {
	__u64 parent;
	__u32 hash;
	__u32 bytes;
	__u64 name;
	__u64 inode;
	__u64 words[SHORT_WORDS];
};

/* What a callback of bpf_loop gets has to be on the stack. */
struct climber {
	struct climb *climb;
	const struct engine_state *state;
};

/* A name that is not in its dentry is read in pieces. */
static __always_inline bool add_long_name(__u64 *sums, struct span *span, const __u64 *secret)
{
	for (int first = 0; first < NAME_WORDS; first += SHORT_WORDS) {
		__u32 at = first * sizeof(__u64), left = span->bytes - at;

		if (at >= span->bytes)
			break;
		if (left > sizeof(span->words))
			left = sizeof(span->words);
		if (bpf_probe_read_kernel(span->words, left, (void *)(span->name + at)))
			return false;
		ADD_WORDS(sums, span->words, SHORT_WORDS, first, span->bytes, secret);
	}
	return true;
}

/* Without the words where they can be had from the dentry; false if it cannot be read. */
static __always_inline bool read_span(struct span *span, __u64 start, struct dentry *dentry)
{
	if (!reads_directly())
		return !bpf_probe_read_kernel(span, sizeof(*span), (void *)start);
	span->parent = (__u64)dentry->d_parent;
	span->bytes = dentry->d_name.len;
	span->name = (__u64)dentry->d_name.name;
	return true;
}

/* Goes on with the hash; false if the name cannot be read. */
static __always_inline bool climb_name(struct climb *climb, struct span *span, __u64 start, struct dentry *dentry,
				       const struct engine_state *state)
{
	const __u64 *words = (void *)dentry + bpf_core_field_offset(struct dentry, d_parent) + __builtin_offsetof(struct span, words);
	__u64 sums[2], hash;

	name_begin(sums, span->bytes, state->name_key);
	if (span->name != start + __builtin_offsetof(struct span, words) || span->bytes >= sizeof(span->words)) {
		if (!add_long_name(sums, span, state->name_key))
			return false;
	} else if (reads_directly()) {
		ADD_WORDS(sums, words, SHORT_WORDS, 0, span->bytes, state->name_key);
	} else {
		ADD_WORDS(sums, span->words, SHORT_WORDS, 0, span->bytes, state->name_key);
	}
	hash = name_end(sums);
	path_name(climb->sums, climb->names, hash, state->path_key);
	if (!climb->names && !climb->crossed) {	/* else it is the name of what the file is mounted on */
		climb->last = hash;
		climb->folder = span->parent;
	}
	climb->names++;
	return true;
}

/* What the mounts are is worth something only if they are the same at the end. */
static __always_inline long climb_mount(struct climb *climb)
{
	__u64 mount = climb->at.mount - bpf_core_field_offset(struct mount, mnt), parent;

	if (!climb->crossed) {
		climb->crossed = 1;
		climb->mounts = count_of(&mount_lock);
		if (climb->mounts & 1)
			return 1;
	}
	parent = (__u64)load(struct mount, mount, mnt_parent);
	if (parent == mount)
		return 1;
	climb->at.dentry = (__u64)load(struct mount, mount, mnt_mountpoint);
	climb->at.mount = parent + bpf_core_field_offset(struct mount, mnt);
	climb->mount_root = (__u64)load(struct vfsmount, climb->at.mount, mnt_root);
	return 0;
}

static long climb_step(__u32 step, struct climber *climber)
{
	__u64 start = bpf_core_field_offset(struct dentry, d_parent);
	struct climb *climb = climber->climb;
	struct dentry *dentry = NULL;
	struct span span = {};

	if (climb->at.dentry == climb->root.dentry && climb->at.mount == climb->root.mount) {
		climb->arrived = 1;
		return 1;
	}
	if (climb->at.dentry == climb->mount_root)
		return climb_mount(climb);
	start += climb->at.dentry;
	if (reads_directly())
		dentry = bpf_rdonly_cast((void *)climb->at.dentry, bpf_core_type_id_kernel(struct dentry));
	if (!read_span(&span, start, dentry))
		return 1;
	climb->bytes += span.bytes + 1;
	if (span.parent == climb->at.dentry || span.bytes > NAME_BYTES || climb->bytes >= PATH_BYTES)
		return 1;
	if (!climb_name(climb, &span, start, dentry, climber->state))
		return 1;
	climb->at.dentry = span.parent;
	return 0;
}

/* One try: whoever is raced by a rename or a mount walks the long way. */
__noinline int climb_path(struct climb *climb)
{
	__u32 start = bpf_core_field_offset(struct dentry, d_parent), renames = count_of(&rename_lock);
	struct climber climber = {.climb = climb, .state = engine()};

	if (!climb)
		return -1;
	climb->hash = 0;
	if (!climber.state || renames & 1 || bpf_core_field_offset(struct dentry, d_name.len) != start + 12 ||
	    bpf_core_field_offset(struct dentry, d_name.name) != start + 16)
		return 0;
	path_begin(climb->sums, climber.state->path_key);
	bpf_loop(PATH_DEPTH, climb_step, &climber, 0);
	if (climb->arrived && count_of(&rename_lock) == renames && (!climb->crossed || count_of(&mount_lock) == climb->mounts))
		climb->hash = path_end(climb->sums, climb->names, PATH_ENDS_AT_ROOT, climber.state->path_key);
	return 0;
}
