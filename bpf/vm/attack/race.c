/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The name changes between the moment a check could have read it and the moment the kernel uses it. */
#define _GNU_SOURCE
#include "attack.h"
#include <sched.h>
#include <sys/mount.h>

struct turning {
	char name[PATH_MAX];	/* what the call is given */
	const char *forbidden, *allowed;
	const char *links[2];	/* two symbolic links that swap places */
	bool stop;
};

static bool goes_on(struct turning *turning)
{
	return !__atomic_load_n(&turning->stop, __ATOMIC_RELAXED);
}

/* Only the bytes that differ are written; with one such byte every state is one of the two names. */
static int turn_bytes(void *argument)
{
	struct turning *turning = argument;
	size_t bytes = strlen(turning->forbidden);

	for (int side = 0; goes_on(turning); side ^= 1)
		for (size_t i = 0; i < bytes; i++) {
			char byte = (side ? turning->forbidden : turning->allowed)[i];

			if (turning->name[i] != byte)
				__atomic_store_n(&turning->name[i], byte, __ATOMIC_RELAXED);
		}
	return 0;
}

static int turn_links(void *argument)
{
	struct turning *turning = argument;

	while (goes_on(turning))
		if (syscall(SYS_renameat2, AT_FDCWD, turning->links[0], AT_FDCWD, turning->links[1], RENAME_EXCHANGE))
			unprepared("renameat2");
	return 0;
}

static void *start(struct turning *turning, const struct options *options, char **args)
{
	turning->forbidden = args[0];
	turning->allowed = args[1];
	if (options->door && !strcmp(options->door, "links")) {
		turning->links[0] = text("%s/one", options->work);
		turning->links[1] = text("%s/two", options->work);
		if (symlink(args[0], turning->links[0]) || symlink(args[1], turning->links[1]))
			unprepared("symlink");
		strcpy(turning->name, turning->links[0]);
		return start_thread(turn_links, turning);
	}
	if (strlen(args[0]) != strlen(args[1]))
		unprepared_errno("names-of-equal-length", EINVAL);
	strcpy(turning->name, turning->allowed);
	return start_thread(turn_bytes, turning);
}

static void end(struct turning *turning, void *thread)
{
	__atomic_store_n(&turning->stop, true, __ATOMIC_RELAXED);
	join_thread(thread);
}

/* Counts which file each successful open really gave. */
int command_race_open(const struct options *options, char **args)
{
	unsigned refused = 0, forbidden = 0, allowed = 0, other = 0;
	struct stat secret, facts;
	struct turning turning = {};
	void *thread;

	if (stat(args[0], &secret))
		unprepared("stat");
	thread = start(&turning, options, args);
	for (int i = 0; i < options->count; i++) {
		int file = open(turning.name, O_RDONLY);

		if (file < 0) {
			errno == EPERM ? refused++ : other++;
			continue;
		}
		if (fstat(file, &facts))
			unprepared("fstat");
		facts.st_ino == secret.st_ino ? forbidden++ : allowed++;
		close(file);
	}
	end(&turning, thread);
	fact("tries=%d refused=%u forbidden=%u allowed=%u other=%u", options->count, refused, forbidden, allowed, other);
	return report();
}

static int run(const char *path)
{
	pid_t child = vfork();

	if (child == 0) {
		execl(path, path, NULL);
		_exit(errno == EPERM ? EXIT_FAILED : EXIT_UNPREPARED);
	}
	return WEXITSTATUS(wait_for(child));
}

/* The same with programs: the forbidden one ends with VICTIM_STATUS, the allowed one with TWIN_STATUS. */
int command_race_exec(const struct options *options, char **args)
{
	unsigned refused = 0, forbidden = 0, allowed = 0, other = 0;
	struct turning turning = {};
	void *thread = start(&turning, options, args);

	for (int i = 0; i < options->count; i++)
		switch (run(turning.name)) {
		case EXIT_FAILED:
			refused++;
			break;
		case VICTIM_STATUS:
			forbidden++;
			break;
		case TWIN_STATUS:
			allowed++;
			break;
		default:
			other++;
		}
	end(&turning, thread);
	fact("tries=%d refused=%u forbidden=%u allowed=%u other=%u", options->count, refused, forbidden, allowed, other);
	return report();
}

struct mounting {
	char *place;
	unsigned mounts;
	bool stop;
};

/* In a namespace of its own; the kernel counts all mounts in one place, which every walk of a path looks at. */
static int turn_mounts(void *argument)
{
	struct mounting *mounting = argument;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		unprepared("unshare");
	for (; !__atomic_load_n(&mounting->stop, __ATOMIC_RELAXED); mounting->mounts++)
		if (mount(mounting->place, mounting->place, NULL, MS_BIND, NULL) || umount2(mounting->place, MNT_DETACH))
			unprepared("mount");
	return 0;
}

/* Mounts come and go elsewhere while the forbidden file is opened by its own name. */
int command_race_mounts(const struct options *options, char **args)
{
	struct mounting mounting = {.place = text("%s/place", options->work)};
	unsigned refused = 0, forbidden = 0, other = 0;
	void *thread;

	if (mkdir(mounting.place, 0777))
		unprepared("mkdir");
	thread = start_thread(turn_mounts, &mounting);
	for (int i = 0; i < options->count; i++) {
		int file = open(args[0], O_RDONLY);

		if (file >= 0)
			forbidden++, close(file);
		else
			errno == EPERM ? refused++ : other++;
	}
	__atomic_store_n(&mounting.stop, true, __ATOMIC_RELAXED);
	join_thread(thread);
	fact("tries=%d refused=%u forbidden=%u other=%u mounts=%u", options->count, refused, forbidden, other, mounting.mounts);
	return report();
}
