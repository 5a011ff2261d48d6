/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of this room share: rows made by hand or by chance, a directory in which they
 * become a segment, and the segment read back as rows.
 */
#ifndef REDOUBT_SEGMENT_RIG_H
#define REDOUBT_SEGMENT_RIG_H

#include "t.h"

#include <fcntl.h>
#include <unistd.h>

#include "segment/segment_int.h"

#define RIG_FIRST 0x4d2
#define RIG_HOUR  490000

/* ---- Chance that is the same each time ------------------------------------------------------- */

static uint64_t chance_state = 1;

static inline uint64_t chance(uint64_t below)
{
	chance_state = hash_mix(chance_state, 0x5eed);
	return below ? chance_state % below : chance_state;
}

/* ---- Rows by hand (docs/formats/row.md) ------------------------------------------------------ */

struct maker {
	_Alignas(8) uint8_t head[24 + 8 * 300];
	uint8_t values[ROW_MAX];
	size_t fields, bytes;
	uint32_t offset[300];
};

static inline void maker_begin(struct maker *m, uint16_t kind, uint64_t hi, uint64_t lo)
{
	memset(m->head, 0, sizeof(m->head));
	m->fields = m->bytes = 0;
	memcpy(m->head + 4, &kind, 2);
	memcpy(m->head + 8, &hi, 8);
	memcpy(m->head + 16, &lo, 8);
}

static inline void maker_field(struct maker *m, uint16_t id, uint8_t type, uint8_t marks)
{
	uint8_t *e = m->head + 24 + 8 * m->fields;

	m->bytes = (m->bytes + 7) & ~(size_t)7;
	m->offset[m->fields++] = (uint32_t)m->bytes;
	memcpy(e, &id, 2);
	e[2] = type;
	e[3] = marks;
}

static inline void maker_bytes(struct maker *m, const void *p, size_t n)
{
	assert_true(m->bytes + n + 8 < sizeof(m->values));
	memset(m->values + m->bytes, 0, n + 8);
	if (n > 0)
		memcpy(m->values + m->bytes, p, n);
	m->bytes += n;
}

static inline void maker_u32(struct maker *m, size_t v)
{
	uint32_t le = (uint32_t)v;

	maker_bytes(m, &le, sizeof(le));
}

static inline void maker_u64(struct maker *m, uint64_t v)
{
	maker_bytes(m, &v, sizeof(v));
}

static inline void maker_text(struct maker *m, struct str s)
{
	maker_u32(m, s.n);
	maker_bytes(m, s.p, s.n);
}

/* The row, appended to out. */
static inline void maker_end(struct maker *m, struct buf *out)
{
	size_t directory = 24 + 8 * m->fields;
	uint16_t fields = (uint16_t)m->fields;
	uint32_t length;

	m->bytes = (m->bytes + 7) & ~(size_t)7;
	length = (uint32_t)(directory + m->bytes);
	memcpy(m->head, &length, 4);
	memcpy(m->head + 6, &fields, 2);
	for (size_t i = 0; i < m->fields; i++) {
		uint32_t at = (uint32_t)directory + m->offset[i];

		memcpy(m->head + 24 + 8 * i + 4, &at, 4);
	}
	assert_int_equal(buf_put(out, (struct str){ (char *)m->head, directory }), 0);
	assert_int_equal(buf_put(out, (struct str){ (char *)m->values, m->bytes }), 0);
}

/* ---- Rows by chance -------------------------------------------------------------------------- */

static inline struct str chance_text(char *to, size_t most)
{
	static const char *const words[] = { "",  "GET",     "payments", "/api/orders/{id}",
					     "a", "10.0.0.7" };
	size_t n;

	if (chance(3) > 0)
		return str_of(words[chance(ARRAY_LEN(words))]);
	n = chance(most);
	for (size_t i = 0; i < n; i++)
		to[i] = (char)chance(256);
	return (struct str){ to, n };
}

static inline void chance_texts(struct maker *m, unsigned each)
{
	size_t n = chance(4), at = m->bytes, total;
	uint32_t le;
	char text[64];

	maker_u32(m, n);
	maker_u32(m, 0);
	for (size_t i = 0; i < n * each; i++)
		maker_text(m, chance_text(text, 20));
	total = m->bytes - at - 8;
	le = (uint32_t)total;
	memcpy(m->values + at + 4, &le, 4);
}

static inline uint64_t chance_number(void)
{
	switch (chance(4)) {
	case 0:
		return chance(6);
	case 1:
		return 1700000000000000000 + chance(1000000000);
	case 2:
		return chance(0);
	default:
		return UINT64_MAX - chance(300);
	}
}

