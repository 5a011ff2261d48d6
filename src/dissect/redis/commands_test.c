/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands: what is found in it and what is not. */
#include "dissect/redis/commands.h"
#include "t.h"

TEST(every_command_is_found_by_its_name_in_any_case)
{
	const struct redis_command *c, *of = NULL;

	for (size_t i = 0; (c = redis_command_at(i)); i++) {
		struct str name = redis_command_name(c), word;
		char small[REDIS_COMMAND_MAX];

		for (size_t k = 0; k < name.n; k++)
			small[k] = (char)(name.p[k] >= 'A' && name.p[k] <= 'Z' ? name.p[k] | 0x20
									       : name.p[k]);
		name.p = small;
		if (str_cut(&name, ' ', &word))
			of = redis_command_find(word);
		else
			name = word;
		if (memchr(c->name, ' ', c->n))
			assert_ptr_equal(redis_subcommand_find(of, name), c);
		else
			assert_ptr_equal(redis_command_find(name), c);
	}
}

TEST(names_ascend_so_that_none_stands_twice)
{
	for (size_t i = 1; redis_command_at(i); i++)
		assert_true(str_cmp(redis_command_name(redis_command_at(i - 1)),
				    redis_command_name(redis_command_at(i))) < 0);
}

TEST(subcommands_belong_to_a_command_that_has_such)
{
	for (size_t i = 0; redis_command_at(i); i++) {
		struct str name = redis_command_name(redis_command_at(i)), word;
		const struct redis_command *of;

		if (!str_cut(&name, ' ', &word))
			continue;
		of = redis_command_find(word);
		assert_non_null(of);
		assert_true(of->flags & COMMAND_SUBS);
	}
}

TEST(keys_have_a_step)
{
	for (size_t i = 0; redis_command_at(i); i++) {
		const struct redis_command *c = redis_command_at(i);

		assert_true((c->first == 0) == (c->step == 0));
		assert_true(c->first >= 0 && c->step >= 0);
	}
}

TEST(what_is_no_command_is_not_found)
{
	static const char *const words[] = { "",     "hunter2",
					     "GETX", "GE",
					     "GET ", "CONFIG SET",
					     "\x01", "a very long word that is longer than any" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!str_eq(str_of(words[i]), STR("CONFIG SET")))
			assert_null(redis_command_find(str_of(words[i])));
	assert_null(redis_subcommand_find(redis_command_find(STR("CONFIG")), STR("hunter2")));
	assert_null(redis_subcommand_find(redis_command_find(STR("CONFIG")), STR("")));
}

/* A blank within a word is none between two. */
TEST(a_word_with_a_blank_is_no_subcommand)
{
	assert_null(redis_command_find(STR("CONFIG SET")));
}

TEST(codes_of_errors_are_known_ones_alone)
{
	assert_true(str_eq(redis_error_code(STR("WRONGPASS invalid")), STR("WRONGPASS")));
	assert_true(str_eq(redis_error_code(STR("ERR")), STR("ERR")));
	assert_int_equal(redis_error_code(STR("HUNTER x")).n, 0);
	assert_int_equal(redis_error_code(STR("ERRx")).n, 0);
	assert_int_equal(redis_error_code(STR("ERR1 x")).n, 0);
	assert_int_equal(redis_error_code(STR("")).n, 0);
}

TEST_MAIN
