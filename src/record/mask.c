// SPDX-License-Identifier: Apache-2.0
/*
 * The masks of queries and headers: names are shown, values only where the name is in the list of
 * allowed names, and then only as far as they are of the kind that such names have. A name that is
 * not plainly a name is masked with its value, since people put secrets there too. Which field gets
 * which mask is the plan's to say.
 */
#include "record/mask.h"

void mask_put_slow(struct mask_out *o, struct str s)
{
	size_t room = (size_t)(o->end - o->p);

	if (o->full)
		return;
	if (o->spill) {
		(void)buf_put(o->spill, (struct str){ o->start, (size_t)(o->p - o->start) });
		(void)buf_put(o->spill, s);
		o->p = o->start;
		return;
	}
	memcpy(o->p, s.p, room);
	o->p += room;
	o->full = true;
}

/* ---- Characters of names --------------------------------------------------------------------- */

static bool is_word_char(char c)
{
	return char_class(c) & (CHAR_LETTER | CHAR_DIGIT | CHAR_JOINT) && c != '~';
}

/* RFC 9110 §5.6.2. */
static bool is_tchar(char c)
{
	return is_word_char(c) || (c && strchr("!#$%&'*+^`|~", c));
}

/* Parameters of frameworks have brackets and the like; nothing that could begin a second piece. */
static bool is_name_char(char c)
{
	return is_word_char(c) || (c && strchr("[]()$:~*!", c));
}

static bool all_of(struct str s, bool (*is)(char))
{
	for (size_t i = 0; i < s.n; i++)
		if (!is(s.p[i]))
			return false;
	return true;
}

/* ---- Eight characters at once ---------------------------------------------------------------- */

#define EACH_BYTE(x) (UINT64_C(0x0101010101010101) * (x))

/* ASCII letters of upper case in lower case, all other bytes as they are. */
static inline uint64_t lower8(uint64_t x)
{
	uint64_t low = x & EACH_BYTE(0x7f);
	uint64_t from_a = low + EACH_BYTE(0x80 - 'A');
	uint64_t past_z = low + EACH_BYTE(0x7f - 'Z');

	return x | ((from_a ^ past_z) & ~x & EACH_BYTE(0x80)) >> 2;
}

