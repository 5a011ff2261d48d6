// SPDX-License-Identifier: Apache-2.0
/* What the masks hide and what they leave, by example on both sides of each rule. */
#include "record/rig.h"

#include "record/mask.h"

static struct str masked(struct rig *r, struct str path)
{
	buf_clear(&r->text);
	mask_path(path, &r->text);
	return buf_str(&r->text);
}

/* ---- Paths ----------------------------------------------------------------------------------- */

TEST(ordinary_paths_stay)
{
	static const char *const paths[] = {
		"",
		"/",
		"*",
		"//",
		"/users/",
		"/api/v1/namespaces/kube-system/pods",
		"/apis/apps/v1beta1/deployments",
		"/apis/x/v1alpha1/things",
		"/apis/x/v2alpha10/things",
		"/apis/rbac.authorization.k8s.io/v1/clusterroles",
		"/.well-known/openid-configuration",
		"/static/app.min.js",
		"/img/logo-2x.png",
		"/data/f16.json",
		"/fonts/inter-v12-latin-500.woff2",
		"/2fa/setup",
		"/oauth2/authorize",
		"/docs/rfc9110",
		"/hash/sha256",
		"/encode/base64url",
		"/x86_64/linux",
		"/@babel/core",
		"/npm/lodash@4.17.21/lodash.js",
		"/actions/checkout@v4",
		"/i18n/en-US/messages",
		"/getUserAccountInformationById",
		"/authentication-configuration-management",
		"/very_long_snake_case_name_of_a_handler_function",
		"/INTERNATIONALIZATION_SETTINGS",
		"/internationalization",
		"/aekoriuqnaetiolsaperidutaheminok",
		"/Strasse/stra%C3%9Fe",
		"/a%20b/c+d",
		"/100%/x%zz",
		"/release/1.2.3",
		"/release/v1.22.0-rc1",
		"/pods:batchGet",
		"/facade/decade/deadbeef",
		"/group%2Fproject/issues",
		"/healthz",
		"/year/y2024/q3",
		"/articles/how-to-use-kubernetes-in-2024",
		"/tags/1.25.3-alpine3.18",
		"/pool/libcap2_2.66-4_amd64.deb",
		"/Microsoft.Compute/virtualMachines/vm01",
		"/resourceGroups/rg-prod-weu-001",
		"/ISteamUser/GetPlayerSummaries/v0002",
		"/OAuth2Login/getV2Info",
		"/luci/;stok=/locale",
		"/..%252f..%252fetc/passwd",
		"/rooms/!general:example.org",
	};
	struct rig *r = rig_new(4096);

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (!str_eq(masked(r, str_of(paths[i])), str_of(paths[i])))
			fail_msg("%s became %.*s", paths[i], STR_FMT(buf_str(&r->text)));
	rig_free(r);
}

