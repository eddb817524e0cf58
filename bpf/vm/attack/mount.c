/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Every door to the tree of mounts. What a door needs there before is mounted by the run itself, in a mount namespace of its own, which takes all of it away. */
#define _GNU_SOURCE
#include "attack.h"
#include <sched.h>
#include <sys/mount.h>

/* Beside the folder that the place is in. */
#define SOURCE "/trial/mount/from"
#define ROOT "/trial/mount/root"

#define COMPAT_MOUNT 21
#define COMPAT_UMOUNT 22
#define COMPAT_CHROOT 61

/* What is there before: nothing, a file system at the place, one at another place, or a tree at another place that is the run's root. */
enum before { NOTHING, MOUNTED, ELSEWHERE, ROOTED };

static long mount_named(const char *name)
{
	return mount("none", name, "tmpfs", 0, NULL);
}

static long by_mount(const char *place)
{
	return mount_named(place);
}

static long on_the_host(const char *place)
{
	if (mount_named(place))
		return -1;
	if (umount2(place, MNT_DETACH))
		unprepared("umount");
	return 0;
}

static long by_compat_mount(const char *place)
{
	return compat_call(COMPAT_MOUNT, (long)low_copy("none", 5), (long)low_copy(place, strlen(place) + 1),
			   (long)low_copy("tmpfs", 6), 0, 0);
}

static long in_a_root(const char *place)
{
	char *above = strdup(place), *name = strrchr(above, '/');

	*name = 0;
	if (chroot(above))
		unprepared("chroot");
	return mount_named(text("/%s", name + 1));
}

static long by_bind(const char *place)
{
	return mount(SOURCE, place, NULL, MS_BIND, NULL);
}

static long by_recursive_bind(const char *place)
{
	return mount(SOURCE, place, NULL, MS_BIND | MS_REC, NULL);
}

static long by_move(const char *place)
{
	return mount(SOURCE, place, NULL, MS_MOVE, NULL);
}

static long by_remount(const char *place)
{
	return mount(NULL, place, NULL, MS_REMOUNT | MS_RDONLY, NULL);
}

/* By a place of one's own that the file system has, too. */
static long by_remount_elsewhere(const char *place)
{
	if (mount(place, SOURCE, NULL, MS_BIND, NULL))
		unprepared("bind:elsewhere");
	return mount(NULL, SOURCE, NULL, MS_REMOUNT | MS_RDONLY, NULL);
}

static long by_bind_remount(const char *place)
{
	return mount(NULL, place, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
}

static long by_reconfiguring(const char *place)
{
	int context = syscall(SYS_fspick, AT_FDCWD, place, 0);

	if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, "ro", NULL, 0))
		unprepared("fspick");
	return syscall(SYS_fsconfig, context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
}

static long to_shared(const char *place)
{
	return mount(NULL, place, NULL, MS_SHARED, NULL);
}

static long to_unbindable(const char *place)
{
	return mount(NULL, place, NULL, MS_UNBINDABLE | MS_REC, NULL);
}

static long by_umount(const char *place)
{
	return umount2(place, 0);
}

static long by_lazy_umount(const char *place)
{
	return umount2(place, MNT_DETACH);
}

static long by_umount_from_inside(const char *place)
{
	if (chdir(place))
		unprepared("chdir");
	return umount2(".", MNT_DETACH);
}

static long by_compat_umount(const char *place)
{
	return compat_call(COMPAT_UMOUNT, (long)low_copy(place, strlen(place) + 1), 0, 0, 0, 0);
}

static int detached_file_system(void)
{
	int context = syscall(SYS_fsopen, "tmpfs", 0), made;

	if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		unprepared("fsconfig");
	made = syscall(SYS_fsmount, context, 0, 0);
	if (made < 0)
		unprepared("fsmount");
	return made;
}

static long by_fsmount(const char *place)
{
	return syscall(SYS_move_mount, detached_file_system(), "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH);
}

static int descriptor_of(const char *place)
{
	int folder = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0)
		unprepared("open:place");
	return folder;
}

