/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the three forms of JSON against each other: the tokenizer gives the same tokens for a text
 * at once and byte by byte; it and the tree judge alike; and what the writer makes of a tree is
 * read back as the same tree.
 */
#include "json/json.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX    (64 * KIB)
#define PARSER_CAP  (16 * MIB)
#define SYMBOLS_CAP (4 * MIB)
#define WRITTEN_MAX (8 * TEXT_MAX)

/* ---- Tokens ---------------------------------------------------------------------------------- */

/* Feeds pieces of at most step bytes and gathers the concatenated tokens; true when all is JSON. */
static bool tokens(struct str text, size_t step, struct buf *out)
{
	struct json_tokenizer t;
	enum json_token token;
	bool last = true;
	size_t at = 0;

	json_tokenizer_init(&t);
	do {
		struct str in = { text.p ? text.p + at : NULL, size_min(step, text.n - at) }, piece;
		bool first = last;
		size_t used;

		token = json_tokenizer_next(&t, in, at + in.n == text.n, &used, &piece, &last);
		at += used;
		assert(used <= in.n && t.offset == at && t.depth <= JSON_DEPTH_MAX);
		if (token == JSON_TOKEN_MORE) {
			assert(used == in.n && at < text.n);
			last = first;
			continue;
		}
		assert(piece.n == 0 || (piece.p >= in.p && piece.p + piece.n <= in.p + in.n));
		if (first || token == JSON_TOKEN_BAD)
			buf_put_char(out, (char)('A' + (int)token));
		buf_put(out, piece);
		if (last)
			buf_put_char(out, '\n');
	} while (token != JSON_TOKEN_END && token != JSON_TOKEN_BAD);
	assert(!out->full);
	return token == JSON_TOKEN_END;
}

static bool check_tokens(struct str text)
{
	static const size_t steps[] = { 1, 2, 7 };
	struct buf whole;
	bool valid;

	buf_init(&whole, WRITTEN_MAX);
	valid = tokens(text, SIZE_MAX, &whole);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct buf cut;

		buf_init(&cut, WRITTEN_MAX);
		assert(tokens(text, steps[i], &cut) == valid);
		assert(str_eq(buf_str(&cut), buf_str(&whole)));
		buf_done(&cut);
	}
	buf_done(&whole);
	return valid;
}

/* ---- Trees ----------------------------------------------------------------------------------- */

static void write_value(struct json_writer *w, const struct json_symbols *s,
			const struct json_value *v)
{
	switch (v->type) {
	case JSON_NULL:
		json_null(w);
		break;
	case JSON_BOOL:
		json_bool(w, v->b);
		break;
	case JSON_I64:
		json_i64(w, v->i);
		break;
	case JSON_U64:
		json_u64(w, v->u);
		break;
	case JSON_F64:
		json_f64(w, v->f);
		break;
	case JSON_STR:
		json_str(w, v->s);
		break;
	case JSON_ARRAY:
		json_begin_array(w);
		for (size_t i = 0; i < v->array.n; i++)
			write_value(w, s, &v->array.v[i]);
		json_end_array(w);
		break;
	case JSON_OBJECT:
		json_begin_object(w);
		for (size_t i = 0; i < v->object.n; i++) {
			assert(json_get(v, v->object.m[i].key) == &v->object.m[i].value);
			json_key(w, json_symbol_name(s, v->object.m[i].key));
			write_value(w, s, &v->object.m[i].value);
		}
		json_end_object(w);
		break;
	}
}

static void write_doc(const struct json_symbols *s, const struct json_doc *doc, unsigned indent,
		      struct buf *out)
{
	struct json_writer w;

	json_writer_init(&w, out, indent);
	write_value(&w, s, &doc->root);
	assert(json_writer_end(&w) == 0);
}

static double number_of(const struct json_value *v)
{
	return v->type == JSON_F64 ? v->f : v->type == JSON_U64 ? (double)v->u : (double)v->i;
}

/* A double without a fraction is written as an integer, and one without end as null. */
static bool same_scalar(const struct json_value *a, const struct json_value *b)
{
	if (a->type == JSON_F64 && isinf(a->f))
		return b->type == JSON_NULL;
	if (a->type == JSON_F64)
		return b->type >= JSON_I64 && b->type <= JSON_F64 && number_of(a) == number_of(b);
	if (a->type != b->type)
		return false;
	if (a->type == JSON_STR)
		return str_eq(a->s, b->s);
	if (a->type == JSON_BOOL)
		return a->b == b->b;
	return a->type == JSON_NULL || a->u == b->u;
}

static bool same(const struct json_value *a, const struct json_value *b)
{
	if (a->type != JSON_ARRAY && a->type != JSON_OBJECT)
		return same_scalar(a, b);
	if (a->type != b->type || a->array.n != b->array.n)
		return false;
	for (size_t i = 0; i < a->array.n; i++) {
		bool object = a->type == JSON_OBJECT;

		if (object && a->object.m[i].key != b->object.m[i].key)
			return false;
		if (!same(object ? &a->object.m[i].value : &a->array.v[i],
			  object ? &b->object.m[i].value : &b->array.v[i]))
			return false;
	}
	return true;
}

static void check_written(struct json_symbols *s, const struct json_doc *doc, unsigned indent)
{
	CLEANUP(json_parser_free) struct json_parser *again = NULL;
	CLEANUP(buf_done_ptr) struct buf written;
	struct json_doc back;
	struct err err;

	if (json_parser_new(s, 8 * PARSER_CAP, &again) < 0)
		abort();
	buf_init(&written, (indent + 1) * JSON_DEPTH_MAX * WRITTEN_MAX);
	write_doc(s, doc, indent, &written);
	if (json_parse(again, buf_str(&written), &back, &err) < 0)
		abort();
	assert(same(&doc->root, &back.root));
	assert(back.duplicate_keys == 0 && back.replaced_utf8 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(json_symbols_free) struct json_symbols *s = NULL;
	CLEANUP(json_parser_free) struct json_parser *p = NULL;
	struct str text = { (const char *)data, size };
	struct json_doc doc;
	struct err err;
	bool valid;
	int r;

	if (size > TEXT_MAX)
		return 0;
	if (json_symbols_new(SYMBOLS_CAP, &s) < 0 || json_parser_new(s, PARSER_CAP, &p) < 0)
		abort();
	valid = check_tokens(text);
	r = json_parse(p, text, &doc, &err);
	assert(valid ? r == 0 : r == -EBADMSG);
	if (r == 0) {
		check_written(s, &doc, 0);
		check_written(s, &doc, 2);
	}
	return 0;
}
