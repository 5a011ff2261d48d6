// SPDX-License-Identifier: Apache-2.0
/*
 * Rows as programs read them: one JSON object a row, with kind, time and id in front, fields nested
 * at the dots of their names, and no key twice in an object.
 */
#include "record/row.h"
#include "record/show.h"

#include <stdlib.h>
#include <sys/random.h>

/* ---- The order of members in JSON ------------------------------------------------------------ */

/* Limit: objects around a field's value. */
#define NEST_MAX 4

/* A field's place: the objects around it by number, equal numbers for the same object, and the keys
 * of these objects and of the field itself. */
struct place {
	uint8_t slot;
	uint8_t depth;
	uint8_t object[NEST_MAX];
	struct str key[NEST_MAX + 1];
};

/* The fields of a kind in an order that opens each object once. Made when first needed. */
struct order {
	bool made;
	unsigned n;
	struct place place[ROW_SLOTS_MAX];
};

/* Cuts the name at its dots. An object's number is 1 + the first slot that lies in it. */
static void place_make(const struct field *field, uint8_t slot, struct place *out)
{
	struct str name = str_of(field[slot].name), rest = name;

	*out = (struct place){ .slot = slot };
	while (str_cut(&rest, '.', &out->key[out->depth])) {
		struct str prefix = str_head(name, (size_t)(rest.p - name.p));
		uint8_t first = 0;

		assert(out->depth < NEST_MAX);
		while (!str_starts(str_of(field[first].name), prefix))
			first++;
		out->object[out->depth++] = (uint8_t)(first + 1);
	}
}

static unsigned shared_objects(const struct place *a, const struct place *b)
{
	unsigned n = 0;

	while (n < a->depth && n < b->depth && a->object[n] == b->object[n])
		n++;
	return n;
}

/* Behind each field comes the one that shares most objects with it, the earliest of those: so no
 * object is left before all its fields are written. */
static void order_make(const struct field *field, unsigned slots, struct order *out)
{
	struct place *place = out->place;

	for (unsigned slot = 0; slot < slots; slot++)
		if (slot != common_slot_time)
			place_make(field, (uint8_t)slot, &place[out->n++]);
	for (unsigned i = 1; i < out->n; i++) {
		unsigned best = i;
		struct place next;

		for (unsigned k = i + 1; k < out->n; k++)
			if (shared_objects(&place[i - 1], &place[k]) >
			    shared_objects(&place[i - 1], &place[best]))
				best = k;
		next = place[best];
		memmove(&place[i + 1], &place[i], (best - i) * sizeof(next));
		place[i] = next;
	}
	out->made = true;
}

static const struct order *order_of(const struct record_kind *kind)
{
	/* The last one is for rows of unknown kinds: their common fields. */
	static struct order orders[RECORD_KINDS + 1];
	struct order *o = &orders[kind ? record_kind_place(kind) : RECORD_KINDS];

	if (unlikely(!o->made))
		order_make(kind ? kind->field : record_kind_at(0)->field,
			   kind ? kind->slots : COMMON_SLOTS, o);
	return o;
}

/* ---- Values in JSON -------------------------------------------------------------------------- */

static void write_hex(struct json_writer *w, uint64_t v)
{
	char text[16];

	show_hex(v, text, sizeof(text));
	json_str(w, (struct str){ text, sizeof(text) });
}

static void write_time(struct json_writer *w, int64_t at_ns)
{
	char text[TIME_TEXT_BYTES];

	json_str(w, (struct str){ text, time_format(at_ns, text) });
}

static void write_ip(struct json_writer *w, const struct ip_addr *ip)
{
	char text[IP_TEXT_BYTES];

	json_str(w, (struct str){ text, ip_format(ip, text) });
}

static void write_choice(struct json_writer *w, const struct field *field, uint64_t number)
{
	const char *name = show_choice(field, number);

	if (name)
		json_str(w, str_of(name));
	else
		json_u64_str(w, number);
}

