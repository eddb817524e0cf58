// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Opens files of all kinds under masks and verdicts of all kinds, and has both ways of a hit answer each open (ways.bpf.c). Ends with 1 if the
 * short way has let something pass that the long way does not, or has another path; with 3 if it has hardly been taken; with 2 if anything else
 * failed.
 *
 * usage: ways ways.bpf.o OPENS SEED
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "ways.h"

#define ROOT "/run/ways"
#define FILES 48
#define WORKERS 3

struct order {
	char path[2048];
	int flags;
	__u32 uid;
};

static __u64 state;

static __u64 draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dULL >> 8;
}

static __u64 below(__u64 bound)
{
	return draw() % bound;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void must(int result, const char *what)
{
	if (result < 0)
		die(what);
}

/* A process that opens what it is told, as whom it is told. */
struct worker {
	int orders, answers;
	pid_t pid;
};

static void work(void)
{
	struct order order;

	while (read(0, &order, sizeof(order)) == sizeof(order)) {
		int fd, error;

		if (setresuid(-1, order.uid, -1))
			error = errno;
		fd = open(order.path, order.flags, 0);
		error = fd < 0 ? errno : 0;
		if (fd >= 0)
			close(fd);
		if (setresuid(-1, 0, -1))
			error = errno;
		if (write(1, &error, sizeof(error)) != sizeof(error))
			break;
	}
	exit(0);
}

static struct worker employ(const char *program, const char *root)
{
	struct worker worker;
	int to[2], from[2];

	must(pipe2(to, O_CLOEXEC), "pipe");
	must(pipe2(from, O_CLOEXEC), "pipe");
	worker.pid = fork();
	must(worker.pid, "fork");
	if (!worker.pid) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		if (root) {
			must(chroot(root), root);
			must(chdir("/"), root);
			work();
		}
		execl(program, program, "work", NULL);
		die(program);
	}
	close(to[0]);
	close(from[1]);
	worker.orders = to[1];
	worker.answers = from[0];
	return worker;
}

static int perform(const struct worker *worker, const struct order *order)
{
	int error;

	if (write(worker->orders, order, sizeof(*order)) != sizeof(*order) || read(worker->answers, &error, sizeof(error)) != sizeof(error))
		die("worker");
	return error;
}

static char files[FILES][2048];

static void name(char *to, int bytes)
{
	for (int i = 0; i < bytes; i++)
		to[i] = "abcdefghijklmnopqrstuvwxyz._-\xc3\xa4"[below(31)];
	to[0] = 'a' + below(26);
	to[bytes] = 0;
}

static __u64 length(void)
{
	static const __u64 edges[] = {1, 7, 8, 9, 15, 16, 31, 32, 33, 38, 39, 40, 41, 63, 64, 65, 79, 80, 81, 200, 248, 254, 255};

	return below(3) ? 1 + below(12) : edges[below(sizeof(edges) / sizeof(*edges))];
}

static void make(const char *path)
{
	int fd = open(path, O_CREAT | O_RDWR, 0600 + below(0200));

	must(fd, path);
	must(fchown(fd, below(3) * 1000, below(3) * 1000), path);
	close(fd);
}

/* Files from two to seven folders deep, some of them links, mount points, or below one. */
static void prepare(void)
{
	mkdir(ROOT, 0755);
	must(mount("ways", ROOT, "tmpfs", 0, NULL), ROOT);
	for (int i = 0; i < FILES; i++) {
		char *path = files[i];
		int at = sprintf(path, ROOT), depth = below(6);

		if (i && i % 5 == 0) {	/* beside another, so that only the last name differs */
			strcpy(path, files[i - 1]);
			at = strrchr(path, '/') - path;
			depth = 0;
		}
		for (int level = 0; level < depth && at < 1200; level++) {
			path[at++] = '/';
			name(path + at, length());
			at += strlen(path + at);
			mkdir(path, 0755);
			if (!below(9))
				must(mount("ways", path, "tmpfs", 0, NULL), path);
		}
		path[at++] = '/';
		name(path + at, length());
		if (i % 7 == 6 && !link(files[i - 1], path))
			continue;
		make(path);
		if (i % 11 == 10) {	/* in the same folder, so that only the name tells them apart */
			char other[2304];

			snprintf(other, sizeof(other), "%.*s/m%d", (int)(strrchr(path, '/') - path), path, i);
			make(other);
			must(mount(path, other, NULL, MS_BIND, NULL), other);
			strcpy(path, other);
		}
	}
}

