// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* What file_open costs, in guest instructions: run in the virtual machine with -icount shift=0, where one nanosecond of the
 * guest's clock is one instruction. Prints one line a case: the instructions that an open and close take more than without
 * any program, and the ratio to the empty program.
 *
 * usage: hook_cost interdict.bpf.o peer.bpf.o
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <interdict/event.h>

#define OPENS 400	/* at 6,000 instructions an open and close stay below one timer tick of 4 ms */
#define BATCHES 25
#define DEPTHS 5
#define STATE_BYTES ((sizeof(struct engine_state) + 4095) & ~4095UL)

/* Files of so many names; a deeper one takes longer to open by itself. */
static const int depths[DEPTHS] = {1, 2, 4, 8, 12};
static char targets[DEPTHS][128];
static double bases[DEPTHS];

static __u64 now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* The least of many batches: a batch that took in an interrupt is longer, none is shorter. */
static double measure(int target)
{
	__u64 best = ~0ull;

	for (int batch = 0; batch < BATCHES; batch++) {
		__u64 start = now(CLOCK_MONOTONIC), took;

		for (int i = 0; i < OPENS; i++)
			close(open(targets[target], O_RDONLY));
		took = now(CLOCK_MONOTONIC) - start;
		if (took < best)
			best = took;
	}
	return (double)best / OPENS;
}

static struct bpf_object *load(const char *path, const char *only)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_program *program;

	if (!object)
		die(path);
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, !strcmp(bpf_program__name(program), only));
	if (bpf_object__load(object))
		die("load");
	return object;
}

static struct bpf_link *attach(struct bpf_object *object, const char *name)
{
	struct bpf_link *link = bpf_program__attach_lsm(bpf_object__find_program_by_name(object, name));

	if (!link)
		die(name);
	return link;
}

static int map(struct bpf_object *object, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(object, name);

	if (fd < 0)
		die(name);
	return fd;
}

static void put(int fd, const void *key, const void *value)
{
	if (bpf_map_update_elem(fd, key, value, BPF_ANY))
		die("bpf_map_update_elem");
}

static double empty_cost;

static void report(const char *name, int target)
{
	double cost = measure(target) - bases[target];

	if (!empty_cost)
		empty_cost = cost;
	printf("%-34s %8.1f instructions  %5.2f x empty\n", name, cost, cost / empty_cost);
	fflush(stdout);
}

/* The key that the programs use for a target, taken from the record of a miss. */
static int learn(void *context, void *data, size_t size)
{
	if (size >= sizeof(struct event))
		*(struct verdict_key *)context = ((struct event *)data)->key;
	return 1;
}

static void ours(const char *name, struct bpf_object *object, int covered, struct verdict_key mask, int target)
{
	static __u32 mask_set;
	struct posture posture = {
		.active[HOOK_FILE_OPEN][0] = 1, .everywhere[0] = covered, .enforce[0] = 1,
		.poll_ns = 100000, .deadline_ns = 1000000, .stale_ns = 1000000,
	};
	struct verdict allow = { .stamp = 1, .decided[0] = 1, .stamp_again = 1 };
	struct context all = {.capabilities = ~0ull, .session_uid = ~0u, .namespaces = 255, .no_new_privs = 255, .seccomp = 255, .tty = 255};
	struct context nothing = {};
	struct verdict_key key = {};
	struct ring_buffer *ring = ring_buffer__new(map(object, "decide"), learn, &key, NULL);
	struct engine_state *state = mmap(NULL, STATE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, map(object, "engine_state"), 0);
	__u32 index = (++mask_set & 1) * HOOKS + HOOK_FILE_OPEN, copy;
	__u64 digest;

	if (state == MAP_FAILED || !ring)
		die("engine_state");
	posture.mask_set[HOOK_FILE_OPEN] = mask_set;
	mask.hook = 0xff;
	mask.mask_set = ~0u;
	put(map(object, "key_masks"), &index, &mask);
	put(map(object, "context_masks"), &index, mask.context ? &all : &nothing);
	copy = (state->posture_epoch + 1) & 1;
	put(map(object, "postures"), &copy, &posture);
	for (int i = 0; i < (int)DIGEST_WORDS; i++)
		state->digest_key[i] = i * 0x9e3779b97f4a7c15ULL;
	for (int i = 0; i < (int)CONTEXT_SECRET_WORDS; i++)
		state->context_key[i] = (i + 3) * 0x9e3779b97f4a7c15ULL;
	for (int i = 0; i < NAME_SECRET_WORDS; i++)
		state->name_key[i] = (i + 1) * 0x9e3779b97f4a7c15ULL;
	for (int i = 0; i < PATH_SECRET_WORDS; i++)
		state->path_key[i] = (i + 2) * 0x9e3779b97f4a7c15ULL;
	__atomic_store_n(&state->posture_epoch, state->posture_epoch + 1, __ATOMIC_RELEASE);
	close(open(targets[target], O_RDONLY));	/* without a heartbeat: reported, answered by the fallback */
	ring_buffer__consume(ring);
	if (covered) {
		if (!key.hook)
			fprintf(stderr, "%s: no record of a miss\n", name), exit(1);
		allow.key = key;
		digest = key_digest(&key, state->digest_key);
		put(map(object, "verdicts"), &digest, &allow);
	}
	report(name, target);
	ring_buffer__free(ring);
	munmap(state, STATE_BYTES);
}

