/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk: file calls for what must last. Writes are whole or an error, a name is replaced in one
 * step, and nothing is called durable before file and directory were synced. A sync that failed is
 * final for its file: the kernel may have forgotten what it could not write, so nobody tries again.
 * Every call of the rooms above goes through here, which is the one place in which tests inject
 * faults.
 */
#ifndef REDOUBT_DISK_H
#define REDOUBT_DISK_H

#include <sys/types.h>

#include "base/base.h"

/* Names are plain file names, relative to dir_fd. All answer 0 (or what is said) or negative errno;
 * descriptors are close-on-exec. */

/* Opens the directory, making it and missing ones above it with mode 0700; asks that it is a
 * directory of this user that nobody else may write to. Returns its descriptor. */
[[nodiscard]] int disk_dir_open(const char *path, struct err *err);
/* The same for one directory within another, made 0700 where it is missing. */
[[nodiscard]] int disk_dir_open_at(int dir_fd, const char *name, struct err *err);
/* A new file, mode 0600, read and write; -EEXIST when there is one. Returns its descriptor. */
[[nodiscard]] int disk_create(int dir_fd, const char *name);
/* For reading only: a regular file, no symbolic link. Returns its descriptor. */
[[nodiscard]] int disk_open(int dir_fd, const char *name);
/* For writing, too: a regular file, no symbolic link. Returns its descriptor. */
[[nodiscard]] int disk_open_write(int dir_fd, const char *name);
/* All of it, at this offset; -ENOSPC and the like leave an unknown part of it written. */
[[nodiscard]] int disk_write(int fd, uint64_t at, struct str bytes);
/* As many bytes as there are, up to n: less only at the end of the file. */
[[nodiscard]] ssize_t disk_read(int fd, uint64_t at, void *to, size_t n);
[[nodiscard]] int disk_size(int fd, uint64_t *out);
/* fdatasync(). */
[[nodiscard]] int disk_sync(int fd);
/* What was created, renamed and removed in the directory. */
[[nodiscard]] int disk_sync_dir(int dir_fd);
[[nodiscard]] int disk_rename(int dir_fd, const char *from, const char *to);
/* The two names change places in one step; -EINVAL where the file system has none such. */
[[nodiscard]] int disk_exchange(int dir_fd, const char *a, const char *b);
/* No error when it is not there. */
[[nodiscard]] int disk_remove(int dir_fd, const char *name);
/* Writes NAME.new, syncs it, renames it over NAME and syncs the directory: afterwards NAME holds
 * the old or the new bytes, whole. An error leaves the old ones (only when the directory's sync
 * fails it may be either); NAME.new may be left over then. */
[[nodiscard]] int disk_replace(int dir_fd, const char *name, struct str bytes);
/* Overwrites a file with zeros where it lies, to its end, and syncs it. */
[[nodiscard]] int disk_zero(int fd);
/* All of a file, into out; -ENOBUFS when it is larger than out may become. */
[[nodiscard]] int disk_load(int dir_fd, const char *name, struct buf *out);
/* Calls each for every regular file, in the order of their names; a negative answer ends it and is
 * returned. */
[[nodiscard]] int disk_each(int dir_fd, int (*each)(void *owner, const char *name), void *owner);
/* Bytes that this user may still write, and all bytes of the file system. */
[[nodiscard]] int disk_room(int dir_fd, uint64_t *free_bytes, uint64_t *all_bytes);
/* Sets bytes aside in a file of this size, so that they can be had later by removing it. */
[[nodiscard]] int disk_reserve(int dir_fd, const char *name, uint64_t bytes);

/* ---- Faults, for tests ----------------------------------------------------------------------- */

enum disk_call {
	DISK_CALL_CREATE,
	DISK_CALL_WRITE,
	DISK_CALL_SYNC,
	DISK_CALL_SYNC_DIR,
	DISK_CALL_RENAME,
	DISK_CALL_REMOVE,
	DISK_CALLS
};

/* Asked before each call with its descriptor (of the file, or the directory), name (or NULL),
 * offset and bytes. What it answers is done instead of the call: 0 goes on, negative is the call's
 * error. For a write *n may be made smaller: so many bytes are written, and then the answer counts
 * (0: the rest is silently left out); an error with *n as it was writes nothing. 1 pretends that a
 * sync, a rename or a removal was done. */
struct disk_fault {
	int (*ask)(void *owner, enum disk_call call, int fd, const char *name, uint64_t at,
		   size_t *n);
	void *owner;
};
/* NULL ends it. The struct is borrowed. */
void disk_inject(const struct disk_fault *fault);
/* For who must make such a call himself, as a library's file calls do: what the fault answers; 0
 * when there is none. n may be NULL. In a process that injects nothing it is one comparison. */
[[nodiscard]] int disk_fault_ask(enum disk_call call, int fd, const char *name, uint64_t at,
				 size_t *n);

#endif
