/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows for tests of the store, whose content follows from their id, so that whoever reads one back
 * can tell whether it is right; and a reader of all that is in a store. Each has a field of each
 * part; that of PAYLOAD is one that no kind declares.
 */
#ifndef REDOUBT_TESTS_STORE_ROWS_H
#define REDOUBT_TESTS_STORE_ROWS_H

#include <stdio.h>
#include <stdlib.h>

#include "store/store.h"

#define ROWS_KIND          4 /* http */
#define ROWS_FIELD_TIME    2
#define ROWS_FIELD_HOST    101
#define ROWS_FIELD_HEADERS 108
#define ROWS_FIELD_PAYLOAD 60000
#define ROWS_BYTES         1024 /* the longest is shorter */

struct rows_id {
	uint32_t agent, epoch;
	uint8_t shard;
	uint64_t sequence;
};

static inline struct rows_id rows_id_of(const struct row_view *v)
{
	return (struct rows_id){ (uint32_t)(v->id_hi >> 32), (uint32_t)v->id_hi,
				 (uint8_t)(v->id_lo >> 56), v->id_lo << 8 >> 8 };
}

static inline uint64_t rows_hash(const struct rows_id *id, unsigned part)
{
	return hash_mix(hash_mix((uint64_t)id->agent << 32 | id->epoch,
				 (uint64_t)id->shard << 56 | id->sequence),
			part + 1);
}

/* ---- Making one ------------------------------------------------------------------------------ */

static inline void rows_put(char *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)(v >> (8 * i));
}

/* Text of 16 to 16 + 127 letters. */
static inline size_t rows_text(const struct rows_id *id, unsigned part, char out[160])
{
	uint64_t h = rows_hash(id, part);
	size_t n = (size_t)snprintf(out, 160, "%016llx", (unsigned long long)h), more = h & 127;

	memset(out + n, 'a' + (int)(h >> 8 & 15), more);
	return n + more;
}

/* The value of field i behind the ones before, and its entry in the directory. */
static inline size_t rows_field(char *row, size_t at, unsigned i, unsigned id, unsigned type,
				size_t value_bytes)
{
	char *entry = row + 24 + (size_t)i * 8;

	rows_put(entry, id, 2);
	rows_put(entry + 2, type, 2);
	rows_put(entry + 4, at, 4);
	return at + ((value_bytes + 7) & ~(size_t)7);
}

/* Returns its length. */
static inline size_t rows_make(const struct rows_id *id, char row[ROWS_BYTES])
{
	char text[160];
	size_t at = 24 + 4 * (size_t)8, n;

	memset(row, 0, ROWS_BYTES);
	rows_put(row + at, rows_hash(id, 7) >> 2, 8);
	at = rows_field(row, at, 0, ROWS_FIELD_TIME, FIELD_TIME, 8);

	n = rows_text(id, PART_META, text);
	rows_put(row + at, n, 4);
	memcpy(row + at + 4, text, n);
	at = rows_field(row, at, 1, ROWS_FIELD_HOST, FIELD_STR, 4 + n);

	n = rows_text(id, PART_HEADERS, text);
	rows_put(row + at, 1, 4);
	rows_put(row + at + 4, 4 + 1 + 4 + n, 4);
	rows_put(row + at + 8, 1, 4);
	row[at + 12] = 'x';
	rows_put(row + at + 13, n, 4);
	memcpy(row + at + 17, text, n);
	at = rows_field(row, at, 2, ROWS_FIELD_HEADERS, FIELD_MAP, 17 + n);

	n = rows_text(id, PART_PAYLOAD, text);
	rows_put(row + at, n, 4);
	memcpy(row + at + 4, text, n);
	at = rows_field(row, at, 3, ROWS_FIELD_PAYLOAD, FIELD_STR, 4 + n);

	rows_put(row, at, 4);
	rows_put(row + 4, ROWS_KIND, 2);
	rows_put(row + 6, 4, 2);
	rows_put(row + 8, (uint64_t)id->agent << 32 | id->epoch, 8);
	rows_put(row + 16, (uint64_t)id->shard << 56 | id->sequence, 8);
	return at;
}

/* ---- Checking one ---------------------------------------------------------------------------- */

/* Which parts it has, as bits, or -1 when something in it is not as it was made. */
static inline int rows_check(const struct row_view *v)
{
	struct rows_id id = rows_id_of(v);
	char made[ROWS_BYTES];
	struct row_view wanted;
	int parts = 0;

	if (row_view((struct str){ made, rows_make(&id, made) }, &wanted) < 0)
		return -1;
	for (unsigned i = 0; i < v->fields; i++) {
		struct row_value got, want = { .type = 0 };
		uint16_t field = row_value_at(v, i, &got), other = 0;

		for (unsigned k = 0; k < wanted.fields && other != field; k++)
			other = row_value_at(&wanted, k, &want);
		if (other != field || got.type != want.type || !str_eq(got.s, want.s) ||
		    got.i != want.i || got.n != want.n)
			return -1;
		parts |= 1 << row_field_part(v->kind_id, field);
	}
	return parts;
}

/* ---- Reading all ----------------------------------------------------------------------------- */

