/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* One event with the facts that somebody names: this program, by that path, in that cgroup, as that user, does this to an object by that
 * path. In a root of its own, so that every path can be had. */
#define _GNU_SOURCE
#include "attack.h"
#include <arpa/inet.h>
#include <linux/kexec.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define FRESH "/fresh"

extern char **environ;

/* The command line of act; acting has the same behind the cgroup's open file. */
enum argument { TARGET_NAME, GROUP, USER, HOOK, EXE, ACCESS, OBJECT, TYPE, STATES };

static bool is(const char *word, const char *other)
{
	return !strcmp(word, other);
}

/* The folders above a path below the current root, which everybody may use. */
static void make_folders(const char *path)
{
	char *folder = strdup(path);

	for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(folder, 0777) && errno != EEXIST)
			unprepared(text("mkdir:%s", folder));
		*slash = '/';
	}
	free(folder);
}

static void install(int program, const char *path)
{
	int to;

	make_folders(path);
	to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0777);
	if (to < 0)
		unprepared(text("install:%s", path));
	copy_content(to, program);
	close(to);
}

static void make_object(int program, const char *path, const char *type)
{
	mode_t kind = is(type, "char") ? S_IFCHR : S_IFBLK;

	if (is(type, "memfd"))
		return;
	make_folders(path);
	if (is(type, "new"))
		return;
	if (is(type, "directory")) {
		if (mkdir(path, 0777) && errno != EEXIST)
			unprepared(text("mkdir:%s", path));
		return;
	}
	if (!is(type, "char") && !is(type, "block"))
		install(program, path);
	else if (mknod(path, kind | 0666, makedev(1, 3)))
		unprepared(text("mknod:%s", path));
}

/* The object as a descriptor, for events that need one before they happen. */
static int descriptor(const char *path, const char *type, const char *self)
{
	int file, program;

	if (!is(type, "memfd"))
		file = open(path, O_RDONLY | O_CLOEXEC);
	else {
		program = open(self, O_RDONLY | O_CLOEXEC);
		file = memfd_create(path + strlen("/memfd:"), MFD_CLOEXEC);
		copy_content(file, program);
		close(program);
	}
	if (file < 0)
		unprepared(text("descriptor:%s", path));
	if (is(type, "deleted") && unlink(path))
		unprepared("unlink");
	return file;
}

static void open_object(const char *path, const char *access)
{
	int flags = !strstr(access, "write") ? O_RDONLY : strstr(access, "read") ? O_RDWR : O_WRONLY;

	flags |= strstr(access, "append") ? O_APPEND : 0;
	flags |= strstr(access, "truncate") ? O_TRUNC : 0;
	flags |= strstr(access, "create") ? O_CREAT : 0;
	if (open(path, flags | O_CLOEXEC | O_NONBLOCK, 0644) < 0)
		outcome->error = errno;
}

/* In the root of its own; what comes to a new name was put there before. */
static void change_object(const char *path, const char *access)
{
	bool new = strstr(access, "create");
	int failed;

	if (strstr(access, "rename"))
		failed = new ? rename(FRESH, path) : rename(path, "/other");
	else if (strstr(access, "symlink"))
		failed = symlink("/", path);
	else if (strstr(access, "link"))
		failed = new ? link(FRESH, path) : link(path, "/other");
	else if (strstr(access, "mkdir"))
		failed = mkdir(path, 0777);
	else if (strstr(access, "mknod"))
		failed = mkfifo(path, 0666);
	else if (strstr(access, "chmod"))
		failed = chmod(path, 0777);
	else if (strstr(access, "chown"))
		failed = chown(path, 1, 1);
	else if (strstr(access, "truncate"))
		failed = truncate(path, 0);
	else if (strstr(access, "xattr"))
		failed = setxattr(path, "trusted.act", "x", 1, 0);
	else
		failed = remove(path);
	if (failed)
		outcome->error = errno;
}

static void run_object(const char *path, int file)
{
	char *arguments[] = {(char *)path, "nothing", NULL};
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (file < 0)
			execve(path, arguments, environ);
		else
			syscall(SYS_execveat, file, "", arguments, environ, AT_EMPTY_PATH);
		outcome->error = errno;
		_exit(1);
	}
	status = wait_for(child);
	if (status && !outcome->error)
		unprepared_errno("it did not run", ECHILD);
}

static void map_object(int file)
{
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0) == MAP_FAILED)
		outcome->error = errno;
}

