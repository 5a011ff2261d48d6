// SPDX-License-Identifier: Apache-2.0
/*
 * The QUIC dissector against the packets of RFC 9001, and what else can happen on the way to both
 * hellos: other versions, packets out of order, Retry, and damage.
 */
#define PLAY_DISSECTOR quic_dissector
#include "play.h"
#include "quic_samples.h"

#include "dissect/quic/initial.h"

static void expect_over(int over)
{
	assert_int_equal(played->over, over);
}

/* ---- Hellos ---------------------------------------------------------------------------------- */

TEST(the_packets_of_rfc_9001_are_a_handshake)
{
	PLAY(CD(QUIC_CLIENT), SD(QUIC_SERVER));

	expect_rows(1);
	expect_row(0, "tls.sni=example.com tls.transport=quic tls.quic_version=1 tls.version=TLS "
		      "tls.cipher=TLS_AES_128_GCM_SHA256 tls.group=x25519 tls.state=complete "
		      "tls.client.alpn=[masked] tls.latency=1000000 tls.anomalies=unknown-alpn");
	expect_over(FAKE_DONE);
	assert_int_equal(played->ds.messages, 2);
}

TEST(a_fingerprint_says_that_quic_carries_it)
{
	PLAY(CD(QUIC_CLIENT));

	assert_true(str_contains((struct str){ played->text, played->text_n },
				 STR(" tls.ja4=q13d0211an_")));
	expect_row(0, "tls.state=no-server-hello");
}

TEST(version_2_has_other_keys_and_types)
{
	PLAY(CD(QUIC_CLIENT_V2), SD(QUIC_SERVER_V2));

	expect_row(0, "tls.quic_version=2 tls.sni=example.com tls.state=complete");
}

TEST(a_server_may_change_the_version)
{
	PLAY(CD(QUIC_CLIENT), SD(QUIC_SERVER_V2));

	expect_rows(1);
	expect_row(0, "tls.quic_version=2 tls.state=complete");
}

TEST(drafts_have_keys_of_their_own)
{
	PLAY(CD(QUIC_CLIENT_DRAFT_29));

	expect_row(0, "tls.quic_version=draft-29 tls.sni=example.com");
}

TEST(a_reserved_version_is_tried)
{
	PLAY(CD(QUIC_CLIENT_RESERVED));

	expect_row(0, "tls.quic_version=reserved tls.sni=example.com");
}

/* ---- On the way ------------------------------------------------------------------------------ */

TEST(a_hello_in_pieces_and_out_of_order_is_one)
{
	PLAY(CD(QUIC_CLIENT_HALF_2), CD(QUIC_CLIENT_HALF_2), CD(QUIC_CLIENT_HALF_1),
	     SD(QUIC_SERVER));

	expect_rows(1);
	expect_row(0, "tls.sni=example.com tls.state=complete");
	assert_int_equal(played->ds.messages, 2);
}

TEST(half_a_hello_is_none)
{
	PLAY(CD(QUIC_CLIENT_HALF_1), SD(QUIC_HANDSHAKE));

	expect_rows(0);
}

TEST(packets_share_a_datagram)
{
	PLAY(CD(QUIC_CLIENT_HALF_1 QUIC_CLIENT_HALF_2), SD(QUIC_HANDSHAKE QUIC_SERVER));

	expect_row(0, "tls.sni=example.com tls.state=complete");
}

TEST(a_hello_said_twice_is_told_once)
{
	PLAY(CD(QUIC_CLIENT), CD(QUIC_CLIENT), SD(QUIC_SERVER));

	expect_rows(1);
}

TEST(behind_a_retry_keys_come_from_the_new_id)
{
	PLAY(CD(QUIC_CLIENT), SD(QUIC_RETRY), CD(QUIC_CLIENT_AFTER_RETRY),
	     SD(QUIC_SERVER_AFTER_RETRY));

	expect_rows(1);
	expect_row(0, "tls.state=complete !tls.retry tls.latency=3000000");
	expect_over(FAKE_DONE);
}

