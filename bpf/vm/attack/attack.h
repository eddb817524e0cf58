/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* One way around a policy per word: what is opened, run or reached stays the same, how it is done and named changes.
 *
 * Each run prints one line, "result=NAME key=value ...", on standard output:
 *   result=ok           it worked                                        exit status 0
 *   result=EPERM ...    the operation itself failed, errno by name       exit status 1
 *   result=wrong        a repeated attack saw an answer it must not see  exit status 1
 *   result=unprepared   something before the operation failed: step=, errno= tell what   exit status 3
 */
#ifndef INTERDICT_ATTACK_H
#define INTERDICT_ATTACK_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_FAILED 1
#define EXIT_UNPREPARED 3

/* The exit status of victim.c, and of any script used as a victim: it ran. */
#define VICTIM_STATUS 42
/* The twin's. */
#define TWIN_STATUS 43

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What happened; in memory shared with children, because contexts run in other tasks. */
struct outcome {
	int error;		/* errno of the operation, 0 */
	char facts[900];
};
extern struct outcome *outcome;

/* The options of all commands. */
struct options {
	const char *door, *alias, *context, *work;
	int count, every, processes, threads, milliseconds;
};

typedef int (*command_fn)(const struct options *options, char **args);
typedef int (*context_fn)(void *argument);

/* report.c */
void fact(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void unprepared(const char *step);	/* from any task of the run; errno tells why */
_Noreturn void unprepared_errno(const char *step, int error);
int report(void);	/* prints the line, gives the exit status */
int report_if(bool right);	/* else result=wrong */
const char *errno_name(int error);
uint64_t now_us(void);
void *shared(size_t bytes);
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
void write_text(const char *path, const char *content, mode_t mode);
/* main.c: gives up all privileges and groups. */
void become(uid_t user);

/* exec.c: the whole file, wherever the source stands. */
void copy_content(int target, int source);

/* For an unknown word: lists the known ones and ends. */
_Noreturn void unknown(const char *kind, const char *word);

/* context.c: runs the function in another kind of task; a negative result of it is errno. Gives the wait status of that
 * task, 0 where it is no process of its own. */
int run_in(const char *context, context_fn function, void *argument);
void *start_thread(context_fn function, void *argument);
void join_thread(void *thread);
int wait_for(pid_t pid);	/* the wait status; follows no stops */

/* compat.c: 32-bit calls from a 64-bit program; -1 and errno. */
long compat_call(long number, long a, long b, long c, long d, long e);
char *low_copy(const void *data, size_t bytes);	/* below 4 GiB */

/* uring.c: one request on a ring of its own; the result of the completion, or -1 and errno. */
enum uring_way { URING_PLAIN, URING_ASYNC, URING_SQPOLL, URING_FIXED };
struct io_uring_sqe;
long uring_call(const struct io_uring_sqe *request, enum uring_way way);

/* alias.c: another name of the same object, in a work directory that is removed afterwards. */
char *alias_of(const char *alias, const char *path, const char *work);

/* give.c: what another process has opened, outside of the run's cgroup and with the rights of root; a descriptor, or -1 and errno. */
enum gift { GIFT_FILE, GIFT_FETCHED, GIFT_SOCKET };
void start_giver(void);
int given(enum gift gift, const char *path, const struct sockaddr_storage *address, socklen_t length, int kind);

/* peer.c: a child that runs a program of this tool's, by whatever path, until end_peer(). */
struct peer { pid_t pid; int input; };
struct peer start_peer(const char *path);
void end_peer(const struct peer *peer);
long seize(pid_t pid);	/* and lets it go again; -1 and errno */

/* Lists for the harness: it goes through all of them, so that no word is forgotten. */
void list_open_doors(void);
void list_exec_doors(void);
void list_net_doors(void);
void list_aliases(void);
void list_contexts(void);
void list_lenders(void);
void list_changes(void);
void list_local_doors(void);
void list_makers(void);
void list_namespace_doors(void);
void list_module_doors(void);
void list_peer_doors(void);
void list_mount_doors(void);
void list_label_doors(void);
void list_states(void);

/* The commands. */
int command_generation(const struct options *options, char **args);
int command_open(const struct options *options, char **args);
int command_exec(const struct options *options, char **args);
int command_net(const struct options *options, char **args);
int command_race_open(const struct options *options, char **args);
int command_race_exec(const struct options *options, char **args);
int command_race_mounts(const struct options *options, char **args);
int command_race_net(const struct options *options, char **args);
int command_make(const struct options *options, char **args);
int command_storm(const struct options *options, char **args);
int command_as(const struct options *options, char **args);
int command_exec_storm(const struct options *options, char **args);
int command_exclusive(const struct options *options, char **args);
int command_continued(const struct options *options, char **args);
int command_notices(const struct options *options, char **args);
int command_bystander(const struct options *options, char **args);
int command_timer(const struct options *options, char **args);
int command_stopped(const struct options *options, char **args);
int command_stops(const struct options *options, char **args);
int command_killed(const struct options *options, char **args);
int command_persist(const struct options *options, char **args);
int command_stutter(const struct options *options, char **args);
int command_core(const struct options *options, char **args);
int command_pty(const struct options *options, char **args);
int command_run(const struct options *options, char **args);
int command_lend(const struct options *options, char **args);
int command_change(const struct options *options, char **args);
int command_local(const struct options *options, char **args);
int command_socket(const struct options *options, char **args);
int command_state(const struct options *options, char **args);
int command_label(const struct options *options, char **args);
int command_namespace(const struct options *options, char **args);
int command_module(const struct options *options, char **args);
int command_unload(const struct options *options, char **args);
int command_mount(const struct options *options, char **args);
int command_peer(const struct options *options, char **args);
int command_idle(const struct options *options, char **args);
int command_traced(const struct options *options, char **args);
int command_traceme(const struct options *options, char **args);
int command_orphan(const struct options *options, char **args);
int command_ending(const struct options *options, char **args);
int command_absent(const struct options *options, char **args);
int command_file(const struct options *options, char **args);
int command_folder(const struct options *options, char **args);
int command_act(const struct options *options, char **args);
int command_acting(const struct options *options, char **args);
int command_login(const struct options *options, char **args);
int command_nothing(const struct options *options, char **args);

/* state.c: from now on the current task is in the state of this name. */
void enter_state(const char *name);

/* storm.c: the files that command_make prepared. */
struct sight {
	unsigned opens, right, let_through, refused, failed;	/* wrong answers: let_through, refused, failed */
	uint64_t total_us, longest_us;
	int other;	/* an errno that is no answer, if one was seen */
};
void see(struct sight *sight, const char *directory, int index, int every);
void tell(const struct sight *sight);

#endif
