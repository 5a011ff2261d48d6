// SPDX-License-Identifier: Apache-2.0
/* Marks: the highest sequence of each stream, within a limit. */
#include "rowlog/log_test.h"

static void raise(struct rowlog_marks *m, uint32_t agent, uint32_t epoch, uint8_t shard,
		  uint64_t sequence)
{
	const struct rowlog_mark mark = { agent, epoch, shard, sequence,
					  AT_NS + (int64_t)sequence };

	assert_int_equal(rowlog_marks_raise(m, &mark), 0);
}

TEST(a_stream_that_is_not_known_has_no_mark)
{
	struct rowlog_marks *m = new_marks();

	assert_int_equal(rowlog_marks_get(m, 1, 2, 3), 0);
	assert_int_equal(rowlog_marks_count(m), 0);
	assert_null(rowlog_marks_at(m, 0));
	rowlog_marks_free(m);
	rowlog_marks_free(NULL);
}

TEST(each_of_agent_epoch_and_shard_makes_another_stream)
{
	struct rowlog_marks *m = new_marks();

	raise(m, 1, 2, 3, 10);
	raise(m, 2, 2, 3, 20);
	raise(m, 1, 1, 3, 30);
	raise(m, 1, 2, 4, 40);

	assert_int_equal(rowlog_marks_get(m, 1, 2, 3), 10);
	assert_int_equal(rowlog_marks_get(m, 2, 2, 3), 20);
	assert_int_equal(rowlog_marks_get(m, 1, 1, 3), 30);
	assert_int_equal(rowlog_marks_get(m, 1, 2, 4), 40);
	assert_int_equal(rowlog_marks_count(m), 4);
	rowlog_marks_free(m);
}

TEST(the_higher_sequence_stays)
{
	struct rowlog_marks *m = new_marks();

	raise(m, 1, 2, 3, 10);
	raise(m, 1, 2, 3, 9);
	assert_int_equal(rowlog_marks_get(m, 1, 2, 3), 10);
	assert_int_equal(rowlog_marks_at(m, 0)->at_ns, AT_NS + 10);
	raise(m, 1, 2, 3, 11);

	assert_int_equal(rowlog_marks_get(m, 1, 2, 3), 11);
	assert_int_equal(rowlog_marks_at(m, 0)->at_ns, AT_NS + 11);
	assert_int_equal(rowlog_marks_count(m), 1);
	rowlog_marks_free(m);
}

TEST(beyond_the_limit_the_one_raised_longest_ago_is_forgotten)
{
	struct rowlog_marks *m = new_marks();

	for (uint32_t i = 0; i < ROWLOG_MARKS_MAX; i++)
		raise(m, i, 1, 0, 1);
	assert_int_equal(rowlog_marks_count(m), ROWLOG_MARKS_MAX);
	raise(m, 0, 1, 0, 2); /* so that agent 1 is the oldest, then 2 */
	raise(m, 2, 1, 0, 1); /* that is no raise */
	raise(m, ROWLOG_MARKS_MAX, 1, 0, 5);
	raise(m, ROWLOG_MARKS_MAX + 1, 1, 0, 6);

	assert_int_equal(rowlog_marks_count(m), ROWLOG_MARKS_MAX);
	assert_int_equal(rowlog_marks_get(m, 0, 1, 0), 2);
	assert_int_equal(rowlog_marks_get(m, 1, 1, 0), 0);
	assert_int_equal(rowlog_marks_get(m, 2, 1, 0), 0);
	assert_int_equal(rowlog_marks_get(m, 3, 1, 0), 1);
	assert_int_equal(rowlog_marks_get(m, ROWLOG_MARKS_MAX, 1, 0), 5);
	assert_int_equal(rowlog_marks_get(m, ROWLOG_MARKS_MAX + 1, 1, 0), 6);
	assert_null(rowlog_marks_at(m, ROWLOG_MARKS_MAX));
	rowlog_marks_free(m);
}

TEST(any_number_of_raises_agrees_with_a_plain_model)
{
	enum { AGENTS = 64, SHARDS = 4 };
	struct rowlog_marks *m = new_marks();
	uint64_t model[AGENTS][SHARDS] = { 0 }, seed = 1;

	for (unsigned i = 0; i < 20000; i++) {
		uint32_t agent, shard, sequence;

		seed = hash_mix(seed, i);
		agent = seed % AGENTS;
		shard = (seed >> 8) % SHARDS;
		sequence = (uint32_t)((seed >> 16) % 1000) + 1;
		raise(m, agent, 9, (uint8_t)shard, sequence);
		if (sequence > model[agent][shard])
			model[agent][shard] = sequence;
		assert_int_equal(rowlog_marks_get(m, agent, 9, (uint8_t)shard),
				 model[agent][shard]);
	}
	assert_int_equal(rowlog_marks_count(m), AGENTS * SHARDS);
	rowlog_marks_free(m);
}

TEST(marks_are_written_and_read_again_with_their_order)
{
	struct rowlog_marks *m = new_marks(), *again = new_marks();
	uint8_t bytes[3 * LOG_MARK_BYTES];

	raise(m, 1, 2, 255, LOG_SEQUENCE_MASK);
	raise(m, 2, 2, 0, 20);
	raise(m, UINT32_MAX, UINT32_MAX, 1, 30);
	raise(m, 2, 2, 0, 21);
	rowlog_marks_encode(m, bytes);
	assert_int_equal(
		rowlog_marks_decode(again, (struct str){ (const char *)bytes, sizeof(bytes) }), 0);

	assert_int_equal(rowlog_marks_count(again), 3);
	assert_int_equal(rowlog_marks_get(again, 1, 2, 255), LOG_SEQUENCE_MASK);
	assert_int_equal(rowlog_marks_get(again, 2, 2, 0), 21);
	assert_int_equal(rowlog_marks_get(again, UINT32_MAX, UINT32_MAX, 1), 30);
	/* The one raised last comes last. */
	assert_int_equal(rowlog_marks_at(again, 2)->agent, 2);
	assert_int_equal(rowlog_marks_at(again, 2)->at_ns, AT_NS + 21);
	rowlog_marks_free(m);
	rowlog_marks_free(again);
}

TEST(a_table_that_is_none_raises_nothing)
{
	struct rowlog_marks *m = new_marks(), *again = new_marks();
	uint8_t bytes[2 * LOG_MARK_BYTES];
	struct str plain = { (const char *)bytes, sizeof(bytes) };

	raise(m, 1, 2, 3, 4);
	raise(m, 2, 2, 3, 4);
	rowlog_marks_encode(m, bytes);
	assert_int_equal(rowlog_marks_decode(again, str_head(plain, sizeof(bytes) - 1)), -EBADMSG);
	bytes[LOG_MARK_BYTES + 9] = 1; /* behind the shard */
	assert_int_equal(rowlog_marks_decode(again, plain), -EBADMSG);
	bytes[LOG_MARK_BYTES + 9] = 0;
	bytes[LOG_MARK_BYTES + 23] = 1; /* bit 56 of the sequence */
	assert_int_equal(rowlog_marks_decode(again, plain), -EBADMSG);

	assert_int_equal(rowlog_marks_count(again), 0);
	rowlog_marks_free(m);
	rowlog_marks_free(again);
}

TEST_MAIN
