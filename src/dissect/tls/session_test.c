// SPDX-License-Identifier: Apache-2.0
/*
 * Handshakes over TCP: which messages become one record, wherever records and holes cut them, and
 * when the stream is left alone. Each runs whole and byte by byte (play.h).
 */
#define PLAY_DISSECTOR tls_dissector
#include "play.h"
#include "tls/tls.h"
#include "tls_samples.h"

#define HELLO_12  RECORD("\x00\x74") CLIENT_HELLO_12
#define ANSWER_12 RECORD("\x00\x35") SERVER_HELLO_12
#define HELLO_13  RECORD("\x00\xc4") CLIENT_HELLO_13
#define ANSWER_13 RECORD("\x00\x5a") SERVER_HELLO_13
#define CHAIN     RECORD("\x04\x22") SERVER_CERTIFICATE
#define EXCHANGE  RECORD("\x00\x3c") KEY_EXCHANGE_X25519
#define DONE      RECORD("\x00\x04") SERVER_HELLO_DONE
#define SEALED    CHANGE_CIPHER_SPEC FINISHED

static void expect_over(int over)
{
	assert_int_equal(played->over, over);
}

/* ---- Whole handshakes ------------------------------------------------------------------------ */

TEST(a_handshake_of_tls_1_3_is_told_from_its_hellos)
{
	PLAY(C(HELLO_13), S(ANSWER_13 CHANGE_CIPHER_SPEC DATA), C(CHANGE_CIPHER_SPEC DATA));

	expect_rows(1);
	expect_row(0, "tls.sni=server tls.version=TLS tls.cipher=TLS_AES_128_GCM_SHA256 "
		      "tls.group=x25519 tls.transport=tcp tls.resumed=false tls.latency=1000000 "
		      "tls.state=complete tls.ech=false !tls.retry !tls.weak !tls.anomalies "
		      "!tls.certificates !tls.alpn !tls.quic_version");
	expect_over(FAKE_DONE);
	assert_int_equal(played->ds.messages, 2);
}

TEST(a_full_handshake_of_tls_1_2_is_told_with_its_certificate)
{
	PLAY(C(HELLO_12), S(ANSWER_12 CHAIN EXCHANGE DONE), C(SEALED), S(SEALED));

	expect_rows(1);
	expect_row(0,
		   "tls.sni=shop.example tls.alpn=h2 tls.client.alpn=h2,http/1.1 "
		   "tls.cipher=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 tls.group=x25519 "
		   "tls.certificates=2 tls.certificate.serial=1234 tls.certificate.key=RSA "
		   "tls.certificate.names=shop.example,192.0.2.7,2001:db8::1,api.example "
		   "tls.certificate.signature=RSA-SHA1 tls.resumed=false "
		   "tls.weak=rsa-below-2048,sha1-signature,certificate-not-yet-valid,self-signed "
		   "!tls.anomalies");
	expect_over(FAKE_DONE);
	assert_int_equal(played->ds.messages, 5);
}

TEST(a_resumed_handshake_says_so)
{
	PLAY(C(HELLO_12), S(ANSWER_12 SEALED), C(SEALED));

	expect_row(0, "tls.resumed=true tls.state=complete !tls.certificates");
	expect_over(FAKE_DONE);
}

TEST(a_client_certificate_is_told_beside_the_servers)
{
	PLAY(C(HELLO_12), S(ANSWER_12 CHAIN DONE), C(RECORD("\x01\x76") CLIENT_CERTIFICATE SEALED),
	     S(SEALED));

	expect_row(0, "tls.certificate.serial=1234 tls.client.subject=CN=client "
		      "tls.certificates=2");
}

TEST(an_old_version_and_cipher_are_weak)
{
	PLAY(C(RECORD("\x00\x2f") CLIENT_HELLO_10), S(RECORD("\x00\x2a") SERVER_HELLO_10));

	expect_row(0, "tls.cipher=TLS_RSA_WITH_RC4_128_SHA tls.weak=tls1.0,rc4 !tls.sni "
		      "!tls.client.extensions");
}

/* ---- Messages and records -------------------------------------------------------------------- */

