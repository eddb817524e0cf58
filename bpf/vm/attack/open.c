/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Every door to the content of a file. */
#define _GNU_SOURCE
#include "attack.h"
#include <libgen.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>

#define X32_CALL 0x40000000
#define COMPAT_OPEN 5
#define COMPAT_CREAT 8
#define COMPAT_OPENAT 295

/* It is open, but not as a descriptor of this process. */
#define OPEN_ELSEWHERE INT_MAX

typedef long (*door_fn)(const char *path, int argument);

static long by_openat(const char *path, int flags)
{
	return syscall(SYS_openat, AT_FDCWD, path, flags, 0666);
}

static long by_open(const char *path, int flags)
{
	return syscall(SYS_open, path, flags, 0666);
}

static long by_openat2(const char *path, int flags)
{
	struct open_how how = {.flags = flags};

	return syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

static long by_creat(const char *path, int flags)
{
	(void)flags;
	return syscall(SYS_creat, path, 0666);
}

static long by_int80(const char *path, int number)
{
	long name = (long)low_copy(path, strlen(path) + 1);

	if (number == COMPAT_OPENAT)
		return compat_call(number, AT_FDCWD, name, O_RDONLY, 0, 0);
	return compat_call(number, name, number == COMPAT_CREAT ? 0666 : O_RDONLY, 0, 0, 0);
}

static long by_x32(const char *path, int flags)
{
	long result = syscall(X32_CALL | SYS_open, path, flags, 0);

	if (result < 0 && errno == ENOSYS)
		unprepared("x32");
	return result;
}

/* Somebody else has opened it. */
static long by_gift(const char *path, int gift)
{
	return given(gift, path, NULL, 0, 0);
}

/* A path descriptor gives no content, so taking one is allowed; opening it again is an open. */
static long by_reopen(const char *path, int flags)
{
	int handle = open(path, O_PATH);

	if (handle < 0)
		unprepared("open:O_PATH");
	return open(text("/proc/self/fd/%d", handle), flags);
}

static long by_handle(const char *path, int flags)
{
	struct file_handle *handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
	int mount_id, parent;

	handle->handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, path, handle, &mount_id, AT_SYMLINK_FOLLOW))
		unprepared("name_to_handle_at");
	parent = open(dirname(strdup(path)), O_RDONLY | O_DIRECTORY);
	if (parent < 0)
		unprepared("open:parent");
	return open_by_handle_at(parent, handle, flags);
}

/* A file without a name below the path, which is a directory. */
static long by_tmpfile(const char *path, int flags)
{
	long file = open(path, O_TMPFILE | flags, 0600);

	if (file < 0 && errno == EOPNOTSUPP)
		unprepared("open:O_TMPFILE");
	return file;
}

static long by_mknod(const char *path, int flags)
{
	(void)flags;
	if (mknod(path, S_IFREG | 0600, 0))
		return -1;
	return OPEN_ELSEWHERE;
}

static long by_uring(const char *path, int way)
{
	struct io_uring_sqe request = {
		.opcode = IORING_OP_OPENAT,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)path,
		.open_flags = O_RDONLY,
	};

	if (way != URING_FIXED)
		return uring_call(&request, way);
	request.file_index = 1;
	return uring_call(&request, way) < 0 ? -1 : OPEN_ELSEWHERE;
}

static long by_uring2(const char *path, int way)
{
	struct open_how how = {.flags = O_RDONLY};
	struct io_uring_sqe request = {
		.opcode = IORING_OP_OPENAT2,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)path,
		.addr2 = (uintptr_t)&how,
		.len = sizeof(how),
	};

	return uring_call(&request, way);
}

