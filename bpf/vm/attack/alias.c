/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Other names of the same file. Mounts are made in a mount namespace of the run's own; what is left in the work directory
 * is removed by main.c, which also takes renames back. */
#define _GNU_SOURCE
#include "attack.h"
#include <libgen.h>
#include <sched.h>
#include <sys/mount.h>

struct object {
	const char *path, *parent, *name, *work;
};

static char *direct(const struct object *object)
{
	return strdup(object->path);
}

static char *relative(const struct object *object)
{
	if (chdir(object->parent))
		unprepared("chdir");
	return strdup(object->name);
}

static char *link_to(const char *target, char *path)
{
	if (symlink(target, path))
		unprepared("symlink");
	return path;
}

static char *symbolic(const struct object *object)
{
	return link_to(object->path, text("%s/link", object->work));
}

/* The kernel follows 40 links in one look-up. */
static char *chain(const struct object *object)
{
	char *last = strdup(object->path);

	for (int i = 0; i < 40; i++)
		last = link_to(last, text("%s/link%d", object->work, i));
	return last;
}

/* link/../name is not what a text comparison thinks. */
static char *dots(const struct object *object)
{
	char *inner = text("%s/inner", object->work);

	if (mkdir(inner, 0700))
		unprepared("mkdir");
	link_to(inner, text("%s/link", object->work));
	return text("%s/link/../../%s", object->work, object->name);
}

static char *slashes(const struct object *object)
{
	return text("/.//%s///./%s", object->parent + 1, object->name);
}

static char *proc_root(const struct object *object)
{
	return text("/proc/self/root%s", object->path);
}

static char *proc_cwd(const struct object *object)
{
	relative(object);
	return text("/proc/thread-self/cwd/%s", object->name);
}

static char *proc_fd(const struct object *object)
{
	int parent = open(object->parent, O_PATH | O_DIRECTORY);

	if (parent < 0)
		unprepared("open:parent");
	return text("/dev/fd/%d/%s", parent, object->name);
}

/* Through another process; main.c's, which waits for us. */
static char *proc_other(const struct object *object)
{
	return text("/proc/%d/root%s", getppid(), object->path);
}

static char *hard(const struct object *object)
{
	char *path = text("%s/hard", object->work);

	if (link(object->path, path))
		unprepared("link");
	return path;
}

static char *renamed(const struct object *object)
{
	char *path = text("%s/renamed", object->work);

	if (rename(object->path, path))
		unprepared("rename");
	return path;
}

static char *parent_renamed(const struct object *object)
{
	char *moved = text("%s.moved", object->parent);

	if (rename(object->parent, moved))
		unprepared("rename:parent");
	return text("%s/%s", moved, object->name);
}

static void own_mounts(int more)
{
	if (unshare(CLONE_NEWNS | more))
		unprepared("unshare");
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		unprepared("mount:private");
}

static char *bound(const struct object *object, int more)
{
	char *path = text("%s/bound", object->work);

	own_mounts(more);
	write_text(path, "", 0600);
	if (mount(object->path, path, NULL, MS_BIND, NULL))
		unprepared("mount:bind");
	return path;
}

static char *bind_file(const struct object *object)
{
	return bound(object, 0);
}

/* The way of someone without privileges: a user namespace gives the right to mount. */
static char *user_namespace(const struct object *object)
{
	return bound(object, CLONE_NEWUSER);
}

static char *mounted_on(const struct object *object, const char *source, const char *type, const char *data)
{
	char *place = text("%s/mounted", object->work);

	if (mkdir(place, 0700) || mount(source, place, type, type ? MS_RDONLY : MS_BIND, data))
		unprepared(text("mount:%s", type ? type : "bind"));
	return text("%s/%s", place, object->name);
}

static char *bind_directory(const struct object *object)
{
	own_mounts(0);
	return mounted_on(object, object->parent, NULL, NULL);
}

/* The same by somebody without privileges: also what is not there yet has a second name so. */
static char *user_directory(const struct object *object)
{
	own_mounts(CLONE_NEWUSER);
	return mounted_on(object, object->parent, NULL, NULL);
}