TEST(messages_share_a_record)
{
	PLAY(C(HELLO_12),
	     S(RECORD("\x04\x97")
		       SERVER_HELLO_12 SERVER_CERTIFICATE KEY_EXCHANGE_X25519 SERVER_HELLO_DONE));

	expect_row(0, "tls.certificate.serial=1234 tls.group=x25519 tls.state=complete "
		      "!tls.anomalies");
	assert_int_equal(played->ds.messages, 5);
}

TEST(a_message_lies_across_records)
{
	static const char hello[] = CLIENT_HELLO_12;
	char bytes[2 * 5 + sizeof(hello) - 1];
	struct event events[] = { { SEND, FROM_CLIENT, { bytes, sizeof(bytes) }, 0 },
				  S(ANSWER_12),
				  { END, 0, { 0 }, 0 } };

	for (size_t cut = 1; cut < sizeof(hello) - 1; cut++) {
		memcpy(bytes, "\x16\x03\x01\x00", 4);
		bytes[4] = (char)cut;
		memcpy(bytes + 5, hello, cut);
		memcpy(bytes + 5 + cut, "\x16\x03\x01\x00", 4);
		bytes[9 + cut] = (char)(sizeof(hello) - 1 - cut);
		memcpy(bytes + 10 + cut, hello + cut, sizeof(hello) - 1 - cut);
		play_twice(events, true, DISSECT_OPEN_MAX);

		expect_rows(1);
		expect_row(0, "tls.sni=shop.example tls.state=complete !tls.anomalies");
	}
}

/* ---- Asked again ----------------------------------------------------------------------------- */

#define RETRY RECORD("\x00\x38") HELLO_RETRY
#define AGAIN RECORD("\x00\x57") CLIENT_HELLO_AGAIN

TEST(a_hello_that_is_asked_for_again_is_a_second_record)
{
	PLAY(C(HELLO_13), S(RETRY CHANGE_CIPHER_SPEC), C(CHANGE_CIPHER_SPEC AGAIN), S(ANSWER_13),
	     C(DATA));

	expect_rows(2);
	expect_row(0, "tls.sni=server tls.retry=true tls.group=secp256r1 tls.state=complete");
	expect_row(1, "tls.sni=shop.example !tls.retry tls.group=x25519 tls.state=complete "
		      "tls.client.groups=GREASE,secp256r1");
	expect_over(FAKE_DONE);
}

TEST(early_data_before_the_answer_do_not_end_the_handshake)
{
	PLAY(C(HELLO_13 CHANGE_CIPHER_SPEC DATA), S(RETRY), C(AGAIN), S(ANSWER_13), C(DATA));

	expect_rows(2);
	expect_row(1, "tls.sni=shop.example tls.state=complete");
}

TEST(what_is_encrypted_is_not_taken_for_a_hello)
{
	PLAY(C(HELLO_12 CHANGE_CIPHER_SPEC "\x16\x03\x03\x00\x10\x01\x00\x00\x0c"
					   "abcdefghijkl" DATA));

	expect_rows(1);
	expect_row(0, "tls.state=no-server-hello !tls.anomalies");
}

/* ---- One side, wrong order ------------------------------------------------------------------- */

TEST(a_client_alone_is_told_without_its_answer)
{
	PLAY(C(HELLO_13), C(CHANGE_CIPHER_SPEC DATA));

	expect_row(0, "tls.state=no-server-hello tls.version=TLS !tls.cipher !tls.latency");
}

TEST(a_server_alone_is_told_without_its_question)
{
	PLAY_MIDSTREAM(S(ANSWER_12 CHAIN EXCHANGE DONE SEALED));

	expect_rows(1);
	expect_row(0, "tls.state=no-client-hello tls.alpn=h2 tls.certificate.serial=1234 !tls.ja3 "
		      "!tls.latency");
}

TEST(sides_in_the_wrong_order_pair)
{
	PLAY(S(ANSWER_12 CHAIN DONE), C(HELLO_12 SEALED), S(SEALED));

	expect_rows(1);
	expect_row(0, "tls.sni=shop.example tls.state=complete tls.certificate.serial=1234");
	expect_over(FAKE_DONE);
}

TEST(a_second_hello_without_being_asked_waits_for_a_second_answer)
{
	PLAY(C(HELLO_12 HELLO_13), S(ANSWER_12));

	expect_rows(2);
	expect_row(0, "tls.sni=shop.example tls.state=complete");
	expect_row(1, "tls.sni=server tls.state=no-server-hello");
}

