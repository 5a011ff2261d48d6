// SPDX-License-Identifier: Apache-2.0
/*
 * row_commit(): the one door out of a dissector. It walks the slots that are present, applies the
 * mask plan to each and writes what may leave straight into the ring, in the form of
 * docs/formats/row.md. The clear text of what is masked never stands in memory that others see, and
 * a row that does not fit leaves nothing behind.
 */
#include "record/mask.h"
#include "record/row.h"
#include "record/text.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	      "rows are written as the machine has them");

/* ---- What is to be written ------------------------------------------------------------------- */

/* The slots that may leave, and what is done to each. */
struct todo {
	const struct field *field;
	const struct mask_rule *rule;
	size_t bound; /* bytes that the row takes at most */
	unsigned fields;
	uint8_t slot[ROW_SLOTS_MAX];
	uint8_t action[ROW_SLOTS_MAX];
};

/* What a plan asks for is done as far as the type allows, and where it does not, more is hidden
 * instead of less. */
static enum mask_action action_for(enum form form, enum mask_action asked)
{
	if (asked == MASK_KEEP || asked == MASK_DROP)
		return asked;
	if (form == FORM_TEXT)
		return asked == MASK_HEADERS ? MASK_WHOLE : asked;
	return form == FORM_MAP && asked == MASK_HEADERS ? asked : MASK_DROP;
}

static size_t bound_of_texts(const union row_slot *s, unsigned each)
{
	const struct str *text = s->list.p;
	size_t n = 0;

	/* A name or value may become MASK_TEXT. */
	for (size_t i = 0; i < s->list.n * each && n < ROW_VALUE_MAX; i++)
		n += sizeof(uint32_t) + text[i].n + sizeof(MASK_TEXT);
	return ROW_LIST_HEAD + size_min(n, ROW_VALUE_MAX);
}

static size_t bound_of(enum form form, enum mask_action action, const union row_slot *s)
{
	switch (form) {
	case FORM_BOOL:
	case FORM_WORD:
		return sizeof(uint64_t);
	case FORM_IP:
		return sizeof(struct ip_addr);
	case FORM_LIST_U64:
		return ROW_LIST_HEAD + size_min(s->list.n * sizeof(uint64_t), ROW_VALUE_MAX);
	case FORM_LIST_STR:
		return bound_of_texts(s, 1);
	case FORM_MAP:
		return bound_of_texts(s, 2);
	case FORM_NONE:
	case FORM_TEXT:
		break;
	}
	/* One byte may become MASK_TEXT, its separator stays. */
	if (action != MASK_KEEP)
		return sizeof(uint32_t) +
		       size_min((size_min(s->s.n, ROW_VALUE_MAX) + 1) * sizeof(MASK_TEXT),
				ROW_VALUE_MAX);
	return sizeof(uint32_t) + size_min(s->s.n, ROW_VALUE_MAX);
}

static void todo_add(struct todo *t, unsigned slot, const union row_slot *s)
{
	enum form form = form_of(t->field[slot].type);
	enum mask_action action = action_for(form, t->rule[slot].action);

	if (action == MASK_DROP)
		return;
	t->slot[t->fields] = (uint8_t)slot;
	t->action[t->fields] = (uint8_t)action;
	t->fields++;
	t->bound += ROW_ENTRY + row_align(bound_of(form, action, s));
}

