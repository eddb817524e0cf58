/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The name of a program that is trusted, lent to this one by somebody without privileges: "lend [-d DOOR] TRUSTED COMMAND..." goes on
 * with the other command. */
#define _GNU_SOURCE
#include "attack.h"
#include <linux/prctl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

static void own_namespaces(int which)
{
	if (unshare(CLONE_NEWUSER | which))
		unprepared("unshare");
}

static void go_on(const char *path, char **args)
{
	execv(path, args);
	unprepared("execv");
}

/* By its name: /proc/self/exe leads to the mount that it was run from, which is not in the new namespace. */
static void mount_over(const char *trusted)
{
	char self[PATH_MAX] = "";

	own_namespaces(CLONE_NEWNS);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		unprepared("readlink");
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount(self, trusted, NULL, MS_BIND, NULL))
		unprepared("mount");
}

/* Mounted over it. */
static void by_mount(char **args)
{
	mount_over(args[0]);
	go_on(args[0], args);
}

/* Mounted over it in another task's mount namespace, and run from outside. */
static void by_proc_root(char **args)
{
	int ready[2];
	char byte;
	pid_t child;

	if (pipe(ready))
		unprepared("pipe");
	child = fork();
	if (child == 0) {
		mount_over(args[0]);
		prctl(PR_SET_PDEATHSIG, 9);
		prctl(PR_SET_DUMPABLE, 1);	/* as it is for somebody who has not been root before */
		close(ready[1]);
		pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1))
		unprepared("read");
	go_on(text("/proc/%d/root%s", child, args[0]), args);
}

/* In a root of his own. */
static void by_root(char **args)
{
	char *root = text("/tmp/root-%d", getpid()), *program = text("%s/usr/bin/%s", root, strrchr(args[0], '/') + 1);
	int self = open("/proc/self/exe", O_RDONLY), copy;

	if (mkdir(root, 0755) || mkdir(text("%s/usr", root), 0755) || mkdir(text("%s/usr/bin", root), 0755))
		unprepared("mkdir");
	copy = open(program, O_WRONLY | O_CREAT, 0755);
	copy_content(copy, self);
	close(copy);
	own_namespaces(CLONE_NEWNS);
	if (mkdir(text("%s/trial", root), 0755) || mount("/trial", text("%s/trial", root), NULL, MS_BIND, NULL))
		unprepared("mount:trial");
	if (chroot(root) || chdir("/"))
		unprepared("chroot");
	go_on(text("/usr/bin/%s", strrchr(args[0], '/') + 1), args);
}

/* Puts memory of the same content in place of a mapping of the program: the kernel wants none to be left. */
static void detach(char *start, char *end, int protection)
{
	size_t bytes = end - start;
	char *copy = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (copy == MAP_FAILED)
		unprepared("mmap");
	memcpy(copy, start, bytes);
	if (mprotect(copy, bytes, protection) || mremap(copy, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, start) != start)
		unprepared("mremap");
}

static void detach_all(void)
{
	static struct { unsigned long start, end; int protection; } found[32];
	char line[PATH_MAX + 100], flags[5], path[PATH_MAX], self[PATH_MAX] = "";
	FILE *maps = fopen("/proc/self/maps", "r");
	size_t count = 0;

	if (!maps || readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		unprepared("maps");
	while (fgets(line, sizeof(line), maps) && count < COUNT(found))
		if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %s", &found[count].start, &found[count].end, flags, path) == 4 && !strcmp(path, self)) {
			found[count].protection = (flags[0] == 'r' ? PROT_READ : 0) | (flags[1] == 'w' ? PROT_WRITE : 0) | (flags[2] == 'x' ? PROT_EXEC : 0);
			count++;
		}
	fclose(maps);
	for (size_t i = 0; i < count; i++)
		detach((char *)found[i].start, (char *)found[i].end, found[i].protection);
}

static struct prctl_mm_map own_map(void)
{
	struct prctl_mm_map map = {.brk = (unsigned long)sbrk(0)};
	char stat[4096], *field;
	int file = open("/proc/self/stat", O_RDONLY);
	ssize_t bytes = read(file, stat, sizeof(stat) - 1);
	unsigned long value[53] = {};

	if (bytes <= 0)
		unprepared("stat");
	stat[bytes] = 0;
	field = strrchr(stat, ')') + 3;	/* the third, a letter */
	for (int i = 4; i < 53 && (field = strchr(field, ' ')); i++)
		value[i] = strtoul(++field, NULL, 10);
	map.start_code = value[26], map.end_code = value[27], map.start_stack = value[28];
	map.start_data = value[45], map.end_data = value[46], map.start_brk = value[47];
	map.arg_start = value[48], map.arg_end = value[49], map.env_start = value[50], map.env_end = value[51];
	return map;
}

/* Said to the kernel, as somebody may who restores processes in a user namespace of his own. */
static void say(const char *trusted)
{
	struct prctl_mm_map map;

	detach_all();
	map = own_map();
	map.exe_fd = open(trusted, O_RDONLY);
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0))
		unprepared("prctl");
}

static void go_on_here(char **args)
{
	struct options options = {.alias = "direct", .context = "main", .count = 1, .work = mkdtemp(text("/tmp/work-XXXXXX"))};

	_exit(command_open(&options, args));
}

static void by_word(char **args)
{
	own_namespaces(0);
	say(args[0]);
	go_on_here(args + 2);
}

static int say_only(void *args)
{
	say(((char **)args)[0]);
	_exit(0);
}

/* Said by a child in a namespace of its own, which has the same memory: the program stays in the first. */
static void by_shared_word(char **args)
{
	static char stack[1 << 16] __attribute__((aligned(16)));
	pid_t child = clone(say_only, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_NEWUSER | SIGCHLD, args);
	int status = -1;

	if (child < 0 || waitpid(child, &status, 0) != child || status)
		unprepared("clone");
	go_on_here(args + 2);
}

static const struct {
	const char *name;
	void (*lend)(char **args);
} doors[] = {
	{"mount", by_mount},
	{"procroot", by_proc_root},
	{"root", by_root},
	{"word", by_word},
	{"word-shared", by_shared_word},
};

int command_lend(const struct options *options, char **args)
{
	for (size_t i = 0; i < COUNT(doors); i++)
		if (options->door && !strcmp(doors[i].name, options->door))
			doors[i].lend(args);
	unknown("way to lend a name", options->door ?: "");
}

void list_lenders(void)
{
	for (size_t i = 0; i < COUNT(doors); i++)
		printf("lend %s\n", doors[i].name);
}
