/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of pool and arena: limits at their edge, last in first out, and that all comes back.
 */
#include "base/base.h"
#include "t.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(pool_refuses_sizes_that_make_no_sense)
{
	struct pool p;

	assert_int_equal(pool_init(&p, 0, 1), -EINVAL);
	assert_int_equal(pool_init(&p, 16, 0), -EINVAL);
	assert_int_equal(pool_init(&p, SIZE_MAX, 1), -EINVAL);
	assert_int_equal(pool_init(&p, SIZE_MAX / 2, 4), -EINVAL);
}

TEST(pool_rounds_blocks_up_to_16)
{
	struct pool p;

	assert_int_equal(pool_init(&p, 17, 2), 0);

	assert_int_equal(p.block_bytes, 32);
	assert_int_equal((uintptr_t)pool_get(&p) % 16, 0);
	assert_int_equal((uintptr_t)pool_get(&p) % 16, 0);
	pool_done(&p);
}

TEST(pool_gives_each_block_once_and_counts_the_rest)
{
	struct pool p;
	uint8_t *block[3];

	assert_int_equal(pool_init(&p, 64, 3), 0);
	for (size_t i = 0; i < 3; i++) {
		block[i] = pool_get(&p);
		assert_non_null(block[i]);
		memset(block[i], (int)i, 64);
	}

	assert_null(pool_get(&p));
	assert_int_equal(p.refused, 1);
	assert_int_equal(p.used, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(block[i][63], i);
	pool_done(&p);
}

TEST(pool_gives_the_block_put_last_first)
{
	struct pool p;

	assert_int_equal(pool_init(&p, 64, 4), 0);
	void *a = pool_get(&p);
	void *b = pool_get(&p);
	pool_put(&p, a);
	pool_put(&p, b);
	pool_put(&p, NULL);

	assert_ptr_equal(pool_get(&p), b);
	assert_ptr_equal(pool_get(&p), a);
	assert_int_equal(p.used, 2);
	pool_done(&p);
}

TEST(pools_that_share_have_what_is_reserved_and_what_is_left)
{
	size_t shared = 3 * 64;
	struct pool a, b;

	assert_int_equal(pool_init(&a, 64, 8), 0);
	assert_int_equal(pool_init(&b, 64, 8), 0);
	pool_share(&a, 2, &shared);
	pool_share(&b, 2, &shared);
	for (size_t i = 0; i < 5; i++)
		assert_non_null(pool_get(&a));

	assert_int_equal(shared, 0);
	assert_null(pool_get(&a));
	assert_int_equal(a.refused, 1);
	assert_non_null(pool_get(&b));
	assert_non_null(pool_get(&b));
	assert_null(pool_get(&b));
	pool_done(&a);
	pool_done(&b);
}

/* What was used once has its memory: it is neither taken from the others nor given to them again.
 */
TEST(pools_that_share_take_each_block_once)
{
	size_t shared = 2 * 64;
	struct pool p;

	assert_int_equal(pool_init(&p, 64, 8), 0);
	pool_share(&p, 1, &shared);
	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < 2; i++)
			assert_non_null(pool_get(&p));
		assert_int_equal(shared, 64);
		pool_reset(&p);
	}
	pool_put(&p, pool_get(&p));

	assert_int_equal(shared, 64);
	pool_done(&p);
}

TEST(pool_reset_gives_all_back)
{
	struct pool p;

	assert_int_equal(pool_init(&p, 64, 2), 0);
	(void)pool_get(&p);
	pool_put(&p, pool_get(&p));
	pool_reset(&p);

	assert_int_equal(p.used, 0);
	assert_non_null(pool_get(&p));
	assert_non_null(pool_get(&p));
	assert_null(pool_get(&p));
	pool_done(&p);
}

TEST(pool_may_be_larger_than_the_memory_there_is)
{
	struct pool p;
	uint8_t *block;

	assert_int_equal(pool_init(&p, 64 * KIB, 256 * GIB / (64 * KIB)), 0);
	block = pool_get(&p);
	assert_non_null(block);
	block[0] = 1;
	pool_done(&p);

	assert_null(p.base);
}

/* Whether putting block ends the process. */
static bool put_dies(struct pool *p, void *block)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(STDERR_FILENO);
		pool_put(p, block);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

