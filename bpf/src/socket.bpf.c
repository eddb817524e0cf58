/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Connecting, and sending to an address. */
#include <interdict/address.bpf.h>
#include <interdict/detour.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* "Any address" means ourselves, as the kernel understands it: the address that the socket is bound to, else the loopback; by an interface that is named
 * the one of that interface, which is a detour (by_interface). */
static __always_inline void fill_ipv4(struct verdict_key *facts, const struct sock *sock, __u32 address)
{
	const struct inet_sock *inet = (const void *)sock;

	if (!address && sock->__sk_common.skc_family != AF_SMC)	/* not skc_rcv_saddr: what is bound to a group sends from nowhere in particular */
		address = BPF_CORE_READ(inet, inet_saddr);
	if (!address)
		address = bpf_htonl(LOOPBACK);
	set_ipv4(facts, address);
}

static __always_inline void fill_ipv6(struct verdict_key *facts, const struct sock *sock, __u32 *word)
{
	__u32 *words = (__u32 *)facts->socket.address;
	__u32 bound[4] = {};

	bpf_probe_read_kernel(bound, sizeof(bound), &sock->__sk_common.skc_v6_rcv_saddr);
	if (!(word[0] | word[1] | word[2] | word[3])) {
		if (!bound[0] && !bound[1] && bound[2] == bpf_htonl(0xffff))
			return set_ipv4(facts, bpf_htonl(LOOPBACK));
		word[3] = bpf_htonl(1);
	}
	if (!word[0] && !word[1] && word[2] == bpf_htonl(0xffff))
		return fill_ipv4(facts, sock, word[3]);
	facts->family = 6;
	for (int i = 0; i < 4; i++)
		words[i] = word[i];
}

static __always_inline void fill_socket(struct verdict_key *facts, const struct sock *sock, struct address *address)
{
	if (address->family == AF_INET)
		fill_ipv4(facts, sock, address->ipv4);
	else if (address->family == AF_INET6)
		fill_ipv6(facts, sock, address->ipv6);
	fill_kind(facts, sock, address);
}

/* Whether it goes to whatever address an interface has. */
static __always_inline bool by_interface(const struct sock *sock, const struct address *address, bool named)
{
	const struct inet_sock *inet = (const void *)sock;
	const __u32 *word = address->ipv6;
	bool mapped = !word[0] && !word[1] && word[2] == bpf_htonl(0xffff);

	if (address->family == AF_INET ? address->ipv4 : mapped ? word[3] : word[0] | word[1] | word[2] | word[3])
		return false;
	/* Of SMC the socket inside is bound. */
	return named || sock->__sk_common.skc_bound_dev_if || BPF_CORE_READ(inet, uc_index) || sock->__sk_common.skc_family == AF_SMC;
}

SUBPROGRAM int reach(const struct sock *sock, struct address *address, __u32 access, enum way way)
{
	struct slot_mask covered;
	struct posture *posture = cover(HOOK_SOCKET_CONNECT, &covered);
	struct run *run;
	int result = 0;

	if (!posture)
		return 0;
	run = claim();
	if (!run)
		return no_memory(&covered, posture, HOOK_SOCKET_CONNECT, way);
	begin(run, posture, &covered, HOOK_SOCKET_CONNECT, access);
	fill_socket(&run->record.facts, sock, address);
	if (address->detour)
		result = refuse_detour(run, posture, HOOK_SOCKET_CONNECT);
	if (!result && any(run->covered) && address->detour != NOTHING_ELSE)
		result = answer(run, HOOK_SOCKET_CONNECT, way);
	release(run);
	return result;
}

SEC("lsm/socket_connect")
int BPF_PROG(lsm_socket_connect, struct socket *socket, struct sockaddr *to, int bytes, int before)
{
	struct sock *sock = socket->sk;
	struct address address;

	if (before || !sock || uncovered(HOOK_SOCKET_CONNECT) || !read_address(&address, to, bytes) || !is_internet(&address, bytes))
		return before;
	address.detour = detours(sock) || by_interface(sock, &address, false) ? MAYBE_ELSEWHERE : STRAIGHT;
	return clamp(reach(sock, &address, ACCESS_CONNECT, WAY_CONNECT));
}

/* A name without a family is taken for IPv4 by IPv4 sockets, for IPv6 by raw IPv6 sockets, and for no name by the other IPv6 ones. */
static __always_inline void guess_family(struct address *address, const struct sock *sock)
{
	__u16 family = sock->__sk_common.skc_family;

	if (address->family == AF_UNSPEC && (family == AF_INET || (family == AF_INET6 && sock->sk_type == SOCK_RAW)))
		address->family = family;
}

/* A send that can only go where a connect was let go, or is none of our business; nearly all are. TCP looks at the name only to open the
 * connection with the data (Fast Open), which no other hook sees. */
static __always_inline bool is_plain(const struct sock *sock, const struct msghdr *message)
{
	__u16 family = sock->__sk_common.skc_family, protocol = sock->sk_protocol;

	if (family == AF_PACKET)
		return false;
	if (family != AF_INET && family != AF_INET6 && family != AF_SMC)
		return true;
	if (sock->sk_type == SOCK_RAW)	/* of any protocol */
		return false;
	if (protocol == PROTOCOL_TCP || protocol == PROTOCOL_MPTCP || is_smc(sock))
		return !message->msg_name || !(message->msg_flags & MSG_FASTOPEN);
	return !message->msg_name && !message->msg_controllen;
}

