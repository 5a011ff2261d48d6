/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox, tried from inside: each test forks a child that enters a profile and then does what
 * it may or must not do. What is forbidden is tested in release form, since sanitizers need more.
 */
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"

#include "proc/proc_int.h"
#include "proc/sandbox_t.h"

#define NOBODY 65534

/* Calls for looking around behind Landlock, limits and the loss of uid, which seccomp would hide.
 */
static const int open_calls[] =
	PROC_CALLS(read, write, exit_group, openat, kill, prlimit64, setresuid, getresuid, socket,
		   connect, close, fcntl, prctl, capget, rt_sigprocmask, setresgid, setgroups);
static const struct proc_profile open_profile = { "OPEN",     "redoubt-open",       7, 1 * GIB, 16,
						  open_calls, ARRAY_LEN(open_calls) };

/* ---- Children -------------------------------------------------------------------------------- */

typedef int (*act_fn)(void);

static int become_nobody(void)
{
	return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
			       setresuid(NOBODY, NOBODY, NOBODY) == 0
		       ? 0
		       : -1;
}

/* The status of a child that entered the profile and did the act. */
static int act_as(const struct proc_profile *p, bool nobody, act_fn act)
{
	pid_t pid = fork();
	unsigned layers;
	struct err err;

	if (pid == 0) {
		if (nobody && geteuid() == 0 && become_nobody() < 0)
			_exit(BAD_SETUP);
		if (proc_enter_profile(p, NULL, 0, &layers, &err) < 0)
			_exit(NOT_ENTERED);
		_exit(act());
	}
	return wait_for(pid);
}

static const struct proc_profile *dissect(void)
{
	return proc_profile(PROC_ROLE_DISSECT);
}

/* ---- What kills ------------------------------------------------------------------------------ */

static int after(long result)
{
	return result < 0 ? REFUSED : DONE;
}

static int act_socket(void)
{
	return after(socket(AF_INET, SOCK_STREAM, 0));
}

static int act_open(void)
{
	return after(open("/dev/null", O_RDONLY));
}

static int act_proc(void)
{
	return after(open("/proc/self/maps", O_RDONLY));
}

static int act_execve(void)
{
	char *argv[] = { (char[]){ "true" }, NULL };

	return after(execve("/bin/true", argv, argv + 1));
}

static int act_fork(void)
{
	return after(fork());
}

static int act_clone3(void)
{
	return after(syscall(SYS_clone3, NULL, 0));
}

