/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Many first times at once. Every "every"th file is called forbidden-N, all others file-N; a policy that denies the
 * first kind makes each answer predictable, and each wrong one countable. */
#define _GNU_SOURCE
#include "attack.h"
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

static char *file_name(const char *directory, int index, int every)
{
	return text("%s/%s-%d", directory, every && index % every == 0 ? "forbidden" : "file", index);
}

/* With -d links all of a kind are names of one file. */
int command_make(const struct options *options, char **args)
{
	bool links = options->door && !strcmp(options->door, "links");
	char *first[2] = {};

	if (mkdir(args[0], 0777) && errno != EEXIST)
		unprepared("mkdir");
	for (int i = 0; i < options->count; i++) {
		bool forbidden = options->every && i % options->every == 0;
		char *name = file_name(args[0], i, options->every);

		if (!first[forbidden] || !links)
			write_text(first[forbidden] = name, "content\n", 0644);
		else if (link(first[forbidden], name))
			unprepared("link");
	}
	fact("files=%d", options->count);
	return report();
}

void see(struct sight *sight, const char *directory, int index, int every)
{
	bool forbidden = every && index % every == 0;
	char *name = file_name(directory, index, every);
	uint64_t start = now_us(), us;
	int file = open(name, O_RDONLY | O_CLOEXEC);
	int error = errno;

	us = now_us() - start;
	sight->opens++;
	sight->total_us += us;
	if (us > sight->longest_us)
		sight->longest_us = us;
	if (file >= 0 && close(file) == 0)
		forbidden ? sight->let_through++ : sight->right++;
	else if (error == EPERM)
		forbidden ? sight->right++ : sight->refused++;
	else
		sight->failed++, sight->other = error;
	free(name);
}

void tell(const struct sight *sight)
{
	fact("opens=%u right=%u let_through=%u refused=%u failed=%u mean_us=%llu longest_us=%llu", sight->opens, sight->right,
	     sight->let_through, sight->refused, sight->failed,
	     (unsigned long long)(sight->opens ? sight->total_us / sight->opens : 0),
	     (unsigned long long)sight->longest_us);
	if (sight->failed)
		fact("other=%s", errno_name(sight->other));
}

/* One process or thread of a storm and the share of files that is its own. */
struct share {
	const struct options *options;
	const char *directory;
	int first, start;
	struct sight *sight;
};

static int take_share(void *argument)
{
	struct share *share = argument;
	char byte;

	/* All begin at the same moment: when the other end of the pipe is closed. */
	if (read(share->start, &byte, 1) != 0)
		unprepared("storm:start");
	for (int i = 0; i < share->options->count; i++)
		see(share->sight, share->directory, share->first + i, share->options->every);
	return 0;
}

static void add(struct sight *sum, const struct sight *sight)
{
	sum->opens += sight->opens;
	sum->right += sight->right;
	sum->let_through += sight->let_through;
	sum->refused += sight->refused;
	sum->failed += sight->failed;
	sum->total_us += sight->total_us;
	if (sight->longest_us > sum->longest_us)
		sum->longest_us = sight->longest_us;
	if (sight->failed)
		sum->other = sight->other;
}

static void on_continue(int signal)
{
	(void)signal;
}

/* What makes the tasks of a storm harder to hold, or their events more. */
static void make_harder(const char *door, struct share *share)
{
	struct sigaction action = {.sa_handler = on_continue, .sa_flags = SA_RESTART};
	char *mount_point = text("%s/at-%d", share->directory, share->first);

	if (!strcmp(door, "handler")) {
		sigaction(SIGCONT, &action, NULL);
	} else if (!strcmp(door, "binds")) {
		if (mkdir(mount_point, 0777) || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount(share->directory, mount_point, NULL, MS_BIND, NULL))
			unprepared("bind");
		share->directory = mount_point;
	} else {
		unknown("kind of storm", door);
	}
}

/* In each of the processes, threads; without threads the process itself. */
static void storm_process(struct share *shares, int threads)
{
	void *handles[threads + 1];

	if (shares->options->door)
		make_harder(shares->options->door, shares);
	for (int i = 1; i < threads; i++)
		handles[i] = start_thread(take_share, &shares[i]);
	take_share(&shares[0]);
	for (int i = 1; i < threads; i++)
		join_thread(handles[i]);
}

