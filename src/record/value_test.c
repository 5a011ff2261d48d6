// SPDX-License-Identifier: Apache-2.0
/* Hosts, words and values of allowed headers: what of them is shown, by example on both sides. */
#include "record/rig.h"

#include "record/mask.h"

struct example {
	const char *in, *out; /* NULL: as it came */
};

static void check(struct rig *r, enum mask_value kind, const struct example *e, size_t n)
{
	/* Twice: values that were shown before are remembered. */
	for (size_t i = 0; i < 2 * n; i++) {
		const char *in = e[i % n].in, *out = e[i % n].out ? e[i % n].out : in;

		buf_clear(&r->text);
		if (kind == VALUE_WORD)
			mask_word(str_of(in), &r->text);
		else
			mask_value(str_of(in), kind, &r->text);
		if (!str_eq(buf_str(&r->text), str_of(out)))
			fail_msg("%s became %.*s, not %s", in, STR_FMT(buf_str(&r->text)), out);
	}
	rig_free(r);
}

#define CHECK(kind, ...)                                                                           \
	do {                                                                                       \
		static const struct example examples_[] = { __VA_ARGS__ };                         \
		check(rig_new(4096), kind, examples_, ARRAY_LEN(examples_));                       \
	} while (0)
#define MASKED "[masked]"

/* ---- Hosts ----------------------------------------------------------------------------------- */

TEST(a_host_is_a_name_or_an_address_and_a_port)
{
	CHECK(VALUE_HOST, { "", NULL }, { "h", NULL }, { "example.com", NULL },
	      { "Example.COM:8080", NULL }, { "web-1.default.svc.cluster.local:80", NULL },
	      { "a_b.example.", NULL }, { "10.0.0.1:65535", NULL }, { "[2001:db8::1]:80", NULL },
	      { "[::1]", NULL }, { "h:", NULL }, { "0.pool.ntp.org", NULL },
	      { "xn--bcher-kva.example", NULL }, { "s3-us-west-2.amazonaws.com", NULL });
}

TEST(what_is_no_host_is_masked_whole)
{
	CHECK(VALUE_HOST, { "alice:SECRET16", MASKED }, { "alice:SECRET@h", MASKED },
	      { "u%3Asecret%40h", MASKED }, { "h:123456", MASKED }, { "h:80:81", MASKED },
	      { "h/x", MASKED }, { "h x", MASKED }, { "h#x", MASKED }, { "h, i", MASKED },
	      { "http://h", MASKED }, { "[alice]", MASKED }, { "[10.0.0.1]", MASKED },
	      { "[::1]x", MASKED }, { "[::1", MASKED }, { ":80", MASKED }, { "~h", MASKED },
	      { "4111.1111.1111.1111", MASKED }, { "411111111111", MASKED },
	      { "h\r\n Cookie: x", MASKED }, { "caf\xc3\xa9", MASKED },
	      { "eyJhbGciOiJIUzI1NiJ9.payload.signature", MASKED },
	      { "ghp_16C7e42F292c6912E7710c838347Ae178B4a.example.com", MASKED });
}

TEST(labels_that_are_ids_or_tokens_are_replaced)
{
	CHECK(VALUE_HOST, { "dQw4w9WgXcQ.example.com", "{id}.example.com" },
	      { "coredns-5d78c9869d-x2v7k.kube-system", "{id}.kube-system" },
	      { "123.example.com:80", "{id}.example.com:80" },
	      { "a.123e4567-e89b-12d3-a456-426614174000.b", "a.{uuid}.b" },
	      { "dGhpcyBpcyBhIHNlY3JldA.Example.com", "{token}.example.com" });
}

TEST(a_name_of_the_dns_has_its_limit)
{
	struct rig *r = rig_new(4096);
	char name[256];

	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 8 == 7 ? '.' : 'a';
	mask_host((struct str){ name, 255 }, &r->text);
	assert_int_equal(r->text.len, 255);
	buf_clear(&r->text);
	mask_host((struct str){ name, 256 }, &r->text);
	assert_str(buf_str(&r->text), MASKED);
	rig_free(r);
}