static int act_ptrace(void)
{
	return after(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int act_kill(void)
{
	return after(kill(getppid(), 0));
}

static int act_tgkill(void)
{
	return after(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static int act_setuid(void)
{
	return after(setresuid(0, 0, 0));
}

static int act_mmap_file(void)
{
	return after(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 0, 0) == MAP_FAILED ? -1 : 0);
}

static int act_mmap_exec(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return after(p == MAP_FAILED ? -1 : 0);
}

static int act_mprotect_exec(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return after(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static int act_read_stderr(void)
{
	char c;

	return after(read(STDERR_FILENO, &c, 0));
}

/* The kernel sees the low half only, so the filter must not be fooled by the high one. */
static int act_read_stderr_high(void)
{
	char c;

	return after(syscall(SYS_read, UINT64_C(0x100000000) + STDERR_FILENO, &c, 0));
}

static int act_memfd(void)
{
	return after(memfd_create("x", 0));
}

static int act_io_uring(void)
{
	return after(syscall(SYS_io_uring_setup, 1, NULL));
}

static int act_prctl(void)
{
	return after(prctl(PR_SET_DUMPABLE, 1));
}

static int act_prlimit(void)
{
	struct rlimit r;

	return after(getrlimit(RLIMIT_AS, &r));
}

static int act_sendmsg(void)
{
	return after(sendto(1, "x", 1, 0, NULL, 0));
}

static int act_dup(void)
{
	return after(dup(0));
}

static int act_ioctl(void)
{
	return after(syscall(SYS_ioctl, 2, 0x5412 /* TIOCSTI */, "x"));
}

#ifdef __x86_64__
static int act_x32(void)
{
	return after(syscall(0x40000000 + SYS_read, 0, NULL, 0));
}

/* The 32-bit entry numbers its calls in another way: 20 is getpid there. */
static int act_i386(void)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(20L)
			 : "memory", "r8", "r9", "r10", "r11");
	return after(result);
}
#endif

static const struct {
	const char *name;
	act_fn act;
} forbidden[] = {
	{ "socket", act_socket },
	{ "open", act_open },
	{ "open /proc", act_proc },
	{ "execve", act_execve },
	{ "fork", act_fork },
	{ "clone3", act_clone3 },
	{ "ptrace", act_ptrace },
	{ "kill", act_kill },
	{ "tgkill of another", act_tgkill },
	{ "setresuid", act_setuid },
	{ "mmap of a file", act_mmap_file },
	{ "mmap executable", act_mmap_exec },
	{ "mprotect executable", act_mprotect_exec },
	{ "read from stderr", act_read_stderr },
	{ "read from stderr, high bits", act_read_stderr_high },
	{ "memfd_create", act_memfd },
	{ "io_uring_setup", act_io_uring },
	{ "prctl", act_prctl },
	{ "prlimit64", act_prlimit },
	{ "sendto", act_sendmsg },
	{ "dup", act_dup },
	{ "ioctl", act_ioctl },
#ifdef __x86_64__
	{ "an x32 call", act_x32 },
	{ "a 32-bit call", act_i386 },
#endif
};

static void expect_all_killed(bool nobody)
{
	for (size_t i = 0; i < ARRAY_LEN(forbidden); i++) {
		int status = act_as(dissect(), nobody, forbidden[i].act);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s: status %#x", forbidden[i].name, (unsigned)status);
	}
}

TEST(what_the_row_does_not_name_kills)
{
	RELEASE_ONLY();
	expect_all_killed(false);
}

TEST(what_the_row_does_not_name_kills_without_root_too)
{
	RELEASE_ONLY();
	expect_all_killed(true);
}

/* ---- What works ------------------------------------------------------------------------------ */

static int compare_ints(const void *a, const void *b)
{
	int x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

static bool sorts(void)
{
	int n[2000];

	for (int i = 0; i < 2000; i++)
		n[i] = 2000 - i;
	qsort(n, 2000, sizeof(n[0]), compare_ints);
	return n[0] == 1 && n[1999] == 2000;
}

/* What a dissector does: memory of all sizes, waiting, time, rings that were mapped before. */
static int act_work(void)
{
	struct pollfd p = { .fd = 0, .events = POLLIN };
	char *big = malloc(300 * KIB), *small = malloc(40), c;

	if (!big || !small)
		return REFUSED;
	memset(big, 1, 300 * KIB);
	big = realloc(big, 4 * MIB); /* glibc remaps it */
	if (!big || read(0, &c, 1) != 0 || write(1, big, 10) != 10 || poll(&p, 1, 0) < 0)
		return REFUSED;
	free(big);
	free(small);
	return sorts() && time_mono_ns() > 0 && getpid() > 0 && close(0) == 0 ? DONE : REFUSED;
}

TEST(what_a_dissector_needs_works)
{
	expect_exit(act_as(dissect(), false, act_work), DONE);
	expect_exit(act_as(dissect(), true, act_work), DONE);
}

static int act_abort(void)
{
	abort();
}

TEST(an_assertion_ends_as_one_and_not_as_a_breach)
{
	int status = act_as(dissect(), false, act_abort);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

TEST(rings_work_behind_the_sandbox)
{
	struct ring r;
	struct err err;
	unsigned layers;
	size_t got = 0;
	pid_t pid;

	assert_int_equal(ring_create(64 * KIB, &r, &err), 0);
	pid = fork();
	if (pid == 0) {
		int keep[] = { r.data_fd, r.space_fd };

		if (proc_enter(PROC_ROLE_DISSECT, keep, 2, &layers, &err) < 0)
			_exit(NOT_ENTERED);
		for (int i = 0; i < 1000; i++) {
			if (!ring_reserve(&r, 1000) && ring_wait_room(&r, 1000, 5000) < 0)
				_exit(REFUSED);
			memset(ring_reserve(&r, 1000), i & 0xff, 1000);
			ring_publish(&r, 1000);
		}
		ring_end(&r);
		_exit(DONE);
	}
	while (!ring_ended(&r)) {
		size_t n = ring_readable(&r).n;

		ring_consume(&r, n);
		got += n;
		assert_int_equal(ring_wait_data(&r, 0, 5000), 0);
	}
	assert_int_equal(got, 1000 * 1000);
	expect_exit(wait_for(pid), DONE);
	ring_done(&r);
}

/* ---- Layers ---------------------------------------------------------------------------------- */

/* The layers a child entered with, as its exit status. */
static unsigned layers_as(bool nobody)
{
	pid_t pid = fork();
	unsigned layers = 0;
	struct err err;
	int status;

	if (pid == 0) {
		if (nobody && geteuid() == 0 && become_nobody() < 0)
			_exit(0);
		if (proc_enter(PROC_ROLE_DISSECT, NULL, 0, &layers, &err) < 0)
			_exit(0);
		_exit((int)layers);
	}
	status = wait_for(pid);
	return WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : 0;
}

#define REQUIRED (PROC_NO_NEW_PRIVS | PROC_NO_CAPS | PROC_SECCOMP | PROC_UNDUMPABLE | PROC_LIMITS)

TEST(all_required_layers_are_reported)
{
	unsigned layers = layers_as(true);

	assert_int_equal(layers & REQUIRED, REQUIRED);
	assert_int_equal(layers & PROC_OWN_UID, 0);
}

TEST(root_gets_a_uid_of_its_own)
{
	ROOT_ONLY();
	assert_int_equal(layers_as(false) & (REQUIRED | PROC_OWN_UID), REQUIRED | PROC_OWN_UID);
}

TEST(layers_have_names)
{
	struct buf b;

	buf_init(&b, 256);
	proc_layers_format(PROC_SECCOMP | PROC_NO_CAPS, &b);
	assert_string_equal(b.p, "no-caps,seccomp");
	buf_clear(&b);
	proc_layers_format(0x7f, &b);
	assert_string_equal(b.p, "limits,own-uid,no-caps,undumpable,no-new-privs,landlock,seccomp");
	buf_done(&b);
}

static int act_own_uid(void)
{
	uid_t r, e, s;

	if (getresuid(&r, &e, &s) < 0 || r != PROC_UID_BASE + 7 || e != r || s != r)
		return NO_LAYER;
	return setresuid(0, 0, 0) < 0 && errno == EPERM ? DONE : REFUSED;
}

TEST(the_way_back_to_root_is_closed)
{
	ROOT_ONLY();
	RELEASE_ONLY();
	expect_exit(act_as(&open_profile, false, act_own_uid), DONE);
}

static int act_landlocked(void)
{
	if (open("/dev/null", O_RDONLY) >= 0 || errno != EACCES)
		return NO_LAYER;
	return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? DONE : NO_LAYER;
}

TEST(landlock_opens_nothing_even_where_seccomp_would)
{
	RELEASE_ONLY();
	ONLY_IF((layers_as(true) & PROC_LANDLOCK) != 0, "where the kernel has Landlock");
	expect_exit(act_as(&open_profile, true, act_landlocked), DONE);
	expect_exit(act_as(&open_profile, false, act_landlocked), DONE);
}

static int act_limits(void)
{
	struct rlimit space, files, core;

	if (getrlimit(RLIMIT_AS, &space) < 0 || getrlimit(RLIMIT_NOFILE, &files) < 0 ||
	    getrlimit(RLIMIT_CORE, &core) < 0)
		return REFUSED;
	return space.rlim_max == 1 * GIB && files.rlim_max == 16 && core.rlim_max == 0 ? DONE
										       : NO_LAYER;
}

static int act_too_much(void)
{
	void *p =
		mmap(NULL, 2 * GIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED && errno == ENOMEM ? DONE : NO_LAYER;
}

TEST(limits_are_those_of_the_row)
{
	RELEASE_ONLY();
	expect_exit(act_as(&open_profile, false, act_limits), DONE);
	expect_exit(act_as(dissect(), false, act_too_much), DONE);
}

static int act_parent_death(void)
{
	int s = 0;

	return prctl(PR_GET_PDEATHSIG, &s) == 0 && s == SIGKILL ? DONE : NO_LAYER;
}

TEST(death_with_the_parent_outlasts_the_change_of_uid)
{
	RELEASE_ONLY();
	expect_exit(act_as(&open_profile, false, act_parent_death), DONE);
}

/* The role keeps the pipe open as long as it lives. */
TEST(a_role_dies_with_its_parent_also_under_another_uid)
{
	struct pollfd p = { .events = POLLIN };
	int pipes[2];
	unsigned layers;
	struct err err;
	pid_t pid;
	char c;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0 && fork() == 0) {
		if (proc_enter(PROC_ROLE_DISSECT, &pipes[1], 1, &layers, &err) == 0)
			(void)!write(pipes[1], "x", 1);
		(void)poll(NULL, 0, -1);
		_exit(DONE);
	}
	if (pid == 0) {
		(void)!read(pipes[0], &c, 1);
		_exit(c == 'x' ? DONE : NOT_ENTERED);
	}
	close(pipes[1]);
	expect_exit(wait_for(pid), DONE);

	p.fd = pipes[0];
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_true((p.revents & POLLHUP) != 0);
	close(pipes[0]);
}

/* ---- Descriptors ----------------------------------------------------------------------------- */

TEST(only_kept_descriptors_stay_open)
{
	int low = open("/dev/null", O_RDONLY), high, status;
	unsigned layers;
	struct err err;
	pid_t pid;
	char c;

	RELEASE_ONLY();
	high = fcntl(low, F_DUPFD, 900);
	pid = fork();
	if (pid == 0) {
		if (proc_enter(PROC_ROLE_DISSECT, &high, 1, &layers, &err) < 0)
			_exit(NOT_ENTERED);
		if (read(low, &c, 1) != -1 || read(high + 1, &c, 1) != -1)
			_exit(NO_LAYER);
		_exit(read(high, &c, 1) == 0 && read(0, &c, 1) == 0 ? DONE : REFUSED);
	}
	status = wait_for(pid);
	expect_exit(status, DONE);
	close(high);
	close(low);
}

/* The error of an entry that must fail, as the child told it. */
static void expect_error(const int *keep, size_t keeps, const char *part)
{
	unsigned layers;
	struct err err;
	pid_t pid = fork();

	if (pid == 0) {
		if (proc_enter(PROC_ROLE_DISSECT, keep, keeps, &layers, &err) != -EPERM)
			_exit(DONE);
		_exit(err.id == ERR_SANDBOX && strstr(err.text, part) ? REFUSED : NO_LAYER);
	}
	expect_exit(wait_for(pid), REFUSED);
}

TEST(more_descriptors_than_the_row_grants_are_an_error)
{
	const int none[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	const int closed = 999;

	expect_error(none, 14, "its row grants 16");
	expect_error(&closed, 1, "999 is not open");
}

TEST_MAIN
