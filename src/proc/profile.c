/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of PROC_ROLE_TABLE as values. What a role may do is written there and nowhere else.
 */
#include "proc/proc_int.h"

#define CALLS(...) PROC_CALLS(__VA_ARGS__)

#define PROFILE_CALLS(name, program, uid, space, fds, ...)                                         \
	static const int calls_##name[] = __VA_ARGS__;
PROC_ROLE_TABLE(PROFILE_CALLS)

#define PROFILE_ROW(name, program, uid, space, fds, ...)                                           \
	[PROC_ROLE_##name] = {                                                                     \
		#name, program, uid, space, fds, calls_##name, ARRAY_LEN(calls_##name)             \
	},
static const struct proc_profile profiles[PROC_ROLE_COUNT] = { PROC_ROLE_TABLE(PROFILE_ROW) };

const struct proc_profile *proc_profile(enum proc_role role)
{
	assert(role >= 0 && role < PROC_ROLE_COUNT);
	return &profiles[role];
}