/* ---- Words ----------------------------------------------------------------------------------- */

TEST(known_words_stay_and_all_others_are_masked)
{
	CHECK(VALUE_WORD, { "", NULL }, { "GET", NULL }, { "PROPFIND", NULL },
	      { "websocket", NULL }, { "WebSocket", "websocket" }, { "h2c", NULL },
	      { "TLS/1.2", "tls/1.2" }, { "application/json", NULL }, { "Text/HTML", "text/html" },
	      { "application/vnd.kubernetes.protobuf", NULL },
	      { "application/apply-patch+yaml", NULL },
	      { "application/vnd.openxmlformats-officedocument.wordprocessingml.document", NULL },
	      { "application/x-www-form-urlencoded", NULL }, { "get", MASKED },
	      { "HUNTER", MASKED }, { "hunterSECRETm", MASKED }, { "T", MASKED },
	      { "eyJhbGciOi.eyJ", MASKED }, { "AKIASECRET14ABCDEFGH", MASKED },
	      { "SECRET38xyz/abc", MASKED }, { "text", MASKED }, { "text/", MASKED },
	      { "text/html; x", MASKED }, { "text/dGhpcyBpcyBhIHNlY3JldA", MASKED },
	      { "tls/hunter", MASKED }, { "tls/12345", MASKED }, { "websocket/1", MASKED });
}

TEST(a_subtype_has_its_limit)
{
	struct rig *r = rig_new(4096);
	char type[90] = "text/";

	for (size_t i = 5; i < sizeof(type); i++)
		type[i] = i % 8 == 7 ? '.' : 'a';
	mask_word((struct str){ type, 85 }, &r->text);
	assert_int_equal(r->text.len, 85);
	buf_clear(&r->text);
	mask_word((struct str){ type, 86 }, &r->text);
	assert_str(buf_str(&r->text), MASKED);
	rig_free(r);
}

/* ---- Values of headers ----------------------------------------------------------------------- */

TEST(usual_texts_stay)
{
	CHECK(VALUE_TEXT, { "", NULL }, { "*/*", NULL },
	      { "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
		"Chrome/120.0.0.0 Safari/537.36",
		NULL },
	      { "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:109.0) Gecko/20100101 Firefox/121.0",
		NULL },
	      { "Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
		"like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
		NULL },
	      { "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/120.0.6099.109", NULL },
	      { "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", NULL },
	      { "curl/7.88.1", NULL }, { "kube-probe/1.29", NULL }, { "Go-http-client/1.1", NULL },
	      { "kubectl/v1.29.0 (linux/amd64) kubernetes/3f7a50f",
		"kubectl/v1.29.0 (linux/amd64) kubernetes/{id}" },
	      { "aws-sdk-go/1.44.0 (go1.19; linux; amd64)", NULL }, { "nginx/1.22.1", NULL },
	      { "Apache/2.4.57 (Debian) OpenSSL/3.0.11 PHP/8.2.7", NULL },
	      { "Microsoft-IIS/10.0", NULL }, { "1.1 varnish, 1.1 proxy:8080 (squid/4.10)", NULL },
	      { "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
		NULL },
	      { "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", NULL },
	      { "en-US,en;q=0.9,de;q=0.8", NULL }, { "Accept-Encoding, User-Agent", NULL },
	      { "max-age=31536000; includeSubDomains", NULL }, { "h3=\":443\"; ma=2592000", NULL },
	      { "utf-8, iso-8859-1;q=0.5", NULL });
}

