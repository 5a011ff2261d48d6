/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: JSON (RFC 8259) in three forms. The writer makes it into a bounded buffer; the document is
 * a parsed tree with interned keys, filled by simdjson behind one shim; the streaming tokenizer
 * reads documents that come in pieces or are cut, which masking needs. All bound depth and memory.
 */
#ifndef REDOUBT_JSON_H
#define REDOUBT_JSON_H

#include "base/base.h"

/* Limit: nesting, for all three forms. */
#define JSON_DEPTH_MAX 128

/* ---- Writer ---------------------------------------------------------------------------------- */

/* Invariant: what is in out is a prefix of one valid document (or of several, one a line: a second
 * root value begins a line of its own). A call out of place (a value where a key must stand) is a
 * bug and asserted. indent 0 writes a document on one line. */
struct json_writer {
	struct buf *out;
	unsigned indent;
	unsigned depth;
	bool in_object[JSON_DEPTH_MAX];
	bool has_members[JSON_DEPTH_MAX];
	bool key_written;
	bool root_written;
};

void json_writer_init(struct json_writer *w, struct buf *out, unsigned indent);
void json_begin_object(struct json_writer *w);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w);
void json_end_array(struct json_writer *w);
void json_key(struct json_writer *w, struct str key);
/* Bytes that are not UTF-8 become U+FFFD; control characters (DEL and C1 too, so that nothing in a
 * document steers a terminal), U+2028 and U+2029 are escaped. */
void json_str(struct json_writer *w, struct str s);
void json_u64(struct json_writer *w, uint64_t v);
void json_i64(struct json_writer *w, int64_t v);
/* Shortest form that reads back the same; not a number and infinities are written as null. */
void json_f64(struct json_writer *w, double v);
void json_bool(struct json_writer *w, bool v);
void json_null(struct json_writer *w);
/* 64-bit numbers as decimal strings, as the API writes them. */
void json_u64_str(struct json_writer *w, uint64_t v);
/* 0, or -ENOBUFS when the buffer's ceiling was met; another document may follow. */
[[nodiscard]] int json_writer_end(struct json_writer *w);

/* ---- Document tree --------------------------------------------------------------------------- */

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_I64,
	JSON_U64,
	JSON_F64,
	JSON_STR,
	JSON_ARRAY,
	JSON_OBJECT
};

/* A key's number in its symbol table: equal keys have equal symbols within one table. */
typedef uint32_t json_symbol;
#define JSON_NO_SYMBOL UINT32_MAX

struct json_symbols; /* grows up to its cap; shared by documents that want common symbols */
[[nodiscard]] int json_symbols_new(size_t cap_bytes, struct json_symbols **out);
void json_symbols_free(struct json_symbols *s);
CLEANUP_DEFINE(struct json_symbols *, json_symbols_free)
/* The symbol of a key, made if new; JSON_NO_SYMBOL when full. */
json_symbol json_symbol_of(struct json_symbols *s, struct str key);
/* The symbol of a key if there is one already. */
json_symbol json_symbol_find(const struct json_symbols *s, struct str key);
struct str json_symbol_name(const struct json_symbols *s, json_symbol symbol);

struct json_member;

struct json_value {
	enum json_type type;
	union {
		bool b;
		int64_t i;
		uint64_t u; /* integers above INT64_MAX only */
		double f;
		struct str s;
		struct {
			const struct json_value *v;
			size_t n;
		} array;
		struct {
			const struct json_member *m; /* in document order, keys unique */
			size_t n;
		} object;
	};
};

struct json_member {
	json_symbol key;
	struct json_value value;
};

struct json_doc {
	struct json_value root;
	uint64_t duplicate_keys; /* the last one won, as in Go */
	uint64_t replaced_utf8;  /* strings with bytes that were not UTF-8, replaced by U+FFFD */
};

/* Limit: one document, and the share of a parser's memory that a document may be. */
#define JSON_TEXT_MAX   (64 * MIB)
#define JSON_TEXT_SHARE 16
/* Limit: the least that a parser can work in. */
#define JSON_PARSER_MIN (16 * KIB)

/* Keeps its memory between documents. cap_bytes bounds all of it, and counts as used only as far as
 * documents needed it; -EINVAL below JSON_PARSER_MIN, -ENOMEM, or -ENOSYS on a processor that
 * simdjson does not know. The symbols must outlive the parser. */
struct json_parser;
[[nodiscard]] int json_parser_new(struct json_symbols *symbols, size_t cap_bytes,
				  struct json_parser **out);
void json_parser_free(struct json_parser *p);
CLEANUP_DEFINE(struct json_parser *, json_parser_free)
/* Parses a whole document; the tree lives until the next parse, and does not need the text.
 * Integers beyond 64 bits become doubles, numbers beyond doubles infinite. 0, or with *err saying
 * where: -EBADMSG; -E2BIG for a text above its limit; -ENOMEM when the tree or a symbol found no
 * room. */
[[nodiscard]] int json_parse(struct json_parser *p, struct str text, struct json_doc *out,
			     struct err *err);
/* A member by symbol or by name, or NULL. */
const struct json_value *json_get(const struct json_value *object, json_symbol key);
const struct json_value *json_get_name(const struct json_symbols *s,
				       const struct json_value *object, struct str name);

/* ---- Streaming tokenizer --------------------------------------------------------------------- */

enum json_token {
	JSON_TOKEN_MORE, /* all input is used, and the token is not complete */
	JSON_TOKEN_OBJECT_BEGIN,
	JSON_TOKEN_OBJECT_END,
	JSON_TOKEN_ARRAY_BEGIN,
	JSON_TOKEN_ARRAY_END,
	JSON_TOKEN_KEY, /* text: the piece of the key, still escaped, without quotes */
	JSON_TOKEN_STR, /* the same for a value */
	JSON_TOKEN_NUMBER,
	JSON_TOKEN_TRUE,
	JSON_TOKEN_FALSE,
	JSON_TOKEN_NULL,
	JSON_TOKEN_END, /* the document is complete, and nothing but spaces follows in the whole */
	JSON_TOKEN_BAD, /* not JSON at offset; nothing follows */
};

/* Strings and numbers may come in pieces: `last` says whether this piece ends the token. No memory
 * but this struct is used. Bytes fed one by one and at once give the same concatenated tokens. */
struct json_tokenizer {
	uint64_t offset; /* bytes used so far */
	unsigned depth;
	uint8_t stack[JSON_DEPTH_MAX / 8]; /* a bit a level: in an object */
	uint8_t state;                     /* what may stand next */
	uint8_t inside;                    /* the token being read, or JSON_TOKEN_MORE */
	uint8_t number_state;
	uint8_t literal_at;
	uint8_t escape_left;
};

void json_tokenizer_init(struct json_tokenizer *t);
/* Takes from the front of in; *used bytes are done with. whole says that nothing follows in (so
 * that a number at the end of the text is complete). Call it until it answers MORE, END or BAD.
 * Other tokens than keys, strings and numbers have no text; a piece may be empty, and may cut an
 * escape.
 */
enum json_token json_tokenizer_next(struct json_tokenizer *t, struct str in, bool whole,
				    size_t *used, struct str *text, bool *last);

#endif
