/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Every door by which something gets into the kernel. What is loaded is no module and no kernel: that the kernel finds this out shows that nobody was before it. */
#define _GNU_SOURCE
#include "attack.h"
#include <linux/kexec.h>
#include <linux/mount.h>

#define COMPAT_INIT_MODULE 128
#define COMPAT_KEXEC_LOAD 283
#define COMPAT_FINIT_MODULE 350
#define COMPAT_FSOPEN 430

/* As long as the header of a module, or too short to be looked at. */
static size_t length(const char *object)
{
	return strcmp(object, "some") ? 1 : 64;
}

static int opened(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		unprepared(text("open:%s", path));
	return file;
}

static long by_finit(const char *path)
{
	return syscall(SYS_finit_module, opened(path), "", 0);
}

static long by_compat_finit(const char *path)
{
	return compat_call(COMPAT_FINIT_MODULE, opened(path), (long)low_copy("", 1), 0, 0, 0);
}

static long by_init(const char *object)
{
	static const char nothing[64];

	return syscall(SYS_init_module, nothing, length(object), "");
}

static long by_compat_init(const char *object)
{
	static const char nothing[64];

	return compat_call(COMPAT_INIT_MODULE, (long)low_copy(nothing, sizeof(nothing)), length(object), (long)low_copy("", 1), 0, 0);
}

static long by_kexec_file(const char *path)
{
	return syscall(SYS_kexec_file_load, opened(path), -1, 1UL, "", KEXEC_FILE_NO_INITRAMFS);
}

/* Takes out what there is: nothing. */
static long by_kexec(const char *object)
{
	return strcmp(object, "some") ? 0 : syscall(SYS_kexec_load, 0, 0, NULL, 0);
}

static long by_compat_kexec(const char *object)
{
	return strcmp(object, "some") ? 0 : compat_call(COMPAT_KEXEC_LOAD, 0, 0, 0, KEXEC_ARCH_X86_64, 0);	/* it must say which */
}

static long by_fsopen(const char *type)
{
	return syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

static long by_compat_fsopen(const char *type)
{
	return compat_call(COMPAT_FSOPEN, (long)low_copy(type, strlen(type) + 1), FSOPEN_CLOEXEC, 0, 0, 0);
}

static const struct {
	const char *name, *kind;
	long (*load)(const char *object);
} doors[] = {
	{"finit", "file", by_finit},
	{"int80-finit", "file", by_compat_finit},
	{"kexec-file", "file", by_kexec_file},
	{"init", "memory", by_init},
	{"int80-init", "memory", by_compat_init},
	{"kexec", "memory", by_kexec},
	{"int80-kexec", "memory", by_compat_kexec},
	{"fsopen", "request", by_fsopen},
	{"int80-fsopen", "request", by_compat_fsopen},
};

/* The object is a path; some or none of the memory; or a file system that is a module. */
int command_module(const struct options *options, char **args)
{
	size_t door;

	for (door = 0; strcmp(doors[door].name, options->door ?: "finit");)
		if (++door == COUNT(doors))
			unknown("door into the kernel", options->door);
	fact("door=%s", doors[door].name);
	if (doors[door].load(args[0]) < 0 && errno != ENOEXEC)
		outcome->error = errno;
	return report();
}

int command_unload(const struct options *options, char **args)
{
	(void)options;
	if (syscall(SYS_delete_module, args[0], O_NONBLOCK) && errno != ENOENT)
		unprepared(text("unload:%s", args[0]));
	return report();
}

void list_module_doors(void)
{
	for (size_t i = 0; i < COUNT(doors); i++)
		printf("module %s %s\n", doors[i].name, doors[i].kind);
}
