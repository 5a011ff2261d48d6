/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening one chunk: read, unseal, decompress, decode, all into memory of the caller that is used
 * again. A chunk that is not what was written costs this column of this group, and the error names
 * it as a person would.
 */
#include "segment/segment_int.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- Words ----------------------------------------------------------------------------------- */

const char *segment_place(const struct segment *s, size_t group, const struct segment_column *c,
			  char out[SEGMENT_PLACE_BYTES])
{
	const struct segment_group *g = segment_group(s, group);
	const struct record_kind *kind = record_kind_by_id(g->kind_id);
	int slot = record_slot_by_id(kind ? kind : record_kind_at(0), c->field_id);
	char field[16], kind_name[16];

	(void)snprintf(field, sizeof(field), "%u", c->field_id);
	(void)snprintf(kind_name, sizeof(kind_name), "kind %u", g->kind_id);
	if (!kind && slot >= COMMON_SLOTS)
		slot = -1;
	(void)snprintf(out, SEGMENT_PLACE_BYTES, "%s: field %s of %s in group %zu",
		       s->part[c->part].name,
		       c->field_id == SEGMENT_ID_FIELD ? "id"
		       : slot >= 0 ? (kind ? kind : record_kind_at(0))->field[slot].name
				   : field,
		       kind ? kind->name : kind_name, group);
	return out;
}

static int failed(const struct segment *s, size_t group, const struct segment_column *c, int code,
		  struct err *err)
{
	char place[SEGMENT_PLACE_BYTES];

	if (!err)
		return code;
	(void)segment_place(s, group, c, place);
	if (code == -EBADMSG)
		return err_set(err, ERR_STORE_DAMAGED, "%s is damaged", place);
	return segment_error(code, place, "cannot be read", err);
}

/* ---- Chunks ---------------------------------------------------------------------------------- */

/* Reads and unseals n sealed bytes in place. */
static int read_sealed(struct segment *s, const struct segment_column *c, uint32_t number,
		       uint64_t at, size_t n, uint8_t *to)
{
	const struct segment_part *part = &s->part[c->part];
	struct segment_nonce nonce = segment_nonce(SEALED_CHUNK, number);
	ssize_t got = disk_read(part->fd, at, to, n);

	if (got < 0)
		return (int)got;
	if ((size_t)got != n)
		return -EBADMSG;
	s->chunks_read++;
	s->bytes_read += n;
	return crypto_aead_open(part->aead, nonce.b, (struct str){ 0 },
				(struct str){ (const char *)to, n }, to);
}

/* The plain bytes of a column's chunk. */
static int read_plain(struct segment *s, const struct segment_column *c, struct chunk_memory *m,
		      struct str *out)
{
	uint8_t *packed = chunk_memory_get(m, c->sealed), *plain = packed;
	size_t n = c->sealed - CRYPTO_GCM_TAG_BYTES;
	int r;

	if (!packed)
		return -ENOMEM;
	r = read_sealed(s, c, c->number, c->at, c->sealed, packed);
	if (r < 0)
		return r;
	if (n != c->plain) {
		plain = chunk_memory_get(m, c->plain);
		if (!plain)
			return -ENOMEM;
		if (ZSTD_decompressDCtx(s->zstd, plain, c->plain, packed, n) != c->plain)
			return -EBADMSG;
	}
	*out = (struct str){ (const char *)plain, c->plain };
	return 0;
}

int segment_decode(struct segment *s, size_t group, const struct segment_column *c,
		   struct chunk_memory *m, struct column *out, struct err *err)
{
	struct str plain;
	int r = read_plain(s, c, m, &plain);

	if (r == 0)
		r = chunk_decode(plain, c->field_id, c->type, segment_group(s, group)->rows, m,
				 out);
	return r < 0 ? failed(s, group, c, r, err) : 0;
}

int segment_bloom(struct segment *s, size_t group, const struct segment_column *c, struct str *out,
		  struct err *err)
{
	uint8_t *bits;
	int r;

	assert(c->bloom > 0);
	if (s->bloom_of != c) {
		s->bloom_of = NULL;
		chunk_memory_reset(&s->bloom_memory);
		bits = chunk_memory_get(&s->bloom_memory, c->bloom);
		r = bits ? read_sealed(s, c, c->number + 1, c->at + c->sealed, c->bloom, bits)
			 : -ENOMEM;
		if (r < 0)
			return failed(s, group, c, r, err);
		s->bloom_of = c;
		s->bloom = (struct str){ (const char *)bits, c->bloom - CRYPTO_GCM_TAG_BYTES };
	}
	*out = s->bloom;
	return 0;
}

/* ---- Columns --------------------------------------------------------------------------------- */

int segment_scratch_new(struct segment_scratch **out)
{
	struct segment_scratch *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	*out = m;
	return 0;
}

void segment_scratch_free(struct segment_scratch *m)
{
	if (!m)
		return;
	chunk_memory_done(&m->memory);
	free(m);
}

void segment_scratch_reset(struct segment_scratch *m)
{
	chunk_memory_reset(&m->memory);
}

int segment_column(struct segment *s, size_t group, uint16_t field_id, struct segment_scratch *m,
		   struct column *out, struct err *err)
{
	const struct segment_column *c = segment_find(s, group, field_id);

	return c ? segment_decode(s, group, c, &m->memory, out, err) : -ENOENT;
}

int segment_ids(struct segment *s, size_t group, struct segment_scratch *m, struct column *hi,
		struct column *lo, struct column *arrival, struct err *err)
{
	size_t n;
	const struct segment_column *c = segment_columns(s, group, &n);
	int r = segment_decode(s, group, &c[0], &m->memory, hi, err);

	if (r == 0)
		r = segment_decode(s, group, &c[1], &m->memory, lo, err);
	return r < 0 ? r : segment_decode(s, group, &c[2], &m->memory, arrival, err);
}
