// SPDX-License-Identifier: Apache-2.0
/*
 * The tables that kinds.h declares, as constants: every kind, its fields in the order of their
 * slots, and the names of choices, types, classes and parts. Lookups walk the tables; whoever asks
 * often (a filter, a writer) asks once and keeps the slot.
 */
#include "record/record.h"

/* clang-format off */
#define CHOICES_(field, ...) static const char *const field##_choices[] = { __VA_ARGS__, NULL };
#define KIND_CHOICES_(NAME, id, k, FIELDS, ENUMS, help) ENUMS(CHOICES_)
KIND_TABLE(KIND_CHOICES_)

/* A field's choices exist only where its type is ENUM. */
#define CHOICES_OF_BOOL_(field) NULL
#define CHOICES_OF_U64_(field) NULL
#define CHOICES_OF_I64_(field) NULL
#define CHOICES_OF_F64_(field) NULL
#define CHOICES_OF_STR_(field) NULL
#define CHOICES_OF_BYTES_(field) NULL
#define CHOICES_OF_TIME_(field) NULL
#define CHOICES_OF_DUR_(field) NULL
#define CHOICES_OF_IP_(field) NULL
#define CHOICES_OF_ENUM_(field) field##_choices
#define CHOICES_OF_JSON_(field) NULL
#define CHOICES_OF_LIST_U64_(field) NULL
#define CHOICES_OF_LIST_STR_(field) NULL
#define CHOICES_OF_MAP_(field) NULL

#define ROW__(k, id_, TYPE, ident, name_, CLASS, PART, flags_, unit_, help_, otel_, ocsf_, wireshark_) \
	{ .id = (id_), .type = FIELD_##TYPE, .class = CLASS_##CLASS, .part = PART_##PART,              \
	  .flags = (flags_), .name = name_, .unit = unit_, .help = help_, .otel = otel_,               \
	  .ocsf = ocsf_, .wireshark = wireshark_, .choices = CHOICES_OF_##TYPE##_(k##_##ident) },
#define COMMON_ROW_(...) ROW__(__VA_ARGS__)
#define KIND_ROW_(...) KIND_ROW__(__VA_ARGS__)
#define KIND_ROW__(k, id_, TYPE, ident, name_, ...) ROW__(k, id_, TYPE, ident, #k "." name_, __VA_ARGS__)

#define KIND_FIELDS_(NAME, id, k, FIELDS, ENUMS, help)                                                    \
	static const struct field k##_fields[] = {                                                 \
		COMMON_FIELDS(COMMON_ROW_, common) FIELDS(KIND_ROW_, k)                            \
	};                                                                                         \
	static_assert(ARRAY_LEN(k##_fields) == k##_slots && k##_slots <= ROW_SLOTS_MAX,            \
		      "a row of " #k " has a slot for each field");
KIND_TABLE(KIND_FIELDS_)

#define KIND_(NAME, id_, k, FIELDS, ENUMS, help_)                                                         \
	{ .id = (id_), .name = #k, .help = help_, .field = k##_fields, .slots = k##_slots },
static const struct record_kind kinds[] = { KIND_TABLE(KIND_) };
static_assert(ARRAY_LEN(kinds) == RECORD_KINDS, "one row a kind");
/* clang-format on */

const struct record_kind *record_kind_at(size_t i)
{
	return i < RECORD_KINDS ? &kinds[i] : NULL;
}

size_t record_kind_place(const struct record_kind *kind)
{
	return (size_t)(kind - kinds);
}

const struct record_kind *record_kind_by_id(uint16_t id)
{
	for (size_t i = 0; i < RECORD_KINDS; i++)
		if (kinds[i].id == id)
			return &kinds[i];
	return NULL;
}

const struct record_kind *record_kind_by_name(struct str name)
{
	for (size_t i = 0; i < RECORD_KINDS; i++)
		if (str_eq(str_of(kinds[i].name), name))
			return &kinds[i];
	return NULL;
}

int record_slot_by_name(const struct record_kind *kind, struct str name)
{
	for (int i = 0; i < kind->slots; i++)
		if (str_eq(str_of(kind->field[i].name), name))
			return i;
	return -1;
}

int record_slot_by_id(const struct record_kind *kind, uint16_t field_id)
{
	for (int i = 0; i < kind->slots; i++)
		if (kind->field[i].id == field_id)
			return i;
	return -1;
}

const char *field_type_name(enum field_type type)
{
	switch (type) {
	case FIELD_BOOL:
		return "bool";
	case FIELD_U64:
		return "u64";
	case FIELD_I64:
		return "i64";
	case FIELD_F64:
		return "f64";
	case FIELD_STR:
		return "str";
	case FIELD_BYTES:
		return "bytes";
	case FIELD_TIME:
		return "time";
	case FIELD_DUR:
		return "dur";
	case FIELD_IP:
		return "ip";
	case FIELD_ENUM:
		return "enum";
	case FIELD_JSON:
		return "json";
	case FIELD_LIST_U64:
		return "list<u64>";
	case FIELD_LIST_STR:
		return "list<str>";
	case FIELD_MAP:
		return "map";
	}
	return "unknown";
}

const char *field_class_name(enum field_class class)
{
	static const char *const name[] = {
		[CLASS_PUBLIC] = "public",   [CLASS_PERSONAL] = "personal",
		[CLASS_SECRET] = "secret",   [CLASS_PATH] = "path",
		[CLASS_QUERY] = "query",     [CLASS_HEADERS] = "headers",
		[CLASS_CONTENT] = "content", [CLASS_WORD] = "word",
		[CLASS_HOST] = "host",       [CLASS_SQL] = "sql",
		[CLASS_KEY] = "key",
	};

	return name[class];
}

const char *field_part_name(enum field_part part)
{
	static const char *const name[] = {
		[PART_META] = "meta",
		[PART_HEADERS] = "headers",
		[PART_PAYLOAD] = "payload",
	};

	return name[part];
}
