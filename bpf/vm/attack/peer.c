/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Every door from one process to another. The other one is a child that runs a program of the test's choice and ends when its input does, so that
 * nobody has to send it a signal. */
#define _GNU_SOURCE
#include "attack.h"
#include <linux/capability.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#define COMPAT_PTRACE 26
#define COMPAT_KILL 37
#define COMPAT_TGKILL 270

static struct peer start_large_peer(const char *path, int megabytes)
{
	char *arguments[] = {(char *)path, "idle", "-n", text("%d", megabytes), NULL};
	struct peer peer = {};
	int input[2], done[2];
	char byte;

	if (pipe2(input, O_CLOEXEC) || pipe2(done, O_CLOEXEC))
		unprepared("pipe");
	peer.pid = fork();
	if (peer.pid == 0) {
		setpgid(0, 0);
		if (dup2(input[0], STDIN_FILENO) >= 0)
			execv(path, arguments);
		if (write(done[1], "x", 1) != 1)
			_exit(2);
		_exit(1);
	}
	close(input[0]);
	close(done[1]);
	if (peer.pid < 0 || read(done[0], &byte, 1) != 0)
		unprepared(text("peer:%s", path));
	close(done[0]);
	peer.input = input[1];
	return peer;
}

struct peer start_peer(const char *path)
{
	return start_large_peer(path, 0);
}

/* One that was stopped does not see that its input has ended: the kernel ends it, and goes on with it first, when this program has left its group alone. */
void end_peer(const struct peer *peer)
{
	int status;

	close(peer->input);
	while (waitpid(peer->pid, &status, WUNTRACED) < 0 && errno == EINTR)
		;
}

int command_idle(const struct options *options, char **args)
{
	size_t much = (size_t)options->count << 20;
	char bytes[64], *memory;

	(void)args;
	signal(SIGPIPE, SIG_IGN);
	if (much) {
		memory = mmap(NULL, much, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED)
			return EXIT_UNPREPARED;
		memset(memory, 1, much);
	}
	while (read(STDIN_FILENO, bytes, sizeof(bytes)) > 0)
		;
	return 0;
}

static void let_go(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) && errno != EIO)
		unprepared("interrupt");
	if (waitpid(pid, &status, __WALL) != pid || ptrace(PTRACE_DETACH, pid, 0, 0))
		unprepared("detach");
}

long seize(pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, 0, 0))
		return -1;
	let_go(pid);
	return 0;
}

static long attach(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_ATTACH, pid, 0, 0))
		return -1;
	if (waitpid(pid, &status, __WALL) != pid || ptrace(PTRACE_DETACH, pid, 0, 0))
		unprepared("detach");
	return 0;
}

static long compat_seize(pid_t pid)
{
	if (compat_call(COMPAT_PTRACE, PTRACE_SEIZE, pid, 0, 0, 0) < 0)
		return -1;
	let_go(pid);
	return 0;
}

/* There is nothing at this address, as the kernel says to those who may look. */
static long looked(long result)
{
	return result < 0 && errno == EFAULT ? 0 : result;
}

static long read_memory(pid_t pid)
{
	char bytes[8] = "";
	struct iovec mine = {bytes, sizeof(bytes)}, its = {NULL, sizeof(bytes)};

	return looked(process_vm_readv(pid, &mine, 1, &its, 1, 0));
}

static long write_memory(pid_t pid)
{
	char bytes[8] = "";
	struct iovec mine = {bytes, sizeof(bytes)}, its = {NULL, sizeof(bytes)};

	return looked(process_vm_writev(pid, &mine, 1, &its, 1, 0));
}

static long open_of(pid_t pid, const char *name, int flags)
{
	return open(text("/proc/%d/%s", pid, name), flags | O_CLOEXEC);
}

static long memory_file(pid_t pid)
{
	return open_of(pid, "mem", O_RDWR);
}

/* Since Linux 6.15 who may measure performance (CAP_PERFMON) may look at the memory's maps and the environment of everybody without being asked about: these doors are for those who may
 * not. */
static void lay_down_perfmon(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		unprepared("capget");
	data[0].effective &= ~(1U << CAP_SYS_ADMIN);
	data[1].effective &= ~(1U << (CAP_PERFMON - 32));
	if (syscall(SYS_capset, &header, data))
		unprepared("capset");
}

static long environment(pid_t pid)
{
	lay_down_perfmon();
	return open_of(pid, "environ", O_RDONLY);
}

