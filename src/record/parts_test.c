// SPDX-License-Identifier: Apache-2.0
/* Rows cut into their parts and made whole again. */
#include "record/rig.h"

#define ROOM 4096

/* A row with its parts. */
struct cut {
	struct buf bytes[ROW_PARTS];
	struct row_view view[ROW_PARTS];
	const struct row_view *part[ROW_PARTS]; /* NULL: it has none */
	uint8_t whole[ROW_MAX];
};

static struct cut *cut_new(const struct row_view *row)
{
	struct cut *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	for (size_t i = 0; i < ROW_PARTS; i++) {
		ptrdiff_t n;

		buf_init(&c->bytes[i], ROW_MAX);
		n = row_split(row, (enum field_part)i, &c->bytes[i]);
		assert_true(n >= 0 && (size_t)n == c->bytes[i].len);
		if (n == 0)
			continue;
		assert_int_equal(row_view(buf_str(&c->bytes[i]), &c->view[i]), 0);
		c->part[i] = &c->view[i];
	}
	return c;
}

static void cut_free(struct cut *c)
{
	for (size_t i = 0; i < ROW_PARTS; i++)
		buf_done(&c->bytes[i]);
	free(c);
}

static void assert_merges(struct cut *c, const struct row_view *row)
{
	ptrdiff_t n = row_merge(c->part, c->whole, sizeof(c->whole));

	assert_int_equal(n, row->bytes.n);
	assert_memory_equal(c->whole, row->bytes.p, row->bytes.n);
}

/* Something of the right type in a slot, other for each seed. */
static void put_any(struct row *row, unsigned slot, uint64_t seed)
{
	static const char text[] = "the quick brown fox jumps over the lazy dog";
	static const struct str texts[] = { { "a", 1 }, { "", 0 }, { "three words here", 16 } };
	static const struct row_pair pairs[] = { { { "name", 4 }, { "value", 5 } },
						 { { "x-empty", 7 }, { "", 0 } } };
	static const uint64_t numbers[] = { 1, 2, UINT64_MAX };
	union row_slot *s = &row->slot[slot];

	row->present[slot / 64] |= UINT64_C(1) << (slot % 64);
	if (form_of(row->kind->field[slot].type) == FORM_TEXT)
		s->s = (struct str){ text, (size_t)(seed % sizeof(text)) };
	else if (form_of(row->kind->field[slot].type) == FORM_BOOL)
		s->b = seed & 1;
	else if (form_of(row->kind->field[slot].type) == FORM_WORD)
		s->u = seed;
	else if (form_of(row->kind->field[slot].type) == FORM_IP)
		memset(s->ip.b, (int)(seed & 0xff), sizeof(s->ip.b));
	else
		s->list.n = (size_t)(seed % 3);
	if (row->kind->field[slot].type == FIELD_LIST_U64)
		s->list.p = numbers;
	else if (row->kind->field[slot].type == FIELD_LIST_STR)
		s->list.p = texts;
	else if (row->kind->field[slot].type == FIELD_MAP)
		s->list.p = pairs;
}

/* A row of the kind in which each slot is there in so many of 16 cases. */
static const struct row_view *any_row(struct rig *r, enum kind_id kind, uint64_t seed,
				      unsigned often)
{
	struct row *row = rig_row(r, kind);

	for (unsigned slot = 0; slot < row->kind->slots; slot++) {
		uint64_t h = hash_mix(seed, slot);

		if ((h & 15) < often)
			put_any(row, slot, h >> 4);
		if ((h >> 60) == 0)
			row->cut[slot / 64] |= UINT64_C(1) << (slot % 64);
	}
	return rig_commit(r, row);
}

TEST(rows_of_all_kinds_are_the_same_bytes_after_split_and_merge)
{
	struct rig *r = rig_new(MIB);

	for (size_t k = 0; k < RECORD_KINDS; k++) {
		for (uint64_t seed = 0; seed < 200; seed++) {
			const struct row_view *v = any_row(r, (enum kind_id)record_kind_at(k)->id,
							   seed, (unsigned)(seed % 17));
			struct cut *c = cut_new(v);

			assert_merges(c, v);
			cut_free(c);
		}
	}
	rig_free(r);
}

TEST(each_part_has_its_fields_and_no_others)
{
	struct rig *r = rig_new(MIB);

	for (size_t k = 0; k < RECORD_KINDS; k++) {
		const struct record_kind *kind = record_kind_at(k);
		const struct row_view *v = any_row(r, (enum kind_id)kind->id, 1, 16);
		struct cut *c = cut_new(v);

		for (unsigned slot = 0; slot < kind->slots; slot++) {
			const struct field *f = &kind->field[slot];

			assert_int_equal(row_field_part(kind->id, f->id), f->part);
			for (unsigned i = 0; i < ROW_PARTS; i++)
				assert_int_equal(c->part[i] && c->part[i]->at[slot], i == f->part);
		}
		cut_free(c);
	}
	rig_free(r);
}

