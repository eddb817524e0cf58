/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* io_uring without a library: one ring, one request, one completion. */
#define _GNU_SOURCE
#include "attack.h"
#include <linux/io_uring.h>

struct ring {
	int fd;
	struct io_uring_params params;
	char *queue;	/* both rings: IORING_FEAT_SINGLE_MMAP, 5.4 */
	struct io_uring_sqe *requests;
};

static void open_ring(struct ring *ring, enum uring_way way)
{
	size_t bytes, completions;

	memset(ring, 0, sizeof(*ring));
	if (way == URING_SQPOLL) {
		ring->params.flags = IORING_SETUP_SQPOLL;
		ring->params.sq_thread_idle = 1000;
	}
	ring->fd = syscall(SYS_io_uring_setup, 4, &ring->params);
	if (ring->fd < 0)
		unprepared("io_uring_setup");
	bytes = ring->params.sq_off.array + ring->params.sq_entries * sizeof(unsigned);
	completions = ring->params.cq_off.cqes + ring->params.cq_entries * sizeof(struct io_uring_cqe);
	if (completions > bytes)
		bytes = completions;
	ring->queue = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING);
	ring->requests = mmap(NULL, ring->params.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQES);
	if (ring->queue == MAP_FAILED || ring->requests == MAP_FAILED)
		unprepared("mmap:io_uring");
}

/* One empty place in the ring's own descriptor table, for opens that make no descriptor of the process. */
static void add_fixed_file(struct ring *ring)
{
	int files[1] = {-1};

	if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES, files, 1) < 0)
		unprepared("io_uring_register");
}

static unsigned *at(struct ring *ring, unsigned offset)
{
	return (unsigned *)(ring->queue + offset);
}

static void submit(struct ring *ring, enum uring_way way)
{
	unsigned *tail = at(ring, ring->params.sq_off.tail);
	unsigned flags = IORING_ENTER_GETEVENTS;

	*at(ring, ring->params.sq_off.array) = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (way == URING_SQPOLL)
		flags |= IORING_ENTER_SQ_WAKEUP;
	while (syscall(SYS_io_uring_enter, ring->fd, 1, 1, flags, NULL, 0) < 0)
		if (errno != EINTR)
			unprepared("io_uring_enter");
}

long uring_call(const struct io_uring_sqe *request, enum uring_way way)
{
	struct io_uring_cqe *completion;
	struct ring ring;
	unsigned head;
	long result;

	open_ring(&ring, way);
	ring.requests[0] = *request;
	if (way == URING_ASYNC)
		ring.requests[0].flags |= IOSQE_ASYNC;
	if (way == URING_FIXED)
		add_fixed_file(&ring);
	submit(&ring, way);
	head = __atomic_load_n(at(&ring, ring.params.cq_off.head), __ATOMIC_ACQUIRE);
	if (head == __atomic_load_n(at(&ring, ring.params.cq_off.tail), __ATOMIC_ACQUIRE))
		unprepared_errno("io_uring:no-completion", ETIMEDOUT);
	completion = (struct io_uring_cqe *)(ring.queue + ring.params.cq_off.cqes);
	result = completion[head & *at(&ring, ring.params.cq_off.ring_mask)].res;
	close(ring.fd);
	if (result < 0) {
		errno = -result;
		return -1;
	}
	return result;
}