static long maps(pid_t pid)
{
	lay_down_perfmon();
	return open_of(pid, "maps", O_RDONLY);
}

static long link_of_program(pid_t pid)
{
	char bytes[PATH_MAX];

	return readlink(text("/proc/%d/exe", pid), bytes, sizeof(bytes));
}

static long take_descriptor(pid_t pid)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);

	return pidfd < 0 ? -1 : syscall(SYS_pidfd_getfd, pidfd, 0, 0);
}

static long compare(pid_t pid)
{
	return syscall(SYS_kcmp, getpid(), pid, KCMP_VM, 0, 0);
}

static long by_kill(pid_t pid)
{
	return kill(pid, SIGWINCH);
}

/* Whoever blocks SIGCONT would notice that he is sent round: that is no way to the fallback. */
static long by_kill_without_continue(pid_t pid)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return kill(pid, SIGWINCH);
}

static long by_group(pid_t pid)
{
	return kill(-pid, SIGWINCH);
}

static long by_tkill(pid_t pid)
{
	return syscall(SYS_tkill, pid, SIGWINCH);
}

static long by_tgkill(pid_t pid)
{
	return syscall(SYS_tgkill, pid, pid, SIGWINCH);
}

static siginfo_t information(void)
{
	return (siginfo_t){.si_signo = SIGWINCH, .si_code = SI_QUEUE};
}

static long by_queue(pid_t pid)
{
	siginfo_t info = information();

	return syscall(SYS_rt_sigqueueinfo, pid, SIGWINCH, &info);
}

static long by_thread_queue(pid_t pid)
{
	siginfo_t info = information();

	return syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGWINCH, &info);
}

static long by_pidfd(pid_t pid)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);

	return pidfd < 0 ? -1 : syscall(SYS_pidfd_send_signal, pidfd, SIGWINCH, NULL, 0);
}

static long by_compat_kill(pid_t pid)
{
	return compat_call(COMPAT_KILL, pid, SIGWINCH, 0, 0, 0);
}

static long by_compat_tgkill(pid_t pid)
{
	return compat_call(COMPAT_TGKILL, pid, pid, SIGWINCH, 0, 0);
}

/* Whether there is somebody. */
static long by_nothing(pid_t pid)
{
	return kill(pid, 0);
}

static long to_itself(pid_t pid)
{
	(void)pid;
	return kill(getpid(), SIGWINCH);
}

/* kthreadd ignores it. */
static long to_the_kernel(pid_t pid)
{
	(void)pid;
	return kill(2, SIGWINCH);
}

/* Where the program's code begins is 1 to who may not know; nobody is told no. */
static long addresses(pid_t pid)
{
	FILE *stat = fopen(text("/proc/%d/stat", pid), "re");
	unsigned long code;
	char line[4096], *at;

	if (!stat || !fgets(line, sizeof(line), stat) || !(at = strrchr(line, ')')))
		unprepared("stat");
	fclose(stat);
	for (int field = 2; field < 26; field++)
		if (!(at = strchr(at + 1, ' ')))
			unprepared("field");
	code = strtoul(at, NULL, 10);
	errno = EPERM;
	return code > 1 ? 0 : -1;
}

/* first: what is done before, since it can wait for an answer and the door cannot. */
static const struct {
	const char *name, *kind, *refusal;
	long (*reach)(pid_t pid);
	long (*first)(pid_t pid);
} doors[] = {
	{"seize", "ptrace", "EPERM", seize, NULL},
	{"attach", "ptrace", "EPERM", attach, NULL},
	{"int80-seize", "ptrace", "EPERM", compat_seize, NULL},
	{"vm-readv", "ptrace", "EPERM", read_memory, seize},
	{"vm-writev", "ptrace", "EPERM", write_memory, seize},
	{"mem", "ptrace", "EACCES", memory_file, seize},
	{"environ", "ptrace", "EACCES", environment, seize},
	{"maps", "ptrace", "EACCES", maps, seize},
	{"exe", "ptrace", "EACCES", link_of_program, seize},
	{"pidfd-getfd", "ptrace", "EPERM", take_descriptor, seize},
	{"kcmp", "ptrace", "EPERM", compare, seize},
	{"kill", "signal", "EPERM", by_kill, NULL},
	{"kill-without-continue", "signal", "EPERM", by_kill_without_continue, NULL},
	{"tkill", "signal", "EPERM", by_tkill, NULL},
	{"tgkill", "signal", "EPERM", by_tgkill, NULL},
	{"sigqueue", "signal", "EPERM", by_queue, NULL},
	{"thread-sigqueue", "signal", "EPERM", by_thread_queue, NULL},
	{"pidfd", "signal", "EPERM", by_pidfd, NULL},
	{"int80-kill", "signal", "EPERM", by_compat_kill, NULL},
	{"int80-tgkill", "signal", "EPERM", by_compat_tgkill, NULL},
	{"group", "signal", "EPERM", by_group, by_kill},
	/* What is nobody's business. */
	{"kill-nothing", "nobody", "-", by_nothing, by_kill},
	{"kill-itself", "nobody", "-", to_itself, NULL},
	{"kill-kernel", "nobody", "-", to_the_kernel, NULL},
	{"addresses", "nobody", "-", addresses, seize},
};

