/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: what was seen, as rows of declared kinds. A kind's fields are declared once, in kinds.h;
 * this room makes from them the typed handles, the row builder, the one door row_commit() through
 * which masked bytes leave, the reader of rows (docs/formats/row.md), their JSON and text, and the
 * schema. It applies the mask plan it is given and does not decide one.
 */
#ifndef REDOUBT_RECORD_H
#define REDOUBT_RECORD_H

#include "base/base.h"
#include "proc/proc.h"
#include "record/kinds.h"
#include "json/json.h"

/* ---- Declared things ------------------------------------------------------------------------- */

/* Column types, closed (ARCHITECTURE §5). The value is the type's number in a row, for ever. */
enum field_type {
	FIELD_BOOL = 1,
	FIELD_U64 = 2,
	FIELD_I64 = 3,
	FIELD_F64 = 4,
	FIELD_STR = 5,
	FIELD_BYTES = 6,
	FIELD_TIME = 7,
	FIELD_DUR = 8,
	FIELD_IP = 9,
	FIELD_ENUM = 10,
	FIELD_JSON = 11,
	FIELD_LIST_U64 = 0x22,
	FIELD_LIST_STR = 0x25,
	FIELD_MAP = 0x40, /* str to str */
};

/* What a value may reveal; the mask plan turns a class into an action. */
enum field_class {
	CLASS_PUBLIC,   /* about the protocol, not about a person */
	CLASS_PERSONAL, /* may point to a person: kept, and listed in the data-protection inventory
			 */
	CLASS_SECRET,
	CLASS_PATH,    /* a URL path, whose segments may be ids, tokens or addresses */
	CLASS_QUERY,   /* name=value&… */
	CLASS_HEADERS, /* names with values that may be credentials */
	CLASS_CONTENT, /* what people sent: left out unless a rule opens it */
	CLASS_WORD,    /* a method, a protocol or a media type, as far as it is a known one */
	CLASS_HOST,    /* name[:port], whose labels may be ids or tokens */
	CLASS_SQL,     /* a statement, whose literals are what people sent */
	CLASS_KEY,     /* a key of a key-value store, whose parts may be ids or tokens */
};

/* The store's parts, each with a key of its own. */
enum field_part { PART_META, PART_HEADERS, PART_PAYLOAD };

enum field_flag {
	FIELD_INDEX = 1 << 0, /* worth a Bloom filter or set in the store */
	FIELD_FACET = 1 << 1, /* few values: offered for grouping */
	FIELD_WIDE = 1 << 2,  /* may exceed 2^53: a string in JSON */
	FIELD_TABLE = 1 << 3, /* a column of the default table */
	FIELD_HEX = 1 << 4,   /* a number shown as 16 hexadecimal digits */
};

struct field {
	uint16_t id;
	uint8_t type;
	uint8_t class;
	uint8_t part;
	uint8_t flags;
	const char *name; /* whole dotted name */
	const char *unit; /* "bytes", "ns", "" */
	const char *help;
	const char *otel, *ocsf, *wireshark; /* equivalents elsewhere, or "" */
	const char *const *choices;          /* names of an enum's values, NULL-ended */
};

struct record_kind {
	uint16_t id;
	const char *name;
	const char *help;
	const struct field *field; /* common fields first: slot = index */
	uint16_t slots;
};

const struct record_kind *record_kind_by_id(uint16_t id);
const struct record_kind *record_kind_by_name(struct str name);
/* All kinds, in the order of their ids. */
const struct record_kind *record_kind_at(size_t i);
/* Its place there. */
size_t record_kind_place(const struct record_kind *kind);
/* A field by its whole name, within the kind, or -1. */
int record_slot_by_name(const struct record_kind *kind, struct str name);
int record_slot_by_id(const struct record_kind *kind, uint16_t field_id);
const char *field_type_name(enum field_type type);
const char *field_class_name(enum field_class class);
const char *field_part_name(enum field_part part);

/* ---- Building a row -------------------------------------------------------------------------- */

/* Limit: values are cut to this in a row; the cut is marked, after masking. Of lists and maps, the
 * bytes of all their elements. */
#define ROW_VALUE_MAX (8 * KIB)
/* Limit: an encoded row. */
#define ROW_MAX       (128 * KIB)
#define ROW_SLOTS_MAX 128

