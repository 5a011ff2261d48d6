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

/* One call of feed(). */
struct visit {
	struct dissect_stream *s;
	struct connection *c;
	struct half *h;
	enum dissect_side side;
	struct str in; /* what is not used yet */
	size_t used;
	uint64_t skip;
	enum verdict verdict;
};

/* Each step answers whether another may follow. */
static bool answer(struct visit *v, enum verdict verdict)
{
	v->verdict = verdict;
	return false;
}

static void use(struct visit *v, size_t n)
{
	v->used += n;
	v->in = str_skip(v->in, n);
}

/* What is open stays as far as it came. */
static bool reject(struct visit *v)
{
	for (struct dissect_tx *tx = v->s->first; tx; tx = tx->next)
		ex_set(tx, EX_TORN);
	while (v->s->first)
		exchange_end(v->s, v->s->first);
	return answer(v, DISSECT_REJECT);
}

/* ---- Heads ----------------------------------------------------------------------------------- */

static bool step_request(struct visit *v, struct str raw)
{
	struct dissect_tx *tx;

	if (exchange_request(v->s, &scratch, &tx) < 0)
		return reject(v);
	if (tx)
		fields_request(tx, &scratch, raw);
	/* The answer to a request to change protocols may come early only in a capture that has the
	 * two directions in the wrong order; then it was acted on already. */
	v->h->hold = (scratch.has_upgrade || str_eq(scratch.method, STR("CONNECT"))) &&
		     !(tx && ex_has(tx, EX_ANSWERED));
	v->h->tx = tx;
	v->h->phase = PHASE_BODY;
	http1_body_init(&v->h->body, http1_framing(&scratch, STR("")), scratch.content_length);
	return true;
}

/* From here on both sides speak another protocol. */
static bool enter_tunnel(struct visit *v, struct dissect_tx *tx)
{
	v->c->half[FROM_CLIENT].phase = PHASE_TUNNEL;
	v->c->half[FROM_SERVER].phase = PHASE_TUNNEL;
	if (tx) {
		v->h->tx = tx;
		exchange_part_over(v->s, FROM_SERVER);
	}
	while (v->s->first)
		exchange_end(v->s, v->s->first);
	return answer(v, DISSECT_SWITCH);
}

static void release_hold(struct half *client)
{
	client->hold = false;
	if (client->phase == PHASE_HOLD)
		client->phase = PHASE_HEAD;
}

