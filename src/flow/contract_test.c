/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What dissect.h promises to dissectors of streams beyond their bytes: handing over, a heap, an end
 * that is no defect, rules about bodies, and messages counted by frames. And what every dissector
 * that is linked owes in turn.
 */
#include "flow/toys_test.h"

static struct talk begun(struct rig *r)
{
	struct talk t = talk_low(r);

	talk_open(&t);
	say(&t, CLIENT, "toy\n");
	return t;
}

static const struct row_view *only_flow(struct rig *r)
{
	rig_end(r);
	assert_int_equal(rig_count(r, KIND_FLOW), 1);
	return rig_row(r, KIND_FLOW, 0);
}

TEST(every_dissector_keeps_its_side_of_the_contract)
{
	struct rig *r = rig_new();

	recognise_init(r->e);
	for (size_t i = 0; i < r->e->dissectors_n; i++) {
		const struct dissector *d = r->e->dissectors[i];

		assert_true(d->name && *d->name);
		assert_true(d->state_bytes <= DISSECT_STATE_MAX);
		assert_true(d->window_bytes <= DISSECT_WINDOW_MAX);
		if (d->feed) {
			assert_true(d->probe || d->token);
			assert_true(d->skipped && d->gap && d->finished && d->close);
			assert_true(d->window_bytes > 0);
		}
		if (d->datagram)
			assert_true(d->probe_datagram && d->close);
	}
	rig_free(r);
}

/* ---- Handing over ---------------------------------------------------------------------------- */

TEST(who_was_named_goes_on_with_what_was_said)
{
	struct rig *r = rig_toys();
	struct talk t = begun(r);
	const struct row_view *f;

	say(&t, CLIENT, "over nEXT/1 some detail\nfirst\n");
	say(&t, SERVER, "second\n");
	f = only_flow(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 3);
	assert_str(told(r, 0), "some detail");
	assert_str(told(r, 1), "first");
	assert_str(told(r, 2), "second");
	assert_str(row_text(f, flow_protocol), "next");
	assert_int_equal(row_u64(f, common_src_port), 40000);
	assert_int_equal(r->counters.v[COUNTER_PARSE_REJECTED], 0);
	rig_free(r);
}

TEST(a_detail_is_cut_at_its_limit)
{
	static char line[DISSECT_DETAIL_MAX + 100];
	struct rig *r = rig_toys();
	struct talk t = begun(r);

	memset(line, 'd', sizeof(line));
	say(&t, CLIENT, "over next/1 ");
	say_bytes(&t, CLIENT, (struct str){ line, sizeof(line) });
	say(&t, CLIENT, "\nfirst\n");
	rig_end(r);

	assert_int_equal(told(r, 0).n, DISSECT_DETAIL_MAX);
	rig_free(r);
}

TEST(without_a_word_nothing_is_handed)
{
	struct rig *r = rig_toys();
	struct talk t = begun(r);

	say(&t, CLIENT, "over next/1\nfirst\n");
	rig_end(r);

	assert_str(told(r, 0), "nothing handed");
	rig_free(r);
}

TEST(an_unknown_name_is_as_none)
{
	static const char *const lines[] = { "over nobody x\n", "over skeleton x\n", "plain\n" };

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct rig *r = rig_toys();
		struct talk t = begun(r);

		say(&t, CLIENT, lines[i]);
		say(&t, CLIENT, "toy\nbody\n");
		rig_end(r);

		assert_int_equal(rig_count(r, KIND_HTTP), 1);
		assert_str(told(r, 0), "left");
		rig_free(r);
	}
}

/* What was handed over is gone behind the next change. */
TEST(a_name_counts_for_one_change)
{
	struct rig *r = rig_toys();
	struct talk t = begun(r);

	say(&t, CLIENT, "over next/1 detail\nback\ntoy\nplain\ntoy\nbody\n");
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 3);
	assert_str(told(r, 2), "left");
	assert_int_equal(r->counters.v[COUNTER_PARSE_REJECTED], 0);
	rig_free(r);
}

/* Nobody may read on who does not know what was agreed on. */
TEST(a_detail_that_finds_no_memory_ends_the_reading)
{
	struct flow_conf conf = small_conf();
	struct talk t, holder;
	struct rig *r;

	conf.windows = 1;
	r = rig_of(&conf, toys, ARRAY_LEN(toys));
	holder = talk_of(r, (struct peer){ "10.0.0.3", 40000 }, HIGH);
	talk_open(&holder);
	say(&holder, CLIENT, "toy\nfill\n");
	t = begun(r);
	say(&t, CLIENT, "over next/1 detail\nfirst\n");
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 0);
	assert_int_equal(r->counters.v[COUNTER_TX_SHED], 1);
	rig_free(r);
}

