// SPDX-License-Identifier: Apache-2.0
/*
 * Rows and masks, by the first byte of the input: bytes read as a row, through every getter and
 * form, cut into its parts and made whole; a row made of the input, committed under masks and read
 * back; a path; a query; a host, a word and a value of a header. A row that row_view() accepts must
 * be safe to show, and no masked text may hold a value that is not allowed.
 */
#include "record/mask.h"
#include "record/record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mask_names allowed_names(void)
{
	static struct mask_name name[2];

	name[0] = (struct mask_name){ STR("accept"), VALUE_TEXT };
	name[1] = (struct mask_name){ STR("page"), VALUE_QUERY };
	return (struct mask_names){ name, ARRAY_LEN(name) };
}

/* ---- Reading --------------------------------------------------------------------------------- */

static void check_json(struct str json)
{
	struct json_tokenizer t;
	enum json_token token;
	struct str text;
	bool last;

	json_tokenizer_init(&t);
	do {
		size_t used = 0;

		token = json_tokenizer_next(&t, json, true, &used, &text, &last);
		assert(token != JSON_TOKEN_BAD && token != JSON_TOKEN_MORE);
		json = str_skip(json, used);
	} while (token != JSON_TOKEN_END);
}

static void check_value(const struct field *field, const struct row_value *v)
{
	struct row_pair pair;
	size_t pos = 0, n = 0;
	struct str s;
	struct buf text;
	uint64_t u;

	while (row_value_next_u64(v, &pos, &u) || row_value_next_str(v, &pos, &s) ||
	       row_value_next_pair(v, &pos, &pair))
		n++;
	assert(n == v->n && pos == (v->n ? v->s.n : 0));

	buf_init(&text, 8 * MIB);
	row_value_text(field, v, &text);
	assert(!text.full);
	for (size_t i = 0; i < text.len; i++)
		assert((uint8_t)text.p[i] >= 0x20 && text.p[i] != 0x7f);
	buf_done(&text);
}

static void check_view(const struct row_view *v)
{
	const struct field *field = v->kind ? v->kind->field : record_kind_at(0)->field;
	struct json_writer w;
	struct row_value value;
	struct buf json;

	for (unsigned slot = 0; slot < ROW_SLOTS_MAX + 1; slot++)
		if (row_value(v, slot, &value))
			check_value(&field[slot], &value);
	buf_init(&json, 8 * MIB);
	json_writer_init(&w, &json, 0);
	row_write_json(&w, v);
	assert(json_writer_end(&w) == 0);
	check_json(buf_str(&json));
	buf_done(&json);
}

/* A row is the same when it was cut into its parts and made whole again. */
static void check_parts(const struct row_view *v)
{
	static uint8_t whole[ROW_MAX];
	struct row_view view[ROW_PARTS];
	const struct row_view *part[ROW_PARTS] = { NULL };
	struct buf bytes[ROW_PARTS];
	ptrdiff_t n;

	for (unsigned i = 0; i < ROW_PARTS; i++) {
		buf_init(&bytes[i], ROW_MAX);
		n = row_split(v, (enum field_part)i, &bytes[i]);
		assert(n >= 0 && (size_t)n == bytes[i].len && (n > 0 || i != PART_META));
		if (n == 0)
			continue;
		if (row_view(buf_str(&bytes[i]), &view[i]) < 0)
			abort();
		part[i] = &view[i];
	}
	n = row_merge(part, whole, sizeof(whole));
	assert(n > 0 && str_eq((struct str){ (const char *)whole, (size_t)n }, v->bytes));
	for (unsigned i = 0; i < ROW_PARTS; i++)
		buf_done(&bytes[i]);
}

static void fuzz_view(struct str bytes)
{
	ptrdiff_t length = row_length(bytes);
	struct row_view v;

	if (row_view(bytes, &v) == 0) {
		assert(length > 0 && v.bytes.n == (size_t)length);
		check_view(&v);
		check_parts(&v);
	}
}

/* ---- Masks ----------------------------------------------------------------------------------- */