TEST(of_texts_the_word_that_tells_something_is_replaced)
{
	CHECK(VALUE_TEXT, { "app/1.0 (token=SECRET11)", "app/1.0 (token=" MASKED ")" },
	      { "app/1.0 token=\"a b\" x", "app/1.0 token=" MASKED " x" },
	      { "app/1.0 (token = SECRET11)", "app/1.0 (token = " MASKED ")" },
	      { "1.1 proxy (user:SECRET12)", "1.1 proxy (user:" MASKED ")" },
	      { "1.1 proxy (user: SECRET12)", "1.1 proxy (user: " MASKED ")" },
	      { "app dQw4w9WgXcQ-1 x", "app {id} x" },
	      { "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "Bearer {token}" },
	      { "app/ghp_16C7e42F292c6912E7710c838347Ae178B4a", "app/{token}" },
	      { "key/12345678", "key/{id}" }, { "key 1234567", "key {id}" },
	      { "app/1.2.3.4.5.6.7.8.9.0.1.2.3.4.5", "app/{id}" },
	      { "dGhpcyBpcyBhIHNlY3JldA== x", "{token}=" MASKED " x" },
	      { "1234:hunter", "1234:" MASKED }, { "1=hunter", "1=" MASKED },
	      { "q=jane/doe", "q=" MASKED }, { "v=1=2", "v=" MASKED }, { "ma=411111111111", NULL },
	      { "ma=4111111111111", "ma=" MASKED }, { "caf\xc3\xa9 \xff", "caf\xc3\xa9 {token}" });
}

TEST(texts_whose_parts_cannot_be_told_are_masked_whole)
{
	CHECK(VALUE_TEXT, { "x (jane@example.com)", MASKED }, { "*/*\r\n Cookie: x", MASKED },
	      { "app 4111 1111 1111 1111", MASKED }, { "app 12 34 56 78 9", MASKED },
	      { "a=1;b=2;c=3", MASKED });
	CHECK(VALUE_TEXT, { "app 12 34 56 78", NULL }, { "1234 a 5678 b 9012", NULL });
}

TEST(lists_of_known_words_hold_nothing_else)
{
	CHECK(VALUE_WORDS, { "gzip, deflate, br;q=0.9", NULL }, { "Keep-Alive, Upgrade", NULL },
	      { "100-continue", NULL }, { "timeout=5, max=1000", NULL },
	      { "GET, HEAD, OPTIONS", NULL }, { "no-cache, no-store, max-age=0", NULL },
	      { "max-age = 315360000", NULL }, { "TLS/1.2, websocket", NULL },
	      { "SAMEORIGIN", NULL }, { "SECRET27", MASKED }, { "close, hunter", "close, " MASKED },
	      { "gzip;q=hunter/2", "gzip;q=" MASKED }, { "hunter=1", MASKED "=" MASKED });
}

TEST(media_types_keep_what_is_known_of_their_parameters)
{
	CHECK(VALUE_MEDIA, { "text/html; charset=UTF-8", NULL }, { "application/json", NULL },
	      { "text/plain; version=0.0.4; charset=utf-8", NULL },
	      { "text/plain; token=SECRET10", "text/plain; token=" MASKED },
	      { "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxk",
		"multipart/form-data; boundary=" MASKED },
	      { "SECRET38xyz/abc; charset=utf-8", MASKED "; charset=utf-8" }, { "hunter", MASKED },
	      { ";hunter=1", MASKED });
}

TEST(numbers_ranges_and_dates_are_nothing_else)
{
	CHECK(VALUE_NUMBER, { "0", NULL }, { "999999999999", NULL }, { "1000000000000", MASKED },
	      { "-1", NULL }, { "-", MASKED }, { "1, 2", MASKED }, { "1 ", MASKED },
	      { "SECRET34", MASKED });
	CHECK(VALUE_RANGE, { "bytes=0-499", NULL }, { "bytes=0-0,-1", NULL },
	      { "bytes 0-499/1234", NULL }, { "bytes */1234", NULL }, { "bytes", MASKED },
	      { "SECRET36", MASKED }, { "bytes=0-1234567890123", MASKED },
	      { "bytes=0-499,a", MASKED });
	CHECK(VALUE_DATE, { "Sun, 06 Nov 1994 08:49:37 GMT", NULL }, { "0", NULL }, { "120", NULL },
	      { "Sun, 06 Xyz 1994 08:49:37 GMT", MASKED },
	      { "Xyz, 06 Nov 1994 08:49:37 GMT", MASKED },
	      { "Sun, 06 Nov 1994 08:49:3x GMT", MASKED }, { "SECRET35", MASKED });
	CHECK(VALUE_QUERY, { "x", MASKED });
}

/* What is remembered is compared whole: a value that only begins and ends alike is judged anew. */
TEST(a_value_like_one_that_was_shown_is_not_shown_for_that)
{
	CHECK(VALUE_TEXT, { "abcdefgh word abcdefgh", NULL },
	      { "abcdefgh w0r7X9 bcdefgh", "abcdefgh {id} bcdefgh" },
	      { "abcdefgh eyJhbGciOiJIUzI1NiJ9 abcdefgh", "abcdefgh {token} abcdefgh" });
	CHECK(VALUE_WORDS, { "example", MASKED });
	CHECK(VALUE_TEXT, { "example", NULL });
	CHECK(VALUE_WORDS, { "example", MASKED });
}

/* ---- In rows --------------------------------------------------------------------------------- */

TEST(hosts_and_words_of_a_row_leave_in_small_letters_or_masked)
{
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);
	const struct row_view *v;

	rig_mask(r, KIND_HTTP, http_host.ref, MASK_HOST, NULL);
	rig_mask(r, KIND_HTTP, http_method.ref, MASK_WORD, NULL);
	rig_mask(r, KIND_HTTP, http_upgrade.ref, MASK_WORD, NULL);
	rig_mask(r, KIND_HTTP, http_request_content_type.ref, MASK_WORD, NULL);
	row_put_str(row, http_host, STR("4711.Example.com:80"));
	row_put_str(row, http_method, STR("hunter"));
	row_put_str(row, http_upgrade, STR("WebSocket"));
	row_put_str(row, http_request_content_type, STR("text/html"));
	v = rig_commit(r, row);

	assert_str(rig_value(v, http_host.ref).s, "{id}.example.com:80");
	assert_int_equal(rig_value(v, http_host.ref).marks, ROW_MASKED);
	assert_str(rig_value(v, http_method.ref).s, MASKED);
	assert_int_equal(rig_value(v, http_method.ref).marks, ROW_MASKED);
	assert_str(rig_value(v, http_upgrade.ref).s, "websocket");
	assert_int_equal(rig_value(v, http_upgrade.ref).marks, 0);
	assert_str(rig_value(v, http_request_content_type.ref).s, "text/html");
	rig_free(r);
}

