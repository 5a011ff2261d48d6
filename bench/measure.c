/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure CORE COMMAND…: runs a command, pinned to one core (or to none, "-"), with its output on
 * /dev/null, and prints: wall seconds, CPU seconds of it and its children, and the highest private
 * memory in KiB (RssAnon + RssShmem of all its processes, looked at every few milliseconds).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS 5000000

static double seconds(struct timespec t)
{
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A "Name:  123 kB" line of a status file, or 0. */
static long field_of(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	return line ? strtol(line + strlen(name), NULL, 10) : 0;
}

static size_t read_text(pid_t pid, const char *name, char *out, size_t room)
{
	char path[100];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, out, room - 1);
	(void)close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* Private memory of a process and of all that it started: roles have sessions of their own, so it
 * is the parent that tells whose they are. */
static long private_kib(pid_t pid)
{
	char text[4096], name[40];
	long kib = 0;

	if (!read_text(pid, "status", text, sizeof(text)))
		return 0;
	kib = field_of(text, "RssAnon:") + field_of(text, "RssShmem:");
	(void)snprintf(name, sizeof(name), "task/%d/children", (int)pid);
	if (read_text(pid, name, text, sizeof(text)))
		for (char *p = text; *p >= '0' && *p <= '9'; p += strspn(p, " "))
			kib += private_kib((pid_t)strtol(p, &p, 10));
	return kib;
}

static void run(const char *core, char **argv)
{
	int null = open("/dev/null", O_WRONLY);

	if (strcmp(core, "-") != 0) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET((size_t)strtoul(core, NULL, 10), &set);
		(void)sched_setaffinity(0, sizeof(set), &set);
	}
	(void)setsid();
	(void)dup2(null, STDOUT_FILENO);
	(void)dup2(null, STDERR_FILENO);
	(void)execvp(argv[0], argv);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct timespec from, to, pause = { 0, LOOK_NS };
	struct rusage use;
	long kib = 0, peak = 0;
	int status;
	pid_t pid;

	if (argc < 3)
		return 2;
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	pid = fork();
	if (pid == 0)
		run(argv[1], argv + 2);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		kib = private_kib(pid);
		peak = kib > peak ? kib : peak;
		(void)nanosleep(&pause, NULL);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	(void)getrusage(RUSAGE_CHILDREN, &use);
	(void)printf("%.3f %.3f %ld\n", seconds(to) - seconds(from),
		     (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
			     (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6,
		     peak);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
