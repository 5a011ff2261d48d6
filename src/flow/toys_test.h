/* SPDX-License-Identifier: Apache-2.0 */
/*
 * toys: protocols made for the tests of this room, so that what the contract of dissect.h says can
 * be asked for by name. "quiz" speaks datagrams, "toy" and "next" speak streams of lines. Their
 * records are of the kind http, with the text that tells them in http.path.
 */
#ifndef REDOUBT_FLOW_TOYS_TEST_H
#define REDOUBT_FLOW_TOYS_TEST_H

#include "flow/frames_test.h"

static unsigned toy_closed; /* calls of close() so far */

/* A record that says what and nothing else. */
static struct dissect_tx *toy_open(struct dissect_stream *s, struct str what, uint64_t key)
{
	struct dissect_tx *tx = dissect_tx_open(s, record_kind_by_id((uint16_t)KIND_HTTP), key);

	if (tx)
		row_put_str(tx->row, http_path, arena_str(tx->arena, what));
	return tx;
}

static void toy_tell(struct dissect_stream *s, struct str what)
{
	struct dissect_tx *tx = toy_open(s, what, 0);

	if (tx)
		dissect_tx_commit(s, tx);
}

static void toy_close(struct dissect_stream *s)
{
	toy_closed++;
	while (s->first)
		dissect_tx_commit(s, s->first);
}

/* ---- quiz: "?k…" asks, "!k…" answers, key k; "=…" says something; "#…" is no quiz ---------------
 */

struct quiz {
	uint64_t seen; /* datagrams since the state was zero */
};

static enum dissect_probe quiz_probe(struct str in, uint16_t src_port, uint16_t dst_port)
{
	assert_true(src_port && dst_port);
	if (in.n < 2 || !strchr("?!=", in.p[0]))
		return PROBE_NO;
	return in.p[0] == '!' ? PROBE_FROM_SERVER : PROBE_FROM_CLIENT;
}

/* The answer is told with who gave it, and how much of it was missing. */
static void quiz_answer(struct dissect_stream *s, enum dissect_side side, struct str in,
			size_t missing)
{
	struct dissect_tx *tx = dissect_tx_find(s, (uint8_t)in.p[1]);

	s->messages++;
	if (!tx)
		tx = toy_open(s, STR("nobody asked"), 0);
	if (!tx)
		return;
	row_put_u64(tx->row, http_status, missing);
	row_put_bool(tx->row, http_reset_by_server, side == FROM_CLIENT);
	dissect_tx_commit(s, tx);
}

static enum verdict quiz_datagram(struct dissect_stream *s, enum dissect_side side, struct str in,
				  size_t missing)
{
	struct quiz *q = s->state;

	q->seen++;
	if (in.n < 2)
		return DISSECT_REJECT;
	switch (in.p[0]) {
	case '?':
		s->messages++;
		(void)toy_open(s, str_skip(in, 1), (uint8_t)in.p[1]);
		return DISSECT_MORE;
	case '!':
		quiz_answer(s, side, in, missing);
		return DISSECT_MORE;
	case '=':
		s->messages += 2;
		assert_non_null(heap_alloc(s->heap, 100));
		toy_tell(s, q->seen == 1 ? STR("fresh") : STR("not fresh"));
		return str_eq(in, STR("=enough")) ? DISSECT_DONE : DISSECT_MORE;
	default:
		return DISSECT_REJECT;
	}
}

static const struct dissector quiz = {
	.name = "quiz",
	.ports = { 53 },
	.state_bytes = sizeof(struct quiz),
	.close = toy_close,
	.probe_datagram = quiz_probe,
	.datagram = quiz_datagram,
};

/* As quiz, but its state is kept for the next datagram. */
static const struct dissector keeper = {
	.name = "keeper",
	.state_bytes = sizeof(struct quiz),
	.close = toy_close,
	.probe_datagram = quiz_probe,
	.datagram = quiz_datagram,
	.keeps_state = true,
};

/* ---- toy: lines, of which the first is "toy" ----------------------------------------------------
 */

static enum dissect_probe toy_probe(struct str in)
{
	return str_starts(in, STR("toy\n")) ? PROBE_FROM_CLIENT : PROBE_NO;
}

/* "over TOKEN DETAIL", "fill", "done", "body"; any other line is a message and no more. */
static enum verdict toy_line(struct dissect_stream *s, struct str line)
{
	struct str word, token;

