/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The document tree: simdjson indexes a copy of the text, and one walk over the index checks the
 * grammar and builds the values. Strings lie unescaped in the copy. One mapping of the cap's size
 * holds everything but the index, which counts too; what is unused has no memory behind it.
 *
 *     base                                                    limit              cap_bytes
 *     | text, NUL | arrays and objects that ended -> … <- open members | the index's share |
 *                                                low ^ ^ high
 */
#include "json/json.h"

#include "json/grammar.h"
#include "json/scalar.h"
#include "json/symbols.h"
#include "json/tree_int.h"

#include <stdlib.h>
#include <sys/mman.h>

/* Limit: the index's least room, so that small documents never make it grow. */
#define INDEX_TEXT_MIN (4 * KIB)

/* What the two ends of the free memory are a multiple of. */
#define PLACE_BYTES sizeof(struct json_member)

/* An array or object whose end was not yet read. */
struct open {
	size_t high;     /* of its parent */
	json_symbol key; /* of the value that comes next, in an object */
};

struct json_parser {
	struct json_symbols *symbols;
	struct tree_index *index;
	size_t index_text; /* longest text that the index has room for now */
	size_t text_max;
	char *base;
	size_t cap_bytes;
	size_t limit;
	size_t low;
	size_t high;
	struct json_tokenizer grammar;
	struct open open[JSON_DEPTH_MAX + 1]; /* [0] is the document itself */
	uint64_t duplicate_keys;
};

static size_t round_down(size_t n, size_t to)
{
	return n / to * to;
}

int json_parser_new(struct json_symbols *symbols, size_t cap_bytes, struct json_parser **out)
{
	CLEANUP(json_parser_free) struct json_parser *p = calloc(1, sizeof(*p));
	void *mapping;
	int r;

	if (cap_bytes < JSON_PARSER_MIN)
		return -EINVAL;
	if (!p)
		return -ENOMEM;
	mapping = mmap(NULL, cap_bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mapping == MAP_FAILED)
		return -ENOMEM;
	p->base = mapping;
	p->cap_bytes = cap_bytes;
	p->text_max = size_min(cap_bytes / JSON_TEXT_SHARE, JSON_TEXT_MAX);
	p->limit = round_down(cap_bytes - tree_index_bytes(p->text_max), PLACE_BYTES);
	p->symbols = symbols;
	r = tree_index_new(&p->index);
	if (r < 0)
		return r;

	*out = TAKE(p);
	return 0;
}