static void write_u64(struct json_writer *w, const struct field *field, uint64_t v)
{
	if (field->flags & FIELD_HEX)
		write_hex(w, v);
	else if (field->flags & FIELD_WIDE)
		json_u64_str(w, v);
	else
		json_u64(w, v);
}

static void write_bytes(struct json_writer *w, struct str s)
{
	struct buf text;

	buf_init(&text, 2 * ROW_MAX);
	for (size_t i = 0; i < s.n; i++) {
		(void)buf_put_char(&text, show_hex_digits[(uint8_t)s.p[i] >> 4]);
		(void)buf_put_char(&text, show_hex_digits[(uint8_t)s.p[i] & 0xf]);
	}
	json_str(w, buf_str(&text));
	buf_done(&text);
}

/* ---- Maps in JSON: keys are unique ----------------------------------------------------------- */

/* Limit: pairs that a row can hold. */
#define PAIRS_MAX (ROW_MAX / (2 * sizeof(uint32_t)))

/* The pairs of one map, numbered from 1, those of one name chained in their order. It is made anew
 * for each map, and only as far as the map needs it. */
static struct {
	struct {
		uint32_t pos;
		uint16_t next, last;
		bool first;
	} pair[PAIRS_MAX + 1];
	uint16_t slot[4 * PAIRS_MAX]; /* by hash: the first pair of a name */
} same;

static struct row_pair pair_at(const struct row_value *v, size_t pos)
{
	struct row_pair pair = { 0 };

	(void)row_value_next_pair(v, &pos, &pair);
	return pair;
}

/* Another for each process, so that nobody can choose names that all have one hash. */
static uint64_t names_seed(void)
{
	static uint64_t seed;

	while (unlikely(seed == 0))
		if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
			abort();
	return seed;
}

/* The first pair of the name, or pair i, which then is. */
static uint16_t first_of_name(const struct row_value *v, struct str name, size_t mask, uint16_t i)
{
	size_t at = hash_bytes(name.p, name.n, names_seed()) & mask;

	while (same.slot[at]) {
		uint16_t other = same.slot[at];

		if (str_eq(pair_at(v, same.pair[other].pos).name, name))
			return other;
		at = (at + 1) & mask;
	}
	same.slot[at] = i;
	return i;
}

static void chain_names(const struct row_value *v)
{
	size_t slots = 32, pos = 0, from = 0;
	struct row_pair pair;

	while (slots < 2 * v->n)
		slots *= 2;
	memset(same.slot, 0, slots * sizeof(same.slot[0]));
	for (uint16_t i = 1; row_value_next_pair(v, &pos, &pair); i++, from = pos) {
		uint16_t first = first_of_name(v, pair.name, slots - 1, i);

		same.pair[i].pos = (uint32_t)from;
		same.pair[i].next = 0;
		same.pair[i].first = first == i;
		if (first != i)
			same.pair[same.pair[first].last].next = i;
		same.pair[first].last = i;
	}
}

/* All values of a name as one, as RFC 9110 §5.3 combines field lines. */
static void write_combined(struct json_writer *w, const struct row_value *v, uint16_t i)
{
	struct buf all;

	buf_init(&all, 2 * ROW_MAX);
	for (const char *between = ""; i; i = same.pair[i].next, between = ", ") {
		(void)buf_put(&all, str_of(between));
		(void)buf_put(&all, pair_at(v, same.pair[i].pos).value);
	}
	json_str(w, buf_str(&all));
	buf_done(&all);
}

