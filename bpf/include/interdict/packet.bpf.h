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

static __always_inline bool read_transport(struct cursor *cursor, struct verdict_key *facts)
{
	__u8 protocol = facts->protocol;

	if (has_ports(protocol)) {
		struct ports *ports = take(cursor, sizeof(*ports));

		if (!ports || cursor->at - sizeof(*ports) + transport_bytes(protocol) > cursor->limit)
			return false;
		facts->packet.source_port = bpf_ntohs(ports->source);
		facts->packet.destination_port = bpf_ntohs(ports->destination);
	} else if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) {
		struct icmp *icmp = take(cursor, sizeof(*icmp));

		if (!icmp || cursor->at - sizeof(*icmp) + 4 > cursor->limit)
			return false;
		facts->packet.source_port = icmp->type;
		facts->packet.destination_port = icmp->code;
	}
	return true;
}

static __always_inline void set_address(__u8 *to, __u32 a, __u32 b, __u32 c, __u32 d)
{
	__u32 *words = (__u32 *)to;

	words[0] = a;
	words[1] = b;
	words[2] = c;
	words[3] = d;
}

static __always_inline bool read_ipv4(struct cursor *cursor, struct verdict_key *facts)
{
	__u32 start = cursor->at, header_bytes, bytes;
	struct iphdr *ip = take(cursor, sizeof(*ip));
	__u16 fragment;

	if (!ip || ip->version != 4)
		return false;
	facts->family = 4;
	facts->protocol = ip->protocol;
	set_address(facts->packet.source, 0, 0, bpf_htonl(0xffff), ip->saddr);
	set_address(facts->packet.destination, 0, 0, bpf_htonl(0xffff), ip->daddr);
	header_bytes = ip->ihl * 4;
	bytes = bpf_ntohs(ip->tot_len);
	if (header_bytes < sizeof(*ip) || bytes < header_bytes || start + bytes > cursor->limit)
		return false;
	cursor->limit = start + bytes;
	cursor->at = start + header_bytes;
	fragment = bpf_ntohs(ip->frag_off);
	if (fragment & (IPV4_OFFSET | IPV4_MORE))
		facts->flags |= OBJECT_FRAGMENT;
	return !(fragment & IPV4_OFFSET) && read_transport(cursor, facts);
}

/* One header between the IPv6 header and the transport. A routing header that is not used up means another destination than we saw. */
static __always_inline bool read_extension(struct cursor *cursor, struct verdict_key *facts, __u8 *next)
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
			facts->flags |= OBJECT_FRAGMENT;
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

static __always_inline bool read_extensions(struct cursor *cursor, struct verdict_key *facts, __u8 next)
{
	for (int i = 0; i <= IPV6_HEADERS; i++) {
		facts->protocol = next;
		if (!is_extension(next))
			return read_transport(cursor, facts);
		if (!read_extension(cursor, facts, &next)) {
			facts->protocol = next;
			return false;
		}
	}
	return false;
}

static __always_inline bool read_ipv6(struct cursor *cursor, struct verdict_key *facts)
{
	struct ipv6hdr *ip = take(cursor, sizeof(*ip));
	__u32 bytes;

	if (!ip || ip->version != 6)
		return false;
	facts->family = 6;
	facts->protocol = ip->nexthdr;
	set_address(facts->packet.source, ip->saddr.in6_u.u6_addr32[0], ip->saddr.in6_u.u6_addr32[1], ip->saddr.in6_u.u6_addr32[2],
		    ip->saddr.in6_u.u6_addr32[3]);
	set_address(facts->packet.destination, ip->daddr.in6_u.u6_addr32[0], ip->daddr.in6_u.u6_addr32[1],
		    ip->daddr.in6_u.u6_addr32[2], ip->daddr.in6_u.u6_addr32[3]);
	bytes = bpf_ntohs(ip->payload_len);
	if (cursor->at + bytes > cursor->limit)
		return false;
	cursor->limit = cursor->at + bytes;
	return read_extensions(cursor, facts, ip->nexthdr);
}

/* False if the frame carries no IP, which is none of our business. */
static __always_inline bool read_frame(struct cursor *cursor, struct verdict_key *facts)
{
	__u16 ethertype = read_ethernet(cursor);
	bool parsed = false;

	if (ethertype == ETH_P_IP)
		parsed = read_ipv4(cursor, facts);
	else if (ethertype == ETH_P_IPV6)
		parsed = read_ipv6(cursor, facts);
	else if (ethertype)
		return false;
	if (!parsed)
		facts->flags |= OBJECT_UNPARSED;
	return true;
}

#endif