/* Two inodes stand for one file: the overlay's and the lower one. The second layer is on a file system of its own,
 * because layers must not contain each other. */
static char *overlay(const struct object *object)
{
	char *empty = text("%s/empty", object->work);

	own_mounts(0);
	if (mkdir(empty, 0700) || mount("none", empty, "tmpfs", 0, NULL))
		unprepared("mount:tmpfs");
	return mounted_on(object, "none", "overlay", text("lowerdir=%s:%s", object->parent, empty));
}

static char *changed_root(const struct object *object)
{
	if (chroot(object->parent) || chdir("/"))
		unprepared("chroot");
	return text("/%s", object->name);
}

/* A tree that is mounted nowhere. */
static char *detached_tree(const struct object *object)
{
	int tree;

	own_mounts(0);
	tree = syscall(SYS_open_tree, AT_FDCWD, object->parent, OPEN_TREE_CLONE);
	if (tree < 0 || fchdir(tree))
		unprepared("open_tree");
	return strdup(object->name);
}

/* At the end of a path of depth * (bytes + 1) bytes; the caller stands in its last directory. */
static char *below(const struct object *object, int depth, int bytes)
{
	char *name = text("%0*d", bytes, 0);

	if (chdir(object->work))
		unprepared("chdir");
	for (int i = 0; i < depth; i++)
		if (mkdir(name, 0700) || chdir(name))
			unprepared("mkdir:deep");
	if (link(object->path, "leaf"))
		unprepared("link");
	return strdup("leaf");
}

static char *deep(const struct object *object)
{
	return below(object, 300, 1);
}

/* More directories than path.bpf.h visits. */
static char *deeper(const struct object *object)
{
	return below(object, 700, 1);
}

/* More bytes than a path may have. */
static char *long_path(const struct object *object)
{
	return below(object, 20, 255);
}

/* At the end of a path of exactly so many bytes; the caller stands in its last directory. */
static char *exactly(const struct object *object, int bytes)
{
	char *name = text("%0*d", 100, 0), *leaf;

	if (chdir(object->work))
		unprepared("chdir");
	for (bytes -= strlen(object->work); bytes > 202; bytes -= 101)
		if (mkdir(name, 0700) || chdir(name))
			unprepared("mkdir:exactly");
	if (bytes < 2)
		unprepared_errno("alias:bytes", EINVAL);
	leaf = text("%0*d", bytes - 1, 0);
	if (link(object->path, leaf))
		unprepared("link");
	return leaf;
}

/* Bytes that are no text, and a tail that the kernel itself prints behind the names of deleted files. */
static char *strange(const struct object *object)
{
	char *path = text("%s/\xff\xfe\n\x1b[2J (deleted)", object->work);

	if (link(object->path, path))
		unprepared("link");
	return path;
}

static const struct {
	const char *name;
	char *(*make)(const struct object *object);
} aliases[] = {
	{"direct", direct},
	{"relative", relative},
	{"symlink", symbolic},
	{"chain", chain},
	{"dots", dots},
	{"slashes", slashes},
	{"procroot", proc_root},
	{"proccwd", proc_cwd},
	{"procfd", proc_fd},
	{"procother", proc_other},
	{"hardlink", hard},
	{"renamed", renamed},
	{"parentrenamed", parent_renamed},
	{"bind", bind_file},
	{"binddir", bind_directory},
	{"userns", user_namespace},
	{"userdir", user_directory},
	{"overlay", overlay},
	{"chroot", changed_root},
	{"opentree", detached_tree},
	{"deep", deep},
	{"deeper", deeper},
	{"long", long_path},
	{"strange", strange},
};

char *alias_of(const char *alias, const char *path, const char *work)
{
	struct object object = {path, dirname(strdup(path)), basename(strdup(path)), work};

	for (size_t i = 0; i < COUNT(aliases); i++)
		if (!strcmp(aliases[i].name, alias))
			return aliases[i].make(&object);
	if (atoi(alias) > 0)	/* not in the list: there are as many as numbers */
		return exactly(&object, atoi(alias));
	unknown("alias", alias);
}

void list_aliases(void)
{
	for (size_t i = 0; i < COUNT(aliases); i++)
		printf("alias %s\n", aliases[i].name);
}
