/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Every door to a remote address. The run listens there itself, so that delivery is seen and not concluded. */
#define _GNU_SOURCE
#include "attack.h"
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <linux/in6.h>	/* leaves out what netinet/in.h has */

#define COMPAT_SOCKETCALL 102
#define COMPAT_CONNECT 362
#define SOCKETCALL_CONNECT 3
#define SOCKETCALL_SENDTO 11

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT 30
#endif

static const char message[] = "hi";

struct target {
	struct sockaddr_storage address;
	socklen_t length;
	struct sockaddr_storage elsewhere;	/* the allowed neighbour */
};

static struct sockaddr_storage parse(const char *address, const char *port, socklen_t *length)
{
	struct sockaddr_storage storage = {};
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&storage;
	struct sockaddr_in *four = (struct sockaddr_in *)&storage;

	*length = sizeof(*four);
	four->sin_family = AF_INET;
	four->sin_port = htons(atoi(port));
	if (inet_pton(AF_INET, address, &four->sin_addr) == 1)
		return storage;
	*length = sizeof(*six);
	six->sin6_family = AF_INET6;	/* the port is at the same place */
	if (inet_pton(AF_INET6, address, &six->sin6_addr) == 1)
		return storage;
	unprepared_errno(text("address:%s", address), EINVAL);
}

static int new_socket(int family, int type, int protocol)
{
	int result = socket(family, type | SOCK_CLOEXEC, protocol);

	if (result < 0)
		unprepared("socket");
	return result;
}

/* A type of its own for the only protocol that is not the family's default. */
#define SCTP_RECEIVER 0x10000

static int listener(const struct sockaddr_storage *address, socklen_t length, int type)
{
	int protocol = type == SCTP_RECEIVER ? IPPROTO_SCTP : 0, on = 1, result;

	type = type == SCTP_RECEIVER ? SOCK_STREAM : type;
	result = new_socket(address->ss_family, type, protocol);

	setsockopt(result, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(result, (const struct sockaddr *)address, length) || (type == SOCK_STREAM && listen(result, 16)))
		unprepared("bind");
	return result;
}

static const struct sockaddr *of(const struct sockaddr_storage *address)
{
	return (const struct sockaddr *)address;
}

static long connected(const struct target *target, int type, int protocol)
{
	return connect(new_socket(target->address.ss_family, type, protocol), of(&target->address), target->length);
}

static long by_tcp(const struct target *target, int flags)
{
	return connected(target, SOCK_STREAM | flags, 0);
}

/* The answer of a connect that does not wait: EINPROGRESS means that it is on its way. */
static long by_nonblocking(const struct target *target, int flags)
{
	long result = connected(target, SOCK_STREAM | flags, 0);

	return result < 0 && errno == EINPROGRESS ? 0 : result;
}

static long by_mptcp(const struct target *target, int flags)
{
	int probe = socket(target->address.ss_family, SOCK_STREAM | flags, IPPROTO_MPTCP);

	if (probe < 0)
		unprepared("socket:mptcp");
	return connect(probe, of(&target->address), target->length);
}

static struct sockaddr_in6 mapped_address(const struct target *target)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)&target->address;
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = four->sin_port};

	if (four->sin_family != AF_INET)
		unprepared_errno("mapped", EAFNOSUPPORT);
	six.sin6_addr.s6_addr[10] = 0xff;
	six.sin6_addr.s6_addr[11] = 0xff;
	memcpy(six.sin6_addr.s6_addr + 12, &four->sin_addr, 4);
	return six;
}

static long by_mapped(const struct target *target, int type)
{
	struct sockaddr_in6 six = mapped_address(target);
	int from = new_socket(AF_INET6, type, 0);

	if (type == SOCK_STREAM)
		return connect(from, (struct sockaddr *)&six, sizeof(six));
	return sendto(from, message, sizeof(message), 0, (struct sockaddr *)&six, sizeof(six));
}

static long by_udp_connect(const struct target *target, int first_elsewhere)
{
	int from = new_socket(target->address.ss_family, SOCK_DGRAM, 0);

	if (first_elsewhere && connect(from, of(&target->elsewhere), target->length))
		unprepared("connect:elsewhere");
	if (connect(from, of(&target->address), target->length))
		return -1;
	return send(from, message, sizeof(message), 0);
}

