// SPDX-License-Identifier: Apache-2.0
/*
 * What the server says, in RESP2 and RESP3. A message is walked element by element with a small
 * stack of how many are still to come on each level; texts are stepped over by their lengths. Of
 * the content only the code of an error is read, and the name in front of a message that the server
 * sends of its own accord.
 */
#include "dissect/redis/session.h"

/* Numbers of the choices of redis.response.type. */
enum type {
	TYPE_SIMPLE,
	TYPE_ERROR,
	TYPE_INTEGER,
	TYPE_BULK,
	TYPE_ARRAY,
	TYPE_NULL,
	TYPE_MAP,
	TYPE_SET,
	TYPE_DOUBLE,
	TYPE_BOOLEAN,
	TYPE_BIG_NUMBER,
	TYPE_VERBATIM,
	TYPE_PUSH,
};

/* Limit: bytes of a line that are looked at; a longer one is passed over. */
#define LINE_SEEN ((size_t)40)

static bool reject(struct dissect_visit *v)
{
	return dissect_answer(v, DISSECT_REJECT);
}

static void take(struct dissect_visit *v, size_t n)
{
	v->c->reply.bytes += n;
	dissect_use(v, n);
}

/* ---- The message as a whole ------------------------------------------------------------------ */

/* Its first element, behind attributes. */
static void open_message(struct dissect_visit *v, enum reply_kind kind, enum type type)
{
	struct reply *r = &v->c->reply;

	session_reply(v->s, kind);
	r->open = true;
	/* Of many confirmations the first one tells. */
	if (r->tx && !row_has(r->tx->row, redis_response_type.ref.slot))
		row_put_enum(r->tx->row, redis_response_type, type);
}

static void put_error(struct dissect_visit *v, struct str line)
{
	struct dissect_tx *tx = v->c->reply.tx;
	struct str code = redis_error_code(line);

	if (!tx)
		return;
	if (code.n)
		row_put_str(tx->row, redis_error, code);
	else
		tx_mark(tx, MARK_UNKNOWN_ERROR);
}

static bool message_over(struct dissect_visit *v)
{
	struct reply *r = &v->c->reply;
	bool synced = r->open && r->numbered && v->c->sync_at == v->c->answered + 1 &&
		      !(r->tx && row_has(r->tx->row, redis_error.ref.slot));

	session_replied(v->s);
	r->open = false;
	r->bytes = 0;
	return synced ? dissect_answer(v, DISSECT_DONE) : true;
}

/* ---- Levels ---------------------------------------------------------------------------------- */

static bool has_level(uint16_t set, unsigned level)
{
	return set >> level & 1;
}

/* An element is over, and with it all aggregates whose last one it was. */
static bool element_over(struct dissect_visit *v)
{
	struct reply *r = &v->c->reply;

	r->phase = PHASE_ELEMENT;
	while (r->depth) {
		uint32_t *left = &r->elements[r->depth - 1];

		if (*left == ELEMENTS_STREAMED || --*left > 0)
			return true;
		r->depth--;
		if (!has_level(r->attribute, r->depth))
			continue;
		/* What it is an attribute of follows. */
		r->attribute &= (uint16_t) ~(1u << r->depth);
		if (r->depth == 0)
			r->phase = PHASE_START;
		return true;
	}
	r->phase = PHASE_START;
	return message_over(v);
}

/* `each` elements for each that is counted. */
static bool aggregate(struct dissect_visit *v, char type, const struct number *n, uint32_t each)
{
	struct reply *r = &v->c->reply;
	uint32_t count = n ? (uint32_t)n->value * each : ELEMENTS_STREAMED;

	take(v, n ? n->line : sizeof("*?\r\n") - 1);
	r->phase = PHASE_ELEMENT;
	if (count == 0 && type == '|') {
		r->phase = r->depth ? PHASE_ELEMENT : PHASE_START;
		return true;
	}
	if (count == 0)
		return element_over(v);
	if (r->depth == DEPTH_MAX) {
		tx_mark(r->tx, MARK_NESTED_TOO_DEEP);
		return reject(v);
	}
	if (type == '|')
		r->attribute |= (uint16_t)(1u << r->depth);
	if (type == '$')
		r->text |= (uint16_t)(1u << r->depth);
	r->elements[r->depth++] = count;
	return true;
}