/* What a socket is connected to; for the record of a send that names nothing. */
static __always_inline void read_peer(struct address *address, const struct sock *sock)
{
	__builtin_memset(address, 0, sizeof(*address));
	address->family = sock->__sk_common.skc_family;
	address->port = sock->__sk_common.skc_dport;
	address->ipv4 = sock->__sk_common.skc_daddr;
	if (address->family == AF_INET6)
		bpf_probe_read_kernel(address->ipv6, sizeof(address->ipv6), &sock->__sk_common.skc_v6_daddr);
}

/* Then an interface decides, if one is named. */
static __always_inline bool says_no_source(__u32 source)
{
	return !source || source == bpf_htonl(LOOPBACK);
}

/* To "any address" a packet goes to the address that it is to come from. */
static __always_inline void apply_source(struct address *address, __u32 source)
{
	__u32 *word = address->ipv6;

	if (address->family == AF_INET)
		address->ipv4 = address->ipv4 ?: source;
	else if (!word[0] && !word[1] && word[2] == bpf_htonl(0xffff))
		word[3] = word[3] ?: source;
}

static __always_inline int send_message(const struct sock *sock, const struct msghdr *message)
{
	void *name = message->msg_name;
	int bytes = message->msg_namelen;
	struct address address;
	__u64 controls = read_controls(message, sock->__sk_common.skc_family);
	bool named, elsewhere = false;

	named = name && read_address(&address, name, bytes);
	if (named)
		guess_family(&address, sock);
	if (!named || !is_internet(&address, bytes)) {
		read_peer(&address, sock);
	} else {
		elsewhere = says_no_source(controls) && by_interface(sock, &address, controls & INTERFACE_CONTROL);
		apply_source(&address, controls);
	}
	address.detour = controls & DETOUR_CONTROL || detours(sock) || elsewhere ? MAYBE_ELSEWHERE : STRAIGHT;
	if (!address.detour && (!named || !is_internet(&address, bytes)))
		return 0;
	return reach(sock, &address, ACCESS_SEND, WAY_SEND);
}

SEC("lsm/socket_sendmsg")
int BPF_PROG(lsm_socket_sendmsg, struct socket *socket, struct msghdr *message, int size, int before)
{
	struct sock *sock = socket->sk;

	if (before || !sock || is_plain(sock, message) || uncovered(HOOK_SOCKET_CONNECT))
		return before;
	return clamp(send_message(sock, message));
}

/* A route that a socket is given is for connections that exist, too. */
SEC("lsm/socket_setsockopt")
int BPF_PROG(lsm_socket_setsockopt, struct socket *socket, int level, int option, int before)
{
	struct sock *sock = socket->sk;
	struct address address;

	if (before || !sock || !sets_detour(level, option) || uncovered(HOOK_SOCKET_CONNECT))
		return before;
	read_peer(&address, sock);
	address.detour = NOTHING_ELSE;
	return clamp(reach(sock, &address, ACCESS_CONNECT, WAY_NONE));
}

/* Comes also when a packet of the peer adds an address, in whatever task that happens: only what the caller asks for is judged. The name
 * of a sendmsg has been. Several addresses stand one behind the other, and the association may use each: what the first one does not say. */
SEC("lsm/sctp_bind_connect")
int BPF_PROG(lsm_sctp_bind_connect, struct sock *sock, int option, struct sockaddr *addresses, int bytes, int before)
{
	struct address address;
	int first;

	if (before || (option != SCTP_SOCKOPT_CONNECTX && option != SCTP_PRIMARY_ADDR) || uncovered(HOOK_SOCKET_CONNECT) ||
	    !read_address(&address, addresses, bytes) || !is_internet(&address, bytes))
		return before;
	first = address.family == AF_INET6 ? SOCKADDR_IPV6_BYTES : SOCKADDR_IPV4_BYTES;
	address.detour = bytes > first || detours(sock) ? MAYBE_ELSEWHERE : STRAIGHT;
	return clamp(reach(sock, &address, ACCESS_CONNECT, WAY_ASSOCIATE));
}

/* A connection that another process has made: for the receiver it is a connect to its peer. */
static __always_inline int receive_socket(const struct socket *socket)
{
	const struct sock *sock = socket->sk;
	struct address address;

	if (!sock)
		return 0;
	read_peer(&address, sock);
	address.detour = detours(sock) ? MAYBE_ELSEWHERE : STRAIGHT;
	if (!address.detour && (!address.port || (address.family != AF_INET && address.family != AF_INET6)))
		return 0;
	return reach(sock, &address, ACCESS_CONNECT, WAY_NONE);
}

SEC("lsm/file_receive")
int BPF_PROG(lsm_socket_receive, struct file *file, int before)
{
	struct socket *socket;

	if (before || uncovered(HOOK_SOCKET_CONNECT))
		return before;
	socket = bpf_sock_from_file(file);
	return socket ? clamp(receive_socket(socket)) : before;
}