TEST(a_hello_that_is_asked_for_again_is_a_second_record)
{
	PLAY(CD(QUIC_CLIENT), SD(QUIC_SERVER_ASKS_AGAIN), CD(QUIC_CLIENT_AGAIN),
	     SD(QUIC_SERVER_ANSWERS));

	expect_rows(2);
	expect_row(0, "tls.retry=true tls.group=secp256r1 tls.state=complete");
	expect_row(1, "!tls.retry tls.group=x25519 tls.state=complete");
	expect_over(FAKE_DONE);
}

TEST(behind_negotiation_of_the_version_the_same_hello_is_the_same)
{
	PLAY(CD(QUIC_CLIENT_RESERVED), SD(QUIC_NEGOTIATION), CD(QUIC_CLIENT), SD(QUIC_SERVER));

	expect_rows(1);
	expect_row(0, "tls.quic_version=1 tls.state=complete tls.latency=3000000");
	expect_over(FAKE_DONE);
}

TEST(behind_negotiation_of_the_version_another_hello_is_another)
{
	PLAY(CD(QUIC_CLIENT_OTHER), SD(QUIC_NEGOTIATION), CD(QUIC_CLIENT), SD(QUIC_SERVER));

	expect_rows(2);
	expect_row(0, "tls.quic_version=draft-29 tls.state=no-server-hello");
	expect_row(1, "tls.quic_version=1 tls.state=complete");
}

TEST(data_say_nothing)
{
	PLAY(CD(QUIC_CLIENT), CD("\x40 data"), SD("\x40 data"), SD(QUIC_SERVER));

	expect_rows(1);
	expect_row(0, "tls.state=complete");
}

/* ---- Damage and limits ----------------------------------------------------------------------- */

TEST(a_packet_with_any_bit_changed_is_not_read)
{
	static const char whole[] = QUIC_SERVER;
	char bytes[sizeof(whole) - 1];
	struct event events[] = { CD(QUIC_CLIENT),
				  { DATAGRAM, FROM_SERVER, { bytes, sizeof(bytes) }, 0 },
				  { END, 0, { 0 }, 0 } };

	for (size_t at = 0; at < sizeof(bytes); at++) {
		memcpy(bytes, whole, sizeof(bytes));
		bytes[at] ^= 0x04;
		play_twice(events, true, DISSECT_OPEN_MAX);

		expect_rows(1);
		expect_row(0, "tls.state=no-server-hello");
	}
}

TEST(a_cut_datagram_is_not_read)
{
	for (size_t n = 0; n < sizeof(QUIC_SERVER) - 1; n++) {
		struct event events[] = { CD(QUIC_CLIENT),
					  { DATAGRAM, FROM_SERVER, { QUIC_SERVER, n }, 0 },
					  { END, 0, { 0 }, 0 } };

		play_twice(events, true, DISSECT_OPEN_MAX);
		expect_row(0, "tls.state=no-server-hello");
	}
}

TEST(crypto_beyond_the_limit_is_marked)
{
	PLAY(CD(QUIC_CLIENT_FAR), CD(QUIC_CLIENT), CD(QUIC_CLIENT_FAR));

	expect_rows(1);
	expect_row(0, "tls.sni=example.com tls.anomalies=message-too-long,unknown-alpn");
}

TEST(a_flow_is_not_tried_for_ever)
{
	static const char whole[] = QUIC_SERVER;
	struct event events[66] = { CD(QUIC_CLIENT) };
	char bytes[sizeof(whole) - 1];

	memcpy(bytes, whole, sizeof(bytes));
	bytes[sizeof(bytes) - 1] ^= 1;
	for (unsigned i = 1; i < 64; i++)
		events[i] = (struct event){ DATAGRAM, FROM_SERVER, { bytes, sizeof(bytes) }, 0 };
	events[64] = (struct event)SD(QUIC_SERVER);
	play_twice(events, true, DISSECT_OPEN_MAX);
	expect_row(0, "tls.state=no-server-hello");

	events[63] = (struct event)SD(QUIC_SERVER);
	play_twice(events, true, DISSECT_OPEN_MAX);
	expect_row(0, "tls.state=complete");
}