/* The end of an aggregate that did not say how many elements it has. */
static bool close_streamed(struct dissect_visit *v, size_t line)
{
	struct reply *r = &v->c->reply;
	unsigned level = r->depth - 1u;

	take(v, line);
	r->depth--;
	r->text &= (uint16_t) ~(1u << level);
	if (!has_level(r->attribute, level))
		return element_over(v);
	r->attribute &= (uint16_t) ~(1u << level);
	r->phase = r->depth ? PHASE_ELEMENT : PHASE_START;
	return true;
}

static bool in_streamed(const struct reply *r, bool text)
{
	return r->depth && r->elements[r->depth - 1] == ELEMENTS_STREAMED &&
	       has_level(r->text, r->depth - 1u) == text;
}

/* ---- Lines ----------------------------------------------------------------------------------- */

/* The line in front without its end, or the front of a long one: what is seen of a line does not
 * depend on how it came. 0 when more is needed, -1 when it is none. */
static int line_in_front(struct str in, struct str *line, size_t *whole)
{
	struct str seen = str_head(in, LINE_SEEN);
	const char *end = memchr(seen.p, '\n', seen.n);

	if (!end) {
		*line = seen;
		*whole = 0;
		return seen.n == LINE_SEEN;
	}
	*whole = (size_t)(end - seen.p) + 1;
	if (*whole < 3 || seen.p[*whole - 2] != '\r')
		return -1;
	*line = str_head(seen, *whole - 2);
	return memchr(line->p, '\r', line->n) ? -1 : 1;
}

static bool all_of(struct str s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (!s.p[i] || !strchr(set, s.p[i]))
			return false;
	return s.n > 0;
}

/* Is what stands behind the type of the kind that the type promises? */
static bool is_value(char type, struct str value)
{
	switch (type) {
	case ':':
	case '(':
		return all_of(value, "0123456789+-");
	case ',':
		return all_of(value, "0123456789+-.eEinfaN");
	case '#':
		return str_eq(value, STR("t")) || str_eq(value, STR("f"));
	case '_':
		return value.n == 0;
	default:
		return true;
	}
}

static enum type type_of_line(char type)
{
	switch (type) {
	case '-':
		return TYPE_ERROR;
	case ':':
		return TYPE_INTEGER;
	case '_':
		return TYPE_NULL;
	case '#':
		return TYPE_BOOLEAN;
	case ',':
		return TYPE_DOUBLE;
	case '(':
		return TYPE_BIG_NUMBER;
	default:
		return TYPE_SIMPLE;
	}
}

/* To the server of MONITOR: "1729622832.637041 [0 127.0.0.1:1] …". */
static bool is_monitored(const struct connection *c, char type, struct str value)
{
	return c->monitor && type == '+' && value.n && value.p[0] >= '0' && value.p[0] <= '9';
}

static bool step_line(struct dissect_visit *v, char type)
{
	struct reply *r = &v->c->reply;
	struct str line, value;
	size_t whole;
	int ok = line_in_front(v->in, &line, &whole);

	if (ok == 0)
		return dissect_answer(v, DISSECT_MORE);
	if (ok < 0)
		return reject(v);
	value = str_skip(line, 1);
	if (!is_value(type, value))
		return reject(v);
	if (r->depth == 0) {
		open_message(v, is_monitored(v->c, type, value) ? REPLY_PUSHED : REPLY_ANSWER,
			     type_of_line(type));
		if (type == '-')
			put_error(v, value);
	}
	if (whole) {
		take(v, whole);
		return element_over(v);
	}
	/* The last one may be half of a line end. */
	take(v, line.n - 1);
	r->phase = PHASE_LINE;
	return true;
}

static bool step_long_line(struct dissect_visit *v)
{
	const char *end = memchr(v->in.p, '\n', v->in.n);

	if (!end) {
		take(v, v->in.n);
		return dissect_answer(v, DISSECT_MORE);
	}
	take(v, (size_t)(end - v->in.p) + 1);
	return element_over(v);
}

/* ---- Bulks ----------------------------------------------------------------------------------- */

/* Limit: bytes of a bulk that are looked at. */
#define BULK_SEEN ((size_t)32)

static enum type type_of_bulk(char type)
{
	return type == '!' ? TYPE_ERROR : type == '=' ? TYPE_VERBATIM : TYPE_BULK;
}

