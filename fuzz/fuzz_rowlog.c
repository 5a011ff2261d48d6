// SPDX-License-Identifier: Apache-2.0
/*
 * Logs, by the first byte of the input. Rows of a frame, as if a seal had opened over them; a
 * section as if it had; a whole file, as it is; and a whole file whose headers and seals are made
 * to fit first, as who has the keys could. Whatever it is, reading ends, and each row that comes is
 * one, of the frame's stream, in order.
 */
#include "rowlog/rowlog_int.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_BYTES MIB

/* As in the tests of the room, whose logs are seeds. */
#define NAME    "00000000000004d2.log"
#define ARRIVAL UINT64_C(1234)

static const uint8_t store_id[ROWLOG_STORE_ID_BYTES] = "store of a test";
static const uint8_t marks_key[CRYPTO_KEY_BYTES] = "the key of marks, of this test.";
static const struct rowlog_key keys[ROW_PARTS] = {
	{ 11, "the key of META, of this test." },
	{ 12, "the key of HEADERS, of this tes" },
	{ 13, "the key of PAYLOAD, of this tes" },
};

/* ---- Rows ------------------------------------------------------------------------------------ */

struct order {
	uint64_t id_hi, sequence;
	uint8_t shard;
};

static void check_row(const struct row_view *row, struct order *o)
{
	const uint64_t sequence = row->id_lo & LOG_SEQUENCE_MASK;
	struct row_view again;

	assert(row_view(row->bytes, &again) == 0 && again.bytes.n == row->bytes.n);
	assert(row->id_hi == o->id_hi && row->id_lo >> 56 == o->shard && sequence > o->sequence);
	o->sequence = sequence;
}

static struct str take(struct cur *c, size_t n)
{
	n = size_min(n, c->n);
	return (struct str){ (const char *)cur_take(c, n), n };
}

/* The frame is of the stream of its first row, since a fuzzer would hardly guess that. */
static void fuzz_rows(struct cur c)
{
	struct log_frame frame = { .rows = cur_u16le(&c), .sequence = cur_u64le(&c) };
	const size_t headers = cur_u16le(&c), payload = cur_u16le(&c);
	struct str plain[ROW_PARTS];
	struct rowlog_rows rows;
	struct order order = { 0 };
	struct row_view row;
	char *merged = malloc(ROW_MAX);

	if (!merged || !cur_ok(&c))
		goto out;
	plain[PART_HEADERS] = take(&c, headers);
	plain[PART_PAYLOAD] = take(&c, payload);
	plain[PART_META] = take(&c, c.n);
	if (row_view(plain[PART_META], &row) == 0) {
		frame.agent = (uint32_t)(row.id_hi >> 32);
		frame.epoch = (uint32_t)row.id_hi;
		frame.shard = (uint8_t)(row.id_lo >> 56);
	}
	order.id_hi = stream_agent_epoch(frame.agent, frame.epoch);
	order.shard = frame.shard;
	rowlog_rows_begin(&rows, &frame, plain, merged);
	while (rowlog_rows_next(&rows, &row) > 0)
		check_row(&row, &order);
	assert(order.sequence <= frame.sequence);
out:
	free(merged);
}

static void fuzz_section(struct cur c)
{
	const size_t plain = cur_u16le(&c);
	ZSTD_DCtx *unzip = ZSTD_createDCtx();
	uint8_t *out = malloc(plain ? plain : 1);

	if (unzip && out)
		(void)rowlog_section_unpack(unzip, (struct str){ (const char *)c.p, c.n }, out,
					    plain);
	free(out);
	(void)ZSTD_freeDCtx(unzip);
}

/* ---- Files ----------------------------------------------------------------------------------- */

static void seal_section(struct crypto_aead *const aead[ROW_PARTS + 1],
			 const struct log_frame *frame, unsigned part, const uint8_t *head,
			 uint8_t *section)
{
	const bool marks = frame->kind == LOG_FRAME_MARKS;
	const size_t n = frame->part[part].sealed - CRYPTO_GCM_TAG_BYTES;
	uint8_t nonce[CRYPTO_GCM_NONCE_BYTES];

	rowlog_nonce(frame->number, part, nonce);
	if (crypto_aead_seal(aead[marks ? ROW_PARTS : part], nonce,
			     (struct str){ (const char *)head, LOG_FRAME_BYTES },
			     (struct str){ (const char *)section, n }, section) < 0)
		abort();
}

