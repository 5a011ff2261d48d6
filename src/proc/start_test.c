/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting programs: this test executes itself as the role, told by its first argument which one to
 * play. A role reports over its channel, since it has nothing else.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"

#include "proc/proc_int.h"

/* ---- The roles this test plays --------------------------------------------------------------- */

/* What a role found when it began. */
struct found {
	unsigned fds, unexpected_fds, environment;
	int parent_death_signal, blocked, ignored;
	bool null_in, null_out, own_session, at_root;
};

static bool is_null(int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat("/dev/null", &b) == 0 && a.st_rdev == b.st_rdev &&
	       S_ISCHR(a.st_mode);
}

static void look_at_fds(struct found *f)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		int fd = atoi(e->d_name);

		if (e->d_name[0] == '.' || fd == dirfd(d))
			continue;
		f->fds++;
		f->unexpected_fds += fd > PROC_CHANNEL_FD;
	}
	closedir(d);
}

static void role_look(char **envp)
{
	struct found f = { 0 };
	struct sigaction pipe_action;
	sigset_t blocked;
	char cwd[PATH_MAX];

	look_at_fds(&f);
	for (char **e = envp; *e; e++)
		f.environment += strstr(*e, "SAN_OPTIONS=") == NULL;
	prctl(PR_GET_PDEATHSIG, &f.parent_death_signal);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	f.blocked = sigismember(&blocked, SIGTERM);
	sigaction(SIGPIPE, NULL, &pipe_action);
	f.ignored = pipe_action.sa_handler == SIG_IGN;
	f.null_in = is_null(STDIN_FILENO);
	f.null_out = is_null(STDOUT_FILENO);
	f.own_session = getsid(0) == getpid();
	f.at_root = getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/") == 0;
	if (channel_send(PROC_CHANNEL_FD, &f, sizeof(f), NULL, 0) < 0)
		_exit(9);
	_exit(0);
}

/* Starts a role that sleeps, says its pid, and dies. */
static void role_parent(void)
{
	char *argv[] = { (char[]){ "test" }, (char[]){ "--sleep" }, NULL };
	struct proc p;
	struct err err;

	if (proc_start_path("/proc/self/exe", argv, &p, &err) < 0 ||
	    channel_send(PROC_CHANNEL_FD, &p.pid, sizeof(p.pid), &p.pid_fd, 1) < 0)
		_exit(9);
	_exit(0);
}

__attribute__((constructor)) static void role_main(int argc, char **argv, char **envp)
{
	if (argc != 2)
		return;
	if (strcmp(argv[1], "--look") == 0)
		role_look(envp);
	if (strcmp(argv[1], "--parent") == 0)
		role_parent();
	if (strcmp(argv[1], "--sleep") == 0) {
		for (;;)
			pause();
	}
	if (strcmp(argv[1], "--say") == 0)
		_exit(write(STDERR_FILENO, "words", 5) == 5 ? 0 : 9);
	if (strcmp(argv[1], "--flood") == 0) {
		while (write(STDERR_FILENO, "words", 5) > 0)
			;
		_exit(errno == EAGAIN ? 0 : 9);
	}
	if (strcmp(argv[1], "--exit") == 0)
		_exit(3);
	if (strcmp(argv[1], "--crash") == 0) {
		(void)signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
	}
}

static struct proc start(const char *role)
{
	char name[16], *argv[] = { name, name, NULL };
	struct proc p;
	struct err err;

	snprintf(name, sizeof(name), "%s", role);
	assert_int_equal(proc_start_path("/proc/self/exe", argv, &p, &err), 0);
	return p;
}

static struct found look(void)
{
	struct proc p = start("--look");
	struct found f = { 0 };
	size_t n = 0;

	assert_int_equal(channel_receive(p.channel_fd, &f, sizeof(f), NULL, &n), sizeof(f));
	proc_stop(&p);
	return f;
}

/* ---- Tests ----------------------------------------------------------------------------------- */

TEST(a_role_inherits_its_channel_and_stderr_alone)
{
	int leak = open("/dev/null", O_RDONLY); /* not close-on-exec, on purpose */
	struct found f = look();

	assert_int_equal(f.fds, PROC_CHANNEL_FD + 1);
	assert_int_equal(f.unexpected_fds, 0);
	assert_true(f.null_in);
	assert_true(f.null_out);
	close(leak);
}

TEST(a_role_has_no_environment_of_ours)
{
	setenv("REDOUBT_TEST_SECRET", "x", 1);

	assert_int_equal(look().environment, 0);
	unsetenv("REDOUBT_TEST_SECRET");
}

TEST(a_role_begins_with_fresh_signals_in_a_session_of_its_own)
{
	sigset_t term;
	struct found f;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	f = look();
	sigprocmask(SIG_UNBLOCK, &term, NULL);
	(void)signal(SIGPIPE, SIG_DFL);

	assert_int_equal(f.blocked, 0);
	assert_int_equal(f.ignored, 0);
	assert_true(f.own_session);
	assert_true(f.at_root);
	assert_int_equal(f.parent_death_signal, SIGKILL);
}