struct row_pair {
	struct str name, value;
};

union row_slot {
	bool b;
	uint64_t u;
	int64_t i;
	double f;
	struct str s;
	struct ip_addr ip;
	struct {
		const void *p; /* uint64_t[], struct str[] or struct row_pair[] */
		size_t n;
	} list;
};
static_assert(sizeof(union row_slot) == 16, "a slot is two words");

/* A row being gathered, in clear, in memory of the caller. Strings are borrowed until the commit.
 */
struct row {
	const struct record_kind *kind;
	uint64_t present[ROW_SLOTS_MAX / 64];
	uint64_t cut[ROW_SLOTS_MAX / 64];
	uint64_t unknown[ROW_SLOTS_MAX / 64];
	union row_slot slot[]; /* kind->slots of them */
};

static inline size_t row_bytes(const struct record_kind *kind)
{
	return sizeof(struct row) + kind->slots * sizeof(union row_slot);
}

void row_init(struct row *row, const struct record_kind *kind);

static inline bool row_has(const struct row *row, unsigned slot)
{
	return row->present[slot / 64] >> (slot % 64) & 1;
}

/* The typed puts: row_put_str(row, http_method, s). A handle of another type does not compile, and
 * a handle of another kind is a bug that is asserted. */
static inline union row_slot *row_slot_(struct row *row, struct field_ref ref)
{
	assert(ref.kind == 0 || ref.kind == row->kind->id);
	row->present[ref.slot / 64] |= UINT64_C(1) << (ref.slot % 64);
	return &row->slot[ref.slot];
}

#define ROW_PUT_(suffix, ctype, member)                                                            \
	static inline void row_put_##suffix(struct row *row, struct field_##suffix f, ctype v)     \
	{                                                                                          \
		row_slot_(row, f.ref)->member = v;                                                 \
	}
ROW_PUT_(bool, bool, b)
ROW_PUT_(u64, uint64_t, u)
ROW_PUT_(i64, int64_t, i)
ROW_PUT_(f64, double, f)
ROW_PUT_(str, struct str, s)
ROW_PUT_(bytes, struct str, s)
ROW_PUT_(time, int64_t, i)
ROW_PUT_(dur, int64_t, i)
ROW_PUT_(ip, struct ip_addr, ip)
ROW_PUT_(enum, unsigned, u)
ROW_PUT_(json, struct str, s)

static inline void row_put_list_u64(struct row *row, struct field_list_u64 f, const uint64_t *v,
				    size_t n)
{
	union row_slot *s = row_slot_(row, f.ref);

	s->list.p = v;
	s->list.n = n;
}

static inline void row_put_list_str(struct row *row, struct field_list_str f, const struct str *v,
				    size_t n)
{
	union row_slot *s = row_slot_(row, f.ref);

	s->list.p = v;
	s->list.n = n;
}

static inline void row_put_map(struct row *row, struct field_map f, const struct row_pair *v,
			       size_t n)
{
	union row_slot *s = row_slot_(row, f.ref);

	s->list.p = v;
	s->list.n = n;
}

/* The gathered value was already cut by its owner's cap: shown as such. */
static inline void row_mark_cut(struct row *row, struct field_ref ref)
{
	row->cut[ref.slot / 64] |= UINT64_C(1) << (ref.slot % 64);
}

/* It had a value that cannot be known, since it was said by reference to something before the
 * capture: it is shown as UNKNOWN_TEXT, unmasked, and marked. Of a text, or of a map's values. */
#define UNKNOWN_TEXT "[unknown]"

/* A map in which UNKNOWN_TEXT, alone as a name or a value, says so. Where it is somebody's own text
 * it says no more than itself. */
static inline void row_mark_unknown(struct row *row, struct field_ref ref)
{
	row->unknown[ref.slot / 64] |= UINT64_C(1) << (ref.slot % 64);
}

static inline void row_put_unknown(struct row *row, struct field_str f)
{
	row_put_str(row, f, STR(UNKNOWN_TEXT));
	row_mark_unknown(row, f.ref);
}

/* ---- The mask plan, and the one door --------------------------------------------------------- */