static inline uint64_t load8(const char *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

/* Up to 8 bytes at p, zeroes behind them. */
static inline uint64_t load_part(const char *p, size_t n)
{
	uint64_t x = 0;

	for (size_t i = 0; i < n; i++)
		x |= (uint64_t)(uint8_t)p[i] << (8 * i);
	return x;
}

/* The last up to 8 bytes of s in lower case: with the first ones, they tell nearly all names apart.
 */
static inline uint64_t first8(struct str s)
{
	return lower8(s.n >= 8 ? load8(s.p) : load_part(s.p, s.n));
}

static inline uint64_t last8(struct str s)
{
	return lower8(s.n >= 8 ? load8(s.p + s.n - 8) : 0);
}

/* The name in any case is the one in lower case. */
static inline bool is_lower_of(struct str name, struct str lower)
{
	if (name.n != lower.n)
		return false;
	for (size_t i = 0; i + 8 < name.n; i += 8)
		if (lower8(load8(name.p + i)) != load8(lower.p + i))
			return false;
	return name.n >= 8 ? last8(name) == load8(lower.p + lower.n - 8)
			   : first8(name) == load_part(lower.p, lower.n);
}

/* ---- Values seen before ---------------------------------------------------------------------- */

/* Limits: values that are remembered, and the longest. */
#define CLEAN_VALUES 128
#define CLEAN_MAX    ((size_t)124)

/* The whole value stands here: what is not the same byte by byte is judged anew. */
static struct clean {
	uint8_t n; /* 0 for none */
	uint8_t kind;
	char text[CLEAN_MAX];
} clean[CLEAN_VALUES];

static inline struct clean *clean_of(struct str value, enum mask_value kind)
{
	uint64_t first = value.n >= 8 ? load8(value.p) : load_part(value.p, value.n);
	uint64_t last = value.n >= 8 ? load8(value.p + value.n - 8) : kind;

	return &clean[hash_mix(first + value.n, last ^ (uint64_t)kind << 32) % CLEAN_VALUES];
}

bool mask_was_clean(struct str value, enum mask_value kind)
{
	const struct clean *c = clean_of(value, kind);

	return c->n == value.n && c->kind == kind && value.n &&
	       memcmp(c->text, value.p, value.n) == 0;
}

void mask_is_clean(struct str value, enum mask_value kind)
{
	struct clean *c = clean_of(value, kind);

	if (value.n == 0 || value.n > CLEAN_MAX)
		return;
	c->n = (uint8_t)value.n;
	c->kind = (uint8_t)kind;
	memcpy(c->text, value.p, value.n);
}

/* ---- Allowed names --------------------------------------------------------------------------- */

/* Limit: of lists with an index; longer ones are searched. */
#define INDEX_NAMES_MAX 128
#define INDEX_SLOTS     512

/* Places of the names of one list by hash: 1 + place, 0 where there is none. It only proposes a
 * name, which is then compared, so that a stale index could hide a value but never show one. */
struct index {
	struct mask_names of;
	uint8_t place[INDEX_SLOTS];
};

static inline size_t name_hash(struct str name)
{
	return hash_mix(first8(name) + name.n, last8(name)) % INDEX_SLOTS;
}

static void index_make(const struct mask_names *names, struct index *out)
{
	*out = (struct index){ .of = *names };
	for (size_t i = 0; i < names->n; i++) {
		size_t at = name_hash(names->name[i].name);

		while (out->place[at])
			at = (at + 1) % INDEX_SLOTS;
		out->place[at] = (uint8_t)(i + 1);
	}
}

/* A process has a list for headers, one for queries, and two of this room's own. */
static const struct index *index_of(const struct mask_names *names)
{
	static struct index indexes[4];
	static unsigned next;

	for (size_t i = 0; i < ARRAY_LEN(indexes); i++)
		if (likely(indexes[i].of.name == names->name && indexes[i].of.n == names->n))
			return &indexes[i];
	next = (next + 1) % ARRAY_LEN(indexes);
	index_make(names, &indexes[next]);
	return &indexes[next];
}

static const struct mask_name *search(struct str name, const struct mask_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (is_lower_of(name, names->name[i].name))
			return &names->name[i];
	return NULL;
}

const struct mask_name *mask_names_find(struct str name, const struct mask_names *names)
{
	const struct index *index;

	if (!names || names->n == 0)
		return NULL;
	if (names->n > INDEX_NAMES_MAX)
		return search(name, names);
	index = index_of(names);
	for (size_t at = name_hash(name); index->place[at]; at = (at + 1) % INDEX_SLOTS) {
		const struct mask_name *found = &names->name[index->place[at] - 1U];

		if (is_lower_of(name, found->name))
			return found;
	}
	return NULL;
}

/* ---- Headers --------------------------------------------------------------------------------- */

static bool is_header_name(struct str name)
{
	if (mask_is_word(name))
		return name.n > 0;
	return name.n <= MASK_NAME_MAX && all_of(name, is_tchar) && !mask_looks_closely(name).n;
}

static inline bool has_mark(uint64_t x)
{
	uint64_t below_space = (x - EACH_BYTE(0x20)) & ~x;
	uint64_t del = x ^ EACH_BYTE(0x7f), at = x ^ EACH_BYTE('@');

	del = (del - EACH_BYTE(1)) & ~del;
	at = (at - EACH_BYTE(1)) & ~at;
	return (below_space | del | at) & EACH_BYTE(0x80);
}

/* Behind a control character, as of a folded line (RFC 9112 §5.2), may stand a whole other header;
 * in front of an @ stands who somebody is. */
static bool carries_more(struct str value)
{
	size_t i = 0;

	for (; i + 8 <= value.n; i += 8)
		if (has_mark(load8(value.p + i)))
			return true;
	return i < value.n && has_mark(load_part(value.p + i, value.n - i) |
				       EACH_BYTE(0x20) << (8 * (value.n - i)));
}

/* What may be shown of the value, which may stand in room. */
static struct str shown(struct str value, enum mask_value kind, char *room)
{
	size_t n = size_min(MASK_HEADER_MAX, value.n + sizeof(MASK_TEXT));
	struct mask_out o = { room, room, room + n, NULL, false, false };

	if (likely(mask_was_clean(value, kind)))
		return value;
	if (unlikely(carries_more(value)))
		return STR(MASK_TEXT);
	mask_value_to(value, kind, &o);
	if (likely(!o.masked && !o.full)) {
		/* Hosts and words do so themselves, and numbers are told as fast as remembered. */
		if (kind != VALUE_HOST && kind != VALUE_WORD && kind != VALUE_NUMBER)
			mask_is_clean(value, kind);
		return value;
	}
	return o.full ? STR(MASK_TEXT) : (struct str){ room, (size_t)(o.p - room) };
}

bool mask_header_name(struct str in, const struct mask_names *allow, struct str *out)
{
	bool masked = !mask_names_find(in, allow) && !is_header_name(in);

	*out = masked ? STR(MASK_TEXT) : in;
	return masked;
}

bool mask_header(const struct row_pair *in, const struct mask_names *allow, char *room,
		 struct row_pair *out)
{
	const struct mask_name *name = mask_names_find(in->name, allow);
	bool masked;

	*out = *in;
	if (name) {
		out->value = shown(in->value, name->value, room);
		return out->value.p != in->value.p;
	}
	masked = mask_header_name(in->name, NULL, &out->name);
	if (in->value.n) {
		out->value = STR(MASK_TEXT);
		masked = true;
	}
	return masked;
}

/* ---- Queries --------------------------------------------------------------------------------- */

/* Limit: a word that is shown, standing alone in a query or as the value of an allowed name. */
#define QUERY_WORD_MAX 32
/* Limit: digits of a number that is shown; a card number has more. */
#define QUERY_DIGITS_MAX 10

static bool is_digit(char c)
{
	return char_class(c) == CHAR_DIGIT;
}

static bool is_list_char(char c)
{
	return is_word_char(c) || c == ',';
}

/* A name that is allowed promises a number or a choice: what is none may be anything. */
static bool is_plain_value(struct str value)
{
	if (all_of(value, is_digit))
		return value.n <= QUERY_DIGITS_MAX;
	return value.n <= QUERY_WORD_MAX && all_of(value, is_list_char) && !mask_looks(value).n;
}

static void mask_pair(struct str raw_name, struct str value, const struct mask_names *allow,
		      struct mask_out *o)
{
	char text[MASK_NAME_MAX];
	struct str name = { text, 0 };

	if (!mask_decode(raw_name, text, sizeof(text), &name.n) || !all_of(name, is_name_char) ||
	    mask_looks(raw_name).n) {
		mask_replace(o, STR(MASK_TEXT));
		return;
	}
	mask_put(o, raw_name);
	mask_put_char(o, '=');
	if (value.n == 0 || (mask_names_find(name, allow) && is_plain_value(value)))
		mask_put(o, value);
	else
		mask_replace(o, STR(MASK_TEXT));
}

static void mask_lone(struct str word, struct mask_out *o)
{
	if (word.n <= QUERY_WORD_MAX && all_of(word, is_word_char) && !mask_looks(word).n)
		mask_put(o, word);
	else
		mask_replace(o, STR(MASK_TEXT));
}

static size_t piece_end(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '&' && s.p[n] != ';')
		n++;
	return n;
}

