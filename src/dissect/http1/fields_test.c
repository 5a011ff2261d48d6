/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the messages stands in the row: targets in their four forms, hosts and types made safe,
 * headers, and what is cut when it is too long or when memory ends.
 */
#define PLAY_DISSECTOR http1_dissector
#include "play.h"

#define ASK(target) C("GET " target " HTTP/1.1\r\nHost: Web:8080\r\n\r\n")

static const char *row_text(void)
{
	return played->text;
}

static bool row_contains(const char *text)
{
	return strstr(row_text(), text) != NULL;
}

/* ---- Targets --------------------------------------------------------------------------------- */

TEST(a_target_is_split_into_path_and_query)
{
	PLAY(ASK("/a/b?x=1&y=?2"));
	expect_row(0, "http.path=/a/b http.query=x=1&y=?2 http.host=Web:8080");
	PLAY(ASK("/a?"));
	expect_row(0, "http.path=/a http.query=");
	PLAY(ASK("/a"));
	expect_row(0, "http.path=/a !http.query");
}

TEST(a_fragment_is_dropped)
{
	PLAY(ASK("/a?b#secret?c"));

	expect_row(0, "http.path=/a http.query=b");
	assert_false(row_contains("secret"));
}

TEST(an_absolute_target_names_the_host_without_userinfo)
{
	PLAY(ASK("http://User:Pa@ss@Example.COM:81/a?b"));
	expect_row(0, "http.host=Example.COM:81 http.path=/a http.query=b");
	assert_false(row_contains("Pa"));
	PLAY(ASK("HTTP://example.com?b"));
	expect_row(0, "http.host=example.com http.path=/ http.query=b");
	PLAY(ASK("http://[::1]:80/"));
	expect_row(0, "http.host=[::1]:80 http.path=/");
}

TEST(the_other_forms_of_targets_are_known)
{
	PLAY(C("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"));
	expect_row(0, "http.path=* http.host=h");
	PLAY(C("CONNECT u:p@a.example:443 HTTP/1.1\r\nHost: h\r\n\r\n"));
	expect_row(0, "http.host=a.example:443 !http.path !http.query");
	PLAY(ASK("user:secret@host/a"));
	expect_row(0, "http.path=host/a");
	PLAY(ASK("mailto:secret@host?q"));
	expect_row(0, "http.path=host http.query=q");
	PLAY(ASK("/a@b"));
	expect_row(0, "http.path=/a@b");
}

/* The password ends the authority too early, and an @ follows: the host is not known from here. */
TEST(a_target_with_a_delimiter_in_its_password_names_no_host)
{
	PLAY(C("GET http://alice:secret#pw@x/ HTTP/1.1\r\nHost: h\r\n\r\n"));
	expect_row(0, "http.host=h !http.path !http.query");
	PLAY(C("GET http://alice:1234#pw@x/ HTTP/1.1\r\nHost: h\r\n\r\n"));
	expect_row(0, "http.host=h http.path=/");
	PLAY(C("GET http://alice:secret/p/pw@x/ HTTP/1.1\r\nHost: h\r\n\r\n"));
	expect_row(0, "http.host=h !http.path !http.query");
	PLAY(C("GET http://alice:secret?pw@x/ HTTP/1.1\r\n\r\n"));
	expect_row(0, "!http.host !http.path !http.query");
	PLAY(C("CONNECT alice:secret#x@x:443 HTTP/1.1\r\nHost: h\r\n\r\n"));
	expect_row(0, "http.host=h !http.path !http.query");
	PLAY(C("GET alice:secret#x@x/a HTTP/1.1\r\nHost: h\r\n\r\n"));
	expect_row(0, "http.path=x/a http.host=h");
}

TEST(an_at_behind_a_host_leaves_the_path)
{
	PLAY(C("GET http://registry:4873/@babel/core?x=1 HTTP/1.1\r\nHost: registry\r\n\r\n"));
	expect_row(0, "http.host=registry http.path=/@babel/core http.query=x=1");
}

/* ---- Hosts and media types, for their masks -------------------------------------------------- */

TEST(a_host_is_given_to_its_mask_as_it_was_sent)
{
	PLAY(C("GET / HTTP/1.1\r\nHost: u:secret@H.example:81\r\n\r\n"));
	expect_row(0, "http.host=H.example:81");
	PLAY(C("GET / HTTP/1.1\r\nHost:\r\n\r\n"));
	expect_row(0, "!http.host");
}

TEST(a_media_type_is_without_parameters)
{
	PLAY(C("GET / HTTP/1.1\r\nHost: h\r\nContent-Type: Application/JSON; charset=x\r\n\r\n"),
	     S("HTTP/1.1 200 x\r\nContent-Length: 0\r\nContent-Type: text/html\r\n\r\n"));
	expect_row(0, "http.request.content_type=Application/JSON "
		      "http.response.content_type=text/html");
	PLAY(C("GET / HTTP/1.1\r\nHost: h\r\nContent-Type: ;secret\r\n\r\n"));
	expect_row(0, "!http.request.content_type");
}

