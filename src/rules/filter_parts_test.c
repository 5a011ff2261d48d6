/* SPDX-License-Identifier: Apache-2.0 */
/* Which parts of rows a filter asks about, and which field is named to who may not read one. */
#include "rules/rules.h"
#include "t.h"

#define META    (1U << PART_META)
#define HEADERS (1U << PART_HEADERS)
#define PAYLOAD (1U << PART_PAYLOAD)
#define ALL     (META | HEADERS | PAYLOAD)

static unsigned parts(const char *text, unsigned allowed, const char **name)
{
	CLEANUP(filter_free) struct filter *f = NULL;
	struct err err;

	if (filter_new(str_of(text), &f, &err) < 0)
		fail_msg("%s", err.text);
	return filter_parts(f, allowed, name);
}

TEST(the_parts_of_all_fields_are_told)
{
	assert_int_equal(parts("http", ALL, NULL), 0);
	assert_int_equal(parts("http && true", ALL, NULL), 0);
	assert_int_equal(parts("http.status == 200", ALL, NULL), META);
	assert_int_equal(parts("has(http.request.headers)", ALL, NULL), HEADERS);
	assert_int_equal(parts("!(flow || \"x\" in http.request.headers)", ALL, NULL), HEADERS);
	assert_int_equal(parts("src.port == 1 || http.request.headers[\"a\"] == \"\"", ALL, NULL),
			 META | HEADERS);
}

TEST(an_alias_asks_for_what_it_is_made_of)
{
	assert_int_equal(parts("tlsx", ALL, NULL), 0);
	assert_int_equal(parts("tcp", ALL, NULL), META);
	assert_int_equal(parts("\"x\" in request.headers", ALL, NULL), HEADERS);
}

TEST(a_field_of_a_part_that_is_not_allowed_is_named)
{
	const char *name = "";

	(void)parts("http.request.headers[\"a\"] == \"\" && http.status == 1", META | HEADERS,
		    &name);
	assert_null(name);
	(void)parts("http.status == 1 && \"x\" in http.request.headers", META, &name);
	assert_string_equal(name, "http.request.headers");
	(void)parts("http.status == 1 && \"x\" in http.request.headers", 0, &name);
	assert_string_equal(name, "http.status");
	(void)parts("has(request.headers)", META, &name);
	assert_string_equal(name, "http.request.headers");
	(void)parts("tcp", 0, &name);
	assert_string_equal(name, "flow.transport");
}

TEST(of_several_fields_the_first_in_the_text_is_named)
{
	const char *name = NULL;

	(void)parts("http.path == \"\" && http.status == 1", 0, &name);
	assert_string_equal(name, "http.path");
	(void)parts("\"x\" in http.response.headers || \"x\" in http.request.headers", META, &name);
	assert_string_equal(name, "http.response.headers");
	(void)parts("has(http.request.headers) || (tcp && http.status == 1)", 0, &name);
	assert_string_equal(name, "flow.transport");
}

TEST_MAIN
