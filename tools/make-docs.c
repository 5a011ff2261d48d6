/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make-docs [--check] ROOT: writes every page, and every marked region of a page, that is made from
 * the tables of the program; with --check it changes nothing, prints a TAP line for each, and fails
 * where one is out of date. The picture of the rooms comes on standard input, from
 * tools/check-layers --picture. A region stands between the lines
 *
 *	<!-- begin NAME: made by make docs -->		and		<!-- end NAME -->
 */
#include <stdio.h>

#include "docs.h"

#define PAGE_MAX MIB

static void put_picture(struct buf *out);

static const struct page {
	const char *path;
	const char *region; /* NULL: the whole file */
	void (*write)(struct buf *out);
} pages[] = {
	{ "docs/errors.md", NULL, docs_errors },
	{ "docs/counters.md", NULL, docs_counters },
	{ "docs/http-anomalies.md", NULL, docs_anomalies },
	{ "docs/records.md", NULL, docs_records },
	{ "docs/cli.md", NULL, docs_cli },
	{ "docs/limits.md", NULL, docs_limits },
	{ "docs/sandbox.md", NULL, docs_sandbox },
	{ "docs/masking.md", "masked fields", docs_masked_fields },
	{ "docs/masking.md", "examples", docs_mask_examples },
	{ "docs/masking.md", "header names", docs_allowed_headers },
	{ "docs/masking.md", "parameter names", docs_allowed_parameters },
	{ "ARCHITECTURE.md", "picture of the rooms", put_picture },
};

/* ---- Files ----------------------------------------------------------------------------------- */

static void read_all(FILE *f, struct buf *out)
{
	char piece[4096];
	size_t n;

	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		(void)buf_put(out, (struct str){ piece, n });
}

/* A file that is not there yet is empty. */
static void file_read(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");

	if (!f)
		return;
	read_all(f, out);
	(void)fclose(f);
}

static int file_write(const char *path, struct str text)
{
	FILE *f = fopen(path, "wb");
	bool whole;

	if (!f)
		return -errno;
	whole = fwrite(text.p, 1, text.n, f) == text.n;
	return fclose(f) == 0 && whole ? 0 : -EIO;
}

static struct buf picture;

static void put_picture(struct buf *out)
{
	(void)buf_put(out, buf_str(&picture));
}

/* What breaks the law of the rooms is printed instead of a picture. */
static int picture_read(void)
{
	buf_init(&picture, PAGE_MAX);
	read_all(stdin, &picture);
	return str_starts(buf_str(&picture), STR("```mermaid\n")) ? 0 : -EINVAL;
}

/* ---- Pages ----------------------------------------------------------------------------------- */

static ptrdiff_t find_text(struct str s, const char *text)
{
	const char *p = s.n ? memmem(s.p, s.n, text, strlen(text)) : NULL;

	return p ? p - s.p : -1;
}

/* The file with its region made anew: what stands before, the region, what stands behind. */
static int put_region(const struct page *page, struct str now, struct buf *out)
{
	char begin[128], end[128];
	ptrdiff_t from, to;

	(void)snprintf(begin, sizeof(begin), "<!-- begin %s: made by make docs -->\n",
		       page->region);
	(void)snprintf(end, sizeof(end), "<!-- end %s -->\n", page->region);
	from = find_text(now, begin);
	to = find_text(now, end);
	if (from < 0 || to < from)
		return -ENOENT;
	(void)buf_put(out, str_head(now, (size_t)from + strlen(begin)));
	page->write(out);
	(void)buf_put(out, str_skip(now, (size_t)to));
	return 0;
}

/* Makes one page; true when nothing is wrong with it. */
static bool page_make(const struct page *page, const char *root, bool check, const char **why)
{
	struct buf now, want;
	char path[4096];
	int r = 0;

	buf_init(&now, PAGE_MAX);
	buf_init(&want, PAGE_MAX);
	(void)snprintf(path, sizeof(path), "%s/%s", root, page->path);
	file_read(path, &now);
	if (page->region)
		r = put_region(page, buf_str(&now), &want);
	else
		page->write(&want);
	*why = r < 0 ? "its region is not marked" : "it is out of date: run make docs";
	if (r == 0 && !str_eq(buf_str(&now), buf_str(&want)))
		r = check ? -ESTALE : file_write(path, buf_str(&want));
	if (r < 0 && r != -ESTALE && r != -ENOENT)
		*why = "it cannot be written";
	assert(!want.full);
	buf_done(&now);
	buf_done(&want);
	return r == 0;
}

int main(int argc, char **argv)
{
	bool check = argc == 3 && strcmp(argv[1], "--check") == 0;
	unsigned failed = 0;

	if (argc != 2 && !check) {
		(void)fprintf(stderr, "usage: tools/check-layers --picture |"
				      " make-docs [--check] ROOT\n");
		return 2;
	}
	if (picture_read() < 0) {
		(void)fprintf(stderr, "no picture of the rooms came:\n%.*s",
			      STR_FMT(buf_str(&picture)));
		return 2;
	}
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		const struct page *page = &pages[i];
		const char *why;
		bool good = page_make(page, argv[argc - 1], check, &why);

		failed += !good;
		if (check || !good)
			(void)printf("%s %zu - %s%s%s%s%s\n", good ? "ok" : "not ok", i + 1,
				     page->path, page->region ? ", " : "",
				     page->region ? page->region : "", good ? "" : ": ",
				     good ? "" : why);
	}
	if (check)
		(void)printf("1..%zu\n", ARRAY_LEN(pages));
	buf_done(&picture);
	return failed > 0;
}
