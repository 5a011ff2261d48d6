/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams: the bytes of a flow in order, on their way to a dissector, and the memory that one has
 * for a flow. What a dissector could not use yet waits in a window of one of three sizes; bodies
 * are skipped without being touched. A stream that is not understood, or of which all was told, is
 * only counted from there on, and its flow goes on.
 */
#include "flow/flow_int.h"

/* ---- Windows ---- */

static void window_release(struct flow_engine *e, struct window *w)
{
	if (w->size)
		pool_put(&e->windows[w->size - 1], w->p);
	*w = (struct window){ 0 };
}

static size_t window_room(const struct flow_engine *e, const struct window *w)
{
	return w->size ? e->windows[w->size - 1].block_bytes : 0;
}

static struct str window_bytes(const struct window *w)
{
	return (struct str){ (const char *)w->p + w->at, w->len };
}

/* Makes room for n bytes in all, by moving to a larger size, or else to the next one there is. */
static void window_grow(struct flow_engine *e, struct window *w, size_t n)
{
	for (unsigned size = w->size; size < WINDOW_SIZES; size++) {
		uint8_t *p;

		if (e->windows[size].block_bytes < n)
			continue;
		p = pool_get(&e->windows[size]);
		if (!p)
			continue;
		if (w->len)
			memcpy(p, w->p + w->at, w->len);
		if (w->size)
			pool_put(&e->windows[w->size - 1], w->p);
		w->p = p;
		w->at = 0;
		w->size = (uint8_t)(size + 1);
		return;
	}
}

/* Takes bytes from the front of *bytes into the window, as many as may wait there. */
static void window_append(struct flow_engine *e, struct window *w, struct str *bytes, size_t limit)
{
	size_t want = size_min(w->len + bytes->n, limit), room, n;

	if (want <= w->len)
		return;
	if (want > window_room(e, w))
		window_grow(e, w, want);
	room = window_room(e, w);
	n = size_min(want, room) - w->len;
	if (n == 0 || !bytes->p)
		return;
	if (w->at + w->len + n > room) {
		memmove(w->p, w->p + w->at, w->len);
		w->at = 0;
	}
	memcpy(w->p + w->at + w->len, bytes->p, n);
	w->len += (uint32_t)n;
	*bytes = str_skip(*bytes, n);
}

/* What follows stays where it is: a window may hold many messages. */
static void window_drop(struct flow_engine *e, struct window *w, size_t n)
{
	w->at += (uint32_t)n;
	w->len -= (uint32_t)n;
	if (w->len == 0)
		window_release(e, w);
}

/* ---- Opening, ending ---- */

/* Where there is none left, others give theirs: a flood must not keep connections from being read.
 */
static struct stream *stream_take(struct flow_engine *e)
{
	struct stream *s = pool_get(&e->streams);

	if (likely(s))
		return s;
	e->counters->v[COUNTER_TX_SHED]++;
	return room_make(e, 1) ? pool_get(&e->streams) : NULL;
}

struct stream *stream_open(struct flow_engine *e, struct flow *f)
{
	struct stream *s = stream_take(e);

	if (!s)
		return NULL;
	memset(s, 0, offsetof(struct stream, heap));
	heap_init(&s->heap, (struct pool *[]){ &e->windows[0], &e->windows[1], &e->windows[2] },
		  DISSECT_HEAP_MAX);
	s->ds.ops = &tx_ops;
	s->ds.state = s->state;
	s->ds.heap = &s->heap;
	s->engine = e;
	s->flow = f;
	f->stream = s;
	room_add(e, s);
	return s;
}

void stream_set_dissector(struct stream *s, const struct dissector *d)
{
	struct flow *f = s->flow;

	memset(s->state, 0, d->state_bytes);
	s->dissector = d;
	f->protocol = d;
	s->ds.src_port = f->key.port[f->client];
	s->ds.dst_port = f->key.port[!f->client];
	s->ds.from_start = f->at_start;
}

void stream_count_messages(struct stream *s)
{
	s->flow->messages += s->ds.messages - s->told;
	s->told = s->ds.messages;
}

/* Ends what the dissector had; the stream may be recognised anew. */
static void dissector_end(struct stream *s)
{
	if (s->dissector && s->dissector->close)
		s->dissector->close(&s->ds);
	while (s->ds.first)
		dissect_tx_discard(&s->ds, s->ds.first);
	if (s->heap.bytes)
		heap_done(&s->heap);
	s->ds.handed = STR("");
	s->skip[0] = s->skip[1] = 0;
	s->dissector = NULL;
	s->moved = false;
}

void stream_free(struct flow_engine *e, struct flow *f)
{
	struct stream *s = f->stream;

	dissector_end(s);
	window_release(e, &s->window[0]);
	window_release(e, &s->window[1]);
	if (e->hand_over.from == s)
		e->hand_over.from = NULL;
	room_remove(e, s);
	pool_put(&e->streams, s);
	f->stream = NULL;
}