/* ---- Gathering ------------------------------------------------------------------------------- */

static struct gather gather;

static int add(struct fake *f, size_t offset, size_t n)
{
	static const char zero[GATHER_MAX];

	return quic_gather_add(&gather, &f->heap, offset, (struct str){ zero, n });
}

TEST(pieces_join_where_they_touch)
{
	struct fake *f = fake_new(&quic_dissector, true);

	gather = (struct gather){ 0 };
	assert_int_equal(add(f, 10, 10), 0);
	assert_int_equal(add(f, 40, 10), 0);
	assert_int_equal(add(f, 30, 5), 0);
	assert_int_equal(gather.parts, 3);
	assert_int_equal(add(f, 15, 20), 0);
	assert_int_equal(gather.parts, 2);
	assert_int_equal(add(f, 35, 5), 0);

	assert_int_equal(gather.parts, 1);
	assert_int_equal(gather.part[0].from, 10);
	assert_int_equal(gather.part[0].to, 50);
	heap_done(&f->heap);
	fake_free(f);
}

TEST(holes_are_as_many_as_are_kept)
{
	struct fake *f = fake_new(&quic_dissector, true);

	gather = (struct gather){ 0 };
	for (unsigned i = 0; i < GATHER_PARTS; i++)
		assert_int_equal(add(f, (size_t)10 * i, 5), 0);
	assert_int_equal(add(f, 1000, 5), -ENOBUFS);
	assert_int_equal(add(f, 5, 5), 0);
	assert_int_equal(add(f, 1000, 5), 0);

	assert_int_equal(gather.parts, GATHER_PARTS);
	heap_done(&f->heap);
	fake_free(f);
}

TEST(a_stream_ends_at_its_limit)
{
	struct fake *f = fake_new(&quic_dissector, true);

	gather = (struct gather){ 0 };
	assert_int_equal(add(f, GATHER_MAX - 8, 8), 0);
	assert_int_equal(add(f, GATHER_MAX - 8, 9), -ENOBUFS);
	assert_int_equal(add(f, SIZE_MAX, 1), -ENOBUFS);
	heap_done(&f->heap);
	fake_free(f);
}

/* ---- Recognising ----------------------------------------------------------------------------- */

static enum dissect_probe probe(struct str in, uint16_t from, uint16_t to)
{
	return quic_dissector.probe_datagram(in, from, to);
}

TEST(initial_packets_are_recognised_by_their_side)
{
	assert_int_equal(probe(STR(QUIC_CLIENT), 50000, 443), PROBE_FROM_CLIENT);
	assert_int_equal(probe(STR(QUIC_CLIENT), 50000, 50001), PROBE_FROM_CLIENT);
	assert_int_equal(probe(STR(QUIC_CLIENT_V2), 50000, 443), PROBE_FROM_CLIENT);
	assert_int_equal(probe(STR(QUIC_SERVER), 50000, 50001), PROBE_FROM_SERVER);
	assert_int_equal(probe(STR(QUIC_CLIENT), 443, 50000), PROBE_FROM_SERVER);
}

TEST(other_datagrams_are_not)
{
	assert_int_equal(probe(STR(""), 50000, 443), PROBE_NO);
	assert_int_equal(probe(STR(QUIC_HANDSHAKE), 50000, 443), PROBE_NO);
	assert_int_equal(probe(STR(QUIC_NEGOTIATION), 443, 50000), PROBE_NO);
	assert_int_equal(probe(STR(QUIC_RETRY), 443, 50000), PROBE_NO);
	assert_int_equal(probe(STR("\xc0\x00\x00\x00\x01"), 50000, 443), PROBE_NO);
	for (size_t n = 0; n < sizeof(QUIC_CLIENT) - 1; n++)
		assert_int_equal(probe((struct str){ QUIC_CLIENT, n }, 50000, 443), PROBE_NO);
}

TEST_MAIN
