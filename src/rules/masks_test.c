/* SPDX-License-Identifier: Apache-2.0 */
/* The default masks: which classes are kept, that every field has its rule, and that the
 * allow-lists are lists a binary search can use and hold no name that carries a right. */
#include "rules/rules.h"
#include "t.h"

static const enum field_class classes[] = {
	CLASS_PUBLIC,  CLASS_PERSONAL, CLASS_SECRET, CLASS_PATH, CLASS_QUERY, CLASS_HEADERS,
	CLASS_CONTENT, CLASS_WORD,     CLASS_HOST,   CLASS_SQL,  CLASS_KEY,
};

static bool has_name(const struct mask_names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (str_eq(names->name[i].name, str_of(name)))
			return true;
	return false;
}

static void assert_searchable(const struct mask_names *names)
{
	assert_true(names->n > 0);
	for (size_t i = 0; i < names->n; i++) {
		struct str name = names->name[i].name;

		assert_true(name.n > 0);
		assert_true(i == 0 || str_cmp(names->name[i - 1].name, name) < 0);
		for (size_t c = 0; c < name.n; c++)
			assert_true(name.p[c] < 'A' || name.p[c] > 'Z');
	}
}

TEST(allow_lists_are_sorted_lower_case_and_without_duplicates)
{
	assert_searchable(rules_allowed_headers());
	assert_searchable(rules_allowed_parameters());
}

TEST(headers_that_carry_a_right_or_an_identity_are_not_allowed)
{
	static const char *const never[] = {
		"authorization",
		"proxy-authorization",
		"cookie",
		"set-cookie",
		"x-api-key",
		"location",
		"referer",
		"origin",
		"x-forwarded-for",
		"forwarded",
		"x-csrf-token",
		"www-authenticate",
		"etag",
		"x-amz-security-token",
	};

	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		assert_false(has_name(rules_allowed_headers(), never[i]));
}

TEST(parameters_that_carry_a_right_or_a_choice_of_objects_are_not_allowed)
{
	static const char *const never[] = { "token",    "access_token",  "key",
					     "api_key",  "code",          "state",
					     "continue", "fieldselector", "labelselector",
					     "q",        "email",         "x-amz-signature" };

	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		assert_false(has_name(rules_allowed_parameters(), never[i]));
}

TEST(only_public_and_personal_values_are_kept)
{
	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		bool kept = rules_mask_of_class(classes[i]).action == MASK_KEEP;

		assert_int_equal(kept, classes[i] == CLASS_PUBLIC || classes[i] == CLASS_PERSONAL);
	}
}

TEST(secrets_are_masked_whole_and_content_is_left_out)
{
	assert_int_equal(rules_mask_of_class(CLASS_SECRET).action, MASK_WHOLE);
	assert_int_equal(rules_mask_of_class(CLASS_CONTENT).action, MASK_DROP);
}

/* Text that a peer chooses is never kept as it came: of http, only numbers, choices and what the
 * dissector itself says. */
TEST(no_text_of_a_peer_is_kept)
{
	const uint64_t ours = UINT64_C(1) << http_slot_version | UINT64_C(1) << http_slot_reset;
	const struct record_kind *http = record_kind_by_id(KIND_HTTP);

	for (unsigned slot = COMMON_SLOTS; slot < http->slots; slot++)
		if (http->field[slot].type == FIELD_STR && !(ours >> slot & 1))
			assert_int_not_equal(rules_mask_of_class(http->field[slot].class).action,
					     MASK_KEEP);
}

TEST(every_allowed_header_and_parameter_says_what_its_value_is)
{
	for (size_t i = 0; i < rules_allowed_headers()->n; i++)
		assert_int_not_equal(rules_allowed_headers()->name[i].value, VALUE_QUERY);
	for (size_t i = 0; i < rules_allowed_parameters()->n; i++)
		assert_int_equal(rules_allowed_parameters()->name[i].value, VALUE_QUERY);
}

TEST(a_class_that_does_not_exist_is_left_out)
{
	unsigned beyond = CLASS_KEY + 1;

	assert_int_equal(rules_mask_of_class((enum field_class)beyond).action, MASK_DROP);
}

TEST(lists_stand_where_they_are_asked)
{
	assert_int_equal(rules_mask_of_class(CLASS_PATH).action, MASK_PATH);
	assert_int_equal(rules_mask_of_class(CLASS_QUERY).action, MASK_QUERY);
	assert_ptr_equal(rules_mask_of_class(CLASS_QUERY).allow, rules_allowed_parameters());
	assert_int_equal(rules_mask_of_class(CLASS_HEADERS).action, MASK_HEADERS);
	assert_ptr_equal(rules_mask_of_class(CLASS_HEADERS).allow, rules_allowed_headers());
}

TEST(every_field_of_every_kind_has_the_rule_of_its_class)
{
	const struct mask_plan *plan = rules_default_masks();

	for (size_t k = 0; k < RECORD_KINDS; k++) {
		const struct record_kind *kind = record_kind_at(k);

		for (unsigned slot = 0; slot < kind->slots; slot++) {
			enum field_class class = kind->field[slot].class;
			struct mask_rule rule = rules_mask_of_class(class);

			assert_true(class <= CLASS_KEY);
			assert_int_equal(plan->rule[k][slot].action, rule.action);
			assert_ptr_equal(plan->rule[k][slot].allow, rule.allow);
		}
	}
}

/* What the class says must fit the type, or commit() would leave the field out. */
TEST(classes_of_a_form_stand_on_fields_of_that_form)
{
	for (size_t k = 0; k < RECORD_KINDS; k++) {
		const struct record_kind *kind = record_kind_at(k);

		for (unsigned slot = 0; slot < kind->slots; slot++) {
			const struct field *f = &kind->field[slot];

			if (f->class == CLASS_HEADERS)
				assert_int_equal(f->type, FIELD_MAP);
			if (f->class == CLASS_PATH || f->class == CLASS_QUERY ||
			    f->class == CLASS_WORD || f->class == CLASS_HOST ||
			    f->class == CLASS_SQL || f->class == CLASS_KEY)
				assert_int_equal(f->type, FIELD_STR);
		}
	}
}

TEST(the_fields_of_http_are_masked_by_what_they_hold)
{
	const struct record_kind *http = record_kind_by_id(KIND_HTTP);
	const struct mask_rule *rule = rules_default_masks()->rule[record_kind_place(http)];

	assert_int_equal(rule[http_path.ref.slot].action, MASK_PATH);
	assert_int_equal(rule[http_query.ref.slot].action, MASK_QUERY);
	assert_int_equal(rule[http_request_headers.ref.slot].action, MASK_HEADERS);
	assert_int_equal(rule[http_response_headers.ref.slot].action, MASK_HEADERS);
	assert_int_equal(rule[http_method.ref.slot].action, MASK_WORD);
	assert_int_equal(rule[http_host.ref.slot].action, MASK_HOST);
	assert_int_equal(rule[http_upgrade.ref.slot].action, MASK_WORD);
	assert_int_equal(rule[http_request_content_type.ref.slot].action, MASK_WORD);
	assert_int_equal(rule[http_response_content_type.ref.slot].action, MASK_WORD);
	assert_int_equal(rule[http_status.ref.slot].action, MASK_KEEP);
	assert_int_equal(rule[common_src_ip.ref.slot].action, MASK_KEEP);
}

TEST(statements_and_keys_are_masked_by_what_they_hold)
{
	assert_int_equal(rules_mask_of_class(CLASS_SQL).action, MASK_SQL);
	assert_int_equal(rules_mask_of_class(CLASS_KEY).action, MASK_KEY);
}

TEST_MAIN
