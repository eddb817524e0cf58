// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* What our hooks are measured against: a program that does nothing, and the least that could look a verdict up. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct inode {
	unsigned long i_ino;
} __attribute__((preserve_access_index));

struct file {
	struct inode *f_inode;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u32);
} answers SEC(".maps");

SEC("lsm/file_open")
int BPF_PROG(empty, struct file *file, int ret)
{
	return ret;
}

SEC("lsm/file_open")
int BPF_PROG(one_lookup, struct file *file, int ret)
{
	__u64 inode = file->f_inode->i_ino;
	__u32 *answer = bpf_map_lookup_elem(&answers, &inode);

	return answer && *answer ? -1 : ret;
}
