/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share, and what its tests need to reach: sealed memory, waiting with
 * a deadline, sandbox profiles as values, and a start by path.
 */
#ifndef REDOUBT_PROC_INT_H
#define REDOUBT_PROC_INT_H

#include <sys/syscall.h>

#include "proc/proc.h"

/* ---- Sealed memory (page.c) ------------------------------------------------------------------ */

/* A memory file of `bytes` zeroes whose size nobody can change any more. */
[[nodiscard]] int memory_create(const char *name, size_t bytes, int *fd, struct err *err);
/* Refuses a file of another size, or one that could still shrink under a reader (SIGBUS). */
[[nodiscard]] int memory_check(int fd, size_t bytes, struct err *err);

/* ---- Waiting (wait.c) ------------------------------------------------------------------------ */

#define DEADLINE_NEVER INT64_MAX

/* The deadline timeout_ms from now; -1 is never. */
int64_t deadline_in(int timeout_ms);
/* Sleeps until fd is readable: 0, or -ETIMEDOUT. Past the deadline it does not look at fd, so that
 * a peer who keeps fd readable cannot hold us. */
[[nodiscard]] int deadline_wait(int64_t deadline_ns, int fd);

/* ---- Profiles (profile.c, sandbox.c) --------------------------------------------------------- */

/*
 * PROC_CALLS(read, write) is { __NR_read, __NR_write, }: an initializer of numbers from names, so
 * that a name the kernel does not have stops the compiler. What a machine lacks has number -1;
 * mmap_anonymous reminds the reader of the rows in seccomp.c that look at arguments.
 */
#define PROC_CALLS(...)                                                                            \
	{                                                                                          \
		CALL_EXPAND_64(CALL_NEXT(__VA_ARGS__, ))                                           \
	}
#define CALL_NEXT(name, ...) __NR_##name, __VA_OPT__(CALL_AGAIN CALL_PARENS(__VA_ARGS__))
#define CALL_AGAIN()         CALL_NEXT
#define CALL_PARENS          ()
#define CALL_EXPAND_64(...)                                                                        \
	CALL_EXPAND_16(CALL_EXPAND_16(CALL_EXPAND_16(CALL_EXPAND_16(__VA_ARGS__))))
#define CALL_EXPAND_16(...) CALL_EXPAND_4(CALL_EXPAND_4(CALL_EXPAND_4(CALL_EXPAND_4(__VA_ARGS__))))
#define CALL_EXPAND_4(...)  CALL_EXPAND(CALL_EXPAND(CALL_EXPAND(CALL_EXPAND(__VA_ARGS__))))
#define CALL_EXPAND(...)    __VA_ARGS__
#define CALL_ABSENT         (-1)
#define __NR_mmap_anonymous __NR_mmap
#ifndef __NR_poll
#define __NR_poll CALL_ABSENT
#endif

struct proc_profile {
	const char *name;
	const char *program;
	unsigned uid_offset;
	size_t space_bytes; /* 0: no limit */
	unsigned fds;
	const int *calls;
	size_t call_count;
};

/* Uids of roles are this and the row's offset, outside what distributions give to people, to
 * packages (below 60000) and to systemd's dynamic users (61184 and up). */
#define PROC_UID_BASE 61000

const struct proc_profile *proc_profile(enum proc_role role);

/* proc_enter() for any profile. */
[[nodiscard]] int proc_enter_profile(const struct proc_profile *p, const int *keep, size_t keeps,
				     unsigned *layers, struct err *err);

/* Landlock with nothing allowed (landlock.c): 0, or -errno where the kernel has none. */
[[nodiscard]] int landlock_apply(void);
/* True when a file that exists cannot be opened for Landlock's sake. */
bool landlock_holds(void);
/* The filter of the profile's calls (seccomp.c): 0 or -errno. Nothing else works afterwards. */
[[nodiscard]] int seccomp_apply(const struct proc_profile *p);
/* Asks the filter itself. */
bool seccomp_holds(void);

/* ---- Starting (start.c) ---------------------------------------------------------------------- */

/* proc_start() of any program. */
[[nodiscard]] int proc_start_path(const char *path, char *const argv[], struct proc *out,
				  struct err *err);

#endif
