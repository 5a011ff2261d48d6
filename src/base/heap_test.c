/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap over its pools: sizes at the edges of classes and blocks, what is freed is used again,
 * the cap, and that everything goes back.
 */
#include "t.h"

#include "base/base.h"

static struct pool pools[HEAP_POOLS];
static struct heap heap;

static void begin(size_t cap_bytes)
{
	static const size_t bytes[HEAP_POOLS] = { 4 * KIB, 16 * KIB, 64 * KIB };
	struct pool *p[HEAP_POOLS];

	for (unsigned i = 0; i < HEAP_POOLS; i++) {
		p[i] = &pools[i];
		assert_int_equal(pool_init(p[i], bytes[i], 8), 0);
	}
	heap_init(&heap, p, cap_bytes);
}

static void end(void)
{
	heap_done(&heap);
	for (unsigned i = 0; i < HEAP_POOLS; i++) {
		assert_int_equal(pools[i].used, 0);
		pool_done(&pools[i]);
	}
}

TEST(heap_gives_aligned_memory_of_every_size_up_to_a_block)
{
	begin(MIB);

	for (size_t n = 0; n <= 64 * KIB - 16; n = n < 40 ? n + 1 : n * 3 / 2) {
		uint8_t *p = heap_alloc(&heap, n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		memset(p, 0xa5, n);
		heap_free(&heap, p);
	}
	assert_non_null(heap_alloc(&heap, 64 * KIB - 16));
	assert_null(heap_alloc(&heap, 64 * KIB - 15));
	assert_null(heap_alloc(&heap, SIZE_MAX));

	end();
}

TEST(heap_uses_again_what_was_freed)
{
	void *first;

	begin(MIB);
	first = heap_alloc(&heap, 100);
	heap_free(&heap, first);

	assert_ptr_equal(heap_alloc(&heap, 97), first);
	for (unsigned i = 0; i < 10000; i++) {
		void *small = heap_alloc(&heap, i % 2000), *large = heap_alloc(&heap, 5000 + i);

		assert_non_null(small);
		assert_non_null(large);
		heap_free(&heap, large);
		heap_free(&heap, small);
	}
	assert_true(heap.bytes <= 32 * KIB);

	end();
}

/* How many bytes a piece of n takes of a block, with its head. */
static size_t taken_by(size_t n)
{
	size_t room = heap.room;
	void *p = heap_alloc(&heap, n);

	assert_non_null(p);
	memset(p, 0xa5, n);
	return room - heap.room;
}

TEST(heap_pieces_have_the_size_of_their_class)
{
	static const size_t classes[] = { 16,  32,  48,  64,  80,   96,   128, 192,
					  256, 384, 512, 768, 1024, 1536, 2048 };
	size_t below = 0;

	static_assert(ARRAY_LEN(classes) == HEAP_CLASSES, "each class has its edge here");
	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		for (unsigned at_end = 0; at_end < 2; at_end++) {
			size_t n = at_end ? classes[i] : below + (i > 0);

			begin(MIB);
			assert_non_null(heap_alloc(&heap, 1));
			assert_int_equal(taken_by(n), 16 + classes[i]);
			end();
		}
		below = classes[i];
	}
}

TEST(heap_gives_a_block_to_what_is_above_the_last_class)
{
	begin(MIB);

	assert_non_null(heap_alloc(&heap, 2048));
	assert_int_equal(heap.bytes, 4 * KIB);
	assert_non_null(heap_alloc(&heap, 2049));
	assert_int_equal(heap.bytes, 8 * KIB);
	assert_int_equal(heap.room, 4 * KIB - 16 - 16 - 2048);

	end();
}

/* Where only a new block would do, a piece that is free and not much larger is taken first. */
TEST(heap_takes_a_free_piece_of_two_classes_more_before_a_block)
{
	void *p[2];

	begin(4 * KIB);
	p[0] = heap_alloc(&heap, 80);
	p[1] = heap_alloc(&heap, 96);
	while (heap_alloc(&heap, 16))
		;
	heap_free(&heap, p[0]);
	heap_free(&heap, p[1]);

	assert_null(heap_alloc(&heap, 32));
	assert_ptr_equal(heap_alloc(&heap, 64), p[0]);
	assert_ptr_equal(heap_alloc(&heap, 64), p[1]);
	assert_null(heap_alloc(&heap, 64));

	end();
}

/* Libraries ask for powers of two: three of 1 KiB and what is behind them share a block. */
TEST(heap_packs_powers_of_two)
{
	begin(MIB);

	for (unsigned i = 0; i < 3; i++)
		assert_non_null(heap_alloc(&heap, KIB));
	assert_int_equal(pools[0].used, 1);
	assert_non_null(heap_alloc(&heap, 2 * KIB));
	assert_int_equal(pools[0].used, 2);
	assert_non_null(heap_alloc(&heap, 512));
	assert_non_null(heap_alloc(&heap, 256));
	assert_non_null(heap_alloc(&heap, 128));
	assert_int_equal(pools[0].used, 2);

	end();
}

/* The front of a block whose end is too short for the next piece is not lost. */
TEST(heap_uses_the_end_of_every_block)
{
	begin(MIB);

	assert_non_null(heap_alloc(&heap, 2 * KIB));
	assert_non_null(heap_alloc(&heap, 2 * KIB));
	assert_int_equal(pools[0].used, 2);
	assert_non_null(heap_alloc(&heap, KIB));
	assert_non_null(heap_alloc(&heap, KIB));
	assert_non_null(heap_alloc(&heap, 512));
	assert_non_null(heap_alloc(&heap, 384));
	assert_int_equal(pools[0].used, 2);

	end();
}

TEST(heap_is_as_new_when_it_is_done)
{
	begin(20 * KIB);
	assert_non_null(heap_alloc(&heap, 100));
	assert_non_null(heap_alloc(&heap, 10 * KIB));

	heap_done(&heap);

	assert_int_equal(pools[0].used + pools[1].used, 0);
	assert_int_equal(heap.bytes, 0);
	assert_non_null(heap_alloc(&heap, 100));
	assert_non_null(heap_alloc(&heap, 10 * KIB));

	end();
}

TEST(heap_stops_at_its_cap_and_goes_on_below_it)
{
	void *p;

	begin(20 * KIB);
	p = heap_alloc(&heap, 10 * KIB);

	assert_non_null(p);
	assert_null(heap_alloc(&heap, 5 * KIB));
	assert_non_null(heap_alloc(&heap, 100));
	heap_free(&heap, p);
	assert_non_null(heap_alloc(&heap, 5 * KIB));

	end();
}

TEST(heap_takes_a_larger_block_where_the_fitting_ones_are_gone)
{
	begin(MIB);

	for (unsigned i = 0; i < 16; i++)
		assert_non_null(heap_alloc(&heap, 10 * KIB));
	assert_null(heap_alloc(&heap, 10 * KIB));

	end();
}

TEST(heap_resize_keeps_what_was_there)
{
	char *p;

	begin(MIB);
	p = heap_resize(&heap, NULL, 10);
	memcpy(p, "0123456789", 10);

	p = heap_resize(&heap, p, 3000);
	assert_memory_equal(p, "0123456789", 10);
	assert_ptr_equal(heap_resize(&heap, p, 20), p);
	assert_null(heap_resize(&heap, p, MIB));
	assert_memory_equal(p, "0123456789", 10);

	end();
}

TEST_MAIN
