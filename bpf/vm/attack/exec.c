/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Every door to running a file. A victim ends with VICTIM_STATUS: that, and nothing else, shows that it ran. */
#define _GNU_SOURCE
#include "attack.h"
#include <elf.h>
#include <libgen.h>
#include <signal.h>
#include <spawn.h>
#include <sys/sendfile.h>

/* As shells have it. */
#define EXIT_SIGNALED 128

#define COMPAT_EXECVE 11
#define COMPAT_EXECVEAT 358

extern char **environ;

struct running {
	const char *path, *work;
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
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0) == MAP_FAILED)
		return -1;
	_exit(VICTIM_STATUS);
}

/* kind: run and map are the victim itself; copy is another file with its content. */
static const struct {
	const char *name, *kind;
	exec_fn run;
} doors[] = {
	{"execve", "run", by_execve},
	{"execveat", "run", by_execveat},
	{"fexecve", "run", by_fexecve},
	{"path", "run", by_path_descriptor},
	{"procfd", "run", by_proc_fd},
	{"interpreter", "run", by_interpreter},
	{"interpreters", "run", by_interpreter_chain},
	{"int80", "run", by_int80},
	{"int80-at", "run", by_int80_at},
	{"spawn", "run", by_spawn},
	{"loader", "map", by_loader},
	{"map", "map", by_map},
	{"memfd", "copy", by_memfd},
	{"copy", "copy", by_copy},
	{"deleted", "copy", by_deleted_copy},
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