TEST(a_row_without_fields_has_a_meta_part_alone)
{
	struct rig *r = rig_new(ROOM);
	const struct row_view *v = any_row(r, KIND_HTTP, 1, 0);
	struct cut *c = cut_new(v);

	assert_non_null(c->part[PART_META]);
	assert_null(c->part[PART_HEADERS]);
	assert_null(c->part[PART_PAYLOAD]);
	assert_int_equal(c->view[PART_META].bytes.n, ROW_HEADER);
	assert_merges(c, v);
	cut_free(c);
	rig_free(r);
}

TEST(what_may_not_be_read_is_left_out)
{
	struct rig *r = rig_new(MIB);
	const struct row_view *v = any_row(r, KIND_HTTP, 3, 16);
	struct cut *c = cut_new(v);
	struct row_view merged;
	struct row_value value;
	ptrdiff_t n;

	assert_non_null(c->part[PART_HEADERS]);
	c->part[PART_HEADERS] = NULL;
	n = row_merge(c->part, c->whole, sizeof(c->whole));

	assert_true(n > 0);
	assert_int_equal(row_view((struct str){ (char *)c->whole, (size_t)n }, &merged), 0);
	assert_false(row_value(&merged, http_request_headers.ref.slot, &value));
	assert_true(row_value(&merged, http_status.ref.slot, &value));
	cut_free(c);
	rig_free(r);
}

/* ---- What is not known ----------------------------------------------------------------------- */

static void put_le(uint8_t *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* A row of numbers, written by hand. */
static struct row_view row_of_words(uint8_t *to, uint16_t kind, uint64_t id, const uint16_t *field,
				    size_t n)
{
	size_t values = ROW_HEADER + n * ROW_ENTRY;
	struct row_view v;

	put_le(to, values + 8 * n, 4);
	put_le(to + 4, kind, 2);
	put_le(to + 6, n, 2);
	put_le(to + 8, 7, 8);
	put_le(to + 16, id, 8);
	for (size_t i = 0; i < n; i++) {
		uint8_t *e = to + ROW_HEADER + i * ROW_ENTRY;

		put_le(e, field[i], 2);
		e[2] = field[i] == 2 ? FIELD_TIME : FIELD_U64;
		e[3] = 0;
		put_le(e + 4, values + 8 * i, 4);
		put_le(to + values + 8 * i, 1000 + i, 8);
	}
	assert_int_equal(row_view((struct str){ (char *)to, values + 8 * n }, &v), 0);
	return v;
}

TEST(fields_that_are_not_known_are_payload)
{
	static const uint16_t fields[] = { 2, 99, 105, 5000, UINT16_MAX };
	uint8_t bytes[256];
	struct row_view v = row_of_words(bytes, KIND_HTTP, 1, fields, ARRAY_LEN(fields));
	struct cut *c = cut_new(&v);

	assert_int_equal(c->view[PART_META].fields, 2);
	assert_null(c->part[PART_HEADERS]);
	assert_int_equal(c->view[PART_PAYLOAD].fields, 3);
	assert_int_equal(row_field_part(KIND_HTTP, 99), PART_PAYLOAD);
	assert_int_equal(row_field_part(KIND_HTTP, UINT16_MAX), PART_PAYLOAD);
	assert_merges(c, &v);
	cut_free(c);
}

TEST(of_a_kind_that_is_not_known_only_common_fields_are_meta)
{
	static const uint16_t fields[] = { 2, 70, 99, 100, 108, UINT16_MAX };
	static const uint16_t kinds[] = { 999, UINT16_MAX };

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		uint8_t bytes[256];
		struct row_view v = row_of_words(bytes, kinds[k], 1, fields, ARRAY_LEN(fields));
		struct cut *c = cut_new(&v);

		assert_int_equal(c->view[PART_META].fields, 2);
		assert_null(c->part[PART_HEADERS]);
		assert_int_equal(c->view[PART_PAYLOAD].fields, 4);
		assert_merges(c, &v);
		cut_free(c);
	}
}

/* ---- What is refused ------------------------------------------------------------------------- */

TEST(parts_of_different_rows_are_refused)
{
	static const uint16_t meta[] = { 2, 105 }, payload[] = { 5000 };
	uint8_t a[256], b[256], to[512];

	for (uint64_t id = 1; id <= 2; id++) {
		for (uint16_t kind = KIND_HTTP; kind <= KIND_GRPC; kind++) {
			struct row_view one = row_of_words(a, KIND_HTTP, 1, meta, 2);
			struct row_view other = row_of_words(b, kind, id, payload, 1);
			const struct row_view *part[ROW_PARTS] = { &one, NULL, &other };
			ptrdiff_t n = row_merge(part, to, sizeof(to));

			assert_int_equal(n > 0, id == 1 && kind == KIND_HTTP);
			assert_true(n > 0 || n == -EBADMSG);
		}
	}
}