/* Each alert looks for its row: there are not many to look at. */
TEST(of_many_hellos_without_an_answer_the_first_gives_up)
{
	struct event events[TLS_WAITING_MAX + 3];
	size_t n = 0;

	events[n++] = (struct event)C(HELLO_13);
	for (unsigned i = 0; i < TLS_WAITING_MAX; i++)
		events[n++] = (struct event)C(HELLO_12);
	events[n++] = (struct event)S(ANSWER_12);
	events[n++] = (struct event){ END, 0, { 0 }, 0 };
	play_twice(events, true, DISSECT_OPEN_MAX);

	expect_rows(TLS_WAITING_MAX + 1);
	expect_row(0, "tls.sni=server tls.state=no-server-hello");
	expect_row(1, "tls.sni=shop.example tls.state=complete");
	expect_row(2, "tls.sni=shop.example tls.state=no-server-hello");
}

TEST(one_side_is_not_followed_for_ever)
{
	static char data[16 * KIB + 5] = "\x17\x03\x03\x40";
	struct event events[20] = { S(ANSWER_12 CHAIN DONE SEALED) };

	for (unsigned i = 1; i < 18; i++)
		events[i] = (struct event){ SEND, FROM_SERVER, { data, sizeof(data) }, 0 };
	play_twice(events, false, DISSECT_OPEN_MAX);

	expect_rows(1);
	expect_over(FAKE_DONE);
}

/* ---- Alerts ---------------------------------------------------------------------------------- */

TEST(a_fatal_alert_ends_the_handshake)
{
	PLAY(C(HELLO_12), S(ALERT_HANDSHAKE_FAILURE));

	expect_row(0, "tls.alerts=server tls.state=no-server-hello");
	assert_true(str_contains((struct str){ played->text, played->text_n },
				 STR("tls.alerts=server fatal handshake_failure")));
	expect_over(FAKE_DONE);
}

TEST(a_warning_does_not)
{
	PLAY(C(HELLO_12), S(ALERT_UNRECOGNIZED_NAME ANSWER_12 SEALED), C(SEALED));

	expect_row(0, "tls.alerts=server tls.state=complete");
	assert_true(str_contains((struct str){ played->text, played->text_n },
				 STR("tls.alerts=server warning unrecognized_name")));
}

TEST(an_encrypted_alert_says_nothing)
{
	PLAY(C(HELLO_12 CHANGE_CIPHER_SPEC "\x15\x03\x03\x00\x02\x02\x28"), S(ANSWER_12 SEALED));

	expect_row(0, "!tls.alerts tls.state=complete");
}

/* ---- Holes and defects ----------------------------------------------------------------------- */

TEST(a_hole_in_a_certificate_costs_the_certificate)
{
	PLAY(C(HELLO_12), S(ANSWER_12 RECORD("\x04\x22") "\x0b\x00\x04\x1e"), S_HOLE(1000),
	     S("0123456789012345678901234567890123456789012345678901"
	       "01"),
	     S(EXCHANGE SEALED), C(SEALED));

	expect_rows(1);
	expect_row(0, "tls.anomalies=hole tls.group=x25519 tls.state=complete tls.resumed=false "
		      "!tls.certificates");
	expect_over(FAKE_DONE);
}

TEST(a_hole_beyond_a_record_costs_what_follows)
{
	PLAY(C(HELLO_12), S(ANSWER_12), S_HOLE(3000), S("anything"), C(SEALED));

	expect_rows(1);
	expect_row(0, "tls.anomalies=hole tls.state=complete tls.sni=shop.example");
	expect_over(FAKE_DONE);
}

TEST(behind_a_hole_a_hello_is_found_again)
{
	PLAY(C(HELLO_12), S_HOLE(30), S("\x16?\x16\x03" ANSWER_12));

	expect_row(0, "tls.anomalies=hole tls.state=complete tls.alpn=h2");
}

TEST(what_was_said_to_a_proxy_is_passed_over)
{
	PLAY_MIDSTREAM(C(HELLO_12), S("\x00\x5a\x00\x00\x00\x00\x00\x00"), S(ANSWER_12));

	expect_row(0, "tls.state=complete !tls.anomalies");
}

TEST(another_protocol_in_answer_is_rejected)
{
	PLAY(C(HELLO_12), S("HTTP/1.1 400 Bad Request\r\n"));

	expect_row(0, "tls.state=no-server-hello tls.anomalies=malformed-record");
	expect_over(FAKE_REJECTED);
}