	(void)str_cut(&line, ' ', &word);
	if (str_eq(word, STR("over"))) {
		(void)str_cut(&line, ' ', &token);
		dissect_hand_over(s, token, line);
		return DISSECT_SWITCH;
	}
	if (str_eq(word, STR("plain")))
		return DISSECT_SWITCH;
	if (str_eq(word, STR("done"))) {
		(void)toy_open(s, STR("told by close"), 0);
		return DISSECT_DONE;
	}
	if (str_eq(word, STR("fill")))
		while (heap_alloc(s->heap, 4000))
			continue;
	if (str_eq(word, STR("body"))) {
		struct dissect_tx *tx = toy_open(s, STR("/asked"), 0);

		toy_tell(s, dissect_opens_body(s, tx) ? STR("opened") : STR("left"));
		dissect_tx_discard(s, tx);
	}
	s->messages++;
	return DISSECT_MORE;
}

static enum verdict toy_feed(struct dissect_stream *s, enum dissect_side side, struct str in,
			     size_t *used, uint64_t *skip)
{
	enum verdict v = DISSECT_MORE;
	struct str line;
	const char *end;

	(void)side;
	(void)skip;
	while (v == DISSECT_MORE && in.n && (end = memchr(in.p, '\n', in.n))) {
		line = str_head(in, (size_t)(end - in.p));
		in = str_skip(in, line.n + 1);
		*used += line.n + 1;
		v = toy_line(s, line);
	}
	return v;
}

static void toy_skipped(struct dissect_stream *s, enum dissect_side side, uint64_t n,
			uint64_t missing)
{
	(void)s;
	(void)side;
	(void)n;
	(void)missing;
}

static enum verdict toy_gap(struct dissect_stream *s, enum dissect_side side, uint64_t bytes)
{
	(void)s;
	(void)side;
	return bytes == 666 ? DISSECT_DONE : DISSECT_MORE;
}

static void toy_finished(struct dissect_stream *s, enum dissect_side side)
{
	(void)side;
	s->messages++;
}

static const struct dissector toy = {
	.name = "toy",
	.window_bytes = 1024,
	.probe = toy_probe,
	.feed = toy_feed,
	.skipped = toy_skipped,
	.gap = toy_gap,
	.finished = toy_finished,
	.close = toy_close,
};

/* ---- next: is never recognised, only handed over to ---------------------------------------------
 */

/* Tells once what was handed to it, and each line. */
static enum verdict next_feed(struct dissect_stream *s, enum dissect_side side, struct str in,
			      size_t *used, uint64_t *skip)
{
	bool *told = s->state;
	const char *end = memchr(in.p, '\n', in.n);

	(void)side;
	(void)skip;
	if (!end)
		return DISSECT_MORE;
	if (!*told)
		toy_tell(s, s->handed.n ? s->handed : STR("nothing handed"));
	*told = true;
	*used = (size_t)(end - in.p) + 1;
	toy_tell(s, str_head(in, *used - 1));
	return str_starts(in, STR("back")) ? DISSECT_SWITCH : DISSECT_MORE;
}

static const struct dissector next = {
	.name = "next",
	.token = "Next/1",
	.state_bytes = sizeof(bool),
	.window_bytes = 1024,
	.feed = next_feed,
	.skipped = toy_skipped,
	.gap = toy_gap,
	.finished = toy_finished,
	.close = toy_close,
};

/* A folder that was just begun: has its name and nothing else. */
static const struct dissector skeleton = { .name = "skeleton", .token = "skeleton" };

static const struct dissector *const toys[] = { &skeleton, &quiz, &toy, &next };
static const struct dissector *const keepers[] = { &keeper };

[[maybe_unused]] static struct rig *rig_of(const struct flow_conf *conf,
					   const struct dissector *const *list, size_t n)
{
	struct rig *r = rig_with(conf);

	r->e->dissectors = list;
	r->e->dissectors_n = n;
	toy_closed = 0;
	return r;
}

[[maybe_unused]] static struct rig *rig_toys(void)
{
	struct flow_conf conf = small_conf();

	return rig_of(&conf, toys, ARRAY_LEN(toys));
}

[[maybe_unused]] static struct str told(const struct rig *r, size_t i)
{
	return row_text(rig_row(r, KIND_HTTP, i), http_path);
}

#endif
