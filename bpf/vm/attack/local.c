/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Every door to an address of this host's own: to be bound to it, to listen there, and to take who calls; and to a socket at all. */
#define _GNU_SOURCE
#include "attack.h"
#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <netinet/in.h>

#define COMPAT_SOCKETCALL 102
#define COMPAT_SOCKET 359
#define COMPAT_SOCKETPAIR 360
#define COMPAT_BIND 361
#define COMPAT_LISTEN 363
#define COMPAT_ACCEPT4 364
#define SOCKETCALL_SOCKET 1
#define SOCKETCALL_BIND 2
#define SOCKETCALL_LISTEN 4
#define SOCKETCALL_ACCEPT 5
#define URING_BIND 56		/* since Linux 6.11 */
#define URING_LISTEN 57
#define URING_SOCKET 45		/* since Linux 5.19 */
#define SCTP_BINDX_ADD 100
#define NO_FAMILY 77

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

struct place {
	struct sockaddr_storage address;
	socklen_t length;
};

static const struct sockaddr *of(const struct place *place)
{
	return (const struct sockaddr *)&place->address;
}

static struct place parse(char **args)
{
	struct place place = {.length = sizeof(struct sockaddr_in)};
	struct sockaddr_in *four = (struct sockaddr_in *)&place.address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&place.address;

	four->sin_family = AF_INET;
	four->sin_port = htons(atoi(args[1]));	/* of IPv6 it is at the same place */
	if (inet_pton(AF_INET, args[0], &four->sin_addr) == 1)
		return place;
	six->sin6_family = AF_INET6;
	place.length = sizeof(*six);
	if (inet_pton(AF_INET6, args[0], &six->sin6_addr) != 1)
		unprepared_errno(text("address:%s", args[0]), EINVAL);
	return place;
}

static int new_socket(int family, int type, int protocol)
{
	int result = socket(family, type | SOCK_CLOEXEC, protocol), on = 1;

	if (result < 0)
		unprepared("socket");
	setsockopt(result, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return result;
}

/* What was refused has no port. */
static void tell_bound(int socket)
{
	struct sockaddr_in6 at = {};
	socklen_t length = sizeof(at);

	fact("delivered=%d", !getsockname(socket, (struct sockaddr *)&at, &length) && at.sin6_port);
}

static long bind_plainly(const struct place *place, int type, int protocol)
{
	int socket = new_socket(place->address.ss_family, type, protocol);
	long result = bind(socket, of(place), place->length);
	int error = errno;

	tell_bound(socket);
	errno = error;
	return result;
}

static long bind_tcp(const struct place *place, int protocol)
{
	return bind_plainly(place, SOCK_STREAM, protocol);
}

static long bind_udp(const struct place *place, int protocol)
{
	return bind_plainly(place, SOCK_DGRAM, protocol);
}

static long bind_raw(const struct place *place, int family)
{
	struct place other = *place;
	int socket = new_socket(AF_INET, SOCK_RAW, IPPROTO_UDP);

	other.address.ss_family = family;
	return bind(socket, of(&other), other.length);
}

static struct sockaddr_in6 mapped(const struct place *place)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)&place->address;
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = four->sin_port};

	six.sin6_addr.s6_addr[10] = 0xff;
	six.sin6_addr.s6_addr[11] = 0xff;
	memcpy(six.sin6_addr.s6_addr + 12, &four->sin_addr, 4);
	return six;
}

static int bound_mapped(const struct place *place, long *result)
{
	struct sockaddr_in6 six = mapped(place);
	int socket = new_socket(AF_INET6, SOCK_STREAM, 0);

	*result = bind(socket, (struct sockaddr *)&six, sizeof(six));
	return socket;
}

static long bind_mapped(const struct place *place, int flags)
{
	long result;

	(void)flags;
	bound_mapped(place, &result);
	return result;
}