/* What does not fit the type of its field hides more instead of less: HEADERS of a text are WHOLE,
 * and whatever is asked of a value that is no text, but HEADERS of a map, is DROP. */
enum mask_action {
	MASK_KEEP,
	MASK_DROP,    /* the field is left out */
	MASK_WHOLE,   /* the value becomes MASK_TEXT */
	MASK_PATH,    /* what looks like an id, a token or an address becomes {id}, {uuid}, {token},
		       * {email}; values of parameters become MASK_TEXT */
	MASK_QUERY,   /* values become MASK_TEXT, but for allowed names */
	MASK_HEADERS, /* the same for the values of a map */
	MASK_WORD,    /* a registered method stays, a known protocol or media type does in small
		       * letters, and anything else becomes MASK_TEXT */
	MASK_HOST, /* a name in small letters, its labels as MASK_PATH, or an address, and a port;
		    * what is none becomes MASK_TEXT */
	MASK_SQL, /* each literal of the statement becomes ?, comments go, white space is one space;
		   * what is not understood from some place on is left out from there */
	MASK_KEY, /* parts between : / . - _ and the like, each as MASK_PATH has it; a number
		   * becomes {id} */
};

#define MASK_TEXT "[masked]"

/* What the value of an allowed name may say. More than that is masked, in part where the rest can
 * stand alone; of all but TEXT and QUERY nothing stays that was not foreseen here. */
enum mask_value {
	VALUE_QUERY,  /* of a query: a number or a short word */
	VALUE_TEXT,   /* words and versions; what looks like an id or a token, and values of
		       * parameters   that are not known ones, are replaced */
	VALUE_WORDS,  /* known words of protocols, versions and known parameters */
	VALUE_MEDIA,  /* a known media type with its parameters */
	VALUE_WORD,   /* as MASK_WORD */
	VALUE_HOST,   /* as MASK_HOST */
	VALUE_NUMBER, /* one whole number */
	VALUE_RANGE,  /* numbers of bytes */
	VALUE_DATE,   /* Sun, 06 Nov 1994 08:49:37 GMT, or a number */
};

struct mask_name {
	struct str name; /* lower case */
	enum mask_value value;
};

/* Names, sorted by str_cmp(). A list that was used for masking does not change. */
struct mask_names {
	const struct mask_name *name;
	size_t n;
};

struct mask_rule {
	enum mask_action action;
	const struct mask_names *allow; /* of QUERY and HEADERS */
};

/* One rule a slot, for each kind by its place in record_kind_at(). */
struct mask_plan {
	struct mask_rule rule[RECORD_KINDS][ROW_SLOTS_MAX];
};

/* Where rows go. */
struct row_out {
	struct ring *ring;
	const struct mask_plan *plan;
	struct counters *counters;
	uint32_t agent, epoch; /* parts of each row's id */
	uint8_t shard;
	uint64_t sequence; /* of the last row */
	/* Called when the ring has no room for n bytes: makes room and answers 0, or negative, and
	 * the row is lost and counted. NULL: always lost. */
	int (*full)(void *owner, size_t n);
	void *owner;
};

/* Applies the plan to the whole row and copies what may leave into the ring. Masks first, cuts to
 * ROW_VALUE_MAX after. Gives the row its id. Returns 0, -ENOBUFS (ring full) or -E2BIG (above
 * ROW_MAX); a loss is counted already. */
int row_commit(const struct row *row, struct row_out *out);

/* The row as it is, nothing masked, in memory of this process alone: for who must judge by a rule
 * what a dissector has gathered so far. It has no id, and must never leave. Returns its length for
 * row_view(), or -ENOBUFS. */
[[nodiscard]] ptrdiff_t row_encode_clear(const struct row *row, void *to, size_t room);

/* The masks themselves, for tests and for whoever shows what they do: append to out. */
void mask_path(struct str path, struct buf *out);
void mask_query(struct str query, const struct mask_names *allow, struct buf *out);
void mask_word(struct str word, struct buf *out);
void mask_host(struct str host, struct buf *out);
void mask_sql(struct str statement, struct buf *out);
void mask_key(struct str key, struct buf *out);
void mask_value(struct str value, enum mask_value kind, struct buf *out);

