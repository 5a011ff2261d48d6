// SPDX-License-Identifier: Apache-2.0
/*
 * The file as a whole: loaded, and replaced so that its name always leads to the old bytes or to
 * the new ones, and that nothing is left of the old ones afterwards (docs/formats/keystore.md,
 * Writing).
 */
#include <fcntl.h>
#include <unistd.h>

#include "disk/disk.h"
#include "keystore/keystore_int.h"

/* Limit: a writer zeroes the file it replaced, which a reader may have open: that one reads again,
 * so many times in all. */
#define LOADS_MAX 100

int keystore_io(struct err *err, int code, const char *what)
{
	enum err_id id = ERR_STORE_IO;

	if (code == -ENOSPC || code == -EDQUOT)
		id = ERR_STORE_FULL;
	else if (code == -ENOMEM)
		id = ERR_MEMORY;
	return err_set(err, id, "%s: %s", what, strerror(-code));
}

int keystore_dir(int state_fd)
{
	int fd = openat(state_fd, KEYSTORE_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* ---- Loading --------------------------------------------------------------------------------- */

static int load_bytes(int dir_fd, struct buf *file, struct err *err)
{
	int r;

	buf_clear(file);
	r = disk_load(dir_fd, KEYSTORE_FILE, file);
	if (r == -ENOENT)
		return err_set(err, ERR_STORE_NONE, "there is no keystore");
	if (r == -ENOBUFS)
		return err_set(err, ERR_STORE_DAMAGED, "the keystore is larger than one can be");
	return r < 0 ? keystore_io(err, r, "reading the keystore") : 0;
}

static int read_new(struct str file, const struct keystore_opener *opener,
		    struct keystore_notes *notes, struct keystore **out, struct err *err)
{
	CLEANUP(keystore_free) struct keystore *ks = keystore_new();
	int r;

	if (!ks)
		return err_set(err, ERR_MEMORY, "the keystore");
	r = keystore_read(file, opener, ks, notes, err);
	if (r == 0)
		*out = TAKE(ks);
	return r;
}

/* What is wrong is believed, and told, when the same bytes were read twice. */
int keystore_load(int dir_fd, const struct keystore_opener *opener, struct keystore_notes *notes,
		  struct keystore **out, struct err *err)
{
	CLEANUP(buf_done_ptr) struct buf file;
	uint8_t sum[CRYPTO_SHA256_BYTES], before[CRYPTO_SHA256_BYTES] = { 0 };
	struct err why = { .id = ERR_NONE };
	int r = 0;

	buf_init(&file, KEYSTORE_FILE_MAX);
	for (unsigned i = 1;; i++) {
		struct keystore_notes silent = { .say = NULL }, *found = &silent;
		bool settled;

		r = load_bytes(dir_fd, &file, err);
		if (r == 0)
			r = keystore_sum(buf_str(&file), sum);
		if (r < 0)
			return r;
		settled = i == LOADS_MAX || memcmp(sum, before, sizeof(sum)) == 0;
		if (settled)
			found = notes;
		r = read_new(buf_str(&file), opener, found, out, &why);
		if (settled || (r == 0 && found->n == 0) || (r < 0 && why.id != ERR_STORE_DAMAGED))
			break;
		if (r == 0) {
			keystore_free(*out);
			*out = NULL;
		}
		memcpy(before, sum, sizeof(before));
	}
	if (r < 0 && err)
		*err = why;
	return r;
}

/* ---- An image -------------------------------------------------------------------------------- */

void keystore_image_begin(struct buf *image)
{
	static const char room[KEYSTORE_HEADER_BYTES];

	buf_init(image, KEYSTORE_FILE_MAX);
	(void)buf_put(image, (struct str){ room, sizeof(room) });
}

int keystore_image_end(struct buf *image, struct keystore_header *h,
		       const struct keystore_secrets *s)
{
	struct str area = str_skip(buf_str(image), KEYSTORE_HEADER_BYTES);
	uint8_t header[KEYSTORE_HEADER_BYTES];
	int r;

	if (image->full)
		return -ENOMEM;
	h->entries = area.n / KEYSTORE_ENTRY_BYTES;
	r = keystore_sum(area, h->sum);
	if (r == 0)
		r = keystore_header_seal(h, s, header);
	if (r < 0)
		return r;
	memcpy(image->p, header, sizeof(header));
	return buf_put(image, (struct str){ (char *)header, sizeof(header) });
}

/* ---- Replacing ------------------------------------------------------------------------------- */

/* An open file is zeroed where it lies, and then its name is removed. */
static int erase(int dir_fd, int fd)
{
	int r = disk_zero(fd);

	if (r == 0)
		r = disk_remove(dir_fd, KEYSTORE_FILE_NEW);
	return r < 0 ? r : disk_sync_dir(dir_fd);
}

/* What is left may be the old file, whose change of names nobody made durable: until that is, it is
 * the keystore of who comes after a power cut. */
int keystore_erase_left(int dir_fd)
{
	CLEANUP(fd_close) int fd = disk_open_write(dir_fd, KEYSTORE_FILE_NEW);
	int r;

	if (fd == -ENOENT)
		return 0;
	r = fd < 0 ? fd : disk_sync_dir(dir_fd);
	return r < 0 ? r : erase(dir_fd, fd);
}

static int write_new(int dir_fd, struct str image)
{
	CLEANUP(fd_close) int fd = -1;
	int r = keystore_erase_left(dir_fd);

	if (r < 0)
		return r;
	fd = disk_create(dir_fd, KEYSTORE_FILE_NEW);
	if (fd < 0)
		return fd;
	r = disk_write(fd, 0, image);
	if (r == 0)
		r = disk_sync(fd);
	/* It was never in force, and on a full disk its room is wanted. But it holds keys that may
	 * be destroyed later. */
	if (r < 0 && erase(dir_fd, fd) < 0)
		(void)disk_remove(dir_fd, KEYSTORE_FILE_NEW);
	return r;
}

/* Puts the new file in the place of the old one, or of none. */
static int put_in_place(int dir_fd, bool is_first)
{
	int r = is_first ? -EINVAL : disk_exchange(dir_fd, KEYSTORE_FILE_NEW, KEYSTORE_FILE);

	return r == -EINVAL ? disk_rename(dir_fd, KEYSTORE_FILE_NEW, KEYSTORE_FILE) : r;
}

int keystore_replace(struct keystore *ks, struct str image, bool *replaced, struct err *err)
{
	CLEANUP(fd_close) int old = disk_open_write(ks->dir_fd, KEYSTORE_FILE);
	int r;

	*replaced = false;
	if (ks->unsure)
		return err_set(err, ERR_STORE_IO,
			       "the keystore could not be synced before; open the store again");
	if (old < 0 && old != -ENOENT)
		return keystore_io(err, old, "opening the keystore");
	r = write_new(ks->dir_fd, image);
	if (r < 0)
		return keystore_io(err, r, "writing the keystore");
	r = put_in_place(ks->dir_fd, old < 0);
	if (r < 0) {
		(void)keystore_erase_left(ks->dir_fd);
		return keystore_io(err, r, "replacing the keystore");
	}
	r = disk_sync_dir(ks->dir_fd);
	if (r < 0) {
		ks->unsure = true;
		return keystore_io(err, r, "syncing the keystore's directory");
	}
	*replaced = true;
	if (old >= 0)
		r = erase(ks->dir_fd, old);
	return r < 0 ? keystore_io(err, r, "erasing the old keystore") : 0;
}