static bool open_bulk(struct dissect_visit *v, char type, const struct number *n)
{
	size_t seen = type == '!' ? size_min(BULK_SEEN, (size_t)n->value) : 0;
	struct str content = str_skip(v->in, n->line);

	if (content.n < seen)
		return false;
	open_message(v, REPLY_ANSWER, type_of_bulk(type));
	if (type == '!')
		put_error(v, str_head(content, seen));
	return true;
}

static bool bulk(struct dissect_visit *v, char type, const struct number *n)
{
	struct reply *r = &v->c->reply;

	if (r->depth == 0 && !open_bulk(v, type, n))
		return dissect_answer(v, DISSECT_MORE);
	take(v, n->line);
	r->left = (uint64_t)n->value;
	r->phase = PHASE_BULK;
	return true;
}

static bool step_bulk(struct dissect_visit *v)
{
	struct reply *r = &v->c->reply;
	size_t n = size_min(v->in.n, r->left);

	take(v, n);
	r->left -= n;
	if (r->left) {
		v->skip = r->left;
		return dissect_answer(v, DISSECT_SKIP);
	}
	r->phase = PHASE_BULK_END;
	return true;
}

static bool step_bulk_end(struct dissect_visit *v)
{
	if (v->in.p[0] != '\r' || (v->in.n > 1 && v->in.p[1] != '\n'))
		return reject(v);
	if (v->in.n < 2)
		return dissect_answer(v, DISSECT_MORE);
	take(v, 2);
	return element_over(v);
}

/* ---- What the server sends of its own accord ------------------------------------------------- */

/* What an array or a push begins with: 0 when more is needed, else *out. */
static int kind_in_front(struct str elements, enum reply_kind otherwise, enum reply_kind *out)
{
	static const struct {
		const char *name;
		enum reply_kind kind;
	} names[] = {
		{ "message", REPLY_PUSHED },        { "pmessage", REPLY_PUSHED },
		{ "smessage", REPLY_PUSHED },       { "subscribe", REPLY_CONFIRMS },
		{ "unsubscribe", REPLY_CONFIRMS },  { "psubscribe", REPLY_CONFIRMS },
		{ "punsubscribe", REPLY_CONFIRMS }, { "ssubscribe", REPLY_CONFIRMS },
		{ "sunsubscribe", REPLY_CONFIRMS },
	};
	struct number n;
	struct str name;
	int r;

	*out = otherwise;
	if (elements.n == 0)
		return 0;
	r = elements.p[0] == '$' ? number_read(str_head(elements, NUMBER_MAX), &n) : -1;
	if (r == 0)
		return elements.n >= NUMBER_MAX;
	if (r < 0 || n.value <= 0 || (size_t)n.value > sizeof("punsubscribe") - 1)
		return 1;
	name = str_head(str_skip(elements, n.line), (size_t)n.value);
	if (name.n < (size_t)n.value)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(name, str_of(names[i].name)))
			*out = names[i].kind;
	return 1;
}

/* ---- Heads ----------------------------------------------------------------------------------- */

static enum type type_of_aggregate(char type)
{
	switch (type) {
	case '%':
		return TYPE_MAP;
	case '~':
		return TYPE_SET;
	case '>':
		return TYPE_PUSH;
	case '$':
		return TYPE_BULK;
	default:
		return TYPE_ARRAY;
	}
}

/* A message that is an aggregate; false when more of it is needed to tell what it is. n is NULL
 * where it does not say how many elements it has. */
static bool open_aggregate(struct dissect_visit *v, char type, const struct number *n)
{
	enum reply_kind kind = type == '>' ? REPLY_PUSHED : REPLY_ANSWER;
	bool array = type == '*' && n && n->value > 0 && session_confirms(v->s);
	struct reply *r = &v->c->reply;

	if (n && (array || (type == '>' && n->value > 0)) &&
	    kind_in_front(str_skip(v->in, n->line), kind, &kind) == 0)
		return false;
	open_message(v, kind, type_of_aggregate(type));
	if (r->tx && n)
		row_put_u64(r->tx->row, redis_response_elements, (uint64_t)n->value);
	return true;
}

static bool null(struct dissect_visit *v, const struct number *n)
{
	if (v->c->reply.depth == 0)
		open_message(v, REPLY_ANSWER, TYPE_NULL);
	take(v, n->line);
	return element_over(v);
}

