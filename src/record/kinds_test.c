// SPDX-License-Identifier: Apache-2.0
/* What every table of kinds must hold, walked over all of them, and the lookups. */
#include "t.h"

#include "record/record.h"

#define EACH_KIND(k)                                                                               \
	size_t i_ = 0;                                                                             \
	for (const struct record_kind *(k); ((k) = record_kind_at(i_)); i_++)

TEST(kinds_ascend_by_id_and_have_their_place)
{
	uint16_t before = 0;

	EACH_KIND(kind)
	{
		assert_true(kind->id > before);
		before = kind->id;
		assert_int_equal(record_kind_place(kind), i_);
		assert_ptr_equal(record_kind_by_id(kind->id), kind);
		assert_ptr_equal(record_kind_by_name(str_of(kind->name)), kind);
	}
	assert_int_equal(i_, RECORD_KINDS);
}

TEST(fields_ascend_by_id_in_the_order_of_their_slots)
{
	EACH_KIND(kind)
	{
		for (unsigned slot = 1; slot < kind->slots; slot++)
			assert_true(kind->field[slot].id > kind->field[slot - 1].id);
		assert_true(kind->field[0].id >= 2);
	}
}

TEST(common_fields_are_below_100_and_alike_in_all_kinds)
{
	const struct record_kind *first = record_kind_at(0);

	EACH_KIND(kind)
	{
		assert_true(kind->field[COMMON_SLOTS - 1].id < 100);
		assert_true(kind->field[COMMON_SLOTS].id >= 100);
		for (unsigned slot = 0; slot < COMMON_SLOTS; slot++) {
			assert_int_equal(kind->field[slot].id, first->field[slot].id);
			assert_string_equal(kind->field[slot].name, first->field[slot].name);
		}
	}
}

TEST(own_fields_bear_the_name_of_their_kind)
{
	EACH_KIND(kind)
	{
		size_t n = strlen(kind->name);

		for (unsigned slot = COMMON_SLOTS; slot < kind->slots; slot++) {
			assert_memory_equal(kind->field[slot].name, kind->name, n);
			assert_int_equal(kind->field[slot].name[n], '.');
		}
	}
}

/* In JSON a name is a member or an object, never both, and the head's keys are taken. */
TEST(no_name_is_the_prefix_of_another_or_reserved)
{
	static const char *const reserved[] = { "kind", "id", "masked", "cut" };

	EACH_KIND(kind)
	{
		for (unsigned a = 0; a < kind->slots; a++) {
			const char *name = kind->field[a].name;
			size_t n = strlen(name);

			for (size_t r = 0; r < ARRAY_LEN(reserved); r++)
				assert_string_not_equal(name, reserved[r]);
			for (unsigned b = 0; b < kind->slots; b++)
				if (a != b && strncmp(kind->field[b].name, name, n) == 0)
					assert_true(kind->field[b].name[n] != '.' &&
						    kind->field[b].name[n] != '\0');
		}
	}
}

TEST(enums_alone_have_choices)
{
	EACH_KIND(kind)
	{
		for (unsigned slot = 0; slot < kind->slots; slot++) {
			const struct field *f = &kind->field[slot];

			assert_int_equal(f->type == FIELD_ENUM, f->choices != NULL);
			if (f->choices)
				assert_non_null(f->choices[0]);
		}
	}
}

TEST(handles_know_their_kind_and_slot)
{
	const struct record_kind *http = record_kind_by_id(KIND_HTTP);

	assert_int_equal(http_status.ref.kind, KIND_HTTP);
	assert_string_equal(http->field[http_status.ref.slot].name, "http.status");
	assert_int_equal(common_src_pod_name.ref.kind, 0);
	assert_string_equal(http->field[common_src_pod_name.ref.slot].name, "src.pod.name");
}

TEST(a_field_is_found_by_its_whole_name_and_by_id)
{
	const struct record_kind *http = record_kind_by_name(STR("http"));

	assert_int_equal(record_slot_by_name(http, STR("http.response.headers")),
			 http_response_headers.ref.slot);
	assert_int_equal(record_slot_by_name(http, STR("http.response")), -1);
	assert_int_equal(record_slot_by_name(http, STR("flow.state")), -1);
	assert_int_equal(record_slot_by_name(http, STR("flow.id")), common_flow_id.ref.slot);
	assert_int_equal(record_slot_by_id(http, 105), http_status.ref.slot);
	assert_int_equal(record_slot_by_id(http, 99), -1);
}

TEST(unknown_kinds_are_not_found)
{
	assert_null(record_kind_by_id(0));
	assert_null(record_kind_by_id(999));
	assert_null(record_kind_by_name(STR("htt")));
	assert_null(record_kind_at(RECORD_KINDS));
}

TEST(types_classes_and_parts_have_names)
{
	assert_string_equal(field_type_name(FIELD_LIST_STR), "list<str>");
	assert_string_equal(field_class_name(CLASS_CONTENT), "content");
	assert_string_equal(field_part_name(PART_PAYLOAD), "payload");
}

TEST_MAIN