struct rows_reading {
	void (*row)(void *owner, const struct store_piece *piece, const struct row_view *v,
		    uint64_t arrival);
	void (*problem)(void *owner, const struct store_piece *piece, const char *text);
	void *owner;
};

static inline void rows_problem(const struct rows_reading *to, const struct store_piece *p,
				const char *text)
{
	if (to->problem)
		to->problem(to->owner, p, text);
}

static inline void rows_of_log(const struct rows_reading *to, const struct store_piece *p)
{
	CLEANUP(rowlog_reader_free) struct rowlog_reader *r = NULL;
	struct rowlog_key key[ROW_PARTS];
	char name[ROWLOG_NAME_BYTES];
	struct rowlog_frame frame;
	struct row_view v;
	struct err err = { .id = ERR_NONE };
	uint64_t arrival;
	int step, x = 0;

	for (unsigned part = 0; part < ROW_PARTS; part++) {
		key[part].id = p->key[part].id;
		memcpy(key[part].key, p->key[part].key, sizeof(key[part].key));
	}
	rowlog_name(p->first_arrival, name);
	if (rowlog_reader_new(p->fd[0], name, &p->log_head, key, NULL, &r, &err) < 0) {
		rows_problem(to, p, err.text);
		return;
	}
	while ((step = rowlog_next(r, &frame, NULL, &err)) > ROWLOG_END) {
		if (step == ROWLOG_BAD || step == ROWLOG_TORN)
			rows_problem(to, p, err.text);
		if (step != ROWLOG_FRAME || frame.first_arrival >= p->until_arrival)
			continue;
		while ((x = rowlog_row(r, &v, &arrival)) == 1)
			to->row(to->owner, p, &v, arrival);
		if (x < 0)
			rows_problem(to, p, "a row of a frame is none");
	}
	if (step < 0)
		rows_problem(to, p, err.text);
}

static inline uint64_t rows_word(const struct column *c, size_t row)
{
	return c->distinct ? c->words[column_word(c, row)] : column_word(c, row);
}

static inline void rows_of_group(const struct rows_reading *to, const struct store_piece *p,
				 struct segment *s, size_t g, struct segment_scratch *m)
{
	const struct segment_group *group = segment_group(s, g);
	static struct column column[ROW_SLOTS_MAX];
	static const struct column *columns[ROW_SLOTS_MAX];
	struct column hi, lo, arrival;
	struct err err = { .id = ERR_NONE };
	char bytes[ROWS_BYTES];
	struct row_view v;
	size_t n = 0;

	segment_scratch_reset(m);
	if (segment_ids(s, g, m, &hi, &lo, &arrival, &err) < 0) {
		rows_problem(to, p, err.text);
		return;
	}
	for (size_t i = 0; i < group->columns; i++) {
		uint16_t field = segment_column_field(s, g, i);

		if (segment_column(s, g, field, m, &column[n], &err) < 0)
			rows_problem(to, p, err.text);
		else
			columns[n] = &column[n], n++;
	}
	for (size_t i = 0; i < group->rows; i++) {
		ptrdiff_t length =
			row_from_columns(group->kind_id, rows_word(&hi, i), rows_word(&lo, i),
					 columns, n, i, bytes, sizeof(bytes));

		if (length < 0 || row_view((struct str){ bytes, (size_t)length }, &v) < 0)
			rows_problem(to, p, "a row of columns is none");
		else
			to->row(to->owner, p, &v, rows_word(&arrival, i));
	}
}

static inline void rows_of_segment(const struct rows_reading *to, const struct store_piece *p)
{
	CLEANUP(segment_free) struct segment *s = NULL;
	CLEANUP(segment_scratch_free) struct segment_scratch *m = NULL;
	struct err err = { .id = ERR_NONE };

	if (segment_scratch_new(&m) < 0 ||
	    segment_open(p->first_arrival, p->fd, p->segment_head, p->key, &s, &err) < 0) {
		rows_problem(to, p, err.text);
		return;
	}
	for (unsigned part = 0; part < ROW_PARTS; part++)
		if (segment_missing(s, part))
			rows_problem(to, p, segment_missing(s, part));
	for (size_t g = 0; g < segment_groups(s); g++)
		rows_of_group(to, p, s, g, m);
}

/* Every row that is there, by pieces. 0, or what opening the store answered. */
static inline int rows_read_all(const char *dir, const struct root_source *root,
				const struct rows_reading *to, struct err *err)
{
	CLEANUP(store_reader_free) struct store_reader *r = NULL;
	int x = store_reader_open(dir, root, (1u << ROW_PARTS) - 1, &r, err);

	for (size_t i = 0; x == 0 && i < store_reader_pieces(r); i++) {
		struct store_piece p;

		x = store_reader_piece(r, i, &p, err);
		if (x < 0)
			break;
		if (p.text[0] != '\0')
			rows_problem(to, &p, p.text);
		if (p.bad == 0 && p.is_log)
			rows_of_log(to, &p);
		else if (p.bad == 0)
			rows_of_segment(to, &p);
		store_piece_done(&p);
	}
	return x;
}

#endif
