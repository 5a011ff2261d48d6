/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a log or a segment by its number with the keys that are alive, for who reads all of it:
 * recovery, compaction, verification.
 */
#include "store/store_int.h"

int store_keys(const struct keystore *ks, const uint64_t key_id[ROW_PARTS], unsigned parts,
	       struct segment_key key[ROW_PARTS])
{
	int meta = 0;

	for (unsigned p = 0; p < ROW_PARTS; p++) {
		int r = -ENOKEY;

		key[p].id = 0;
		if (key_id[p] == 0)
			continue;
		if (parts >> p & 1)
			r = keystore_get(ks, key_id[p], key[p].key, NULL);
		if (r == 0)
			key[p].id = key_id[p];
		if (p == PART_META)
			meta = r;
	}
	return meta;
}

static int look_up(const struct keystore *ks, uint64_t id, struct key_info *info)
{
	uint8_t key[CRYPTO_KEY_BYTES];
	int r = keystore_get(ks, id, key, info);

	crypto_wipe(key, sizeof(key));
	return r;
}

bool store_key_gone(const struct keystore *ks, uint64_t id)
{
	return look_up(ks, id, NULL) == -ENOKEY;
}

bool store_key_known(const struct keystore *ks, uint64_t id)
{
	struct key_info info = { .id = 0 };

	(void)!look_up(ks, id, &info);
	return info.id != 0;
}

/* ---- Logs ------------------------------------------------------------------------------------ */

void store_log_close(struct store_log_in *in)
{
	rowlog_reader_free(TAKE(in->reader));
	fd_close(TAKE_FD(in->fd));
}

static int start_reader(const struct keystore *ks, const uint8_t *marks_key,
			struct store_log_in *in, struct err *err)
{
	struct segment_key found[ROW_PARTS];
	struct rowlog_key key[ROW_PARTS];
	int r;

	in->meta = store_keys(ks, in->head.key_id, PARTS_ALL, found);
	for (unsigned p = 0; p < ROW_PARTS; p++) {
		key[p].id = found[p].id;
		memcpy(key[p].key, found[p].key, sizeof(key[p].key));
	}
	r = rowlog_reader_new(in->fd, in->name, &in->head, key, marks_key, &in->reader, err);
	crypto_wipe(found, sizeof(found));
	crypto_wipe(key, sizeof(key));
	return r;
}

int store_log_open(int log_fd, uint64_t number, const struct keystore *ks, const uint8_t *marks_key,
		   struct store_log_in *out, struct err *err)
{
	CLEANUP(store_log_close_ptr) struct store_log_in in = { .fd = -1 };
	int r;

	rowlog_name(number, in.name);
	in.fd = disk_open(log_fd, in.name);
	if (in.fd == -ENOENT)
		return -ENOENT;
	if (in.fd < 0)
		return err_set(err, ERR_STORE_IO, "%s: %s", in.name, strerror(-in.fd));
	r = rowlog_read_head(in.fd, in.name, keystore_id(ks), &in.head, err);
	if (r >= 0) /* 1: it ends within its head, which its reader tells */
		r = start_reader(ks, marks_key, &in, err);
	if (r < 0)
		return r;

	*out = in;
	in = (struct store_log_in){ .fd = -1 };
	return 0;
}

/* ---- Segments -------------------------------------------------------------------------------- */

void store_segment_close(struct store_segment_in *in)
{
	segment_free(TAKE(in->segment));
	for (unsigned p = 0; p < ROW_PARTS; p++)
		fd_close(TAKE_FD(in->fd[p]));
	crypto_wipe(in->key, sizeof(in->key));
}

/* A part that is not there, or whose head is damaged, is left out; META is needed. */
static int open_parts(int segments_fd, uint64_t number, const struct keystore *ks,
		      struct store_segment_in *in, struct err *err)
{
	char name[SEGMENT_NAME_BYTES];
	int r = 0;

	for (unsigned p = ROW_PARTS; p-- > 0;) {
		segment_name(number, p, name);
		in->fd[p] = disk_open(segments_fd, name);
		if (in->fd[p] < 0) {
			r = in->fd[p] == -ENOENT ? -ENOENT
						 : err_set(err, ERR_STORE_IO, "%s: %s", name,
							   strerror(-in->fd[p]));
			in->fd[p] = -1;
			continue;
		}
		r = segment_read_head(in->fd[p], name, keystore_id(ks), &in->head[p], err);
		if (r < 0)
			fd_close(TAKE_FD(in->fd[p]));
	}
	return r; /* that of META, which comes last */
}

int store_segment_open(int segments_fd, uint64_t number, const struct keystore *ks,
		       struct store_segment_in *out, struct err *err)
{
	CLEANUP(store_segment_close_ptr)
	struct store_segment_in in = { .fd = { -1, -1, -1 } };
	uint64_t key_id[ROW_PARTS];
	int r = open_parts(segments_fd, number, ks, &in, err);

	if (r < 0)
		return r;
	for (unsigned p = 0; p < ROW_PARTS; p++)
		key_id[p] = in.fd[p] < 0 ? 0 : in.head[p].key_id;
	r = store_keys(ks, key_id, PARTS_ALL, in.key);
	if (r < 0)
		return r;
	r = segment_open(number, in.fd, in.head, in.key, &in.segment, err);
	if (r < 0)
		return r;

	*out = in;
	in = (struct store_segment_in){ .fd = { -1, -1, -1 } };
	return 0;
}

int store_segment_check(int segments_fd, uint64_t number, const struct keystore *ks,
			struct err *err)
{
	struct store_segment_in in = { .fd = { -1, -1, -1 } };
	int r = store_segment_open(segments_fd, number, ks, &in, err);

	for (unsigned p = 0; r == 0 && p < ROW_PARTS; p++)
		if (in.key[p].id && segment_missing(in.segment, p))
			r = err_set(err, ERR_STORE_DAMAGED, "%s", segment_missing(in.segment, p));
	store_segment_close(&in);
	return r;
}
