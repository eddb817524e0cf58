/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Addresses of internet sockets, and what no address tells. */
#ifndef INTERDICT_ADDRESS_BPF_H
#define INTERDICT_ADDRESS_BPF_H

#include <interdict/decide.bpf.h>

/* The part of a sockaddr_in or sockaddr_in6 that says where. */
struct address {
	__u16 family;
	__u16 port;		/* network order */
	__u32 ipv4;		/* IPv6: flow label */
	__u32 ipv6[4];
	__u32 detour;		/* enum detour */
};

enum detour {
	STRAIGHT,
	MAYBE_ELSEWHERE,
	NOTHING_ELSE,	/* no connection or packet is made: only the detour is judged */
};

#define ADDRESS_BYTES __builtin_offsetof(struct address, detour)
#define SOCKADDR_IPV4_BYTES 16
#define SOCKADDR_IPV6_BYTES 28
#define IPV4_BYTES 8
#define IPV6_BYTES 24
_Static_assert(ADDRESS_BYTES == IPV6_BYTES, "read as it is");

static __always_inline void set_ipv4(struct verdict_key *facts, __u32 address)
{
	__u32 *words = (__u32 *)facts->socket.address;

	facts->family = 4;
	words[0] = 0;
	words[1] = 0;
	words[2] = bpf_htonl(0xffff);
	words[3] = address;
}

/* Two kinds of socket that are TCP where one side does not know better. */
static __always_inline bool is_smc(const struct sock *sock)
{
	return sock->__sk_common.skc_family == AF_SMC || sock->sk_protocol == PROTOCOL_SMC;
}

/* All but the address itself. */
static __always_inline void fill_kind(struct verdict_key *facts, const struct sock *sock, const struct address *address)
{
	facts->protocol = is_smc(sock) ? PROTOCOL_TCP : sock->sk_protocol;
	facts->flags = address->detour ? OBJECT_DETOUR : 0;
	facts->socket.port = bpf_ntohs(address->port);
	facts->socket.type = sock->sk_type;
}

/* Where this goes no address tells: every slot that reads the address and does not say otherwise denies it without being asked; the
 * others are asked as always. */
static __always_inline int refuse_detour(struct run *run, const struct posture *posture, enum hook hook)
{
	const __u64 *pass = posture->unparsed_pass[hook & (HOOKS - 1)];
	__u64 refusing = 0;

	for (int i = 0; i < SLOT_WORDS; i++) {
		run->deny[i] = run->covered[i] & ~pass[i];
		run->undecided[i] = 0;
		run->kill[i] = 0;
		run->covered[i] &= pass[i];
		refusing |= run->deny[i];
	}
	COUNT(hook, undecidable);
	if (!refusing)
		return 0;
	name_event(run, hook);
	return conclude(run, hook, SETTLED);
}

/* Reads the kernel's copy of an address; false if it is too short for the kernel to take it. */
static __always_inline bool read_address(struct address *address, const void *from, int bytes)
{
	__builtin_memset(address, 0, sizeof(*address));
	if (bytes < IPV4_BYTES || bpf_probe_read_kernel(address, IPV4_BYTES, from))
		return false;
	return bytes < IPV6_BYTES || !bpf_probe_read_kernel(address, ADDRESS_BYTES, from);
}

static __always_inline bool is_internet(const struct address *address, int bytes)
{
	return address->family == AF_INET || (address->family == AF_INET6 && bytes >= IPV6_BYTES);
}

#endif