static const struct {
	const char *in, *out;
} hidden[] = {
	/* numbers */
	{ "/users/12345", "/users/{id}" },
	{ "/users/7/orders/0/", "/users/{id}/orders/{id}/" },
	{ "/cards/4111-1111-1111-1111", "/cards/{id}" },
	{ "/cards/4111%201111%201111%201111", "/cards/{id}" },
	{ "/cards/%34111111111111111", "/cards/{id}" },
	{ "/cards/%2534111111111111111", "/cards/{id}" },
	{ "/tel/+49301234567", "/tel/{id}" },
	{ "/tel/(030)%20123-4567", "/tel/{id}" },
	{ "/logs/2024-01-15", "/logs/{id}" },
	{ "/avatar/12345.png", "/avatar/{id}.png" },
	{ "/orders/1.json", "/orders/{id}.json" },
	/* ids in names */
	{ "/orders/order-1234567", "/orders/{id}" },
	{ "/orders/user12345", "/orders/{id}" },
	{ "/invoice/INV-2024-00123", "/invoice/{id}" },
	{ "/pods/coredns-5d78c9869d-x2v7k", "/pods/{id}" },
	{ "/pods/web-7d4b9f-xk2lp", "/pods/{id}" },
	{ "/watch/dQw4w9WgXcQ", "/watch/{id}" },
	{ "/customers/cus_NffrFeUfNV2Hib", "/customers/{id}" },
	{ "/static/app.3f2a1b9c.js", "/static/{id}.js" },
	{ "/vouchers/KJH23KJH", "/vouchers/{id}" },
	{ "/x/Zx9Kp2", "/x/{id}" },
	{ "/s/AbCdEfGhIjKlMnOpQr", "/s/{id}" },
	{ "/s/aekoriuqnaetiolsaperidutaheminoka", "/s/{token}" },
	{ "/s/x-aekoriuqnaetiolsaperidutaheminoka.png", "/s/{token}.png" },
	{ "/activate/7fGh-2kLm-9pQr", "/activate/{id}" },
	{ "/iban/DE89370400440532013000", "/iban/{id}" },
	{ "/iban/DE89%203704%200044%200532", "/iban/{id}" },
	{ "/arn:aws:iam::123456789012:user/jane", "/{id}/jane" },
	/* hexadecimal */
	{ "/blobs/deadbee1", "/blobs/{id}" },
	{ "/blobs/deadbeefdeadbeef", "/blobs/{id}" },
	{ "/blobs/0xdeadbeefcafe1", "/blobs/{id}" },
	{ "/commit/9FCEB02D0AE598E95DC970B74767F19372D61AF8", "/commit/{id}" },
	/* UUIDs */
	{ "/u/123e4567-e89b-12d3-a456-426614174000", "/u/{uuid}" },
	{ "/u/123E4567-E89B-12D3-A456-426614174000/x", "/u/{uuid}/x" },
	{ "/u/123e4567%2De89b-12d3-a456-426614174000", "/u/{uuid}" },
	{ "/u/user-123e4567-e89b-12d3-a456-426614174000", "/u/{id}" },
	/* addresses */
	{ "/mail/jane.doe@example.com/inbox", "/mail/{email}/inbox" },
	{ "/proxy/jane:hunter@10.1", "/proxy/{email}" },
	{ "/proxy/jane%3Ahunter@v2", "/proxy/{email}" },
	{ "/mail/jane.doe%40example.com", "/mail/{email}" },
	{ "/mail/jane%2540example.com", "/mail/{email}" },
	{ "/mail/a@b", "/mail/{email}" },
	{ "/mail/root@10.0.0.1", "/mail/{email}" },
	{ "/host/10.0.0.1", "/host/{id}" },
	{ "/nodes/ip-10-0-12-34.compute.internal", "/nodes/{id}" },
	{ "/host/2001:db8::1", "/host/{id}" },
	{ "/host/aa:bb:cc:dd:ee:ff", "/host/{id}" },
	/* tokens */
	{ "/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r",
	  "/reset/{token}" },
	{ "/reset/ghp_16C7e42F292c6912E7710c838347Ae178B4a", "/reset/{token}" },
	{ "/reset/aB3_x-9Zk_Qw2-Lm8_p0Rt", "/reset/{token}" },
	{ "/reset/dGhpcyBpcyBhIHNlY3JldA", "/reset/{token}" },
	{ "/reset/dGhpcyBpcyBhIHNlY3JldA==", "/reset/{token}" },
	{ "/reset/YWJjZGVm==", "/reset/{token}" },
	{ "/reset/xkcdqwrtzpsdfghjklmnbv", "/reset/{token}" },
	{ "/reset/JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "/reset/{token}" },
	{ "/k/AKIAIOSFODNN7EXAMPLE", "/k/{token}" },
	{ "/k/glpat-a-token-of-words", "/k/{token}" },
	{ "/k/HELLOWORLD12", "/k/{id}" },
	{ "/bin/%00%01%02", "/bin/{token}" },
	{ "/bin/%ff%fe%fd", "/bin/{token}" },
	{ "/go/https%3A%2F%2Fh%2F%3Fpassword%3Dhunter", "/go/{token}" },
	{ "/deep/%25252525252541", "/deep/{token}" },
	/* parameters */
	{ "/a;jsessionid=hunter/b", "/a;jsessionid=[masked]/b" },
	{ "/a;v=1;w=two/b", "/a;v=[masked];w=[masked]/b" },
	{ "/a;12345;flag", "/a;{id};flag" },
	{ "/token=hunter/x", "/token=[masked]/x" },
	{ "/12345=x", "/{id}" },
	{ "/key=a=b", "/key=[masked]" },
	{ "jane@example.com", "{email}" },
};

TEST(ids_tokens_and_addresses_are_replaced)
{
	struct rig *r = rig_new(4096);

	for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
		if (!str_eq(masked(r, str_of(hidden[i].in)), str_of(hidden[i].out)))
			fail_msg("%s became %.*s, not %s", hidden[i].in, STR_FMT(buf_str(&r->text)),
				 hidden[i].out);
	rig_free(r);
}

TEST(a_masked_path_masked_again_is_the_same)
{
	struct rig *r = rig_new(4096);

	for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
		if (!str_eq(masked(r, str_of(hidden[i].out)), str_of(hidden[i].out)))
			fail_msg("%s became %.*s", hidden[i].out, STR_FMT(buf_str(&r->text)));
	rig_free(r);
}

TEST(a_segment_beyond_the_limit_of_a_look_is_a_token)
{
	struct rig *r = rig_new(4096);
	char path[300];

	memset(path, 'a', sizeof(path));
	memcpy(path, "/", 1);
	for (size_t i = 4; i < sizeof(path); i += 4)
		path[i] = '-';

	assert_true(str_eq(masked(r, (struct str){ path, 257 }), (struct str){ path, 257 }));
	assert_str(masked(r, (struct str){ path, 258 }), "/{token}");
	rig_free(r);
}

/* The buffer form moves its text on in pieces. */
TEST(a_path_of_any_length_is_masked_whole)
{
	struct rig *r = rig_new(4096);
	struct buf in;

	buf_init(&in, MIB);
	for (unsigned i = 0; i < 1000; i++)
		(void)buf_put(&in, STR("/users/12345"));
	(void)masked(r, buf_str(&in));
	assert_int_equal(r->text.len, 1000 * strlen("/users/{id}"));
	assert_false(str_contains(buf_str(&r->text), STR("12345")));
	buf_done(&in);
	rig_free(r);
}

/* ---- Queries --------------------------------------------------------------------------------- */

static const struct mask_names *some_names(void)
{
	static struct mask_name name[3];
	static const struct mask_names names = { name, ARRAY_LEN(name) };

	name[0] = (struct mask_name){ STR("accept"), VALUE_TEXT };
	name[1] = (struct mask_name){ STR("content-type"), VALUE_MEDIA };
	name[2] = (struct mask_name){ STR("page"), VALUE_QUERY };
	return &names;
}

static const struct {
	const char *in, *out;
} queries[] = {
	{ "", "" },
	{ "page=2", "page=2" },
	{ "PAGE=2", "PAGE=2" },
	{ "p%61ge=2", "p%61ge=2" },
	{ "page=2&q=secret", "page=2&q=[masked]" },
	{ "a=1;b=2&page=3", "a=[masked];b=[masked]&page=3" },
	/* what an allowed name may say is short and plain */
	{ "page=", "page=" },
	{ "page=next,asc", "page=next,asc" },
	{ "page=v1.2-rc_1", "page=v1.2-rc_1" },
	{ "page=4294967295", "page=4294967295" },
	{ "page=42949672950", "page=[masked]" },
	{ "page=account-settings-and-preferences", "page=account-settings-and-preferences" },
	{ "page=accounts-settings-and-preferences", "page=[masked]" },
	{ "page=1=password=hunter", "page=[masked]" },
	{ "page=1%26password%3Dhunter", "page=[masked]" },
	{ "page=1,password:hunter", "page=[masked]" },
	{ "page=jane@example.com", "page=[masked]" },
	{ "page=dGhpcyBpcyBhIHNlY3JldA", "page=[masked]" },
	{ "a=", "a=" },
	{ "a=b=c", "a=[masked]" },
	{ "=secret", "=[masked]" },
	{ "filter[user]=jane", "filter[user]=[masked]" },
	{ "%24top=5", "%24top=[masked]" },
	{ "&&", "&&" },
	{ "watch", "watch" },
	{ "v1", "v1" },
	{ "12345", "[masked]" },
	{ "jane@example.com", "[masked]" },
	{ "jane%40example.com=1", "[masked]" },
	{ "dGhpcyBpcyBhIHNlY3JldA=x", "[masked]" },
	{ "dGhpcyBpcyBhIHNlY3JldA==", "[masked]" },
	{ "token%3Dsecret", "[masked]" },
	{ "token%3Dsecret=1", "[masked]" },
	{ "a+b=1", "[masked]" },
	{ "account-settings-and-preferences", "account-settings-and-preferences" },
	{ "accounts-settings-and-preferences", "[masked]" },
};

TEST(values_of_queries_are_masked_unless_their_name_is_allowed)
{
	struct rig *r = rig_new(4096);

	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		buf_clear(&r->text);
		mask_query(str_of(queries[i].in), some_names(), &r->text);
		if (!str_eq(buf_str(&r->text), str_of(queries[i].out)))
			fail_msg("%s became %.*s, not %s", queries[i].in,
				 STR_FMT(buf_str(&r->text)), queries[i].out);
	}
	rig_free(r);
}