/* A header that is plausible but for its place and checksum gets those, and its sections seals. */
static void mend_frame(struct crypto_aead *const aead[ROW_PARTS + 1], uint8_t *file, size_t at,
		       size_t size)
{
	uint8_t *head = file + at, hash[CRYPTO_SHA256_BYTES];
	struct log_frame frame;
	size_t section = at + LOG_FRAME_BYTES;

	(void)put_le(head + 8, at, 8);
	crypto_hash_begin(CRYPTO_SHA256);
	crypto_hash_add(CRYPTO_SHA256, (struct str){ (const char *)head, LOG_FRAME_BYTES - 8 });
	if (crypto_hash_end(CRYPTO_SHA256, hash) < 0)
		abort();
	memcpy(head + LOG_FRAME_BYTES - 8, hash, 8);
	if (rowlog_frame_decode(head, at, &frame) != LOG_FRAME_FITS ||
	    rowlog_frame_length(&frame) > size - at)
		return;
	for (unsigned part = 0; part < ROW_PARTS; section += frame.part[part++].sealed)
		if (frame.part[part].sealed)
			seal_section(aead, &frame, part, head, file + section);
}

static void mend(uint8_t *file, size_t size)
{
	struct crypto_aead *aead[ROW_PARTS + 1] = { NULL };

	for (unsigned part = 0; part < ROW_PARTS; part++)
		if (rowlog_section_key(keys[part].key, file, &aead[part]) < 0)
			abort();
	if (rowlog_section_key(marks_key, file, &aead[ROW_PARTS]) < 0)
		abort();
	for (size_t at = LOG_HEAD_BYTES; at + LOG_FRAME_BYTES <= size; at += LOG_ALIGN)
		if (memcmp(file + at, "RDBT-FRM", LOG_MAGIC_BYTES) == 0)
			mend_frame(aead, file, at, size);
	for (size_t i = 0; i < ARRAY_LEN(aead); i++)
		crypto_aead_free(aead[i]);
}

static void read_frame(struct rowlog_reader *r, const struct rowlog_frame *frame)
{
	struct order order = { stream_agent_epoch(frame->agent, frame->epoch), 0, frame->shard };
	uint64_t arrival, n = 0;
	struct row_view row;

	while (rowlog_row(r, &row, &arrival) > 0) {
		check_row(&row, &order);
		assert(arrival == frame->first_arrival + n++);
	}
	assert(n <= frame->rows);
}

static void read_log(int fd)
{
	struct rowlog_reader *r = NULL;
	struct rowlog_frame frame;
	struct rowlog_head head;
	struct err err;
	int step, before = ROWLOG_END;

	if (rowlog_read_head(fd, NAME, store_id, &head, &err) < 0)
		return;
	if (rowlog_reader_new(fd, NAME, &head, keys, marks_key, &r, &err) < 0)
		return;
	while ((step = rowlog_next(r, &frame, NULL, &err)) > 0) {
		assert(before != ROWLOG_TORN);
		if (step == ROWLOG_FRAME)
			read_frame(r, &frame);
		before = step;
	}
	assert(step == ROWLOG_END);
	rowlog_reader_free(r);
}

static void fuzz_file(struct cur c, bool mended)
{
	const struct log_head head = { .says = { .store_id = "store of a test",
						 .first_arrival = ARRIVAL,
						 .key_id = { 11, 12, 13 } } };
	const size_t size = size_min(c.n, FILE_BYTES) + (mended ? LOG_HEAD_BYTES : 0);
	CLEANUP(fd_close) int fd = memfd_create("log", MFD_CLOEXEC);
	uint8_t *file = malloc(size ? size : 1);

	if (!file || fd < 0)
		abort();
	if (mended && rowlog_head_encode(&head, file) < 0)
		abort();
	if (c.n)
		memcpy(file + (mended ? LOG_HEAD_BYTES : 0), c.p, size_min(c.n, FILE_BYTES));
	if (mended)
		mend(file, size);
	if (disk_write(fd, 0, (struct str){ (const char *)file, size }) < 0)
		abort();
	read_log(fd);
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur c = cur_of(data, size);

	switch (cur_u8(&c) % 4) {
	case 0:
		fuzz_rows(c);
		break;
	case 1:
		fuzz_section(c);
		break;
	case 2:
		fuzz_file(c, false);
		break;
	default:
		fuzz_file(c, true);
		break;
	}
	return 0;
}
