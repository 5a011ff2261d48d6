// SPDX-License-Identifier: Apache-2.0
/*
 * Directories: made private, refused when somebody else may write to them, listed in the order of
 * names. What is made here is durable before it is used.
 */
#include "disk/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DIR_MODE 0700
/* Limit: names of one directory that are listed, and their bytes. */
#define NAMES_MAX       ((size_t)1024 * 1024)
#define NAMES_BYTES_MAX (64 * MIB)

/* ---- Opening --------------------------------------------------------------------------------- */

static int refuse(struct err *err, const char *path, int code)
{
	enum err_id id = code == -ENOSPC || code == -EDQUOT ? ERR_STORE_FULL : ERR_STORE_IO;

	return err_set(err, id, "directory %s: %s", path, strerror(-code));
}

static int check_dir(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return refuse(err, path, -errno);
	if (st.st_uid != geteuid())
		return err_set(err, ERR_STORE_IO,
			       "directory %s belongs to user %u, not to this one", path,
			       (unsigned)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(err, ERR_STORE_IO,
			       "directory %s may be written by others (mode %04o)", path,
			       (unsigned)(st.st_mode & 07777));
	return 0;
}

static int make_dir(int dir_fd, const char *name)
{
	int fault = disk_fault_ask(DISK_CALL_CREATE, dir_fd, name, 0, NULL);
	CLEANUP(fd_close) int synced = -1;

	if (fault < 0)
		return fault;
	if (mkdirat(dir_fd, name, DIR_MODE) < 0)
		return errno == EEXIST ? 0 : -errno;
	synced = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return synced < 0 ? -errno : disk_sync_dir(synced);
}

/* Steps from the directory *fd into the one named, which is made when it is missing. One that is
 * only passed, by O_PATH, need not be readable. */
static int step_into(int *fd, const char *name, int flags)
{
	int next = openat(*fd, name, O_DIRECTORY | O_CLOEXEC | flags);

	if (next < 0 && errno == ENOENT) {
		int r = make_dir(*fd, name);

		if (r < 0)
			return r;
		next = openat(*fd, name, O_DIRECTORY | O_CLOEXEC | flags);
	}
	if (next < 0)
		return -errno;
	fd_close(*fd);
	*fd = next;
	return 0;
}

/* As mkdir -p, one name after another. */
static int walk(char *path, int *fd)
{
	char *name = path;

	while (*name) {
		char *end = strchrnul(name, '/');
		bool last = !*end;
		int r = 0;

		*end = '\0';
		if (*name)
			r = step_into(fd, name, O_PATH);
		if (r < 0)
			return r;
		name = last ? end : end + 1;
	}
	return 0;
}

int disk_dir_open(const char *path, struct err *err)
{
	CLEANUP(fd_close) int fd = -1;
	CLEANUP(fd_close) int dir = -1;
	char copy[PATH_MAX];
	size_t n = strlen(path);
	int r;

	if (n == 0 || n >= sizeof(copy))
		return refuse(err, path, n == 0 ? -ENOENT : -ENAMETOOLONG);
	memcpy(copy, path, n + 1);
	fd = open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return refuse(err, path, -errno);
	r = walk(copy, &fd);
	if (r < 0)
		return refuse(err, path, r);
	dir = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return refuse(err, path, -errno);
	r = check_dir(dir, path, err);
	return r < 0 ? r : TAKE_FD(dir);
}

int disk_dir_open_at(int dir_fd, const char *name, struct err *err)
{
	CLEANUP(fd_close) int fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	int r;

	assert(name[0] && !strchr(name, '/'));
	if (fd < 0)
		return refuse(err, name, -errno);
	r = step_into(&fd, name, O_RDONLY | O_NOFOLLOW);
	if (r < 0)
		return refuse(err, name, r);
	r = check_dir(fd, name, err);
	return r < 0 ? r : TAKE_FD(fd);
}

/* ---- Listing --------------------------------------------------------------------------------- */

struct names {
	struct buf text; /* one behind another, each with its NUL */
	const char **v;
	size_t n;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_regular(int dir_fd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_REG;
	return fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static int read_names(DIR *dir, struct names *names)
{
	for (;;) {
		const struct dirent *entry;
		int r;

		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		if (!is_regular(dirfd(dir), entry))
			continue;
		if (names->n == NAMES_MAX)
			return -ENOBUFS;
		r = buf_put(&names->text, (struct str){ entry->d_name, strlen(entry->d_name) + 1 });
		if (r < 0)
			return r;
		names->n++;
	}
}

static int sort_names(struct names *names)
{
	const char *at = names->text.p;

	names->v = calloc(names->n ? names->n : 1, sizeof(*names->v));
	if (!names->v)
		return -ENOMEM;
	for (size_t i = 0; i < names->n; i++, at += strlen(at) + 1)
		names->v[i] = at;
	qsort(names->v, names->n, sizeof(*names->v), by_name);
	return 0;
}

static int list(int dir_fd, struct names *names)
{
	/* One of its own: the position belongs to the open directory. */
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r;

	if (!dir) {
		r = -errno;
		fd_close(fd);
		return r;
	}
	r = read_names(dir, names);
	(void)closedir(dir);
	return r < 0 ? r : sort_names(names);
}

int disk_each(int dir_fd, int (*each)(void *owner, const char *name), void *owner)
{
	struct names names = { .n = 0 };
	int r;

	buf_init(&names.text, NAMES_BYTES_MAX);
	r = list(dir_fd, &names);
	for (size_t i = 0; r >= 0 && i < names.n; i++)
		r = each(owner, names.v[i]);
	free(names.v);
	buf_done(&names.text);
	return r < 0 ? r : 0;
}

int disk_room(int dir_fd, uint64_t *free_bytes, uint64_t *all_bytes)
{
	struct statvfs st;

	if (fstatvfs(dir_fd, &st) < 0)
		return -errno;
	*free_bytes = (uint64_t)st.f_bavail * st.f_frsize;
	*all_bytes = (uint64_t)st.f_blocks * st.f_frsize;
	return 0;
}
