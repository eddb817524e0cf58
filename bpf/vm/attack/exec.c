/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Every door to running a file. A victim ends with VICTIM_STATUS: that, and nothing else, shows that it ran. */
#define _GNU_SOURCE
#include "attack.h"
#include <elf.h>
#include <libgen.h>
#include <signal.h>
#include <spawn.h>
#include <sys/personality.h>
#include <sys/sendfile.h>

/* As shells have it. */
#define EXIT_SIGNALED 128

#define COMPAT_EXECVE 11
#define COMPAT_MPROTECT 125
#define COMPAT_EXECVEAT 358

extern char **environ;

struct running {
	const char *path, *work;
	int how;
};

typedef int (*exec_fn)(const struct running *it);

static char **arguments(const char *path)
{
	char **list = calloc(2, sizeof(char *));

	list[0] = (char *)path;
	return list;
}

static int by_execve(const struct running *it)
{
	return execve(it->path, arguments(it->path), environ);
}

static int by_execveat(const struct running *it)
{
	return syscall(SYS_execveat, AT_FDCWD, it->path, arguments(it->path), environ, 0);
}

static int by_descriptor(int file)
{
	return syscall(SYS_execveat, file, "", arguments("victim"), environ, AT_EMPTY_PATH);
}

static int by_fexecve(const struct running *it)
{
	int file = open(it->path, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		unprepared("open:victim");
	return by_descriptor(file);
}

static int opened_path(const struct running *it)
{
	int file = open(it->path, O_PATH);

	if (file < 0)
		unprepared("open:O_PATH");
	return file;
}

static int by_path_descriptor(const struct running *it)
{
	return by_descriptor(opened_path(it));
}

static int by_proc_fd(const struct running *it)
{
	char *path = text("/proc/self/fd/%d", opened_path(it));

	return execve(path, arguments(path), environ);
}

void copy_content(int target, int source)
{
	struct stat facts;
	off_t start = 0;

	if (fstat(source, &facts) || sendfile(target, source, &start, facts.st_size) != facts.st_size)
		unprepared("copy");
}

/* Another file with the same bytes; true by content, not by identity. */
static void copy_to(int target, const char *path)
{
	int source = open(path, O_RDONLY | O_CLOEXEC);

	if (source < 0)
		unprepared("copy");
	copy_content(target, source);
	close(source);
}

static int by_memfd(const struct running *it)
{
	int memory = memfd_create("victim", MFD_CLOEXEC);

	if (memory < 0)
		unprepared("memfd_create");
	copy_to(memory, it->path);
	return by_descriptor(memory);
}

static char *copied(const struct running *it)
{
	char *path = text("%s/copy", it->work);
	int target = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);

	if (target < 0)
		unprepared("open:copy");
	copy_to(target, it->path);
	close(target);
	return path;
}

static int by_copy(const struct running *it)
{
	char *path = copied(it);

	return execve(path, arguments(path), environ);
}

static int by_deleted_copy(const struct running *it)
{
	char *path = copied(it);
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file < 0 || unlink(path))
		unprepared("unlink:copy");
	return by_descriptor(file);
}

/* The victim as interpreter of a script that nobody forbids. */
static int by_interpreter(const struct running *it)
{
	char *script = text("%s/script", it->work);

	write_text(script, text("#!%s\n", it->path), 0700);
	return execve(script, arguments(script), environ);
}

/* Four scripts before it: each is the interpreter of the next. */
static int by_interpreter_chain(const struct running *it)
{
	const char *last = it->path;

	for (int i = 0; i < 4; i++) {
		char *script = text("%s/script%d", it->work, i);

		write_text(script, text("#!%s\n", last), 0700);
		last = script;
	}
	return execve(last, arguments(last), environ);
}

static char *loader_of(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	char *name = calloc(1, PATH_MAX);
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	if (file < 0 || pread(file, &header, sizeof(header), 0) != sizeof(header))
		unprepared("read:victim");
	for (int i = 0; i < header.e_phnum; i++) {
		if (pread(file, &segment, sizeof(segment), header.e_phoff + i * sizeof(segment)) != sizeof(segment))
			unprepared("read:victim");
		if (segment.p_type == PT_INTERP && pread(file, name, PATH_MAX - 1, segment.p_offset) > 0) {
			close(file);
			return name;
		}
	}
	unprepared_errno("loader", ENOEXEC);
}

/* The dynamic loader is run, and maps the victim: no exec of the victim happens. */
static int by_loader(const struct running *it)
{
	char *list[] = {loader_of(it->path), (char *)it->path, NULL};

	return execve(list[0], list, environ);
}

static int by_int80(const struct running *it)
{
	uint32_t list[2] = {(uintptr_t)low_copy(it->path, strlen(it->path) + 1), 0};
	long argv = (long)low_copy(list, sizeof(list));

	return compat_call(COMPAT_EXECVE, list[0], argv, 0, 0, 0);
}

static int by_int80_at(const struct running *it)
{
	uint32_t list[2] = {(uintptr_t)low_copy(it->path, strlen(it->path) + 1), 0};
	long argv = (long)low_copy(list, sizeof(list));

	return compat_call(COMPAT_EXECVEAT, AT_FDCWD, list[0], argv, 0, 0);
}

static int by_spawn(const struct running *it)
{
	pid_t child;
	int status;

	errno = posix_spawn(&child, it->path, NULL, NULL, arguments(it->path), environ);
	if (errno)
		return -1;
	status = wait_for(child);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* Not run at all, only mapped with the right to run. */
static int by_map(const struct running *it)
{
	int file = open(it->path, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		unprepared("open:victim");
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)	/* as a JIT: of no file, and nobody's business */
		unprepared("mmap:anonymous");
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0) == MAP_FAILED)
		return -1;
	_exit(VICTIM_STATUS);
}

