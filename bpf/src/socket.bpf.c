/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Connecting, and sending to an address. */
#include <interdict/decide.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The part of a sockaddr_in or sockaddr_in6 that says where to. */
struct address {
	__u16 family;
	__u16 port;		/* network order */
	__u32 ipv4;		/* IPv6: flow label */
	__u32 ipv6[4];
};

#define IPV4_BYTES 8
#define IPV6_BYTES 24

static __always_inline void set_ipv4(struct verdict_key *facts, __u32 address)
{
	__u32 *words = (__u32 *)facts->socket.address;

	facts->family = 4;
	words[0] = 0;
	words[1] = 0;
	words[2] = bpf_htonl(0xffff);
	words[3] = address;
}

/* "Any address" means ourselves, as the kernel understands it: the address that the socket is bound to, else the loopback. */
static __always_inline void fill_ipv4(struct verdict_key *facts, const struct sock *sock, __u32 address)
{
	if (!address)
		address = sock->__sk_common.skc_rcv_saddr ?: bpf_htonl(0x7f000001);
	set_ipv4(facts, address);
}

static __always_inline void fill_ipv6(struct verdict_key *facts, const struct sock *sock, __u32 *word)
{
	__u32 *words = (__u32 *)facts->socket.address;
	__u32 bound[4] = {};

	bpf_probe_read_kernel(bound, sizeof(bound), &sock->__sk_common.skc_v6_rcv_saddr);
	if (!(word[0] | word[1] | word[2] | word[3])) {
		if (!bound[0] && !bound[1] && bound[2] == bpf_htonl(0xffff))
			return set_ipv4(facts, bpf_htonl(0x7f000001));
		word[3] = bpf_htonl(1);
	}
	if (!word[0] && !word[1] && word[2] == bpf_htonl(0xffff))
		return fill_ipv4(facts, sock, word[3]);
	facts->family = 6;
	for (int i = 0; i < 4; i++)
		words[i] = word[i];
}

SUBPROGRAM int reach(struct socket *socket, struct address *address, __u32 access, enum way way)
{
	const struct sock *sock = socket->sk;
	struct slot_mask covered;
	struct posture *posture = cover(HOOK_SOCKET_CONNECT, &covered);
	struct verdict_key *facts;
	struct run *run;
	int result;

	if (!posture || !sock)
		return 0;
	run = claim();
	if (!run)
		return no_memory(&covered, posture, HOOK_SOCKET_CONNECT, way);
	begin(run, posture, &covered, HOOK_SOCKET_CONNECT, access);
	facts = &run->record.facts;
	if (address->family == AF_INET)
		fill_ipv4(facts, sock, address->ipv4);
	else
		fill_ipv6(facts, sock, address->ipv6);
	facts->protocol = sock->sk_protocol;
	facts->socket.port = bpf_ntohs(address->port);
	facts->socket.type = socket->type;
	result = answer(run, HOOK_SOCKET_CONNECT, way);
	release(run);
	return result;
}

/* Reads the kernel's copy of an address; false if it is too short for the kernel to take it. */
static __always_inline bool read_address(struct address *address, const void *from, int bytes)
{
	__builtin_memset(address, 0, sizeof(*address));
	if (bytes < IPV4_BYTES || bpf_probe_read_kernel(address, IPV4_BYTES, from))
		return false;
	return bytes < IPV6_BYTES || !bpf_probe_read_kernel(address, IPV6_BYTES, from);
}

static __always_inline bool is_internet(const struct address *address, int bytes)
{
	return address->family == AF_INET || (address->family == AF_INET6 && bytes >= IPV6_BYTES);
}

SEC("lsm/socket_connect")
int BPF_PROG(lsm_socket_connect, struct socket *socket, struct sockaddr *to, int bytes, int before)
{
	struct address address;

	if (before || uncovered(HOOK_SOCKET_CONNECT) || !read_address(&address, to, bytes) || !is_internet(&address, bytes))
		return before;
	return clamp(reach(socket, &address, ACCESS_CONNECT, WAY_CONNECT));
}

/* A name without a family is taken for IPv4 by IPv4 sockets, for IPv6 by raw IPv6 sockets, and for no name by the other IPv6 ones. */
static __always_inline void guess_family(struct address *address, const struct socket *socket)
{
	const struct sock *sock = socket->sk;
	__u16 family = sock ? sock->__sk_common.skc_family : 0;

	if (address->family == AF_UNSPEC && (family == AF_INET || (family == AF_INET6 && socket->type == SOCK_RAW)))
		address->family = family;
}

/* TCP looks at the name only to open the connection with the data (Fast Open), which no other hook sees. */
static __always_inline bool name_counts(const struct socket *socket, const struct msghdr *message)
{
	const struct sock *sock = socket->sk;
	__u16 protocol = sock ? sock->sk_protocol : 0;

	return (protocol != PROTOCOL_TCP && protocol != PROTOCOL_MPTCP) || message->msg_flags & MSG_FASTOPEN;
}

SEC("lsm/socket_sendmsg")
int BPF_PROG(lsm_socket_sendmsg, struct socket *socket, struct msghdr *message, int size, int before)
{
	struct address address;
	void *name = message->msg_name;
	int bytes = message->msg_namelen;

	if (before || !name || uncovered(HOOK_SOCKET_CONNECT) || !name_counts(socket, message))
		return before;
	if (!read_address(&address, name, bytes))
		return before;
	guess_family(&address, socket);
	if (!is_internet(&address, bytes))
		return before;
	return clamp(reach(socket, &address, ACCESS_SEND, WAY_SEND));
}
