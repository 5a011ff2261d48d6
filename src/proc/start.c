/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting, watching and ending role programs. A role begins as a fresh image with an empty
 * environment, its channel, a pipe for its words and nothing else; it dies with us, and is told
 * apart from any other process by a pidfd. What it may do once it runs is the sandbox's affair.
 */
#include "proc/proc_int.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- The environment ------------------------------------------------------------------------- */

#ifdef REDOUBT_SANITIZED
/* The sanitizers keep their options. Leaks are not looked for in a role: the search traces the
 * process from a clone of it, which no sandbox of ours allows. */
#define ENV_TEXT_MAX 1024

static char *const *role_environment(void)
{
	static const char *const names[] = { "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS" };
	static char text[ARRAY_LEN(names)][ENV_TEXT_MAX];
	static char *env[ARRAY_LEN(names) + 1];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = getenv(names[i]);
		int n = snprintf(text[i], ENV_TEXT_MAX, "%s=%s%s", names[i], value ? value : "",
				 i < 2 ? ":detect_leaks=0" : "");

		assert(n > 0 && n < ENV_TEXT_MAX);
		env[i] = text[i];
	}
	return env;
}
#else
static char *const *role_environment(void)
{
	static char *env[] = { NULL };

	return env;
}
#endif

/* ---- Child: only what is safe after fork() --------------------------------------------------- */

struct birth {
	const char *path;
	char *const *argv;
	char *const *env;
	pid_t parent;
	int null_fd, channel_fd, report_fd, stderr_fd;
};

/* Signals as a fresh process has them. A session of its own keeps the terminal's Ctrl-C to the
 * parent, who ends its roles in order. */
