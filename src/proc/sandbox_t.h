/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two tests of the sandbox share: children that end with a code, and saying what could not
 * be tried here.
 */
#ifndef REDOUBT_PROC_SANDBOX_T_H
#define REDOUBT_PROC_SANDBOX_T_H

#include <sys/wait.h>
#include <unistd.h>

/* Says in the output what was not tried. (cmocka's skip() prints "not ok", which counts as failed.)
 */
#define ONLY_IF(condition, what)                                                                   \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			print_message("# skipped: only %s\n", what);                               \
			return;                                                                    \
		}                                                                                  \
	} while (0)

#ifdef REDOUBT_SANITIZED
#define RELEASE_ONLY() ONLY_IF(false, "in release form")
#else
#define RELEASE_ONLY() (void)0
#endif
#define ROOT_ONLY() ONLY_IF(geteuid() == 0, "as root")

/* How a child ended: a status of waitpid(), or one of these exit codes. */
enum { DONE = 0, REFUSED = 40, NOT_ENTERED, BAD_SETUP, NO_LAYER };

static inline int wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static inline void expect_exit(int status, int code)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
		fail_msg("status %#x where exit %d was expected", (unsigned)status, code);
}

#endif
