/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long rows are kept, and in how many bytes: as it is said now, as it was said last, or the
 * default; in this order, each value for itself.
 */
#include "store/store_int.h"

#define DAY_NS (24 * KEYSTORE_HOUR_NS)
/* Of the file system, where nothing was ever set. */
#define DISK_SHARE 5

const struct store_keep store_keep_default = {
	.part_ns = { [PART_META] = 30 * DAY_NS,
		     [PART_HEADERS] = 7 * DAY_NS,
		     [PART_PAYLOAD] = DAY_NS },
	.bytes = 0,
};

static const char *const part_setting[ROW_PARTS] = { "keep.meta", "keep.headers", "keep.payload" };
static const char bytes_setting[] = "keep.bytes";

static uint64_t known(struct meta *meta, const char *name, uint64_t given, uint64_t otherwise)
{
	uint64_t remembered;

	if (given)
		return given;
	return meta && meta_get(meta, name, &remembered) && remembered ? remembered : otherwise;
}

void store_keep_known(struct meta *meta, const struct store_keep *given, struct store_keep *out)
{
	static const struct store_keep none;
	struct store_keep keep;

	if (!given)
		given = &none;
	for (unsigned p = 0; p < ROW_PARTS; p++) {
		uint64_t ns = known(meta, part_setting[p], (uint64_t)given->part_ns[p],
				    (uint64_t)store_keep_default.part_ns[p]);

		keep.part_ns[p] = ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
	}
	keep.bytes = known(meta, bytes_setting, given->bytes, store_keep_default.bytes);
	*out = keep;
}

static void remember(struct store *s, const char *name, uint64_t value)
{
	struct err err = { .id = ERR_NONE };
	uint64_t old;

	if (!s->meta || value == 0 || (meta_get(s->meta, name, &old) && old == value))
		return;
	if (meta_set(s->meta, name, value, &err) < 0)
		store_say(s, "the setting %s is not remembered: %s", name, err.text);
}

void store_keep_remember(struct store *s)
{
	for (unsigned p = 0; p < ROW_PARTS; p++)
		remember(s, part_setting[p], (uint64_t)s->conf.keep.part_ns[p]);
	remember(s, bytes_setting, s->conf.keep.bytes);
}

int store_keep_bytes(int dir_fd, struct store_keep *keep, struct err *err)
{
	uint64_t free_bytes, all_bytes;
	int r;

	if (keep->bytes)
		return 0;
	r = disk_room(dir_fd, &free_bytes, &all_bytes);
	if (r < 0)
		return err_set(err, ERR_STORE_IO, "the size of the file system: %s", strerror(-r));
	keep->bytes = all_bytes / DISK_SHARE;
	return 0;
}