TEST(without_allowed_names_no_value_of_a_query_stays)
{
	struct rig *r = rig_new(4096);

	mask_query(STR("page=2"), NULL, &r->text);

	assert_str(buf_str(&r->text), "page=[masked]");
	rig_free(r);
}

/* ---- Headers --------------------------------------------------------------------------------- */

static bool header(const char *name, const char *value, struct row_pair *out)
{
	static char room[MASK_HEADER_MAX];
	struct row_pair in = { str_of(name), str_of(value) };

	return mask_header(&in, some_names(), room, out);
}

TEST(values_of_allowed_headers_stay_in_any_case)
{
	struct row_pair out;

	assert_false(header("Content-Type", "text/html", &out));
	assert_str(out.name, "Content-Type");
	assert_str(out.value, "text/html");
}

TEST(values_of_other_headers_are_masked)
{
	struct row_pair out;

	assert_true(header("Authorization", "Basic amFuZQ==", &out));
	assert_str(out.name, "Authorization");
	assert_str(out.value, "[masked]");
	assert_true(header("Content-Typ", "x", &out));
	assert_str(out.value, "[masked]");
	assert_true(header("Content-Type2", "x", &out));
	assert_str(out.value, "[masked]");
}

/* A folded line, a CR that some take for a line's end, or the user in front of a host. */
TEST(an_allowed_header_that_carries_more_than_its_value_is_masked)
{
	static const char *const values[] = {
		"*/*\r\n Authorization: Bearer hunter",
		"*/*\rCookie: hunter",
		"*/*;q=0.9,text/html\nCookie: x",
		"a\001",
		"text/html\x7f",
		"jane:hunter@example.com",
		"@",
		"Mozilla/5.0 (jane@example.com) like Gecko",
	};
	struct row_pair out;

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		assert_true(header("Accept", values[i], &out));
		assert_str(out.name, "Accept");
		assert_str(out.value, "[masked]");
	}
	assert_false(header("Accept", "caf\xc3\xa9, ?A`!~; 012345", &out));
}

