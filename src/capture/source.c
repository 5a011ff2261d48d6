/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening what the user named. A name may have come from a pattern over a folder that others write
 * to, so opening never waits: a FIFO is open at once, and its writer is waited for as any source is
 * that gives nothing yet.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/capture_int.h"

/* Limit: so much of a path stands in an error, its end, so that there is room for the reason. */
#define NAME_SHOWN 200

/* As UTF-8, it does not begin within a character. */
static char *name_shown(const char *path)
{
	size_t n = strlen(path);
	char *shown;

	if (n <= NAME_SHOWN)
		return strdup(path);
	path += n - NAME_SHOWN;
	while (((unsigned char)*path & 0xc0) == 0x80)
		path++;
	return asprintf(&shown, "...%s", path) < 0 ? NULL : shown;
}

int capture_find(const char *path, struct err *err)
{
	char *name;
	int r;

	if (strcmp(path, "-") == 0 || access(path, F_OK) == 0 ||
	    (errno != ENOENT && errno != ENOTDIR))
		return 0;
	r = errno;
	name = name_shown(path);
	r = err_set(err, ERR_FILE_OPEN, "%s: %s", name ? name : "a file", strerror(r));
	free(name);
	return r;
}

static int name_take(struct capture *c, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');

	if (strcmp(path, "-") == 0) {
		c->name = strdup("standard input");
		c->label = strdup("stdin");
	} else {
		c->name = name_shown(path);
		c->label = strdup(slash ? slash + 1 : path);
	}
	return c->name && c->label ? 0 : err_set(err, ERR_MEMORY, "opening a file");
}

/* Standard input is others' as well, and is left as it is. */
static int fd_open(const char *path)
{
	if (strcmp(path, "-") == 0)
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

int source_open(struct capture *c, const char *path, struct err *err)
{
	struct stat st;
	int r = name_take(c, path, err);

	if (r < 0)
		return r;
	c->fd = fd_open(path);
	if (c->fd < 0 || fstat(c->fd, &st) < 0)
		return err_set(err, ERR_FILE_OPEN, "%s: %s", c->name, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_FILE_OPEN, "%s: it is a directory, not a capture file",
			       c->name);
	c->regular = S_ISREG(st.st_mode);
	c->size = c->regular ? (uint64_t)st.st_size : 0;
	if (c->regular)
		(void)posix_fadvise(c->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}
