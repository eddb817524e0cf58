/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The path of a file as the caller sees it (src/path.bpf.c), and SipHash-1-3, with which it is hashed. */
#ifndef INTERDICT_PATH_BPF_H
#define INTERDICT_PATH_BPF_H

#include <interdict/maps.bpf.h>

/* The address goes through a variable, lest CO-RE takes the struct that it is read from for one of the kernel's. */
#define load(type, address, field) \
	({ \
		type *from_ = (type *)(address); \
		BPF_CORE_READ(from_, field); \
	})

/* Of a pointer that the verifier knows: plain loads, a tenth of what a helper costs. */
#define place_of(path) ((struct place){(__u64)(path).dentry, (__u64)(path).mnt})

/* Builds the path of what is at a place, seen from the root of the current task, and its hash. */
int build_text(struct text *text, const struct place *from);

/* By which names that policies mention the file there is known; after build_text. inode 0: it is not there yet. */
int find_names(struct text *text, const struct place *at, __u64 inode, __u32 device);

static __always_inline struct engine_state *engine(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&engine_state, &zero);
}

#define ROTATE(word, bits) ((word) << (bits) | (word) >> (64 - (bits)))


static __always_inline void sip_round(__u64 *v)
{
	v[0] += v[1]; v[1] = ROTATE(v[1], 13) ^ v[0]; v[0] = ROTATE(v[0], 32);
	v[2] += v[3]; v[3] = ROTATE(v[3], 16) ^ v[2];
	v[0] += v[3]; v[3] = ROTATE(v[3], 21) ^ v[0];
	v[2] += v[1]; v[1] = ROTATE(v[1], 17) ^ v[2]; v[2] = ROTATE(v[2], 32);
}

static __always_inline void sip_word(__u64 *v, __u64 word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

static __always_inline void sip_start(__u64 *v, const __u64 *key)
{
	v[0] = key[0] ^ 0x736f6d6570736575ULL;
	v[1] = key[1] ^ 0x646f72616e646f6dULL;
	v[2] = key[0] ^ 0x6c7967656e657261ULL;
	v[3] = key[1] ^ 0x7465646279746573ULL;
}

/* Never zero: zero means unknown. The last word has the rest of the bytes, and their number at its top. */
static __always_inline __u64 sip_end(__u64 *v, __u64 last)
{
	sip_word(v, last);
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return (v[0] ^ v[1] ^ v[2] ^ v[3]) ?: 1;
}

#endif
