/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Words, options, and the order of things: join the cgroup, become the user, make the work directory, attack, clean up. */
#define _GNU_SOURCE
#include "attack.h"
#include <dirent.h>
#include <grp.h>
#include <libgen.h>
#include <pty.h>
#include <sys/resource.h>

/* In a batch; then it is killed, and its line is missing. */
#define LONGEST_RUN_SECONDS 60

static int command_list(const struct options *options, char **args)
{
	(void)options, (void)args;
	list_open_doors();
	list_exec_doors();
	list_net_doors();
	list_aliases();
	list_contexts();
	list_lenders();
	list_changes();
	list_local_doors();
	list_makers();
	list_namespace_doors();
	list_module_doors();
	list_peer_doors();
	list_mount_doors();
	list_label_doors();
	list_states();
	fflush(stdout);
	return 0;
}

int command_run(const struct options *options, char **args)
{
	if (strcmp(options->alias, "direct"))
		execv(alias_of(options->alias, args[0], options->work), args);
	else
		execvp(args[0], args);
	unprepared(text("exec:%s", args[0]));
}

/* A terminal for programs that want one: what comes in on standard input is typed, what they print goes out. */
int command_pty(const struct options *options, char **args)
{
	char bytes[4096];
	int terminal;
	ssize_t count;
	pid_t child = forkpty(&terminal, NULL, NULL, NULL);

	if (child < 0)
		unprepared("forkpty");
	if (child == 0)
		return command_run(options, args);
	if (fork() == 0) {
		while ((count = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0)
			if (write(terminal, bytes, count) != count)
				_exit(1);
		_exit(0);
	}
	while ((count = read(terminal, bytes, sizeof(bytes))) > 0)
		if (write(STDOUT_FILENO, bytes, count) != count)
			break;
	return WEXITSTATUS(wait_for(child));
}

static int command_write(const struct options *options, char **args)
{
	(void)options;
	write_text(args[0], "content\n", 0777);
	return 0;
}

static int command_remove(const struct options *options, char **args)
{
	(void)options;
	if (remove(args[0]) && errno != ENOENT)
		unprepared("remove");
	return 0;
}

/* As editors and rotations do it: a new file takes the name. */
static int command_replace(const struct options *options, char **args)
{
	char *fresh = text("%s.fresh", args[0]);

	(void)options;
	umask(0);
	write_text(fresh, "content\n", 0777);
	if (rename(fresh, args[0]))
		unprepared("rename");
	return 0;
}

/* place: where the work directory goes. TARGET is beside the first argument, so that hard links and renames can be made; ALIAS the same, and
 * none where the file goes by its own name. */
enum place { NOWHERE, TARGET, ALIAS };

static int command_batch(const struct options *options, char **arguments);

static const struct {
	const char *name, *arguments;
	int least;
	enum place place;
	command_fn run;
} commands[] = {
	{"list", "", 0, NOWHERE, command_list},
	{"batch", "<COMMAND_LINES", 0, NOWHERE, command_batch},
	{"run", "[-a ALIAS] COMMAND...", 1, ALIAS, command_run},
	{"pty", "COMMAND... <KEYS", 1, NOWHERE, command_pty},
	{"write", "PATH", 1, NOWHERE, command_write},
	{"remove", "PATH", 1, NOWHERE, command_remove},
	{"open", "[-d DOOR] [-a ALIAS] [-c CONTEXT] PATH", 1, TARGET, command_open},
	{"generation", "PATH", 1, NOWHERE, command_generation},
	{"exec", "[-d DOOR] [-a ALIAS] [-c CONTEXT] PATH", 1, TARGET, command_exec},
	{"lend", "[-d DOOR] TRUSTED open PATH", 3, NOWHERE, command_lend},
	{"replace", "PATH", 1, NOWHERE, command_replace},
	{"change", "[-d DOOR] [-a ALIAS] PATH", 1, ALIAS, command_change},
	{"absent", "PATH", 1, NOWHERE, command_absent},
	{"file", "PATH", 1, NOWHERE, command_file},
	{"folder", "PATH", 1, NOWHERE, command_folder},
	{"net", "[-d DOOR] [-c CONTEXT] ADDRESS PORT ALLOWED_ADDRESS", 3, NOWHERE, command_net},
	{"local", "[-d DOOR] ADDRESS PORT", 2, NOWHERE, command_local},
	{"socket", "[-d DOOR] FAMILY TYPE PROTOCOL", 3, NOWHERE, command_socket},
	{"namespace", "[-d DOOR] user|none", 1, NOWHERE, command_namespace},
	{"module", "[-d DOOR] PATH|some|none|FILE_SYSTEM", 1, NOWHERE, command_module},
	{"mount", "[-d DOOR] PLACE", 1, NOWHERE, command_mount},
	{"peer", "[-d DOOR] PROGRAM", 1, NOWHERE, command_peer},
	{"idle", "-n MEGABYTES", 0, NOWHERE, command_idle},
	{"traced", "PROGRAM", 1, NOWHERE, command_traced},
	{"traceme", "", 0, NOWHERE, command_traceme},
	{"orphan", "PROGRAM", 1, NOWHERE, command_orphan},
	{"ending", "-n MEGABYTES PROGRAM", 1, NOWHERE, command_ending},
	{"unload", "MODULE", 1, NOWHERE, command_unload},
	{"label", "[-d DOOR] MARKER OBJECT", 2, NOWHERE, command_label},
	{"state", "[-d STATE] PATH", 1, NOWHERE, command_state},
	{"race-open", "[-d links] -n TRIES FORBIDDEN ALLOWED", 2, TARGET, command_race_open},
	{"race-exec", "[-d links] -n TRIES FORBIDDEN ALLOWED", 2, TARGET, command_race_exec},
	{"race-mounts", "-n TRIES FORBIDDEN", 1, TARGET, command_race_mounts},
	{"race-net", "-n TRIES ADDRESS PORT ALLOWED_ADDRESS", 3, NOWHERE, command_race_net},
	{"make", "[-d links] -n FILES -e EVERY DIRECTORY", 1, NOWHERE, command_make},
	{"storm", "[-d handler|binds] -p PROCESSES [-t THREADS] -n FILES -e EVERY DIRECTORY", 1, NOWHERE, command_storm},
	{"exec-storm", "-p PROCESSES -n TIMES -e EVERY ALLOWED FORBIDDEN", 2, NOWHERE, command_exec_storm},
	{"exclusive", "-p PROCESSES -n NAMES DIRECTORY", 1, NOWHERE, command_exclusive},
	{"continued", "[-d handler|sigwait|signalfd] -n FILES DIRECTORY", 1, NOWHERE, command_continued},
	{"notices", "-n FILES DIRECTORY", 1, NOWHERE, command_notices},
	{"bystander", "-n FILES DIRECTORY", 1, NOWHERE, command_bystander},
	{"timer", "-n FILES DIRECTORY", 1, NOWHERE, command_timer},
	{"stopped", "-m MILLISECONDS -n FILES DIRECTORY", 1, NOWHERE, command_stopped},
	{"stops", "[-d process|thread] -n STOPS DIRECTORY", 1, NOWHERE, command_stops},
	{"as", "-n PID PATH", 1, NOWHERE, command_as},
	{"killed", "-m MILLISECONDS -n FILES DIRECTORY", 1, NOWHERE, command_killed},
	{"persist", "-m MILLISECONDS PATH", 1, NOWHERE, command_persist},
	{"stutter", "-m MILLISECONDS -n TIMES PID", 1, NOWHERE, command_stutter},
	{"core", "DIRECTORY", 1, NOWHERE, command_core},
	{"act", "FILE_BESIDE_ITS_ROOT CGROUP UID HOOK EXE ACCESS OBJECT TYPE STATES", 9, TARGET, command_act},
	{"acting", "", 9, NOWHERE, command_acting},
	{"login", "PROGRAM FILE FOLDER", 3, NOWHERE, command_login},
	{"nothing", "", 0, NOWHERE, command_nothing},
};

static _Noreturn void usage(void)
{
	fputs("usage: attack [-g CGROUP_DIRECTORY] [-u UID] COMMAND [OPTION...] ARGUMENT...\n", stderr);
	for (size_t i = 0; i < COUNT(commands); i++)
		fprintf(stderr, "  %-11s %s\n", commands[i].name, commands[i].arguments);
	_exit(EXIT_UNPREPARED);
}

static void join(const char *cgroup)
{
	write_text(text("%s/cgroup.procs", cgroup), "0", 0);
}

void become(uid_t user)
{
	if (setgroups(0, NULL) || setresgid(user, user, user) || setresuid(user, user, user))
		unprepared("setresuid");
}

static void remove_tree(int parent, const char *name)
{
	int directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;
	DIR *list;

	if (directory < 0 || !(list = fdopendir(directory))) {
		unlinkat(parent, name, 0);
		return;
	}
	while ((entry = readdir(list)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			remove_tree(directory, entry->d_name);
	closedir(list);
	unlinkat(parent, name, AT_REMOVEDIR);
}

/* The work is done by a child with mounts and a root of its own; what it left under names is undone here. */
static int with_work_directory(size_t command, struct options *options, char **args)
{
	char *parent = dirname(strdup(args[0])), *moved = text("%s.moved", parent);
	char *work = mkdtemp(text("%s/work-XXXXXX", options->work ?: parent));
	pid_t child;
	int status;

	if (!work)
		unprepared("mkdtemp");
	options->work = work;
	child = fork();
	if (child == 0)
		_exit(commands[command].run(options, args));
	status = wait_for(child);
	if (access(moved, F_OK) == 0 && rename(moved, parent))
		unprepared("rename:back");
	if (access(text("%s/renamed", work), F_OK) == 0 && rename(text("%s/renamed", work), args[0]))
		unprepared("rename:back");
	remove_tree(AT_FDCWD, work);
	if (WIFSIGNALED(status))
		unprepared_errno(text("died:%s", sigabbrev_np(WTERMSIG(status))), ECHILD);
	return WEXITSTATUS(status);
}

static size_t command_named(const char *name)
{
	for (size_t i = 0; name && i < COUNT(commands); i++)
		if (!strcmp(commands[i].name, name))
			return i;
	usage();
}

static void read_options(struct options *options, int count, char **args)
{
	for (int option; (option = getopt(count, args, "+d:a:c:w:n:e:p:t:m:")) != -1;)
		switch (option) {
		case 'd':
			options->door = optarg;
			break;
		case 'a':
			options->alias = optarg;
			break;
		case 'c':
			options->context = optarg;
			break;
		case 'w':
			options->work = optarg;
			break;
		case 'n':
			options->count = atoi(optarg);
			break;
		case 'e':
			options->every = atoi(optarg);
			break;
		case 'p':
			options->processes = atoi(optarg);
			break;
		case 't':
			options->threads = atoi(optarg);
			break;
		case 'm':
			options->milliseconds = atoi(optarg);
			break;
		default:
			usage();
		}
}

static int attack(int count, char **args)
{
	struct options options = {.alias = "direct", .context = "main", .count = 1, .processes = 1};
	const char *cgroup = NULL, *user = NULL;
	size_t command;

	optind = 0;
	for (int option; (option = getopt(count, args, "+g:u:")) != -1;)
		if (option == 'g')
			cgroup = optarg;
		else if (option == 'u')
			user = optarg;
		else
			usage();
	command = command_named(args[optind]);
	count -= optind, args += optind, optind = 0;
	read_options(&options, count, args);
	count -= optind, args += optind;
	if (count < commands[command].least)
		usage();
	outcome = shared(sizeof(*outcome));
	if (options.door && !strncmp(options.door, "given", 5))
		start_giver();
	if (cgroup)
		join(cgroup);
	if (user)
		become(atoi(user));
	if (commands[command].place == TARGET || (commands[command].place == ALIAS && strcmp(options.alias, "direct")))
		return with_work_directory(command, &options, args);
	return commands[command].run(&options, args);
}

/* Each line of standard input is a command line, of words between spaces. A line "run N" goes before what it prints. */
static int command_batch(const struct options *options, char **arguments)
{
	char line[4096];

	(void)options, (void)arguments;
	for (int number = 0; fgets(line, sizeof(line), stdin); number++) {
		char *args[64] = {"attack"}, *rest = line;
		int count = 1;
		pid_t child;

		while (count < 63 && (args[count] = strsep(&rest, " \n")))
			count += *args[count] != 0;
		args[count] = NULL;
		dprintf(STDOUT_FILENO, "run %d\n", number);
		child = fork();
		if (child == 0) {
			alarm(LONGEST_RUN_SECONDS);
			_exit(attack(count, args));
		}
		wait_for(child);
	}
	return 0;
}

int main(int count, char **args)
{
	return attack(count, args);
}
