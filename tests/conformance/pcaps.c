/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcaps: every capture file of DIR/INDEX.tsv through the real programs, its counts compared with
 * the index column by column, and its rows compared between the file as it is, cut, and fed byte by
 * byte.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance.h"

/* Starts redoubt traffic --counts over all files; its output is read from *out. */
static pid_t start_counts(const struct suite_run *run, char **files, size_t n, FILE **out)
{
	char program[4200], *argv[n + 5];
	int fds[2];
	pid_t pid;

	(void)snprintf(program, sizeof(program), "%s/../redoubt", run->program_dir);
	argv[0] = program;
	argv[1] = (char[]){ "traffic" };
	argv[2] = (char[]){ "--counts" };
	argv[3] = (char[]){ "-r" };
	memcpy(&argv[4], files, n * sizeof(char *));
	argv[n + 4] = NULL;
	if (pipe(fds) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		(void)dup2(fds[1], STDOUT_FILENO);
		(void)dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		(void)close(fds[0]);
		(void)close(fds[1]);
		(void)execv(program, argv);
		_exit(127);
	}
	(void)close(fds[1]);
	*out = fdopen(fds[0], "r");
	return pid;
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Limit: bytes of a cell of the index; a list that is so long was cut there, and is in order. */
#define INDEX_CELL_MAX 400

/* Columns of ours that are an item of another column there: "resp:12" of the frames by protocol. */
static const struct {
	const char *ours, *theirs, *item;
} items[] = {
	{ "redis_frames", "l7_frames", "resp" },
};

/* Columns in which an empty cell means that nobody looked, not that there is nothing. */
static const char *const silent[] = { "ja4_peer" };

/* Items that another tool calls otherwise. */
static const struct {
	const char *column, *theirs, *ours;
} names[] = {
	{ "dns_names", "<Root>", "." },
};

static char *our_name(const char *column, char *item)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(column, names[i].column) == 0 && strcmp(item, names[i].theirs) == 0)
			return strcpy(item, names[i].ours);
	return item;
}

/* "GET:2,POST:1" in the order of its items, so that two lists of the same items are the same text.
 */
static void sort_items(const char *column, const char *list, char *out, size_t room)
{
	char copy[8192], *item[512], *save = NULL;
	size_t n = 0, at = 0;

	(void)snprintf(copy, sizeof(copy), "%s", list);
	for (char *p = strtok_r(copy, ",", &save); p && n < ARRAY_LEN(item);
	     p = strtok_r(NULL, ",", &save))
		item[n++] = our_name(column, p);
	qsort(item, n, sizeof(item[0]), compare_items);
	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, room - at, "%s%s", i ? "," : "", item[i]);
}

static bool says_nothing(const char *column, const char *cell)
{
	for (size_t i = 0; !*cell && i < ARRAY_LEN(silent); i++)
		if (strcmp(silent[i], column) == 0)
			return true;
	return false;
}

/* The number of an item in a list such as "http:2,resp:12", or "0". */
static void take_item(const char *list, const char *item, char *out, size_t room)
{
	size_t n = strlen(item);

	(void)snprintf(out, room, "0");
	for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',')
		if (strncmp(p, item, n) == 0 && p[n] == ':')
			(void)snprintf(out, room, "%.*s", (int)strcspn(p + n + 1, ","), p + n + 1);
}

/* What the index expects in a column of ours; false when it has no such column. */
static bool expected_of(const struct tsv *index, size_t row, const char *name, char *out,
			size_t room)
{
	int theirs = tsv_column(index, name);

	if (theirs >= 0) {
		(void)snprintf(out, room, "%s", tsv_cell(index, row, (size_t)theirs));
		if (strlen(out) != INDEX_CELL_MAX)
			sort_items(name, tsv_cell(index, row, (size_t)theirs), out, room);
		return !says_nothing(name, out);
	}
	for (size_t i = 0; i < ARRAY_LEN(items); i++) {
		theirs = tsv_column(index, items[i].theirs);
		if (strcmp(items[i].ours, name) != 0 || theirs < 0)
			continue;
		take_item(tsv_cell(index, row, (size_t)theirs), items[i].item, out, room);
		return true;
	}
	return false;
}

static void compare_file(struct suite_run *run, const struct tsv *index, size_t row,
			 const struct tsv *counts, size_t counted)
{
	const char *file = tsv_cell(index, row, 0);

	for (size_t column = 1; column < counts->columns; column++) {
		const char *name = counts->cell[column];
		char expected[8192], ours[8192];

		if (!expected_of(index, row, name, expected, sizeof(expected)))
			continue;
		(void)snprintf(ours, sizeof(ours), "%s", tsv_cell(counts, counted, column));
		if (strlen(expected) == INDEX_CELL_MAX)
			ours[INDEX_CELL_MAX] = '\0';
		else
			sort_items(name, tsv_cell(counts, counted, column), ours, sizeof(ours));
		suite_case(run, file, name, expected, ours);
	}
}

static int read_counts(FILE *from, struct tsv *out)
{
	size_t room = 0;
	char *text = NULL;

	if (getdelim(&text, &room, '\0', from) < 0) {
		free(text);
		return -EIO;
	}
	return tsv_take(text, out);
}

static int compare_all(struct suite_run *run, const struct tsv *index, char **paths)
{
	struct tsv counts = { 0 };
	FILE *from = NULL;
	pid_t pid = start_counts(run, paths, index->rows, &from);
	int r = pid < 0 || !from ? -EIO : read_counts(from, &counts);
	int status = 0;

	if (from)
		(void)fclose(from);
	if (pid > 0)
		(void)waitpid(pid, &status, 0);
	if (r == 0 && (counts.rows != index->rows || !WIFEXITED(status))) {
		(void)printf("redoubt counted %zu of %zu files\n", counts.rows, index->rows);
		r = -EIO;
	}
	for (size_t i = 0; r == 0 && i < index->rows; i++)
		compare_file(run, index, i, &counts, i);
	tsv_done(&counts);
	return r;
}

int suite_pcaps(struct suite_run *run)
{
	struct tsv index;
	char path[4096], **paths;
	int r;

	(void)snprintf(path, sizeof(path), "%s/INDEX.tsv", run->dir);
	r = tsv_read(path, &index);
	if (r < 0) {
		(void)printf("%s: %s\n", path, strerror(-r));
		return r;
	}
	paths = calloc(index.rows + 1, sizeof(char *));
	for (size_t i = 0; paths && i < index.rows; i++)
		if (asprintf(&paths[i], "%s/%s", run->dir, tsv_cell(&index, i, 0)) < 0)
			abort();
	r = paths ? compare_all(run, &index, paths) : -ENOMEM;
	for (size_t i = 0; paths && i < index.rows; i++) {
		pcaps_cut(run, paths[i]);
		free(paths[i]);
	}
	pcaps_cut_done();
	free(paths);
	tsv_done(&index);
	return r;
}
