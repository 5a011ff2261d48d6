/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GraphQL requests (GraphQL over HTTP): the document and the operation's name out of the JSON of a
 * POST, an application/graphql body or the query of a GET. Of a batch the first request counts. A
 * document is read while it goes by, so that its length is no matter of memory.
 */
#include "http/http.h"

enum member { MEMBER_OTHER, MEMBER_QUERY, MEMBER_NAME };

static enum member member_of(struct str key)
{
	if (str_eq(key, STR("query")))
		return MEMBER_QUERY;
	return str_eq(key, STR("operationName")) ? MEMBER_NAME : MEMBER_OTHER;
}

/* The document, or the name that is asked for, byte by byte. */
static void take_value(struct http_graphql *g, struct arena *arena, char c)
{
	if (g->member == MEMBER_QUERY) {
		graphql_lexer_feed(&g->lexer, arena, (struct str){ &c, 1 });
	} else if (g->asked_n <= GRAPHQL_NAME_MAX) {
		if (g->asked_n < GRAPHQL_NAME_MAX)
			g->asked[g->asked_n] = c;
		g->asked_n++;
	}
}

static void begin_value(struct http_graphql *g)
{
	if (g->member == MEMBER_QUERY)
		g->lexer = (struct graphql_lexer){ .operation = g->lexer.operation };
	else
		g->asked_n = 0;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

enum { ESCAPE_NONE, ESCAPE_LETTER, ESCAPE_DIGITS /* and how many are left, less one */ };

static char unescaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'b':
	case 'f':
		return ' ';
	default:
		return c;
	}
}

static unsigned hex_digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10) & 15;
}

/* Of characters beyond ASCII it matters only that they are none of those that mean something. */
static void take_escape(struct http_graphql *g, struct arena *arena, char c)
{
	if (g->escape == ESCAPE_LETTER && c != 'u') {
		g->escape = ESCAPE_NONE;
		take_value(g, arena, unescaped(c));
	} else if (g->escape == ESCAPE_LETTER) {
		g->escape = ESCAPE_DIGITS + 3;
		g->code = 0;
	} else {
		g->code = (uint16_t)((unsigned)g->code << 4 | hex_digit(c));
		if (g->escape > ESCAPE_DIGITS) {
			g->escape--;
			return;
		}
		g->escape = ESCAPE_NONE;
		take_value(g, arena, g->code < 0x80 ? (char)g->code : '?');
	}
}

static void take_text(struct http_graphql *g, struct arena *arena, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (g->escape)
			take_escape(g, arena, s.p[i]);
		else if (s.p[i] == '\\')
			g->escape = ESCAPE_LETTER;
		else
			take_value(g, arena, s.p[i]);
	}
}

static void take_key(struct http_graphql *g, struct str piece, bool last)
{
	for (size_t i = 0; i < piece.n && g->key_n <= sizeof(g->key); i++) {
		if (g->key_n < sizeof(g->key))
			g->key[g->key_n] = piece.p[i];
		g->key_n++;
	}
	if (!last)
		return;
	g->member = g->key_n > sizeof(g->key)
			    ? MEMBER_OTHER
			    : (uint8_t)member_of((struct str){ g->key, g->key_n });
	g->key_n = 0;
}

static void finish(struct http_graphql *g, bool whole)
{
	g->done = true;
	g->whole = whole;
}

/* Where the members of the request stand. */
static bool in_request(const struct http_graphql *g)
{
	return g->depth == (g->in_batch ? 2 : 1);
}

static void take_begin(struct http_graphql *g, enum json_token token)
{
	if (g->depth == 0 && token == JSON_TOKEN_ARRAY_BEGIN)
		g->in_batch = true;
	else if (g->depth == 1 && g->in_batch && token == JSON_TOKEN_ARRAY_BEGIN)
		finish(g, true);
	g->depth++;
	g->member = MEMBER_OTHER;
}

static void take_end(struct http_graphql *g)
{
	if (in_request(g))
		finish(g, true);
	g->depth--;
}

static void take_token(struct http_graphql *g, struct arena *arena, enum json_token token,
		       struct str text, bool last)
{
	bool fresh = g->fresh;

	g->fresh = last || token < JSON_TOKEN_KEY || token > JSON_TOKEN_NUMBER;
	if (token == JSON_TOKEN_OBJECT_BEGIN || token == JSON_TOKEN_ARRAY_BEGIN) {
		take_begin(g, token);
	} else if (token == JSON_TOKEN_OBJECT_END || token == JSON_TOKEN_ARRAY_END) {
		take_end(g);
	} else if (token == JSON_TOKEN_KEY && in_request(g)) {
		take_key(g, text, last);
	} else if (token == JSON_TOKEN_STR && in_request(g) && g->member != MEMBER_OTHER) {
		if (fresh)
			begin_value(g);
		take_text(g, arena, text);
	} else if (g->depth == 0) {
		finish(g, true); /* a document that is no object */
	}
	if (token >= JSON_TOKEN_STR && g->fresh)
		g->member = MEMBER_OTHER;
}

static void feed_json(struct http_graphql *g, struct arena *arena, struct str in)
{
	while (!g->done) {
		struct str text = STR("");
		size_t used = 0;
		bool last = false;
		enum json_token token =
			json_tokenizer_next(&g->json, in, false, &used, &text, &last);

		in = str_skip(in, used);
		if (token == JSON_TOKEN_MORE)
			return;
		if (token == JSON_TOKEN_BAD || token == JSON_TOKEN_END)
			finish(g, token == JSON_TOKEN_END);
		else
			take_token(g, arena, token, text, last);
	}
}

