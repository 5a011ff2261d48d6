// SPDX-License-Identifier: Apache-2.0
/*
 * Reading rows in place. row_view() checks a whole row against docs/formats/row.md, so that nothing
 * behind it checks again: the getters only fetch. Rows come from a process that parses what
 * attackers send; a row that contradicts itself is refused as a whole.
 */
#include "record/row.h"

static const uint8_t *bytes_at(struct str s, size_t at)
{
	return (const uint8_t *)s.p + at;
}

ptrdiff_t row_length(struct str bytes)
{
	uint32_t length;

	if (bytes.n < sizeof(length))
		return 0;
	length = load_u32le(bytes_at(bytes, 0));
	if (length < ROW_HEADER || length > ROW_MAX || length % ROW_ALIGN)
		return -EBADMSG;
	return (ptrdiff_t)length;
}

/* ---- The size of a value, by its type -------------------------------------------------------- */

/* Takes u32 n and n bytes. */
static struct str take_text(struct cur *c)
{
	uint32_t n = cur_u32le(c);
	const uint8_t *p = cur_take(c, n);

	return (struct str){ (const char *)p, p ? n : 0 };
}

static void take_list_u64(struct cur *c)
{
	uint32_t count = cur_u32le(c);

	if (cur_u32le(c) != 0)
		c->bad = true;
	cur_skip(c, (size_t)count * sizeof(uint64_t));
}

/* Lists of texts, and maps as lists of twice as many. */
static void take_texts(struct cur *c, unsigned each)
{
	uint64_t left = (uint64_t)cur_u32le(c) * each;
	uint32_t total = cur_u32le(c);
	const uint8_t *area = cur_take(c, total);
	struct cur inner = cur_of(area, area ? total : 0);

	for (; left > 0 && cur_ok(&inner); left--)
		(void)take_text(&inner);
	if (!cur_ok(&inner) || inner.n != 0)
		c->bad = true;
}

static void take_value(struct cur *c, unsigned type)
{
	switch (form_of(type)) {
	case FORM_BOOL:
		if (cur_u64le(c) > 1)
			c->bad = true;
		break;
	case FORM_WORD:
		cur_skip(c, sizeof(uint64_t));
		break;
	case FORM_IP:
		cur_skip(c, sizeof(struct ip_addr));
		break;
	case FORM_TEXT:
		(void)take_text(c);
		break;
	case FORM_LIST_U64:
		take_list_u64(c);
		break;
	case FORM_LIST_STR:
		take_texts(c, 1);
		break;
	case FORM_MAP:
		take_texts(c, 2);
		break;
	case FORM_NONE:
		c->bad = true;
		break;
	}
}

/* ---- The whole row --------------------------------------------------------------------------- */

/* Padding is zero, so that nothing travels in it. */
static void take_padding(struct cur *c, size_t at)
{
	size_t n = row_align(at) - at;
	const uint8_t *p = cur_take(c, n);

	for (size_t i = 0; p && i < n; i++)
		if (p[i])
			c->bad = true;
}

/* The fields that this program knows: of an unknown kind, the common ones, whose slots are the same
 * in every kind. */
struct known {
	const struct field *field;
	unsigned slots, next;
};

static struct known known_fields(const struct record_kind *kind)
{
	const struct record_kind *any = record_kind_at(0);

	return kind ? (struct known){ kind->field, kind->slots, 0 }
		    : (struct known){ any->field, COMMON_SLOTS, 0 };
}

/* Both sides ascend, so one walk finds all slots. False when the declared type differs. */
static bool index_field(struct known *known, uint16_t id, uint8_t type, uint16_t place,
			struct row_view *out)
{
	while (known->next < known->slots && known->field[known->next].id < id)
		known->next++;
	if (known->next == known->slots || known->field[known->next].id != id)
		return true;
	out->at[known->next] = (uint16_t)(place + 1);
	return known->field[known->next].type == type;
}