static inline void chance_value(struct maker *m, uint16_t id, uint8_t type)
{
	static const uint8_t marks[] = { 0, 0, 0, 0, 0, 0, ROW_MASKED, ROW_CUT | ROW_UNKNOWN };
	char text[300];
	uint64_t n;

	maker_field(m, id, type, marks[chance(ARRAY_LEN(marks))]);
	switch ((enum field_type)type) {
	case FIELD_BOOL:
		maker_u64(m, chance(2));
		break;
	case FIELD_U64:
	case FIELD_I64:
	case FIELD_F64:
	case FIELD_TIME:
	case FIELD_DUR:
		maker_u64(m, chance_number());
		break;
	case FIELD_ENUM:
		maker_u64(m, chance(5));
		break;
	case FIELD_STR:
	case FIELD_BYTES:
	case FIELD_JSON:
		maker_text(m, chance_text(text, sizeof(text)));
		break;
	case FIELD_IP:
		maker_u64(m, chance(2) ? 0 : chance(0));
		maker_u64(m, chance(2) ? 0x0100000affff0000 + (chance(9) << 56) : chance(0));
		break;
	case FIELD_LIST_U64:
		n = chance(4);
		maker_u32(m, n);
		maker_u32(m, 0);
		for (size_t i = 0; i < n; i++)
			maker_u64(m, chance_number());
		break;
	case FIELD_LIST_STR:
		chance_texts(m, 1);
		break;
	case FIELD_MAP:
		chance_texts(m, 2);
		break;
	}
}

/* A kind and fields that nobody knows, of every type. */
#define RIG_UNKNOWN_KIND 60000

static inline void chance_row(struct maker *m, uint64_t number, struct buf *out)
{
	static const uint8_t types[] = { FIELD_BOOL,     FIELD_U64,   FIELD_I64,  FIELD_F64,
					 FIELD_STR,      FIELD_BYTES, FIELD_TIME, FIELD_DUR,
					 FIELD_IP,       FIELD_ENUM,  FIELD_JSON, FIELD_LIST_U64,
					 FIELD_LIST_STR, FIELD_MAP };
	size_t which = chance(RECORD_KINDS + 2);
	const struct record_kind *kind = which < RECORD_KINDS ? record_kind_at(which) : NULL;
	uint64_t often = 1 + chance(4);

	maker_begin(m, kind ? kind->id : RIG_UNKNOWN_KIND, UINT64_C(7) << 32 | 1,
		    UINT64_C(3) << 56 | number);
	for (unsigned i = 0; i < (kind ? kind->slots : 1); i++) {
		const struct field *f = kind ? &kind->field[i] : &record_kind_at(0)->field[0];

		if (f->id > 1 && chance(often) == 0)
			chance_value(m, f->id, f->type);
	}
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (chance(kind ? 20 : 2) == 0)
			chance_value(m, (uint16_t)(900 + 100 * i), types[i]);
	maker_end(m, out);
}

/* ---- A segment ------------------------------------------------------------------------------- */

#define RIG_ROWS_MAX 100000

struct rig {
	char path[64];
	int dir_fd;
	struct segment_conf conf;
	struct segment_writer *writer;
	struct segment_summary summary;
	struct segment *segment;
	struct segment_scratch *scratch;
	int fd[ROW_PARTS];
	struct segment_head head[ROW_PARTS];
	struct err err;
	struct maker maker;
	/* The rows as they were given, by arrival number. */
	struct buf rows;
	size_t row_at[RIG_ROWS_MAX], row_count;
	char said[64 * KIB];
	size_t said_bytes;
};

static inline struct rig *rig_new(void)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	assert_int_equal(crypto_init(&r->err), 0);
	(void)snprintf(r->path, sizeof(r->path), "/tmp/segment-test-XXXXXX");
	assert_non_null(mkdtemp(r->path));
	r->dir_fd = open(r->path, O_DIRECTORY | O_CLOEXEC);
	assert_true(r->dir_fd >= 0);
	r->conf = (struct segment_conf){ .dir_fd = r->dir_fd,
					 .first_arrival = RIG_FIRST,
					 .hour = RIG_HOUR };
	memset(r->conf.store_id, 0xd5, sizeof(r->conf.store_id));
	for (unsigned i = 0; i < ROW_PARTS; i++) {
		r->conf.key[i].id = 100 + i;
		memset(r->conf.key[i].key, (int)(0x40 + i), CRYPTO_KEY_BYTES);
		r->fd[i] = -1;
	}
	buf_init(&r->rows, GIB);
	assert_int_equal(segment_scratch_new(&r->scratch), 0);
	chance_state = 1;
	return r;
}