TEST(a_role_starts_when_our_own_standard_descriptors_are_closed)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		char *argv[] = { (char[]){ "test" }, (char[]){ "--look" }, NULL };
		struct found f = { 0 };
		struct proc p;
		struct err err;
		size_t n = 0;

		close(0);
		close(1);
		close(2);
		if (proc_start_path("/proc/self/exe", argv, &p, &err) < 0 ||
		    channel_receive(p.channel_fd, &f, sizeof(f), NULL, &n) != sizeof(f))
			_exit(1);
		_exit(f.fds == PROC_CHANNEL_FD + 1 && f.null_in && f.null_out ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

TEST(a_role_dies_with_its_parent)
{
	struct proc p = start("--parent");
	int pid_fd = -1;
	size_t n = 1;
	pid_t pid;

	assert_int_equal(channel_receive(p.channel_fd, &pid, sizeof(pid), &pid_fd, &n),
			 sizeof(pid));
	assert_int_equal(n, 1);

	assert_int_equal(deadline_wait(deadline_in(10000), pid_fd), 0);
	close(pid_fd);
	proc_stop(&p);
}

TEST(what_a_role_writes_to_stderr_comes_to_us_and_not_to_the_terminal)
{
	struct proc p = start("--say");
	char got[16];
	int status;

	assert_int_equal(proc_wait(&p, -1, &status), 0);

	assert_int_equal(status, 0);
	assert_int_equal(read(p.stderr_fd, got, sizeof(got)), 5);
	assert_memory_equal(got, "words", 5);
	assert_int_equal(read(p.stderr_fd, got, sizeof(got)), 0);
	proc_stop(&p);
}

TEST(a_role_whose_words_nobody_reads_does_not_block)
{
	struct proc p = start("--flood");
	int status = -1;

	assert_int_equal(proc_wait(&p, 10000, &status), 0);

	assert_int_equal(status, 0);
	proc_stop(&p);
}

TEST(we_do_not_wait_for_a_role_that_says_nothing)
{
	struct proc p = start("--sleep");
	char got[16];

	assert_int_equal(read(p.stderr_fd, got, sizeof(got)), -1);
	assert_int_equal(errno, EAGAIN);
	proc_stop(&p);
}

TEST(a_missing_program_is_an_error_that_names_it)
{
	char *argv[] = { (char[]){ "x" }, NULL };
	struct proc p = { 1, 2, 3, 4 };
	struct err err;

	assert_int_equal(proc_start_path("/nonexistent/role", argv, &p, &err), -ECHILD);
	assert_int_equal(err.id, ERR_ROLE_START);
	assert_non_null(strstr(err.text, "/nonexistent/role"));
	assert_non_null(strstr(err.text, "No such file"));
	assert_int_equal(p.pid, 1);
}

TEST(a_long_path_leaves_room_for_the_reason)
{
	char path[4000], *argv[] = { (char[]){ "x" }, NULL };
	struct proc p;
	struct err err;

	memset(path, 'd', sizeof(path));
	path[0] = '/';
	memcpy(path + sizeof(path) - 6, "/role", 6);

	assert_true(proc_start_path(path, argv, &p, &err) < 0);
	assert_non_null(strstr(err.text, "/role: it cannot be executed: "));
	assert_non_null(strstr(err.text, strerror(ENAMETOOLONG)));
}

TEST(waiting_answers_the_status_once_and_times_out_before)
{
	struct proc p = start("--sleep");
	int status = 0;

	assert_int_equal(proc_wait(&p, 0, &status), -ETIMEDOUT);
	assert_int_equal(proc_wait(&p, 20, &status), -ETIMEDOUT);
	assert_int_equal(kill(p.pid, SIGTERM), 0);
	assert_int_equal(proc_wait(&p, -1, &status), 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(proc_wait(&p, -1, &status), -ECHILD);
	proc_stop(&p);
}

TEST(stopping_kills_reaps_and_closes)
{
	struct proc p = start("--sleep");
	pid_t pid = p.pid;
	int channel = p.channel_fd;

	proc_stop(&p);

	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(fcntl(channel, F_GETFD), -1);
	assert_int_equal(p.pid_fd, -1);
	proc_stop(&p);
}

TEST(an_ignored_sigchld_loses_no_status)
{
	struct proc p;
	int status;

	(void)signal(SIGCHLD, SIG_IGN);
	p = start("--exit");

	assert_int_equal(proc_wait(&p, -1, &status), 0);
	assert_int_equal(WEXITSTATUS(status), 3);
	proc_stop(&p);
}

static void expect_text(int status, const char *text)
{
	struct buf b;

	buf_init(&b, 256);
	proc_status_format(status, &b);
	assert_string_equal(b.p, text);
	buf_done(&b);
}

TEST(a_status_reads_as_what_happened)
{
	struct proc p = start("--crash");
	int status;

	assert_int_equal(proc_wait(&p, -1, &status), 0);
	expect_text(status, "killed by signal 11 (Segmentation fault)");
	proc_stop(&p);
	expect_text(W_EXITCODE(3, 0), "exited with status 3");
	expect_text(W_EXITCODE(0, SIGSYS), "killed by its sandbox");
	expect_text(W_EXITCODE(0, SIGRTMIN + 1), "killed by signal 35 (real-time signal)");
}

TEST_MAIN
