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

/* "GET:2,POST:1" in the order of its items, so that two lists of the same items are the same text.
 */
static void sort_items(const char *list, char *out, size_t room)
{
	char copy[8192], *item[512], *save = NULL;
	size_t n = 0, at = 0;

	(void)snprintf(copy, sizeof(copy), "%s", list);
	for (char *p = strtok_r(copy, ",", &save); p && n < ARRAY_LEN(item);
	     p = strtok_r(NULL, ",", &save))
		item[n++] = p;
	qsort(item, n, sizeof(item[0]), compare_items);
	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, room - at, "%s%s", i ? "," : "", item[i]);
}

static void compare_file(struct suite_run *run, const struct tsv *index, size_t row,
			 const struct tsv *counts, size_t counted)
{
	const char *file = tsv_cell(index, row, 0);

	for (size_t column = 1; column < counts->columns; column++) {
		const char *name = counts->cell[column];
		int theirs = tsv_column(index, name);
		char expected[8192], ours[8192];

		if (theirs < 0)
			continue;
		sort_items(tsv_cell(index, row, (size_t)theirs), expected, sizeof(expected));
		sort_items(tsv_cell(counts, counted, column), ours, sizeof(ours));
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
