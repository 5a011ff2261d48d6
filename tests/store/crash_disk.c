/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that loses what was not synced when it dies: sectors of files, and names. Before a file is
 * written to, what it holds durable is remembered; before a name changes, what stood under it. A
 * sync forgets both. At the end some of the sectors and names are put back as they were. A sync
 * that failed, or was a lie, forgets nothing any more.
 */
#include "crash.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR         512
#define FILES          256
#define CHANGES        4096
#define NAME_MAX_BYTES 64

/* A file with bytes that may be lost. */
struct dirty {
	ino_t ino;
	int fd;
	bool poisoned; /* the kernel gave up on it: no later sync helps */
	char *old;     /* as it is durable */
	size_t old_bytes;
};

/* A name that changed since its directory was synced. was: the link that keeps what stood there. */
struct change {
	ino_t dir;
	int dir_fd;
	char name[NAME_MAX_BYTES];
	bool there;
	char was[PATH_BYTES + 32];
};

static struct disk_plan plan;
static struct chance chance;
static uint64_t calls, syncs, writes, links;
static struct dirty dirty[FILES];
static size_t dirties;
static struct change change[CHANGES];
static size_t changes;

static ino_t inode_of(int fd)
{
	struct stat st = { .st_ino = 0 };

	(void)fstat(fd, &st);
	return st.st_ino;
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

static size_t load(int fd, char **out)
{
	struct stat st = { .st_size = 0 };
	size_t n;

	(void)fstat(fd, &st);
	n = (size_t)st.st_size;
	*out = calloc(1, n + 1);
	return *out && pread(fd, *out, n, 0) == (ssize_t)n ? n : 0;
}

static struct dirty *dirty_of(int fd)
{
	ino_t ino = inode_of(fd);

	for (size_t i = 0; i < dirties; i++)
		if (dirty[i].ino == ino)
			return &dirty[i];
	return NULL;
}

static void before_write(int fd)
{
	struct dirty *d = dirty_of(fd);

	if (d || dirties == FILES)
		return;
	d = &dirty[dirties++];
	*d = (struct dirty){ .ino = inode_of(fd), .fd = fcntl(fd, F_DUPFD_CLOEXEC, 0) };
	d->old_bytes = load(fd, &d->old);
}

static void forget(struct dirty *d)
{
	(void)close(d->fd);
	free(d->old);
	*d = dirty[--dirties];
}

/* Of what differs, a prefix, nothing, all, or any sectors survive; lost ones are as they were, or
 * zero where the file was shorter. */
static void lose_bytes(struct dirty *d)
{
	char *now;
	size_t n = load(d->fd, &now), kept = 0, style = chance_of(&chance, 4);
	size_t cut = chance_of(&chance, n / SECTOR + 2) * SECTOR;

	for (size_t at = 0; at < n; at += SECTOR) {
		size_t bytes = size_min(SECTOR, n - at);
		bool keep = style == 1 || (style == 2 && at < cut) ||
			    (style == 3 && chance_of(&chance, 2));

		for (size_t i = at; !keep && i < at + bytes; i++)
			now[i] = i < d->old_bytes ? d->old[i] : 0;
		kept = keep ? at + bytes : kept;
	}
	/* The length may have become durable before the bytes. */
	if (chance_of(&chance, 3) > 0)
		n = kept > d->old_bytes ? kept : d->old_bytes;
	(void)!pwrite(d->fd, now, n, 0);
	(void)!ftruncate(d->fd, (off_t)n);
	free(now);
}

/* ---- Names ----------------------------------------------------------------------------------- */

static void before_change(int dir_fd, const char *name)
{
	struct change *c = &change[changes];
	struct stat st;

	if (changes == CHANGES || strlen(name) >= NAME_MAX_BYTES)
		return;
	*c = (struct change){ .dir = inode_of(dir_fd) };
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISREG(st.st_mode))
			return;
		c->there = true;
		(void)snprintf(c->was, sizeof(c->was), "%s/%llu", plan.undo,
			       (unsigned long long)++links);
		if (linkat(dir_fd, name, AT_FDCWD, c->was, 0) < 0)
			return;
	}
	c->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	(void)snprintf(c->name, sizeof(c->name), "%s", name);
	changes++;
}

/* A rename, or an exchange, changes two names at once: of what stands before NAME.new becomes it.
 */
static void before_rename(int dir_fd, const char *to)
{
	struct str damaged = STR(".damaged"), s = str_of(to);
	char from[NAME_MAX_BYTES];

	if (str_ends(s, damaged))
		(void)snprintf(from, sizeof(from), "%.*s", (int)(s.n - damaged.n), to);
	else
		(void)snprintf(from, sizeof(from), "%s.new", to);
	before_change(dir_fd, from);
	before_change(dir_fd, to);
}