TEST(a_header_that_is_shown_in_part_fits_its_row)
{
	static const struct mask_name name[] = { { { "server", 6 }, VALUE_TEXT } };
	const struct mask_names names = { name, 1 };
	struct row_pair headers[64];
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);
	struct row_value value;
	struct row_pair pair;
	size_t pos = 0, n = 0;

	for (size_t i = 0; i < ARRAY_LEN(headers); i++)
		headers[i] = (struct row_pair){ STR("server"), STR("a 1234567 b") };
	rig_mask(r, KIND_HTTP, http_request_headers.ref, MASK_HEADERS, &names);
	row_put_map(row, http_request_headers, headers, ARRAY_LEN(headers));
	value = rig_value(rig_commit(r, row), http_request_headers.ref);

	assert_int_equal(value.marks, ROW_MASKED);
	for (; row_value_next_pair(&value, &pos, &pair); n++)
		assert_str(pair.value, "a {id} b");
	assert_int_equal(n, ARRAY_LEN(headers));
	rig_free(r);
}

TEST(a_header_too_long_to_be_shown_in_part_is_masked_whole)
{
	static char room[MASK_HEADER_MAX], text[2 * MASK_HEADER_MAX];
	static const struct mask_name name[] = { { { "server", 6 }, VALUE_TEXT } };
	const struct mask_names names = { name, 1 };
	struct row_pair in = { STR("server"), { text, sizeof(text) } }, out;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 8 == 7 ? ' ' : 'a';
	assert_false(mask_header(&in, &names, room, &out));
	memcpy(text + sizeof(text) - 10, " 12345678 ", 10);
	assert_true(mask_header(&in, &names, room, &out));
	assert_str(out.value, MASKED);
}

TEST_MAIN
