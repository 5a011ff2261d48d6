// SPDX-License-Identifier: Apache-2.0
/*
 * Values out of columns, and rows out of columns again. A column was checked when it was decoded:
 * nothing here can fail but for want of room.
 */
#include "record/row.h"

/* ---- Values ---------------------------------------------------------------------------------- */

static void set_word(uint64_t word, struct row_value *out)
{
	out->u = word;
	out->b = word;
	out->i = (int64_t)word;
	memcpy(&out->f, &word, sizeof(out->f));
}

/* Text or packed value j. */
static void set_text(const struct column *c, size_t j, struct row_value *out)
{
	out->s = column_text(c, j);
	if (c->counts)
		out->n = c->counts[j];
}

static bool is_text(const struct column *c)
{
	return form_of(c->type) >= FORM_TEXT;
}

static bool is_ip(const struct column *c)
{
	return c->type == FIELD_IP;
}

bool column_value(const struct column *c, size_t row, struct row_value *out)
{
	assert(row < c->rows);
	if (!column_has(c, row))
		return false;
	if (c->distinct > 0 || is_ip(c)) {
		column_entry(c, column_word(c, row), out);
	} else {
		*out = (struct row_value){ .type = c->type };
		if (is_text(c))
			set_text(c, row, out);
		else
			set_word(column_word(c, row), out);
	}
	out->marks = c->marks ? c->marks[row] : 0;
	return true;
}

void column_entry(const struct column *c, size_t j, struct row_value *out)
{
	*out = (struct row_value){ .type = c->type };
	if (is_ip(c))
		out->ip = c->ips[j];
	else if (is_text(c))
		set_text(c, j, out);
	else
		set_word(c->words[j], out);
}

/* ---- Rows ------------------------------------------------------------------------------------ */

struct writer {
	uint8_t *row;
	size_t entry, value, end;
};

static void put_u32(struct writer *w, size_t v)
{
	uint32_t le = (uint32_t)v;

	memcpy(w->row + w->value, &le, sizeof(le));
	w->value += sizeof(le);
}

static void put_bytes(struct writer *w, const void *p, size_t n)
{
	if (n > 0)
		memcpy(w->row + w->value, p, n);
	w->value += n;
}

static size_t bytes_of(enum form form, const struct row_value *v)
{
	switch (form) {
	case FORM_NONE:
	case FORM_BOOL:
	case FORM_WORD:
		break;
	case FORM_IP:
		return sizeof(v->ip.b);
	case FORM_TEXT:
		return sizeof(uint32_t) + v->s.n;
	case FORM_LIST_U64:
	case FORM_LIST_STR:
	case FORM_MAP:
		return ROW_LIST_HEAD + v->s.n;
	}
	return sizeof(v->u);
}

static void put_value(struct writer *w, enum form form, const struct row_value *v)
{
	if (form == FORM_IP) {
		put_bytes(w, v->ip.b, sizeof(v->ip.b));
	} else if (form == FORM_TEXT) {
		put_u32(w, v->s.n);
		put_bytes(w, v->s.p, v->s.n);
	} else if (form > FORM_TEXT) {
		put_u32(w, v->n);
		put_u32(w, form == FORM_LIST_U64 ? 0 : v->s.n);
		put_bytes(w, v->s.p, v->s.n);
	} else {
		put_bytes(w, &v->u, sizeof(v->u));
	}
}

/* False when it does not fit. */
static bool put_field(struct writer *w, uint16_t id, const struct row_value *v)
{
	static const uint8_t zero[ROW_ALIGN];
	enum form form = form_of(v->type);
	size_t n = bytes_of(form, v);
	uint64_t e = (uint64_t)id | (uint64_t)v->type << 16 | (uint64_t)v->marks << 24 |
		     (uint64_t)w->value << 32;

	if (row_align(n) > w->end - w->value)
		return false;
	memcpy(w->row + w->entry, &e, sizeof(e));
	w->entry += ROW_ENTRY;
	put_value(w, form, v);
	put_bytes(w, zero, row_align(n) - n);
	return true;
}

static size_t fields_at(const struct column *const *column, size_t n, size_t row)
{
	size_t fields = 0;

	for (size_t i = 0; i < n; i++)
		fields += column_has(column[i], row);
	return fields;
}

ptrdiff_t row_from_columns(uint16_t kind_id, uint64_t id_hi, uint64_t id_lo,
			   const struct column *const *column, size_t n, size_t row, void *to,
			   size_t room)
{
	size_t fields = fields_at(column, n, row);
	struct writer w = { .row = to,
			    .entry = ROW_HEADER,
			    .value = ROW_HEADER + fields * ROW_ENTRY,
			    .end = size_min(room, ROW_MAX) & ~(size_t)(ROW_ALIGN - 1) };
	struct row_value v;
	uint64_t head[3];

	if (w.value > w.end)
		return -ENOBUFS;
	for (size_t i = 0; i < n; i++)
		if (column_value(column[i], row, &v) && !put_field(&w, column[i]->field_id, &v))
			return -ENOBUFS;
	head[0] = (uint64_t)w.value | (uint64_t)kind_id << 32 | (uint64_t)fields << 48;
	head[1] = id_hi;
	head[2] = id_lo;
	static_assert(sizeof(head) == ROW_HEADER, "the header is three words");
	memcpy(w.row, head, sizeof(head));
	return (ptrdiff_t)w.value;
}