/* Mapped without the right to run, which is asked for afterwards. */
enum protection { BY_MPROTECT, OF_WRITABLE, OF_MOVED, BY_KEY, BY_PERSONALITY, BY_INT80 };

static char *mapped(const struct running *it, int protection)
{
	int file = open(it->path, O_RDONLY | O_CLOEXEC);
	char *area;

	if (file < 0)
		unprepared("open:victim");
	area = mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_32BIT, file, 0);
	if (area == MAP_FAILED)
		unprepared("mmap");
	return area;
}

static char *moved(char *area)
{
	char *place = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	area = mremap(area, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	if (area == MAP_FAILED)
		unprepared("mremap");
	return area;
}

static int made_executable(char *area, enum protection how)
{
	switch (how) {
	case OF_WRITABLE:
		area[0] ^= 1;	/* a page of its own, still of the file's mapping */
		return mprotect(area, 4096, PROT_READ | PROT_EXEC);
	case OF_MOVED:
		return mprotect(moved(area), 4096, PROT_READ | PROT_EXEC);
	case BY_KEY:
		return syscall(SYS_pkey_mprotect, area, 4096, PROT_READ | PROT_EXEC, -1);
	case BY_PERSONALITY:
		if (personality(READ_IMPLIES_EXEC) < 0)
			unprepared("personality");
		return mprotect(area, 4096, PROT_READ);
	case BY_INT80:
		return compat_call(COMPAT_MPROTECT, (long)area, 4096, PROT_READ | PROT_EXEC, 0, 0);
	default:
		return mprotect(area, 4096, PROT_READ | PROT_EXEC);
	}
}

static int by_protect(const struct running *it)
{
	char *area = mapped(it, it->how == OF_WRITABLE ? PROT_READ | PROT_WRITE : PROT_READ);

	if (made_executable(area, it->how))
		return -1;
	_exit(VICTIM_STATUS);
}

/* kind: run and map are the victim itself; copy is another file with its content. */
static const struct {
	const char *name, *kind;
	exec_fn run;
	int how;
} doors[] = {
	{"execve", "run", by_execve, 0},
	{"execveat", "run", by_execveat, 0},
	{"fexecve", "run", by_fexecve, 0},
	{"path", "run", by_path_descriptor, 0},
	{"procfd", "run", by_proc_fd, 0},
	{"interpreter", "run", by_interpreter, 0},
	{"interpreters", "run", by_interpreter_chain, 0},
	{"int80", "run", by_int80, 0},
	{"int80-at", "run", by_int80_at, 0},
	{"spawn", "run", by_spawn, 0},
	{"loader", "map", by_loader, 0},
	{"map", "map", by_map, 0},
	{"protect", "map", by_protect, BY_MPROTECT},
	{"protect-writable", "map", by_protect, OF_WRITABLE},
	{"protect-moved", "map", by_protect, OF_MOVED},
	{"protect-key", "map", by_protect, BY_KEY},
	{"protect-personality", "map", by_protect, BY_PERSONALITY},
	{"protect-int80", "map", by_protect, BY_INT80},
	{"memfd", "copy", by_memfd, 0},
	{"copy", "copy", by_copy, 0},
	{"deleted", "copy", by_deleted_copy, 0},
};

struct attempt {
	size_t door;
	struct running it;
	int failed;	/* pipe end that exec closes: errno of an exec that came back */
};

static int enter(void *argument)
{
	struct attempt *attempt = argument;
	int error;

	attempt->it.how = doors[attempt->door].how;
	doors[attempt->door].run(&attempt->it);
	error = errno;
	if (write(attempt->failed, &error, sizeof(error)) != sizeof(error))
		_exit(EXIT_UNPREPARED);
	return -error;
}

static void judge(int status, int failed)
{
	int error;

	if (read(failed, &error, sizeof(error)) == sizeof(error)) {
		outcome->error = error;
	} else if (WIFSIGNALED(status)) {
		fact("signal=%s", sigabbrev_np(WTERMSIG(status)));
		outcome->error = ECHILD;
	} else {
		fact("status=%d", WEXITSTATUS(status));
		/* A loader that may not map its program ends with 127: refused in the middle of its work. */
		outcome->error = WEXITSTATUS(status) == VICTIM_STATUS ? 0 : ECHILD;
	}
}

/* The context runs in a child, because an exec replaces its whole process. */
int command_exec(const struct options *options, char **args)
{
	struct attempt attempt = {.it.work = options->work};
	int failed[2];
	pid_t child;
	int status;

	for (attempt.door = 0; strcmp(doors[attempt.door].name, options->door ?: "execve");)
		if (++attempt.door == COUNT(doors))
			unknown("door to running a file", options->door);
	attempt.it.path = alias_of(options->alias, args[0], options->work);
	fact("door=%s alias=%s", doors[attempt.door].name, options->alias);
	if (pipe2(failed, O_CLOEXEC))
		unprepared("pipe");
	attempt.failed = failed[1];
	child = fork();
	if (child == 0) {
		status = run_in(options->context, enter, &attempt);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNALED);
	}
	close(failed[1]);
	status = wait_for(child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_UNPREPARED)
		return EXIT_UNPREPARED;
	judge(status, failed[0]);
	return report();
}

void list_exec_doors(void)
{
	for (size_t i = 0; i < COUNT(doors); i++)
		printf("exec %s %s\n", doors[i].name, doors[i].kind);
}
