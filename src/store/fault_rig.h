/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults for the tests of this room: calls of one kind on files of one suffix that answer with an
 * error, or everything from some call on, as if the process had died there.
 */
#ifndef REDOUBT_STORE_FAULT_RIG_H
#define REDOUBT_STORE_FAULT_RIG_H

#include "store/rig.h"

struct rig_fault {
	enum disk_call call;
	const char *suffix; /* of the file's name; NULL: any call of any file */
	int code;
	unsigned after, times; /* the first so many are done; so many then are not */
	unsigned seen;
};

static bool rig_file_ends(int fd, const char *name, const char *suffix)
{
	char link[64], path[512];
	ssize_t n;

	if (name)
		return str_ends(str_of(name), str_of(suffix));
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	return n > 0 && str_ends((struct str){ path, (size_t)n }, str_of(suffix));
}

static int rig_ask(void *owner, enum disk_call call, int fd, const char *name, uint64_t at,
		   size_t *n)
{
	struct rig_fault *f = owner;

	(void)at;
	(void)n;
	if (f->suffix && (call != f->call || !rig_file_ends(fd, name, f->suffix)))
		return 0;
	f->seen++;
	return f->seen > f->after && f->seen - f->after <= f->times ? f->code : 0;
}

/* One at a time; rig_free() ends it. */
[[maybe_unused]] static void rig_inject(struct rig_fault *f)
{
	static struct disk_fault fault = { .ask = rig_ask };

	fault.owner = f;
	disk_inject(&fault);
}

#endif