void stream_close(struct flow_engine *e, struct flow *f)
{
	if (!f->stream)
		return;
	f->stream->ds.at_ns = f->last_ns;
	stream_free(e, f);
	f->stream_done = true;
}

static void stream_reject(struct flow_engine *e, struct flow *f)
{
	e->counters->v[COUNTER_PARSE_REJECTED]++;
	stream_close(e, f);
}

/* ---- Recognising ---- */

/* Each side has its own limit: who is in a long body says nothing of who will ask next. */
static bool given_up(const struct flow *f, unsigned end)
{
	return f->probes[end] >= (f->syn_seen ? PROBES_FROM_START : PROBES_MIDSTREAM);
}

/* The stream waits for nothing then, and its memory serves others. */
static void not_recognised(struct flow_engine *e, struct flow *f, unsigned end)
{
	f->at_start = false;
	f->probes[end]++;
	f->stream_done = given_up(f, 0) && given_up(f, 1);
	if (!f->stream)
		return;
	window_release(e, &f->stream->window[end]);
	if (f->stream_done || f->stream->window[!end].len == 0)
		stream_free(e, f);
}

/* Looks at what came; true when a dissector is there now and wants it, or when what had waited is
 * nobody's and what came is to be looked at by itself: a proxy's greeting may stand before it. */
static bool stream_probe(struct flow_engine *e, struct flow *f, unsigned end, struct str *bytes)
{
	struct window *w = f->stream ? &f->stream->window[end] : NULL;
	bool waiting = w && w->len;
	enum dissect_probe answer;
	const struct dissector *d;
	struct str in, came = *bytes;

	if (given_up(f, end))
		return false;
	if (waiting)
		window_append(e, w, bytes, DISSECT_WINDOW_MAX);
	in = waiting ? window_bytes(w) : *bytes;
	if (in.n == 0)
		return false;
	d = recognise_stream(e, f, in, &answer);
	if (answer != PROBE_NO && !f->stream && !stream_open(e, f)) {
		not_recognised(e, f, end);
		return false;
	}
	if (d) {
		assert(f->stream);
		f->client = (uint8_t)(answer == PROBE_FROM_CLIENT ? end : !end);
		stream_set_dissector(f->stream, d);
		return true;
	}
	if (answer == PROBE_MORE && !waiting)
		window_append(e, &f->stream->window[end], bytes, DISSECT_WINDOW_MAX);
	if (answer == PROBE_MORE && bytes->n)
		e->counters->v[COUNTER_TX_SHED]++;
	if (answer == PROBE_NO || bytes->n)
		not_recognised(e, f, end);
	*bytes = came;
	return answer == PROBE_NO && waiting && came.n;
}

/* ---- Feeding ---- */

static void skip_bytes(struct stream *s, unsigned end, uint64_t n, uint64_t missing)
{
	if (s->skip[end] != UINT64_MAX)
		s->skip[end] -= n;
	s->dissector->skipped(&s->ds, side_of(s->flow, end), n, missing);
	stream_count_messages(s);
}

/* Passes over what is to be skipped, first in the window, then in *bytes. */
static void feed_skip(struct stream *s, unsigned end, struct str *bytes)
{
	struct window *w = &s->window[end];
	uint64_t skip = s->skip[end];
	size_t n = w->len ? w->len : bytes->n;

	if (n > skip)
		n = (size_t)skip;
	if (w->len)
		window_drop(s->engine, w, n);
	else
		*bytes = str_skip(*bytes, n);
	skip_bytes(s, end, n, 0);
}

/* There is no memory for what should wait: to the dissector that is a hole. */
static void shed(struct stream *s, unsigned end, struct str *bytes)
{
	uint64_t n = s->window[end].len + bytes->n;

	s->engine->counters->v[COUNTER_TX_SHED]++;
	*bytes = str_skip(*bytes, bytes->n);
	stream_gap(s->engine, s->flow, end, n, s->ds.at_ns);
}

/* What was not used waits; false when it cannot, or when nothing can come of it. */
static bool feed_more(struct stream *s, unsigned end, struct str *bytes, bool direct, size_t used)
{
	struct window *w = &s->window[end];
	size_t limit = s->dissector->window_bytes;

	if (direct)
		window_append(s->engine, w, bytes, limit);
	else if (bytes->n && used)
		return true;
	if (bytes->n && w->len >= limit)
		stream_reject(s->engine, s->flow);
	else if (bytes->n)
		shed(s, end, bytes);
	return false;
}

