/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* libbpf's own consumer on a pinned ring: for each line of input empties it, and prints records, nanoseconds and a sum. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <time.h>

static unsigned long sum;

static int consume(void *context, void *data, size_t bytes)
{
	sum += *(unsigned long *)data;
	return 0;
}

int main(int argc, char **argv)
{
	int fd = argc > 1 ? bpf_obj_get(argv[1]) : -1;
	struct ring_buffer *ring = fd < 0 ? NULL : ring_buffer__new(fd, consume, NULL, NULL);

	if (!ring) {
		perror("open ring");
		return 1;
	}
	while (getchar() == '\n') {
		struct timespec start, end;
		long records;

		sum = 0;
		clock_gettime(CLOCK_MONOTONIC, &start);
		records = ring_buffer__consume(ring);
		clock_gettime(CLOCK_MONOTONIC, &end);
		printf("%ld %ld %lu\n", records, (end.tv_sec - start.tv_sec) * 1000000000 + end.tv_nsec - start.tv_nsec, sum);
		fflush(stdout);
	}
	ring_buffer__free(ring);
	return 0;
}
