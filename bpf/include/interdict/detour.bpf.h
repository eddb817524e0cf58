/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Whether what a socket sends goes where its address says: source routes, headers of the caller's own, packet sockets. */
#ifndef INTERDICT_DETOUR_BPF_H
#define INTERDICT_DETOUR_BPF_H

#include <interdict/kernel.h>

/* More control messages than any program sends; what is behind them counts as a detour. */
#define CONTROLS 64

/* struct cmsghdr */
struct control {
	__u64 bytes;
	__u32 level;
	__u32 type;
};

struct control_walk {
	__u64 at, end;
	__u32 source;		/* IPv4, where IP_PKTINFO says it: the destination of what goes to 0.0.0.0; that it says 0.0.0.0 is the loopback */
	__u32 interface;	/* or this one's address is */
	__u32 detour;
	__u16 family;		/* of the socket */
};

/* Options that stay with the socket. */
static __always_inline bool sets_detour(int level, int option)
{
	if (level == LEVEL_IP)
		return option == IP_OPTIONS || option == IP_HDRINCL;
	return level == LEVEL_IPV6 && (option == IPV6_RTHDR || option == IPV6_2292PKTOPTIONS || option == IPV6_HDRINCL ||
				       option == IPV6_FLOWLABEL_MGR);	/* a label may have a route of its own */
}

/* Control messages that hold for one packet. */
static __always_inline bool is_detour(const struct control *control)
{
	switch (control->level) {
	case LEVEL_IP:
		return control->type == IP_RETOPTS;
	case LEVEL_IPV6:
		return control->type == IPV6_RTHDR || control->type == IPV6_2292RTHDR;
	case PROTOCOL_SCTP:
		return control->type == SCTP_DSTADDRV4 || control->type == SCTP_DSTADDRV6;
	default:
		return false;
	}
}

static __always_inline void read_source(struct control_walk *walk, const struct control *control)
{
	const void *data = (void *)(walk->at + sizeof(*control));
	__u32 word[5] = {};

	if (control->level == LEVEL_IP && control->type == IP_PKTINFO) {
		bpf_probe_read_kernel(word, 8, data);
		walk->source = word[1] ?: bpf_htonl(LOOPBACK);
		walk->interface |= word[0];
	}
	if (control->level == LEVEL_IPV6 && (control->type == IPV6_PKTINFO || control->type == IPV6_2292PKTINFO)) {
		bpf_probe_read_kernel(word, sizeof(word), data);
		if (control->type == IPV6_PKTINFO && walk->family == AF_INET6 && !word[0] && !word[1] && word[2] == bpf_htonl(0xffff))
			walk->source = word[3] ?: bpf_htonl(LOOPBACK);	/* else nobody reads it on the way to an IPv4 address */
		walk->interface |= word[4];
	}
}

static long next_control(__u32 step, struct control_walk *walk)
{
	struct control control;

	if (walk->at + sizeof(control) > walk->end || bpf_probe_read_kernel(&control, sizeof(control), (void *)walk->at) ||
	    control.bytes < sizeof(control))
		return 1;	/* the kernel takes the rest for nothing, or refuses the call */
	walk->detour |= is_detour(&control);
	read_source(walk, &control);
	walk->at += (control.bytes + 7) & ~7ULL;
	return 0;
}

/* The kernel's copy, as the protocols will read it: the source, DETOUR_CONTROL, and whether an interface was named. */
#define DETOUR_CONTROL (1ULL << 32)
#define INTERFACE_CONTROL (1ULL << 33)

SUBPROGRAM __u64 read_controls(const struct msghdr *message, __u16 family)
{
	struct control_walk walk = {.at = (__u64)message->msg_control, .family = family};

	walk.end = walk.at + message->msg_controllen;
	if (message->msg_controllen && bpf_loop(CONTROLS, next_control, &walk, 0) == CONTROLS)
		walk.detour = true;
	return walk.source | (walk.detour ? DETOUR_CONTROL : 0) | (walk.interface ? INTERFACE_CONTROL : 0);
}

/* Whether each packet brings its own IP header. */
static __always_inline bool builds_headers(const struct sock *sock)
{
	const struct inet_sock___bits *bits = (const void *)sock;
	const struct inet_sock *inet = (const void *)sock;

	if (sock->sk_type != SOCK_RAW)
		return false;
	if (sock->sk_protocol == PROTOCOL_RAW)
		return true;
	if (bpf_core_field_exists(bits->hdrincl))
		return BPF_CORE_READ_BITFIELD_PROBED(bits, hdrincl);
	return BPF_CORE_READ(inet, inet_flags) >> INET_HDRINCL & 1;
}

/* Whether it has leased a flow label, with which a route may come. */
static __always_inline bool has_label(const struct sock *sock)
{
	const struct inet_sock___labels *labels = (const void *)sock;
	const struct inet_sock *inet = (const void *)sock;
	struct ipv6_pinfo___labels *before;

	if (bpf_core_field_exists(labels->ipv6_fl_list))
		return BPF_CORE_READ(labels, ipv6_fl_list);
	before = (void *)BPF_CORE_READ(inet, pinet6);
	return BPF_CORE_READ(before, ipv6_fl_list);
}

/* The state of a socket, whoever made it so. */
static __always_inline bool detours(const struct sock *sock)
{
	const struct inet_sock *inet = (const void *)sock;
	__u16 family = sock->__sk_common.skc_family;

	if (family == AF_PACKET)
		return true;
	if (family != AF_INET && family != AF_INET6)
		return false;
	if (builds_headers(sock) || BPF_CORE_READ(inet, inet_opt, opt.srr))
		return true;
	return family == AF_INET6 && (BPF_CORE_READ(inet, pinet6, opt, srcrt) || has_label(sock));
}

#endif
