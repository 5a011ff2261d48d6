// SPDX-License-Identifier: Apache-2.0
/*
 * The place behind a hole: where a request is found again, and that looking for it costs the same
 * whatever stands there.
 */
#include <time.h>

#define PLAY_DISSECTOR http1_dissector
#include "play.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK        "HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n"

TEST(a_request_is_found_behind_a_hole)
{
	PLAY(C(GET("/a")), S(OK), C_HOLE(9), C("body" GET("/b")), S(OK));
	expect_row(1, "http.path=/b http.state=complete");
	PLAY(C(GET("/a")), S(OK), C_HOLE(9), C("text\nREPORT /b HTTP/1.1\r\n\r\n"), S(OK));
	expect_row(1, "http.method=REPORT http.path=/b http.state=complete");
	PLAY(C(GET("/a")), S(OK), C_HOLE(9), C("GET /GET /x GET /y\nPOST /" GET("/b")), S(OK));
	expect_row(1, "http.path=/b http.state=complete");
}

TEST(text_is_not_taken_for_a_request_behind_a_hole)
{
	PLAY(C(GET("/a")), S(OK), C_HOLE(9), C("a secret word HTTP/1.1\nGET  /x HTTP/1.1\n"),
	     S(OK));
	expect_rows(2);
	expect_row(1, "!http.path !http.method");
	PLAY(C(GET("/a")), S(OK), C_HOLE(9), C("GET /a\x01 HTTP/1.1\nGET /b HTTP/2\n"), S(OK));
	expect_row(1, "!http.path !http.method");
}

/* A hole in front of a target that is not whole yet does not leave its mark on the next. */
TEST(a_second_hole_begins_the_search_anew)
{
	PLAY(C(GET("/a")), S(OK), C_HOLE(9), C("GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	     C_HOLE(9), C(GET("/b")), S(OK));

	expect_row(1, "http.path=/b http.state=complete");
}

/* The CPU time of reading a megabyte of a pattern behind a hole, the least of three times. */
static int64_t time_of(struct str pattern)
{
	static char bytes[MIB];
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = pattern.p[i % pattern.n];
	for (unsigned i = 0; i < 3; i++) {
		struct fake *f = fake_new(&http1_dissector, true);
		struct timespec from, to;
		int64_t took;

		fake_send(f, FROM_CLIENT, STR(GET("/a")), SIZE_MAX);
		fake_hole(f, FROM_CLIENT, 9);
		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		fake_send(f, FROM_CLIENT, (struct str){ bytes, sizeof(bytes) }, SIZE_MAX);
		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		took = (to.tv_sec - from.tv_sec) * NS_PER_S + to.tv_nsec - from.tv_nsec;
		least = took < least ? took : least;
		fake_close(f);
		fake_free(f);
	}
	return least;
}

/* Each looked at the same 16 KiB once for every place that might be a request: a thousand times. */
TEST(what_might_be_a_request_at_every_place_costs_little_more_than_what_cannot)
{
	static const struct str patterns[] = {
		{ "GET /", 5 }, { "POST /a", 7 }, { "A ", 2 }, { "a\n", 2 }, { "GET /\n", 6 },
	};
	int64_t usual = time_of(STR("x")) + NS_PER_MS;

	for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
		if (time_of(patterns[i]) > 60 * usual)
			fail_msg("%.*s takes too long", STR_FMT(patterns[i]));
}

/* ---- Empty lines ----------------------------------------------------------------------------- */

TEST(empty_lines_between_messages_are_passed_over_up_to_their_limit)
{
	PLAY(C(GET("/a")), S(OK), C("\r\n\r\n\n\n\n\n\n\n\n\n\n\n\n\n" GET("/b")), S(OK));
	assert_int_equal(played->over, FAKE_FEEDING);
	expect_row(1, "http.path=/b");
	PLAY(C(GET("/a")), S(OK), C("\r\n\r\n\n\n\n\n\n\n\n\n\n\n\n\n\n" GET("/b")), S(OK));
	assert_int_equal(played->over, FAKE_REJECTED);
	expect_rows(1);
}

TEST_MAIN
