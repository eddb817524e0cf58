/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What the benchmarks measure against: a ring that a test run fills, and the smallest packet program that looks something up. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 26);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, __u64);
} table SEC(".maps");

static __always_inline int fill(__u64 bytes)
{
	__u64 *record = bpf_ringbuf_reserve(&ring, bytes, 0);

	if (!record)
		return XDP_DROP;
	record[0] = bytes;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return XDP_PASS;
}

SEC("xdp")
int fill_64(struct xdp_md *context)
{
	return fill(64);
}

SEC("xdp")
int fill_128(struct xdp_md *context)
{
	return fill(128);
}

SEC("xdp")
int fill_512(struct xdp_md *context)
{
	return fill(512);
}

/* The floor for any verdict by IPv4 addresses: bounds, one look-up, an answer. */
SEC("xdp")
int smallest(struct xdp_md *context)
{
	__u8 *data = (void *)(long)context->data;
	__u64 key, *hit;

	if (data + 34 > (__u8 *)(long)context->data_end)
		return XDP_DROP;
	__builtin_memcpy(&key, data + 26, sizeof(key));
	hit = bpf_map_lookup_elem(&table, &key);
	return hit && *hit ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
