/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: a main for a fuzzer in ordinary builds. It runs the fuzzer over every file named, or in
 * a directory named, whole and cut behind each of its bytes, and prints one TAP test for each
 * argument, so that what was found once is looked for in every build. A fuzzer that finds something
 * ends the process; the line before says in which file.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Limit: a seed is small; a larger file was put there by mistake. */
#define FILE_BYTES_MAX (16L * 1024 * 1024)
#define PATH_BYTES     4096
/* Limit: a longer seed is cut in so many places only. */
#define CUTS_MAX 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The copy is exactly as large as what is shown, so that a sanitizer sees a read past its end. */
static bool run_copy(const uint8_t *from, size_t size)
{
	uint8_t *data = malloc(size > 0 ? size : 1);

	if (!data)
		return false;
	if (size > 0)
		memcpy(data, from, size);
	(void)LLVMFuzzerTestOneInput(size > 0 ? data : data + 1, size);
	free(data);
	return true;
}

static bool run_bytes(FILE *file, size_t size)
{
	uint8_t *data = malloc(size > 0 ? size : 1);
	bool ok = data && fread(data, 1, size, file) == size && run_copy(data, size);
	size_t step = size / CUTS_MAX + 1;

	for (size_t n = 0; ok && n < size; n += step)
		ok = run_copy(data, n);
	free(data);
	return ok;
}

static bool run_file(const char *path)
{
	FILE *file = fopen(path, "rbe");
	struct stat st;
	bool ok;

	(void)printf("# %s\n", path);
	(void)fflush(stdout);
	if (!file) {
		(void)printf("# cannot be opened: %s\n", strerror(errno));
		return false;
	}
	ok = fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_BYTES_MAX &&
	     run_bytes(file, (size_t)st.st_size);
	if (!ok)
		(void)printf("# is no file of at most %ld bytes, or cannot be read\n",
			     FILE_BYTES_MAX);
	(void)fclose(file);
	return ok;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* All files of a directory, in the order of their names. An empty one is a mistake too. */
static bool run_directory(const char *path)
{
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, is_visible, alphasort);
	bool ok = n > 0;

	if (n <= 0)
		(void)printf("# no file in %s\n", path);
	for (int i = 0; i < n; i++) {
		char file[PATH_BYTES];
		int length = snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);

		ok = length > 0 && length < PATH_BYTES && run_file(file) && ok;
		free(entries[i]);
	}
	free(entries);
	return ok;
}

static bool run(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return run_directory(path);
	return run_file(path);
}

int main(int argc, char **argv)
{
	bool all = argc > 1;

	(void)printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		bool ok = run(argv[i]);

		(void)printf("%s %d - %s\n", ok ? "ok" : "not ok", i, argv[i]);
		all = all && ok;
	}
	return all ? EXIT_SUCCESS : EXIT_FAILURE;
}
