/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* From the bytes of a frame to the facts about it. Each function reads one header; what it cannot read to its end is unparsed, and never
 * taken for something else. */
#ifndef INTERDICT_PACKET_BPF_H
#define INTERDICT_PACKET_BPF_H

#include <interdict/answer.bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

/* Headers further in than this are unparsed; the verifier wants some bound. */
#define HEADERS_BYTES 2048

#define IPV4_OFFSET 0x1fff
#define IPV4_MORE 0x2000
#define IPV6_OFFSET 0xfff8
#define IPV6_MORE 0x0001

/* What headers that only carry ports begin with. */
struct ports { __be16 source, destination; };
struct icmp { __u8 type, code; };
struct vlan_tag { __be16 control, ethertype; };
struct extension { __u8 next, units, kind, segments_left; };
struct fragment { __u8 next, reserved; __be16 offset; __be32 id; };

/* What was read, in whole numbers: the facts are written from them in whole words, because a load that spans several fresh stores makes the
 * processor wait. */
struct packet {
	__u64 source[2];
	__u64 destination[2];
	__u32 source_port;
	__u32 destination_port;
	__u32 family;
	__u32 protocol;
	__u32 flags;
};

struct cursor {
	void *start;
	void *end;
	__u32 at;		/* offset of the next header */
	__u32 limit;		/* offset at which the frame, or the IP packet in it, ends */
};

static __always_inline void *take(struct cursor *cursor, __u32 bytes)
{
	void *header;

	if (cursor->at > HEADERS_BYTES || cursor->at + bytes > cursor->limit)
		return NULL;
	header = cursor->start + cursor->at;
	if (header + bytes > cursor->end)
		return NULL;
	cursor->at += bytes;
	return header;
}

/* The ethertype below all VLAN tags; 0 if there are too many or the frame ends. */
static __always_inline __u16 read_ethernet(struct cursor *cursor)
{
	struct ethhdr *ethernet = take(cursor, sizeof(*ethernet));
	__u16 ethertype = ethernet ? bpf_ntohs(ethernet->h_proto) : 0;

#pragma unroll
	for (int i = 0; i <= VLAN_TAGS; i++) {
		struct vlan_tag *tag;

		if (ethertype != ETH_P_8021Q && ethertype != ETH_P_8021AD)
			return ethertype;
		tag = take(cursor, sizeof(*tag));
		ethertype = tag ? bpf_ntohs(tag->ethertype) : 0;
	}
	return 0;
}

static __always_inline bool has_ports(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP || protocol == IPPROTO_UDPLITE ||
	       protocol == IPPROTO_DCCP;
}

/* A transport header counts only if all of it is there: a receiver could read what we did not. */
static __always_inline __u32 transport_bytes(__u8 protocol)
{
	return protocol == IPPROTO_TCP ? 20 : protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP ? 12 : 8;
}

static __always_inline bool read_transport(struct cursor *cursor, struct packet *packet)
{
	__u32 protocol = packet->protocol;

	if (has_ports(protocol)) {
		struct ports *ports = take(cursor, sizeof(*ports));

		if (!ports || cursor->at - sizeof(*ports) + transport_bytes(protocol) > cursor->limit)
			return false;
		packet->source_port = bpf_ntohs(ports->source);
		packet->destination_port = bpf_ntohs(ports->destination);
	} else if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) {
		struct icmp *icmp = take(cursor, sizeof(*icmp));

		if (!icmp || cursor->at - sizeof(*icmp) + 4 > cursor->limit)
			return false;
		packet->source_port = icmp->type;
		packet->destination_port = icmp->code;
	}
	return true;
}

static __always_inline bool read_ipv4(struct cursor *cursor, struct packet *packet)
{
	__u32 start = cursor->at, header_bytes, bytes;
	struct iphdr *ip = take(cursor, sizeof(*ip));
	__u16 fragment;

	if (!ip || ip->version != 4)
		return false;
	packet->family = 4;
	packet->protocol = ip->protocol;
	packet->source[1] = (__u64)ip->saddr << 32 | bpf_htonl(0xffff);
	packet->destination[1] = (__u64)ip->daddr << 32 | bpf_htonl(0xffff);
	header_bytes = ip->ihl * 4;
	bytes = bpf_ntohs(ip->tot_len);
	if (header_bytes < sizeof(*ip) || bytes < header_bytes || start + bytes > cursor->limit)
		return false;
	cursor->limit = start + bytes;
	cursor->at = start + header_bytes;
	fragment = bpf_ntohs(ip->frag_off);
	if (fragment & (IPV4_OFFSET | IPV4_MORE))
		packet->flags |= OBJECT_FRAGMENT;
	return !(fragment & IPV4_OFFSET) && read_transport(cursor, packet);
}