static struct bpf_object *object;

static int map(const char *called)
{
	int fd = bpf_object__find_map_fd_by_name(object, called);

	must(fd, called);
	return fd;
}

static void put(const char *called, const void *key, const void *value)
{
	must(bpf_map_update_elem(map(called), key, value, BPF_ANY), called);
}

static void *page(const char *called, size_t bytes)
{
	void *found = mmap(NULL, (bytes + 4095) & ~4095UL, PROT_READ | PROT_WRITE, MAP_SHARED, map(called), 0);

	if (found == MAP_FAILED)
		die(called);
	return found;
}

static struct ways *seen;
static struct engine_state *engine;
static struct posture posture;

static __u64 hash_of(const char *last)
{
	__u64 sums[2], words[NAME_WORDS] = {};
	int bytes = strlen(last);

	memcpy(words, last, bytes);
	name_begin(sums, bytes, engine->name_key);
	for (int i = 0; i * 8 < bytes; i++)
		name_word(sums, i, words[i], engine->name_key);
	return name_end(sums);
}

static __u32 kernel_device(dev_t device)
{
	return major(device) << 20 | minor(device);
}

static void pass_filter(__u64 inode, __u32 device)
{
	__u32 bit = names_filter_bit(inode, device);

	engine->names_filter[bit / 64] |= 1ULL << bit % 64;
}

/* Some files and places are among the names that policies mention. */
static void mention(void)
{
	for (int i = 0; i < FILES; i += 3) {
		char *last = strrchr(files[i], '/'), folder[2048];
		struct named_place place = {};
		struct named_file file = {};
		__u32 number = 1 + below(1000), none = 0;
		struct stat stat_folder, stat_file;

		snprintf(folder, sizeof(folder), "%.*s", (int)(last - files[i]), files[i]);
		must(stat(folder, &stat_folder), folder);
		must(stat(files[i], &stat_file), files[i]);
		place.folder = stat_folder.st_ino;
		place.device = kernel_device(stat_folder.st_dev);
		pass_filter(place.folder, place.device);
		put("named_places", &place, &none);
		place.name = hash_of(last + 1);
		put("named_places", &place, &number);
		file.inode = stat_file.st_ino;
		file.device = kernel_device(stat_file.st_dev);
		number += below(2);
		pass_filter(file.inode, file.device);
		put("named_files", &file, &number);
	}
	__atomic_add_fetch(&engine->names_epoch, 1, __ATOMIC_RELEASE);
}

static void empty(const char *called, size_t bytes)
{
	char key[256];

	if (bytes > sizeof(key))
		die(called);
	while (!bpf_map_get_next_key(map(called), NULL, key))
		must(bpf_map_delete_elem(map(called), key), called);
}

/* No name is mentioned any more. */
static void forget(void)
{
	empty("named_places", sizeof(struct named_place));
	empty("named_files", sizeof(struct named_file));
	memset(engine->names_filter, 0, sizeof(engine->names_filter));
	__atomic_add_fetch(&engine->names_epoch, 1, __ATOMIC_RELEASE);
}