int command_storm(const struct options *options, char **args)
{
	int threads = options->threads ?: 1, tasks = options->processes * threads, start[2];
	struct sight *sights = shared(tasks * sizeof(*sights)), sum = {};
	struct share *shares = calloc(tasks, sizeof(*shares));
	uint64_t begun;

	if (pipe2(start, O_CLOEXEC))
		unprepared("pipe");
	for (int i = 0; i < tasks; i++)
		shares[i] = (struct share){options, args[0], i * options->count, start[0], &sights[i]};
	for (int i = 0; i < options->processes; i++)
		if (fork() == 0) {
			close(start[1]);
			storm_process(&shares[i * threads], threads);
			_exit(0);
		}
	begun = now_us();
	close(start[1]);
	for (int i = 0; i < options->processes; i++)
		if (wait_for(-1))
			fact("died=1");
	fact("us=%llu", (unsigned long long)(now_us() - begun));
	for (int i = 0; i < tasks; i++)
		add(&sum, &sights[i]);
	tell(&sum);
	return report_if(sum.right == (unsigned)(tasks * options->count));
}

struct execs {
	unsigned right, let_through, refused, failed;
};

static void run_one(struct execs *execs, const char *path, bool forbidden)
{
	pid_t child = vfork();
	int status;

	if (child == 0) {
		execl(path, path, NULL);
		_exit(errno == EPERM ? EXIT_FAILED : EXIT_UNPREPARED);
	}
	status = wait_for(child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILED)
		forbidden ? execs->right++ : execs->refused++;
	else if (WIFEXITED(status) && WEXITSTATUS(status) == VICTIM_STATUS)
		forbidden ? execs->let_through++ : execs->right++;
	else
		execs->failed++;
}

/* Processes that live too short to be looked up afterwards. ALLOWED and FORBIDDEN end with VICTIM_STATUS. */
int command_exec_storm(const struct options *options, char **args)
{
	struct execs *all = shared(options->processes * sizeof(*all)), sum = {};
	uint64_t begun = now_us();

	for (int i = 0; i < options->processes; i++)
		if (fork() == 0) {
			for (int j = 0; j < options->count; j++) {
				bool forbidden = options->every && j % options->every == 0;

				run_one(&all[i], args[forbidden ? 1 : 0], forbidden);
			}
			_exit(0);
		}
	for (int i = 0; i < options->processes; i++)
		wait_for(-1);
	for (int i = 0; i < options->processes; i++) {
		sum.right += all[i].right;
		sum.let_through += all[i].let_through;
		sum.refused += all[i].refused;
		sum.failed += all[i].failed;
	}
	fact("us=%llu right=%u let_through=%u refused=%u failed=%u", (unsigned long long)(now_us() - begun), sum.right,
	     sum.let_through, sum.refused, sum.failed);
	return report_if(sum.right == (unsigned)(options->processes * options->count));
}

struct creations {
	unsigned created, existed, refused, failed;
	unsigned char by_name[];
};

static void create_one(struct creations *creations, const char *directory, int index)
{
	char *name = text("%s/once-%d", directory, index);
	int file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (file >= 0) {
		__atomic_fetch_add(&creations->created, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&creations->by_name[index], 1, __ATOMIC_RELAXED);
		close(file);
	} else if (errno == EEXIST) {
		__atomic_fetch_add(&creations->existed, 1, __ATOMIC_RELAXED);
	} else {
		__atomic_fetch_add(errno == EPERM ? &creations->refused : &creations->failed, 1, __ATOMIC_RELAXED);
	}
	free(name);
}

/* All processes want to create each name: exactly one may. A call that is started again after its file was made would
 * find it there. */
int command_exclusive(const struct options *options, char **args)
{
	struct creations *creations = shared(sizeof(*creations) + options->count);
	unsigned once = 0, more = 0;

	for (int i = 0; i < options->processes; i++)
		if (fork() == 0) {
			for (int j = 0; j < options->count; j++)
				create_one(creations, args[0], j);
			_exit(0);
		}
	for (int i = 0; i < options->processes; i++)
		wait_for(-1);
	for (int j = 0; j < options->count; j++) {
		once += creations->by_name[j] == 1;
		more += creations->by_name[j] > 1;
	}
	fact("names=%d once=%u more=%u created=%u existed=%u refused=%u failed=%u", options->count, once, more,
	     creations->created, creations->existed, creations->refused, creations->failed);
	return report();
}
