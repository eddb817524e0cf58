/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Changes of names and attributes: each verb, and each way to say which file. */
#define _GNU_SOURCE
#include "attack.h"
#include <libgen.h>
#include <linux/io_uring.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#define COMPAT_UNLINK 10
#define COMPAT_RENAME 38
#define COMPAT_CHMOD 15
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#define RENAME_WHITEOUT 4
#endif

/* What is changed, by which name, and the door's number. */
struct change {
	const char *path, *real;
	int argument;
};

static int folder_of(const char *path)
{
	int folder = open(dirname(strdup(path)), O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0)
		unprepared("open:folder");
	return folder;
}

static const char *name_of(const char *path)
{
	return basename(strdup(path));
}

static int opened(const char *path, int flags)
{
	int file = open(path, flags | O_CLOEXEC, 0777);

	if (file < 0)
		unprepared("open");
	return file;
}

/* Names beside it, of which nothing is left before a run. */
static char *fresh_name(const char *path)
{
	return text("%s.fresh", path);
}

static char *other_name(const char *path)
{
	return text("%s.other", path);
}

static char *fresh(const struct change *change)
{
	char *path = fresh_name(change->real);

	write_text(path, "fresh\n", 0777);
	return path;
}

static char *other(const struct change *change)
{
	return other_name(change->real);
}

static int by_unlink(const struct change *change)
{
	return unlink(change->path);
}

static int by_unlinkat(const struct change *change)
{
	return unlinkat(folder_of(change->path), name_of(change->path), change->argument);
}

static int by_rmdir(const struct change *change)
{
	return rmdir(change->path);
}

static int by_int80(const struct change *change)
{
	return compat_call(change->argument, (long)low_copy(change->path, strlen(change->path) + 1),
			   (long)low_copy(other(change), strlen(other(change)) + 1), 0, 0, 0);
}

static int by_rename(const struct change *change)
{
	return rename(change->path, other(change));
}

static int by_renameat2(const struct change *change)
{
	int folder = folder_of(change->path);

	if (change->argument == RENAME_EXCHANGE)
		return renameat2(folder, name_of(change->path), AT_FDCWD, fresh(change), RENAME_EXCHANGE);
	return renameat2(folder, name_of(change->path), AT_FDCWD, other(change), change->argument);
}

/* The other way round: to the name. */
static int to_name(const struct change *change)
{
	return renameat2(AT_FDCWD, fresh(change), folder_of(change->path), name_of(change->path), change->argument);
}

static int by_link(const struct change *change)
{
	return link(change->path, other(change));
}

static int by_link_to(const struct change *change)
{
	return linkat(AT_FDCWD, fresh(change), folder_of(change->path), name_of(change->path), 0);
}

/* Since Linux 6.10 whoever opened the file himself may do this: so with other credentials than the file was opened with, though they say the
 * same. */
static int by_link_empty(const struct change *change)
{
	int file = opened(change->path, O_PATH);

	if (prctl(PR_SET_KEEPCAPS, 0))
		unprepared("prctl");
	return linkat(file, "", AT_FDCWD, other(change), AT_EMPTY_PATH);
}

static int by_link_proc(const struct change *change)
{
	return linkat(AT_FDCWD, text("/proc/self/fd/%d", opened(change->path, O_PATH)), AT_FDCWD, other(change), AT_SYMLINK_FOLLOW);
}

/* A file that never had a name. */
static int by_link_unnamed(const struct change *change)
{
	int file = opened(dirname(strdup(change->real)), O_TMPFILE | O_RDWR);

	return linkat(AT_FDCWD, text("/proc/self/fd/%d", file), folder_of(change->path), name_of(change->path), AT_SYMLINK_FOLLOW);
}

static int by_mkdir(const struct change *change)
{
	return mkdir(change->path, 0777);
}

static int by_mkdirat(const struct change *change)
{
	return mkdirat(folder_of(change->path), name_of(change->path), 0777);
}

static int by_symlink(const struct change *change)
{
	return symlink("/", change->path);
}

static int by_symlinkat(const struct change *change)
{
	return symlinkat("/", folder_of(change->path), name_of(change->path));
}

static int by_mknod(const struct change *change)
{
	return mknodat(folder_of(change->path), name_of(change->path), change->argument | 0666, makedev(1, 3));
}

static int by_bind(const struct change *change)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	strncpy(name.sun_path, change->path, sizeof(name.sun_path) - 1);
	return bind(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), (void *)&name, sizeof(name));
}

