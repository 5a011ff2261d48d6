// SPDX-License-Identifier: Apache-2.0
/*
 * Recognition, pairing and framing: which messages are one row, over datagrams, streams and
 * multicast.
 */
#include "dissect/dns/dns_test.h"

static enum dissect_probe probe_at(struct str in, uint16_t src, uint16_t dst)
{
	return dns_dissector.probe_datagram(in, src, dst);
}

/* ---- Pairs ----------------------------------------------------------------------------------- */

TEST(a_query_and_its_response_are_one_row_with_latency)
{
	TALK(40000, 53, CD(QUERY), SD(ANSWER));

	expect_rows(1);
	expect_row(0, "dns.name=example.org dns.type=A dns.rcode=NOERROR dns.latency=1000000 "
		      "dns.state=complete dns.transport=udp dns.queries=1 dns.responses=1 "
		      "dns.ttl=60 dns.answer_count=1 dns.transaction=4660 dns.opcode=QUERY "
		      "dns.request.bytes=29 dns.response.bytes=45 dns.recursion_desired=true "
		      "dns.recursion_available=true dns.truncated=false !dns.anomalies");
	expect_text(0, " dns.answers=A 192.0.2.1 ");
	assert_int_equal(played->ds.messages, 2);
}

TEST(the_bit_of_the_message_says_who_speaks)
{
	TALK(53, 53, SD(QUERY), CD(ANSWER));

	expect_rows(1);
	expect_row(0, "dns.state=complete");
}

TEST(queries_pair_by_id_and_question)
{
	TALK(40000, 53, CD(QUERY), CD(ASK("\x56\x78", QUESTION)),
	     CD(ASK(ID, "\1x\0" W("\1") W("\1"))), SD(ANSWER));

	expect_rows(3);
	expect_row(0, "dns.name=example.org dns.transaction=4660 dns.state=complete");
	expect_row(1, "dns.transaction=22136 dns.state=no-response dns.queries=1 !dns.responses");
	expect_row(2, "dns.name=x dns.state=no-response");
}

TEST(a_query_that_comes_again_is_counted_in_its_row)
{
	TALK(40000, 53, CD(QUERY), CD(QUERY), CD(QUERY), SD(ANSWER));

	expect_rows(1);
	expect_row(0, "dns.queries=3 dns.retransmissions=2 dns.responses=1 dns.latency=3000000");
	assert_int_equal(played->ds.messages, 4);
}

TEST(a_response_that_comes_again_is_a_row_without_a_request)
{
	TALK(40000, 53, CD(QUERY), SD(ANSWER), SD(ANSWER));

	expect_rows(2);
	expect_row(1, "dns.state=no-request dns.responses=1 !dns.queries dns.name=example.org "
		      "!dns.latency");
}

TEST(an_error_without_a_question_pairs_by_its_id)
{
	TALK(40000, 53, CD(QUERY), SD(ID "\x81\1" COUNTS("\0", "\0", "\0", "\0")));

	expect_rows(1);
	expect_row(0, "dns.name=example.org dns.rcode=FORMERR dns.state=complete");
}

TEST(letters_in_another_case_pair_and_are_told)
{
	TALK(40000, 53, CD(ASK(ID, "\7eXample\3orG\0" W("\1") W("\1"))), SD(ANSWER));

	expect_rows(1);
	expect_row(0, "dns.name=eXample.orG dns.state=complete dns.anomalies=question-differs");
}

TEST(a_query_without_an_answer_ends_when_another_comes_too_late_for_it)
{
	TALK(40000, 53, CD(QUERY), { HOLE, 0, { 0 }, (uint64_t)DISSECT_ANSWER_NS },
	     CD(ASK("\x56\x78", QUESTION)), SD(ANSWER));

	expect_rows(3);
	expect_row(0, "dns.state=no-response dns.transaction=4660");
	expect_row(1, "dns.state=no-request dns.transaction=4660");
}

