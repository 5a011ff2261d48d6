/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole files of META whose key is known. When the first byte is 'f', the rest is a file as it is,
 * which the seals nearly always refuse. Else the rest is what stands behind the seals: summary,
 * length of the directory, directory, and the plain bytes of the chunks one behind another; all is
 * sealed here and then read, as rows, zones and by segment_verify(). Nothing may fail but with an
 * answer.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "segment/segment_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Limit: a file that is made of an input. */
#define FILE_MAX (4 * MIB)
#define FIRST    0x4d2

static const struct segment_key key[ROW_PARTS] = { { .id = 100, .key = "fuzz" } };

/* ---- Making a file --------------------------------------------------------------------------- */

static void put_sealed(struct buf *file, struct crypto_aead *aead, enum segment_sealed what,
		       uint64_t number, struct str plain)
{
	struct segment_nonce nonce = segment_nonce(what, number);
	char *to = buf_extend(file, plain.n + CRYPTO_GCM_TAG_BYTES);

	if (to && crypto_aead_seal(aead, nonce.b, (struct str){ 0 }, plain, (uint8_t *)to) < 0)
		abort();
}

/* The next chunk of so many sealed bytes; what the input lacks is not there. */
static void put_chunk(struct buf *file, struct crypto_aead *aead, uint64_t number, uint32_t sealed,
		      struct str *pool)
{
	size_t n = sealed - CRYPTO_GCM_TAG_BYTES;

	if (n > pool->n)
		return;
	put_sealed(file, aead, SEALED_CHUNK, number, str_head(*pool, n));
	*pool = str_skip(*pool, n);
}

static void put_chunks(struct buf *file, struct crypto_aead *aead, struct segment_sum *sum,
		       struct str directory, struct str pool)
{
	struct segment_directory d;

	if (segment_directory_parse(directory, PART_META, sum, &d) < 0)
		return;
	for (uint32_t i = 0; i < sum->columns; i++) {
		const struct segment_column *c = &d.column[i];

		put_chunk(file, aead, c->number, c->sealed, &pool);
		if (c->bloom)
			put_chunk(file, aead, c->number + 1, c->bloom, &pool);
	}
	segment_directory_done(&d);
}

static void put_file(struct str in, struct buf *file)
{
	CLEANUP(crypto_aead_free) struct crypto_aead *aead = NULL;
	struct segment_header h = { .head = { .first_arrival = FIRST, .key_id = key[0].id } };
	uint8_t header[SEGMENT_HEAD_BYTES], end[SEGMENT_END_BYTES];
	struct cur c = cur_of(in.p, in.n);
	const uint8_t *sum_bytes = cur_take(&c, SEGMENT_SUM_BYTES);
	uint32_t n = cur_u32le(&c);
	struct str directory, pool;
	struct segment_sum sum;
	uint64_t at;

	if (!cur_ok(&c) || n > c.n)
		return;
	directory = (struct str){ (const char *)c.p, n };
	pool = (struct str){ (const char *)c.p + n, c.n - n };
	segment_header_put(&h, header);
	if (segment_cipher(header, key[0].key, &aead) < 0)
		abort();
	(void)buf_put(file, (struct str){ (const char *)header, sizeof(header) });
	if (segment_sum_get(sum_bytes, &sum))
		put_chunks(file, aead, &sum, directory, pool);
	at = file->len;
	put_sealed(file, aead, SEALED_DIRECTORY, 0, directory);
	put_sealed(file, aead, SEALED_SUMMARY, 0,
		   (struct str){ (const char *)sum_bytes, SEGMENT_SUM_BYTES });
	segment_end_put(&(struct segment_end){ at, (uint64_t)n + CRYPTO_GCM_TAG_BYTES }, end);
	(void)buf_put(file, (struct str){ (const char *)end, sizeof(end) });
}

/* ---- Reading it ------------------------------------------------------------------------------ */

static void read_rows(const struct segment_group *g, const struct column *ids,
		      const struct column *const *column, size_t n)
{
	static _Alignas(8) uint8_t row[ROW_MAX];
	struct row_view view;

	for (size_t i = 0; i < g->rows; i++) {
		ptrdiff_t bytes =
			row_from_columns(g->kind_id, column_word(&ids[0], i),
					 column_word(&ids[1], i), column, n, i, row, sizeof(row));

		/* A field may have a type that it is not declared with: then no row comes of it. */
		if (bytes > 0)
			(void)!row_view((struct str){ (char *)row, (size_t)bytes }, &view);
	}
}

static void read_group(struct segment *s, size_t group, struct segment_scratch *m)
{
	static struct column column[SEGMENT_COLUMNS_MAX];
	const struct column *all[SEGMENT_COLUMNS_MAX];
	const struct segment_group *g = segment_group(s, group);
	struct column ids[SEGMENT_ID_COLUMNS];
	struct row_value value;
	size_t n = 0;

	segment_scratch_reset(m);
	for (size_t i = 0; i < g->columns; i++) {
		uint16_t field = segment_column_field(s, group, i);
		struct segment_zone zone;

		assert(segment_zone(s, group, field, &zone) && zone.rows == g->rows);
		if (segment_column(s, group, field, m, &column[n], NULL) < 0)
			continue;
		all[n] = &column[n];
		if (column_value(&column[n], 0, &value))
			(void)segment_may_hold(s, group, field, &value);
		n++;
	}
	if (segment_ids(s, group, m, &ids[0], &ids[1], &ids[2], NULL) == 0)
		read_rows(g, ids, all, n);
}

static void read_file(int fd)
{
	static const uint8_t store_id[SEGMENT_STORE_ID_BYTES];
	CLEANUP(segment_free) struct segment *s = NULL;
	CLEANUP(segment_scratch_free) struct segment_scratch *m = NULL;
	struct segment_head head[ROW_PARTS] = { 0 };
	const int fds[ROW_PARTS] = { fd, -1, -1 };
	struct err err = { 0 };

	if (segment_read_head(fd, "file", store_id, &head[0], &err) < 0 ||
	    segment_open(FIRST, fds, head, key, &s, &err) < 0) {
		assert(err.id != ERR_NONE && err.text[0]);
		return;
	}
	if (segment_scratch_new(&m) < 0)
		abort();
	for (size_t g = 0; g < segment_groups(s); g++)
		read_group(s, g, m);
	(void)!segment_verify(s, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(fd_close) int fd = memfd_create("segment", MFD_CLOEXEC);
	struct str in = { (const char *)data + 1, size - 1 };
	struct buf file;

	if (size < 1)
		return 0;
	if (fd < 0)
		abort();
	buf_init(&file, FILE_MAX);
	if (data[0] == 'f')
		(void)buf_put(&file, in);
	else
		put_file(in, &file);
	if (disk_write(fd, 0, buf_str(&file)) < 0)
		abort();
	buf_done(&file);
	read_file(fd);
	return 0;
}