/* Another mask, other slots, and no verdict. */
static void turn(void)
{
	__u32 set = posture.mask_set[HOOK_FILE_OPEN] + 1, index = (set & 1) * HOOKS + HOOK_FILE_OPEN, copy;
	struct verdict_key mask = {.hook = 0xff, .mask_set = ~0u};
	struct context context = {};
	__u64 root = 1, scoped = below(2);	/* the cgroup that all are in */
	struct slot_mask scope;

	empty("verdicts", sizeof(__u64));
	mask.access = below(2) ? ~0u : 0;
	mask.flags = below(4) ? 0 : 0xff;
	mask.uid = below(4) ? 0 : ~0u;
	mask.gid = below(6) ? 0 : ~0u;
	mask.euid = below(4) ? 0 : ~0u;
	mask.egid = below(6) ? 0 : ~0u;
	if (!below(3))
		mask.exe_inode = ~0ULL, mask.exe_device = ~0u;
	mask.exe_path = below(3) ? 0 : ~0ULL;
	mask.image = below(6) ? 0 : ~0ULL;
	mask.cgroup = below(6) ? 0 : ~0ULL;
	mask.file.path = below(3) ? ~0ULL : 0;
	if (below(2))
		mask.file.inode = ~0ULL, mask.file.device = ~0u, mask.file.generation = ~0u;
	mask.file.uid = below(4) ? 0 : ~0u;
	mask.file.gid = below(6) ? 0 : ~0u;
	mask.file.mode = below(3) ? 0 : below(2) ? ~0u : draw();
	if (!below(3)) {
		mask.context = ~0ULL;
		context.capabilities = below(2) ? ~0ULL : 0;
		context.namespaces = below(2) ? 255 : 0;
		context.tty = 255;
	}
	put("key_masks", &index, &mask);
	put("context_masks", &index, &context);
	memset(&posture, 0, sizeof(posture));
	posture.mask_set[HOOK_FILE_OPEN] = set;
	for (int i = 0; i < SLOT_WORDS; i++) {
		posture.active[HOOK_FILE_OPEN][i] = below(2) ? draw() & draw() & draw() : 0;
		posture.enforce[i] = draw();
	}
	posture.active[HOOK_FILE_OPEN][below(SLOT_WORDS)] |= 1;
	for (int i = 0; i < SLOT_WORDS; i++) {
		posture.everywhere[i] = scoped ? draw() : ~0ULL;
		scope.slots[i] = draw();
	}
	put("scopes", &root, &scope);
	copy = (engine->posture_epoch + 1) & 1;
	put("postures", &copy, &posture);
	__atomic_add_fetch(&engine->posture_epoch, 1, __ATOMIC_RELEASE);
}

static __u64 boot_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* About the last key; more often than not one that lets it pass, else one that nearly does. */
static void decide(void)
{
	const __u64 *active = posture.active[HOOK_FILE_OPEN];
	struct verdict verdict = {.stamp = draw(), .key = seen->key};
	__u32 word = below(SLOT_WORDS);
	__u64 digest = seen->digest;

	verdict.stamp_again = verdict.stamp;
	for (int i = 0; i < SLOT_WORDS; i++) {
		verdict.decided[i] = active[i] | draw();
		verdict.deny[i] = draw() & ~active[i];	/* of who does not cover it */
		verdict.kill[i] = verdict.deny[i];
	}
	while (!active[word])
		word = (word + 1) % SLOT_WORDS;
	switch (below(16)) {
	case 0: verdict.deny[word] |= active[word] & -active[word]; break;
	case 1: verdict.deny[word] |= active[word]; break;
	case 2: verdict.decided[word] &= ~(active[word] & -active[word]); break;
	case 3: verdict.decided[word] &= ~active[word]; break;
	case 4: verdict.expires_ns = 1 + below(boot_ns()); break;
	case 5: verdict.stamp_again++; break;
	case 6: ((__u64 *)&verdict.key)[below(KEY_WORDS)] ^= 1ULL << below(64); break;
	case 7: verdict.expires_ns = boot_ns() + 3600000000000ULL; break;
	}
	put("verdicts", &digest, &verdict);
}

