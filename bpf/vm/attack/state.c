/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* States of the task that acts: what it may, where it is, who sits at it. */
#define _GNU_SOURCE
#include "attack.h"
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
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

#define ONE (1U << CAP_NET_RAW)

static void set_capabilities(uint32_t permitted, uint32_t effective, uint32_t inheritable)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{effective, permitted, inheritable}};

	if (syscall(SYS_capset, &header, data))
		unprepared("capset");
}

static void give_up_for_good(void)
{
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
		if (prctl(PR_CAPBSET_DROP, capability))
			unprepared("bounding");
}

static void with_one_capability(int unused)
{
	(void)unused;
	give_up_for_good();
	set_capabilities(ONE, ONE, 0);
}

static void with_one_laid_down(int unused)
{
	(void)unused;
	give_up_for_good();
	set_capabilities(ONE, 0, 0);
}

/* As root: an execve would give back all that he may ever have. */
static void with_all_to_come(int unused)
{
	(void)unused;
	if (geteuid()) {
		errno = EPERM;
		unprepared("root");
	}
	set_capabilities(0, 0, 0);
}

/* The same, of what his bounding set has not. */
static void with_one_inherited(int unused)
{
	(void)unused;
	set_capabilities(ONE | 1U << CAP_SETPCAP, ONE | 1U << CAP_SETPCAP, ONE);
	give_up_for_good();
	set_capabilities(0, 0, ONE);
}

/* Somebody who can be root again, and have all that he may ever have. */
static void with_all_behind_a_saved_user(int unused)
{
	(void)unused;
	if (syscall(SYS_setresuid, 1999, 1999, 0))	/* before it is laid down what that takes */
		unprepared("setresuid");
	set_capabilities(0, 0, 0);
}

static void with_no_capability(int unused)
{
	(void)unused;
	give_up_for_good();
	set_capabilities(0, 0, 0);
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

static void with_none_to_come(int unused)
{
	without_new_privileges(unused);
	set_capabilities(0, 0, 0);
}

static void as_root_like_any_other(int unused)
{
	(void)unused;
	if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT))
		unprepared("securebits");
	set_capabilities(0, 0, 0);
}

static const struct {
	const char *name;
	void (*enter)(int kind);
	int kind;
} states[] = {
	{"none", with_no_capability, 0},
	{"none-no_new_privs", with_none_to_come, 0},
	{"none-noroot", as_root_like_any_other, 0},
	{"capabilities", with_one_capability, 0},
	{"permitted", with_one_laid_down, 0},
	{"bounding", with_all_to_come, 0},
	{"saved", with_all_behind_a_saved_user, 0},
	{"inheritable", with_one_inherited, 0},
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
