/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/1.0 and 1.1 dissector: one record for each exchange. It walks the heads and the framing
 * of both sides and lets content pass uncounted by itself (DISSECT_SKIP); it keeps its place over
 * holes in content, and finds it again behind holes elsewhere. What does not look like HTTP between
 * two messages ends the stream: guessing would pair what does not belong together.
 */
#include "dissect/http1/exchange.h"

/* The head being read. 8 KiB are too much for a stream's state and are never kept over a call; the
 * process has one thread, so that one for all streams is enough. */
static struct http1_head scratch;

/* What is open stays as far as it came. */
static bool reject(struct dissect_visit *v)
{
	for (struct dissect_tx *tx = v->s->first; tx; tx = tx->next)
		ex_set(tx, EX_TORN);
	while (v->s->first)
		http1_exchange_end(v->s, v->s->first);
	return dissect_answer(v, DISSECT_REJECT);
}

/* ---- Heads ----------------------------------------------------------------------------------- */

static bool step_request(struct dissect_visit *v, struct str raw)
{
	struct dissect_tx *tx;

	if (http1_exchange_request(v->s, &scratch, &tx) < 0)
		return reject(v);
	if (tx) {
		http1_fields_request(tx, &scratch, raw);
		http1_look_request(v->s, tx);
	}
	/* The answer to a request to change protocols may come early only in a capture that has the
	 * two directions in the wrong order; then it was acted on already. */
	v->h->hold = (scratch.has_upgrade || str_eq(scratch.method, STR("CONNECT"))) &&
		     !(tx && ex_has(tx, EX_ANSWERED));
	v->h->tx = tx;
	v->h->phase = PHASE_BODY;
	http1_body_init(&v->h->body, http1_framing(&scratch, STR("")), scratch.content_length);
	return true;
}

/* The values of all fields of a name, as one list (RFC 9110 §5.3), as far as a detail goes. */
static struct str field_values(const struct http1_head *head, struct str name,
			       char to[DISSECT_DETAIL_MAX])
{
	size_t n = 0;

	for (unsigned i = 0; i < head->fields; i++) {
		struct str value = str_head(head->field[i].value, DISSECT_DETAIL_MAX - n);

		if (!str_eq_nocase(head->field[i].name, name) || value.n == 0)
			continue;
		memcpy(to + n, value.p, value.n);
		n += value.n;
		if (n < DISSECT_DETAIL_MAX)
			to[n++] = ',';
	}
	return (struct str){ to, n };
}

/* What the head in scratch changed the protocol to, and how that was agreed on. */
static void hand_over(struct dissect_stream *s)
{
	struct str token = http_media_part(scratch.upgrade);
	struct str detail = STR("");
	char values[DISSECT_DETAIL_MAX];

	if (scratch.status != 101)
		return;
	if (str_eq_nocase(token, STR("websocket")))
		detail = field_values(&scratch, STR("Sec-WebSocket-Extensions"), values);
	dissect_hand_over(s, token, detail);
}

/* From here on both sides speak another protocol. */
static bool enter_tunnel(struct dissect_visit *v, struct dissect_tx *tx)
{
	v->c->half[FROM_CLIENT].phase = PHASE_TUNNEL;
	v->c->half[FROM_SERVER].phase = PHASE_TUNNEL;
	if (tx) {
		v->h->tx = tx;
		http1_exchange_part_over(v->s, FROM_SERVER);
	}
	while (v->s->first)
		http1_exchange_end(v->s, v->s->first);
	v->s->messages++;
	hand_over(v->s);
	return dissect_answer(v, DISSECT_SWITCH);
}

static void release_hold(struct half *client)
{
	client->hold = false;
	if (client->phase == PHASE_HOLD)
		client->phase = PHASE_HEAD;
}

static bool step_response(struct dissect_visit *v, struct str raw)
{
	bool interim = scratch.status / 100 == 1 && scratch.status != 101;
	struct str method;
	struct dissect_tx *tx = http1_exchange_response(v->s, interim, &method);
	enum http1_framing framing = http1_framing(&scratch, method);

	if (interim) {
		v->s->messages++;
		if (tx)
			http1_fields_interim(tx, &scratch);
		return true;
	}
	if (tx) {
		http1_fields_response(tx, &scratch, raw, framing);
		if (ex_has(tx, EX_ASKED_ALL) && !ex_has(tx, EX_TORN) &&
		    v->s->at_ns >= tx->marked_ns)
			row_put_dur(tx->row, http_latency, v->s->at_ns - tx->marked_ns);
		http1_look_response(v->s, tx);
	}
	http1_body_init(&v->h->body, framing, scratch.content_length);
	if (framing == HTTP1_TUNNEL)
		return enter_tunnel(v, tx);
	release_hold(&v->c->half[FROM_CLIENT]);
	v->h->tx = tx;
	v->h->phase = PHASE_BODY;
	return true;
}

