// SPDX-License-Identifier: Apache-2.0
/*
 * The schema in all its forms, from the tables alone: a table for the terminal, JSON for programs,
 * Markdown for docs/records.md, and the lock lines whose numbers are for ever (docs/schema.lock).
 * The common fields are given once, before the kinds.
 */
#include "record/row.h"

/* The id is a field by name, but stands in the header of a row. */
static const struct field id_field = {
	.id = ROW_FIELD_FIRST - 1,
	.type = FIELD_STR,
	.class = CLASS_PUBLIC,
	.part = PART_META,
	.name = "id",
	.unit = "",
	.help = "Number of the record, the same wherever it is shown",
	.otel = "",
	.ocsf = "metadata.uid",
	.wireshark = "",
};

static const struct {
	enum field_flag flag;
	const char *name;
} flag_names[] = {
	{ FIELD_INDEX, "index" }, { FIELD_FACET, "facet" }, { FIELD_WIDE, "wide" },
	{ FIELD_TABLE, "table" }, { FIELD_HEX, "hex" },
};

/* ---- Walking the tables ---------------------------------------------------------------------- */

/* Fields that stand together: the common ones, or a kind's own. */
struct block {
	const struct record_kind *kind; /* NULL for the common ones */
	const struct field *field;
	unsigned n;
};

static struct block block_common(void)
{
	return (struct block){ NULL, record_kind_at(0)->field, COMMON_SLOTS };
}

static struct block block_of(const struct record_kind *kind)
{
	return (struct block){ kind, kind->field + COMMON_SLOTS,
			       kind->slots - (unsigned)COMMON_SLOTS };
}

/* Calls one for each block, the common one first. */
static void each_block(void (*one)(const struct block *b, struct buf *out), struct buf *out)
{
	struct block b = block_common();

	one(&b, out);
	for (size_t i = 0; i < RECORD_KINDS; i++) {
		b = block_of(record_kind_at(i));
		one(&b, out);
	}
}

/* ---- Table ----------------------------------------------------------------------------------- */

/* Words of text from the help's column on, in as many lines as they take. */
static void table_wrap(struct buf *out, struct str text)
{
	size_t at = SCHEMA_HELP;
	struct str word;

	while (text.n) {
		(void)str_cut(&text, ' ', &word);
		if (at > SCHEMA_HELP && at + 1 + word.n > SCHEMA_WIDTH) {
			(void)buf_printf(out, "\n%*s", SCHEMA_HELP, "");
			at = SCHEMA_HELP;
		} else if (at > SCHEMA_HELP) {
			(void)buf_put_char(out, ' ');
			at++;
		}
		(void)buf_put(out, word);
		at += word.n;
	}
	(void)buf_put_char(out, '\n');
}

static void table_choices(const struct field *f, struct buf *out)
{
	struct buf text;

	buf_init(&text, 4 * KIB);
	(void)buf_put(&text, STR("one of:"));
	for (unsigned i = 0; f->choices[i]; i++)
		(void)buf_printf(&text, " %s", f->choices[i]);
	(void)buf_printf(out, "%*s", SCHEMA_HELP, "");
	table_wrap(out, buf_str(&text));
	buf_done(&text);
}

static void table_field(const struct field *f, struct buf *out)
{
	(void)buf_printf(out, "  %-26s  %-9s  %-8s  %-7s  ", f->name, field_type_name(f->type),
			 field_class_name(f->class), field_part_name(f->part));
	table_wrap(out, str_of(f->help));
	if (f->choices)
		table_choices(f, out);
}

