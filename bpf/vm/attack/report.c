/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The one line of a run. */
#define _GNU_SOURCE
#include "attack.h"
#include <stdarg.h>

struct outcome *outcome;

void fact(const char *format, ...)
{
	size_t used = strlen(outcome->facts);
	va_list arguments;

	va_start(arguments, format);
	if (used + 1 < sizeof(outcome->facts)) {
		outcome->facts[used] = ' ';
		vsnprintf(outcome->facts + used + 1, sizeof(outcome->facts) - used - 1, format, arguments);
	}
	va_end(arguments);
}

const char *errno_name(int error)
{
	const char *name = strerrorname_np(error);

	/* 512 and above never reach user space on a sound kernel; a hold that leaks shows here. */
	return name ? name : text("errno%d", error);
}

void unprepared_errno(const char *step, int error)
{
	dprintf(STDOUT_FILENO, "result=unprepared step=%s errno=%s%s\n", step, errno_name(error), outcome->facts);
	_exit(EXIT_UNPREPARED);
}

void unprepared(const char *step)
{
	unprepared_errno(step, errno);
}

int report(void)
{
	dprintf(STDOUT_FILENO, "result=%s%s\n", outcome->error ? errno_name(outcome->error) : "ok", outcome->facts);
	return outcome->error ? EXIT_FAILED : 0;
}

int report_if(bool right)
{
	if (right)
		return report();
	dprintf(STDOUT_FILENO, "result=wrong%s\n", outcome->facts);
	return EXIT_FAILED;
}

uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

void *shared(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("attack: shared memory");
		_exit(EXIT_UNPREPARED);
	}
	return memory;
}

char *text(const char *format, ...)
{
	va_list arguments;
	char *result;

	va_start(arguments, format);
	if (vasprintf(&result, format, arguments) < 0)
		abort();
	va_end(arguments);
	return result;
}

void write_text(const char *path, const char *content, mode_t mode)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (file < 0 || write(file, content, strlen(content)) < 0 || close(file))
		unprepared(text("write:%s", path));
}

void unknown(const char *kind, const char *word)
{
	fprintf(stderr, "attack: no %s is called '%s'; 'attack list' names them\n", kind, word);
	_exit(EXIT_UNPREPARED);
}