TEST(a_message_of_64_kib_is_passed_over)
{
	static char record[5 + 16 * KIB] = "\x16\x03\x01\x40\x00\x0b\x00\xff\xf1";
	struct event events[] = { C(HELLO_12),
				  S(ANSWER_12),
				  { SEND, FROM_SERVER, { record, sizeof(record) }, 0 },
				  { END, 0, { 0 }, 0 } };

	play_twice(events, true, DISSECT_OPEN_MAX);
	expect_row(0, "tls.anomalies=message-too-long");

	record[8] = (char)0xf0;
	play_twice(events, true, DISSECT_OPEN_MAX);
	expect_row(0, "!tls.anomalies");
}

/* ---- SSL 2.0 --------------------------------------------------------------------------------- */

TEST(a_hello_in_the_form_of_ssl_2_asks_for_ssl_3)
{
	PLAY(C(CLIENT_HELLO_V2), S(RECORD("\x00\x2a") SERVER_HELLO_10));

	expect_rows(1);
	expect_row(0, "tls.state=complete tls.client.ciphers=SSL_CK_DES_192_EDE3_CBC_WITH_MD5,"
		      "SSL_CK_IDEA_128_CBC_WITH_MD5,TLS_RSA_WITH_RC4_128_SHA "
		      "tls.cipher=TLS_RSA_WITH_RC4_128_SHA !tls.ja3 !tls.ja4");
}

TEST(ssl_2_is_told_with_its_certificate)
{
	PLAY(C(CLIENT_HELLO_V2_ONLY), S(SERVER_HELLO_V2));

	expect_rows(1);
	expect_row(0, "tls.version=SSL tls.cipher=SSL_CK_DES_192_EDE3_CBC_WITH_MD5 "
		      "tls.certificate.key=EC tls.state=complete");
	expect_over(FAKE_DONE);
}

/* ---- Recognising ----------------------------------------------------------------------------- */

static void expect_probe(struct str bytes, enum dissect_probe at_the_end)
{
	for (size_t n = 1; n < bytes.n; n++) {
		enum dissect_probe a = tls_dissector.probe(str_head(bytes, n));

		assert_true(a == PROBE_MORE || a == at_the_end);
	}
	assert_int_equal(tls_dissector.probe(bytes), at_the_end);
}

TEST(hellos_are_recognised_by_their_side)
{
	expect_probe(STR(HELLO_12), PROBE_FROM_CLIENT);
	expect_probe(STR(HELLO_13), PROBE_FROM_CLIENT);
	expect_probe(STR(ANSWER_13), PROBE_FROM_SERVER);
	expect_probe(STR(CLIENT_HELLO_V2), PROBE_FROM_CLIENT);
	expect_probe(STR(CLIENT_HELLO_V2_ONLY), PROBE_FROM_CLIENT);
	expect_probe(STR(SERVER_HELLO_V2), PROBE_FROM_SERVER);
	expect_probe(STR("\x16\x03\x01\x00\x01\x01"), PROBE_FROM_CLIENT);
}

TEST(other_bytes_are_not)
{
	expect_probe(STR("GET / HTTP/1.1\r\n"), PROBE_NO);
	expect_probe(STR(DATA), PROBE_NO);
	expect_probe(STR(ALERT_HANDSHAKE_FAILURE), PROBE_NO);
	expect_probe(STR("\x16\x03\x01\x00\x00"), PROBE_NO);
	expect_probe(STR("\x16\x03\x01\x48\x01\x01"), PROBE_NO);
	expect_probe(STR("\x16\x03\x05\x00\xc4\x01"), PROBE_NO);
	expect_probe(STR("\x16\x03\x01\x00\xc4\x0b\x00\x00\xc0\x03\x03"), PROBE_NO);
	expect_probe(STR("\x16\x03\x01\x00\xc4\x01\x00\x00\x10\x03\x03"), PROBE_NO);
	expect_probe(STR("\x16\x03\x01\x00\xc4\x01\x01\x00\xc0\x03\x03"), PROBE_NO);
	expect_probe(STR("\x16\x03\x01\x00\xc4\x01\x00\x00\xc0\x04\x03"), PROBE_NO);
	expect_probe(STR("\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x11\x01\x00"), PROBE_NO);
}

TEST_MAIN
