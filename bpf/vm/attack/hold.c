/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What a program could notice of being held: signals, stops, interrupted calls, delays. Each command opens files that
 * command_make prepared, for the first time. */
#define _GNU_SOURCE
#include "attack.h"
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/time.h>

static volatile sig_atomic_t seen;

static void count_signal(int signal)
{
	(void)signal;
	seen++;
}

static void on_signal(int signal, int flags)
{
	struct sigaction action = {.sa_handler = count_signal, .sa_flags = flags};

	if (sigaction(signal, &action, NULL))
		unprepared("sigaction");
}

static void see_all(struct sight *sight, const struct options *options, const char *directory)
{
	for (int i = 0; i < options->count; i++)
		see(sight, directory, i, options->every);
}

static int finish(const struct options *options, const struct sight *sight)
{
	tell(sight);
	return report_if(sight->right == (unsigned)options->count);
}

static sigset_t block_continue(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return set;
}

/* A program that waits for SIGCONT in one of the three ways there are: it must not get one that nobody sent. */
int command_continued(const struct options *options, char **args)
{
	const char *door = options->door ?: "handler";
	struct timespec now = {};
	struct sight sight = {};
	struct signalfd_siginfo information;
	sigset_t set;
	int file;

	if (!strcmp(door, "handler")) {
		on_signal(SIGCONT, 0);
		see_all(&sight, options, args[0]);
	} else if (!strcmp(door, "sigwait")) {
		set = block_continue();
		see_all(&sight, options, args[0]);
		while (sigtimedwait(&set, NULL, &now) > 0)
			seen++;
	} else if (!strcmp(door, "signalfd")) {
		set = block_continue();
		file = signalfd(-1, &set, SFD_NONBLOCK);
		see_all(&sight, options, args[0]);
		while (read(file, &information, sizeof(information)) > 0)
			seen++;
	} else {
		unknown("way to wait for SIGCONT", door);
	}
	fact("door=%s seen=%d", door, (int)seen);
	return finish(options, &sight);
}

/* A parent that watches its child as shells do: it must not be told of stops and continuations. */
int command_notices(const struct options *options, char **args)
{
	struct sight *sight = shared(sizeof(*sight));
	int stopped = 0, continued = 0, status;
	pid_t child;

	on_signal(SIGCHLD, SA_RESTART);
	child = fork();
	if (child == 0) {
		see_all(sight, options, args[0]);
		_exit(0);
	}
	for (;;) {
		if (waitpid(child, &status, WUNTRACED | WCONTINUED) != child)
			unprepared("waitpid");
		if (WIFSTOPPED(status))
			stopped++, kill(child, SIGCONT);
		else if (WIFCONTINUED(status))
			continued++;
		else
			break;
	}
	fact("stopped=%d continued=%d child_signals=%d", stopped, continued, (int)seen);
	return finish(options, sight);
}

/* Calls in which other threads of the process rest; all of them give EINTR when a signal wakes the thread, some even
 * when it was stopped and continued. */
static int rest_in_epoll(int pipe_end)
{
	struct epoll_event event = {.events = EPOLLIN};
	int set = epoll_create1(EPOLL_CLOEXEC), result;

	epoll_ctl(set, EPOLL_CTL_ADD, pipe_end, &event);
	result = epoll_wait(set, &event, 1, 20);
	close(set);
	return result;
}

static int rest_in_poll(int pipe_end)
{
	struct pollfd wanted = {.fd = pipe_end, .events = POLLIN};

	return poll(&wanted, 1, 20);
}

static int rest_in_sleep(int pipe_end)
{
	(void)pipe_end;
	return usleep(20000);
}

static int rest_in_semaphore(int pipe_end)
{
	struct timespec until;
	sem_t nobody_posts;

	(void)pipe_end;
	sem_init(&nobody_posts, 0, 0);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 20000000;
	if (until.tv_nsec >= 1000000000)
		until.tv_sec++, until.tv_nsec -= 1000000000;
	return sem_timedwait(&nobody_posts, &until);
}

static const struct {
	const char *name;
	int (*rest)(int pipe_end);
} rests[] = {{"epoll", rest_in_epoll}, {"poll", rest_in_poll}, {"sleep", rest_in_sleep}, {"semaphore", rest_in_semaphore}};

struct rester {
	int index, pipe_end;
	unsigned calls, interrupted;
};

static bool enough;

static int rest(void *argument)
{
	struct rester *rester = argument;

	while (!__atomic_load_n(&enough, __ATOMIC_RELAXED)) {
		if (rests[rester->index].rest(rester->pipe_end) < 0 && errno == EINTR)
			rester->interrupted++;
		rester->calls++;
	}
	return 0;
}

