/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What somebody who logs in to put a host right must be able to do: start a program, read a file, change one, call a service. */
#define _GNU_SOURCE
#include "attack.h"
#include <arpa/inet.h>
#include <netinet/in.h>

static int starts(const char *program, const char *argument, int expected)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		execl(program, program, argument, NULL);
		_exit(errno);
	}
	status = wait_for(child);
	if (WIFSIGNALED(status))
		return ECHILD;
	return WEXITSTATUS(status) == expected ? 0 : WEXITSTATUS(status) ? WEXITSTATUS(status) : ENOEXEC;
}

static int reads(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC), error = errno;

	if (file < 0)
		return error;
	close(file);
	return 0;
}

static int changes(const char *folder)
{
	char *file = text("%s/fresh-%d", folder, getpid()), *other = text("%s.moved", file);
	int opened = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), error = 0;

	if (opened < 0)
		return errno;
	close(opened);
	if (rename(file, other) || chmod(other, 0644))
		error = errno;
	if (unlink(error ? file : other) && !error)
		error = errno;
	unlink(other);
	return error;
}

/* By way of the loopback, to a socket of its own. */
static int calls(void)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int service = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), caller = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof(here);

	if (service < 0 || caller < 0 || bind(service, (struct sockaddr *)&here, length) || listen(service, 1) ||
	    getsockname(service, (struct sockaddr *)&here, &length) || connect(caller, (struct sockaddr *)&here, length))
		return errno;
	close(service);
	close(caller);
	return 0;
}

static void found(const char *what, int error)
{
	if (!error)
		return;
	fact("%s=%s", what, errno_name(error));
	if (!outcome->error)
		outcome->error = error;
}

int command_login(const struct options *options, char **args)
{
	(void)options;
	found("starts", starts(args[0], NULL, VICTIM_STATUS));
	/* What a shell and a login do on any host. */
	found("starts_busybox", starts("/usr/bin/busybox", "true", 0));
	found("reads_passwd", reads("/etc/passwd"));
	found("reads_shadow", reads("/etc/shadow"));
	found("reads_null", reads("/dev/null"));
	found("reads_proc", reads("/proc/self/status"));
	found("reads", reads(args[1]));
	found("changes", changes(args[2]));
	found("calls", calls());
	return report();
}
