/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc_enter(): from a freshly executed program to a process that holds only its row. Layers are
 * rows of a table, applied in its order; afterwards the kernel is asked for each whether it holds,
 * since a call that answered 0 and a layer that is in force are two things. Nothing is undone on
 * failure: the program ends.
 */
#include "proc/proc_int.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- Descriptors ----------------------------------------------------------------------------- */

#define STDIO_FDS 3

static bool kept(int fd, const int *keep, size_t keeps)
{
	for (size_t i = 0; i < keeps; i++) {
		if (keep[i] == fd)
			return true;
	}
	return false;
}

/* A role started by hand may still have a terminal on 0 and 1. */
static int fds_null(const int *keep, size_t keeps)
{
	CLEANUP(fd_close) int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0)
		return -errno;
	for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++) {
		if (!kept(fd, keep, keeps) && dup2(null_fd, fd) < 0)
			return -errno;
	}
	return 0;
}

/* Closes the gaps between the kept descriptors, lowest first. */
static int fds_close_others(const int *keep, size_t keeps)
{
	unsigned from = STDIO_FDS;

	for (;;) {
		unsigned next = UINT_MAX;

		for (size_t i = 0; i < keeps; i++) {
			if ((unsigned)keep[i] >= from && (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		}
		if (next > from && close_range(from, next - (next != UINT_MAX), 0) < 0)
			return -errno;
		if (next == UINT_MAX)
			return 0;
		from = next + 1;
	}
}

static int fds_reduce(const struct proc_profile *p, const int *keep, size_t keeps, struct err *err)
{
	int r;

	if (keeps + STDIO_FDS > p->fds)
		return err_set(err, ERR_SANDBOX, "role %s keeps %zu descriptors, its row grants %u",
			       p->name, keeps + STDIO_FDS, p->fds);
	for (size_t i = 0; i < keeps; i++) {
		if (fcntl(keep[i], F_GETFD) < 0)
			return err_set(err, ERR_SANDBOX, "role %s: descriptor %d is not open",
				       p->name, keep[i]);
	}
	r = fds_null(keep, keeps);
	if (r == 0)
		r = fds_close_others(keep, keeps);
	if (r < 0)
		return err_set(err, ERR_SANDBOX, "role %s: its descriptors: %s", p->name,
			       strerror(-r));
	return 0;
}

/* ---- Limits ---------------------------------------------------------------------------------- */

/* The size of files is not limited: no file can be opened, and a limit would kill the role for a
 * log line where a role was started by hand with stderr on one. */
struct limit {
	__rlimit_resource_t resource;
	rlim_t max;
};

#define LIMITS 4

static void limits_of(const struct proc_profile *p, struct limit limits[LIMITS])
{
	rlim_t space = p->space_bytes > 0 ? p->space_bytes : RLIM_INFINITY;

#ifdef REDOUBT_SANITIZED
	space = RLIM_INFINITY; /* shadow memory takes terabytes of addresses */
#endif
	limits[0] = (struct limit){ RLIMIT_AS, space };
	limits[1] = (struct limit){ RLIMIT_NOFILE, p->fds };
	limits[2] = (struct limit){ RLIMIT_CORE, 0 };
	limits[3] = (struct limit){ RLIMIT_NPROC, 0 };
}

static int limits_apply(const struct proc_profile *p)
{
	struct limit limits[LIMITS];
	struct rlimit now;

	limits_of(p, limits);
	for (size_t i = 0; i < LIMITS; i++) {
		if (getrlimit(limits[i].resource, &now) < 0)
			return -errno;
		if (now.rlim_max > limits[i].max)
			now.rlim_max = limits[i].max;
		now.rlim_cur = now.rlim_max;
		if (setrlimit(limits[i].resource, &now) < 0)
			return -errno;
	}
	return 0;
}

static bool limits_hold(const struct proc_profile *p)
{
	struct limit limits[LIMITS];
	struct rlimit now;

	limits_of(p, limits);
	for (size_t i = 0; i < LIMITS; i++) {
		if (getrlimit(limits[i].resource, &now) < 0 || now.rlim_cur > limits[i].max ||
		    now.rlim_max > limits[i].max)
			return false;
	}
	return true;
}

/* ---- Capabilities and uid -------------------------------------------------------------------- */

struct caps {
	struct __user_cap_data_struct word[_LINUX_CAPABILITY_U32S_3];
};

static int caps_get(struct caps *c)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };

	return syscall(SYS_capget, &head, c->word) < 0 ? -errno : 0;
}

static bool caps_have(const struct caps *c, unsigned cap)
{
	return (c->word[CAP_TO_INDEX(cap)].effective & CAP_TO_MASK(cap)) != 0;
}

/* Only while we have CAP_SETPCAP; without it, no_new_privs alone keeps the set out of reach. */
static void bounding_drop(void)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

/* Where the parent was denied CAP_KILL it could not end a role of another uid, nor could its death:
 * one that can be ended is worth more than a uid. The role has what the parent's bounding set left,
 * so it looks at itself. */
static int uid_apply(const struct proc_profile *p)
{
	uid_t uid = PROC_UID_BASE + p->uid_offset;
	struct caps c;

	if (caps_get(&c) < 0 || geteuid() != 0 || !caps_have(&c, CAP_SETUID) ||
	    !caps_have(&c, CAP_SETGID) || !caps_have(&c, CAP_KILL))
		return -EPERM;
	if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

static bool uid_holds(const struct proc_profile *p)
{
	uid_t uid = PROC_UID_BASE + p->uid_offset, u[3];
	gid_t g[3];

	return getresuid(&u[0], &u[1], &u[2]) == 0 && getresgid(&g[0], &g[1], &g[2]) == 0 &&
	       u[0] == uid && u[1] == uid && u[2] == uid && g[0] == uid && g[1] == uid &&
	       g[2] == uid && getgroups(0, NULL) == 0;
}

static int caps_apply(const struct proc_profile *)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	const struct caps none = { 0 };

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &head, none.word) < 0 ? -errno : 0;
}