static inline void rig_close(struct rig *r)
{
	segment_free(r->segment);
	r->segment = NULL;
	for (size_t i = 0; i < ROW_PARTS; i++) {
		if (r->fd[i] >= 0)
			(void)close(r->fd[i]);
		r->fd[i] = -1;
	}
}

static inline int rig_remove_one(void *owner, const char *name)
{
	struct rig *r = owner;

	assert_int_equal(unlinkat(r->dir_fd, name, 0), 0);
	return 0;
}

static inline void rig_free(struct rig *r)
{
	rig_close(r);
	segment_writer_free(r->writer);
	segment_scratch_free(r->scratch);
	assert_int_equal(disk_each(r->dir_fd, rig_remove_one, r), 0);
	(void)close(r->dir_fd);
	assert_int_equal(rmdir(r->path), 0);
	buf_done(&r->rows);
	free(r);
}

static inline void rig_write(struct rig *r)
{
	assert_int_equal(segment_writer_new(&r->conf, &r->writer, &r->err), 0);
	buf_clear(&r->rows);
	r->row_count = 0;
}

static inline int rig_try(struct rig *r, struct str bytes, uint64_t arrival)
{
	struct row_view v;

	assert_int_equal(row_view(bytes, &v), 0);
	return segment_writer_add(r->writer, &v, arrival, &r->err);
}

/* Adds the row that stands behind the others in r->rows. */
static inline void rig_add(struct rig *r, size_t at)
{
	struct str bytes = { r->rows.p + at, r->rows.len - at };

	assert_true(r->row_count < RIG_ROWS_MAX);
	if (rig_try(r, bytes, r->conf.first_arrival + r->row_count) < 0)
		fail_msg("%s", r->err.text);
	r->row_at[r->row_count++] = at;
}

static inline void rig_add_made(struct rig *r)
{
	size_t at = r->rows.len;

	maker_end(&r->maker, &r->rows);
	rig_add(r, at);
}

/* Of these kinds, or of all where there are none. */
static inline void rig_add_kinds(struct rig *r, size_t n, const uint16_t *kind, size_t kinds)
{
	while (n > 0) {
		size_t at = r->rows.len;
		bool wanted = kinds == 0;

		chance_row(&r->maker, r->row_count + 1, &r->rows);
		for (size_t i = 0; i < kinds; i++)
			wanted = wanted || load_u16le((uint8_t *)r->rows.p + at + 4) == kind[i];
		if (wanted) {
			rig_add(r, at);
			n--;
		} else {
			r->rows.len = at;
		}
	}
}

static inline void rig_add_chance(struct rig *r, size_t n)
{
	rig_add_kinds(r, n, NULL, 0);
}

static inline void rig_finish(struct rig *r)
{
	if (segment_writer_finish(r->writer, &r->summary, &r->err) < 0)
		fail_msg("%s", r->err.text);
	segment_writer_free(r->writer);
	r->writer = NULL;
}

/* Opens the files of the parts that are there. */
static inline int rig_try_open(struct rig *r, unsigned parts)
{
	struct segment_key key[ROW_PARTS] = { 0 };
	char name[SEGMENT_NAME_BYTES];

	rig_close(r);
	for (unsigned i = 0; i < ROW_PARTS; i++) {
		int code;

		segment_name(r->conf.first_arrival, (enum field_part)i, name);
		r->fd[i] = parts >> i & 1 ? disk_open(r->dir_fd, name) : -1;
		if (r->fd[i] < 0)
			continue;
		key[i] = r->conf.key[i];
		code = segment_read_head(r->fd[i], name, r->conf.store_id, &r->head[i], &r->err);
		if (code < 0)
			return code;
	}
	return segment_open(r->conf.first_arrival, r->fd, r->head, key, &r->segment, &r->err);
}

static inline void rig_open(struct rig *r, unsigned parts)
{
	if (rig_try_open(r, parts) < 0)
		fail_msg("%s", r->err.text);
}

/* ---- A segment as rows ----------------------------------------------------------------------- */