/* ---- Headers --------------------------------------------------------------------------------- */

TEST(header_names_are_in_small_letters)
{
	PLAY(C("GET / HTTP/1.1\r\nHOST: H\r\nX:  y \r\nEmpty:\r\n\r\n"),
	     S("HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n"));

	expect_row(0, "http.request.headers=host:H,x:y,empty: "
		      "http.response.headers=content-length:0 http.host=H");
}

TEST(a_head_without_fields_has_no_headers)
{
	PLAY(C("GET / HTTP/1.0\r\n\r\n"));

	expect_row(0, "!http.request.headers !http.host");
}

TEST(a_line_without_a_name_does_not_leave)
{
	PLAY(C("GET / HTTP/1.1\r\nHost: h\r\nBearer secret\r\n\r\n"));

	expect_row(0, "http.request.headers=host:h http.anomalies=name-invalid");
}

/* Appends the fields F0, F1 … with values of so many bytes, and the end of the head. */
static size_t put_fields(char *out, unsigned fields, size_t value)
{
	size_t at = 0;

	for (unsigned i = 0; i < fields; i++) {
		at += (size_t)sprintf(out + at, "F%u: ", i);
		memset(out + at, 'v', value);
		at += value;
		at += (size_t)sprintf(out + at, "\r\n");
	}
	return at + (size_t)sprintf(out + at, "\r\n");
}

/* A request for target and then n times part, with such fields behind Host. */
static struct str long_request(char *out, const char *target, const char *part, size_t n,
			       unsigned fields, size_t value)
{
	size_t at = (size_t)sprintf(out, "GET %s", target);

	for (size_t i = 0; i < n; i++)
		at += (size_t)sprintf(out + at, "%s", part);
	at += (size_t)sprintf(out + at, " HTTP/1.1\r\nHost: h\r\n");
	return (struct str){ out, at + put_fields(out + at, fields, value) };
}

static char text[64 * KIB];

static void play_request(struct str request)
{
	const struct event events[] = { { SEND, FROM_CLIENT, request, 0 }, { END, 0, { 0 }, 0 } };

	play_twice(events, true, 8);
}

TEST(headers_beyond_their_limit_are_cut)
{
	play_request(long_request(text, "/", "", 0, 63, 1));
	assert_false(row_contains("(cut)"));
	assert_true(row_contains("f62:v"));
	play_request(long_request(text, "/", "", 0, 64, 1));
	assert_true(row_contains("f62:v(cut)"));
	assert_false(row_contains("f63"));
}

TEST(a_long_path_is_cut_behind_a_whole_segment)
{
	const char *path;

	play_request(long_request(text, "/", "segment/", 700, 0, 0));

	path = strstr(row_text(), "http.path=");
	assert_non_null(path);
	assert_int_equal(strcspn(path, " "),
			 sizeof("http.path=") - 1 + 1 + 447 * 8 + sizeof("(cut)") - 1);
	assert_non_null(strstr(path, "/segment/(cut) "));
}

TEST(a_long_segment_is_dropped_rather_than_halved)
{
	play_request(long_request(text, "/", "secret", 700, 0, 0));

	expect_row(0, "http.path=/(cut)");
}

TEST(a_long_query_is_cut_behind_a_whole_pair)
{
	play_request(long_request(text, "/?a=1", "&pair=secret", 400, 0, 0));
	assert_true(row_contains("&pair=secret(cut) "));
	play_request(long_request(text, "/?a=", "secret", 700, 0, 0));
	expect_row(0, "http.path=/ http.query=(cut)");
}

TEST(a_head_of_the_largest_piece_is_whole_and_a_larger_one_too)
{
	struct str whole = long_request(text, "/", "", 0, 1, 3551);

	assert_int_equal(whole.n, 3584);
	play_request(whole);
	assert_false(row_contains("(cut)"));
	play_request(long_request(text, "/", "", 0, 1, 3552));
	assert_false(row_contains("(cut)"));
	play_request(long_request(text, "/", "", 0, 2, 3584));
	assert_false(row_contains("(cut)"));
	play_request(long_request(text, "/", "", 0, 2, 3585));
	assert_true(row_contains("v(cut)"));
	expect_row(0, "http.method=GET http.path=/ http.host=h");
}

TEST(where_memory_ends_the_exchange_is_still_counted)
{
	static char reply[64 * KIB] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
	struct str request = long_request(text, "/", "", 0, 16, 3500);
	size_t n = strlen(reply);
	struct event events[] = {
		{ SEND, FROM_CLIENT, request, 0 },
		{ SEND, FROM_SERVER, { reply, 0 }, 0 },
		{ END, 0, { 0 }, 0 },
	};

	events[1].bytes.n = n + put_fields(reply + n, 16, 3500);
	play_twice(events, true, 8);

	expect_rows(1);
	expect_row(0, "http.method=GET http.host=h http.status=200 http.state=complete");
	assert_true(row_contains("v(cut) http.request.body_bytes=0"));
}

TEST_MAIN
