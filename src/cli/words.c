/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a command line that no option claims for itself: which of them is the filter, and
 * whether the others are files. Both are settled before the first record is shown.
 */
#include <unistd.h>

#include "cli/cli.h"

/* How much of words that are neither is shown. */
#define SHOWN_BYTES 200

/* What is no file is a filter if it reads as one, or at least has the marks of one; everything else
 * is a file's name with a mistake in it. */
static bool looks_like_filter(const char *word)
{
	struct filter *filter;
	struct err ignored;

	if (strcmp(word, "-") == 0 || access(word, F_OK) == 0)
		return false;
	if (strpbrk(word, "=<>!&|\"'[") || strncmp(word, "has(", 4) == 0)
		return true;
	if (filter_new(str_of(word), &filter, &ignored) < 0)
		return false;
	filter_free(filter);
	return true;
}

const char *words_take_filter(struct conf_list *files, struct conf_list *rest)
{
	struct conf_list *words = rest->n ? rest : files;

	if (words->n == 0 || !looks_like_filter(words->v[words->n - 1]))
		return NULL;
	words->n--;
	return words->v[words->n];
}

/* The words from one on, as they were typed but for their quotes. */
static void join(const struct conf_list *words, size_t from, char out[SHOWN_BYTES])
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = from; i < words->n && n < SHOWN_BYTES; i++)
		n += (size_t)snprintf(out + n, SHOWN_BYTES - n, "%s%s", i > from ? " " : "",
				      words->v[i]);
}

/* A name that is plainly a file's: nobody means a filter by it. */
static bool is_path(const char *word)
{
	return strchr(word, '/') || strstr(word, ".pcap");
}

int words_check_files(const struct conf_list *files, bool filtered, struct err *err)
{
	char shown[SHOWN_BYTES];
	struct err ignored;
	size_t i = 0, last = files->n;
	int r = 0;

	while (i < files->n && (r = capture_find(files->v[i], err)) == 0)
		i++;
	if (r == 0 || filtered)
		return r;
	/* A filter that the shell cut into words ends the list, and none of its words is a file. */
	while (last > i && !is_path(files->v[last - 1]) &&
	       capture_find(files->v[last - 1], &ignored) < 0)
		last--;
	if (last > i)
		return r;
	join(files, i, shown);
	return err_set(err, ERR_FILE_OPEN,
		       "%s: %s. If this is meant as a filter, quote it or give it with -w.", shown,
		       strerror(ENOENT));
}

int words_check_rest(const struct conf_list *rest, struct err *err)
{
	char shown[SHOWN_BYTES];

	if (rest->n == 0)
		return 0;
	join(rest, 0, shown);
	return err_set(err, ERR_USAGE, "'%s' is neither an option nor a filter; %s", shown,
		       rest->n == 1 ? "files follow -r."
				    : "files follow -r, and a filter is one word: quote it.");
}
