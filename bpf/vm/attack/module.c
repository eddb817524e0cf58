/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Every door by which something gets into the kernel. What is loaded is no module and no kernel: that the kernel finds this out shows that nobody was before it. */
#define _GNU_SOURCE
#include "attack.h"
#include <asm/bootparam.h>
#include <linux/kexec.h>
#include <linux/mount.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>

#ifndef MODULE_INIT_COMPRESSED_FILE
#define MODULE_INIT_COMPRESSED_FILE 4
#endif

/* For threads that load one file at once. */
#define LOADERS 4
#define FIRST_LOADER_UID 20000

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

/* A kernel that unpacks modules says EINVAL of what is not packed, one that does not EOPNOTSUPP: both have read it before. */
static long by_compressed_finit(const char *path)
{
	long result = syscall(SYS_finit_module, opened(path), "", MODULE_INIT_COMPRESSED_FILE);

	if (result < 0 && (errno == EINVAL || errno == EOPNOTSUPP))
		errno = ENOEXEC;
	return result;
}

static pthread_barrier_t start;

static void *load_at_once(void *path)
{
	int file = opened(path);

	pthread_barrier_wait(&start);
	return (void *)(syscall(SYS_finit_module, file, "", 0) < 0 ? (long)errno : 0);
}

/* As a user that no policy has been asked about, with the capabilities of before: the first event of its kind, while others wait for its result. The
 * least usual of the answers is told. */
static long by_finit_at_once(const char *path)
{
	pthread_t loaders[LOADERS];
	uid_t user = FIRST_LOADER_UID + (uid_t)getpid();
	int worst = ENOEXEC;

	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) || setreuid(user, user))
		unprepared("user");
	pthread_barrier_init(&start, NULL, LOADERS);
	for (int i = 0; i < LOADERS; i++)
		if ((errno = pthread_create(&loaders[i], NULL, load_at_once, (void *)path)))
			unprepared("thread");
	for (int i = 0; i < LOADERS; i++) {
		void *error;

		pthread_join(loaders[i], &error);
		if (worst == ENOEXEC || (long)error != EPERM)
			worst = (long)error == ENOEXEC ? worst : (int)(long)error;
	}
	errno = worst;
	return -1;
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

/* What the kernel takes for one until it has read the RAM disk, too: then it is too short. */
static int short_kernel(void)
{
	static char image[2048];
	struct setup_header *header = (struct setup_header *)&image[offsetof(struct boot_params, hdr)];
	int writable = memfd_create("kernel", MFD_CLOEXEC), file;

	header->setup_sects = UINT8_MAX;
	header->boot_flag = 0xaa55;
	memcpy(&header->header, "HdrS", 4);
	header->version = 0x20f;
	header->loadflags = LOADED_HIGH;
	header->xloadflags = XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G | XLF_5LEVEL;
	if (writable < 0 || write(writable, image, sizeof(image)) != sizeof(image))
		unprepared("kernel");
	file = opened(text("/proc/self/fd/%d", writable));
	close(writable);	/* what somebody can write to is not read */
	return file;
}

static long by_kexec_initramfs(const char *path)
{
	return syscall(SYS_kexec_file_load, short_kernel(), opened(path), 1UL, "", 0UL);
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
	{"finit-compressed", "file", by_compressed_finit},
	{"finit-at-once", "together", by_finit_at_once},
	{"kexec-file", "file", by_kexec_file},
	{"kexec-file-initramfs", "file", by_kexec_initramfs},
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