static int by_chmod(const struct change *change)
{
	return chmod(change->path, 04755);
}

static int by_fchmod(const struct change *change)
{
	return fchmod(opened(change->path, O_RDONLY), 04755);
}

static int by_chmod_proc(const struct change *change)
{
	return chmod(text("/proc/self/fd/%d", opened(change->path, O_PATH)), 04755);
}

static int by_chown(const struct change *change)
{
	return chown(change->path, 1, 1);
}

static int by_lchown(const struct change *change)
{
	return lchown(change->path, 1, 1);
}

static int by_fchown(const struct change *change)
{
	return fchown(opened(change->path, O_RDONLY), 1, 1);
}

static int by_chown_empty(const struct change *change)
{
	return fchownat(opened(change->path, O_PATH), "", 1, 1, AT_EMPTY_PATH);
}

static int by_truncate(const struct change *change)
{
	return truncate(change->path, 0);
}

static int by_ftruncate(const struct change *change)
{
	return ftruncate(opened(change->path, O_WRONLY), 0);
}

static int by_open(const struct change *change)
{
	return open(change->path, O_WRONLY | O_TRUNC | O_CLOEXEC) < 0 ? -1 : 0;
}

static int by_setxattr(const struct change *change)
{
	return setxattr(change->path, "trusted.attack", "x", 1, 0);
}

static int by_fsetxattr(const struct change *change)
{
	return fsetxattr(opened(change->path, O_RDONLY), "trusted.attack", "x", 1, 0);
}

/* There is none to remove: who gets so far was let pass. */
static int by_removexattr(const struct change *change)
{
	return removexattr(change->path, "trusted.none") && errno != ENODATA ? -1 : 0;
}

/* The same rights as the mode says: version 2, then tag, rights and nobody, three times. */
static int by_acl(const struct change *change)
{
	static const struct {
		uint32_t version;
		struct { uint16_t tag, rights; uint32_t id; } entries[3];
	} acl = {2, {{1, 7, ~0U}, {4, 5, ~0U}, {32, 5, ~0U}}};

	return setxattr(change->path, "system.posix_acl_access", &acl, sizeof(acl), 0);
}

/* A request has its paths in the same places, whatever the verb: one, or the old and the new. */
static int by_uring(const struct change *change)
{
	struct io_uring_sqe request = {.opcode = change->argument, .fd = AT_FDCWD, .addr = (uintptr_t)change->path};

	switch (change->argument) {
	case IORING_OP_RENAMEAT:
	case IORING_OP_LINKAT:
		request.len = AT_FDCWD;
		request.addr2 = (uintptr_t)other(change);
		break;
	case IORING_OP_MKDIRAT:
		request.len = 0777;
		break;
	case IORING_OP_SYMLINKAT:
		request.addr2 = request.addr;
		request.addr = (uintptr_t)"/";
		break;
	case IORING_OP_SETXATTR:
		request.addr3 = request.addr;
		request.addr = (uintptr_t)"trusted.attack";
		request.addr2 = (uintptr_t)"x";
		request.len = 1;
		break;
	}
	return uring_call(&request, URING_PLAIN) < 0 ? -1 : 0;
}

/* kind: what must be there before. "there": the file, which anybody may write; "owned": likewise, but only root can do this; "folder";
 * "absent": nothing of the name. */
