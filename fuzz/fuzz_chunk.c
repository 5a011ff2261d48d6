// SPDX-License-Identifier: Apache-2.0
/*
 * A column of a segment as plain bytes, of the field, type and rows that its header names. What is
 * accepted must be safe to read, row by row and entry by entry, and written again and read again it
 * must be the same values.
 */
#include "segment/chunk.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct again {
	struct chunk_build *build;
	struct chunk_memory memory;
	struct buf bytes;
	struct column column;
	struct chunk_facts facts;
};

static uint64_t hash_of(const struct row_value *v)
{
	uint64_t h = hash_bytes(v->s.p, v->s.n, v->marks);

	h = hash_mix(h, hash_bytes(v->ip.b, sizeof(v->ip.b), v->n));
	return hash_mix(h, v->u);
}

static void check_elements(const struct row_value *v)
{
	struct row_pair pair;
	size_t pos = 0, n = 0;
	uint64_t word;

	while (row_value_next_u64(v, &pos, &word) || row_value_next_str(v, &pos, &pair.name) ||
	       row_value_next_pair(v, &pos, &pair))
		n++;
	assert(n == v->n && pos == (n > 0 ? v->s.n : 0));
}

static void check_entries(const struct column *c)
{
	struct row_value v;

	for (uint32_t j = 0; j < c->distinct; j++) {
		column_entry(c, j, &v);
		check_elements(&v);
		(void)hash_of(&v);
	}
}

static void write_again(const struct column *c, struct again *a)
{
	struct row_value v;
	uint32_t present = 0;

	for (uint32_t row = 0; row < c->rows; row++) {
		if (!column_value(c, row, &v))
			continue;
		check_elements(&v);
		assert(c->type != FIELD_BOOL || v.u <= 1);
		if (chunk_build_add(a->build, row, &v) < 0)
			abort();
		present++;
	}
	if (chunk_encode(a->build, c->rows, &a->bytes, &a->facts) < 0)
		abort();
	assert(a->facts.present == present);
}

static void check_same(const struct column *c, const struct column *again)
{
	for (uint32_t row = 0; row < c->rows; row++) {
		struct row_value v, w;
		bool has = column_value(c, row, &v);

		assert(column_value(again, row, &w) == has);
		assert(!has || hash_of(&v) == hash_of(&w));
	}
}

/* Without memory of its own the second column would lie where the first does. */
static void check_column(const struct column *c, bool all_hashes)
{
	struct again a = { .facts = { .all_hashes = all_hashes } };

	check_entries(c);
	if (chunk_build_new(c->field_id, c->type, &a.build) < 0)
		abort();
	buf_init(&a.bytes, GIB);
	write_again(c, &a);
	if (chunk_decode(buf_str(&a.bytes), c->field_id, c->type, c->rows, &a.memory, &a.column))
		abort();
	check_same(c, &a.column);
	chunk_build_free(a.build);
	chunk_memory_done(&a.memory);
	buf_done(&a.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chunk_memory m = { 0 };
	struct column c;
	int r;

	/* Field, type and rows, as the directory of a segment would say them. */
	if (size < 10)
		return 0;
	r = chunk_decode((struct str){ (const char *)data, size }, load_u16le(data), data[2],
			 load_u16le(data + 8), &m, &c);
	if (r == 0)
		check_column(&c, data[0] & 1);
	else
		assert(r == -EBADMSG);
	chunk_memory_done(&m);
	return 0;
}