/* Lower case is of letters alone: 0x0d is '-' and 0x40 is '`' with one bit more. */
TEST(only_letters_have_another_case)
{
	static const char *const names[] = { "content\rtype", "Content\rType", "accep\x14",
					     "acc%pt",        "\001ccept",     "acceptX" };
	struct row_pair out;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_true(header(names[i], "x", &out));
		assert_str(out.value, "[masked]");
	}
}

/* A list above the limit of the index is searched instead, and several lists do not mix. */
TEST(lists_of_any_length_allow_their_names_and_no_others)
{
	static char text[300][8], room[MASK_HEADER_MAX];
	static struct mask_name name[300];
	static const size_t lengths[] = { 1, 127, 128, 129, 300 };

	for (size_t i = 0; i < ARRAY_LEN(name); i++) {
		(void)snprintf(text[i], sizeof(text[i]), "x-%c%c%c", (char)('a' + i / 100),
			       (char)('a' + i / 10 % 10), (char)('a' + i % 10));
		name[i] = (struct mask_name){ str_of(text[i]), VALUE_TEXT };
	}
	for (size_t l = 0; l < ARRAY_LEN(lengths); l++) {
		struct mask_names names = { name, lengths[l] };

		for (size_t i = 0; i < ARRAY_LEN(name); i++) {
			struct row_pair in = { name[i].name, STR("v") }, out;

			assert_int_equal(mask_header(&in, &names, room, &out), i >= lengths[l]);
		}
	}
}