TEST(the_oldest_query_makes_room_for_the_newest)
{
	struct fake *f = fake_new(&dns_dissector, true);
	char query[] = QUERY;

	f->ds.dst_port = 53;
	for (unsigned i = 0; i < DISSECT_OPEN_MAX + 1; i++) {
		query[0] = (char)(i >> 8);
		query[1] = (char)i;
		fake_datagram(f, FROM_CLIENT, (struct str){ query, sizeof(query) - 1 }, 0);
	}

	assert_int_equal(f->rows, 1);
	assert_int_equal(f->ds.open, DISSECT_OPEN_MAX);
	fake_close(f);
	fake_free(f);
}

TEST(updates_and_notifications_are_told_by_their_opcode)
{
	TALK(40000, 53,
	     CD(ID "\x28\0" COUNTS("\1", "\0", "\1", "\0") NAME W("\6") W("\1")
			RR("\1", "\x3c", "\4", "\300\0\2\1")),
	     SD(ID "\xa8\0" COUNTS("\1", "\0", "\0", "\0") NAME W("\6") W("\1")),
	     CD(ID "\x24\0" COUNTS("\1", "\0", "\0", "\0") NAME W("\6") W("\1")));

	expect_row(0, "dns.opcode=UPDATE dns.type=SOA dns.state=complete !dns.anomalies");
	expect_row(1, "dns.opcode=NOTIFY");
}

/* ---- Multicast ------------------------------------------------------------------------------- */

#define PRINTER "\7printer\5local\0"
#define ANNOUNCE                                                                                   \
	"\0\0\x84\0" COUNTS("\0", "\1", "\0", "\0")                                                \
		PRINTER W("\1") "\x80\1"                                                           \
				"\0\0\0\x78" W("\4") "\300\0\2\7"

TEST(each_message_of_multicast_is_a_row)
{
	TALK(5353, 5353, CD("\0\0\0\0" COUNTS("\1", "\0", "\0", "\0") PRINTER W("\1") "\x80\1"),
	     SD(ANNOUNCE));

	expect_rows(2);
	expect_row(0, "dns.transport=mdns dns.state=multicast dns.queries=1 dns.type=A "
		      "dns.question_types=A dns.name=printer.local !dns.anomalies");
	expect_row(1, "dns.transport=mdns dns.state=multicast dns.responses=1 dns.type=A "
		      "dns.name=printer.local !dns.questions !dns.anomalies");
	expect_text(1, " dns.answers=A 192.0.2.7 ");
}

TEST(a_cluster_name_server_at_the_port_of_multicast_has_pairs)
{
	TALK(40000, 5353, CD(QUERY), SD(ANSWER));
	expect_row(0, "dns.transport=udp dns.state=complete");

	TALK(40000, 5353, CD(ASK(ID, PRINTER W("\1") W("\1"))));
	expect_row(0, "dns.transport=mdns dns.state=multicast");

	TALK(40000, 5355, CD(ID "\0\0" COUNTS("\1", "\0", "\0", "\0") QUESTION));
	expect_row(0, "dns.transport=llmnr dns.state=multicast !dns.recursion_desired");
}

/* ---- Streams --------------------------------------------------------------------------------- */

TEST(messages_of_a_stream_are_cut_by_their_lengths)
{
	PLAY(C(QUERY_BYTES QUERY QUERY_BYTES ASK("\x56\x78", QUESTION)),
	     S(ANSWER_BYTES "\x56\x78\x81\x80" COUNTS("\1", "\1", "\0", "\0")
		       QUESTION ADDRESS ANSWER_BYTES ANSWER));

	expect_rows(2);
	expect_row(0, "dns.transaction=22136 dns.state=complete dns.transport=tcp");
	expect_row(1, "dns.transaction=4660 dns.state=complete dns.transport=tcp");
	assert_int_equal(played->ds.messages, 4);
}

