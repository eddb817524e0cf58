/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* States of the task that acts: what it may, where it is, who sits at it. */
#define _GNU_SOURCE
#include "attack.h"
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <termios.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/* Whom somebody has logged in as. */
#define SESSION_USER "1999"

static void set_capabilities(uint64_t all)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)all, .permitted = (uint32_t)all},
		{.effective = (uint32_t)(all >> 32), .permitted = (uint32_t)(all >> 32)},
	};

	if (syscall(SYS_capset, &header, data))
		unprepared("capset");
}

static void with_one_capability(int unused)
{
	(void)unused;
	set_capabilities(1ULL << CAP_NET_RAW);
}

static void with_no_capability(int unused)
{
	(void)unused;
	set_capabilities(0);
}

static void in_namespace(int kind)
{
	if (unshare(kind))
		unprepared("unshare");
}

static void without_new_privileges(int unused)
{
	(void)unused;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		unprepared("no_new_privs");
}

/* A filter that lets everything through. */
static void behind_a_filter(int unused)
{
	struct sock_filter pass = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
	struct sock_fprog program = {1, &pass};

	without_new_privileges(unused);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		unprepared("seccomp");
}

static void at_a_terminal(int unused)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), terminal;	/* stays open over execve: without it there is no terminal any more */

	(void)unused;
	signal(SIGHUP, SIG_IGN);
	if (master < 0 || grantpt(master) || unlockpt(master) || setsid() < 0)
		unprepared("terminal");
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal < 0 || ioctl(terminal, TIOCSCTTY, 0))
		unprepared("terminal:controlling");
}

static void in_a_session(int unused)
{
	int file;

	(void)unused;
	prctl(PR_SET_DUMPABLE, 1);	/* else the file is root's */
	file = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);
	if (file < 0 || write(file, SESSION_USER, strlen(SESSION_USER)) < 0)
		unprepared("loginuid");
	close(file);
}

static const struct {
	const char *name;
	void (*enter)(int kind);
	int kind;
} states[] = {
	{"none", with_no_capability, 0},
	{"capabilities", with_one_capability, 0},
	{"mnt", in_namespace, CLONE_NEWNS},
	{"pid", in_namespace, CLONE_NEWPID},
	{"net", in_namespace, CLONE_NEWNET},
	{"user", in_namespace, CLONE_NEWUSER},
	{"uts", in_namespace, CLONE_NEWUTS},
	{"ipc", in_namespace, CLONE_NEWIPC},
	{"cgroup", in_namespace, CLONE_NEWCGROUP},
	{"time", in_namespace, CLONE_NEWTIME},
	{"no_new_privs", without_new_privileges, 0},
	{"seccomp", behind_a_filter, 0},
	{"tty", at_a_terminal, 0},
	{"session_uid", in_a_session, 0},
};

void enter_state(const char *name)
{
	for (size_t i = 0; i < COUNT(states); i++)
		if (!strcmp(states[i].name, name)) {
			states[i].enter(states[i].kind);
			return;
		}
	unknown("state", name);
}

static int expect_prepared(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_UNPREPARED)
		_exit(EXIT_UNPREPARED);
	return status;
}

/* By a child of who has entered the state, since some are its children's only: they are in his process-id and time namespaces. */
int command_state(const struct options *options, char **args)
{
	const char *state = options->door ?: "none";
	pid_t child = fork();

	fact("door=%s", state);
	if (child == 0) {
		enter_state(state);
		child = fork();
		if (child == 0) {
			if (open(args[0], O_RDONLY | O_CLOEXEC) < 0)
				outcome->error = errno;
			_exit(0);
		}
		if (child < 0)
			unprepared("fork");
		wait_for(child);
		_exit(0);
	}
	if (child < 0)
		unprepared("fork");
	expect_prepared(wait_for(child));
	return report();
}

void list_states(void)
{
	for (size_t i = 0; i < COUNT(states); i++)
		printf("state %s\n", states[i].name);
}
