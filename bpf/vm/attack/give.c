/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A process that no policy covers opens, and hands on what it has opened. */
#define _GNU_SOURCE
#include "attack.h"

struct request {
	enum gift gift;
	int kind;		/* GIFT_SOCKET: type of socket */
	socklen_t length;
	struct sockaddr_storage address;
	char path[PATH_MAX];
};

static int giver = -1;
static pid_t giver_process;

static int opened(const struct request *request)
{
	int file;

	if (request->gift != GIFT_SOCKET)
		return open(request->path, O_RDONLY);
	file = socket(request->address.ss_family, request->kind, 0);
	if (file >= 0 && connect(file, (const struct sockaddr *)&request->address, request->length))
		return -1;
	return file;
}

/* The number of the descriptor, and unless it is to be fetched the descriptor itself. */
static void hand_on(int to, int file, bool fetched)
{
	union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control = {};
	struct iovec content = {&file, sizeof(file)};
	struct msghdr header = {.msg_iov = &content, .msg_iovlen = 1};

	if (!fetched && file >= 0) {
		header.msg_control = &control;
		header.msg_controllen = sizeof(control.room);
		control.header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.header), &file, sizeof(file));
	}
	sendmsg(to, &header, 0);
}

void start_giver(void)
{
	struct request request;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends))
		unprepared("socketpair");
	giver_process = fork();
	if (giver_process) {
		close(ends[1]);
		giver = ends[0];
		return;
	}
	close(ends[0]);
	while (recv(ends[1], &request, sizeof(request), 0) == sizeof(request))
		hand_on(ends[1], opened(&request), request.gift == GIFT_FETCHED);
	_exit(0);
}

static int take(bool fetched)
{
	union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control;
	int number = -1, file;
	struct iovec content = {&number, sizeof(number)};
	struct msghdr header = {
		.msg_iov = &content, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.room),
	};

	if (recvmsg(giver, &header, MSG_CMSG_CLOEXEC) < 0 || number < 0)
		unprepared("giver");
	if (fetched)
		return syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, giver_process, 0), number, 0);
	if (!CMSG_FIRSTHDR(&header)) {	/* the message comes, but without the descriptor */
		errno = EPERM;
		return -1;
	}
	memcpy(&file, CMSG_DATA(&control.header), sizeof(file));
	return file;
}

int given(enum gift gift, const char *path, const struct sockaddr_storage *address, socklen_t length, int kind)
{
	struct request request = {.gift = gift, .kind = kind, .length = length};

	if (path)
		snprintf(request.path, sizeof(request.path), "%s", path);
	if (address)
		request.address = *address;
	if (send(giver, &request, sizeof(request), 0) != sizeof(request))
		unprepared("giver");
	return take(gift == GIFT_FETCHED);
}