/* /c1, /h1/c2, /h1/h2/h3/c4 ... */
static void prepare(void)
{
	for (int i = 0; i < DEPTHS; i++) {
		char *path = targets[i];
		int at = 0;

		for (int name = 1; name < depths[i]; name++) {
			at += sprintf(path + at, "/h%d", name);
			mkdir(path, 0755);
		}
		sprintf(path + at, "/c%d", depths[i]);
		close(open(path, O_CREAT | O_WRONLY, 0644));
		measure(i);
		bases[i] = measure(i);
	}
}

static void peers(const char *path)
{
	static const char *const names[][2] = {{"empty", "empty program"}, {"one_lookup", "one hash lookup, hand-written"}};

	for (int i = 0; i < 2; i++) {
		struct bpf_object *object = load(path, names[i][0]);
		struct bpf_link *link = attach(object, names[i][0]);

		report(names[i][1], 1);
		bpf_link__destroy(link);
		bpf_object__close(object);
	}
}

int main(int argc, char **argv)
{
	struct verdict_key none = {}, access = { .access = ~0u }, user = { .access = ~0u, .uid = ~0u },
			   inode = { .uid = ~0u, .file = { .inode = ~0ull, .device = ~0u } },
			   owner = { .file = { .uid = ~0u, .mode = ~0u } }, image = { .image = ~0ull }, state = { .context = ~0ull }, cgroup = { .cgroup = ~0ull },
			   program = { .exe_path = ~0ull, .exe_inode = ~0ull, .exe_device = ~0u }, path = { .file = { .path = ~0ull } },
			   file = { .file = { .inode = ~0ull, .path = ~0ull, .device = ~0u, .generation = ~0u } }, both = file;
	struct bpf_object *object;
	struct bpf_link *link;

	if (argc != 3)
		return fprintf(stderr, "usage: hook_cost interdict.bpf.o peer.bpf.o\n"), 2;
	prepare();
	printf("%-34s %8.1f instructions\n", "open and close, no program", bases[1]);
	peers(argv[2]);
	object = load(argv[1], "lsm_file_open");
	link = attach(object, "lsm_file_open");
	both.exe_path = both.exe_inode = ~0ull;
	both.exe_device = ~0u;
	ours("uncovered subject", object, 0, none, 1);
	ours("hit, rules read nothing", object, 1, none, 1);
	ours("hit, access", object, 1, access, 1);
	ours("hit, access and user", object, 1, user, 1);
	ours("hit, user and inode", object, 1, inode, 1);
	ours("hit, owner and mode", object, 1, owner, 1);
	ours("hit, cgroup", object, 1, cgroup, 1);
	ours("hit, image", object, 1, image, 1);
	ours("hit, state of who acts", object, 1, state, 1);
	ours("hit, program", object, 1, program, 1);
	for (int i = 0; i < DEPTHS; i++) {
		char name[64];

		sprintf(name, "hit, path of %d names", depths[i]);
		ours(name, object, 1, path, i);
	}
	ours("hit, path of 4 names and inode", object, 1, file, 2);
	ours("hit, both paths", object, 1, both, 2);
	bpf_link__destroy(link);
	printf("%-34s %8.1f instructions\n", "detached again", measure(1) - bases[1]);
	return 0;
}
