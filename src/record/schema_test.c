// SPDX-License-Identifier: Apache-2.0
/*
 * The schema's forms, and the two files of the repository that are made from it. A line of
 * docs/schema.lock holds for ever. UPDATE_DOCS=1 in the environment adds missing lines to the lock
 * and writes docs/records.md anew.
 */
#include "t.h"

#include "record/record.h"

#define LOCK_PATH    SOURCE_ROOT "/docs/schema.lock"
#define RECORDS_PATH SOURCE_ROOT "/docs/records.md"

static struct buf schema(enum schema_form form)
{
	struct buf b;

	buf_init(&b, MIB);
	schema_write(form, &b);
	assert_false(b.full);
	return b;
}

static struct buf file_read(const char *path)
{
	char piece[4096];
	struct buf b;
	FILE *f = fopen(path, "rb");
	size_t n;

	buf_init(&b, MIB);
	while (f && (n = fread(piece, 1, sizeof(piece), f)) > 0)
		(void)buf_put(&b, (struct str){ piece, n });
	if (f)
		(void)fclose(f);
	return b;
}

static void file_write(const char *path, const char *mode, struct str text)
{
	FILE *f = fopen(path, mode);

	assert_non_null(f);
	assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
	assert_int_equal(fclose(f), 0);
}

static bool updating(void)
{
	return getenv("UPDATE_DOCS") != NULL;
}

static bool has_line(struct str text, struct str line)
{
	struct str one;

	while (text.n) {
		(void)str_cut(&text, '\n', &one);
		if (str_eq(one, line))
			return true;
	}
	return false;
}

/* Lines of a that b lacks; comments do not count. */
static struct buf missing(struct str a, struct str b)
{
	struct buf out;
	struct str line;

	buf_init(&out, MIB);
	while (a.n) {
		(void)str_cut(&a, '\n', &line);
		if (line.n && line.p[0] != '#' && !has_line(b, line)) {
			(void)buf_put(&out, line);
			(void)buf_put_char(&out, '\n');
		}
	}
	return out;
}

TEST(every_line_of_the_lock_still_holds)
{
	struct buf now = schema(SCHEMA_LOCK), lock = file_read(LOCK_PATH);
	struct buf gone = missing(buf_str(&lock), buf_str(&now));

	if (gone.len)
		fail_msg("ids are for ever, but these lines of docs/schema.lock no longer "
			 "hold:\n%.*s",
			 STR_FMT(buf_str(&gone)));
	buf_done(&gone);
	buf_done(&lock);
	buf_done(&now);
}

TEST(every_field_is_locked)
{
	struct buf now = schema(SCHEMA_LOCK), lock = file_read(LOCK_PATH);
	struct buf fresh = missing(buf_str(&now), buf_str(&lock));

	if (updating())
		file_write(LOCK_PATH, "ab", buf_str(&fresh));
	else if (fresh.len)
		fail_msg("new fields; run make docs, or add to "
			 "docs/schema.lock:\n%.*s",
			 STR_FMT(buf_str(&fresh)));
	buf_done(&fresh);
	buf_done(&lock);
	buf_done(&now);
}

TEST(the_reference_is_up_to_date)
{
	struct buf now = schema(SCHEMA_MARKDOWN), doc = file_read(RECORDS_PATH);

	if (updating())
		file_write(RECORDS_PATH, "wb", buf_str(&now));
	else if (!str_eq(buf_str(&now), buf_str(&doc)))
		fail_msg("docs/records.md differs; run make docs");
	buf_done(&doc);
	buf_done(&now);
}

TEST(a_lock_line_has_kind_field_type_and_name)
{
	struct buf lock = schema(SCHEMA_LOCK);

	assert_true(has_line(buf_str(&lock), STR("0 2 time time")));
	assert_true(has_line(buf_str(&lock), STR("4 kind http")));
	assert_true(has_line(buf_str(&lock), STR("4 105 u64 http.status")));
	assert_true(has_line(buf_str(&lock), STR("4 118 = 3 cut")));
	buf_done(&lock);
}

TEST(every_form_names_every_field)
{
	static const enum schema_form forms[] = { SCHEMA_TABLE, SCHEMA_JSON, SCHEMA_MARKDOWN };

	for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
		struct buf text = schema(forms[f]);

		for (size_t i = 0; i < RECORD_KINDS; i++) {
			const struct record_kind *kind = record_kind_at(i);

			for (unsigned slot = 0; slot < kind->slots; slot++)
				assert_true(str_contains(buf_str(&text),
							 str_of(kind->field[slot].name)));
		}
		buf_done(&text);
	}
}

TEST(the_table_fits_120_columns)
{
	struct buf text = schema(SCHEMA_TABLE);
	struct str rest = buf_str(&text), line;

	while (rest.n) {
		(void)str_cut(&rest, '\n', &line);
		if (line.n > 120)
			fail_msg("%zu columns: %.*s", line.n, STR_FMT(line));
		assert_true(line.n == 0 || line.p[line.n - 1] != ' ');
	}
	buf_done(&text);
}

TEST(json_of_the_schema_tells_type_class_and_choices)
{
	struct buf text = schema(SCHEMA_JSON);

	assert_true(str_contains(buf_str(&text), STR("\"name\": \"http.path\"")));
	assert_true(str_contains(buf_str(&text), STR("\"class\": \"path\"")));
	assert_true(str_contains(buf_str(&text), STR("\"half-open\"")));
	assert_true(str_contains(buf_str(&text), STR("\"wireshark\": \"http.host\"")));
	buf_done(&text);
}

TEST_MAIN