static void birth_signals(void)
{
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		(void)signal(s, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
}

/* 0 and 1 null, 2 the pipe, 3 the channel, the rest closed by the exec. The descriptors are first
 * moved up, so that none is overwritten before it was used. */
static int birth_fds(struct birth *b)
{
	int null_fd = fcntl(b->null_fd, F_DUPFD_CLOEXEC, PROC_CHANNEL_FD + 1);
	int channel = fcntl(b->channel_fd, F_DUPFD_CLOEXEC, PROC_CHANNEL_FD + 1);
	int words = fcntl(b->stderr_fd, F_DUPFD_CLOEXEC, PROC_CHANNEL_FD + 1);

	b->report_fd = fcntl(b->report_fd, F_DUPFD_CLOEXEC, PROC_CHANNEL_FD + 1);
	if (null_fd < 0 || channel < 0 || words < 0 || b->report_fd < 0)
		return -1;
	if (dup2(null_fd, STDIN_FILENO) < 0 || dup2(null_fd, STDOUT_FILENO) < 0 ||
	    dup2(words, STDERR_FILENO) < 0 || dup2(channel, PROC_CHANNEL_FD) < 0)
		return -1;
	return close_range(PROC_CHANNEL_FD + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
}

_Noreturn static void birth(struct birth *b)
{
	int code;
	ssize_t told;

	birth_signals();
	if (birth_fds(b) == 0 && chdir("/") == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0) {
		if (getppid() != b->parent) /* it died before it could take us along */
			_exit(EXIT_FAILURE);
		(void)execve(b->path, b->argv, b->env);
	}
	code = errno;
	told = write(b->report_fd, &code, sizeof(code));
	(void)told;
	_exit(EXIT_FAILURE);
}

/* ---- Parent ---------------------------------------------------------------------------------- */

/* The child's errno when it could not become the program; 0 when the exec closed the pipe. */
static int birth_outcome(int report_fd)
{
	int code = 0;
	ssize_t n;

	do {
		n = read(report_fd, &code, sizeof(code));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(code) ? code : 0;
}

/* So much of a path stands in an error, its end, so that there is room for the reason. */
#define PATH_SHOWN 256

static int start_failed(const char *path, const char *step, int code, struct err *err)
{
	size_t n = strlen(path);
	size_t cut = n > PATH_SHOWN ? n - PATH_SHOWN : 0;

	return err_set(err, ERR_ROLE_START, "%s%s: %s: %s", cut ? "..." : "", path + cut, step,
		       strerror(code));
}

/* An ignored SIGCHLD is inherited, and would let the kernel reap our child before we looked. */
static void keep_zombies(void)
{
	struct sigaction now;

	if (sigaction(SIGCHLD, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
		(void)signal(SIGCHLD, SIG_DFL);
}

int proc_start_path(const char *path, char *const argv[], struct proc *out, struct err *err)
{
	int channel[2] = { -1, -1 }, report[2] = { -1, -1 }, words[2] = { -1, -1 };
	bool made = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) == 0 &&
		    pipe2(report, O_CLOEXEC) == 0 && pipe2(words, O_CLOEXEC | O_NONBLOCK) == 0;
	CLEANUP(fd_close) int ours = channel[0], theirs = channel[1];
	CLEANUP(fd_close) int report_in = report[0], report_out = report[1];
	CLEANUP(fd_close) int words_in = words[0], words_out = words[1];
	CLEANUP(fd_close) int null_fd = made ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
	struct birth b = { path,    argv,   role_environment(), getpid(),
			   null_fd, theirs, report_out,         words_out };
	struct proc p = PROC_NONE;
	int code;

	if (null_fd < 0)
		return start_failed(path, "its descriptors", errno, err);
	keep_zombies();
	p.pid = fork();
	if (p.pid == 0)
		birth(&b);
	if (p.pid < 0)
		return start_failed(path, "fork", errno, err);

	fd_close(TAKE_FD(report_out));
	code = birth_outcome(report_in);
	if (code == 0) {
		p.pid_fd = pidfd_open(p.pid, 0); /* ours and not reaped: the number is still its */
		code = p.pid_fd < 0 ? errno : 0;
	}
	if (code != 0) {
		proc_stop(&p);
		return start_failed(path, "it cannot be executed", code, err);
	}
	p.channel_fd = TAKE_FD(ours);
	p.stderr_fd = TAKE_FD(words_in);
	*out = p;
	return 0;
}

int proc_start(enum proc_role role, struct proc *out, struct err *err)
{
	const char *program = proc_profile(role)->program;
	char path[PATH_MAX + NAME_MAX + 1], name[NAME_MAX + 1];
	char *argv[] = { name, NULL };
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
	const char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;

	if (getauxval(AT_SECURE))
		return err_set(err, ERR_ROLE_START,
			       "%s: it is not started by a program that is setuid, setgid or has "
			       "capabilities of its file",
			       program);
	if (!slash)
		return start_failed(program, "/proc/self/exe", n < 0 ? errno : ENOENT, err);
	(void)snprintf(name, sizeof(name), "%s", program);
	(void)memccpy(path + (slash - path) + 1, name, '\0', sizeof(name));
	return proc_start_path(path, argv, out, err);
}

/* True when it has ended and is reaped now. */
static bool reaped(struct proc *p, int *status, int flags)
{
	pid_t got;

	do {
		got = waitpid(p->pid, status, flags);
	} while (got < 0 && errno == EINTR);
	if (got == 0)
		return false;
	assert(got == p->pid);
	p->pid = -1;
	return true;
}

int proc_wait(struct proc *p, int timeout_ms, int *status)
{
	int64_t deadline = deadline_in(timeout_ms);

	if (p->pid <= 0)
		return -ECHILD;
	while (!reaped(p, status, WNOHANG)) {
		int r = deadline_wait(deadline, p->pid_fd);

		if (r < 0)
			return r;
	}
	return 0;
}

void proc_stop(struct proc *p)
{
	int status;

	if (p->pid == 0) /* never started: all zero */
		return;
	/* One that we may no longer kill, for capabilities lost since it started, is not waited
	 * for: better one process too many than a parent that hangs. */
	if (p->pid > 0)
		(void)reaped(p, &status, kill(p->pid, SIGKILL) == 0 ? 0 : WNOHANG);
	fd_close(p->pid_fd);
	fd_close(p->channel_fd);
	fd_close(p->stderr_fd);
	*p = PROC_NONE;
}

void proc_status_format(int status, struct buf *out)
{
	const char *name;

	if (WIFEXITED(status)) {
		(void)buf_printf(out, "exited with status %d", WEXITSTATUS(status));
	} else if (!WIFSIGNALED(status)) {
		(void)buf_printf(out, "in state %#x", (unsigned)status);
	} else if (WTERMSIG(status) == SIGSYS) {
		(void)buf_put(out, STR("killed by its sandbox"));
	} else {
		name = sigdescr_np(WTERMSIG(status));
		(void)buf_printf(out, "killed by signal %d (%s)", WTERMSIG(status),
				 name ? name : "real-time signal");
	}
}