/* kind: content opens an existing file, create makes one, directory needs one, free gives no content. */
static const struct {
	const char *name, *kind;
	door_fn open;
	int argument;
} doors[] = {
	{"open", "content", by_open, O_RDONLY},
	{"openat", "content", by_openat, O_RDONLY},
	{"openat2", "content", by_openat2, O_RDONLY},
	{"int80-open", "content", by_int80, COMPAT_OPEN},
	{"int80-openat", "content", by_int80, COMPAT_OPENAT},
	{"x32-open", "content", by_x32, O_RDONLY},
	{"write", "content", by_openat, O_WRONLY},
	{"readwrite", "content", by_openat, O_RDWR},
	{"append", "content", by_openat, O_WRONLY | O_APPEND},
	{"truncate", "content", by_openat, O_WRONLY | O_TRUNC},
	{"nonblock", "content", by_openat, O_RDONLY | O_NONBLOCK},
	{"access3", "content", by_openat, O_ACCMODE},
	{"creat", "content", by_creat, 0},
	{"int80-creat", "content", by_int80, COMPAT_CREAT},
	{"reopen", "content", by_reopen, O_RDONLY},
	{"handle", "content", by_handle, O_RDONLY},
	{"uring", "content", by_uring, URING_PLAIN},
	{"uring-async", "content", by_uring, URING_ASYNC},
	{"uring-sqpoll", "content", by_uring, URING_SQPOLL},
	{"uring-fixed", "content", by_uring, URING_FIXED},
	{"uring2", "content", by_uring2, URING_PLAIN},
	{"uring2-async", "content", by_uring2, URING_ASYNC},
	{"given", "content", by_gift, GIFT_FILE},
	{"given-fetched", "content", by_gift, GIFT_FETCHED},
	{"create", "create", by_openat, O_WRONLY | O_CREAT},
	{"exclusive", "create", by_openat, O_WRONLY | O_CREAT | O_EXCL},
	{"creat-new", "create", by_creat, 0},
	{"mknod", "create", by_mknod, 0},
	{"tmpfile", "directory", by_tmpfile, O_RDWR},
	{"path", "free", by_openat, O_PATH},
};

struct attempt {
	size_t door;
	const char *path;
};

static int enter(void *argument)
{
	struct attempt *attempt = argument;
	int file = doors[attempt->door].open(attempt->path, doors[attempt->door].argument);
	int error = errno;
	struct stat facts;
	char byte;

	if (file < 0)
		return -error;
	if (fstat(file, &facts) == 0)
		fact("inode=%llu read=%zd", (unsigned long long)facts.st_ino, read(file, &byte, 1));
	close(file);
	return 0;
}

int command_open(const struct options *options, char **args)
{
	struct attempt attempt;
	struct stat facts;

	for (attempt.door = 0; strcmp(doors[attempt.door].name, options->door ?: "open");)
		if (++attempt.door == COUNT(doors))
			unknown("door to a file", options->door);
	attempt.path = alias_of(options->alias, args[0], options->work);
	fact("door=%s alias=%s", doors[attempt.door].name, options->alias);
	if (run_in(options->context, enter, &attempt))
		outcome->error = outcome->error ?: ECHILD;
	if (!strcmp(doors[attempt.door].kind, "content"))
		fact("size=%lld", stat(attempt.path, &facts) ? -1 : (long long)facts.st_size);
	if (!strcmp(doors[attempt.door].kind, "create"))
		fact("exists=%d", access(attempt.path, F_OK) == 0);
	return report();
}

/* As the file system says it in a handle, the only place where one without FS_IOC_GETVERSION does. */
int command_generation(const struct options *options, char **args)
{
	struct file_handle *handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
	unsigned words[3];
	int mount_id;

	(void)options;
	handle->handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, args[0], handle, &mount_id, 0))
		unprepared("name_to_handle_at");
	if (handle->handle_bytes != sizeof(words))	/* tmpfs: generation, and 64 bits of the inode's number */
		unprepared_errno("handle-of-tmpfs", EINVAL);
	memcpy(words, handle->f_handle, sizeof(words));
	fact("generation=%u", words[0]);
	return report();
}

void list_open_doors(void)
{
	for (size_t i = 0; i < COUNT(doors); i++)
		printf("open %s %s\n", doors[i].name, doors[i].kind);
}
