/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A small object for the tests of the libbpf package: maps of each kind, a ring, two programs. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum colour { RED = 1, GREEN = -2 };

struct inner {
	__u32 a;
	__u16 b[2];
};

struct outer {
	__u8 first;
	__u8 pad[7];
	union {
		struct inner inner;
		__u64 number;
	};
	struct inner list[3];
	enum colour colour;
	__u32 last;
};

struct layout {
	struct outer outers[2];
	struct {
		struct inner named;
	};
	struct outer *pointer;
};

const struct layout layout;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u64);
	__type(value, __u64);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} per_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64[4]);
} page SEC(".maps");

/* Copies the packet into the ring and counts it; a packet that starts with zero is discarded. */
SEC("xdp")
int to_ring(struct xdp_md *context)
{
	__u8 *data = (void *)(long)context->data;
	__u8 *end = (void *)(long)context->data_end;
	__u32 zero = 0;
	__u32 *count = bpf_map_lookup_elem(&per_cpu, &zero);
	__u8 *record;

	if (data + 64 > end)
		return XDP_ABORTED;
	if (count)
		*count += 1;
	record = bpf_ringbuf_reserve(&ring, 64, 0);
	if (!record)
		return XDP_DROP;
	__builtin_memcpy(record, data, 64);
	if (data[0])
		bpf_ringbuf_submit(record, 0);
	else
		bpf_ringbuf_discard(record, 0);
	return XDP_PASS;
}

/* The verifier refuses it: the pointer is not compared with the packet's end. */
SEC("?xdp")
int refused(struct xdp_md *context)
{
	return *(__u8 *)(long)context->data;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