/* While one thread is held, the others must not notice. */
int command_bystander(const struct options *options, char **args)
{
	struct rester resters[COUNT(rests)] = {};
	void *threads[COUNT(rests)];
	struct sight sight = {};
	int ends[2];

	if (pipe(ends))
		unprepared("pipe");
	for (size_t i = 0; i < COUNT(rests); i++) {
		resters[i] = (struct rester){.index = i, .pipe_end = ends[0]};
		threads[i] = start_thread(rest, &resters[i]);
	}
	see_all(&sight, options, args[0]);
	__atomic_store_n(&enough, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < COUNT(rests); i++) {
		join_thread(threads[i]);
		fact("%s=%u", rests[i].name, resters[i].interrupted);
	}
	return finish(options, &sight);
}

/* A timer goes off all the time, as in programs with profilers or timeouts: opens of regular files never give EINTR, and
 * the handler runs. */
int command_timer(const struct options *options, char **args)
{
	struct itimerval timer = {{0, 1000}, {0, 1000}}, off = {};
	struct sight sight = {};

	on_signal(SIGALRM, 0);
	setitimer(ITIMER_REAL, &timer, NULL);
	see_all(&sight, options, args[0]);
	setitimer(ITIMER_REAL, &off, NULL);
	fact("alarms=%d", (int)seen);
	return finish(options, &sight);
}

static pid_t start_opening(const struct options *options, char **args, struct sight *sight)
{
	pid_t child = fork();

	if (child == 0) {
		see_all(sight, options, args[0]);
		_exit(0);
	}
	usleep(options->milliseconds * 1000);
	return child;
}

/* The first wait status that comes within a second, -1 if none does. */
static int status_within_a_second(pid_t child, int flags)
{
	int status;

	for (int i = 0; i < 1000; i++) {
		if (waitpid(child, &status, flags | WNOHANG) == child)
			return status;
		usleep(1000);
	}
	return -1;
}

/* A stop that somebody really asked for, in the middle of waiting, is obeyed and lasts. */
int command_stopped(const struct options *options, char **args)
{
	struct sight *sight = shared(sizeof(*sight));
	pid_t child = start_opening(options, args, sight);
	int status;

	kill(child, SIGSTOP);
	status = status_within_a_second(child, WUNTRACED);
	fact("stopped=%d before=%u", status != -1 && WIFSTOPPED(status), sight->opens);
	if (status != -1 && WIFSTOPPED(status))
		fact("stayed=%d", status_within_a_second(child, WCONTINUED) == -1);
	kill(child, SIGCONT);
	if (status == -1 || WIFSTOPPED(status))
		wait_for(child);
	return finish(options, sight);
}

struct opener {
	unsigned opens;
	int error;	/* with which it ended */
};

static _Noreturn void fails(struct opener *opener)
{
	opener->error = errno;
	_exit(EXIT_FAILED);
}

/* Opens a file under another new name each time, for ever: each open is the first of its kind. */
static _Noreturn void open_for_ever(const char *directory, struct opener *opener)
{
	char *name = text("%s/file-%d", directory, 0), *next;

	write_text(name, "content\n", 0644);
	for (int i = 1;; i++) {
		int file = open(name, O_RDONLY | O_CLOEXEC);

		if (file < 0)
			fails(opener);
		close(file);
		__atomic_fetch_add(&opener->opens, 1, __ATOMIC_RELAXED);
		next = text("%s/file-%d", directory, i);
		if (rename(name, next))
			fails(opener);
		free(name);
		name = next;
	}
}

/* 'T' for one that is stopped; a name may have brackets of its own. */
static char state_of(pid_t child)
{
	char *name = text("/proc/%d/stat", child), stat[512] = "", *end;
	int file = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? 0 : read(file, stat, sizeof(stat) - 1);

	if (file >= 0)
		close(file);
	free(name);
	end = length > 0 ? strrchr(stat, ')') : NULL;
	return end && end[1] ? end[2] : 0;
}

/* However slow the machine is: what stands still and is not stopped only waits for its answer. */
static bool is_not_left_stopped(pid_t child, const struct opener *opener)
{
	unsigned before = __atomic_load_n(&opener->opens, __ATOMIC_RELAXED), stopped = 0;

	for (unsigned looks = 0; looks < 300000; looks++) {
		char state = state_of(child);

		if (__atomic_load_n(&opener->opens, __ATOMIC_RELAXED) != before)
			return true;
		if (!state || strchr("ZX", state))
			unprepared_errno("died", opener->error);
		stopped = state == 'T' ? stopped + 1 : 0;
		if (stopped == 1000)
			return false;
		usleep(1000);
	}
	return false;
}

