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
#include <time.h>
#include <unistd.h>
#include <interdict/event.h>

#define OPENS 400	/* at 6,000 instructions an open and close stay below one timer tick of 4 ms */
#define BATCHES 25
#define TARGET "/etc/hook-cost"

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
static double measure(void)
{
	__u64 best = ~0ull;

	for (int batch = 0; batch < BATCHES; batch++) {
		__u64 start = now(CLOCK_MONOTONIC), took;

		for (int i = 0; i < OPENS; i++)
			close(open(TARGET, O_RDONLY));
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

static void report(const char *name, double base)
{
	double cost = measure() - base;

	if (!empty_cost)
		empty_cost = cost;
	printf("%-34s %8.1f instructions  %5.2f x empty\n", name, cost, cost / empty_cost);
	fflush(stdout);
}

/* The key that the programs use for TARGET, taken from the record of a miss. */
static int learn(void *context, void *data, size_t size)
{
	if (size >= sizeof(struct event))
		*(struct verdict_key *)context = ((struct event *)data)->key;
	return 1;
}

static void ours(const char *name, struct bpf_object *object, int covered, struct verdict_key mask, double base)
{
	static __u32 mask_set;
	struct posture posture = {
		.active[HOOK_FILE_OPEN][0] = 1, .everywhere[0] = covered, .enforce[0] = 1,
		.poll_ns = 100000, .deadline_ns = 1000000, .stale_ns = 1000000,
	};
	struct verdict allow = { .stamp = 1, .decided[0] = 1, .stamp_again = 1 };
	struct verdict_key key = {};
	struct ring_buffer *ring = ring_buffer__new(map(object, "decide"), learn, &key, NULL);
	struct engine_state *state = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, map(object, "engine_state"), 0);
	__u32 index = (++mask_set & 1) * HOOKS + HOOK_FILE_OPEN, copy;
	__u64 digest;

	if (state == MAP_FAILED || !ring)
		die("engine_state");
	posture.mask_set = mask_set;
	mask.hook = 0xff;
	mask.mask_set = ~0u;
	put(map(object, "key_masks"), &index, &mask);
	copy = (state->posture_epoch + 1) & 1;
	put(map(object, "postures"), &copy, &posture);
	for (int i = 0; i < (int)DIGEST_WORDS; i++)
		state->digest_key[i] = i * 0x9e3779b97f4a7c15ULL;
	__atomic_store_n(&state->posture_epoch, state->posture_epoch + 1, __ATOMIC_RELEASE);
	close(open(TARGET, O_RDONLY));	/* without a heartbeat: reported, answered by the fallback */
	ring_buffer__consume(ring);
	if (covered) {
		if (!key.hook)
			fprintf(stderr, "%s: no record of a miss\n", name), exit(1);
		allow.key = key;
		digest = key_digest(&key, state->digest_key);
		put(map(object, "verdicts"), &digest, &allow);
	}
	report(name, base);
	ring_buffer__free(ring);
	munmap(state, 4096);
}

int main(int argc, char **argv)
{
	struct verdict_key none = {}, user = { .uid = ~0u }, inode = { .uid = ~0u, .file = { .inode = ~0ull, .device = ~0u } },
			   path = { .file = { .inode = ~0ull, .path = ~0ull, .device = ~0u, .generation = ~0u } },
			   both = path;
	struct bpf_object *peer, *object;
	struct bpf_link *link;
	double base;

	if (argc != 3)
		return fprintf(stderr, "usage: hook_cost interdict.bpf.o peer.bpf.o\n"), 2;
	close(open(TARGET, O_CREAT | O_WRONLY, 0644));
	measure();
	base = measure();
	printf("%-34s %8.1f instructions\n", "open and close, no program", base);
	peer = load(argv[2], "empty");
	link = attach(peer, "empty");
	report("empty program", base);
	bpf_link__destroy(link);
	bpf_object__close(peer);
	peer = load(argv[2], "one_lookup");
	link = attach(peer, "one_lookup");
	report("one hash lookup, hand-written", base);
	bpf_link__destroy(link);
	bpf_object__close(peer);

	object = load(argv[1], "lsm_file_open");
	link = attach(object, "lsm_file_open");
	both.exe_path = both.exe_inode = ~0ull;
	both.exe_device = ~0u;
	ours("uncovered subject", object, 0, none, base);
	ours("hit, rules read nothing", object, 1, none, base);
	ours("hit, rules read the user", object, 1, user, base);
	ours("hit, rules read user and inode", object, 1, inode, base);
	ours("hit, rules read the path", object, 1, path, base);
	ours("hit, rules read both paths", object, 1, both, base);
	bpf_link__destroy(link);
	base = measure() - base;
	printf("%-34s %8.1f instructions\n", "detached again", base);
	return 0;
}