/* The ambient set is always part of the permitted one. */
static bool caps_hold(const struct proc_profile *)
{
	const struct caps none = { 0 };
	struct caps c;

	return caps_get(&c) == 0 && memcmp(&c, &none, sizeof(c)) == 0;
}

/* ---- The other layers ------------------------------------------------------------------------ */

static int undumpable_apply(const struct proc_profile *)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

int proc_undumpable(struct err *err)
{
	struct rlimit core = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &core) < 0)
		return err_set(err, ERR_SANDBOX, "no core file: %s", strerror(errno));
#ifndef REDOUBT_SANITIZED
	if (undumpable_apply(NULL) < 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_set(err, ERR_SANDBOX, "undumpable: %s", strerror(errno));
#endif
	return 0;
}

static bool undumpable_holds(const struct proc_profile *)
{
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
}

static int no_new_privs_apply(const struct proc_profile *)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static bool no_new_privs_holds(const struct proc_profile *)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static int landlock_layer_apply(const struct proc_profile *)
{
#ifdef REDOUBT_SANITIZED
	return -ENOTSUP; /* a report reads the program's names and lines from its file */
#else
	return landlock_apply();
#endif
}

static bool landlock_layer_holds(const struct proc_profile *)
{
	return landlock_holds();
}

static bool seccomp_layer_holds(const struct proc_profile *)
{
	return seccomp_holds();
}

/* ---- The table and its walk ------------------------------------------------------------------ */

/* In the order of application: a change of uid takes the capabilities and sets "dumpable" anew,
 * Landlock and seccomp want no_new_privs, and behind seccomp nothing can be asked any more. */
static const struct layer {
	enum proc_layer bit;
	bool required;
	const char *name;
	int (*apply)(const struct proc_profile *);
	bool (*holds)(const struct proc_profile *);
} layers_table[] = {
	{ PROC_LIMITS, true, "limits", limits_apply, limits_hold },
	{ PROC_OWN_UID, false, "own-uid", uid_apply, uid_holds },
	{ PROC_NO_CAPS, true, "no-caps", caps_apply, caps_hold },
	{ PROC_UNDUMPABLE, true, "undumpable", undumpable_apply, undumpable_holds },
	{ PROC_NO_NEW_PRIVS, true, "no-new-privs", no_new_privs_apply, no_new_privs_holds },
	{ PROC_LANDLOCK, false, "landlock", landlock_layer_apply, landlock_layer_holds },
	{ PROC_SECCOMP, true, "seccomp", seccomp_apply, seccomp_layer_holds },
};

#define LAYERS        ARRAY_LEN(layers_table)
#define LAYERS_BEFORE (LAYERS - 1) /* all but seccomp */

static int layer_missing(const struct proc_profile *p, const char *layer, int r, struct err *err)
{
	return err_set(err, ERR_SANDBOX, "role %s: layer %s is not in force: %s", p->name, layer,
		       r < 0 ? strerror(-r) : "the kernel took it and does not have it");
}

static int layer_check(const struct proc_profile *p, const struct layer *l, int applied,
		       unsigned *layers, struct err *err)
{
	if (applied == 0 && l->holds(p))
		*layers |= (unsigned)l->bit;
	else if (l->required)
		return layer_missing(p, l->name, applied, err);
	return 0;
}

/* The change of uid has cleared the parent-death signal. A parent that died before it was set again
 * has given us to another one. */
static int die_with_parent(pid_t parent)
{
	int signal_now = 0;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
	    prctl(PR_GET_PDEATHSIG, &signal_now, 0, 0, 0) < 0)
		return -errno;
	return signal_now == SIGKILL && getppid() == parent ? 0 : -ESRCH;
}

static int compare_nothing(const void *, const void *)
{
	return 0;
}

/* The first qsort() of glibc asks for the size of memory, once, if it sorts so much. */
static void libc_warm(void)
{
	uint64_t much[128] = { 0 };

	qsort(much, ARRAY_LEN(much), sizeof(much[0]), compare_nothing);
}

int proc_enter_profile(const struct proc_profile *p, const int *keep, size_t keeps,
		       unsigned *layers, struct err *err)
{
	pid_t parent = getppid();
	int applied[LAYERS];
	unsigned in_force = 0;
	int r = fds_reduce(p, keep, keeps, err);

	if (r < 0)
		return r;
	libc_warm();
	bounding_drop();
	for (size_t i = 0; i < LAYERS_BEFORE; i++)
		applied[i] = layers_table[i].apply(p);
	r = die_with_parent(parent);
	if (r < 0)
		return layer_missing(p, "death-with-parent", r, err);
	for (size_t i = 0; i < LAYERS; i++) {
		if (i == LAYERS_BEFORE)
			applied[i] = layers_table[i].apply(p);
		r = layer_check(p, &layers_table[i], applied[i], &in_force, err);
		if (r < 0)
			return r;
	}
	*layers = in_force;
	return 0;
}

int proc_enter(enum proc_role role, const int *keep, size_t keeps, unsigned *layers,
	       struct err *err)
{
	return proc_enter_profile(proc_profile(role), keep, keeps, layers, err);
}

void proc_layers_format(unsigned layers, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < LAYERS; i++) {
		if ((layers & (unsigned)layers_table[i].bit) != 0) {
			(void)buf_printf(out, "%s%s", comma, layers_table[i].name);
			comma = ",";
		}
	}
}