/* Tells early, from the first bytes of a head, that it will never be one: what is refused here
 * http1_head_parse() would refuse too. */
static bool is_hopeless(enum dissect_side side, struct str in)
{
	static const struct str protocol = { "HTTP/", 5 };
	size_t n = 0, whole = in.n;

	while (str_starts(in, STR("\n")) || str_starts(in, STR("\r\n"))) {
		in = str_skip(in, in.p[0] == '\n' ? 1 : 2);
		if (whole - in.n > HTTP1_EMPTY_MAX)
			return true;
	}
	if (in.n == 0 || str_eq(in, STR("\r")))
		return false;
	if (side == FROM_SERVER) {
		n = size_min(in.n, protocol.n);
		return !str_eq_nocase(str_head(in, n), str_head(protocol, n));
	}
	while (n < in.n && n <= HTTP1_METHOD_MAX && http1_is_token((struct str){ in.p + n, 1 }))
		n++;
	if (n == in.n)
		return n > HTTP1_METHOD_MAX;
	return n == 0 || n > HTTP1_METHOD_MAX || (in.p[n] != ' ' && in.p[n] != '\t');
}

/* The head in scratch is of HTTP/2 or of a later one: its preface, or nonsense. */
static bool is_other_major(struct str raw)
{
	return scratch.version == 9 && http1_looks_like_request(raw) < 1 &&
	       http1_looks_like_response(raw) < 1;
}

static bool step_head(struct dissect_visit *v)
{
	bool response = v->side == FROM_SERVER;
	struct str raw;
	ptrdiff_t n;

	if (v->in.n == 0)
		return dissect_answer(v, DISSECT_MORE);
	n = http1_head_end(v->in, &v->h->head_seen);
	if (n == 0 && !is_hopeless(v->side, v->in))
		return dissect_answer(v, DISSECT_MORE);
	if (n <= 0)
		return reject(v);
	raw = str_head(v->in, (size_t)n);
	if (http1_head_parse(raw, response, &scratch) < 0 || is_other_major(raw))
		return reject(v);
	v->h->head_seen = 0;
	v->h->phase = PHASE_HEAD;
	dissect_use(v, raw.n);
	return response ? step_response(v, raw) : step_request(v, raw);
}

/* ---- Bodies ---------------------------------------------------------------------------------- */

static void message_over(struct dissect_stream *s, enum dissect_side side)
{
	struct half *h = &connection_of(s)->half[side];

	h->phase = h->hold ? PHASE_HOLD : PHASE_HEAD;
	h->hold = false;
	http1_exchange_part_over(s, side);
}

/* Content goes by, unless something in it is looked for. */
static bool step_content(struct dissect_visit *v)
{
	uint64_t left = v->h->body.left, skippable = http1_look_skippable(v->h->tx, v->side);
	struct str in = left < v->in.n ? str_head(v->in, (size_t)left) : v->in;

	if (skippable > 0) {
		v->skip = left < skippable ? left : skippable;
		return dissect_answer(v, DISSECT_SKIP);
	}
	if (in.n == 0)
		return dissect_answer(v, DISSECT_MORE);
	http1_look_feed(v->h->tx, v->side, in);
	http1_body_skip(&v->h->body, in.n);
	dissect_use(v, in.n);
	return true;
}

static bool step_body(struct dissect_visit *v)
{
	size_t n = 0;
	enum http1_body_answer a = http1_body_next(&v->h->body, v->in, &n);

	dissect_use(v, n);
	switch (a) {
	case HTTP1_BODY_MORE:
		return dissect_answer(v, DISSECT_MORE);
	case HTTP1_BODY_CONTENT:
		return step_content(v);
	case HTTP1_BODY_END:
		v->s->messages++;
		message_over(v->s, v->side);
		return true;
	case HTTP1_BODY_BAD:
		break;
	}
	return reject(v);
}

static void http1_skipped(struct dissect_stream *s, enum dissect_side side, uint64_t n,
			  uint64_t missing)
{
	struct half *h = &connection_of(s)->half[side];

	if (h->phase != PHASE_BODY)
		return; /* the body ended with a FIN, and more came behind it */
	http1_body_skip(&h->body, n);
	if (h->tx)
		http1_look_skip(h->tx, side, n);
	if (missing && h->tx)
		ex_set(h->tx, EX_TORN);
	if (h->body.framing == HTTP1_LENGTH && h->body.left == 0) {
		s->messages += missing == 0;
		message_over(s, side);
	}
}