/* inet_bind takes AF_UNSPEC for AF_INET, if it is "any address". */
static long bind_unspecified(const struct place *place, int type)
{
	struct place other = *place;

	other.address.ss_family = AF_UNSPEC;
	return bind(new_socket(AF_INET, type, 0), of(&other), other.length);
}

/* SCTP is given addresses by an option, too; more than one at once. */
static long bind_by_option(const struct place *place, int both)
{
	struct sockaddr_in addresses[2];
	int socket = new_socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);

	memcpy(&addresses[0], &place->address, sizeof(addresses[0]));
	addresses[1] = addresses[0];
	if (both)
		inet_pton(AF_INET, "127.0.0.9", &addresses[0].sin_addr);
	return setsockopt(socket, IPPROTO_SCTP, SCTP_BINDX_ADD, addresses, both ? sizeof(addresses) : sizeof(addresses[0]));
}

/* What comes later has the port that the socket has: it may name none. */
static long bind_more(const struct place *place, int flags)
{
	struct sockaddr_in more = *(const struct sockaddr_in *)&place->address, first = more;
	int socket = new_socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);

	(void)flags;
	inet_pton(AF_INET, "127.0.0.9", &first.sin_addr);
	more.sin_port = 0;
	if (bind(socket, (struct sockaddr *)&first, sizeof(first)))
		unprepared("bind");
	return setsockopt(socket, IPPROTO_SCTP, SCTP_BINDX_ADD, &more, sizeof(more));
}

static long by_socketcall(long call, long a, long b, long c)
{
	uint32_t arguments[4] = {a, b, c, 0};

	return compat_call(COMPAT_SOCKETCALL, call, (long)low_copy(arguments, sizeof(arguments)), 0, 0, 0);
}

static long bind_32(const struct place *place, int number)
{
	int socket = new_socket(place->address.ss_family, SOCK_STREAM, 0);
	long low = (long)low_copy(&place->address, place->length);

	return number == COMPAT_SOCKETCALL ? by_socketcall(SOCKETCALL_BIND, socket, low, place->length)
					   : compat_call(number, socket, low, place->length, 0, 0);
}

static long bind_uring(const struct place *place, int way)
{
	struct io_uring_sqe request = {
		.opcode = URING_BIND,
		.fd = new_socket(place->address.ss_family, SOCK_STREAM, 0),
		.addr = (uintptr_t)&place->address,
		.addr2 = place->length,
	};

	return uring_call(&request, way);
}

/* Bound, unless the port is 0: then the kernel chooses one when it listens. */
static int bound(const struct place *place, int protocol)
{
	int socket = new_socket(place->address.ss_family, SOCK_STREAM, protocol);

	if (((const struct sockaddr_in *)&place->address)->sin_port && bind(socket, of(place), place->length))
		unprepared("bind");
	return socket;
}

static long tell_listening(int socket, long result)
{
	int listens = 0, error = errno;
	socklen_t length = sizeof(listens);

	getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length);
	fact("delivered=%d", listens);
	errno = error;
	return result;
}

static long listen_plainly(const struct place *place, int protocol)
{
	int socket = bound(place, protocol);

	return tell_listening(socket, listen(socket, 4));
}

static long listen_sctp(const struct place *place, int flags)
{
	(void)flags;
	return listen(bound(place, IPPROTO_SCTP), 4);
}

static long listen_mapped(const struct place *place, int flags)
{
	long result;
	int socket = bound_mapped(place, &result);

	(void)flags;
	if (result)
		unprepared("bind");
	return tell_listening(socket, listen(socket, 4));
}

static long listen_32(const struct place *place, int number)
{
	int socket = bound(place, 0);

	return tell_listening(socket, number == COMPAT_SOCKETCALL ? by_socketcall(SOCKETCALL_LISTEN, socket, 4, 0)
								  : compat_call(number, socket, 4, 0, 0, 0));
}

