/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Who does it: the kinds of task in which a hook may find itself. */
#define _GNU_SOURCE
#include "attack.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>

#define STACK_BYTES (256 << 10)

struct call {
	context_fn function;
	void *argument;
	struct outcome *outcome;
};

static int perform(void *argument)
{
	struct call *call = argument;
	uint64_t start = now_us();
	int result = call->function(call->argument);

	call->outcome->error = result < 0 ? -result : 0;
	fact("us=%llu", (unsigned long long)(now_us() - start));
	return 0;
}

int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			unprepared("waitpid");
	return status;
}

/* A helper task that could not prepare has told so already. */
static int expect_prepared(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_UNPREPARED)
		_exit(EXIT_UNPREPARED);
	return status;
}

static int in_main(struct call *call)
{
	return perform(call);
}

struct thread {
	pthread_t handle;
	context_fn function;
	void *argument;
};

static void *thread_body(void *argument)
{
	struct thread *thread = argument;

	thread->function(thread->argument);
	return NULL;
}

void *start_thread(context_fn function, void *argument)
{
	struct thread *thread = calloc(1, sizeof(*thread));

	thread->function = function;
	thread->argument = argument;
	errno = pthread_create(&thread->handle, NULL, thread_body, thread);
	if (errno)
		unprepared("pthread_create");
	return thread;
}

void join_thread(void *thread)
{
	pthread_join(((struct thread *)thread)->handle, NULL);
	free(thread);
}

static int in_thread(struct call *call)
{
	join_thread(start_thread(perform, call));
	return 0;
}

static int in_clone(struct call *call, int flags)
{
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	if (stack == MAP_FAILED)
		unprepared("mmap:stack");
	child = clone(perform, stack + STACK_BYTES, flags | SIGCHLD, call);
	if (child < 0)
		unprepared("clone");
	return expect_prepared(wait_for(child));
}

static int in_child(struct call *call)
{
	return in_clone(call, 0);
}

static int in_vfork(struct call *call)
{
	return in_clone(call, CLONE_VM | CLONE_VFORK);
}

/* The first process of a process-id namespace: it cannot be stopped from inside, so no call of it may be restarted. */
static int in_init(struct call *call)
{
	return in_clone(call, CLONE_NEWPID);
}

static int in_blocked(struct call *call)
{
	sigset_t all, previous;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &previous);
	perform(call);
	sigprocmask(SIG_SETMASK, &previous, NULL);
	return 0;
}

/* Alone in a session: an orphaned process group, where the stops of job control are thrown away. */
static int in_session(struct call *call)
{
	pid_t child = fork();

	if (child == 0) {
		setsid();
		_exit(perform(call));
	}
	return expect_prepared(wait_for(child));
}

/* Like strace does (calls) or a debugger (signals only): every stop is seen, and every signal is handed on. */
static int traced(struct call *call, long options)
{
	int status, stops = 0, signals = 0;
	pid_t child = fork();

	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		perform(call);
		_exit(0);
	}
	status = wait_for(child);
	if (!WIFSTOPPED(status) || ptrace(PTRACE_SETOPTIONS, child, 0, options | PTRACE_O_EXITKILL))
		unprepared("ptrace");
	for (int signal = 0;;) {
		if (ptrace(options ? PTRACE_SYSCALL : PTRACE_CONT, child, 0, signal))
			unprepared("ptrace:continue");
		status = wait_for(child);
		if (!WIFSTOPPED(status))
			break;
		stops++;
		signal = WSTOPSIG(status);
		if (signal == (SIGTRAP | 0x80) || signal == SIGTRAP)
			signal = 0;
		else if (signal != SIGCHLD)
			signals++;
	}
	fact("stops=%d signals=%d", stops, signals);
	return expect_prepared(status);
}

static int in_traced(struct call *call)
{
	return traced(call, 0);
}

static int in_straced(struct call *call)
{
	return traced(call, PTRACE_O_TRACESYSGOOD);
}

/* Twice: by then in a user namespace of its own, where it may arrange names. */
static int in_namespace(struct call *call)
{
	pid_t child = fork();

	if (child == 0) {
		perform(call);
		if (unshare(CLONE_NEWUSER))
			unprepared("unshare");
		_exit(perform(call));
	}
	return expect_prepared(wait_for(child));
}

static const struct {
	const char *name;
	int (*run)(struct call *call);
} contexts[] = {
	{"main", in_main},	{"thread", in_thread},	 {"child", in_child},	{"vfork", in_vfork},	{"init", in_init},
	{"blocked", in_blocked}, {"session", in_session}, {"traced", in_traced}, {"straced", in_straced},
	{"namespaced", in_namespace},
};

int run_in(const char *context, context_fn function, void *argument)
{
	struct call call = {function, argument, outcome};

	fact("context=%s", context);
	for (size_t i = 0; i < COUNT(contexts); i++)
		if (!strcmp(contexts[i].name, context))
			return contexts[i].run(&call);
	unknown("context", context);
}

void list_contexts(void)
{
	for (size_t i = 0; i < COUNT(contexts); i++)
		printf("context %s\n", contexts[i].name);
}