TEST(parts_whose_high_ids_differ_are_refused)
{
	static const uint16_t meta[] = { 2 }, payload[] = { 5000 };
	uint8_t a[256], b[256], to[512];
	struct row_view one = row_of_words(a, KIND_HTTP, 1, meta, 1);
	struct row_view other = row_of_words(b, KIND_HTTP, 1, payload, 1);
	const struct row_view *part[ROW_PARTS] = { &one, &other, NULL };

	other.id_hi++;

	assert_int_equal(row_merge(part, to, sizeof(to)), -EBADMSG);
}

TEST(a_field_in_two_parts_is_refused)
{
	static const uint16_t lists[][3] = { { 2, 105, 5000 }, { 104, 105, 106 }, { 5, 7, 105 } };
	uint8_t a[256], b[256], to[512];

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		for (size_t j = 0; j < ARRAY_LEN(lists); j++) {
			static const uint16_t one_field[] = { 105 };
			struct row_view one = row_of_words(a, 999, 1, lists[i] + (i == 2), 2);
			struct row_view other = row_of_words(b, 999, 1, one_field, 1);
			const struct row_view *part[ROW_PARTS] = { NULL, NULL, NULL };

			part[j] = &one;
			part[(j + 1) % ROW_PARTS] = &other;
			assert_int_equal(row_merge(part, to, sizeof(to)), -EBADMSG);
		}
	}
}

TEST(no_parts_are_no_row)
{
	const struct row_view *part[ROW_PARTS] = { NULL, NULL, NULL };
	uint8_t to[64];

	assert_int_equal(row_merge(part, to, sizeof(to)), -EBADMSG);
}

TEST(parts_that_are_too_long_together_are_refused)
{
	struct rig *r = rig_new(MIB);
	size_t n = ROW_MAX / 16;
	uint16_t *fields = calloc(n, sizeof(*fields));
	uint8_t *a = malloc(ROW_MAX), *b = malloc(64), *to = malloc(ROW_MAX + 64);
	const struct row_view *part[ROW_PARTS] = { NULL, NULL, NULL };
	struct row_view one, other;
	uint16_t last = UINT16_MAX;

	assert_true(fields && a && b && to);
	for (size_t i = 0; i < n; i++)
		fields[i] = (uint16_t)(3000 + i);
	/* 24 + 16 a field: two fields more than these are above the limit. */
	one = row_of_words(a, 999, 1, fields, n - 2);
	other = row_of_words(b, 999, 1, &last, 1);
	part[0] = &one;
	part[1] = &other;

	assert_int_equal(one.bytes.n, ROW_MAX - 8);
	assert_int_equal(row_merge(part, to, ROW_MAX + 64), -EBADMSG);
	one = row_of_words(a, 999, 1, fields, n - 3);
	assert_int_equal(row_merge(part, to, ROW_MAX + 64), ROW_MAX - 8);
	assert_int_equal(row_view((struct str){ (char *)to, ROW_MAX - 8 }, &other), 0);
	free(fields);
	free(a);
	free(b);
	free(to);
	rig_free(r);
}

TEST(want_of_room_is_told_and_nothing_is_written)
{
	struct rig *r = rig_new(MIB);
	const struct row_view *v = any_row(r, KIND_HTTP, 3, 16);
	struct cut *c = cut_new(v);
	struct buf small;

	assert_int_equal(row_merge(c->part, c->whole, v->bytes.n - 1), -ENOBUFS);
	assert_int_equal(row_merge(c->part, c->whole, v->bytes.n), v->bytes.n);
	buf_init(&small, c->bytes[PART_META].len - 1);
	assert_int_equal(row_split(v, PART_META, &small), -ENOBUFS);
	assert_int_equal(small.len, 0);
	buf_done(&small);
	cut_free(c);
	rig_free(r);
}

TEST(a_part_is_appended_behind_what_is_there)
{
	struct rig *r = rig_new(MIB);
	const struct row_view *v = any_row(r, KIND_HTTP, 3, 16);
	struct row_view part;
	struct buf out;
	ptrdiff_t n;

	buf_init(&out, MIB);
	assert_int_equal(buf_put(&out, STR("odd")), 0);
	n = row_split(v, PART_HEADERS, &out);

	assert_true(n > 0);
	assert_int_equal(out.len, 3 + (size_t)n);
	assert_str(str_head(buf_str(&out), 3), "odd");
	assert_int_equal(row_view(str_skip(buf_str(&out), 3), &part), 0);
	assert_int_equal(part.fields, 2);
	buf_done(&out);
	rig_free(r);
}

TEST_MAIN