static long by_sendto(const struct target *target, int connect_elsewhere)
{
	int from = new_socket(target->address.ss_family, SOCK_DGRAM, 0);

	if (connect_elsewhere && connect(from, of(&target->elsewhere), target->length))
		unprepared("connect:elsewhere");
	return sendto(from, message, sizeof(message), 0, of(&target->address), target->length);
}

/* udp_sendmsg takes AF_UNSPEC for AF_INET. */
static long by_unspecified(const struct target *target, int flags)
{
	struct sockaddr_storage unspecified = target->address;

	if (unspecified.ss_family != AF_INET)
		unprepared_errno("unspecified", EAFNOSUPPORT);
	unspecified.ss_family = AF_UNSPEC;
	return sendto(new_socket(AF_INET, SOCK_DGRAM, 0), message, sizeof(message), flags, of(&unspecified), target->length);
}

/* An IPv6 socket takes an IPv4 address as it is. */
static long by_six_to_four(const struct target *target, int flags)
{
	if (target->address.ss_family != AF_INET)
		unprepared_errno("six-to-four", EAFNOSUPPORT);
	return sendto(new_socket(AF_INET6, SOCK_DGRAM, 0), message, sizeof(message), flags, of(&target->address),
		      target->length);
}

static struct msghdr *envelope(const struct target *target)
{
	static struct iovec content = {(char *)message, sizeof(message)};
	static struct msghdr header;

	header = (struct msghdr){
		.msg_name = (void *)&target->address,
		.msg_namelen = target->length,
		.msg_iov = &content,
		.msg_iovlen = 1,
	};
	return &header;
}

static long by_sendmsg(const struct target *target, int flags)
{
	return sendmsg(new_socket(target->address.ss_family, SOCK_DGRAM, 0), envelope(target), flags);
}

/* The forbidden address stands second: sendmmsg gives the number of those before it, and the rest is sent again. */
static long by_sendmmsg(const struct target *target, int flags)
{
	struct mmsghdr messages[2] = {{.msg_hdr = *envelope(target)}, {.msg_hdr = *envelope(target)}};
	int from = new_socket(target->address.ss_family, SOCK_DGRAM, 0), sent;

	messages[0].msg_hdr.msg_name = (void *)&target->elsewhere;
	sent = sendmmsg(from, messages, 2, flags);
	return sent == 1 ? sendmmsg(from, &messages[1], 1, flags) : sent;
}

static long by_fast_open(const struct target *target, int flags)
{
	return sendto(new_socket(target->address.ss_family, SOCK_STREAM, 0), message, sizeof(message), flags,
		      of(&target->address), target->length);
}

/* Here the connect only notes the address; the SYN leaves with the first write. */
static long by_fast_open_connect(const struct target *target, int flags)
{
	int from = new_socket(target->address.ss_family, SOCK_STREAM, 0), on = 1;

	if (setsockopt(from, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on)))
		unprepared("setsockopt:TCP_FASTOPEN_CONNECT");
	if (connect(from, of(&target->address), target->length))
		return -1;
	return send(from, message, sizeof(message), flags);
}

static long by_uring_connect(const struct target *target, int way)
{
	struct io_uring_sqe request = {
		.opcode = IORING_OP_CONNECT,
		.fd = new_socket(target->address.ss_family, SOCK_STREAM, 0),
		.addr = (uintptr_t)&target->address,
		.off = target->length,
	};

	return uring_call(&request, way);
}

static long by_uring_sendmsg(const struct target *target, int way)
{
	struct io_uring_sqe request = {
		.opcode = IORING_OP_SENDMSG,
		.fd = new_socket(target->address.ss_family, SOCK_DGRAM, 0),
		.addr = (uintptr_t)envelope(target),
		.len = 1,
	};

	return uring_call(&request, way);
}

static long by_int80_connect(const struct target *target, int number)
{
	long address = (long)low_copy(&target->address, target->length);
	int from = new_socket(target->address.ss_family, SOCK_STREAM, 0);
	uint32_t list[3] = {from, address, target->length};

	if (number == COMPAT_CONNECT)
		return compat_call(number, from, address, target->length, 0, 0);
	return compat_call(number, SOCKETCALL_CONNECT, (long)low_copy(list, sizeof(list)), 0, 0, 0);
}

