/* SPDX-License-Identifier: Apache-2.0 */
/* The list of files: in order, found by number, and which file bounds which. */
#include <stdio.h>

#include "t.h"

#include "store/store_int.h"

static struct store_file *add(struct store_files *files, uint64_t number, const char *cluster)
{
	struct store_file *f = store_file_add(files, number);

	assert_non_null(f);
	f->log = f->proven = true;
	(void)snprintf(f->cluster, sizeof(f->cluster), "%s", cluster);
	return f;
}

TEST(files_are_kept_in_the_order_of_their_numbers)
{
	struct store_files files = { .n = 0 };
	uint64_t x = 1;

	for (unsigned i = 0; i < 500; i++)
		(void)add(&files, (x = hash_mix(x, i)) % 400, "a");

	for (size_t i = 1; i < files.n; i++)
		assert_true(files.v[i].number > files.v[i - 1].number);
	for (size_t i = 0; i < files.n; i++)
		assert_ptr_equal(store_file_find(&files, files.v[i].number), &files.v[i]);
	assert_null(store_file_find(&files, 400));
	assert_null(store_file_from(&files, 400));
	assert_ptr_equal(store_file_from(&files, 0), &files.v[0]);
	free(files.v);
}

TEST(a_file_that_is_there_is_not_added_twice)
{
	struct store_files files = { .n = 0 };

	(void)add(&files, 5, "a");
	assert_string_equal(store_file_add(&files, 5)->cluster, "a");

	assert_int_equal(files.n, 1);
	free(files.v);
}

TEST(what_is_neither_log_nor_segment_is_forgotten)
{
	struct store_files files = { .n = 0 };

	(void)add(&files, 1, "a");
	add(&files, 2, "a")->log = false;
	add(&files, 3, "a")->log = false;
	store_file_find(&files, 3)->segment = true;
	store_files_tidy(&files);

	assert_int_equal(files.n, 2);
	assert_null(store_file_find(&files, 2));
	free(files.v);
}

TEST(the_list_has_a_limit)
{
	struct store_files files = { .n = 0 };

	for (uint64_t i = 0; i < FILES_MAX; i++)
		assert_non_null(store_file_add(&files, i));

	assert_null(store_file_add(&files, FILES_MAX));
	assert_non_null(store_file_add(&files, FILES_MAX - 1));
	free(files.v);
}

TEST(the_next_number_of_a_cluster_bounds_its_log_where_it_is_proven)
{
	struct store_files files = { .n = 0 };

	(void)add(&files, 1, "a");
	(void)add(&files, 2, "b");
	(void)add(&files, 4, "a");
	add(&files, 3, "a")->proven = false;

	assert_true(store_file_until(&files, store_file_find(&files, 1)) == 4);
	assert_true(store_file_until(&files, store_file_find(&files, 2)) == UINT64_MAX);
	assert_true(store_file_until(&files, store_file_find(&files, 3)) == 4);
	assert_true(store_file_until(&files, store_file_find(&files, 4)) == UINT64_MAX);
	free(files.v);
}

TEST_MAIN
