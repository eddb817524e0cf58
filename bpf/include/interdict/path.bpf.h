/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The path of a file as the caller sees it (src/path.bpf.c), and the hash of it, made of the hashes of its names (verdict.h), from the last
 * name to the first: while they are walked, and a byte of a name costs two instructions. SipHash-1-3 for what is no path. */
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

/* Builds the path of what is at a place, seen from the root of the current task or of its mount namespace (whole), and its hash. */
int build_text(struct text *text, const struct place *from);

/* A path as it is climbed on the short way of a hit: nothing but its hash. */
struct climb {
	struct place at;	/* where to begin */
	struct place root;
	__u64 mount_root;	/* dentry */
	__u64 sums[2];
	__u64 hash;	/* 0: it cannot be told in this way */
	__u64 last;	/* hash of the last name, */
	__u64 folder;	/* and the dentry that it is in */
	__u32 names;
	__u32 bytes;	/* of the text that the path has */
	__u32 mounts;	/* the kernel's count of mount changes, if one was crossed */
	__u32 crossed;
	__u32 arrived;
	__u32 pad0;
};

/* The same hash as build_text, in one go and without memory of its own. Only of a path that ends at the root of the current task. */
int climb_path(struct climb *climb);

/* By which names that policies mention the file there is known; after build_text. inode 0: it is not there yet. */
int find_names(struct text *text, const struct place *at, __u64 inode, __u32 device);

static __always_inline struct engine_state *engine(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&engine_state, &zero);
}

/* Whoever has a user namespace of his own may mount, change his root and, with PR_SET_MM_MAP, the file that his program is said to be. */
static __always_inline bool arranges_names(struct task_struct *task)
{
	struct nsproxy *namespaces = task->nsproxy;

	return !namespaces || namespaces->mnt_ns->user_ns->level || task->real_cred->user_ns->level;
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

/* Adds words of a name to its sums: those of its words from first on that are in memory. */
#define ADD_WORDS(sums, memory, room, first, bytes, secret) \
	do { \
		_Pragma("unroll") for (int word_ = 0; word_ < (room); word_++) { \
			__u32 at_ = ((first) + word_) * sizeof(__u64); \
			__u64 read_; \
			if (at_ >= (bytes)) \
				break; \
			read_ = (memory)[word_]; \
			if ((bytes) - at_ < sizeof(__u64)) \
				read_ &= (1ULL << ((bytes) - at_) * 8) - 1; \
			name_word(sums, (first) + word_, read_, secret); \
		} \
	} while (0)

/* What the hash of a path tells beside its names and their number. */
enum path_form {
	PATH_ENDS_AT_ROOT = 0,
	PATH_WITHOUT_ROOT = 1,	/* its first name has no slash before it */
	PATH_OF_FOLDER = 2,	/* it ends with a slash */
};

static __always_inline void path_begin(__u64 *sums, const __u64 *secret)
{
	sums[0] = secret[0];
	sums[1] = secret[2];
}

/* Name i from the end, by its hash. */
static __always_inline void path_name(__u64 *sums, __u32 i, __u64 hash, const __u64 *secret)
{
	digest_word(sums, 0, hash, &secret[4 * (i & (PATH_DEPTH - 1)) + 4]);
}

/* Never zero: zero means unknown. */
static __always_inline __u64 path_end(__u64 *sums, __u32 names, enum path_form form, const __u64 *secret)
{
	__u64 word = names << 2 | form;

	sums[0] += secret[1] * word;
	sums[1] += secret[3] * word;
	return digest_end(sums) ?: 1;
}

#endif