static void table_block(const struct block *b, struct buf *out)
{
	if (b->kind)
		(void)buf_printf(out, "\n%s: %s\n", b->kind->name, b->kind->help);
	else
		(void)buf_put(out,
			      STR("Fields of all kinds. Never filled today: cluster, node, pod, "
				  "workload, service, process, zone, labels.\n"));
	if (!b->kind)
		table_field(&id_field, out);
	for (unsigned i = 0; i < b->n; i++)
		table_field(&b->field[i], out);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void member(struct json_writer *w, struct str key, const char *value)
{
	json_key(w, key);
	json_str(w, str_of(value));
}

static void json_flags(struct json_writer *w, const struct field *f)
{
	json_key(w, STR("flags"));
	json_begin_array(w);
	for (size_t i = 0; i < ARRAY_LEN(flag_names); i++)
		if (f->flags & flag_names[i].flag)
			json_str(w, str_of(flag_names[i].name));
	json_end_array(w);
}

static void json_choices(struct json_writer *w, const struct field *f)
{
	if (!f->choices)
		return;
	json_key(w, STR("choices"));
	json_begin_array(w);
	for (unsigned i = 0; f->choices[i]; i++)
		json_str(w, str_of(f->choices[i]));
	json_end_array(w);
}

static void json_field(struct json_writer *w, const struct field *f)
{
	json_begin_object(w);
	json_key(w, STR("id"));
	json_u64(w, f->id);
	member(w, STR("name"), f->name);
	member(w, STR("type"), field_type_name(f->type));
	member(w, STR("class"), field_class_name(f->class));
	member(w, STR("part"), field_part_name(f->part));
	json_flags(w, f);
	member(w, STR("unit"), f->unit);
	member(w, STR("help"), f->help);
	json_choices(w, f);
	json_key(w, STR("equivalents"));
	json_begin_object(w);
	member(w, STR("opentelemetry"), f->otel);
	member(w, STR("ocsf"), f->ocsf);
	member(w, STR("wireshark"), f->wireshark);
	json_end_object(w);
	json_end_object(w);
}

static void json_fields(struct json_writer *w, const struct block *b)
{
	json_begin_array(w);
	if (!b->kind)
		json_field(w, &id_field);
	for (unsigned i = 0; i < b->n; i++)
		json_field(w, &b->field[i]);
	json_end_array(w);
}

static void write_json(struct buf *out)
{
	struct block b = block_common();
	struct json_writer w;

	json_writer_init(&w, out, 2);
	json_begin_object(&w);
	json_key(&w, STR("common"));
	json_fields(&w, &b);
	json_key(&w, STR("kinds"));
	json_begin_array(&w);
	for (size_t i = 0; i < RECORD_KINDS; i++) {
		b = block_of(record_kind_at(i));
		json_begin_object(&w);
		json_key(&w, STR("id"));
		json_u64(&w, b.kind->id);
		member(&w, STR("name"), b.kind->name);
		member(&w, STR("help"), b.kind->help);
		json_key(&w, STR("fields"));
		json_fields(&w, &b);
		json_end_object(&w);
	}
	json_end_array(&w);
	json_end_object(&w);
	(void)json_writer_end(&w); /* out->full tells the caller */
	(void)buf_put_char(out, '\n');
}

/* ---- Markdown -------------------------------------------------------------------------------- */

static const char markdown_head[] =
	"# Records\n"
	"<!-- Made from src/record/kinds; do not edit. -->\n"
	"Everything that is seen becomes a record: a row of one of these kinds. A field has the same "
	"dotted name in filters, in the head of a CSV and, as objects within each other, in JSON; its "
	"number never changes. The forms for people shorten names: the table writes `body=` for "
	"`http.response.body_bytes` and `packets=12/7` for `flow.src_packets` and `flow.dst_packets`, "
	"wide leaves out the kind. JSON and CSV give durations in nanoseconds; a CSV has no `id`. "
	"[formats/row.md](formats/row.md) says how records are laid out in bytes.\n\n"
	"**class** decides what a mask does to a value before it leaves the dissector: *public* and "
	"*personal* values are kept (the latter may point to a person), a *word* is kept when it is a "
	"known one and a *host* when it is one, ids, tokens and addresses in a *path* are replaced, the values of a *query* and of *headers* are masked unless their name "
	"is allowed, *secret* values are masked whole and *content* is left out. **part** and the "
	"**flags** *index* and *facet* are for the store that is to come; *table* fields of a kind "
	"are shown under WHAT, *wide* numbers are strings in JSON, *hex* ones are shown as 16 "
	"hexadecimal digits. **elsewhere** names the field of OpenTelemetry (ot), OCSF (ocsf) and "
	"Wireshark (ws) that is nearest.\n";

static void markdown_flags(const struct field *f, struct buf *out)
{
	const char *between = "";

	for (size_t i = 0; i < ARRAY_LEN(flag_names); i++) {
		if (!(f->flags & flag_names[i].flag))
			continue;
		(void)buf_printf(out, "%s%s", between, flag_names[i].name);
		between = ", ";
	}
}

static void markdown_elsewhere(const struct field *f, struct buf *out)
{
	const struct {
		const char *system, *name;
	} names[] = { { "ot", f->otel }, { "ocsf", f->ocsf }, { "ws", f->wireshark } };
	const char *between = "";

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!names[i].name[0])
			continue;
		(void)buf_printf(out, "%s%s `%s`", between, names[i].system, names[i].name);
		between = ", ";
	}
}

