/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels that lack a layer of the sandbox, or say they took it and did not. A filter of the test's
 * own plays them: it answers one call in the kernel's place.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "t.h"

#include "proc/proc_int.h"
#include "proc/sandbox_t.h"

#define ANY 0xff

/* From now on `call`, where its argument number `which` is `value`, is answered by an errno, or by
 * 0, which is the lie: it was not done. */
static int kernel_without(int call, unsigned which, uint32_t value, uint32_t answer)
{
	size_t word = offsetof(struct seccomp_data, nr);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)word),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_LEN(code), code };

	if (which == ANY) { /* compares the number once more */
		code[2].k = (uint32_t)word;
		code[3].k = (uint32_t)call;
	} else {
		code[2].k = (uint32_t)(offsetof(struct seccomp_data, args) + which * 8);
	}
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -1 : 0;
}

static const struct {
	const char *layer;
	int call;
	unsigned which; /* argument number */
	uint32_t value; /* and the value that it must have */
	bool required;
	unsigned bit;
} absent[] = {
	{ "limits", SYS_prlimit64, 3, 0, true, PROC_LIMITS }, /* to set and not to get */
	{ "no-caps", SYS_capset, ANY, 0, true, PROC_NO_CAPS },
	{ "undumpable", SYS_prctl, 0, PR_SET_DUMPABLE, true, PROC_UNDUMPABLE },
	{ "no-new-privs", SYS_prctl, 0, PR_SET_NO_NEW_PRIVS, true, PROC_NO_NEW_PRIVS },
	{ "seccomp", SYS_seccomp, 0, SECCOMP_SET_MODE_FILTER, true, PROC_SECCOMP },
	{ "death-with-parent", SYS_prctl, 0, PR_SET_PDEATHSIG, true, 0 },
	{ "own-uid", SYS_setresuid, 0, PROC_UID_BASE + 1, false, PROC_OWN_UID },
	{ "landlock", SYS_landlock_create_ruleset, 1, 0, false, PROC_LANDLOCK },
	{ "landlock", SYS_landlock_restrict_self, 1, 0, false, PROC_LANDLOCK },
};

/* Exits REFUSED when the layer was named as missing, DONE when the child entered without it. */
static int enter_without(size_t i, uint32_t answer)
{
	pid_t pid = fork();
	unsigned layers = 0;
	struct err err;

	if (pid == 0) {
		/* these two come with a change of uid all the same */
		if ((absent[i].bit & (PROC_NO_CAPS | PROC_UNDUMPABLE)) != 0 &&
		    kernel_without(SYS_setgroups, ANY, 0, EPERM) < 0)
			_exit(BAD_SETUP);
		if (kernel_without(absent[i].call, absent[i].which, absent[i].value, answer) < 0)
			_exit(BAD_SETUP);
		if (proc_enter(PROC_ROLE_DISSECT, NULL, 0, &layers, &err) == 0)
			_exit((layers & absent[i].bit) != 0 ? NO_LAYER : DONE);
		_exit(err.id == ERR_SANDBOX && strstr(err.text, absent[i].layer) ? REFUSED
										 : NOT_ENTERED);
	}
	return wait_for(pid);
}

static void expect_missing(uint32_t answer)
{
	ROOT_ONLY(); /* a filter without no_new_privs takes privilege */
	for (size_t i = 0; i < ARRAY_LEN(absent); i++) {
		int status = enter_without(i, answer);

		if (!WIFEXITED(status) ||
		    WEXITSTATUS(status) != (absent[i].required ? REFUSED : DONE))
			fail_msg("%s: status %#x", absent[i].layer, (unsigned)status);
	}
}

TEST(a_required_layer_the_kernel_refuses_stops_the_start)
{
	RELEASE_ONLY();
	expect_missing(ENOSYS);
}

TEST(a_layer_the_kernel_claims_but_does_not_have_is_found_out)
{
	RELEASE_ONLY();
	expect_missing(0);
}

TEST_MAIN
