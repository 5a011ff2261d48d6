/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tab-separated tables, as the indexes of the suites are written.
 */
#include <stdio.h>
#include <stdlib.h>

#include "conformance.h"

/* The text of a file, NUL-terminated, or NULL. */
static char *read_text(const char *path)
{
	FILE *f = fopen(path, "re");
	size_t room = 0;
	char *text = NULL;

	if (!f)
		return NULL;
	if (getdelim(&text, &room, '\0', f) < 0) {
		free(text);
		text = strdup("");
	}
	(void)fclose(f);
	return text;
}

static size_t count(const char *s, size_t n, char c)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		k += s[i] == c;
	return k;
}

static void take_line(struct tsv *t, char *line, size_t row)
{
	for (size_t column = 0; column < t->columns && line; column++) {
		t->cell[row * t->columns + column] = line;
		line = strchr(line, '\t');
		if (line)
			*line++ = '\0';
	}
}

int tsv_take(char *text, struct tsv *out)
{
	size_t lines = count(text, strlen(text), '\n') + 1, row = 0;
	char *line = text;

	*out = (struct tsv){ .text = text };
	out->columns = count(text, strcspn(text, "\n"), '\t') + 1;
	out->cell = calloc(lines * out->columns, sizeof(char *));
	if (!out->cell)
		return -ENOMEM;
	while (*line) {
		char *end = line + strcspn(line, "\n");
		char *next = *end ? end + 1 : end;

		*end = '\0';
		if (*line && *line != '#')
			take_line(out, line, row++);
		line = next;
	}
	out->rows = row ? row - 1 : 0;
	return 0;
}

int tsv_read(const char *path, struct tsv *out)
{
	char *text = read_text(path);

	*out = (struct tsv){ .text = text };
	if (!text)
		return -errno;
	return tsv_take(text, out);
}

void tsv_done(struct tsv *t)
{
	free(t->text);
	free(t->cell);
	*t = (struct tsv){ 0 };
}

const char *tsv_cell(const struct tsv *t, size_t row, size_t column)
{
	const char *cell = row < t->rows ? t->cell[(row + 1) * t->columns + column] : NULL;

	return cell ? cell : "";
}

int tsv_column(const struct tsv *t, const char *name)
{
	for (size_t i = 0; i < t->columns; i++)
		if (t->cell && t->cell[i] && strcmp(t->cell[i], name) == 0)
			return (int)i;
	return -1;
}