#define SOA                                                                                        \
	RR("\6", "\x3c", "\x1a",                                                                   \
	   "\1a\300\x0c\1b\300\x0c\0\0\0\7"                                                        \
	   "\0\0\0\0\0\0\0\0\0\0\0\0"                                                              \
	   "\0\0")

TEST(a_transfer_is_one_row_for_all_its_messages)
{
	PLAY(C("\0\x1d" ASK(ID, NAME W("\374") W("\1"))),
	     S("\0\x43" ID "\x84\0" COUNTS("\1", "\1", "\0", "\0") NAME W("\374") W("\1") SOA),
	     S("\0\x1c" ID "\x84\0" COUNTS("\0", "\1", "\0", "\0") "\0" W("\1")
		       W("\1") "\0\0\0\5" W("\4") "\300\0\2\2"
						  "\0"),
	     S("\0\x43" ID "\x84\0" COUNTS("\1", "\1", "\0", "\0") NAME W("\374") W("\1") SOA),
	     S(ANSWER_BYTES ANSWER));

	expect_rows(2);
	expect_row(0, "dns.type=AXFR dns.responses=3 dns.answer_count=3 dns.ttl=5 "
		      "dns.state=complete dns.latency=1000000");
	expect_row(1, "dns.state=no-request");
}

TEST(a_refused_transfer_ends_at_once)
{
	PLAY(C("\0\x1d" ASK(ID, NAME W("\374") W("\1")) QUERY_BYTES QUERY),
	     S("\0\x1d" ID "\x84\5" COUNTS("\1", "\0", "\0", "\0") NAME W("\374") W("\1")
		       ANSWER_BYTES ANSWER));

	expect_row(0, "dns.type=AXFR dns.rcode=REFUSED dns.responses=1");
	expect_row(1, "dns.type=A dns.state=complete");
}

TEST(a_stream_finds_its_place_behind_a_hole)
{
	PLAY(C(QUERY_BYTES QUERY), S_HOLE(45), S("torn off end" ANSWER_BYTES ANSWER));
	expect_rows(1);
	expect_row(0, "dns.state=complete");

	PLAY_MIDSTREAM(S("\0\0" ANSWER_BYTES ANSWER), C(QUERY_BYTES QUERY));
	expect_rows(2);
	expect_row(0, "dns.state=no-request");
}

TEST(a_stream_that_never_looks_like_messages_again_is_given_up)
{
	static char bad[24 * (16 + 2)];
	struct fake *f = fake_new(&dns_dissector, true);
	/* Whole but for a byte too many. */
	static const char one[] =
		"\0\x16" ID "\1\0" COUNTS("\1", "\0", "\0", "\0") "\1x\0" W("\1") W("\1") "zzz";

	for (size_t i = 0; i + sizeof(one) - 1 <= sizeof(bad); i += sizeof(one) - 1)
		memcpy(bad + i, one, sizeof(one) - 1);
	fake_hole(f, FROM_CLIENT, 1);

	fake_send(f, FROM_CLIENT, (struct str){ bad, 16 * (sizeof(one) - 1) }, SIZE_MAX);
	assert_int_equal(f->over, FAKE_FEEDING);
	fake_send(f, FROM_CLIENT, (struct str){ bad, sizeof(one) - 1 }, SIZE_MAX);
	assert_int_equal(f->over, FAKE_REJECTED);
	fake_close(f);
	fake_free(f);
}

TEST(a_length_too_short_for_a_header_ends_the_stream)
{
	PLAY(C(QUERY_BYTES QUERY "\0\x0b"
				 "abcdefghijk"));

	expect_rows(1);
	assert_int_equal(played->over, FAKE_REJECTED);
}