TEST(pool_put_of_a_foreign_block_is_a_bug)
{
	struct pool p;
	struct pool other;

	assert_int_equal(pool_init(&p, 64, 4), 0);
	assert_int_equal(pool_init(&other, 64, 4), 0);
	uint8_t *block = pool_get(&p);
	void *foreign = pool_get(&other);

	assert_false(put_dies(&p, block));
	assert_true(put_dies(&p, foreign));
	assert_true(put_dies(&p, block + 16));
	assert_true(put_dies(&p, block + 64)); /* never given out */
	pool_done(&p);
	pool_done(&other);
}

#ifdef REDOUBT_SANITIZED
TEST(pool_put_twice_is_found_by_the_sanitizer)
{
	struct pool p;

	assert_int_equal(pool_init(&p, 64, 4), 0);
	(void)pool_get(&p);
	void *block = pool_get(&p);
	pool_put(&p, block);

	assert_true(put_dies(&p, block));
	pool_done(&p);
}
#endif

/* A pool of 4 blocks that hold 56 bytes of an arena each. */
static void small_pool(struct pool *p)
{
	assert_int_equal(pool_init(p, 64, 4), 0);
}

TEST(arena_aligns_to_8_and_fills_a_block_exactly)
{
	struct pool p;
	struct arena a;

	small_pool(&p);
	arena_init(&a, &p, 1000);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal((uintptr_t)arena_alloc(&a, 1 + i) % 8, 0);
	assert_int_equal(p.used, 1);
	assert_non_null(arena_alloc(&a, 1));

	assert_int_equal(p.used, 2);
	assert_int_equal(a.bytes, 64);
	arena_done(&a);
	pool_done(&p);
}

TEST(arena_gives_what_a_block_holds_and_not_a_byte_more)
{
	struct pool p;
	struct arena a;

	small_pool(&p);
	arena_init(&a, &p, SIZE_MAX);

	assert_null(arena_alloc(&a, 57));
	assert_int_equal(p.used, 0);
	assert_non_null(arena_alloc(&a, 56));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 8));
	assert_int_equal(p.used, 1);
	arena_done(&a);
	pool_done(&p);
}

TEST(arena_ends_at_its_cap)
{
	struct pool p;
	struct arena a;

	small_pool(&p);
	arena_init(&a, &p, 32);
	assert_non_null(arena_alloc(&a, 24));

	assert_null(arena_alloc(&a, 9));
	assert_non_null(arena_alloc(&a, 8));
	assert_null(arena_alloc(&a, 0));
	arena_done(&a);
	pool_done(&p);
}

TEST(arena_answers_null_when_the_pool_is_empty_and_goes_on_later)
{
	struct pool p;
	struct arena a;
	struct arena b;

	small_pool(&p);
	arena_init(&a, &p, 1000);
	arena_init(&b, &p, 1000);
	for (size_t i = 0; i < 4; i++)
		assert_non_null(arena_alloc(&a, 56));
	assert_null(arena_alloc(&b, 8));
	assert_null(arena_alloc(&a, 8));
	arena_done(&a);

	assert_int_equal(p.used, 0);
	assert_non_null(arena_alloc(&b, 8));
	assert_non_null(arena_alloc(&a, 8));
	arena_done(&a);
	arena_done(&b);
	assert_int_equal(p.used, 0);
	pool_done(&p);
}

TEST(arena_str_copies)
{
	struct pool p;
	struct arena a;
	char text[] = "hello";

	small_pool(&p);
	arena_init(&a, &p, 16);
	struct str copy = arena_str(&a, str_of(text));
	text[0] = 'j';

	assert_str(copy, "hello");
	assert_int_equal(arena_str(&a, (struct str){ NULL, 0 }).n, 0);
	assert_null(arena_str(&a, STR("too long for it")).p);
	arena_done(&a);
	pool_done(&p);
}

TEST(a_pool_tells_what_is_left)
{
	size_t shared = 40;
	struct pool pool;
	void *block;

	assert_int_equal(pool_init(&pool, 16, 4), 0);
	assert_int_equal(pool_left(&pool), 4);
	block = pool_get(&pool);
	assert_int_equal(pool_left(&pool), 3);
	pool_put(&pool, block);
	assert_int_equal(pool_left(&pool), 4);
	pool_done(&pool);

	assert_int_equal(pool_init(&pool, 16, 4), 0);
	pool_share(&pool, 1, &shared);
	assert_int_equal(pool_left(&pool), 3);
	for (size_t left = 3; left > 0; left--) {
		assert_int_equal(pool_left(&pool), left);
		assert_non_null(pool_get(&pool));
	}
	assert_int_equal(pool_left(&pool), 0);
	assert_null(pool_get(&pool));
	pool_done(&pool);
}

TEST_MAIN
