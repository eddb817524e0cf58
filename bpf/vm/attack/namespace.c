/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Every door to a namespace in which one is root. */
#define _GNU_SOURCE
#include "attack.h"
#include <linux/sched.h>
#include <signal.h>

#define COMPAT_CLONE 120
#define COMPAT_UNSHARE 310

static long by_unshare(unsigned long flags)
{
	return syscall(SYS_unshare, flags);
}

static long by_compat_unshare(unsigned long flags)
{
	return compat_call(COMPAT_UNSHARE, flags, 0, 0, 0, 0);
}

static long ended(long child)
{
	if (child == 0)
		_exit(0);
	return child < 0 ? child : wait_for(child);
}

static long by_clone(unsigned long flags)
{
	return ended(syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0));
}

static long by_clone3(unsigned long flags)
{
	struct clone_args arguments = {.flags = flags, .exit_signal = SIGCHLD};

	return ended(syscall(SYS_clone3, &arguments, sizeof(arguments)));
}

static long by_compat_clone(unsigned long flags)
{
	return ended(compat_call(COMPAT_CLONE, flags | SIGCHLD, 0, 0, 0, 0));
}

static const struct {
	const char *name;
	long (*enter)(unsigned long flags);
} doors[] = {
	{"unshare", by_unshare},
	{"clone", by_clone},
	{"clone3", by_clone3},
	{"int80-unshare", by_compat_unshare},
	{"int80-clone", by_compat_clone},
};

/* user, or the same call for none, which is nobody's business. */
int command_namespace(const struct options *options, char **args)
{
	unsigned long flags = strcmp(args[0], "user") ? 0 : CLONE_NEWUSER;
	size_t door;

	for (door = 0; strcmp(doors[door].name, options->door ?: "unshare");)
		if (++door == COUNT(doors))
			unknown("door to a namespace", options->door);
	fact("door=%s", doors[door].name);
	if (doors[door].enter(flags) < 0)
		outcome->error = errno;
	return report();
}

void list_namespace_doors(void)
{
	for (size_t i = 0; i < COUNT(doors); i++)
		printf("namespace %s\n", doors[i].name);
}