static long by_fsmount_on_a_descriptor(const char *place)
{
	return syscall(SYS_move_mount, detached_file_system(), "", descriptor_of(place), "",
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static long by_open_tree(const char *place)
{
	int tree = syscall(SYS_open_tree, AT_FDCWD, SOURCE, OPEN_TREE_CLONE);

	if (tree < 0)
		unprepared("open_tree");
	return syscall(SYS_move_mount, tree, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH);
}

static long by_move_mount(const char *place)
{
	return syscall(SYS_move_mount, AT_FDCWD, SOURCE, AT_FDCWD, place, 0);
}

static long by_moving_away(const char *place)
{
	return syscall(SYS_move_mount, AT_FDCWD, place, AT_FDCWD, SOURCE, 0);
}

static long by_symlink(const char *place)
{
	char *link = text("/tmp/mount-%d", getpid());
	long result;

	if (symlink(place, link))
		unprepared("symlink");
	result = mount_named(link);
	unlink(link);
	return result;
}

static long by_proc(const char *place)
{
	return mount_named(text("/proc/self/fd/%d", descriptor_of(place)));
}

static long by_the_current_folder(const char *place)
{
	if (chdir(place))
		unprepared("chdir");
	return mount_named(".");
}

static long by_dots(const char *place)
{
	return mount_named(text("%s/../../%s", place, strstr(place, "mount/") + strlen("mount/")));
}

static long by_pivot(const char *place)
{
	if (mount(place, place, NULL, MS_BIND, NULL) || chdir(place))
		unprepared("bind");
	return syscall(SYS_pivot_root, ".", ".");
}

static long by_chroot(const char *place)
{
	return chroot(place);
}

static long by_chroot_from_inside(const char *place)
{
	if (chdir(place))
		unprepared("chdir");
	return chroot(".");
}

static long by_compat_chroot(const char *place)
{
	return compat_call(COMPAT_CHROOT, (long)low_copy(place, strlen(place) + 1), 0, 0, 0, 0);
}

static const struct {
	const char *name, *access;
	long (*pass)(const char *place);
	enum before before;
} doors[] = {
	{"mount", "mount", by_mount, NOTHING},
	{"host", "mount", on_the_host, NOTHING},
	{"int80-mount", "mount", by_compat_mount, NOTHING},
	{"symlink", "mount", by_symlink, NOTHING},
	{"proc", "mount", by_proc, NOTHING},
	{"relative", "mount", by_the_current_folder, NOTHING},
	{"dots", "mount", by_dots, NOTHING},
	{"in-a-root", "mount", in_a_root, NOTHING},
	{"fsmount", "mount", by_fsmount, NOTHING},
	{"fsmount-descriptor", "mount", by_fsmount_on_a_descriptor, NOTHING},
	{"open_tree", "mount", by_open_tree, NOTHING},
	{"bind", "bind", by_bind, NOTHING},
	{"rbind", "bind", by_recursive_bind, NOTHING},
	{"move", "move", by_move, ELSEWHERE},
	{"move_mount", "move", by_move_mount, ELSEWHERE},
	{"move_mount-away", "move", by_moving_away, MOUNTED},
	{"remount", "remount", by_remount, MOUNTED},
	{"remount-elsewhere", "remount", by_remount_elsewhere, MOUNTED},
	{"bind-remount", "remount", by_bind_remount, MOUNTED},
	{"fsconfig", "remount", by_reconfiguring, MOUNTED},
	{"shared", "remount", to_shared, MOUNTED},
	{"unbindable", "remount", to_unbindable, MOUNTED},
	{"umount", "unmount", by_umount, MOUNTED},
	{"umount-lazy", "unmount", by_lazy_umount, MOUNTED},
	{"umount-inside", "unmount", by_umount_from_inside, MOUNTED},
	{"int80-umount", "unmount", by_compat_umount, MOUNTED},
	{"pivot_root", "pivot", by_pivot, ROOTED},
	{"chroot", "chroot", by_chroot, NOTHING},
	{"chroot-inside", "chroot", by_chroot_from_inside, NOTHING},
	{"int80-chroot", "chroot", by_compat_chroot, NOTHING},
};

/* Who is no root has a user namespace, too, which gives the right. */
static void own_mounts(void)
{
	if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)))
		unprepared("unshare");
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		unprepared("mount:private");
}

static void prepare(enum before before, const char *place)
{
	if (before == MOUNTED && mount_named(place))
		unprepared("mount:place");
	if (before == ELSEWHERE && mount_named(SOURCE))
		unprepared("mount:elsewhere");
	/* The machine's own root cannot be put aside: it is the first one. Another goes over it, so that places have the same names. */
	if (before == ROOTED &&
	    (mount("/", ROOT, NULL, MS_BIND | MS_REC, NULL) || chdir(ROOT) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".")))
		unprepared("root");
}

int command_mount(const struct options *options, char **args)
{
	size_t door;

	for (door = 0; strcmp(doors[door].name, options->door ?: "mount");)
		if (++door == COUNT(doors))
			unknown("door to the tree of mounts", options->door);
	fact("door=%s", doors[door].name);
	if (doors[door].pass != on_the_host)
		own_mounts();
	prepare(doors[door].before, args[0]);
	if (doors[door].pass(args[0]) < 0)
		outcome->error = errno;
	return report();
}

void list_mount_doors(void)
{
	for (size_t i = 0; i < COUNT(doors); i++)
		printf("mount %s %s %s\n", doors[i].name, doors[i].access, doors[i].pass == on_the_host ? "root" : "user");
}