static void end_change(struct change *c)
{
	if (c->there)
		(void)unlink(c->was);
	(void)close(c->dir_fd);
}

static void names_are_durable(int dir_fd)
{
	ino_t ino = inode_of(dir_fd);
	size_t n = 0;

	for (size_t i = 0; i < changes; i++) {
		if (change[i].dir == ino)
			end_change(&change[i]);
		else
			change[n++] = change[i];
	}
	changes = n;
}

static void undo(const struct change *c)
{
	(void)unlinkat(c->dir_fd, c->name, 0);
	if (c->there)
		(void)!linkat(AT_FDCWD, c->was, c->dir_fd, c->name, 0);
}

/* In each directory the changes up to some moment are durable, in their order. The two names of a
 * rename go together. */
static void lose_names(void)
{
	size_t style = chance_of(&chance, 3);
	size_t keep = style == 0 ? 0 : style == 1 ? changes : chance_of(&chance, changes + 1);

	while (keep > 0 && keep < changes) {
		struct str a = str_of(change[keep - 1].name), b = str_of(change[keep].name);

		if (!str_starts(a, b) && !str_starts(b, a))
			break;
		keep--;
	}
	for (size_t i = changes; i-- > keep;)
		undo(&change[i]);
}

/* ---- Its end --------------------------------------------------------------------------------- */

_Noreturn static void die(void)
{
	if (!plan.losing) {
		(void)kill(getpid(), SIGKILL);
		_exit(1);
	}
	for (size_t i = 0; i < dirties; i++)
		lose_bytes(&dirty[i]);
	lose_names();
	_exit(DIED);
}

/* ---- Calls ----------------------------------------------------------------------------------- */

/* The metadata database names its files. */
static int open_meta(const char *name)
{
	char path[PATH_BYTES + 64];

	(void)snprintf(path, sizeof(path), "%s/meta/%s", plan.dir, name);
	return open(path, O_RDWR | O_CLOEXEC);
}

static bool is_log(int fd)
{
	char link[64], path[256];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	return n > 0 && str_ends((struct str){ path, (size_t)n }, STR(".log"));
}

static int ask_write(int fd, size_t *n)
{
	before_write(fd);
	writes++;
	if (plan.full_at == 0 || writes < plan.full_at || writes >= plan.full_at + plan.full_for)
		return 0;
	*n = chance_of(&chance, *n);
	plan.on_full();
	return -ENOSPC;
}

static int ask_sync(int fd)
{
	struct dirty *d = dirty_of(fd);

	syncs++;
	if (syncs == plan.eio_at) {
		if (d)
			d->poisoned = true;
		return -EIO;
	}
	if (plan.lie_at && syncs >= plan.lie_at && is_log(fd)) {
		plan.on_lie();
		return 1;
	}
	if (d && !d->poisoned)
		forget(d);
	return 0;
}

static int ask_file(enum disk_call call, int fd, size_t *n)
{
	if (fd < 0)
		return 0;
	if (call == DISK_CALL_WRITE)
		return ask_write(fd, n);
	return call == DISK_CALL_SYNC ? ask_sync(fd) : 0;
}

static int ask(void *owner, enum disk_call call, int fd, const char *name, uint64_t at, size_t *n)
{
	int r = 0, meta_fd = -1;

	(void)owner;
	(void)at;
	if (++calls == plan.die_at)
		die();
	if (!plan.losing)
		return 0;
	switch (call) {
	case DISK_CALL_WRITE:
	case DISK_CALL_SYNC:
		if (fd < 0)
			fd = meta_fd = open_meta(name);
		r = ask_file(call, fd, n);
		if (meta_fd >= 0)
			(void)close(meta_fd);
		return r;
	case DISK_CALL_SYNC_DIR:
		if (++syncs == plan.eio_at)
			return -EIO;
		names_are_durable(fd);
		return 0;
	case DISK_CALL_RENAME:
		before_rename(fd, name);
		return 0;
	case DISK_CALL_CREATE:
	case DISK_CALL_REMOVE:
		if (fd >= 0)
			before_change(fd, name);
		return 0;
	case DISK_CALLS:
		break;
	}
	return 0;
}

void crash_disk(const struct disk_plan *to)
{
	static const struct disk_fault fault = { ask, NULL };

	plan = *to;
	chance.state = plan.seed;
	disk_inject(&fault);
}