/* Whether the stop comes through; with "undone", whether it does not outlast the SIGCONT right behind it. */
static bool stop_counts(pid_t child, const char *door, const struct opener *opener)
{
	bool undone = !strcmp(door, "undone");
	int status;

	if (!strcmp(door, "thread") ? syscall(SYS_tgkill, child, child, SIGSTOP) : kill(child, SIGTSTP))
		unprepared("stop");
	if (undone) {
		kill(child, SIGCONT);
		return is_not_left_stopped(child, opener);
	}
	status = status_within_a_second(child, WUNTRACED);
	if (status != -1 && !WIFSTOPPED(status))
		unprepared_errno(WIFSIGNALED(status) ? text("killed:%d", WTERMSIG(status)) : "died", opener->error);
	return status != -1;
}

/* Real stops, to the process ("process", SIGTSTP) or to the thread ("thread", SIGSTOP), at any moment of a program that is held all the time: not one
 * is lost; and none that is taken back at once ("undone") lasts. In a process group of its own, or the kernel would ignore SIGTSTP. */
int command_stops(const struct options *options, char **args)
{
	struct opener *opener = shared(sizeof(*opener));
	unsigned lost = 0;
	pid_t child = fork();

	if (child == 0) {
		setpgid(0, 0);
		open_for_ever(args[0], opener);
	}
	while (!__atomic_load_n(&opener->opens, __ATOMIC_RELAXED))
		usleep(1000);
	for (int i = 0; i < options->count; i++) {
		usleep(random() % 3000);
		lost += !stop_counts(child, options->door ?: "process", opener);
		kill(child, SIGCONT);
	}
	kill(child, SIGKILL);
	wait_for(child);
	fact("stops=%d lost=%u opens=%u", options->count, lost, opener->opens);
	return report_if(!lost);
}

/* A waiting task dies at once when it is killed. */
int command_killed(const struct options *options, char **args)
{
	struct sight *sight = shared(sizeof(*sight));
	pid_t child = start_opening(options, args, sight);
	uint64_t start = now_us();
	int status;

	kill(child, SIGKILL);
	status = wait_for(child);
	fact("killed=%d death_us=%llu before=%u", WIFSIGNALED(status), (unsigned long long)(now_us() - start), sight->opens);
	return report();
}

/* The same open again and again for a time: not one may succeed, whatever happens to the engine meanwhile. */
int command_persist(const struct options *options, char **args)
{
	uint64_t end = now_us() + options->milliseconds * 1000ull, start, us, longest = 0;
	unsigned tries = 0, refused = 0, let_through = 0;

	for (; now_us() < end; tries++) {
		int file;

		start = now_us();
		file = open(args[0], O_RDONLY | O_CLOEXEC);
		us = now_us() - start;
		if (us > longest)
			longest = us;
		if (file >= 0)
			let_through++, close(file);
		else if (errno == EPERM)
			refused++;
	}
	fact("tries=%u refused=%u let_through=%u longest_us=%llu", tries, refused, let_through, (unsigned long long)longest);
	return report_if(refused == tries);
}

/* Makes another process slow: it stands half of the time. */
int command_stutter(const struct options *options, char **args)
{
	pid_t pid = atoi(args[0]);

	for (int i = 0; i < options->count; i++) {
		if (kill(pid, SIGSTOP))
			unprepared("kill");
		usleep(options->milliseconds * 1000);
		kill(pid, SIGCONT);
		usleep(options->milliseconds * 1000);
	}
	return report();
}

/* The kernel writes the core file in the name of the dying task; args[0] is the directory. */
int command_core(const struct options *options, char **args)
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	uint64_t start = now_us();
	pid_t child;
	int status;

	(void)options;
	child = fork();
	if (child == 0) {
		if (chdir(args[0]) || setrlimit(RLIMIT_CORE, &unlimited))
			unprepared("setrlimit");
		abort();
	}
	status = wait_for(child);
	fact("signal=%s core=%d us=%llu", WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : "none",
	     WIFSIGNALED(status) && WCOREDUMP(status), (unsigned long long)(now_us() - start));
	return report();
}

/* Opens a file as the process of a number that another one had before. */
int command_as(const struct options *options, char **args)
{
	int *error = shared(sizeof(*error));

	for (int i = 0; i < 200; i++) {
		pid_t child;

		write_text("/proc/sys/kernel/ns_last_pid", text("%d", options->count - 1), 0);
		child = fork();
		if (child == 0 && getpid() == options->count)
			*error = open(args[0], O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
		if (child == 0)
			_exit(0);
		wait_for(child);
		if (child == options->count) {
			outcome->error = *error;
			fact("pid=%d", child);
			return report();
		}
	}
	errno = EAGAIN;
	unprepared("pid");
}