void json_parser_free(struct json_parser *p)
{
	if (!p)
		return;
	tree_index_free(p->index);
	if (p->base)
		(void)munmap(p->base, p->cap_bytes);
	free(p);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

/* Makes room for indexing a text of n bytes. It grows to text_max at most, for which the mapping
 * leaves room: what one document may need does not depend on those before it. */
static int reserve_index(struct json_parser *p, size_t n)
{
	size_t want = size_min(2 * n < INDEX_TEXT_MIN ? INDEX_TEXT_MIN : 2 * n, p->text_max);

	if (n <= p->index_text)
		return 0;
	p->index_text = 0;
	if (tree_index_reserve(p->index, want) < 0)
		return -ENOMEM;
	p->index_text = want;
	return 0;
}

/* Memory that lives as long as the document; NULL when there is none. */
static void *take_low(struct json_parser *p, size_t bytes)
{
	void *taken = p->base + p->low;

	if (p->high - p->low < bytes)
		return NULL;
	p->low += bytes;
	return taken;
}

static struct json_member *open_member(const struct json_parser *p, size_t at)
{
	return (struct json_member *)(void *)(p->base + at);
}

/* The next value of the container that is open, to be filled in place; NULL when there is no room.
 */
static struct json_value *push(struct json_parser *p)
{
	struct json_member *m;

	if (p->high - p->low < sizeof(*m))
		return NULL;
	p->high -= sizeof(*m);
	m = open_member(p, p->high);
	m->key = p->open[p->grammar.depth].key;
	return &m->value;
}

/* ---- Containers ------------------------------------------------------------------------------ */

static int array_end(struct json_parser *p, size_t n, struct json_value *out)
{
	const struct json_member *items = open_member(p, p->high);
	struct json_value *values = take_low(p, n * sizeof(*values));

	if (!values)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		values[i] = items[n - 1 - i].value;
	*out = (struct json_value){ .type = JSON_ARRAY, .array = { values, n } };
	return 0;
}

/* A key that comes again keeps its first place and takes its last value. */
static int object_end(struct json_parser *p, size_t n, struct json_value *out)
{
	const struct json_member *items = open_member(p, p->high);
	struct json_member *members = take_low(p, n * sizeof(*members));
	uint32_t kept = 0;

	if (!members)
		return -ENOMEM;
	symbols_notes_begin(p->symbols);
	for (size_t i = 0; i < n; i++) {
		const struct json_member *item = &items[n - 1 - i];
		uint32_t place = symbols_note(p->symbols, item->key, kept);

		members[place] = *item;
		kept += place == kept;
	}
	p->low -= (n - kept) * sizeof(*members);
	p->duplicate_keys += n - kept;
	*out = (struct json_value){ .type = JSON_OBJECT, .object = { members, kept } };
	return 0;
}

static void container_begin(struct json_parser *p)
{
	p->open[p->grammar.depth] = (struct open){ p->high, JSON_NO_SYMBOL };
}

/* The grammar is back at the parent's depth already. */
static int container_end(struct json_parser *p, bool object)
{
	size_t high = p->open[p->grammar.depth + 1].high;
	size_t n = (high - p->high) / sizeof(struct json_member);
	struct json_value value, *out;
	int r = object ? object_end(p, n, &value) : array_end(p, n, &value);

	if (r < 0)
		return r;
	p->high = high;
	out = push(p);
	if (!out)
		return -ENOMEM;
	*out = value;
	return 0;
}

/* ---- The walk -------------------------------------------------------------------------------- */

/* Each reads the token at the front of the n bytes at s; *taken says how many of them it is, 0 when
 * it is none. */
static int key(struct json_parser *p, char *s, size_t n, size_t *taken)
{
	struct open *open = &p->open[p->grammar.depth];
	size_t inside;
	struct str name;

	inside = scalar_string(s + 1, n - 1, &name);
	*taken = inside == 0 ? 0 : inside + 1;
	if (inside == 0)
		return 0;
	open->key = json_symbol_of(p->symbols, name);
	return open->key == JSON_NO_SYMBOL ? -ENOMEM : 0;
}

static int scalar(struct json_parser *p, enum json_token token, char *s, size_t n, size_t *taken)
{
	struct json_value *v = push(p);
	struct str word;

	if (!v)
		return -ENOMEM;
	if (token == JSON_TOKEN_STR) {
		size_t inside = scalar_string(s + 1, n - 1, &v->s);

		v->type = JSON_STR;
		*taken = inside == 0 ? 0 : inside + 1;
		return 0;
	}
	if (token == JSON_TOKEN_NUMBER) {
		*taken = scalar_number((struct str){ s, n }, v);
		return 0;
	}
	word = grammar_word(token);
	*taken = str_starts((struct str){ s, n }, word) ? word.n : 0;
	v->type = token == JSON_TOKEN_NULL ? JSON_NULL : JSON_BOOL;
	v->b = token == JSON_TOKEN_TRUE;
	return 0;
}

/* Reads what begins at s and ends, but for spaces, n bytes on. */
static int token(struct json_parser *p, char *s, size_t n)
{
	enum json_token token = grammar_take(&p->grammar, s[0]);
	size_t taken;
	int r;

	if (token == JSON_TOKEN_BAD)
		return -EBADMSG;
	if (token == JSON_TOKEN_MORE)
		return 0;
	if (token == JSON_TOKEN_OBJECT_BEGIN || token == JSON_TOKEN_ARRAY_BEGIN) {
		container_begin(p);
		return 0;
	}
	if (token == JSON_TOKEN_OBJECT_END || token == JSON_TOKEN_ARRAY_END)
		return container_end(p, token == JSON_TOKEN_OBJECT_END);

	r = token == JSON_TOKEN_KEY ? key(p, s, n, &taken) : scalar(p, token, s, n, &taken);
	if (r < 0)
		return r;
	if (taken == 0)
		return -EBADMSG;
	while (taken < n)
		if (!text_is_space(s[taken++]))
			return -EBADMSG;
	return 0;
}

/* Every token is read whole, and behind each scalar nothing but spaces is let pass up to the next
 * offset; so all that is asked of the index is that no bracket, comma or colon is missing. */
static int walk(struct json_parser *p, size_t n, const uint32_t *offsets, size_t count)
{
	json_tokenizer_init(&p->grammar);
	p->open[0] = (struct open){ p->high, JSON_NO_SYMBOL };
	p->duplicate_keys = 0;
	for (size_t i = 0; i < count; i++) {
		size_t end = i + 1 < count ? offsets[i + 1] : n;
		int r = token(p, p->base + offsets[i], end - offsets[i]);

		if (r < 0)
			return r;
	}
	return p->grammar.state == GRAMMAR_DONE ? 0 : -EBADMSG;
}

/* ---- A document ------------------------------------------------------------------------------ */

/* Copies the text, as it is or repaired to n bytes, and indexes the copy. */
static int load(struct json_parser *p, struct str text, size_t n, const uint32_t **offsets,
		size_t *count)
{
	int r;

	if (n > p->text_max)
		return -E2BIG;
	r = reserve_index(p, n);
	if (r < 0)
		return r;
	p->low = 0;
	p->high = p->limit;
	if (!take_low(p, round_down(n + PLACE_BYTES, PLACE_BYTES)))
		return -ENOMEM;
	if (n == text.n)
		memcpy(p->base, text.p, n);
	else
		scalar_repair(text, p->base);
	p->base[n] = '\0';
	return tree_index_fill(p->index, p->base, n, offsets, count);
}

static int parse(struct json_parser *p, struct str text, struct json_doc *out)
{
	const uint32_t *offsets;
	uint64_t replaced = 0;
	size_t n = text.n, count;
	int r;

	if (text.n == 0)
		return -EBADMSG;
	r = load(p, text, n, &offsets, &count);
	if (r == -EILSEQ) {
		n = scalar_repaired_bytes(text, &replaced);
		r = load(p, text, n, &offsets, &count);
	}
	if (r < 0)
		return r == -EILSEQ ? -EBADMSG : r;
	r = walk(p, n, offsets, count);
	if (r < 0)
		return r;
	*out = (struct json_doc){ open_member(p, p->high)->value, p->duplicate_keys, replaced };
	return 0;
}

/* Where the text stops being JSON. */
static uint64_t bad_offset(struct str text)
{
	struct json_tokenizer t;
	enum json_token token;
	struct str piece;
	size_t used;
	bool last;

	json_tokenizer_init(&t);
	do {
		token = json_tokenizer_next(&t, text, true, &used, &piece, &last);
		text = str_skip(text, used);
	} while (token != JSON_TOKEN_BAD && token != JSON_TOKEN_END);
	return t.offset;
}

int json_parse(struct json_parser *p, struct str text, struct json_doc *out, struct err *err)
{
	int r = parse(p, text, out);

	if (r == -E2BIG)
		err_set(err, ERR_LIMIT, "a JSON text of %zu bytes is too long: the limit is %zu",
			text.n, p->text_max);
	else if (r == -ENOMEM)
		err_set(err, ERR_MEMORY, "a JSON text of %zu bytes does not fit in %zu bytes",
			text.n, p->cap_bytes);
	else if (r < 0)
		err_set(err, ERR_JSON, "a JSON text is not valid at byte %llu of %zu",
			(unsigned long long)bad_offset(text), text.n);
	return r;
}

/* ---- Looking up ------------------------------------------------------------------------------ */

const struct json_value *json_get(const struct json_value *object, json_symbol key)
{
	if (!object || object->type != JSON_OBJECT)
		return NULL;
	for (size_t i = 0; i < object->object.n; i++)
		if (object->object.m[i].key == key)
			return &object->object.m[i].value;
	return NULL;
}

const struct json_value *json_get_name(const struct json_symbols *s,
				       const struct json_value *object, struct str name)
{
	return json_get(object, json_symbol_find(s, name));
}