int command_peer(const struct options *options, char **args)
{
	struct peer peer;
	size_t door;

	for (door = 0; strcmp(doors[door].name, options->door ?: "seize");)
		if (++door == COUNT(doors))
			unknown("door to another process", options->door);
	fact("door=%s", doors[door].name);
	peer = start_peer(args[0]);
	if (doors[door].first && options->count)
		doors[door].first(peer.pid);
	if (doors[door].reach(peer.pid) < 0)
		outcome->error = errno;
	end_peer(&peer);
	return report();
}

/* The other way round: a child that runs another program lets itself be traced by this one. */
int command_traced(const struct options *options, char **args)
{
	char *arguments[] = {args[0], "traceme", NULL};
	pid_t child = fork();
	int status;

	(void)options;
	if (child == 0) {
		execv(args[0], arguments);
		_exit(255);
	}
	if (child < 0)
		unprepared("fork");
	status = wait_for(child);
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 255)
		unprepared(text("child:%s", args[0]));
	outcome->error = WEXITSTATUS(status);
	return report();
}

/* The exit status is errno. */
int command_traceme(const struct options *options, char **args)
{
	(void)options, (void)args;
	return ptrace(PTRACE_TRACEME, 0, 0, 0) ? errno : 0;
}

/* A child has asked for SIGKILL when its parent ends, which ends: it is sent before anybody can be told of the end. Whether it came. */
int command_orphan(const struct options *options, char **args)
{
	char *arguments[] = {args[0], "idle", "-n", "0", NULL};
	pid_t *child = shared(sizeof(*child)), parent, forked;
	int input[2], done[2], status;
	char byte;

	(void)options;
	if (pipe2(input, O_CLOEXEC) || pipe2(done, O_CLOEXEC) || prctl(PR_SET_CHILD_SUBREAPER, 1))
		unprepared("prepare");
	parent = fork();
	if (parent == 0) {
		forked = fork();
		if (forked == 0) {
			if (!prctl(PR_SET_PDEATHSIG, SIGKILL) && dup2(input[0], STDIN_FILENO) >= 0)
				execv(args[0], arguments);
			_exit(255);
		}
		*child = forked;
		close(done[1]);
		_exit(read(done[0], &byte, 1) != 0);
	}
	close(done[1]);
	close(input[0]);
	if (parent < 0 || wait_for(parent) || *child <= 0)
		unprepared("parent");
	close(input[1]);
	status = wait_for(*child);
	if (WIFEXITED(status) && WEXITSTATUS(status))
		unprepared(text("child:%s", args[0]));
	outcome->error = WIFSIGNALED(status) ? 0 : EPERM;
	return report();
}

/* Takes a descriptor of a process that ends by itself: its memory goes first, which takes the longer the more it has, and the descriptors are there still. */
int command_ending(const struct options *options, char **args)
{
	struct peer peer = start_large_peer(args[0], options->count);
	int pidfd = syscall(SYS_pidfd_open, peer.pid, 0), taken;

	if (pidfd < 0)
		unprepared("pidfd_open");
	seize(peer.pid);
	close(peer.input);
	while ((taken = syscall(SYS_pidfd_getfd, pidfd, 0, 0)) < 0 && errno == EPERM)
		usleep(500);
	outcome->error = taken < 0 ? errno : 0;
	wait_for(peer.pid);
	return report();
}

void list_peer_doors(void)
{
	for (size_t i = 0; i < COUNT(doors); i++)
		printf("peer %s %s %s %d\n", doors[i].name, doors[i].kind, doors[i].refusal, doors[i].first ? 2 : 1);
}