static bool step_response(struct visit *v, struct str raw)
{
	bool interim = scratch.status / 100 == 1 && scratch.status != 101;
	struct str method;
	struct dissect_tx *tx = exchange_response(v->s, interim, &method);
	enum http1_framing framing = http1_framing(&scratch, method);

	if (interim) {
		if (tx)
			fields_interim(tx, &scratch);
		return true;
	}
	if (tx) {
		fields_response(tx, &scratch, raw, framing);
		if (ex_has(tx, EX_ASKED_ALL) && !ex_has(tx, EX_TORN) &&
		    v->s->at_ns >= tx->marked_ns)
			row_put_dur(tx->row, http_latency, v->s->at_ns - tx->marked_ns);
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

static bool step_head(struct visit *v)
{
	bool response = v->side == FROM_SERVER;
	struct str raw;
	ptrdiff_t n;

	if (v->in.n == 0)
		return answer(v, DISSECT_MORE);
	n = http1_head_end(v->in, &v->h->head_seen);
	if (n == 0 && !is_hopeless(v->side, v->in))
		return answer(v, DISSECT_MORE);
	if (n <= 0)
		return reject(v);
	raw = str_head(v->in, (size_t)n);
	if (http1_head_parse(raw, response, &scratch) < 0 || is_other_major(raw))
		return reject(v);
	v->h->head_seen = 0;
	v->h->phase = PHASE_HEAD;
	use(v, raw.n);
	return response ? step_response(v, raw) : step_request(v, raw);
}

/* ---- Bodies ---------------------------------------------------------------------------------- */

static void message_over(struct dissect_stream *s, enum dissect_side side)
{
	struct half *h = &connection_of(s)->half[side];

	h->phase = h->hold ? PHASE_HOLD : PHASE_HEAD;
	h->hold = false;
	exchange_part_over(s, side);
}

static bool step_body(struct visit *v)
{
	size_t n = 0;
	enum http1_body_answer a = http1_body_next(&v->h->body, v->in, &n);

	use(v, n);
	switch (a) {
	case HTTP1_BODY_MORE:
		return answer(v, DISSECT_MORE);
	case HTTP1_BODY_CONTENT:
		v->skip = v->h->body.left;
		return answer(v, DISSECT_SKIP);
	case HTTP1_BODY_END:
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
	if (missing && h->tx)
		ex_set(h->tx, EX_TORN);
	if (h->body.framing == HTTP1_LENGTH && h->body.left == 0)
		message_over(s, side);
}

/* ---- Finding the place again ----------------------------------------------------------------- */

/* A response may begin behind a body that ends without a line end; "HTTP/1.x NNN" is telling enough
 * to be looked for everywhere. Answers where it begins, or may begin, and *found. */
static size_t find_response(struct str in, bool *found)
{
	static const char pattern[] = "HTTP/1.d ddd";
	const char *p = in.p, *end = in.p + in.n;

	for (; (p = memchr(p, 'H', (size_t)(end - p))); p++) {
		size_t i = 0;

		while (i < sizeof(pattern) - 1 && p + i < end &&
		       (pattern[i] == 'd' ? p[i] >= '0' && p[i] <= '9' : p[i] == pattern[i]))
			i++;
		*found = i == sizeof(pattern) - 1;
		if (*found || p + i == end)
			return (size_t)(p - in.p);
	}
	return in.n;
}

/* Limit: a target behind a hole. */
#define RESYNC_TARGET_MAX (16 * KIB)

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* http1_looks_like_request() for a place that is only guessed: a target with blanks in it is more
 * likely to be somebody's text, and text must not be taken for a path. So the next blank decides,
 * and no byte is looked at for two places. Up to *seen it is known that none comes. */
static int begins_request(struct str in, size_t *seen)
{
	static const struct str version = { "HTTP/1.", 7 };
	size_t n = 0, at;
	struct str rest;

	while (n < in.n && n <= HTTP1_METHOD_MAX && http1_is_token((struct str){ in.p + n, 1 }))
		n++;
	if (n == in.n && n <= HTTP1_METHOD_MAX)
		return 0;
	if (n == 0 || n > HTTP1_METHOD_MAX || !is_blank(in.p[n]))
		return -1;
	for (at = *seen > n ? *seen : n + 1; at < in.n && at < RESYNC_TARGET_MAX; at++)
		if ((uint8_t)in.p[at] <= ' ' || in.p[at] == 0x7f)
			break;
	*seen = at;
	if (at == RESYNC_TARGET_MAX || (at < in.n && (at == n + 1 || !is_blank(in.p[at]))))
		return -1;
	rest = str_head(str_skip(in, at + 1), version.n);
	return !str_starts(version, rest) ? -1 : rest.n == version.n;
}

/* The same for the methods and targets that are common. */
static int begins_usual_request(struct str in, size_t *seen)
{
	static const struct str usual[] = {
		{ "GET /", 5 },    { "POST /", 6 },  { "PUT /", 5 },     { "HEAD /", 6 },
		{ "DELETE /", 8 }, { "PATCH /", 7 }, { "OPTIONS /", 9 },
	};

	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		if (str_starts(in, usual[i]))
			return begins_request(in, seen);
		if (str_starts(usual[i], in))
			return 0;
	}
	return -1;
}

/* At the beginning of a line any request is found; within a line, where it stands behind a body
 * that ends without a line end, a usual one. *seen is of the one that it answers, for which more
 * bytes are needed, and is given back with them. */
static size_t find_request(struct str in, bool line_start, size_t *seen, bool *found)
{
	for (size_t at = 0; at < in.n; at++) {
		struct str rest = str_skip(in, at);
		bool line_end = rest.p[0] == '\r' || rest.p[0] == '\n';
		int r = -1;

		if (line_start && !line_end)
			r = begins_request(rest, seen);
		else if (rest.p[0] >= 'D' && rest.p[0] <= 'P')
			r = begins_usual_request(rest, seen);
		*found = r > 0;
		if (r >= 0)
			return at;
		*seen = 0;
		line_start = rest.p[0] == '\n';
	}
	return in.n;
}

static bool step_resync(struct visit *v)
{
	bool found = false;
	size_t n;

	if (v->in.n == 0)
		return answer(v, DISSECT_MORE);
	n = v->side == FROM_CLIENT ? find_request(v->in, v->h->line_start, &v->h->head_seen, &found)
				   : find_response(v->in, &found);
	if (n > 0)
		v->h->line_start = v->in.p[n - 1] == '\n';
	use(v, n);
	if (!found)
		return answer(v, DISSECT_MORE);
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

static enum verdict http1_gap(struct dissect_stream *s, enum dissect_side side,
			      [[maybe_unused]] uint64_t bytes)
{
	struct connection *c = connection_of(s);

	if (c->half[side].phase == PHASE_TUNNEL)
		return DISSECT_MORE;
	exchange_part_torn(s, side);
	if (side == FROM_CLIENT) {
		c->client_hole = true;
		exchange_stop_waiting(s);
	} else {
		c->server_hole = true;
	}
	resync(&c->half[side]);
	return DISSECT_MORE;
}

/* ---- The dissector --------------------------------------------------------------------------- */

static bool step(struct visit *v)
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
		return answer(v, DISSECT_MORE);
	case PHASE_RESYNC:
		return step_resync(v);
	case PHASE_TUNNEL:
		return answer(v, DISSECT_SWITCH);
	}
	return reject(v);
}

static enum verdict http1_feed(struct dissect_stream *s, enum dissect_side side, struct str in,
			       size_t *used, uint64_t *skip)
{
	struct connection *c = connection_of(s);
	struct visit v = { .s = s, .c = c, .h = &c->half[side], .side = side, .in = in };

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

	if (h->phase == PHASE_BODY && h->body.framing == HTTP1_UNTIL_CLOSE)
		message_over(s, side);
}

static void http1_close(struct dissect_stream *s)
{
	while (s->first)
		exchange_end(s, s->first);
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