static long by_int80_sendto(const struct target *target, int number)
{
	uint32_t list[6] = {
		new_socket(target->address.ss_family, SOCK_DGRAM, 0),
		(uintptr_t)low_copy(message, sizeof(message)),
		sizeof(message),
		0,
		(uintptr_t)low_copy(&target->address, target->length),
		target->length,
	};

	return compat_call(number, SOCKETCALL_SENDTO, (long)low_copy(list, sizeof(list)), 0, 0, 0);
}

/* A packet with a header of its own making: the port is in the payload, where no socket hook looks. */
static long by_raw(const struct target *target, int protocol)
{
	const struct sockaddr_in *to = (const struct sockaddr_in *)&target->address;
	uint16_t packet[6] = {htons(4000), to->sin_port, htons(sizeof(packet))};
	struct sockaddr_storage address = target->address;

	if (address.ss_family != AF_INET)
		unprepared_errno("raw", EAFNOSUPPORT);
	((struct sockaddr_in *)&address)->sin_port = 0;
	return sendto(new_socket(address.ss_family, SOCK_RAW, protocol), packet, sizeof(packet), 0, of(&address),
		      target->length);
}

#ifndef IP_RETOPTS
#define IP_RETOPTS 7
#endif
#define SCTP_CONNECTX 110

/* With one control message. */
static long send_with(int from, const struct sockaddr_storage *to, socklen_t length, int level, int type, const void *data, size_t bytes)
{
	static union { struct cmsghdr header; char room[256]; } control;
	static struct iovec content = {(char *)message, sizeof(message)};
	struct msghdr header = {
		.msg_name = (void *)to,
		.msg_namelen = length,
		.msg_iov = &content,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(bytes),
	};

	control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(bytes), .cmsg_level = level, .cmsg_type = type};
	memcpy(CMSG_DATA(&control.header), data, bytes);
	return sendmsg(from, &header, 0);
}

/* Somebody else has connected it. */
static long by_gift(const struct target *target, int type)
{
	int from = given(GIFT_SOCKET, NULL, &target->address, target->length, type);

	return from < 0 ? from : send(from, message, sizeof(message), 0);
}

/* What goes to "any address" goes where it is said to come from. */
static long by_source(const struct target *target, int flags)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)&target->address;
	struct in_pktinfo source = {.ipi_spec_dst = four->sin_addr};
	struct sockaddr_storage any = target->address;

	(void)flags;
	if (four->sin_family != AF_INET)
		unprepared_errno("pktinfo", EAFNOSUPPORT);
	((struct sockaddr_in *)&any)->sin_addr.s_addr = 0;
	return send_with(new_socket(AF_INET, SOCK_DGRAM, 0), &any, target->length, IPPROTO_IP, IP_PKTINFO, &source, sizeof(source));
}

/* The same through IPv6. */
static long by_mapped_source(const struct target *target, int flags)
{
	struct sockaddr_in6 six = mapped_address(target);
	struct in6_pktinfo source = {.ipi6_addr = six.sin6_addr};
	struct sockaddr_storage any = {};

	(void)flags;
	memset(six.sin6_addr.s6_addr + 12, 0, 4);
	memcpy(&any, &six, sizeof(six));
	return send_with(new_socket(AF_INET6, SOCK_DGRAM, 0), &any, sizeof(six), IPPROTO_IPV6, IPV6_PKTINFO, &source, sizeof(source));
}

static long by_sctp(const struct target *target, int flags)
{
	return connected(target, SOCK_STREAM | flags, IPPROTO_SCTP);
}

/* An SCTP association is made by an option. */
static long by_connectx(const struct target *target, int option)
{
	int from = new_socket(target->address.ss_family, SOCK_STREAM, IPPROTO_SCTP);

	return setsockopt(from, IPPROTO_SCTP, option, &target->address, target->length);
}