static bool is_replacement(struct str s)
{
	static const char *const all[] = { "{id}", "{uuid}", "{token}", "{email}" };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct str rest = str_skip(s, strlen(all[i]));

		if (str_starts(s, str_of(all[i])) && (!rest.n || (rest.p[0] == '.' && rest.n <= 6)))
			return true;
	}
	return false;
}

/* The piece up to the first of the two characters, and all behind it. */
static struct str cut_piece(struct str *s, const char *ends)
{
	size_t n = 0;
	struct str piece;

	while (n < s->n && s->p[n] != ends[0] && s->p[n] != ends[1])
		n++;
	piece = str_head(*s, n);
	*s = str_skip(*s, n + 1);
	return piece;
}

static void check_segment(struct str in, struct str out)
{
	struct str value = out, key;

	if (is_replacement(out) && !str_eq(in, out))
		return;
	if (!str_cut(&value, '=', &key)) {
		assert(str_eq(in, out) && !mask_looks(in).n && str_find(in, '=', 0) < 0);
		return;
	}
	assert(str_eq(value, STR(MASK_TEXT)) || value.n == 0);
	assert(is_replacement(key) || (str_starts(in, key) && !mask_looks(key).n));
}

static void fuzz_path(struct str path)
{
	struct buf out;
	struct str in = path, masked;

	buf_init(&out, 8 * MIB);
	mask_path(path, &out);
	assert(!out.full);
	masked = buf_str(&out);
	while (in.n || masked.n)
		check_segment(cut_piece(&in, "/;"), cut_piece(&masked, "/;"));
	buf_done(&out);
}

static void check_pair(struct str in, struct str out, const struct mask_names *allow)
{
	struct str value = out, name;

	if (str_eq(out, STR(MASK_TEXT)))
		return;
	if (!str_cut(&value, '=', &name)) {
		assert(str_eq(in, out) && in.n <= 32 && !mask_looks(in).n);
		return;
	}
	assert(str_starts(in, name) && !mask_looks(name).n);
	if (str_eq(value, STR(MASK_TEXT)) || value.n == 0)
		return;
	/* A value is shown: its name is an allowed one. */
	assert(str_eq(in, out));
	if (str_find(name, '%', 0) < 0)
		assert(mask_names_find(name, allow));
}

static void fuzz_query(struct str query)
{
	struct mask_names allow = allowed_names();
	struct str in = query, masked;
	struct buf out;

	buf_init(&out, 8 * MIB);
	mask_query(query, &allow, &out);
	assert(!out.full);
	masked = buf_str(&out);
	while (in.n || masked.n)
		check_pair(cut_piece(&in, "&;"), cut_piece(&masked, "&;"), &allow);
	buf_done(&out);
}

static bool is_host_char(char c)
{
	return char_class(c) & (CHAR_LETTER | CHAR_DIGIT | CHAR_JOINT) || (c && strchr(":[]{}", c));
}

static void fuzz_host(struct str host)
{
	struct buf out;
	struct str shown;

	buf_init(&out, 8 * MIB);
	mask_host(host, &out);
	shown = buf_str(&out);
	for (size_t i = 0; i < shown.n; i++)
		assert(is_host_char(shown.p[i]) && !(char_class(shown.p[i]) & CHAR_UPPER));
	buf_done(&out);
}

static void fuzz_word(struct str word)
{
	struct buf out;
	struct str shown;

	buf_init(&out, 8 * MIB);
	mask_word(word, &out);
	shown = buf_str(&out);
	assert(str_eq(shown, STR(MASK_TEXT)) || str_eq_nocase(shown, word));
	assert(word.n <= 120 || str_eq(shown, STR(MASK_TEXT)));
	buf_done(&out);
}

/* The first byte is the kind. What is shown carries no second line and no address, does not outgrow
 * its place in a row, and is the same when it is asked for again. */
