/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The near end of sockets: of what kind they are, what they are bound to, where they wait for others and take them. */
#include <interdict/address.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* As it was asked for: "any address" is all that this host has. */
static __always_inline void fill_local(struct verdict_key *facts, const struct sock *sock, const struct address *address)
{
	const __u32 *word = address->ipv6;
	__u32 *words = (__u32 *)facts->socket.address;

	if (address->family == AF_INET) {
		set_ipv4(facts, address->ipv4);
	} else if (!word[0] && !word[1] && word[2] == bpf_htonl(0xffff)) {
		set_ipv4(facts, word[3]);
	} else {
		facts->family = 6;
		for (int i = 0; i < 4; i++)
			words[i] = word[i];
	}
	fill_kind(facts, sock, address);
}

/* What a socket is bound to; port 0 if to nothing yet. What SMC is bound to a socket of its own knows, which we do not see, and SCTP may be
 * bound to more than it tells here. */
static __always_inline void read_bound(struct address *address, const struct sock *sock)
{
	__u16 family = sock->__sk_common.skc_family;

	__builtin_memset(address, 0, sizeof(*address));
	address->family = family == AF_INET6 || (family == AF_SMC && sock->sk_protocol == SMC_OVER_IPV6) ? AF_INET6 : AF_INET;
	address->port = bpf_htons(sock->__sk_common.skc_num);
	address->ipv4 = sock->__sk_common.skc_rcv_saddr;
	if (address->family == AF_INET6)
		bpf_probe_read_kernel(address->ipv6, sizeof(address->ipv6), &sock->__sk_common.skc_v6_rcv_saddr);
	address->detour = is_smc(sock) || sock->sk_protocol == PROTOCOL_SCTP ? MAYBE_ELSEWHERE : STRAIGHT;
}

/* Whether a socket is bound elsewhere than it was when it was looked at. */
SUBPROGRAM bool has_moved(const struct address *address, const struct sock *sock)
{
	struct address now;
	__u32 differ;

	read_bound(&now, sock);
	differ = (now.port ^ address->port) | (now.ipv4 ^ address->ipv4);
	for (int i = 0; i < 4; i++)
		differ |= now.ipv6[i] ^ address->ipv6[i];
	return differ;
}

SUBPROGRAM int stand(enum hook hook, const struct sock *sock, struct address *address, __u32 access, enum way way)
{
	struct slot_mask covered;
	struct posture *posture = cover(hook, &covered);
	struct run *run;
	int result = 0;

	if (!posture)
		return 0;
	run = claim();
	if (!run)
		return no_memory(&covered, posture, hook, way);
	begin(run, posture, &covered, hook, access);
	fill_local(&run->record.facts, sock, address);
	if (address->detour)
		result = refuse_detour(run, posture, hook);
	if (!result && any(run->covered))
		result = answer(run, hook, way);
	release(run);
	return result;
}

static __always_inline bool is_internet_socket(const struct sock *sock)
{
	__u16 family = sock->__sk_common.skc_family;

	return family == AF_INET || family == AF_INET6 || family == AF_SMC;
}

/* IPv4 sockets take a name without a family for one of theirs, raw ones any name. */
static __always_inline void guess_own_family(struct address *address, const struct sock *sock)
{
	__u16 family = sock->__sk_common.skc_family;

	if ((family == AF_INET && sock->sk_type == SOCK_RAW) || (family != AF_INET6 && address->family == AF_UNSPEC))
		address->family = AF_INET;
}

SEC("lsm/socket_bind")
int BPF_PROG(lsm_socket_bind, struct socket *socket, struct sockaddr *at, int bytes, int before)
{
	struct sock *sock = socket->sk;
	struct address address;

	if (before || !sock || uncovered(HOOK_SOCKET_BIND) || !is_internet_socket(sock) || !read_address(&address, at, bytes))
		return before;
	guess_own_family(&address, sock);
	if (!is_internet(&address, bytes))
		return before;
	return clamp(stand(HOOK_SOCKET_BIND, sock, &address, ACCESS_BIND, WAY_BIND));
}