/* A segment routing header: first elsewhere, which is what the kernel is not told as the address. */
static socklen_t segments(unsigned char *header, const struct target *target)
{
	const struct sockaddr_in6 *last = (const struct sockaddr_in6 *)&target->address;
	const struct sockaddr_in6 *first = (const struct sockaddr_in6 *)&target->elsewhere;

	if (last->sin6_family != AF_INET6)
		unprepared_errno("segments", EAFNOSUPPORT);
	memcpy(header, (unsigned char[]){0, 4, 4, 1, 1, 0, 0, 0}, 8);
	memcpy(header + 8, &last->sin6_addr, 16);
	memcpy(header + 24, &first->sin6_addr, 16);
	return 40;
}

enum moment { BEFORE, WHILE_CONNECTED, WITH_THE_PACKET };

static long by_segments(const struct target *target, int moment)
{
	int from = new_socket(AF_INET6, SOCK_DGRAM, 0);
	unsigned char header[40];
	socklen_t bytes = segments(header, target);

	if (moment == WHILE_CONNECTED && connect(from, of(&target->address), target->length))
		unprepared("connect");
	if (setsockopt(from, IPPROTO_IPV6, IPV6_RTHDR, header, bytes))
		return -1;
	return sendto(from, message, sizeof(message), 0, of(&target->address), target->length);
}

static long by_source_route(const struct target *target, int moment)
{
	unsigned char route[12] = {1, 131, 11, 4};	/* no operation, loose source route by two addresses */
	int from = new_socket(AF_INET, SOCK_DGRAM, 0);

	memcpy(route + 4, &((const struct sockaddr_in *)&target->elsewhere)->sin_addr, 4);
	memcpy(route + 8, &((const struct sockaddr_in *)&target->address)->sin_addr, 4);
	if (moment == WITH_THE_PACKET)
		return send_with(from, &target->address, target->length, IPPROTO_IP, IP_RETOPTS, route, sizeof(route));
	if (setsockopt(from, IPPROTO_IP, IP_OPTIONS, route, sizeof(route)))
		return -1;
	return sendto(from, message, sizeof(message), 0, of(&target->address), target->length);
}

static size_t own_packet(unsigned char *packet, const struct target *target)
{
	const struct sockaddr_in *to = (const struct sockaddr_in *)&target->address;
	uint16_t ports[4] = {htons(4000), to->sin_port, htons(8 + sizeof(message))};
	uint32_t sum = 0;

	memset(packet, 0, 20);
	memcpy(packet, (unsigned char[]){0x45, 0, 0, 28 + sizeof(message), 0, 0, 0, 0, 64, IPPROTO_UDP, 0, 0, 127, 0, 0, 1}, 16);
	memcpy(packet + 16, &to->sin_addr, 4);
	for (int i = 0; i < 20; i += 2)
		sum += packet[i] << 8 | packet[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16));
	packet[10] = sum >> 8;
	packet[11] = sum;
	memcpy(packet + 20, ports, 8);
	memcpy(packet + 28, message, sizeof(message));
	return 28 + sizeof(message);
}

/* A header of its own says where to; the kernel is told another address. */
static long by_own_header(const struct target *target, int protocol)
{
	int from = new_socket(AF_INET, SOCK_RAW, protocol), on = 1;
	struct sockaddr_storage told = target->elsewhere;
	unsigned char packet[64];
	size_t bytes = own_packet(packet, target);

	if (protocol != IPPROTO_RAW && setsockopt(from, IPPROTO_IP, IP_HDRINCL, &on, sizeof(on)))
		return -1;
	((struct sockaddr_in *)&told)->sin_port = 0;
	return sendto(from, packet, bytes, 0, of(&told), target->length);
}

/* Below all addresses: a frame on the loopback interface. */
static long by_packet_socket(const struct target *target, int type)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = if_nametoindex("lo"),
		.sll_halen = 6,
	};
	unsigned char packet[64];
	size_t bytes = own_packet(packet, target);

	return sendto(new_socket(AF_PACKET, type, 0), packet, bytes, 0, (struct sockaddr *)&to, sizeof(to));
}

