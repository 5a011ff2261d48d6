/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories of arbitrary bytes, as somebody with the key of one file could seal them. The first
 * byte is the part, then come the summary and the directory. What is taken keeps what the reader
 * relies on: places within the bytes, chunks one behind another, fields in order.
 */
#include "segment/segment_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_column(struct str plain, const struct segment_column *c, uint32_t rows)
{
	union row_slot min, max;

	assert(segment_form(c->type) != SEGMENT_NONE && c->present > 0 && c->present <= rows);
	assert(c->sealed > CRYPTO_GCM_TAG_BYTES && c->plain > 0 && c->plain <= SEGMENT_PLAIN_MAX);
	assert(c->hashes + c->distinct * sizeof(uint64_t) <= plain.n && c->distinct <= CHUNK_FEW);
	if (c->bounds)
		segment_directory_bounds(plain, c, &min, &max);
}

static void check_group(struct str plain, const struct segment_directory *d, uint32_t g,
			enum field_part part)
{
	uint32_t ids = part == PART_META ? SEGMENT_ID_COLUMNS : 0, from = d->first[g];

	assert(d->first[g + 1] - from == d->group[g].columns && d->group[g].columns >= ids);
	for (uint32_t i = from; i < d->first[g + 1]; i++) {
		const struct segment_column *c = &d->column[i];

		check_column(plain, c, d->group[g].rows);
		assert((c->field_id == SEGMENT_ID_FIELD) == (i - from < ids));
		assert(i - from <= ids || c->field_id > c[-1].field_id);
		assert(i == 0 || (c->at == c[-1].at + c[-1].sealed + c[-1].bloom &&
				  c->number > c[-1].number));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct segment_directory d;
	struct segment_sum sum;
	struct str plain;
	enum field_part part;

	if (size < 1 + SEGMENT_SUM_BYTES)
		return 0;
	part = (enum field_part)(data[0] % ROW_PARTS);
	plain = (struct str){ (const char *)data + 1 + SEGMENT_SUM_BYTES,
			      size - 1 - SEGMENT_SUM_BYTES };
	if (!segment_sum_get(data + 1, &sum))
		return 0;
	sum.directory_bytes = (uint32_t)plain.n;
	if (segment_directory_parse(plain, part, &sum, &d) < 0)
		return 0;
	for (uint32_t g = 0; g < sum.groups; g++)
		check_group(plain, &d, g, part);
	segment_directory_done(&d);
	return 0;
}
