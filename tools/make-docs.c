/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make-docs [--check] ROOT: writes every page, and every marked region of a page, that is made from
 * the tables of the program; with --check it changes nothing, prints a TAP line for each, and fails
 * where one is out of date. Each kind of record that is a protocol has a page, too, which is begun
 * where it is not there yet; the check wants it to say what is not decoded. The picture of the
 *rooms comes on standard input, from tools/check-layers --picture. A region stands between the
 *lines
 *
 *	<!-- begin NAME: made by make docs -->		and		<!-- end NAME -->
 */
#include <stdio.h>

#include "docs.h"

#define PAGE_MAX MIB

static void put_picture(struct buf *out);

struct page {
	const char *path;
	const char *region; /* NULL: the whole file */
	void (*write)(struct buf *out);
	const struct record_kind *kind; /* or of a protocol */
};

static const struct page pages[] = {
	{ "docs/errors.md", NULL, docs_errors, NULL },
	{ "docs/counters.md", NULL, docs_counters, NULL },
	{ "docs/http-anomalies.md", NULL, docs_anomalies, NULL },
	{ "docs/records.md", NULL, docs_records, NULL },
	{ "docs/cli.md", NULL, docs_cli, NULL },
	{ "docs/limits.md", NULL, docs_limits, NULL },
	{ "docs/sandbox.md", NULL, docs_sandbox, NULL },
	{ "docs/filter.md", "names of KFL2", docs_aliases, NULL },
	{ "docs/masking.md", "masked fields", docs_masked_fields, NULL },
	{ "docs/masking.md", "examples", docs_mask_examples, NULL },
	{ "docs/masking.md", "header names", docs_allowed_headers, NULL },
	{ "docs/masking.md", "parameter names", docs_allowed_parameters, NULL },
	{ "ARCHITECTURE.md", "picture of the rooms", put_picture, NULL },
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
	if (page->kind)
		docs_protocol_fields(out, page->kind);
	else
		page->write(out);
	(void)buf_put(out, str_skip(now, (size_t)to));
	return 0;
}

#define NOT_DECODED "\n## What is not decoded\n"

/* The page of a protocol before anybody wrote in it. */
static void begin_protocol(const struct page *page, struct buf *now)
{
	(void)buf_printf(now,
			 "# %s\n\n## What is recorded\n<!-- begin %s: made by make docs -->\n"
			 "<!-- end %s -->\n" NOT_DECODED,
			 page->kind->name, page->region, page->region);
}

/* Does the page say what is not decoded? */
static bool is_written(const struct page *page, struct str text)
{
	ptrdiff_t at = find_text(text, NOT_DECODED);

	return !page->kind || (at >= 0 && (size_t)at + strlen(NOT_DECODED) < text.n);
}

/* What is wrong with a page, or NULL; it is made anew unless check. */
static const char *page_remake(const struct page *page, const char *path, bool check,
			       struct buf *now, struct buf *want)
{
	file_read(path, now);
	if (page->kind && !now->len && !check)
		begin_protocol(page, now);
	if (!page->region)
		page->write(want);
	else if (put_region(page, buf_str(now), want) < 0)
		return check && !now->len ? "it is not there: run make docs"
					  : "its region is not marked";
	assert(!want->full);
	if (check && !str_eq(buf_str(now), buf_str(want)))
		return "it is out of date: run make docs";
	if (check && !is_written(page, buf_str(want)))
		return "it does not say what is not decoded";
	if (!str_eq(buf_str(now), buf_str(want)) && file_write(path, buf_str(want)) < 0)
		return "it cannot be written";
	return NULL;
}

/* Makes or checks one page, and says so as a line of TAP; true when nothing is wrong with it. */
static bool page_make(const struct page *page, const char *root, bool check, size_t number)
{
	char path[4096];
	struct buf now, want;
	const char *why;

	buf_init(&now, PAGE_MAX);
	buf_init(&want, PAGE_MAX);
	(void)snprintf(path, sizeof(path), "%s/%s", root, page->path);
	why = page_remake(page, path, check, &now, &want);
	buf_done(&now);
	buf_done(&want);
	if (check || why)
		(void)printf("%s %zu - %s%s%s%s%s\n", why ? "not ok" : "ok", number, page->path,
			     page->region ? ", " : "", page->region ? page->region : "",
			     why ? ": " : "", why ? why : "");
	return !why;
}

static bool protocol_make(const struct record_kind *kind, const char *root, bool check,
			  size_t number)
{
	char path[100], region[100];
	struct page page = { .path = path, .region = region, .kind = kind };

	(void)snprintf(path, sizeof(path), "docs/protocols/%s.md", kind->name);
	(void)snprintf(region, sizeof(region), "fields of %s", kind->name);
	return page_make(&page, root, check, number);
}

int main(int argc, char **argv)
{
	bool check = argc == 3 && strcmp(argv[1], "--check") == 0;
	const struct record_kind *kind;
	const char *root = argv[argc - 1];
	unsigned failed = 0;
	size_t number = 0;

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
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		failed += !page_make(&pages[i], root, check, ++number);
	for (size_t i = 0; (kind = docs_protocol_at(i)); i++)
		failed += !protocol_make(kind, root, check, ++number);
	if (check)
		(void)printf("1..%zu\n", number);
	buf_done(&picture);
	return failed > 0;
}