/* The way to an address, a home that has moved, with a flow label: only the kernel that sends knows that the socket has one. */
static long by_flow_label(const struct target *target, int flags)
{
	struct { struct in6_flowlabel_req request; struct cmsghdr header; unsigned char route[24]; } lease = {
		.request = {.flr_action = IPV6_FL_A_GET, .flr_share = IPV6_FL_S_EXCL, .flr_flags = IPV6_FL_F_CREATE, .flr_label = htonl(1 + getpid() % 0x7fffe)},	/* one of its own: a lease ends late */
		.header = {.cmsg_len = CMSG_LEN(24), .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_RTHDR},
		.route = {0, 2, 2, 1},
	};
	struct sockaddr_in6 to = *(const struct sockaddr_in6 *)&target->address;
	int from = new_socket(AF_INET6, SOCK_DGRAM, 0), on = 1;

	(void)flags;
	lease.request.flr_dst = to.sin6_addr;
	memcpy(lease.route + 8, &((const struct sockaddr_in6 *)&target->elsewhere)->sin6_addr, 16);
	if (setsockopt(from, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &lease, sizeof(lease)) || setsockopt(from, IPPROTO_IPV6, IPV6_FLOWINFO_SEND, &on, sizeof(on)))
		return -1;
	to.sin6_flowinfo = lease.request.flr_label;
	return sendto(from, message, sizeof(message), 0, (struct sockaddr *)&to, sizeof(to));
}

enum by { BY_OPTION, BY_DEVICE, BY_PACKET };

/* To "any address" by an interface: to the one that it has. */
static long by_interface(const struct target *target, int by)
{
	int from = new_socket(AF_INET, SOCK_DGRAM, 0), interface = htonl(if_nametoindex("lo"));
	struct in_pktinfo source = {.ipi_ifindex = if_nametoindex("lo")};
	struct sockaddr_storage any = target->address;

	((struct sockaddr_in *)&any)->sin_addr.s_addr = 0;
	if (by == BY_PACKET)
		return send_with(from, &any, target->length, IPPROTO_IP, IP_PKTINFO, &source, sizeof(source));
	if (by == BY_OPTION ? setsockopt(from, IPPROTO_IP, IP_UNICAST_IF, &interface, sizeof(interface))
			    : setsockopt(from, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3))
		return -1;
	return sendto(from, message, sizeof(message), 0, of(&any), target->length);
}

enum unsaid { WRONG_LEVEL, OLD_MESSAGE, NO_ADDRESS, OF_A_GROUP, OF_A_GROUP_STREAM };

/* To "any address" by a socket that says of where it comes from what the kernel does not listen to: to the loopback. */
static long by_unsaid(const struct target *target, int what)
{
	bool six = what == OLD_MESSAGE, stream = what == OF_A_GROUP_STREAM;
	struct sockaddr_in bound = *(const struct sockaddr_in *)&target->elsewhere, any = *(const struct sockaddr_in *)&target->address;
	struct sockaddr_in6 mapped = mapped_address(&(struct target){.address = target->elsewhere});
	struct in6_pktinfo ignored = {.ipi6_addr = mapped.sin6_addr};
	struct in_pktinfo nothing = {};
	struct sockaddr_storage to = {};
	int from = new_socket(six ? AF_INET6 : AF_INET, stream ? SOCK_STREAM : SOCK_DGRAM, 0);

	any.sin_addr.s_addr = 0;
	mapped.sin6_port = any.sin_port;
	memset(mapped.sin6_addr.s6_addr + 12, 0, 4);
	memcpy(&to, six ? (void *)&mapped : &any, six ? sizeof(mapped) : sizeof(any));
	if (what == WRONG_LEVEL || six)
		return send_with(from, &to, six ? sizeof(mapped) : sizeof(any), IPPROTO_IPV6, six ? IPV6_2292PKTINFO : IPV6_PKTINFO, &ignored, sizeof(ignored));
	bound.sin_port = 0;
	if (what != NO_ADDRESS)
		bound.sin_addr.s_addr = htonl(0xe0000001);
	if (bind(from, (struct sockaddr *)&bound, sizeof(bound)))
		unprepared("bind");
	if (stream)
		return connect(from, (struct sockaddr *)&any, sizeof(any));
	if (what == NO_ADDRESS)
		return send_with(from, &to, sizeof(any), IPPROTO_IP, IP_PKTINFO, &nothing, sizeof(nothing));
	return sendto(from, message, sizeof(message), 0, (struct sockaddr *)&any, sizeof(any));
}

/* kind: any doors name "any address" and go to the loopback; port doors name address and port, address doors only the address; detour
 * doors may go elsewhere than to the address that they name, or cannot be told. Without a receiver it is not seen where they go. */