static const struct {
	const char *name, *kind;
	int (*change)(const struct change *change);
	int argument;
} doors[] = {
	{"unlink", "there", by_unlink, 0},
	{"unlinkat", "there", by_unlinkat, 0},
	{"int80-unlink", "there", by_int80, COMPAT_UNLINK},
	{"rmdir", "folder", by_rmdir, 0},
	{"unlinkat-folder", "folder", by_unlinkat, AT_REMOVEDIR},
	{"rename", "there", by_rename, 0},
	{"int80-rename", "there", by_int80, COMPAT_RENAME},
	{"rename-noreplace", "there", by_renameat2, RENAME_NOREPLACE},
	{"rename-exchange", "there", by_renameat2, RENAME_EXCHANGE},
	{"rename-whiteout", "there", by_renameat2, RENAME_WHITEOUT},
	{"rename-folder", "folder", by_rename, 0},
	{"rename-over", "there", to_name, 0},
	{"rename-exchanged", "there", to_name, RENAME_EXCHANGE},
	{"rename-to", "absent", to_name, 0},
	{"rename-to-noreplace", "absent", to_name, RENAME_NOREPLACE},
	{"link", "there", by_link, 0},
	{"link-empty", "owned", by_link_empty, 0},
	{"link-proc", "there", by_link_proc, 0},
	{"link-to", "absent", by_link_to, 0},
	{"link-unnamed", "absent", by_link_unnamed, 0},
	{"mkdir", "absent", by_mkdir, 0},
	{"mkdirat", "absent", by_mkdirat, 0},
	{"symlink", "absent", by_symlink, 0},
	{"symlinkat", "absent", by_symlinkat, 0},
	{"mknod-fifo", "absent", by_mknod, S_IFIFO},
	{"mknod-socket", "absent", by_mknod, S_IFSOCK},
	{"bind-socket", "absent", by_bind, 0},
	{"chmod", "owned", by_chmod, 0},
	{"fchmod", "owned", by_fchmod, 0},
	{"chmod-proc", "owned", by_chmod_proc, 0},
	{"int80-chmod", "owned", by_int80, COMPAT_CHMOD},
	{"chown", "owned", by_chown, 0},
	{"lchown", "owned", by_lchown, 0},
	{"fchown", "owned", by_fchown, 0},
	{"chown-empty", "owned", by_chown_empty, 0},
	{"truncate", "there", by_truncate, 0},
	{"ftruncate", "there", by_ftruncate, 0},
	{"open-truncate", "there", by_open, 0},
	{"setxattr", "owned", by_setxattr, 0},
	{"fsetxattr", "owned", by_fsetxattr, 0},
	{"removexattr", "owned", by_removexattr, 0},
	{"acl", "owned", by_acl, 0},
	{"uring-unlink", "there", by_uring, IORING_OP_UNLINKAT},
	{"uring-rename", "there", by_uring, IORING_OP_RENAMEAT},
	{"uring-link", "there", by_uring, IORING_OP_LINKAT},
	{"uring-mkdir", "absent", by_uring, IORING_OP_MKDIRAT},
	{"uring-symlink", "absent", by_uring, IORING_OP_SYMLINKAT},
	{"uring-setxattr", "owned", by_uring, IORING_OP_SETXATTR},
};

/* Another file than before, or none. */
static bool moved(const struct stat *before, const char *path)
{
	struct stat now;

	return lstat(path, &now) || now.st_ino != before->st_ino;
}

/* Facts that tell whether it happened, whatever the call said. */
static void look(const struct change *change, const char *door, const struct stat *before)
{
	struct stat now = {0};

	if (!before->st_ino)
		fact("exists=%d", lstat(change->path, &now) == 0);
	else if (strstr(door, "unlink") || strstr(door, "rmdir") || strstr(door, "rename"))
		fact("delivered=%d", moved(before, change->path));
	else if (strstr(door, "truncate") && !stat(change->path, &now))
		fact("emptied=%d", !now.st_size);
}

int command_change(const struct options *options, char **args)
{
	struct change change = {.real = args[0]};
	struct stat before = {0};
	size_t door = 0;

	while (strcmp(doors[door].name, options->door ?: "unlink"))
		if (++door == COUNT(doors))
			unknown("change of a file", options->door);
	change.argument = doors[door].argument;
	change.path = alias_of(options->alias, args[0], options->work);
	lstat(change.path, &before);
	umask(0);
	fact("door=%s alias=%s", doors[door].name, options->alias);
	if (doors[door].change(&change))
		outcome->error = errno;
	look(&change, doors[door].name, &before);
	return report();
}

/* Nothing of this name, nor what changes leave beside it. */
int command_absent(const struct options *options, char **args)
{
	(void)options;
	remove(args[0]);
	remove(fresh_name(args[0]));
	remove(other_name(args[0]));
	return 0;
}

/* A new file of this name, whatever had it. */
int command_file(const struct options *options, char **args)
{
	command_absent(options, args);
	umask(0);
	write_text(args[0], "content\n", 0777);
	return 0;
}

/* An empty folder of this name, and nothing else. */
int command_folder(const struct options *options, char **args)
{
	command_absent(options, args);
	umask(0);
	if (mkdir(args[0], 0777))
		unprepared("mkdir");
	return 0;
}

void list_changes(void)
{
	for (size_t i = 0; i < COUNT(doors); i++)
		printf("change %s %s\n", doors[i].name, doors[i].kind);
}