/* An SCTP socket can be given several addresses at once: of those behind the first nothing is known, as at connectx. */
SEC("lsm/sctp_bind_connect")
int BPF_PROG(lsm_sctp_bind, struct sock *sock, int option, struct sockaddr *addresses, int bytes, int before)
{
	struct address address;
	int first;

	if (before || option != SCTP_SOCKOPT_BINDX_ADD || uncovered(HOOK_SOCKET_BIND) || !read_address(&address, addresses, bytes) ||
	    !is_internet(&address, bytes))
		return before;
	first = address.family == AF_INET6 ? SOCKADDR_IPV6_BYTES : SOCKADDR_IPV4_BYTES;
	address.detour = bytes > first ? MAYBE_ELSEWHERE : STRAIGHT;
	address.port = address.port ?: bpf_htons(sock->__sk_common.skc_num);	/* none is the one that it has */
	return clamp(stand(HOOK_SOCKET_BIND, sock, &address, ACCESS_BIND, WAY_ASSOCIATE));
}

SUBPROGRAM int answered_elsewhere(enum hook hook, enum way way)
{
	struct slot_mask covered;
	struct posture *posture = cover(hook, &covered);

	if (!posture)
		return 0;
	COUNT(hook, undecidable);
	return no_answer(&covered, posture, hook, way);
}

/* Of one who listens or takes calls. Nothing holds his socket while he waits: another thread may have bound it meanwhile, and then the answer
 * was about somewhere else. */
static __always_inline int stand_bound(enum hook hook, const struct sock *sock, __u32 access, enum way way)
{
	struct address address;
	int result;

	read_bound(&address, sock);
	result = stand(hook, sock, &address, access, way);
	if (!result && has_moved(&address, sock))
		result = answered_elsewhere(hook, way);
	return clamp(result);
}

SEC("lsm/socket_listen")
int BPF_PROG(lsm_socket_listen, struct socket *socket, int backlog, int before)
{
	struct sock *sock = socket->sk;

	if (before || !sock || uncovered(HOOK_SOCKET_LISTEN) || !is_internet_socket(sock))
		return before;
	return stand_bound(HOOK_SOCKET_LISTEN, sock, ACCESS_LISTEN, WAY_LISTEN);
}

/* Comes before the kernel looks for a connection, and waits for one: nobody has called yet, or who has is not taken from the queue, and
 * whom it takes another thread may change. So the peer is no fact here. */
SEC("lsm/socket_accept")
int BPF_PROG(lsm_socket_accept, struct socket *socket, struct socket *fresh, int before)
{
	struct sock *sock = socket->sk;

	if (before || !sock || uncovered(HOOK_SOCKET_ACCEPT) || !is_internet_socket(sock))
		return before;
	return stand_bound(HOOK_SOCKET_ACCEPT, sock, ACCESS_ACCEPT, WAY_ACCEPT);
}

/* What a family makes of no protocol. MPTCP and SMC stay what they are: other code of the kernel's than TCP. */
static __always_inline __u32 protocol_of(int family, int type, __u32 protocol)
{
	if (family == AF_PACKET)
		return bpf_ntohs(protocol);
	if (family != AF_INET && family != AF_INET6)
		return protocol;
	if (protocol)
		return protocol;
	switch (type) {
	case SOCK_STREAM:
		return PROTOCOL_TCP;
	case SOCK_DGRAM:
		return PROTOCOL_UDP;
	case SOCK_SEQPACKET:
		return PROTOCOL_SCTP;
	case SOCK_DCCP:
		return PROTOCOL_DCCP;
	default:
		return protocol;
	}
}

/* Numbers that no family has are one: who makes them up is not to fill the table of verdicts. */
#define NO_PROTOCOL 0xffff

SUBPROGRAM int create(int family, int type, __u32 protocol)
{
	struct slot_mask covered;
	struct posture *posture = cover(HOOK_SOCKET_CREATE, &covered);
	struct run *run;
	int result;

	if (!posture)
		return 0;
	run = claim();
	if (!run)
		return no_memory(&covered, posture, HOOK_SOCKET_CREATE, WAY_SOCKET);
	begin(run, posture, &covered, HOOK_SOCKET_CREATE, ACCESS_CREATE);
	run->record.facts.family = family;
	run->record.facts.socket.type = type;
	protocol = protocol_of(family, type, protocol);
	run->record.facts.socket.protocol = protocol > NO_PROTOCOL ? NO_PROTOCOL : protocol;
	result = answer(run, HOOK_SOCKET_CREATE, WAY_SOCKET);
	release(run);
	return result;
}

/* What the kernel makes for itself is nobody's. */
SEC("lsm/socket_create")
int BPF_PROG(lsm_socket_create, int family, int type, int protocol, int kernel, int before)
{
	if (before || kernel || uncovered(HOOK_SOCKET_CREATE))
		return before;
	return clamp(create(family, type, protocol));
}