/* Something about a file is not as it was. */
static void change(int i)
{
	char other[2304];

	switch (below(5)) {
	case 0: must(chmod(files[i], 0600 + below(0200)), files[i]); break;
	case 1: must(chown(files[i], below(3) * 1000, below(3) * 1000), files[i]); break;
	case 2:
		snprintf(other, sizeof(other), "%.*s/r%d", (int)(strrchr(files[i], '/') - files[i]), files[i], (int)below(100000));
		if (!rename(files[i], other))
			strcpy(files[i], other);	/* not where something is mounted */
		break;
	case 3: below(2) ? mention() : forget(); break;
	case 4:
		if (unlink(files[i]))
			break;
		make(files[i]);
		break;
	}
}

int main(int argc, char **argv)
{
	static const int flags[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY | O_APPEND, O_RDWR | O_TRUNC};
	struct worker workers[WORKERS];
	struct bpf_program *program;
	struct order order;
	long opens;

	if (argc == 2)
		work();
	if (argc != 4)
		return fprintf(stderr, "usage: ways ways.bpf.o OPENS SEED\n"), 2;
	opens = atol(argv[2]);
	state = strtoull(argv[3], NULL, 0) * 0x9e3779b97f4a7c15ULL + 1;
	prepare();
	must(system("cp /proc/$PPID/exe " ROOT "/again"), "cp");
	object = bpf_object__open(argv[1]);
	if (!object)
		die(argv[1]);
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, !strcmp(bpf_program__name(program), "ways_file_open"));
	must(bpf_object__load(object), "load");
	seen = page("ways", sizeof(*seen));
	engine = page("engine_state", sizeof(*engine));
	engine->hash_key[0] = draw();
	engine->hash_key[1] = draw();
	for (int i = 0; i < (int)DIGEST_WORDS; i++)
		engine->digest_key[i] = draw();
	for (int i = 0; i < NAME_SECRET_WORDS; i++)
		engine->name_key[i] = draw() << 8 ^ draw();
	for (int i = 0; i < (int)CONTEXT_SECRET_WORDS; i++)
		engine->context_key[i] = draw() << 8 ^ draw();
	for (int i = 0; i < PATH_SECRET_WORDS; i++)
		engine->path_key[i] = draw() << 8 ^ draw();
	workers[0] = employ("/proc/self/exe", NULL);
	workers[1] = employ(ROOT "/again", NULL);
	workers[2] = employ(NULL, ROOT);
	if (!bpf_program__attach_lsm(bpf_object__find_program_by_name(object, "ways_file_open")))
		die("attach");
	mention();
	while ((long)seen->opens < opens) {
		turn();
		for (int i = 0; i < 400; i++) {
			int file = below(i % 100 < 50 ? 8 : FILES), worker = below(WORKERS);

			if (!below(40))
				change(file);
			memset(&order, 0, sizeof(order));
			strcpy(order.path, files[file] + (worker == 2 ? strlen(ROOT) : 0));
			order.flags = flags[below(5)];
			order.uid = below(3) ? 0 : 1000;
			seen->watched = workers[worker].pid;
			if (perform(&workers[worker], &order))
				continue;
			if (!seen->passed)
				decide();
		}
	}
	printf("%llu opens, %llu pass, %llu of them by the short way, %llu do not, %llu wrong, %llu other paths\n", seen->opens, seen->passes,
	       seen->short_passes, seen->matters, seen->wrong, seen->other_paths);
	for (int i = 0; i < WORKERS; i++)
		close(workers[i].orders);
	umount2(ROOT, MNT_DETACH);
	if (seen->wrong || seen->other_paths)
		return fprintf(stderr, "the short way is wrong\n"), 1;
	if (seen->short_passes < seen->passes / 2 || seen->matters < seen->opens / 20)
		return fprintf(stderr, "the short way is hardly taken, or there is hardly another\n"), 3;
	return 0;
}