/* ---- Finding the place again ----------------------------------------------------------------- */

static bool step_resync(struct dissect_visit *v)
{
	bool found = false;
	size_t n;

	if (v->in.n == 0)
		return dissect_answer(v, DISSECT_MORE);
	n = v->side == FROM_CLIENT
		    ? http1_find_request(v->in, v->h->line_start, &v->h->head_seen, &found)
		    : http1_find_response(v->in, &found);
	if (n > 0)
		v->h->line_start = v->in.p[n - 1] == '\n';
	dissect_use(v, n);
	if (!found)
		return dissect_answer(v, DISSECT_MORE);
	v->h->phase = PHASE_HEAD;
	v->h->head_seen = 0;
	return true;
}

static void resync(struct half *h)
{
	h->phase = PHASE_RESYNC;
	h->head_seen = 0;
	h->line_start = true; /* what is behind a hole may well be the beginning of a segment */
	h->hold = false;
}

/* A hole in content that was to be read: the place behind the content is known, as it is when it is
 * skipped. Answers how much of the hole is beyond it. */
static uint64_t gap_in_content(struct dissect_stream *s, enum dissect_side side, uint64_t bytes)
{
	struct half *h = &connection_of(s)->half[side];
	uint64_t n = bytes < h->body.left ? bytes : h->body.left;

	if (h->phase != PHASE_BODY || !h->tx || http1_look_skippable(h->tx, side) > 0)
		return bytes;
	ex_set(h->tx, EX_TORN);
	http1_look_torn(h->tx, side);
	http1_body_skip(&h->body, n);
	if (h->body.framing == HTTP1_LENGTH && h->body.left == 0)
		message_over(s, side);
	return bytes - n;
}

static enum verdict http1_gap(struct dissect_stream *s, enum dissect_side side, uint64_t bytes)
{
	struct connection *c = connection_of(s);

	if (c->half[side].phase == PHASE_TUNNEL || gap_in_content(s, side, bytes) == 0)
		return DISSECT_MORE;
	http1_exchange_part_torn(s, side);
	if (side == FROM_CLIENT) {
		c->client_hole = true;
		http1_exchange_stop_waiting(s);
	} else {
		c->server_hole = true;
	}
	resync(&c->half[side]);
	return DISSECT_MORE;
}

/* ---- The dissector --------------------------------------------------------------------------- */

static bool step(struct dissect_visit *v)
{
	switch (v->h->phase) {
	case PHASE_START:
		if (v->s->from_start)
			v->h->phase = PHASE_HEAD;
		else
			resync(v->h);
		return true;
	case PHASE_HEAD:
		return step_head(v);
	case PHASE_BODY:
		return step_body(v);
	case PHASE_HOLD:
		return dissect_answer(v, DISSECT_MORE);
	case PHASE_RESYNC:
		return step_resync(v);
	case PHASE_TUNNEL:
		return dissect_answer(v, DISSECT_SWITCH);
	}
	return reject(v);
}

static enum verdict http1_feed(struct dissect_stream *s, enum dissect_side side, struct str in,
			       size_t *used, uint64_t *skip)
{
	struct connection *c = connection_of(s);
	struct dissect_visit v = { .s = s, .c = c, .h = &c->half[side], .side = side, .in = in };

	while (step(&v))
		;
	*used = v.used;
	*skip = v.skip;
	return v.verdict;
}

static enum dissect_probe http1_probe(struct str in)
{
	int request = http1_looks_like_request(in), response = http1_looks_like_response(in);

	if (request > 0)
		return PROBE_FROM_CLIENT;
	if (response > 0)
		return PROBE_FROM_SERVER;
	return request == 0 || response == 0 ? PROBE_MORE : PROBE_NO;
}

/* The end of the server's bytes is the end of a body that has no other. */
static void http1_finished(struct dissect_stream *s, enum dissect_side side)
{
	const struct half *h = &connection_of(s)->half[side];

	if (h->phase == PHASE_BODY && h->body.framing == HTTP1_UNTIL_CLOSE) {
		s->messages++;
		message_over(s, side);
	}
}

static void http1_close(struct dissect_stream *s)
{
	while (s->first)
		http1_exchange_end(s, s->first);
}

extern const struct dissector http1_dissector;
const struct dissector http1_dissector = {
	.name = "http1",
	.ports = { 80, 8080, 8000, 8081, 3128, 8888, 3000 },
	.state_bytes = sizeof(struct connection),
	.window_bytes = DISSECT_WINDOW_MAX,
	.probe = http1_probe,
	.feed = http1_feed,
	.skipped = http1_skipped,
	.gap = http1_gap,
	.finished = http1_finished,
	.close = http1_close,
};