/* What of the row is to come back, of these parts. */
static inline struct str rig_expected(struct rig *r, size_t i, unsigned parts, struct buf *memory)
{
	static _Alignas(8) uint8_t merged[ROW_MAX];
	struct row_view whole, view[ROW_PARTS];
	const struct row_view *part[ROW_PARTS] = { NULL };
	struct str at[ROW_PARTS];
	size_t from[ROW_PARTS];
	ptrdiff_t n[ROW_PARTS], all;

	assert_int_equal(
		row_view((struct str){ r->rows.p + r->row_at[i], r->rows.len - r->row_at[i] },
			 &whole),
		0);
	buf_clear(memory);
	for (unsigned p = 0; p < ROW_PARTS; p++) {
		from[p] = memory->len;
		n[p] = parts >> p & 1 ? row_split(&whole, (enum field_part)p, memory) : 0;
		assert_true(n[p] >= 0);
	}
	for (unsigned p = 0; p < ROW_PARTS; p++) {
		if (n[p] == 0)
			continue;
		at[p] = (struct str){ memory->p + from[p], (size_t)n[p] };
		assert_int_equal(row_view(at[p], &view[p]), 0);
		part[p] = &view[p];
	}
	all = row_merge(part, merged, sizeof(merged));
	assert_true(all > 0);
	return (struct str){ (char *)merged, (size_t)all };
}

/* Every row of a group, from all its columns; the arrival numbers that were met are counted. */
static inline void rig_compare_group(struct rig *r, size_t g, unsigned parts, uint8_t *met)
{
	static _Alignas(8) uint8_t bytes[ROW_MAX];
	const struct segment_group *group = segment_group(r->segment, g);
	static struct column column[SEGMENT_COLUMNS_MAX], hi, lo, arrival;
	const struct column *all[SEGMENT_COLUMNS_MAX];
	struct buf memory;

	buf_init(&memory, MIB);
	segment_scratch_reset(r->scratch);
	if (segment_ids(r->segment, g, r->scratch, &hi, &lo, &arrival, &r->err) < 0)
		fail_msg("%s", r->err.text);
	for (size_t i = 0; i < group->columns; i++) {
		uint16_t field = segment_column_field(r->segment, g, i);

		if (segment_column(r->segment, g, field, r->scratch, &column[i], &r->err) < 0)
			fail_msg("%s", r->err.text);
		all[i] = &column[i];
	}
	for (uint32_t i = 0; i < group->rows; i++) {
		size_t number = column_word(&arrival, i) - r->conf.first_arrival;
		ptrdiff_t n =
			row_from_columns(group->kind_id, column_word(&hi, i), column_word(&lo, i),
					 all, group->columns, i, bytes, sizeof(bytes));
		struct str want;

		assert_true(number < r->row_count && !met[number]);
		met[number] = 1;
		want = rig_expected(r, number, parts, &memory);
		if (n != (ptrdiff_t)want.n || memcmp(bytes, want.p, want.n) != 0)
			fail_msg("row %zu, in group %zu, is another one", number, g);
	}
	buf_done(&memory);
}

static inline void rig_compare(struct rig *r, unsigned parts)
{
	uint8_t *met = calloc(r->row_count + 1, 1);

	assert_non_null(met);
	for (size_t g = 0; g < segment_groups(r->segment); g++)
		rig_compare_group(r, g, parts, met);
	for (size_t i = 0; i < r->row_count; i++)
		assert_int_equal(met[i], 1);
	free(met);
}

/* ---- Files ----------------------------------------------------------------------------------- */

static inline struct str rig_load(struct rig *r, enum field_part part, struct buf *out)
{
	char name[SEGMENT_NAME_BYTES];

	segment_name(r->conf.first_arrival, part, name);
	buf_clear(out);
	assert_int_equal(disk_load(r->dir_fd, name, out), 0);
	return buf_str(out);
}

static inline void rig_store(struct rig *r, enum field_part part, struct str bytes)
{
	char name[SEGMENT_NAME_BYTES];
	int fd;

	segment_name(r->conf.first_arrival, part, name);
	fd = openat(r->dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes.n), 0);
	assert_int_equal(disk_write(fd, 0, bytes), 0);
	(void)close(fd);
}

static inline bool rig_exists(struct rig *r, const char *name)
{
	return faccessat(r->dir_fd, name, F_OK, 0) == 0;
}

static inline void rig_say(void *owner, const char *text)
{
	struct rig *r = owner;
	int n = snprintf(r->said + r->said_bytes, sizeof(r->said) - r->said_bytes, "%s\n", text);

	if (n > 0 && (size_t)n < sizeof(r->said) - r->said_bytes)
		r->said_bytes += (size_t)n;
}

static inline ptrdiff_t rig_verify(struct rig *r)
{
	r->said_bytes = 0;
	r->said[0] = '\0';
	return segment_verify(r->segment, rig_say, r);
}

#define RIG_META    (1u << PART_META)
#define RIG_HEADERS (1u << PART_HEADERS)
#define RIG_PAYLOAD (1u << PART_PAYLOAD)
#define RIG_ALL     (RIG_META | RIG_HEADERS | RIG_PAYLOAD)

#endif
