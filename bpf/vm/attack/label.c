/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Every way to be another task than the one that was given a label: opening the first file gives it, the second is what whoever has it may not open. */
#define _GNU_SOURCE
#include "attack.h"
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#define WAIT_STEP_US 10000
#define WAIT_STEPS 6000

struct files { const char *marker, *object; };

static volatile int stage;	/* of threads that wait for one another */

static void open_object(const struct files *files)
{
	int file = open(files->object, O_RDONLY);

	outcome->error = file < 0 ? errno : 0;
}

static void open_marker(const struct files *files)
{
	int file = open(files->marker, O_RDONLY);

	if (file < 0)
		unprepared("open:marker");
	close(file);
}

/* By an open that makes the marker if it is not there. */
static void in_maker(const struct files *files)
{
	int file = open(files->marker, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (file < 0)
		unprepared("create:marker");
	close(file);
	open_object(files);
}

static _Noreturn void exec_and_open(const char *object)
{
	execl("/proc/self/exe", "attack", "open", object, NULL);
	unprepared("exec:self");
}

static void await_stage(int wanted)
{
	for (int i = 0; i < WAIT_STEPS && stage < wanted; i++)
		usleep(WAIT_STEP_US);
	if (stage < wanted)
		unprepared_errno("stage", ETIMEDOUT);
}

static void in_self(const struct files *files)
{
	open_marker(files);
	open_object(files);
}

static void in_descendant(const struct files *files, int generations)
{
	pid_t child;

	if (!generations) {
		open_object(files);
		return;
	}
	child = fork();
	if (child < 0)
		unprepared("fork");
	if (child == 0) {
		in_descendant(files, generations - 1);
		_exit(0);
	}
	wait_for(child);
}

static void in_child(const struct files *files)
{
	open_marker(files);
	in_descendant(files, 1);
}

static void in_grandchild(const struct files *files)
{
	open_marker(files);
	in_descendant(files, 2);
}

/* Shared with children that nobody can wait for. */
static volatile int *flag(void)
{
	static volatile int *flags;

	return flags ? flags : (flags = shared(sizeof(int)));
}

static void await_flag(void)
{
	for (int i = 0; i < WAIT_STEPS && !*flag(); i++)
		usleep(WAIT_STEP_US);
	if (!*flag())
		unprepared_errno("flag", ETIMEDOUT);
}

/* Its parent is gone, and it has a session of its own. */
static void in_daemon(const struct files *files)
{
	pid_t child, parent;

	flag();
	open_marker(files);
	child = fork();
	if (child < 0)
		unprepared("fork");
	if (child == 0) {
		setsid();
		parent = getpid();
		if (fork())
			_exit(0);
		for (int i = 0; i < WAIT_STEPS && getppid() == parent; i++)
			usleep(WAIT_STEP_US);
		open_object(files);
		*flag() = 1;
		_exit(0);
	}
	wait_for(child);
	await_flag();
}

static int open_in_clone(void *files)
{
	open_object(files);
	*flag() = 1;
	return 0;
}

/* A child of the parent's, which has not the label. */
static void in_sibling(const struct files *files)
{
	struct clone_args arguments = {.flags = CLONE_PARENT};
	long child;

	flag();
	open_marker(files);
	child = syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (child < 0)
		unprepared("clone3");
	if (child == 0)
		_exit(open_in_clone((void *)files));
	await_flag();
}

static void in_vfork(const struct files *files)
{
	static char stack[65536] __attribute__((aligned(16)));
	int child;

	flag();
	open_marker(files);
	child = clone(open_in_clone, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)files);
	if (child < 0)
		unprepared("clone");
	wait_for(child);
}

static int thread_marks(void *files)
{
	open_marker(files);
	return 0;
}

/* What one thread is given all have. */
static void by_thread(const struct files *files)
{
	join_thread(start_thread(thread_marks, (void *)files));
	open_object(files);
}

static int thread_waits_and_opens(void *files)
{
	await_stage(1);
	open_object(files);
	return 0;
}

/* A thread that was there before. */
static void in_thread(const struct files *files)
{
	void *thread = start_thread(thread_waits_and_opens, (void *)files);

	open_marker(files);
	stage = 1;
	join_thread(thread);
}

static void by_thread_in_child(const struct files *files)
{
	join_thread(start_thread(thread_marks, (void *)files));
	in_descendant(files, 1);
}

static void in_exec(const struct files *files)
{
	open_marker(files);
	exec_and_open(files->object);
}

static int thread_waits_and_execs(void *files)
{
	await_stage(1);
	exec_and_open(((const struct files *)files)->object);
}

/* It becomes the first thread, and takes the number of the one that was given the label. */
static void in_exec_of_thread(const struct files *files)
{
	void *thread = start_thread(thread_waits_and_execs, (void *)files);

	open_marker(files);
	stage = 1;
	join_thread(thread);
}

/* The same, but it was given to a third one. */
static void in_exec_of_another_thread(const struct files *files)
{
	void *thread = start_thread(thread_waits_and_execs, (void *)files);

	join_thread(start_thread(thread_marks, (void *)files));
	stage = 1;
	join_thread(thread);
}

/* The marker is a program that does not start. */
static void after_exec(const struct files *files)
{
	execl(files->marker, files->marker, NULL);
	fact("exec=%s", errno_name(errno));
	open_object(files);
}

static void in_exec_after_exec(const struct files *files)
{
	execl(files->marker, files->marker, NULL);
	exec_and_open(files->object);
}

/* Says that it has the label, and waits to be let go on. */
static void after_wait(const struct files *files)
{
	char *ready = text("%s.ready", files->marker), *go = text("%s.go", files->marker);

	open_marker(files);
	write_text(ready, "", 0666);
	for (int i = 0; i < WAIT_STEPS && access(go, F_OK); i++)
		usleep(WAIT_STEP_US);
	open_object(files);
}

static const struct {
	const char *name;
	void (*act)(const struct files *files);
	const char *kind;	/* all: the marker is a file that is opened, and each ends by itself */
} doors[] = {
	{"self", in_self, "all"},
	{"child", in_child, "all"},
	{"grandchild", in_grandchild, "all"},
	{"daemon", in_daemon, "all"},
	{"sibling", in_sibling, "all"},
	{"vfork", in_vfork, "all"},
	{"by-thread", by_thread, "all"},
	{"in-thread", in_thread, "all"},
	{"by-thread-child", by_thread_in_child, "all"},
	{"exec", in_exec, "all"},
	{"exec-thread", in_exec_of_thread, "all"},
	{"exec-other-thread", in_exec_of_another_thread, "all"},
	{"after-exec", after_exec, "program"},
	{"exec-after-exec", in_exec_after_exec, "program"},
	{"wait", after_wait, "wait"},
	{"create", in_maker, "create"},
};

int command_label(const struct options *options, char **args)
{
	struct files files = {args[0], args[1]};
	size_t door;

	for (door = 0; strcmp(doors[door].name, options->door ?: "self");)
		if (++door == COUNT(doors))
			unknown("door to a label", options->door);
	fact("door=%s", doors[door].name);
	doors[door].act(&files);
	return report();
}

void list_label_doors(void)
{
	for (size_t i = 0; i < COUNT(doors); i++)
		printf("label %s %s\n", doors[i].name, doors[i].kind);
}