/* One header between the IPv6 header and the transport. A routing header that is not used up means another destination than we saw. */
static __always_inline bool read_extension(struct cursor *cursor, struct packet *packet, __u8 *next)
{
	struct extension *extension;
	__u32 start = cursor->at;

	if (*next == IPPROTO_FRAGMENT) {
		struct fragment *fragment = take(cursor, sizeof(*fragment));
		__u16 offset;

		if (!fragment)
			return false;
		*next = fragment->next;
		offset = bpf_ntohs(fragment->offset);
		if (offset & (IPV6_OFFSET | IPV6_MORE))
			packet->flags |= OBJECT_FRAGMENT;
		return !(offset & IPV6_OFFSET);
	}
	extension = take(cursor, sizeof(*extension));
	if (!extension || (*next == IPPROTO_ROUTING && extension->segments_left))
		return false;
	*next = extension->next;
	cursor->at = start + (extension->units + 1) * 8;
	return cursor->at <= cursor->limit;
}

static __always_inline bool is_extension(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS || next == IPPROTO_FRAGMENT;
}

static __always_inline bool read_extensions(struct cursor *cursor, struct packet *packet, __u8 next)
{
	for (int i = 0; i <= IPV6_HEADERS; i++) {
		packet->protocol = next;
		if (!is_extension(next))
			return read_transport(cursor, packet);
		if (!read_extension(cursor, packet, &next)) {
			packet->protocol = next;
			return false;
		}
	}
	return false;
}

static __always_inline bool read_ipv6(struct cursor *cursor, struct packet *packet)
{
	struct ipv6hdr *ip = take(cursor, sizeof(*ip));
	__u32 bytes;

	if (!ip || ip->version != 6)
		return false;
	packet->family = 6;
	packet->protocol = ip->nexthdr;
	__builtin_memcpy(packet->source, &ip->saddr, sizeof(packet->source));
	__builtin_memcpy(packet->destination, &ip->daddr, sizeof(packet->destination));
	bytes = bpf_ntohs(ip->payload_len);
	if (cursor->at + bytes > cursor->limit)
		return false;
	cursor->limit = cursor->at + bytes;
	return read_extensions(cursor, packet, ip->nexthdr);
}

/* What a frame without a header of its own carries: the version of its IP tells. 0 if it is none. */
static __always_inline __u16 guess_ethertype(const struct cursor *cursor)
{
	const __u8 *first = cursor->start;
	__u8 version = (void *)(first + 1) <= cursor->end ? *first >> 4 : 0;

	return version == 4 ? ETH_P_IP : version == 6 ? ETH_P_IPV6 : 0;
}

/* What frames begin with; the engine attaches the program for it. */
enum link_header {
	LINK_ETHERNET,
	LINK_NONE,
};

/* False if the frame carries no IP, which is none of our business. */
static __always_inline bool read_frame(struct cursor *cursor, enum link_header header, struct packet *packet)
{
	__u16 ethertype = header == LINK_NONE ? guess_ethertype(cursor) : read_ethernet(cursor);
	bool parsed = false;

	if (ethertype == ETH_P_IP)
		parsed = read_ipv4(cursor, packet);
	else if (ethertype == ETH_P_IPV6)
		parsed = read_ipv6(cursor, packet);
	else if (ethertype)
		return false;
	if (!parsed)
		packet->flags |= OBJECT_UNPARSED;
	return true;
}

static __always_inline void fill_packet(struct verdict_key *facts, const struct packet *packet, __u32 mask_set, __u32 interface)
{
	__u64 *word = (__u64 *)facts;

	_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && __builtin_offsetof(struct verdict_key, packet) == 80, "words as below");
	word[0] = HOOK_XDP_INGRESS | packet->family << 8 | packet->protocol << 16 | packet->flags << 24 | (__u64)mask_set << 32;
	word[1] = ACCESS_RECEIVE;
#pragma unroll
	for (int i = 2; i < 10; i++)
		word[i] = 0;	/* no process */
	word[10] = packet->source[0];
	word[11] = packet->source[1];
	word[12] = packet->destination[0];
	word[13] = packet->destination[1];
	word[14] = packet->source_port | packet->destination_port << 16 | (__u64)interface << 32;
}

#endif