/* One byte more than the window takes. */
TEST(the_longest_message_is_read_but_for_its_last_byte)
{
	static char bytes[2 + 65535 + 2 + 29] = "\xff\xff" QUERY;
	struct fake *f = fake_new(&dns_dissector, true);

	memcpy(bytes + 2 + 65535, QUERY_BYTES ASK("\x56\x78", QUESTION), 2 + 29);
	fake_send(f, FROM_CLIENT, (struct str){ bytes, sizeof(bytes) }, SIZE_MAX);
	fake_close(f);

	assert_int_equal(f->rows, 2);
	assert_int_equal(f->ds.messages, 2);
	fake_free(f);
}

/* ---- Recognition ----------------------------------------------------------------------------- */

TEST(a_stream_is_recognised_by_its_first_message)
{
	struct str query = STR(QUERY_BYTES QUERY), answer = STR(ANSWER_BYTES ANSWER);

	for (size_t n = 0; n < query.n; n++)
		assert_int_equal(dns_dissector.probe(str_head(query, n)), PROBE_MORE);
	assert_int_equal(dns_dissector.probe(query), PROBE_FROM_CLIENT);
	assert_int_equal(dns_dissector.probe(answer), PROBE_FROM_SERVER);
	assert_int_equal(dns_dissector.probe(str_head(answer, 2 + 29)), PROBE_FROM_SERVER);
}

TEST(other_protocols_are_no_stream_of_messages)
{
	static const struct str others[] = {
		{ "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", 38 },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24 },
		{ "\x16\3\1\2\0\1\0\1\xfc\3\3aaaaaaaaaaaaaaaaaaaaaa", 33 },
		{ "\0\0\0\x17\0\3\0\0user\0postgres\0\0\0\0", 26 },
		{ "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n", 28 },
		{ "SSH-2.0-x\r\n\0\0\0\0\0\0\0\0\0", 20 },
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(dns_dissector.probe(others[i]), PROBE_NO);
}

TEST(a_datagram_at_an_unusual_port_must_be_whole_and_without_fault)
{
	struct str answer = STR(ANSWER);

	assert_int_equal(probe_at(STR(QUERY), 40000, 10053), PROBE_FROM_CLIENT);
	assert_int_equal(probe_at(answer, 10053, 40000), PROBE_FROM_SERVER);
	for (size_t n = 0; n < answer.n; n++)
		assert_int_equal(probe_at(str_head(answer, n), 10053, 40000), PROBE_NO);
	assert_int_equal(probe_at(STR(ANSWER "\0"), 10053, 40000), PROBE_NO);
}

TEST(a_datagram_at_a_usual_port_may_be_malformed)
{
	assert_int_equal(probe_at(str_head(STR(ANSWER), 31), 53, 40000), PROBE_FROM_SERVER);
	assert_int_equal(probe_at(STR(ID "\x81\1" COUNTS("\0", "\0", "\0", "\0")), 53, 1),
			 PROBE_FROM_SERVER);
	assert_int_equal(probe_at(STR(ANNOUNCE), 5353, 5353), PROBE_FROM_SERVER);
	assert_int_equal(probe_at(STR(ID "\x81\1" COUNTS("\0", "\0", "\0", "\0") "x"), 53, 1),
			 PROBE_NO);
	assert_int_equal(probe_at(STR("sixteen bytes or more"), 40000, 53), PROBE_NO);
}

TEST(netbios_is_no_dns)
{
	struct str query = STR(ID "\1\x10" COUNTS(
		"\1", "\0", "\0", "\0") "\40EGEBEMEMEBEHEBEMFACACACACACACAAA\0" W("\40") W("\1"));

	assert_int_equal(probe_at(query, 137, 137), PROBE_NO);
	assert_int_equal(probe_at(query, 40000, 40001), PROBE_NO);
}

TEST(a_flow_at_an_unusual_port_ends_with_what_is_no_message)
{
	TALK(40000, 10053, CD(QUERY), SD("sixteen bytes or more"), SD(ANSWER));

	assert_int_equal(played->over, FAKE_REJECTED);
	expect_rows(1);
	expect_row(0, "dns.state=no-response");
}

TEST_MAIN