TEST(an_empty_header_has_nothing_to_mask)
{
	struct row_pair out;

	assert_false(header("X-Empty", "", &out));
}

TEST(names_of_headers_that_are_no_names_are_masked)
{
	static const char *const names[] = { "",
					     "a b",
					     "4111111111111111",
					     "jane@example.com",
					     "dGhpcyBpcyBhIHNlY3JldA",
					     "caf\xc3\xa9" };
	struct row_pair out;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_true(header(names[i], "x", &out));
		assert_str(out.name, "[masked]");
		assert_str(out.value, "[masked]");
	}
}

/* ---- In rows --------------------------------------------------------------------------------- */

TEST(a_plan_masks_each_field_by_its_rule)
{
	const struct row_pair headers[] = { { STR("Accept"), STR("*/*") },
					    { STR("Cookie"), STR("sid=hunter") } };
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);
	const struct row_view *v;
	struct row_value value;
	struct row_pair pair;
	size_t pos = 0;

	rig_mask(r, KIND_HTTP, http_path.ref, MASK_PATH, NULL);
	rig_mask(r, KIND_HTTP, http_query.ref, MASK_QUERY, some_names());
	rig_mask(r, KIND_HTTP, http_request_headers.ref, MASK_HEADERS, some_names());
	rig_mask(r, KIND_HTTP, http_upgrade.ref, MASK_WHOLE, NULL);
	rig_mask(r, KIND_HTTP, http_version.ref, MASK_DROP, NULL);
	row_put_str(row, http_path, STR("/users/4711"));
	row_put_str(row, http_query, STR("page=1&q=hunter"));
	row_put_map(row, http_request_headers, headers, 2);
	row_put_str(row, http_upgrade, STR("hunter"));
	row_put_str(row, http_version, STR("hunter"));
	row_put_str(row, http_method, STR("GET"));
	v = rig_commit(r, row);

	assert_false(str_contains(v->bytes, STR("hunter")));
	assert_false(str_contains(v->bytes, STR("4711")));
	assert_str(rig_value(v, http_path.ref).s, "/users/{id}");
	assert_str(rig_value(v, http_query.ref).s, "page=1&q=[masked]");
	assert_str(rig_value(v, http_upgrade.ref).s, MASK_TEXT);
	assert_int_equal(v->at[http_version.ref.slot], 0);
	assert_int_equal(rig_value(v, http_path.ref).marks, ROW_MASKED);
	assert_int_equal(rig_value(v, http_query.ref).marks, ROW_MASKED);
	assert_int_equal(rig_value(v, http_upgrade.ref).marks, ROW_MASKED);
	assert_int_equal(rig_value(v, http_method.ref).marks, 0);
	value = rig_value(v, http_request_headers.ref);
	assert_int_equal(value.marks, ROW_MASKED);
	assert_true(row_value_next_pair(&value, &pos, &pair));
	assert_str(pair.value, "*/*");
	assert_true(row_value_next_pair(&value, &pos, &pair));
	assert_str(pair.value, "[masked]");
	rig_free(r);
}