static int internet_socket(int family, const char *type)
{
	int result = socket(family, (is(type, "dgram") ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (result < 0)
		unprepared("socket");
	setsockopt(result, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(result, SOL_IP, IP_FREEBIND, &on, sizeof(on));	/* addresses that the machine does not have, IPv6 too */
	return result;
}

/* address:port, of IPv6 too. */
static socklen_t end_of(const char *target, struct sockaddr_storage *end)
{
	const char *colon = strrchr(target, ':'), *address = strndup(target, colon - target);
	struct sockaddr_in *four = (void *)end;
	struct sockaddr_in6 *six = (void *)end;

	memset(end, 0, sizeof(*end));
	four->sin_family = AF_INET;
	four->sin_port = htons(atoi(colon + 1));	/* of IPv6 it is at the same place */
	if (inet_pton(AF_INET, address, &four->sin_addr) == 1)
		return sizeof(*four);
	six->sin6_family = AF_INET6;
	if (inet_pton(AF_INET6, address, &six->sin6_addr) != 1)
		unprepared(text("address:%s", address));
	return sizeof(*six);
}

static void reach(const char *target, const char *access, const char *type)
{
	struct sockaddr_storage to;
	socklen_t bytes = end_of(target, &to);
	const struct sockaddr *name = (void *)&to;
	int from = internet_socket(to.ss_family, type);

	if (is(access, "send") ? sendto(from, "x", 1, 0, name, bytes) < 0 : connect(from, name, bytes) < 0)
		outcome->error = errno;
}

static int bind_to(const char *target, const char *type)
{
	struct sockaddr_storage at;
	socklen_t bytes = end_of(target, &at);
	int socket = internet_socket(at.ss_family, type);

	if (bind(socket, (void *)&at, bytes) < 0)
		outcome->error = errno;
	return socket;
}

static int bound(const char *target, const char *type)
{
	int socket = bind_to(target, type);

	if (outcome->error)
		unprepared_errno("bind", outcome->error);
	return socket;
}

/* Numbers of family, type and protocol, with commas between them. */
static void make_socket(const char *kind)
{
	int family, type, protocol;

	if (sscanf(kind, "%d,%d,%d", &family, &type, &protocol) != 3)
		unprepared_errno(text("kind:%s", kind), EINVAL);
	if (socket(family, type | SOCK_CLOEXEC, protocol) < 0)
		outcome->error = errno;
}

/* What is no module, and no kernel: the hooks had let it pass when the kernel finds that out. */
static void load_object(const char *path, const char *access)
{
	static const char nothing[64];
	bool kexec = strstr(access, "kexec");
	int file;
	long failed;

	if (strstr(access, "memory")) {
		failed = kexec ? syscall(SYS_kexec_load, 0, 0, NULL, 0) : syscall(SYS_init_module, nothing, sizeof(nothing), "");
	} else {
		file = open(path, O_RDONLY | O_CLOEXEC);
		failed = kexec ? syscall(SYS_kexec_file_load, file, -1, 1UL, "", KEXEC_FILE_NO_INITRAMFS) : syscall(SYS_finit_module, file, "", 0);
	}
	if (failed && errno != ENOEXEC)
		outcome->error = errno;
}

static void meet(const char *path, const char *signal)
{
	struct peer peer = start_peer(path);

	if (is(signal, "peer") ? seize(peer.pid) : kill(peer.pid, atoi(signal)))
		outcome->error = errno;
	end_peer(&peer);
}

/* Where nothing of it remains: in mounts of its own. */
static void change_mounts(const char *path, const char *access)
{
	int failed;

	if (is(access, "mount"))
		failed = mount("none", path, "tmpfs", 0, NULL);
	else if (is(access, "bind"))
		failed = mount(path, path, NULL, MS_BIND, NULL);
	else if (is(access, "move"))
		failed = mount(FRESH, path, NULL, MS_MOVE, NULL);
	else if (is(access, "remount"))
		failed = mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL);
	else if (is(access, "unmount"))
		failed = umount2(path, 0);
	else if (is(access, "chroot"))
		failed = chroot(path);
	else
		unknown("change of mounts", access);
	if (failed)
		outcome->error = errno;
}

static void prepare_mounts(const char *path, const char *access)
{
	if (is(access, "move") && (mkdir(FRESH, 0777) || mount("none", FRESH, "tmpfs", 0, NULL)))
		unprepared("mount:fresh");
	if ((is(access, "remount") || is(access, "unmount")) && mount("none", path, "tmpfs", 0, NULL))
		unprepared("mount:object");
}

/* Nobody listens, no such device: the hooks had let it pass. */
static bool comes_from_below(int error)
{
	return error == ECONNREFUSED || error == EINPROGRESS || error == ENETUNREACH || error == EHOSTUNREACH || error == ENXIO ||
	       error == ENODEV || error == ENOTBLK || error == EACCES ||	/* a low port, and nobody's right */
	       error == EAGAIN || error == EAFNOSUPPORT || error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT;
}

/* The second half, as the program that was asked for. */
int command_acting(const struct options *options, char **args)
{
	const char *hook = args[HOOK], *type = args[TYPE];
	bool by_descriptor = is(hook, "mmap_exec") || is(type, "deleted") || is(type, "memfd");
	int group = atoi(args[GROUP]), file = by_descriptor ? descriptor(args[OBJECT], type, args[EXE]) : -1;
	int socket = is(hook, "socket_listen") || is(hook, "socket_accept") ? bound(args[OBJECT], type) : -1;

	(void)options;
	if (is(hook, "socket_accept") && listen(socket, 1))
		unprepared("listen");
	if (write(group, "0", 1) != 1 || close(group))
		unprepared("cgroup");
	become(atoi(args[USER]));
	if (is(hook, "file_open"))
		open_object(args[OBJECT], args[ACCESS]);
	else if (is(hook, "file_change"))
		change_object(args[OBJECT], args[ACCESS]);
	else if (is(hook, "exec"))
		run_object(args[OBJECT], file);
	else if (is(hook, "mmap_exec"))
		map_object(file);
	else if (is(hook, "ptrace") || is(hook, "signal"))
		meet(args[OBJECT], type);
	else if (is(hook, "mount"))
		change_mounts(args[OBJECT], args[ACCESS]);
	else if (is(hook, "module_load"))
		load_object(args[OBJECT], args[ACCESS]);
	else if (is(hook, "socket_bind"))
		bind_to(args[OBJECT], type);
	else if (is(hook, "socket_create"))
		make_socket(args[OBJECT]);
	else if (is(hook, "socket_listen"))
		outcome->error = listen(socket, 1) ? errno : 0;
	else if (is(hook, "user_namespace"))
		outcome->error = syscall(SYS_unshare, CLONE_NEWUSER) ? errno : 0;
	else if (is(hook, "socket_accept"))
		outcome->error = accept(socket, NULL, NULL) < 0 ? errno : 0;
	else
		reach(args[OBJECT], args[ACCESS], type);
	if (comes_from_below(outcome->error))
		outcome->error = 0;
	return report();
}

/* In a chroot nobody may make a user namespace, and places to mount on are told by the root of all: there a mount stands in the place of the root. */
static void stand_in(const char *folder, const char *hook)
{
	bool whole = is(hook, "user_namespace") || is(hook, "mount");

	if (whole && (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount(folder, folder, NULL, MS_BIND, NULL)))
		unprepared("mount");
	if (chdir(folder) || (whole && mount(".", "/", NULL, MS_MOVE, NULL)) || chroot("."))
		unprepared("chroot");
}

int command_act(const struct options *options, char **args)
{
	int group = open(text("%s/cgroup.procs", args[GROUP]), O_WRONLY), program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char *acting[STATES + 5] = {args[EXE], "acting"};

	if (group < 0 || program < 0)
		unprepared("open");
	/* Here, where /proc and /dev are; but for capabilities, of which root has all, an execve leaves them. */
	for (char *state = strtok(strdup(args[STATES]), ","); state; state = strtok(NULL, ","))
		if (!is(state, "-"))
			enter_state(state);
	umask(0);
	if (chmod(options->work, 0777))
		unprepared("chmod");
	stand_in(options->work, args[HOOK]);
	install(program, args[EXE]);
	if (is(args[HOOK], "file_change"))
		write_text(FRESH, "fresh\n", 0777);
	if (*args[OBJECT] == '/')
		make_object(program, args[OBJECT], args[TYPE]);
	if (is(args[HOOK], "mount"))
		prepare_mounts(args[OBJECT], args[ACCESS]);
	for (int i = 0; i <= STATES; i++)
		acting[i + 2] = i == GROUP ? text("%d", group) : args[i];
	execve(args[EXE], acting, environ);
	unprepared("exec");
}

/* A program that can be run. */
int command_nothing(const struct options *options, char **args)
{
	(void)options, (void)args;
	return 0;
}