void mask_query_to(struct str query, const struct mask_names *allow, struct mask_out *o)
{
	while (!o->full) {
		size_t n = piece_end(query);
		struct str value = str_head(query, n), name;

		if (str_cut(&value, '=', &name))
			mask_pair(name, value, allow, o);
		else
			mask_lone(name, o);
		if (n == query.n)
			break;
		mask_put_char(o, query.p[n]);
		query = str_skip(query, n + 1);
	}
}

/* ---- Into a buffer --------------------------------------------------------------------------- */

static void spill_rest(struct mask_out *o)
{
	(void)buf_put(o->spill, (struct str){ o->start, (size_t)(o->p - o->start) });
}

#define INTO(out, call)                                                                            \
	do {                                                                                       \
		char text_[512];                                                                   \
		struct mask_out o = { text_, text_, text_ + sizeof(text_), out, false, false };    \
                                                                                                   \
		call;                                                                              \
		spill_rest(&o);                                                                    \
	} while (0)

void mask_query(struct str query, const struct mask_names *allow, struct buf *out)
{
	INTO(out, mask_query_to(query, allow, &o));
}

void mask_path(struct str path, struct buf *out)
{
	INTO(out, mask_path_to(path, &o));
}

void mask_word(struct str word, struct buf *out)
{
	INTO(out, mask_word_to(word, &o));
}

void mask_host(struct str host, struct buf *out)
{
	INTO(out, mask_host_to(host, &o));
}

void mask_key(struct str key, struct buf *out)
{
	INTO(out, mask_key_to(key, &o));
}

void mask_sql(struct str statement, struct buf *out)
{
	INTO(out, mask_sql_to(statement, &o));
}

void mask_value(struct str value, enum mask_value kind, struct buf *out)
{
	char room[MASK_HEADER_MAX];

	(void)buf_put(out, shown(value, kind, room));
}