static void write_map(struct json_writer *w, const struct row_value *v)
{
	chain_names(v);
	json_begin_object(w);
	for (uint16_t i = 1; i <= v->n; i++) {
		struct row_pair pair;

		if (!same.pair[i].first)
			continue;
		pair = pair_at(v, same.pair[i].pos);
		json_key(w, pair.name);
		if (same.pair[i].next)
			write_combined(w, v, i);
		else
			json_str(w, pair.value);
	}
	json_end_object(w);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void write_list(struct json_writer *w, const struct row_value *v)
{
	struct str text;
	size_t pos = 0;
	uint64_t u;

	json_begin_array(w);
	while (row_value_next_u64(v, &pos, &u))
		json_u64(w, u);
	while (row_value_next_str(v, &pos, &text))
		json_str(w, text);
	json_end_array(w);
}

void row_value_json(struct json_writer *w, const struct field *field, const struct row_value *v)
{
	switch (v->type) {
	case FIELD_BOOL:
		json_bool(w, v->b);
		break;
	case FIELD_U64:
		write_u64(w, field, v->u);
		break;
	case FIELD_I64:
	case FIELD_DUR:
		json_i64(w, v->i);
		break;
	case FIELD_F64:
		json_f64(w, v->f);
		break;
	case FIELD_STR:
	case FIELD_JSON:
		json_str(w, v->s);
		break;
	case FIELD_BYTES:
		write_bytes(w, v->s);
		break;
	case FIELD_TIME:
		write_time(w, v->i);
		break;
	case FIELD_IP:
		write_ip(w, &v->ip);
		break;
	case FIELD_ENUM:
		write_choice(w, field, v->u);
		break;
	case FIELD_LIST_U64:
	case FIELD_LIST_STR:
		write_list(w, v);
		break;
	case FIELD_MAP:
		write_map(w, v);
		break;
	}
}

static void write_head(struct json_writer *w, const struct row_view *v)
{
	struct row_value time;
	char id[32];

	json_key(w, STR("kind"));
	if (v->kind)
		json_str(w, str_of(v->kind->name));
	else
		json_u64_str(w, v->kind_id);
	if (row_value(v, common_slot_time, &time)) {
		json_key(w, STR("time"));
		write_time(w, time.i);
	}
	show_hex(v->id_hi, id, 16);
	show_hex(v->id_lo, id + 16, 16);
	json_key(w, STR("id"));
	json_str(w, (struct str){ id, sizeof(id) });
}

/* Closes and opens objects until those around the place are open. */
static void write_enter(struct json_writer *w, const struct place *from, const struct place *to)
{
	unsigned shared = shared_objects(from, to);

	for (unsigned i = from->depth; i > shared; i--)
		json_end_object(w);
	for (unsigned i = shared; i < to->depth; i++) {
		json_key(w, to->key[i]);
		json_begin_object(w);
	}
}

/* Answers the marks of all values together. */
static unsigned write_fields(struct json_writer *w, const struct row_view *v,
			     const struct field *field, const struct order *order)
{
	static const struct place outside;
	const struct place *before = &outside;
	unsigned marks = 0;

	for (unsigned i = 0; i < order->n; i++) {
		const struct place *place = &order->place[i];
		struct row_value value;

		if (!v->at[place->slot] || !row_value(v, place->slot, &value))
			continue;
		write_enter(w, before, place);
		json_key(w, place->key[place->depth]);
		row_value_json(w, &field[place->slot], &value);
		marks |= value.marks;
		before = place;
	}
	write_enter(w, before, &outside);
	return marks;
}

static void write_marked(struct json_writer *w, const struct row_view *v, const struct field *field,
			 struct str key, unsigned mark)
{
	struct row_value value;

	json_key(w, key);
	json_begin_array(w);
	for (unsigned slot = 0; slot < ROW_SLOTS_MAX; slot++)
		if (row_value(v, slot, &value) && value.marks & mark)
			json_str(w, str_of(field[slot].name));
	json_end_array(w);
}

void row_write_json(struct json_writer *w, const struct row_view *v)
{
	const struct field *field = v->kind ? v->kind->field : record_kind_at(0)->field;
	unsigned marks;

	json_begin_object(w);
	write_head(w, v);
	marks = write_fields(w, v, field, order_of(v->kind));
	if (marks & ROW_MASKED)
		write_marked(w, v, field, STR("masked"), ROW_MASKED);
	if (marks & ROW_CUT)
		write_marked(w, v, field, STR("cut"), ROW_CUT);
	if (marks & ROW_UNKNOWN)
		write_marked(w, v, field, STR("unknown"), ROW_UNKNOWN);
	json_end_object(w);
}
