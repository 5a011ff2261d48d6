/* SPDX-License-Identifier: Apache-2.0 */
/*
 * t: cmocka with tests that register themselves. TEST(name_that_is_the_promise) { … }, and
 * TEST_MAIN once in the file. Prints TAP.
 */
#ifndef REDOUBT_TESTS_T_H
#define REDOUBT_TESTS_T_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define T_MAX 256

static struct CMUnitTest t_tests[T_MAX];
static size_t t_count;

#define TEST(fn)                                                                                   \
	static void fn(void **state);                                                              \
	__attribute__((constructor)) static void t_add_##fn(void)                                  \
	{                                                                                          \
		if (t_count == T_MAX)                                                              \
			abort();                                                                   \
		t_tests[t_count++] = (struct CMUnitTest){ #fn, fn, NULL, NULL, NULL };             \
	}                                                                                          \
	static void fn([[maybe_unused]] void **state)

#define TEST_MAIN                                                                                  \
	int main(void)                                                                             \
	{                                                                                          \
		cmocka_set_message_output(CM_OUTPUT_TAP);                                          \
		return _cmocka_run_group_tests(__FILE__, t_tests, t_count, NULL, NULL);            \
	}

/* A str equals a literal. */
#define assert_str(s, lit)                                                                         \
	do {                                                                                       \
		const struct str s_ = (s);                                                         \
		if (s_.n != sizeof(lit) - 1 || memcmp(s_.p, lit, s_.n) != 0)                       \
			fail_msg("\"%.*s\" is not \"%s\"", (int)s_.n, s_.p, lit);                  \
	} while (0)

#endif