static const struct {
	const char *name, *kind;
	int receiver;
	long (*reach)(const struct target *target, int argument);
	int argument;
} doors[] = {
	{"tcp", "port", SOCK_STREAM, by_tcp, 0},
	{"tcp-nonblock", "port", SOCK_STREAM, by_nonblocking, SOCK_NONBLOCK},
	{"tcp-mapped", "port", SOCK_STREAM, by_mapped, SOCK_STREAM},
	{"mptcp", "port", SOCK_STREAM, by_mptcp, 0},
	{"fastopen", "port", SOCK_STREAM, by_fast_open, MSG_FASTOPEN},
	{"fastopen-connect", "port", SOCK_STREAM, by_fast_open_connect, 0},
	{"uring-connect", "port", SOCK_STREAM, by_uring_connect, URING_PLAIN},
	{"uring-connect-async", "port", SOCK_STREAM, by_uring_connect, URING_ASYNC},
	{"uring-connect-sqpoll", "port", SOCK_STREAM, by_uring_connect, URING_SQPOLL},
	{"int80-connect", "port", SOCK_STREAM, by_int80_connect, COMPAT_CONNECT},
	{"int80-socketcall", "port", SOCK_STREAM, by_int80_connect, COMPAT_SOCKETCALL},
	{"udp-connect", "port", SOCK_DGRAM, by_udp_connect, false},
	{"udp-reconnect", "port", SOCK_DGRAM, by_udp_connect, true},
	{"sendto", "port", SOCK_DGRAM, by_sendto, false},
	{"sendto-connected", "port", SOCK_DGRAM, by_sendto, true},
	{"udp-mapped", "port", SOCK_DGRAM, by_mapped, SOCK_DGRAM},
	{"unspecified", "port", SOCK_DGRAM, by_unspecified, 0},
	{"six-to-four", "port", SOCK_DGRAM, by_six_to_four, 0},
	{"sendmsg", "port", SOCK_DGRAM, by_sendmsg, 0},
	{"sendmmsg", "port", SOCK_DGRAM, by_sendmmsg, 0},
	{"uring-sendmsg", "port", SOCK_DGRAM, by_uring_sendmsg, URING_PLAIN},
	{"uring-sendmsg-async", "port", SOCK_DGRAM, by_uring_sendmsg, URING_ASYNC},
	{"int80-sendto", "port", SOCK_DGRAM, by_int80_sendto, COMPAT_SOCKETCALL},
	{"given", "port", SOCK_DGRAM, by_gift, SOCK_DGRAM},
	{"given-stream", "port", SOCK_STREAM, by_gift, SOCK_STREAM},
	{"pktinfo", "port", SOCK_DGRAM, by_source, 0},
	{"pktinfo-mapped", "port", SOCK_DGRAM, by_mapped_source, 0},
	{"sctp", "port", SCTP_RECEIVER, by_sctp, 0},
	{"sctp-connectx", "port", SCTP_RECEIVER, by_connectx, SCTP_CONNECTX},
	{"any-wrong-level", "any", SOCK_DGRAM, by_unsaid, WRONG_LEVEL},
	{"any-old-message", "any", SOCK_DGRAM, by_unsaid, OLD_MESSAGE},
	{"any-no-address", "any", SOCK_DGRAM, by_unsaid, NO_ADDRESS},
	{"any-group", "any", SOCK_DGRAM, by_unsaid, OF_A_GROUP},
	{"any-group-stream", "any", SOCK_STREAM, by_unsaid, OF_A_GROUP_STREAM},
	{"raw", "address", SOCK_DGRAM, by_raw, IPPROTO_UDP},
	{"raw-tcp", "address", 0, by_raw, IPPROTO_TCP},
	{"six-segments", "detour", SOCK_DGRAM, by_segments, BEFORE},
	{"six-segments-late", "detour", SOCK_DGRAM, by_segments, WHILE_CONNECTED},
	{"four-route", "detour", SOCK_DGRAM, by_source_route, BEFORE},
	{"four-route-cmsg", "detour", SOCK_DGRAM, by_source_route, WITH_THE_PACKET},
	{"four-raw", "detour", SOCK_DGRAM, by_own_header, IPPROTO_RAW},
	{"four-hdrincl", "detour", SOCK_DGRAM, by_own_header, IPPROTO_UDP},
	{"four-packet", "detour", SOCK_DGRAM, by_packet_socket, SOCK_DGRAM},
	{"six-flow-label", "detour", 0, by_flow_label, 0},
	{"any-unicast", "detour", 0, by_interface, BY_OPTION},
	{"any-device", "detour", 0, by_interface, BY_DEVICE},
	{"any-pktinfo", "detour", 0, by_interface, BY_PACKET},
};