static void fuzz_value(struct str in)
{
	enum mask_value kind = in.n ? (enum mask_value)((uint8_t)in.p[0] % (VALUE_DATE + 1)) : 0;
	struct str value = str_skip(in, 1), shown;
	struct buf out, again;

	buf_init(&out, 8 * MIB);
	buf_init(&again, 8 * MIB);
	mask_value(value, kind, &out);
	mask_value(value, kind, &again);
	shown = buf_str(&out);
	assert(str_eq(shown, buf_str(&again)));
	assert(shown.n <= value.n + sizeof(MASK_TEXT));
	for (size_t i = 0; i < shown.n; i++)
		assert((uint8_t)shown.p[i] >= ' ' && shown.p[i] != '@' && shown.p[i] != 0x7f);
	buf_done(&out);
	buf_done(&again);
}

/* ---- Writing and reading back ---------------------------------------------------------------- */

#define FUZZ_PAIRS 64

/* What a commit did must be the head of what the mask alone does. */
static void check_masked(const struct row_view *v, struct field_str f, struct str all)
{
	struct row_value value;

	assert(row_value(v, f.ref.slot, &value));
	assert(str_starts(all, value.s));
	assert(value.s.n == all.n || (value.marks & ROW_CUT && all.n > ROW_VALUE_MAX));
}

static void check_commit(const struct row *row, struct ring *ring, const struct mask_plan *plan,
			 struct str path, struct str query, const struct mask_names *allow)
{
	struct counters counters = { 0 };
	struct row_out out = { .ring = ring, .plan = plan, .counters = &counters };
	struct row_view v;
	struct str bytes;
	struct buf text;

	assert(row_commit(row, &out) == 0 && counters.v[COUNTER_ROWS] == 1);
	bytes = ring_readable(ring);
	assert(row_view(bytes, &v) == 0 && v.bytes.n == bytes.n);
	check_view(&v);
	buf_init(&text, 8 * MIB);
	mask_path(path, &text);
	check_masked(&v, http_path, buf_str(&text));
	buf_clear(&text);
	mask_query(query, allow, &text);
	check_masked(&v, http_query, buf_str(&text));
	buf_done(&text);
	ring_consume(ring, bytes.n);
}

/* Lines of the input: the path, the query, and names and values in turn. */
static void fuzz_commit(struct str input)
{
	static struct ring ring;
	static struct mask_plan plan;
	static struct row_pair pairs[FUZZ_PAIRS];
	const struct record_kind *http = record_kind_by_id(KIND_HTTP);
	struct mask_names allow = allowed_names();
	struct mask_rule *rule = plan.rule[record_kind_place(http)];
	struct row *row = malloc(row_bytes(http));
	struct str path, query, names[FUZZ_PAIRS];
	size_t n = 0;

	assert(row);
	if (!ring.data && ring_create(MIB, &ring, NULL) < 0)
		abort();
	rule[http_path.ref.slot] = (struct mask_rule){ MASK_PATH, NULL };
	rule[http_query.ref.slot] = (struct mask_rule){ MASK_QUERY, &allow };
	rule[http_request_headers.ref.slot] = (struct mask_rule){ MASK_HEADERS, &allow };
	row_init(row, http);
	(void)str_cut(&input, '\n', &path);
	(void)str_cut(&input, '\n', &query);
	for (; input.n && n < FUZZ_PAIRS; n++) {
		(void)str_cut(&input, '\n', &pairs[n].name);
		(void)str_cut(&input, '\n', &pairs[n].value);
		names[n] = pairs[n].name;
	}
	row_put_str(row, http_path, path);
	row_put_str(row, http_query, query);
	row_put_str(row, http_host, input);
	row_put_map(row, http_request_headers, pairs, n);
	row_put_map(row, http_response_headers, pairs, n);
	row_put_list_str(row, http_anomalies, names, n);
	check_commit(row, &ring, &plan, path, query, &allow);
	free(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data + 1, size - 1 };

	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'p':
		fuzz_path(rest);
		break;
	case 'q':
		fuzz_query(rest);
		break;
	case 'h':
		fuzz_host(rest);
		break;
	case 'w':
		fuzz_word(rest);
		break;
	case 'v':
		fuzz_value(rest);
		break;
	case 'c':
		fuzz_commit(rest);
		break;
	default:
		fuzz_view(rest);
	}
	return 0;
}