static void markdown_field(const struct field *f, struct buf *out)
{
	(void)buf_printf(out, "| %u | `%s` | %s | %s | %s | ", f->id, f->name,
			 field_type_name(f->type), field_class_name(f->class),
			 field_part_name(f->part));
	markdown_flags(f, out);
	(void)buf_printf(out, " | %s | %s", f->unit, f->help);
	for (unsigned i = 0; f->choices && f->choices[i]; i++)
		(void)buf_printf(out, "%s%u `%s`", i ? ", " : ": ", i, f->choices[i]);
	(void)buf_put(out, STR(" | "));
	markdown_elsewhere(f, out);
	(void)buf_put(out, STR(" |\n"));
}

static void markdown_block(const struct block *b, struct buf *out)
{
	if (b->kind)
		(void)buf_printf(out, "\n## %s\n%s. Kind %u.\n", b->kind->name, b->kind->help,
				 b->kind->id);
	else
		(void)buf_put(
			out,
			STR("\n## Fields of all kinds\nThey may stand in any record. **Never filled "
			    "today** are `cluster` and `node`, and of `src` and `dst` all of "
			    "`pod`, `workload`, `service`, `process`, `zone` and `labels`: they "
			    "have their numbers for what is to run on Kubernetes nodes.\n"));
	(void)buf_put(out, STR("\n| id | name | type | class | part | flags | unit | what | "
			       "elsewhere |\n|---|---|---|---|---|---|---|---|---|\n"));
	if (!b->kind)
		markdown_field(&id_field, out);
	for (unsigned i = 0; i < b->n; i++)
		markdown_field(&b->field[i], out);
}

/* ---- Lock ------------------------------------------------------------------------------------ */

/*
 *   KIND kind NAME
 *   KIND FIELD TYPE NAME            KIND is 0 for common fields
 *   KIND FIELD = NUMBER CHOICE
 */
static void lock_block(const struct block *b, struct buf *out)
{
	unsigned kind = b->kind ? b->kind->id : 0;

	if (b->kind)
		(void)buf_printf(out, "%u kind %s\n", kind, b->kind->name);
	for (unsigned i = 0; i < b->n; i++) {
		const struct field *f = &b->field[i];

		(void)buf_printf(out, "%u %u %s %s\n", kind, f->id, field_type_name(f->type),
				 f->name);
		for (unsigned c = 0; f->choices && f->choices[c]; c++)
			(void)buf_printf(out, "%u %u = %u %s\n", kind, f->id, c, f->choices[c]);
	}
}

void schema_write(enum schema_form form, struct buf *out)
{
	switch (form) {
	case SCHEMA_TABLE:
		each_block(table_block, out);
		break;
	case SCHEMA_JSON:
		write_json(out);
		break;
	case SCHEMA_MARKDOWN:
		(void)buf_put(out, str_of(markdown_head));
		each_block(markdown_block, out);
		break;
	case SCHEMA_LOCK:
		each_block(lock_block, out);
		break;
	}
}
