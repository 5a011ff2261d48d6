/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp filter of a profile: exactly its calls, the few dangerous arguments of those calls
 * looked at, and death for everything else. The program is classic BPF, put together here, since
 * the language has two dozen instructions of which we need five.
 */
#include "proc/proc_int.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#else
#error "seccomp.c: name the AUDIT_ARCH of this machine, and check how it numbers its calls"
#endif

/* The x32 calls of x86-64 are the same doors under other numbers; no other machine has calls this
 * high. */
#define X32_FIRST UINT32_C(0x40000000)

/* No call has this number: a kernel without our filter answers ENOSYS, the filter this errno. So a
 * process can ask whether the filter holds, and gains nothing by asking. */
#define PROBE_CALL  0x2edb0b7
#define PROBE_ERRNO EDOTDOT

/* ---- With sanitizers ------------------------------------------------------------------------- */

#ifdef REDOUBT_SANITIZED
/* What the runtimes do besides, a report with names and lines among it; so files can be read, and
 * what is still forbidden fails instead of killing, for a report is worth more than a death. */
#define REFUSAL (SECCOMP_RET_ERRNO | EPERM)
static const int sanitizer_calls[] =
	PROC_CALLS(mmap, sigaltstack, rt_sigaction, sched_yield, openat, readlinkat, newfstatat,
		   fstat, lseek, pread64, fcntl, prctl);
#ifdef __NR_open /* not on newer machines */
static const int sanitizer_older_calls[] = PROC_CALLS(open, stat, lstat, readlink, access);
#endif
#else
#define REFUSAL SECCOMP_RET_KILL_PROCESS
#endif

/* ---- Arguments ------------------------------------------------------------------------------- */

enum arg_test { ARG_HAS, ARG_LACKS, ARG_IS_NOT, ARG_IS_OUR_PID };

/* What a call must satisfy to be allowed, whoever names it. Only the low 32 bits are looked at:
 * they hold all of what the kernel knows of these arguments. */
static const struct arg_rule {
	int call;
	unsigned arg;
	enum arg_test test;
	uint32_t value;
} arg_rules[] = {
#ifndef REDOUBT_SANITIZED
	{ __NR_mmap, 3, ARG_HAS, MAP_ANONYMOUS },
#endif
	{ __NR_mmap, 2, ARG_LACKS, PROT_EXEC },
	{ __NR_mprotect, 2, ARG_LACKS, PROT_EXEC },
	/* of a role started by hand it is often a terminal, which is open for reading, too: it must
	 * not give what a person types */
	{ __NR_read, 0, ARG_IS_NOT, STDERR_FILENO },
	/* abort() ends by a signal to ourselves */
	{ __NR_tgkill, 0, ARG_IS_OUR_PID, 0 },
};

/* ---- Assembler ------------------------------------------------------------------------------- */

#define FILTER_MAX 512

struct filter {
	struct sock_filter code[FILTER_MAX];
	unsigned short n;
};

static void put(struct filter *f, unsigned op, uint32_t k, unsigned if_true, unsigned if_false)
{
	assert(f->n < FILTER_MAX && if_true <= UINT8_MAX && if_false <= UINT8_MAX);
	f->code[f->n++] =
		(struct sock_filter){ (uint16_t)op, (uint8_t)if_true, (uint8_t)if_false, k };
}

static void put_load(struct filter *f, size_t offset)
{
	put(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void put_answer(struct filter *f, uint32_t action)
{
	put(f, BPF_RET | BPF_K, action, 0, 0);
}

/* Little-endian, as both machines above are: the low half comes first. */
static size_t arg_offset(unsigned arg)
{
	return offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t);
}

#define ARG_RULE_LENGTH 3

/* Refuses unless the rule is satisfied, else goes on behind. */
static void put_arg_rule(struct filter *f, const struct arg_rule *rule)
{
	put_load(f, arg_offset(rule->arg));
	switch (rule->test) {
	case ARG_HAS:
		put(f, BPF_JMP | BPF_JSET | BPF_K, rule->value, 1, 0);
		break;
	case ARG_LACKS:
		put(f, BPF_JMP | BPF_JSET | BPF_K, rule->value, 0, 1);
		break;
	case ARG_IS_NOT:
		put(f, BPF_JMP | BPF_JEQ | BPF_K, rule->value, 0, 1);
		break;
	case ARG_IS_OUR_PID:
		put(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 1, 0);
		break;
	}
	put_answer(f, REFUSAL);
}

static void put_call(struct filter *f, int call)
{
	unsigned rules = 0;

	if (call == CALL_ABSENT)
		return;
	for (size_t i = 0; i < ARRAY_LEN(arg_rules); i++)
		rules += arg_rules[i].call == call;
	put(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, rules * ARG_RULE_LENGTH + 1);
	for (size_t i = 0; i < ARRAY_LEN(arg_rules); i++) {
		if (arg_rules[i].call == call)
			put_arg_rule(f, &arg_rules[i]);
	}
	put_answer(f, SECCOMP_RET_ALLOW);
}

static void put_calls(struct filter *f, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_call(f, calls[i]);
}

/* ---- The filter ------------------------------------------------------------------------------ */

static void filter_make(const struct proc_profile *p, struct filter *f)
{
	f->n = 0;
	put_load(f, offsetof(struct seccomp_data, arch));
	put(f, BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCH, 1, 0);
	put_answer(f, SECCOMP_RET_KILL_PROCESS);
	put_load(f, offsetof(struct seccomp_data, nr));
	put(f, BPF_JMP | BPF_JGE | BPF_K, X32_FIRST, 0, 1);
	put_answer(f, SECCOMP_RET_KILL_PROCESS);
	put_calls(f, p->calls, p->call_count);
#ifdef REDOUBT_SANITIZED
	put_calls(f, sanitizer_calls, ARRAY_LEN(sanitizer_calls));
#ifdef __NR_open
	put_calls(f, sanitizer_older_calls, ARRAY_LEN(sanitizer_older_calls));
#endif
#endif
	put(f, BPF_JMP | BPF_JEQ | BPF_K, PROBE_CALL, 0, 1);
	put_answer(f, SECCOMP_RET_ERRNO | PROBE_ERRNO);
	put_answer(f, REFUSAL);
}

int seccomp_apply(const struct proc_profile *p)
{
	struct filter f;
	struct sock_fprog program;

	filter_make(p, &f);
	program = (struct sock_fprog){ f.n, f.code };
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}

bool seccomp_holds(void)
{
	return syscall(PROBE_CALL) == -1 && errno == PROBE_ERRNO;
}