/* The one that was named goes on, with what was said about it; not without. */
static bool take_over(struct stream *s, const struct dissector *d)
{
	const struct hand_over *h = &s->engine->hand_over;
	char *detail = NULL;

	if (h->n) {
		detail = heap_alloc(&s->heap, h->n);
		if (!detail) {
			s->engine->counters->v[COUNTER_TX_SHED]++;
			stream_close(s->engine, s->flow);
			return false;
		}
		memcpy(detail, h->detail, h->n);
	}
	stream_set_dissector(s, d);
	s->ds.handed = (struct str){ detail, h->n };
	return true;
}

/* Both ways go on as a new stream. Who has used nothing since it was recognised would be recognised
 * and switch for ever. */
static bool stream_switch(struct flow_engine *e, struct flow *f)
{
	struct stream *s = f->stream;
	const struct dissector *next = e->hand_over.from == s ? e->hand_over.to : NULL;

	if (!s->moved) {
		stream_reject(e, f);
		return false;
	}
	dissector_end(s);
	f->probes[0] = f->probes[1] = 0;
	f->at_start = true;
	e->hand_over.from = NULL;
	return next ? take_over(s, next) : true;
}

/* One call of the dissector; true when another may follow at once. */
static bool stream_feed(struct flow_engine *e, struct flow *f, unsigned end, struct str *bytes)
{
	struct stream *s = f->stream;
	struct window *w = &s->window[end];
	bool direct = w->len == 0;
	uint64_t skip = 0;
	size_t used = 0;
	enum verdict v;
	struct str in;

	if (s->skip[end]) {
		if (direct && bytes->n == 0)
			return false;
		feed_skip(s, end, bytes);
		return f->stream != NULL;
	}
	if (!direct)
		window_append(e, w, bytes, s->dissector->window_bytes);
	in = direct ? *bytes : window_bytes(w);
	if (in.n == 0)
		return false;
	v = s->dissector->feed(&s->ds, side_of(f, end), in, &used, &skip);
	assert(used <= in.n);
	stream_count_messages(s);
	s->moved |= used > 0;
	if (direct)
		*bytes = str_skip(*bytes, used);
	else
		window_drop(e, w, used);
	switch (v) {
	case DISSECT_MORE:
		return feed_more(s, end, bytes, direct, used);
	case DISSECT_SKIP:
		assert(skip > 0);
		s->skip[end] = skip;
		return true;
	case DISSECT_SWITCH:
		return stream_switch(e, f);
	case DISSECT_REJECT:
		stream_reject(e, f);
		return false;
	case DISSECT_DONE:
		stream_close(e, f);
		return false;
	}
	return false;
}

/* All that can be done with bytes of one side; true when a dissector was asked about them. */
static bool feed_side(struct flow_engine *e, struct flow *f, unsigned end, struct str bytes,
		      int64_t at_ns)
{
	bool again = true, asked = false;

	while (again && !f->stream_done) {
		struct stream *s = f->stream;

		if (s)
			s->ds.at_ns = at_ns;
		if (!s || !s->dissector) {
			again = stream_probe(e, f, end, &bytes);
			continue;
		}
		asked |= s->skip[end] == 0;
		again = stream_feed(e, f, end, &bytes);
	}
	return asked;
}

void stream_data(struct flow_engine *e, struct flow *f, unsigned end, struct str bytes,
		 int64_t at_ns)
{
	bool asked = feed_side(e, f, end, bytes, at_ns);

	/* What the other side said may have waited for this. */
	if (asked && f->stream && f->stream->window[!end].len)
		(void)feed_side(e, f, !end, STR(""), at_ns);
}

static void tell_gap(struct stream *s, unsigned end, uint64_t bytes)
{
	enum verdict v = s->dissector->gap(&s->ds, side_of(s->flow, end), bytes);

	stream_count_messages(s);
	if (v == DISSECT_REJECT)
		stream_reject(s->engine, s->flow);
	else if (v == DISSECT_DONE)
		stream_close(s->engine, s->flow);
}

void stream_gap(struct flow_engine *e, struct flow *f, unsigned end, uint64_t bytes, int64_t at_ns)
{
	struct stream *s = f->stream;

	if (!s || !s->dissector)
		f->at_start = false;
	if (!s)
		return;
	s->ds.at_ns = at_ns;
	window_release(e, &s->window[end]);
	if (!s->dissector)
		return;
	if (s->skip[end]) {
		uint64_t n = bytes < s->skip[end] ? bytes : s->skip[end];

		skip_bytes(s, end, n, n);
		bytes -= n;
	}
	if (bytes)
		tell_gap(s, end, bytes);
}

void stream_side_finished(struct flow *f, unsigned end)
{
	struct stream *s = f->stream;

	if (!s || !s->dissector)
		return;
	s->ds.at_ns = f->last_ns;
	s->dissector->finished(&s->ds, side_of(f, end));
	stream_count_messages(s);
}