struct attempt {
	size_t door;
	struct target target;
};

static int enter(void *argument)
{
	struct attempt *attempt = argument;

	return doors[attempt->door].reach(&attempt->target, doors[attempt->door].argument) < 0 ? -errno : 0;
}

/* Something has come: a message, or a connection; of a connection that somebody else has made, what is sent over it. */
static bool arrives(int at, bool given, int patience)
{
	struct pollfd arrival = {.fd = at, .events = POLLIN};

	if (poll(&arrival, 1, patience) <= 0)
		return false;
	if (!given)
		return true;
	arrival.fd = accept(at, NULL, NULL);
	return poll(&arrival, 1, patience) > 0;
}

int command_net(const struct options *options, char **args)
{
	struct attempt attempt = {};
	int at = -1, elsewhere = -1;
	bool given;

	for (attempt.door = 0; strcmp(doors[attempt.door].name, options->door ?: "tcp");)
		if (++attempt.door == COUNT(doors))
			unknown("door to an address", options->door);
	attempt.target.address = parse(args[0], args[1], &attempt.target.length);
	attempt.target.elsewhere = parse(args[2], args[1], &attempt.target.length);
	if (doors[attempt.door].receiver) {
		at = listener(&attempt.target.address, attempt.target.length, doors[attempt.door].receiver);
		elsewhere = listener(&attempt.target.elsewhere, attempt.target.length, doors[attempt.door].receiver);
	}
	fact("door=%s", doors[attempt.door].name);
	if (run_in(options->context, enter, &attempt))
		outcome->error = outcome->error ?: ECHILD;
	given = doors[attempt.door].reach == by_gift && doors[attempt.door].argument == SOCK_STREAM;
	if (at >= 0)
		fact("delivered=%d", arrives(at, given, outcome->error ? 20 : 1000));
	close(elsewhere);
	return report();
}

void list_net_doors(void)
{
	for (size_t i = 0; i < COUNT(doors); i++)
		printf("net %s %s\n", doors[i].name, doors[i].kind);
}

/* Two addresses take turns in the memory that sendto reads: where did the messages go that were not refused? */
static struct sockaddr_storage turning;
static bool stop;

static int turn(void *argument)
{
	struct target *target = argument;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		memcpy(&turning, &target->address, target->length);
		memcpy(&turning, &target->elsewhere, target->length);
	}
	return 0;
}

static void drain(int from, unsigned *arrived)
{
	char bytes[16];

	while (recv(from, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		(*arrived)++;
}

int command_race_net(const struct options *options, char **args)
{
	unsigned forbidden_arrived = 0, allowed_arrived = 0, refused = 0, other = 0;
	struct target target;
	int forbidden, allowed, from;
	void *turner;

	target.address = parse(args[0], args[1], &target.length);
	target.elsewhere = parse(args[2], args[1], &target.length);
	forbidden = listener(&target.address, target.length, SOCK_DGRAM);
	allowed = listener(&target.elsewhere, target.length, SOCK_DGRAM);
	from = new_socket(target.address.ss_family, SOCK_DGRAM, 0);
	memcpy(&turning, &target.elsewhere, target.length);
	turner = start_thread(turn, &target);
	for (int i = 0; i < options->count; i++) {
		if (sendto(from, message, sizeof(message), 0, of(&turning), target.length) < 0)
			errno == EPERM ? refused++ : other++;
		drain(forbidden, &forbidden_arrived);
		drain(allowed, &allowed_arrived);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	join_thread(turner);
	fact("tries=%d refused=%u forbidden=%u allowed=%u other=%u", options->count, refused, forbidden_arrived,
	     allowed_arrived, other);
	return report();
}