/* A length or a count; a '?' for it is told by n being NULL. */
static bool counted(struct dissect_visit *v, char type, const struct number *n)
{
	bool aggregated = !strchr("$!=;", type) || !n;

	if (n && n->value < 0)
		return n->value == -1 && (type == '$' || type == '*') ? null(v, n) : reject(v);
	if (type == ';') {
		if (!n || !in_streamed(&v->c->reply, true))
			return reject(v);
		return n->value ? bulk(v, type, n) : close_streamed(v, n->line);
	}
	if (n && n->value > (int64_t)(aggregated ? (uint64_t)ELEMENTS_MAX : BULK_MAX))
		return reject(v);
	if (in_streamed(&v->c->reply, true))
		return reject(v);
	if (!aggregated)
		return bulk(v, type, n);
	if (v->c->reply.depth == 0 && type != '|' && !open_aggregate(v, type, n))
		return dissect_answer(v, DISSECT_MORE);
	return aggregate(v, type, n, type == '%' || type == '|' ? 2 : 1);
}

/* "$?\r\n": 1, 0 when more is needed to tell, -1 when not. */
static int is_streamed(struct str in, char type)
{
	static const char rest[] = "?\r\n";
	struct str got = str_head(str_skip(in, 1), sizeof(rest) - 1);

	if (!strchr("$*%~>|", type) || memcmp(got.p, rest, got.n) != 0)
		return -1;
	return got.n == sizeof(rest) - 1;
}

static bool step_counted(struct dissect_visit *v, char type)
{
	struct number n;
	int r = is_streamed(v->in, type);

	if (r > 0)
		return counted(v, type, NULL);
	if (r < 0)
		r = number_read(str_head(v->in, NUMBER_MAX), &n);
	if (r == 0)
		return dissect_answer(v, DISSECT_MORE);
	return r > 0 ? counted(v, type, &n) : reject(v);
}

static bool step_end(struct dissect_visit *v)
{
	struct str line;
	size_t whole;
	int r = line_in_front(v->in, &line, &whole);

	if (r == 0)
		return dissect_answer(v, DISSECT_MORE);
	return r > 0 && line.n == 1 && in_streamed(&v->c->reply, false) ? close_streamed(v, whole)
									: reject(v);
}

/* To who becomes a replica: a copy of the data, which has no line end behind it, or no length. */
static bool is_copy(const struct connection *c, char type)
{
	return type == '$' && c->reply.depth == 0 && c->sync_at == c->answered + 1;
}

static bool step_copy(struct dissect_visit *v)
{
	open_message(v, REPLY_ANSWER, TYPE_BULK);
	session_replied(v->s);
	return dissect_answer(v, DISSECT_DONE);
}

static bool step_element(struct dissect_visit *v)
{
	struct reply *r = &v->c->reply;
	char type = v->in.p[0];

	switch (type) {
	case '+':
	case '-':
	case ':':
		break;
	case '_':
	case '#':
	case ',':
	case '(':
		v->c->resp3 = true;
		break;
	case '!':
	case '=':
	case '%':
	case '~':
	case '>':
	case '|':
		v->c->resp3 = true;
		return step_counted(v, type);
	case '$':
	case '*':
	case ';':
		return is_copy(v->c, type) ? step_copy(v) : step_counted(v, type);
	case '.':
		return step_end(v);
	case '\r':
	case '\n':
		/* A server that makes its replica wait sends these. */
		if (r->depth || r->bytes)
			return reject(v);
		dissect_use(v, 1);
		return true;
	default:
		return reject(v);
	}
	return in_streamed(r, true) ? reject(v) : step_line(v, type);
}

/* What was said before the command may come only now, having waited to be recognised; should it be
 * the answer all the same, the next command finds the place anew. */
static bool step_resync(struct dissect_visit *v)
{
	struct connection *c = v->c;

	if (c->placed && v->s->at_ns > c->placed_ns) {
		c->placed = c->lost = false;
		c->reply.phase = PHASE_START;
		return true;
	}
	c->lost = true;
	dissect_use(v, v->in.n);
	return dissect_answer(v, DISSECT_MORE);
}

bool reply_step(struct dissect_visit *v)
{
	if (v->in.n == 0)
		return dissect_answer(v, DISSECT_MORE);
	switch ((enum phase)v->c->reply.phase) {
	case PHASE_START:
	case PHASE_ELEMENT:
		return step_element(v);
	case PHASE_LINE:
		return step_long_line(v);
	case PHASE_BULK:
		return step_bulk(v);
	case PHASE_BULK_END:
		return step_bulk_end(v);
	case PHASE_RESYNC:
		break;
	}
	return step_resync(v);
}