static long listen_uring(const struct place *place, int way)
{
	int socket = bound(place, 0);
	struct io_uring_sqe request = {.opcode = URING_LISTEN, .fd = socket, .len = 4};

	return tell_listening(socket, uring_call(&request, way));
}

/* Somebody has called already. */
static int called(const struct place *place, int protocol)
{
	int socket = bound(place, protocol), caller = new_socket(place->address.ss_family, SOCK_STREAM, protocol);

	if (listen(socket, 4) || connect(caller, of(place), place->length))
		unprepared("connect");
	return socket;
}

static long tell_taken(long result)
{
	fact("delivered=%d", result >= 0);
	return result;
}

static long accept_plainly(const struct place *place, int protocol)
{
	return tell_taken(accept(called(place, protocol), NULL, NULL));
}

static long accept_with_flags(const struct place *place, int flags)
{
	return tell_taken(accept4(called(place, 0), NULL, NULL, flags));
}

/* By another process that listens. */
static long accept_inherited(const struct place *place, int flags)
{
	int socket = called(place, 0);
	pid_t child = fork();

	(void)flags;
	if (child == 0)
		_exit(accept(socket, NULL, NULL) < 0 ? errno : 0);
	errno = WEXITSTATUS(wait_for(child));
	return tell_taken(errno ? -1 : 0);
}

static long accept_32(const struct place *place, int number)
{
	int socket = called(place, 0);

	return tell_taken(number == COMPAT_SOCKETCALL ? by_socketcall(SOCKETCALL_ACCEPT, socket, 0, 0)
						      : compat_call(number, socket, 0, 0, 0, 0));
}

static long accept_uring(const struct place *place, int way)
{
	struct io_uring_sqe request = {.opcode = IORING_OP_ACCEPT, .fd = called(place, 0)};

	return tell_taken(uring_call(&request, way));
}

/* A word per door. Kind bind: it is the address that is forbidden; any: all addresses at once; several: one of two. Listen and accept: the port.
 * Hidden: it does not tell where it is. */
static const struct {
	const char *name, *kind;
	long (*enter)(const struct place *place, int argument);
	int argument;
} doors[] = {
	{"bind-tcp", "bind", bind_tcp, 0},
	{"bind-udp", "bind", bind_udp, 0},
	{"bind-mptcp", "bind", bind_tcp, IPPROTO_MPTCP},
	{"bind-mapped", "bind", bind_mapped, 0},
	{"bind-raw", "bind", bind_raw, AF_INET},
	{"bind-raw-unspecified", "bind", bind_raw, AF_UNSPEC},
	{"bind-raw-other", "bind", bind_raw, NO_FAMILY},
	{"bind-sctp", "bind", bind_tcp, IPPROTO_SCTP},
	{"bind-sctp-option", "bind", bind_by_option, false},
	{"bind-sctp-more", "bind", bind_more, 0},
	{"bind-sctp-two", "several", bind_by_option, true},
	{"bind-int80", "bind", bind_32, COMPAT_BIND},
	{"bind-socketcall", "bind", bind_32, COMPAT_SOCKETCALL},
	{"bind-uring", "bind", bind_uring, URING_PLAIN},
	{"bind-uring-async", "bind", bind_uring, URING_ASYNC},
	{"bind-any", "any", bind_tcp, 0},
	{"bind-any-udp", "any", bind_udp, 0},
	{"bind-unspecified", "any", bind_unspecified, SOCK_STREAM},
	{"bind-unspecified-udp", "any", bind_unspecified, SOCK_DGRAM},
	{"bind-any-mapped", "any", bind_mapped, 0},
	{"listen", "listen", listen_plainly, 0},
	{"listen-mptcp", "listen", listen_plainly, IPPROTO_MPTCP},
	{"listen-mapped", "listen", listen_mapped, 0},
	{"listen-sctp", "hidden", listen_sctp, 0},
	{"listen-int80", "listen", listen_32, COMPAT_LISTEN},
	{"listen-socketcall", "listen", listen_32, COMPAT_SOCKETCALL},
	{"listen-uring", "listen", listen_uring, URING_PLAIN},
	{"listen-uring-async", "listen", listen_uring, URING_ASYNC},
	{"accept", "accept", accept_plainly, 0},
	{"accept-mptcp", "accept", accept_plainly, IPPROTO_MPTCP},
	{"accept4", "accept", accept_with_flags, SOCK_CLOEXEC},
	{"accept-inherited", "accept", accept_inherited, 0},
	{"accept-int80", "accept", accept_32, COMPAT_ACCEPT4},
	{"accept-socketcall", "accept", accept_32, COMPAT_SOCKETCALL},
	{"accept-uring", "accept", accept_uring, URING_PLAIN},
	{"accept-uring-async", "accept", accept_uring, URING_ASYNC},
};