bool http_graphql_feed(struct http_graphql *g, struct arena *arena, struct str in)
{
	if (g->done)
		return false;
	in = str_head(in, g->left);
	g->left -= (uint32_t)in.n;
	if (g->is_json)
		feed_json(g, arena, in);
	else
		graphql_lexer_feed(&g->lexer, arena, in);
	if (g->left == 0 && !g->done)
		finish(g, false);
	return !g->done;
}

void http_graphql_torn(struct http_graphql *g)
{
	if (!g->done)
		finish(g, false);
}

/* ---- The query of a GET ---------------------------------------------------------------------- */

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static void take_encoded(struct http_graphql *g, struct arena *arena, struct str s)
{
	begin_value(g);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i] == '+' ? ' ' : s.p[i];

		if (c == '%' && s.n - i > 2 && is_hex(s.p[i + 1]) && is_hex(s.p[i + 2])) {
			c = (char)(hex_digit(s.p[i + 1]) << 4 | hex_digit(s.p[i + 2]));
			i += 2;
		}
		take_value(g, arena, c);
	}
}

static struct str text_of(const struct row *row, struct field_str f)
{
	return row_has(row, f.ref.slot) ? row->slot[f.ref.slot].s : STR("");
}

/* The query was cut where it is too long for the row. */
static void read_query(struct http_graphql *g, struct dissect_tx *tx)
{
	struct str query = text_of(tx->row, http_query);
	unsigned slot = http_query.ref.slot;

	while (query.n) {
		struct str value, name;

		(void)str_cut(&query, '&', &value);
		if (!str_cut(&value, '=', &name))
			continue;
		g->member = (uint8_t)member_of(name);
		if (g->member != MEMBER_OTHER)
			take_encoded(g, tx->arena, value);
	}
	finish(g, !(tx->row->cut[slot / 64] >> (slot % 64) & 1));
}

/* ---- The request ----------------------------------------------------------------------------- */

enum form { FORM_NO, FORM_JSON, FORM_DOCUMENT, FORM_QUERY };

static bool asks_query(struct str query)
{
	return str_starts(query, STR("query=")) || str_contains(query, STR("&query="));
}

static enum form form_of(const struct row *row)
{
	struct str method = text_of(row, http_method);
	struct str type = text_of(row, http_request_content_type);

	if (str_eq(method, STR("GET")))
		return asks_query(text_of(row, http_query)) ? FORM_QUERY : FORM_NO;
	if (!str_eq(method, STR("POST")))
		return FORM_NO;
	if (str_eq_nocase(type, STR("application/json")) ||
	    str_eq_nocase(type, STR("application/graphql+json")))
		return FORM_JSON;
	return str_eq_nocase(type, STR("application/graphql")) ? FORM_DOCUMENT : FORM_NO;
}

struct http_graphql *http_graphql_begin(struct dissect_stream *s, struct dissect_tx *tx)
{
	enum form form = form_of(tx->row);
	struct http_graphql *g;

	if (form == FORM_NO || !dissect_opens_body(s, tx))
		return NULL;
	g = arena_alloc(tx->arena, sizeof(*g));
	if (!g) {
		row_put_str(tx->row, http_graphql_operation, STR(""));
		row_mark_cut(tx->row, http_graphql_operation.ref);
		return NULL;
	}
	*g = (struct http_graphql){ .left = GRAPHQL_BODY_MAX,
				    .is_json = form == FORM_JSON,
				    .fresh = true,
				    .member = form == FORM_DOCUMENT ? MEMBER_QUERY : MEMBER_OTHER };
	json_tokenizer_init(&g->json);
	if (form != FORM_QUERY)
		return g;
	read_query(g, tx);
	http_graphql_end(g, tx->row);
	return NULL;
}

/* ---- Which operation is meant ---------------------------------------------------------------- */

static struct str asked_name(const struct http_graphql *g)
{
	struct str s = { g->asked, g->asked_n };

	return g->asked_n <= GRAPHQL_NAME_MAX && graphql_is_name(s) ? s : STR("");
}

/* The one that is asked for by name, or the first. */
static const struct graphql_operation *chosen(const struct http_graphql *g)
{
	const struct graphql_lexer *l = &g->lexer;
	struct str name = asked_name(g);

	for (unsigned i = 0; i < l->operations; i++)
		if (name.n && str_eq(l->operation[i].name, name))
			return &l->operation[i];
	return l->operations && !name.n ? &l->operation[0] : NULL;
}

void http_graphql_end(const struct http_graphql *g, struct row *row)
{
	const struct graphql_operation *o = chosen(g);
	struct str name = o ? o->name : asked_name(g);
	bool whole = g->done ? g->whole : !g->is_json && graphql_lexer_is_whole(&g->lexer);

	if (!o && !name.n)
		return;
	if (o)
		row_put_enum(row, http_graphql_type, o->type);
	if (name.n)
		row_put_str(row, http_graphql_operation, name);
	/* It may not be the one that is meant. */
	if (name.n && !whole && !asked_name(g).n)
		row_mark_cut(row, http_graphql_operation.ref);
}