static void todo_make(struct todo *t, const struct row *row, const struct mask_plan *plan)
{
	t->field = row->kind->field;
	t->rule = plan->rule[record_kind_place(row->kind)];
	t->bound = ROW_HEADER;
	t->fields = 0;
	for (unsigned word = 0; word < ROW_SLOTS_MAX / 64; word++) {
		for (uint64_t bits = row->present[word]; bits; bits &= bits - 1) {
			unsigned slot = word * 64 + (unsigned)__builtin_ctzll(bits);

			todo_add(t, slot, &row->slot[slot]);
		}
	}
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* What is done to one value. */
struct how {
	enum mask_action action;
	bool unknown; /* UNKNOWN_TEXT is the dissector's own word there, and passes */
	const struct mask_names *allow;
};

static inline bool has_bit(const uint64_t *set, unsigned slot)
{
	return set[slot / 64] >> (slot % 64) & 1;
}

/* Bytes of the row. Invariant: at <= end; once full, the row is given up. */
struct writer {
	uint8_t *row;
	size_t at, end;
	bool full;
};

static bool has_room(struct writer *w, size_t n)
{
	if (likely(n <= w->end - w->at))
		return true;
	w->full = true;
	return false;
}

/* Most texts are short: two loads that overlap do what a call would. */
static inline void copy(uint8_t *to, const char *from, size_t n)
{
	uint64_t head, tail;

	if (n > 16) {
		memcpy(to, from, n);
	} else if (n >= 8) {
		memcpy(&head, from, 8);
		memcpy(&tail, from + n - 8, 8);
		memcpy(to, &head, 8);
		memcpy(to + n - 8, &tail, 8);
	} else {
		for (size_t i = 0; i < n; i++)
			to[i] = (uint8_t)from[i];
	}
}

static inline void put_u32(struct writer *w, size_t v)
{
	uint32_t le = (uint32_t)v;

	memcpy(w->row + w->at, &le, sizeof(le));
	w->at += sizeof(le);
}

static inline void put_text(struct writer *w, struct str s)
{
	put_u32(w, s.n);
	copy(w->row + w->at, s.p, s.n);
	w->at += s.n;
}

static void put_bytes(struct writer *w, const void *p, size_t n)
{
	if (!has_room(w, n))
		return;
	memcpy(w->row + w->at, p, n);
	w->at += n;
}

static unsigned put_kept(struct writer *w, struct str s)
{
	unsigned marks = 0;

	if (unlikely(s.n > ROW_VALUE_MAX)) {
		s.n = text_border(s, ROW_VALUE_MAX);
		marks = ROW_CUT;
	}
	if (has_room(w, sizeof(uint32_t) + s.n))
		put_text(w, s);
	return marks;
}

static void mask_text(struct str s, enum mask_action action, const struct mask_names *allow,
		      struct mask_out *o)
{
	switch (action) {
	case MASK_PATH:
		mask_path_to(s, o);
		return;
	case MASK_QUERY:
		mask_query_to(s, allow, o);
		return;
	case MASK_WORD:
		mask_word_to(s, o);
		return;
	case MASK_HOST:
		mask_host_to(s, o);
		return;
	case MASK_KEY:
		mask_key_to(s, o);
		return;
	case MASK_SQL:
		mask_sql_to(s, o);
		return;
	case MASK_KEEP:
	case MASK_DROP:
	case MASK_WHOLE:
	case MASK_HEADERS:
		break;
	}
	mask_replace(o, STR(MASK_TEXT));
}

/* The mask writes to its place behind the length, which is known only then. */
static unsigned put_masked(struct writer *w, struct str s, enum mask_action action,
			   const struct mask_names *allow)
{
	struct mask_out o = { 0 };
	size_t n, room;

	if (!has_room(w, sizeof(uint32_t)))
		return 0;
	room = w->end - w->at - sizeof(uint32_t);
	o.start = o.p = (char *)w->row + w->at + sizeof(uint32_t);
	o.end = o.start + size_min(room, ROW_VALUE_MAX);
	mask_text(s, action, allow, &o);

	if (o.full && room < ROW_VALUE_MAX)
		w->full = true;
	n = (size_t)(o.p - o.start);
	if (o.full)
		n = text_border((struct str){ o.start, n }, n);
	put_u32(w, n);
	w->at += n;
	return (o.masked ? ROW_MASKED : 0U) | (o.full ? ROW_CUT : 0U);
}

static unsigned put_list_u64(struct writer *w, const union row_slot *s)
{
	size_t n = size_min(s->list.n, ROW_VALUE_MAX / sizeof(uint64_t));

	if (!has_room(w, ROW_LIST_HEAD + n * sizeof(uint64_t)))
		return 0;
	put_u32(w, n);
	put_u32(w, 0);
	put_bytes(w, s->list.p, n * sizeof(uint64_t));
	return n < s->list.n ? ROW_CUT : 0;
}

/* The elements of a list or map: their head is written when they are known. */
struct elements {
	size_t head, end; /* offsets in the row */
	size_t count;
	unsigned marks;
};

static bool elements_begin(struct writer *w, struct elements *e)
{
	if (!has_room(w, ROW_LIST_HEAD))
		return false;
	e->head = w->at;
	w->at += ROW_LIST_HEAD;
	e->end = w->at + size_min(w->end - w->at, ROW_VALUE_MAX);
	return true;
}

static void elements_end(struct writer *w, struct elements *e)
{
	size_t at = w->at;

	w->at = e->head;
	put_u32(w, e->count);
	put_u32(w, at - e->head - ROW_LIST_HEAD);
	w->at = at;
}

/* An element that does not fit ends the list: by the limit of a value, which cuts it, or by that of
 * the row. Answers the bytes left for its last text, or SIZE_MAX when it is left out. */
static size_t elements_cut(struct writer *w, struct elements *e, size_t fixed)
{
	size_t left = e->end - w->at;

	if (e->end - e->head < ROW_LIST_HEAD + ROW_VALUE_MAX)
		w->full = true;
	e->marks |= ROW_CUT;
	return left > fixed ? left - fixed : SIZE_MAX;
}

static unsigned put_list_str(struct writer *w, const union row_slot *s)
{
	const struct str *text = s->list.p;
	struct elements e = { 0 };

	if (!elements_begin(w, &e))
		return 0;
	for (size_t i = 0; i < s->list.n && !(e.marks & ROW_CUT); i++) {
		struct str t = text[i];

		if (sizeof(uint32_t) + t.n > e.end - w->at) {
			size_t left = elements_cut(w, &e, sizeof(uint32_t));

			if (left == SIZE_MAX)
				break;
			t.n = text_border(t, left);
		}
		put_text(w, t);
		e.count++;
	}
	elements_end(w, &e);
	return e.marks;
}

static bool is_unknown(struct str s)
{
	return str_eq(s, STR(UNKNOWN_TEXT));
}

/* What may be shown of a pair of which name or value may be unknown; answers marks. */
static unsigned shown_of_unknown(const struct row_pair *in, const struct how *how, char *room,
				 struct row_pair *out)
{
	bool name = is_unknown(in->name), value = is_unknown(in->value), masked = false;

	*out = *in;
	if (how->action == MASK_HEADERS && value)
		masked = !name && mask_header_name(in->name, how->allow, &out->name);
	else if (how->action == MASK_HEADERS)
		masked = mask_header(in, how->allow, room, out);
	if (name) {
		masked = out->value.p != in->value.p;
		out->name = in->name;
	}
	return (masked ? ROW_MASKED : 0U) | (name || value ? ROW_UNKNOWN : 0U);
}

/* What may be shown of a pair; answers marks. */
static inline unsigned shown_pair(const struct row_pair *in, const struct how *how, char *room,
				  struct row_pair *out)
{
	if (unlikely(how->unknown))
		return shown_of_unknown(in, how, room, out);
	if (how->action == MASK_HEADERS)
		return mask_header(in, how->allow, room, out) ? ROW_MASKED : 0;
	*out = *in;
	return 0;
}

static unsigned put_map(struct writer *w, const union row_slot *s, const struct how *how)
{
	const struct row_pair *in = s->list.p;
	struct elements e = { 0 };
	static char room[MASK_HEADER_MAX]; /* not cleared for each map */

	if (!elements_begin(w, &e))
		return 0;
	for (size_t i = 0; i < s->list.n && !(e.marks & ROW_CUT); i++) {
		struct row_pair pair;

		e.marks |= shown_pair(&in[i], how, room, &pair);
		if (2 * sizeof(uint32_t) + pair.name.n + pair.value.n > e.end - w->at) {
			size_t left = elements_cut(w, &e, 2 * sizeof(uint32_t) + pair.name.n);

			if (left == SIZE_MAX)
				break;
			pair.value.n = text_border(pair.value, left);
		}
		put_text(w, pair.name);
		put_text(w, pair.value);
		e.count++;
	}
	elements_end(w, &e);
	return e.marks;
}

static unsigned put_value(struct writer *w, enum form form, const union row_slot *s,
			  const struct how *how)
{
	uint64_t word;

	switch (form) {
	case FORM_BOOL:
		word = s->b;
		put_bytes(w, &word, sizeof(word));
		return 0;
	case FORM_WORD:
		put_bytes(w, &s->u, sizeof(s->u));
		return 0;
	case FORM_IP:
		put_bytes(w, s->ip.b, sizeof(s->ip.b));
		return 0;
	case FORM_LIST_U64:
		return put_list_u64(w, s);
	case FORM_LIST_STR:
		return put_list_str(w, s);
	case FORM_MAP:
		return put_map(w, s, how);
	case FORM_NONE:
	case FORM_TEXT:
		break;
	}
	if (unlikely(how->unknown) && is_unknown(s->s))
		return put_kept(w, s->s) | ROW_UNKNOWN;
	if (how->action == MASK_KEEP)
		return put_kept(w, s->s);
	if (how->action == MASK_WHOLE)
		return put_kept(w, STR(MASK_TEXT)) | ROW_MASKED;
	return put_masked(w, s->s, how->action, how->allow);
}

static void put_padding(struct writer *w)
{
	static const uint8_t zero[ROW_ALIGN];

	put_bytes(w, zero, row_align(w->at) - w->at);
}

static void put_entry(uint8_t *at, uint16_t id, uint8_t type, unsigned marks, size_t offset)
{
	uint64_t entry = (uint64_t)id | (uint64_t)type << 16 | (uint64_t)marks << 24 |
			 (uint64_t)offset << 32;

	memcpy(at, &entry, sizeof(entry));
}

/* Answers the marks of all values together. */
static unsigned put_fields(struct writer *w, const struct todo *t, const struct row *row)
{
	unsigned all = 0;

	w->at = ROW_HEADER + (size_t)t->fields * ROW_ENTRY;
	for (unsigned i = 0; i < t->fields && !w->full; i++) {
		unsigned slot = t->slot[i];
		const struct field *f = &t->field[slot];
		size_t offset = w->at;
		struct how how = { t->action[i], has_bit(row->unknown, slot), t->rule[slot].allow };
		unsigned marks = put_value(w, form_of(f->type), &row->slot[slot], &how);

		put_padding(w);
		if (has_bit(row->cut, slot))
			marks |= ROW_CUT;
		put_entry(w->row + ROW_HEADER + (size_t)i * ROW_ENTRY, f->id, f->type, marks,
			  offset);
		all |= marks;
	}
	return all;
}

static void put_header(uint8_t *p, size_t length, const struct todo *t, const struct row *row,
		       const struct row_out *out)
{
	uint64_t word[3] = {
		(uint64_t)length | (uint64_t)row->kind->id << 32 | (uint64_t)t->fields << 48,
		(uint64_t)out->agent << 32 | out->epoch,
		(uint64_t)out->shard << 56 | out->sequence,
	};

	static_assert(sizeof(word) == ROW_HEADER, "the header is three words");
	memcpy(p, word, sizeof(word));
}

/* ---- The door -------------------------------------------------------------------------------- */

static int lost(struct row_out *out, int why)
{
	out->counters->v[COUNTER_ROWS_LOST]++;
	return why;
}

int row_commit(const struct row *row, struct row_out *out)
{
	struct writer w = { 0 };
	unsigned marks;
	struct todo t;

	todo_make(&t, row, out->plan);
	w.end = size_min(t.bound, ROW_MAX);
	w.row = ring_reserve(out->ring, w.end);
	if (!w.row && out->full && out->full(out->owner, w.end) == 0)
		w.row = ring_reserve(out->ring, w.end);
	if (!w.row)
		return lost(out, -ENOBUFS);

	marks = put_fields(&w, &t, row);
	if (w.full)
		return lost(out, -E2BIG);
	out->sequence++;
	put_header(w.row, w.at, &t, row, out);
	ring_publish(out->ring, w.at);
	out->counters->v[COUNTER_ROWS]++;
	if (marks & ROW_CUT)
		out->counters->v[COUNTER_ROWS_CUT]++;
	return 0;
}

void row_init(struct row *row, const struct record_kind *kind)
{
	row->kind = kind;
	memset(row->present, 0, sizeof(row->present));
	memset(row->cut, 0, sizeof(row->cut));
	memset(row->unknown, 0, sizeof(row->unknown));
}

ptrdiff_t row_encode_clear(const struct row *row, void *to, size_t room)
{
	static const struct mask_plan keep; /* MASK_KEEP is 0 */
	static const struct row_out nobody;
	struct writer w = { .row = to, .end = size_min(room, ROW_MAX) };
	struct todo t;

	todo_make(&t, row, &keep);
	if (ROW_HEADER + (size_t)t.fields * ROW_ENTRY > w.end)
		return -ENOBUFS;
	(void)put_fields(&w, &t, row);
	if (w.full)
		return -ENOBUFS;
	put_header(w.row, w.at, &t, row, &nobody);
	return (ptrdiff_t)w.at;
}