/* ---- Heap, end, rules ------------------------------------------------------------------------ */

TEST(a_heap_holds_its_limit_and_comes_back_at_the_end)
{
	struct flow_conf conf = small_conf();
	struct rig *r;
	struct talk t;

	conf.windows = 4096;
	r = rig_of(&conf, toys, ARRAY_LEN(toys));
	t = begun(r);
	say(&t, CLIENT, "fill\n");
	assert_int_equal(r->e->windows[0].used, DISSECT_HEAP_MAX / (4 * KIB));
	say(&t, CLIENT, "plain\n");
	assert_int_equal(r->e->windows[0].used, 0);
	say(&t, CLIENT, "toy\nfill\n");
	assert_int_equal(r->e->windows[0].used, DISSECT_HEAP_MAX / (4 * KIB));
	talk_close(&t);
	assert_int_equal(r->e->windows[0].used, 0);
	rig_end(r);
	rig_free(r);
}

TEST(a_stream_of_which_all_was_told_is_no_defect)
{
	struct rig *r = rig_toys();
	struct talk t = begun(r);
	const struct row_view *f;

	say(&t, CLIENT, "done\ntoy\nbody\n");
	assert_int_equal(r->e->streams.used, 0);
	say(&t, SERVER, "toy\nbody\n");
	f = only_flow(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_str(told(r, 0), "told by close");
	assert_int_equal(r->counters.v[COUNTER_PARSE_REJECTED], 0);
	assert_str(row_text(f, flow_protocol), "toy");
	rig_free(r);
}

TEST(a_hole_may_end_a_stream_without_a_defect)
{
	struct rig *r = rig_toys();
	struct talk t = begun(r);

	t.next[CLIENT] += 666;
	say(&t, CLIENT, "toy\nbody\n");
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 0);
	assert_int_equal(r->counters.v[COUNTER_PARSE_REJECTED], 0);
	rig_free(r);
}

/* The row has what a rule may ask about. */
static bool rule(void *owner, const struct row *row)
{
	unsigned *asked = owner;

	assert_true(row_has(row, common_dst_port.ref.slot) && row_has(row, http_path.ref.slot));
	assert_true(row_has(row, common_time.ref.slot));
	++*asked;
	return true;
}

TEST(a_rule_opens_bodies)
{
	struct flow_conf conf = small_conf();
	unsigned asked = 0;
	struct rig *r;
	struct talk t;

	conf.opens_body = rule;
	conf.opens_body_owner = &asked;
	r = rig_of(&conf, toys, ARRAY_LEN(toys));
	t = begun(r);
	say(&t, CLIENT, "body\n");
	rig_end(r);

	assert_int_equal(asked, 1);
	assert_str(told(r, 0), "opened");
	rig_free(r);
}

/* ---- Messages -------------------------------------------------------------------------------- */

TEST(messages_are_counted_as_they_end)
{
	struct rig *r = rig_toys();
	struct talk t = begun(r); /* 1 message */
	const struct row_view *f;

	say(&t, CLIENT, "a\nb\nc\nbeg"); /* 3 */
	say(&t, CLIENT, "in, no end");   /* 0 */
	say(&t, CLIENT, "\n");           /* 1 */
	say(&t, SERVER, "x\ny\n");       /* 2 */
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_messages), 7);
	rig_free(r);
}

TEST(a_segment_that_comes_again_is_no_other_packet_with_payload)
{
	struct rig *r = rig_toys();
	struct talk t = begun(r);
	uint32_t hole = t.next[CLIENT];
	const struct row_view *f;

	lose(&t, CLIENT, "a\n");
	say(&t, CLIENT, "b\n");
	say(&t, CLIENT, "c\n");
	segment_at(&t, CLIENT, TCP_ACK, hole, STR("a\n"));
	segment_at(&t, CLIENT, TCP_ACK, hole, STR("a\n"));
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_messages), 4);
	assert_int_equal(row_u64(f, flow_payload_packets), 4);
	rig_free(r);
}

/* finished() may complete one. */
TEST(a_message_may_end_with_its_side)
{
	struct rig *r = rig_toys();
	struct talk t = begun(r);
	const struct row_view *f;

	talk_close(&t);
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_messages), 3);
	rig_free(r);
}

/* Those of the next protocol come on top. */
TEST(messages_are_counted_through_a_change_of_protocol)
{
	struct rig *r = rig_toys();
	struct talk t = begun(r);
	const struct row_view *f;

	say(&t, CLIENT, "plain\n");
	say(&t, CLIENT, "toy\na\n");
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_messages), 3);
	rig_free(r);
}

TEST_MAIN