int command_local(const struct options *options, char **args)
{
	struct place place = parse(args);
	size_t door;

	for (door = 0; strcmp(doors[door].name, options->door ?: "bind-tcp");)
		if (++door == COUNT(doors))
			unknown("door to an address of one's own", options->door);
	fact("door=%s", doors[door].name);
	if (doors[door].enter(&place, doors[door].argument) < 0)
		outcome->error = errno;
	return report();
}

void list_local_doors(void)
{
	for (size_t i = 0; i < COUNT(doors); i++)
		printf("local %s %s\n", doors[i].name, doors[i].kind);
}

/* What a socket is to be. */
struct kind {
	int family, type, protocol;
};

static long make_plainly(const struct kind *kind, int number)
{
	(void)number;
	return socket(kind->family, kind->type, kind->protocol);
}

static long make_pair(const struct kind *kind, int number)
{
	int both[2];

	(void)number;
	return socketpair(kind->family, kind->type, kind->protocol, both);
}

static long make_32(const struct kind *kind, int number)
{
	if (number == COMPAT_SOCKETCALL)
		return by_socketcall(SOCKETCALL_SOCKET, kind->family, kind->type, kind->protocol);
	if (number == COMPAT_SOCKETPAIR)
		return compat_call(number, kind->family, kind->type, kind->protocol, (long)low_copy("12345678", 8), 0);
	return compat_call(number, kind->family, kind->type, kind->protocol, 0, 0);
}

static long make_uring(const struct kind *kind, int way)
{
	struct io_uring_sqe request = {.opcode = URING_SOCKET, .fd = kind->family, .off = kind->type, .len = kind->protocol};

	return uring_call(&request, way);
}

/* Kind pair: only what has pairs can be made so. */
static const struct {
	const char *name, *kind;
	long (*make)(const struct kind *kind, int argument);
	int argument;
} makers[] = {
	{"socket", "any", make_plainly, 0},
	{"socket-int80", "any", make_32, COMPAT_SOCKET},
	{"socket-socketcall", "any", make_32, COMPAT_SOCKETCALL},
	{"socket-uring", "any", make_uring, URING_PLAIN},
	{"socket-uring-async", "any", make_uring, URING_ASYNC},
	{"socketpair", "pair", make_pair, 0},
	{"socketpair-int80", "pair", make_32, COMPAT_SOCKETPAIR},
};

int command_socket(const struct options *options, char **args)
{
	struct kind kind = {atoi(args[0]), atoi(args[1]), atoi(args[2])};
	size_t maker;

	for (maker = 0; strcmp(makers[maker].name, options->door ?: "socket");)
		if (++maker == COUNT(makers))
			unknown("door to a socket", options->door);
	fact("door=%s", makers[maker].name);
	if (makers[maker].make(&kind, makers[maker].argument) < 0)
		outcome->error = errno;
	return report();
}

void list_makers(void)
{
	for (size_t i = 0; i < COUNT(makers); i++)
		printf("socket %s %s\n", makers[i].name, makers[i].kind);
}