/* ---- Reading rows ---------------------------------------------------------------------------- */

/* Marks of a value in a row. */
enum row_mark { ROW_MASKED = 1, ROW_CUT = 2, ROW_UNKNOWN = 4 };

/* A row in place, checked by row_view(). Fields of unknown ids are kept and passed over. */
struct row_view {
	struct str bytes;
	const struct record_kind *kind; /* NULL when the kind is not known */
	uint16_t kind_id;
	uint16_t fields;
	uint64_t id_hi, id_lo;
	uint16_t at[ROW_SLOTS_MAX]; /* 1 + directory index of each slot, 0 when absent */
};

struct row_value {
	enum field_type type;
	uint8_t marks;
	bool b;
	uint64_t u;
	int64_t i; /* i64, time, dur */
	double f;
	struct str s; /* str, bytes, json; the raw area of lists and maps */
	struct ip_addr ip;
	size_t n; /* elements of a list, pairs of a map */
};

/* The length of the row at the front of bytes, 0 when there are fewer than a length, -EBADMSG when
 * it cannot be one. */
[[nodiscard]] ptrdiff_t row_length(struct str bytes);
/* Checks the row at the front of bytes, all of it (bounds, order, types; UTF-8 is not required),
 * and indexes it; out->bytes is that row alone, borrowed, at any alignment. 0, or -EBADMSG and *out
 * is of no use: it is filled in place, since every row passes here. */
[[nodiscard]] int row_view(struct str bytes, struct row_view *out);
/* The value in a slot; false when absent. */
bool row_value(const struct row_view *v, unsigned slot, struct row_value *out);
/* The value at a place of the row's directory (place < v->fields), whether the field is known here
 * or not. Returns its field id. */
uint16_t row_value_at(const struct row_view *v, unsigned place, struct row_value *out);
/* Element i of a list, pair i of a map: sequential access through *pos, which starts at 0. */
bool row_value_next_u64(const struct row_value *v, size_t *pos, uint64_t *out);
bool row_value_next_str(const struct row_value *v, size_t *pos, struct str *out);
bool row_value_next_pair(const struct row_value *v, size_t *pos, struct row_pair *out);

#define ROW_GET_(suffix, ctype, member)                                                            \
	static inline bool row_get_##suffix(const struct row_view *v, struct field_##suffix f,     \
					    ctype *out)                                            \
	{                                                                                          \
		struct row_value value;                                                            \
                                                                                                   \
		if ((f.ref.kind && f.ref.kind != v->kind_id) || !row_value(v, f.ref.slot, &value)) \
			return false;                                                              \
		*out = value.member;                                                               \
		return true;                                                                       \
	}
ROW_GET_(bool, bool, b)
ROW_GET_(u64, uint64_t, u)
ROW_GET_(str, struct str, s)
ROW_GET_(time, int64_t, i)
ROW_GET_(dur, int64_t, i)
ROW_GET_(ip, struct ip_addr, ip)
ROW_GET_(enum, uint64_t, u)

#include "record/column.h"

/* ---- Showing rows ---------------------------------------------------------------------------- */

/* One object: kind, time, id (32 hexadecimal digits), then the fields nested at their dots, then
 * "masked", "cut" and "unknown" with the names of such fields, when there are any. Times are RFC
 * 3339, durations nanoseconds, choices names, values of equal names in a map are joined by ", ".
 * Fields and kinds that are not known are left out, but for the common fields. Not for two threads.
 */
void row_write_json(struct json_writer *w, const struct row_view *v);
/* One value as it stands there. */
void row_value_json(struct json_writer *w, const struct field *field, const struct row_value *v);
/* A value as one would read it in a table: addresses, times, durations, choices by name, bytes of
 * other people made harmless (control characters escaped). */
void row_value_text(const struct field *field, const struct row_value *v, struct buf *out);

/* The schema in all its forms, from the table alone. */
/* Columns of the table form, and the one in which the meaning of a field begins. */
#define SCHEMA_WIDTH 118
#define SCHEMA_HELP  60

enum schema_form { SCHEMA_TABLE, SCHEMA_JSON, SCHEMA_MARKDOWN, SCHEMA_LOCK };
void schema_write(enum schema_form form, struct buf *out);

#endif