TEST(what_needed_no_mask_is_not_marked)
{
	const struct row_pair headers[] = { { STR("Accept"), STR("*/*") } };
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);
	const struct row_view *v;

	rig_mask(r, KIND_HTTP, http_path.ref, MASK_PATH, NULL);
	rig_mask(r, KIND_HTTP, http_query.ref, MASK_QUERY, some_names());
	rig_mask(r, KIND_HTTP, http_request_headers.ref, MASK_HEADERS, some_names());
	row_put_str(row, http_path, STR("/users"));
	row_put_str(row, http_query, STR("page=1"));
	row_put_map(row, http_request_headers, headers, 1);
	v = rig_commit(r, row);

	assert_int_equal(rig_value(v, http_path.ref).marks, 0);
	assert_int_equal(rig_value(v, http_query.ref).marks, 0);
	assert_int_equal(rig_value(v, http_request_headers.ref).marks, 0);
	rig_free(r);
}

/* A mask that does not fit the type of its field hides more, never less. */
TEST(a_rule_that_does_not_fit_its_field_leaves_it_out)
{
	static const enum mask_action actions[] = { MASK_WHOLE, MASK_PATH, MASK_QUERY, MASK_HEADERS,
						    MASK_WORD,  MASK_HOST, MASK_SQL,   MASK_KEY };
	const struct str marks[] = { STR("hunter") };
	struct rig *r = rig_new(MIB);

	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		struct row *row = rig_row(r, KIND_HTTP);

		rig_mask(r, KIND_HTTP, http_status.ref, actions[i], NULL);
		rig_mask(r, KIND_HTTP, http_anomalies.ref, actions[i], NULL);
		row_put_u64(row, http_status, 200);
		row_put_list_str(row, http_anomalies, marks, 1);
		assert_int_equal(rig_commit(r, row)->fields, 0);
	}
	rig_free(r);
}

TEST(headers_asked_of_a_text_mask_it_whole)
{
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);

	rig_mask(r, KIND_HTTP, http_host.ref, MASK_HEADERS, some_names());
	row_put_str(row, http_host, STR("hunter"));

	assert_str(rig_value(rig_commit(r, row), http_host.ref).s, MASK_TEXT);
	rig_free(r);
}

/* A secret that straddles the limit is masked before the cut, so no half of it stays. */
TEST(masks_come_before_cuts)
{
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);
	struct row_value v;
	struct buf query;

	buf_init(&query, MIB);
	while (query.len < ROW_VALUE_MAX - 10)
		(void)buf_put(&query, STR("page=1&"));
	(void)buf_put(&query, STR("q=hunterhunterhunter"));
	rig_mask(r, KIND_HTTP, http_query.ref, MASK_QUERY, some_names());
	row_put_str(row, http_query, buf_str(&query));
	v = rig_value(rig_commit(r, row), http_query.ref);

	assert_int_equal(v.s.n, ROW_VALUE_MAX);
	assert_int_equal(v.marks, ROW_MASKED | ROW_CUT);
	assert_false(str_contains(v.s, STR("hunt")));
	buf_done(&query);
	rig_free(r);
}

/* The worst growth: one byte becomes MASK_TEXT. */
TEST(text_that_grows_by_its_mask_has_room)
{
	struct rig *r = rig_new(MIB);

	rig_mask(r, KIND_HTTP, http_query.ref, MASK_QUERY, NULL);
	for (size_t n = 0; n < 2000; n += 7) {
		struct row *row = rig_row(r, KIND_HTTP);
		char query[2000];

		for (size_t i = 0; i < n; i++)
			query[i] = i % 2 ? '&' : '+';
		row_put_str(row, http_query, (struct str){ query, n });
		assert_int_equal(rig_value(rig_commit(r, row), http_query.ref).marks & ROW_CUT,
				 (n + 1) / 2 * 9 - n % 2 > ROW_VALUE_MAX ? ROW_CUT : 0);
	}
	rig_free(r);
}

TEST_MAIN