static bool check_fields(struct row_view *v)
{
	size_t values = ROW_HEADER + (size_t)v->fields * ROW_ENTRY;
	struct known known = known_fields(v->kind);
	struct cur c = cur_of(v->bytes.p, v->bytes.n);
	uint16_t before = ROW_FIELD_FIRST - 1;

	cur_skip(&c, values);
	for (uint16_t i = 0; i < v->fields && cur_ok(&c); i++) {
		const uint8_t *e = bytes_at(v->bytes, ROW_HEADER + (size_t)i * ROW_ENTRY);
		uint16_t id = load_u16le(e);

		if (id <= before || e[3] & ~ROW_MARKS_ALL || load_u32le(e + 4) != v->bytes.n - c.n)
			return false;
		if (!index_field(&known, id, e[2], i, v))
			return false;
		take_value(&c, e[2]);
		take_padding(&c, v->bytes.n - c.n);
		before = id;
	}
	return cur_ok(&c) && c.n == 0;
}

int row_view(struct str bytes, struct row_view *out)
{
	ptrdiff_t length = row_length(bytes);

	if (length <= 0 || (size_t)length > bytes.n)
		return -EBADMSG;
	out->bytes = str_head(bytes, (size_t)length);
	out->kind_id = load_u16le(bytes_at(bytes, 4));
	out->fields = load_u16le(bytes_at(bytes, 6));
	out->id_hi = load_u64le(bytes_at(bytes, 8));
	out->id_lo = load_u64le(bytes_at(bytes, 16));
	out->kind = record_kind_by_id(out->kind_id);
	memset(out->at, 0, sizeof(out->at));
	if (out->kind_id == 0 || ROW_HEADER + (size_t)out->fields * ROW_ENTRY > out->bytes.n)
		return -EBADMSG;
	return check_fields(out) ? 0 : -EBADMSG;
}

/* ---- Values ---------------------------------------------------------------------------------- */

static struct str text_at(const uint8_t *p)
{
	return (struct str){ (const char *)p + 4, load_u32le(p) };
}

static void read_value(const uint8_t *p, struct row_value *v)
{
	switch (form_of(v->type)) {
	case FORM_BOOL:
	case FORM_WORD:
		v->u = load_u64le(p);
		v->b = v->u;
		v->i = (int64_t)v->u;
		memcpy(&v->f, &v->u, sizeof(v->f));
		break;
	case FORM_IP:
		memcpy(v->ip.b, p, sizeof(v->ip.b));
		break;
	case FORM_TEXT:
		v->s = text_at(p);
		break;
	case FORM_LIST_U64:
		v->n = load_u32le(p);
		v->s = (struct str){ (const char *)p + ROW_LIST_HEAD, v->n * sizeof(uint64_t) };
		break;
	case FORM_LIST_STR:
	case FORM_MAP:
		v->n = load_u32le(p);
		v->s = (struct str){ (const char *)p + ROW_LIST_HEAD, load_u32le(p + 4) };
		break;
	case FORM_NONE:
		break;
	}
}

uint16_t row_value_at(const struct row_view *v, unsigned place, struct row_value *out)
{
	const uint8_t *e = bytes_at(v->bytes, ROW_HEADER + place * (size_t)ROW_ENTRY);

	assert(place < v->fields);
	*out = (struct row_value){ .type = e[2], .marks = e[3] };
	read_value(bytes_at(v->bytes, load_u32le(e + 4)), out);
	return load_u16le(e);
}

bool row_value(const struct row_view *v, unsigned slot, struct row_value *out)
{
	if (slot >= ROW_SLOTS_MAX || !v->at[slot])
		return false;
	(void)row_value_at(v, v->at[slot] - 1U, out);
	return true;
}

bool row_value_next_u64(const struct row_value *v, size_t *pos, uint64_t *out)
{
	if (v->type != FIELD_LIST_U64 || *pos >= v->s.n)
		return false;
	*out = load_u64le(bytes_at(v->s, *pos));
	*pos += sizeof(uint64_t);
	return true;
}

static struct str next_text(const struct row_value *v, size_t *pos)
{
	struct str s = text_at(bytes_at(v->s, *pos));

	*pos += 4 + s.n;
	return s;
}

bool row_value_next_str(const struct row_value *v, size_t *pos, struct str *out)
{
	if (v->type != FIELD_LIST_STR || *pos >= v->s.n)
		return false;
	*out = next_text(v, pos);
	return true;
}

bool row_value_next_pair(const struct row_value *v, size_t *pos, struct row_pair *out)
{
	if (v->type != FIELD_MAP || *pos >= v->s.n)
		return false;
	out->name = next_text(v, pos);
	out->value = next_text(v, pos);
	return true;
}
