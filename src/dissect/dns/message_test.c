// SPDX-License-Identifier: Apache-2.0
/*
 * What is in a message: names, records of each form, EDNS, and what is malformed.
 */
#include "dissect/dns/dns_test.h"
#include "dissect/dns/message.h"

/* ---- Names ----------------------------------------------------------------------------------- */

static char text_bytes[ANSWER_TEXT_MAX];

/* The name at `at` of header and bytes, as text; *wrong is the anomaly. */
static struct str read_at(struct str bytes, size_t at, uint32_t *wrong, size_t *behind)
{
	static char message[HEADER_BYTES + 1024];
	struct text t = { .p = text_bytes, .max = sizeof(text_bytes) };

	memcpy(message + HEADER_BYTES, bytes.p, bytes.n);
	*behind = HEADER_BYTES + at;
	*wrong = dns_name_read((struct str){ message, HEADER_BYTES + bytes.n }, behind, &t);
	*behind -= HEADER_BYTES;
	return text_str(&t);
}

TEST(names_are_text_with_escapes)
{
	static const struct {
		struct str bytes;
		const char *text;
	} names[] = {
		{ { "\0", 1 }, "." },
		{ { "\3www\7Example\3org\0", 17 }, "www.Example.org" },
		{ { "\3a.b\1\\\3\0 \377\0", 11 }, "a\\.b.\\\\.\\000\\032\\255" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		uint32_t wrong;
		size_t behind;
		struct str s = read_at(names[i].bytes, 0, &wrong, &behind);

		assert_int_equal(wrong, 0);
		assert_true(str_eq(s, str_of(names[i].text)));
		assert_int_equal(behind, names[i].bytes.n);
	}
}

TEST(pointers_lead_back)
{
	uint32_t wrong;
	size_t behind;

	assert_str(read_at(STR("\3org\0"
			       "\1a\300\x0c"
			       "\1b\300\x11"),
			   9, &wrong, &behind),
		   "b.a.org");
	assert_int_equal(wrong, 0);
	assert_int_equal(behind, 13);
}

TEST(what_could_loop_or_leave_the_message_is_refused)
{
	static const struct {
		struct str bytes;
		size_t at;
		uint32_t wrong;
		size_t behind;
	} names[] = {
		{ { "\300\x0c", 2 }, 0, ANOMALY_NAME_FORWARD, 2 },         /* itself */
		{ { "\1a\300\x0c", 4 }, 0, ANOMALY_NAME_FORWARD, 4 },      /* its own labels */
		{ { "\300\x0e\300\x0c", 4 }, 0, ANOMALY_NAME_FORWARD, 2 }, /* one another */
		{ { "\300\x0e\300\x0c", 4 }, 2, ANOMALY_NAME_FORWARD, 4 },
		{ { "\377\377", 2 }, 0, ANOMALY_NAME_FORWARD, 2 },
		{ { "\300\x0b", 2 }, 0, ANOMALY_NAME_HEADER, 2 },
		{ { "\100x\0", 3 }, 0, ANOMALY_NAME_LABEL, 0 },
		{ { "\200x\0", 3 }, 0, ANOMALY_NAME_LABEL, 0 },
		{ { "\3ab", 3 }, 0, ANOMALY_NAME_CUT, 0 },
		{ { "\2ab", 3 }, 0, ANOMALY_NAME_CUT, 0 },
		{ { "\300", 1 }, 0, ANOMALY_NAME_CUT, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		uint32_t wrong;
		size_t behind;

		(void)read_at(names[i].bytes, names[i].at, &wrong, &behind);
		assert_int_equal(wrong, names[i].wrong);
		assert_int_equal(behind, names[i].behind);
	}
}

TEST(a_name_has_at_most_255_bytes)
{
	static char bytes[512];
	uint32_t wrong;
	size_t behind;

	for (size_t i = 0; i < 4; i++)
		bytes[64 * i] = 63;
	bytes[192] = 61; /* 3 * 64 + 62 and the root */
	bytes[254] = 0;
	(void)read_at((struct str){ bytes, sizeof(bytes) }, 0, &wrong, &behind);
	assert_int_equal(wrong, 0);
	assert_int_equal(behind, 255);

	bytes[192] = 62;
	bytes[255] = 0;
	(void)read_at((struct str){ bytes, sizeof(bytes) }, 0, &wrong, &behind);
	assert_int_equal(wrong, ANOMALY_NAME_LONG);
}

TEST(a_name_has_at_most_64_jumps)
{
	static char bytes[1 + 2 * 65];
	uint32_t wrong;
	size_t behind;

	for (size_t i = 0; i < 65; i++) { /* each to the one before it */
		size_t to = HEADER_BYTES + (i ? 2 * i - 1 : 0);

		bytes[1 + 2 * i] = (char)(0xc0 | to >> 8);
		bytes[2 + 2 * i] = (char)to;
	}

	assert_str(read_at((struct str){ bytes, sizeof(bytes) }, 1 + 2 * 63, &wrong, &behind), ".");
	assert_int_equal(wrong, 0);
	(void)read_at((struct str){ bytes, sizeof(bytes) }, 1 + 2 * 64, &wrong, &behind);
	assert_int_equal(wrong, ANOMALY_NAME_JUMPS);
	assert_int_equal(behind, 1 + 2 * 65);
}

/* ---- Records --------------------------------------------------------------------------------- */

/* A record of a type with rdata behind the question example.org; *wrong as dns_show_record().
 */
static struct str shown(unsigned type, unsigned class, struct str rdata, uint32_t *wrong)
{
	static char message[1024] = ANSWER;
	size_t at = HEADER_BYTES + 17 + 2;
	struct text t = { .p = text_bytes, .max = sizeof(text_bytes) };
	const char head[] = {
		(char)(type >> 8),    (char)type,   (char)(class >> 8), (char)class, 0, 0, 0, 0,
		(char)(rdata.n >> 8), (char)rdata.n
	};

	memcpy(message + at, head, sizeof(head));
	memcpy(message + at + sizeof(head), rdata.p, rdata.n);
	*wrong = dns_show_record(&t, (struct str){ message, at + sizeof(head) + rdata.n }, at);
	return text_str(&t);
}

#define R(lit)                                                                                     \
	{                                                                                          \
		"" lit, sizeof(lit) - 1                                                            \
	}

TEST(records_are_shown_by_the_form_of_their_type)
{
	static const struct {
		unsigned type;
		struct str rdata;
		const char *text;
	} records[] = {
		{ 1, R("\300\0\2\1"), "A 192.0.2.1" },
		{ 28, R("\40\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"), "AAAA 2001:db8::1" },
		{ 5, R("\1x" ASKED), "CNAME x.example.org" },
		{ 2, R("\0"), "NS ." },
		{ 12, R(ASKED), "PTR example.org" },
		{ 15, R("\0\12" ASKED), "MX 10 example.org" },
		{ 6,
		  R("\1a" ASKED "\1b" ASKED "\0\0\1\0"
		    "aaaabbbbccccdddd"),
		  "SOA a.example.org 256" },
		{ 33, R("\0\0\0\5\1\273\1x\0"), "SRV 0 5 443 x" },
		{ 16, R("\6secret"), "TXT 7 bytes" },
		{ 35, R("\0\1\0\2\1u\3sip\0" ASKED), "NAPTR 1 2 example.org" },
		{ 257, R("\0\5issueca.example"), "CAA 0 issue 10 bytes" },
		{ 43, R("\0\1\15\2digest"), "DS 1 13 2 6 bytes" },
		{ 48, R("\1\1\3\15key"), "DNSKEY 257 3 13 3 bytes" },
		{ 46, R("\0\1\15\2ttttexpiinceid" ASKED "signature"), "RRSIG A 13 example.org" },
		{ 47, R(ASKED "\0\1\100"), "NSEC example.org" },
		{ 50, R("\1\0\0\12salt"), "NSEC3 1 0 10 4 bytes" },
		{ 51, R("\1\0\0\12\0"), "NSEC3PARAM 1 0 10 1 byte" },
		{ 52, R("\3\1\1hash"), "TLSA 3 1 1 4 bytes" },
		{ 44, R("\4\2fp"), "SSHFP 4 2 2 bytes" },
		{ 256, R("\0\1\0\2https://x"), "URI 1 2 9 bytes" },
		{ 13, R("\1a\1b"), "HINFO 4 bytes" },
		{ 39, R("\1x\0"), "DNAME x" },
		{ 29, R("\0\0\0\0aaaabbbbcccc"), "LOC 16 bytes" },
		{ 62347, R("?"), "TYPE62347 1 byte" },
		{ 1, R(""), "A" },
		{ 65,
		  R("\0\1\0"
		    "\0\1\0\6\2h2\2h3"
		    "\0\4\0\10\300\0\2\1\300\0\2\2"
		    "\0\5\0\3ech"
		    "\0\3\0\2\1\273"
		    "\0\2\0\0"
		    "\0\11\0\1x"),
		  "HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1,192.0.2.2 ech=3 bytes port=443 "
		  "no-default-alpn key9=1 byte" },
		{ 64, R("\0\0\1x\0"), "SVCB 0 x" },
	};

	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		uint32_t wrong;
		struct str s = shown(records[i].type, CLASS_IN, records[i].rdata, &wrong);

		if (!str_eq(s, str_of(records[i].text)))
			fail_msg("%.*s is not %s", STR_FMT(s), records[i].text);
		assert_int_equal(wrong, 0);
	}
}

TEST(a_class_other_than_the_internet_is_shown)
{
	uint32_t wrong;

	assert_str(shown(16, 3, STR("\1x"), &wrong), "CH TXT 2 bytes");
	assert_str(shown(1, 3, STR("\1x\0\0\1"), &wrong), "CH A 5 bytes");
	assert_str(shown(1, 254, STR("\300\0\2\1"), &wrong), "NONE A 192.0.2.1");
	assert_str(shown(1, 9, STR(""), &wrong), "CLASS9 A");
	assert_str(shown(1, 0x8001, STR("\300\0\2\1"), &wrong), "A 192.0.2.1");
}

TEST(rdata_without_the_form_of_its_type_is_told_by_its_length)
{
	static const struct {
		unsigned type;
		struct str rdata;
		uint32_t wrong;
	} records[] = {
		{ 1, R("abc"), ANOMALY_RDATA },
		{ 1, R("abcde"), ANOMALY_RDATA },
		{ 5, R("\3ab"), ANOMALY_RDATA },
		{ 5, R("\1x\0y"), ANOMALY_RDATA },
		{ 5, R("\300\x29"), ANOMALY_NAME_FORWARD },
		{ 15, R("\0"), ANOMALY_RDATA },
		{ 65, R("\0\1\0\0\1\0\2\5h2"), ANOMALY_RDATA },
		{ 65, R("\0\1\0\0\4\0\3abc"), ANOMALY_RDATA },
		{ 65, R("\0\1\0\0\3\0\1a"), ANOMALY_RDATA },
		{ 65, R("\0\1\0\0\3"), ANOMALY_RDATA },
		{ 35, R("\0\1\0\2\5u"), ANOMALY_RDATA },
	};

	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		uint32_t wrong;
		struct str s = shown(records[i].type, CLASS_IN, records[i].rdata, &wrong);

		assert_int_equal(wrong, records[i].wrong);
		assert_true(str_ends(s, records[i].rdata.n == 1 ? STR("1 byte") : STR("bytes")));
	}
}

/* ---- EDNS and flags -------------------------------------------------------------------------- */

#define OPT(lo, rest) "\0" W("\51") "\x10\0" rest W(lo)

TEST(edns_is_read_from_the_query_and_widens_the_code_of_the_response)
{
	TALK(40000, 53,
	     CD(ID "\1\x10" COUNTS("\1", "\0", "\0", "\1")
			QUESTION OPT("\25", "\0\0\x80\0") "\0\12\0\10cookie!!"
							  "\0\10\0\0"
							  "\377\376\0\1x"),
	     SD(ID "\x81\xa0" COUNTS("\1", "\0", "\0", "\1") QUESTION OPT("\0", "\1\0\0\0")));

	expect_row(0, "dns.edns_version=0 dns.udp_size=4096 dns.dnssec_ok=true "
		      "dns.edns_options=CLIENT-SUBNET,COOKIE,OTHER dns.checking_disabled=true "
		      "dns.rcode=BADVERS dns.authenticated=true !dns.anomalies");
}

TEST(numbers_without_a_name_are_shown)
{
	TALK(40000, 53,
	     CD(ASK(ID, "\1x\0"
			"\365\0" W("\11"))),
	     SD(ID "\x81\x8c" COUNTS("\1", "\0", "\0", "\0") "\1x\0"
							     "\365\0" W("\11")));

	expect_row(0, "dns.type=TYPE62720 dns.rcode=RCODE12");
	expect_text(0, " dns.question_types=CLASS9 TYPE62720 ");
}

/* ---- What is malformed ----------------------------------------------------------------------- */

TEST(what_is_malformed_has_a_name_and_the_rest_is_told)
{
	static const struct {
		struct str message;
		const char *anomalies;
	} bad[] = {
		{ R(ID "\1\0" COUNTS("\1", "\0", "\0", "\0") "\3ab"), "name-cut,counts-exceed" },
		{ R(ID "\1\0" COUNTS("\1", "\0", "\0", "\0") "\100\0" QUESTION),
		  "label-type,counts-exceed" },
		{ R(ID "\1\0" COUNTS("\1", "\0", "\0", "\0") ASKED W("\1") W("\1")),
		  "pointer-forward" },
		{ R(ID "\1\0" COUNTS("\1", "\0", "\0", "\0") "\300\0" W("\1") W("\1")),
		  "pointer-to-header" },
		{ R(ID "\1\0" COUNTS("\2", "\0", "\0", "\0") QUESTION),
		  "name-cut,counts-exceed,question-count" },
		{ R(QUERY "x"), "trailing-bytes" },
		{ R(ID "\1\x40" COUNTS("\1", "\0", "\0", "\0") QUESTION), "reserved-bit" },
		{ R(ID "\x19\0" COUNTS("\1", "\0", "\0", "\0") QUESTION), "unknown-opcode" },
		{ R(ID "\1\0" COUNTS("\0", "\0", "\0", "\0")), "question-count" },
		{ R(ID "\1\0" COUNTS("\1", "\1", "\0", "\0") QUESTION ADDRESS),
		  "answers-in-query" },
		{ R(ID "\1\0" COUNTS("\1", "\0", "\0", "\2") QUESTION OPT("\0", "\0\0\0\0")
			    OPT("\0", "\0\0\0\0")),
		  "edns-twice" },
		{ R(ID "\1\0" COUNTS("\1", "\0", "\1", "\0") QUESTION OPT("\0", "\0\0\0\0")),
		  "edns-misplaced" },
		{ R(ID "\1\0" COUNTS("\1", "\0", "\0", "\1")
			    QUESTION OPT("\3", "\0\0\0\0") "\0\3\0"),
		  "edns-option" },
		{ R(ID "\1\0" COUNTS("\1", "\0", "\0", "\1") QUESTION OPT("\0", "\0\1\0\0")),
		  "edns-version" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct event events[] = { { DATAGRAM, FROM_CLIENT, bad[i].message, 0 },
					  { END, 0, { 0 }, 0 } };
		char want[128];

		(void)talk_at(events, 40000, 53);
		(void)snprintf(want, sizeof(want), "dns.anomalies=%s dns.transaction=4660",
			       bad[i].anomalies);
		expect_rows(1);
		expect_row(0, want);
	}
}

TEST(answers_before_a_torn_one_are_kept)
{
	TALK(40000, 53, SD(ID "\x81\x80" COUNTS("\1", "\7", "\0", "\0") QUESTION ADDRESS ASKED));

	expect_row(0, "dns.anomalies=counts-exceed dns.answer_count=7");
	expect_text(0, " dns.answers=A 192.0.2.1 ");
}

TEST(a_message_captured_in_part_is_not_malformed)
{
	static const struct event events[] = {
		{ DATAGRAM, FROM_SERVER,
		  R(ID "\x81\x80" COUNTS("\1", "\2", "\0", "\0") QUESTION ADDRESS "\3ab"), 90 },
		{ END, 0, { 0 }, 0 },
	};

	(void)talk_at(events, 40000, 53);

	expect_row(0, "dns.anomalies=captured-in-part dns.answer_count=2");
}

TEST(a_malformed_message_of_a_stream_leaves_those_behind_it)
{
	PLAY(C("\0\x0f" ID "\1\0" COUNTS("\1", "\0", "\0", "\0") "\3ab" QUERY_BYTES QUERY));

	expect_rows(2);
	expect_row(0, "dns.anomalies=name-cut,counts-exceed");
	expect_row(1, "dns.name=example.org !dns.anomalies");
}

TEST(less_than_a_header_is_no_message)
{
	TALK(40000, 53, CD("\x12\x34\1\0\0\1\0\0\0\0\0"));

	expect_rows(0);
	assert_int_equal(played->ds.messages, 0);
}

/* ---- Limits ---------------------------------------------------------------------------------- */

/* A response with n answers "A" behind n questions at most. */
static void play_many(unsigned questions, unsigned answers)
{
	static char message[4096];
	static const char head[] = { 0x12, 0x34, (char)0x81, (char)0x80 };
	static const char question[] = "\1x\0\0\1\0\1", answer[] = "\0\0\1\0\1\0\0\0\1\0\4\1\2\3\4";
	size_t n = HEADER_BYTES;
	struct event events[] = { { DATAGRAM, FROM_SERVER, { message, 0 }, 0 },
				  { END, 0, { 0 }, 0 } };

	memset(message, 0, HEADER_BYTES);
	memcpy(message, head, sizeof(head));
	message[5] = (char)questions;
	message[7] = (char)answers;
	for (unsigned i = 0; i < questions; i++, n += sizeof(question) - 1)
		memcpy(message + n, question, sizeof(question) - 1);
	for (unsigned i = 0; i < answers; i++, n += sizeof(answer) - 1)
		memcpy(message + n, answer, sizeof(answer) - 1);
	events[0].bytes.n = n;
	(void)talk_at(events, 40000, 53);
}

static unsigned count_of(const char *word)
{
	unsigned n = 0;

	for (const char *p = played->text; (p = strstr(p, word)); p++)
		n++;
	return n;
}

TEST(answers_and_questions_are_kept_up_to_a_limit)
{
	play_many(QUESTIONS_MAX, ANSWERS_MAX);
	assert_int_equal(count_of("A 1.2.3.4"), ANSWERS_MAX);
	assert_int_equal(count_of("(cut)"), 0);
	assert_int_equal(count_of(",x"), QUESTIONS_MAX - 1);

	play_many(QUESTIONS_MAX + 1, ANSWERS_MAX + 1);
	assert_int_equal(count_of("A 1.2.3.4"), ANSWERS_MAX);
	assert_int_equal(count_of("(cut)"), 3);
	assert_int_equal(count_of(",x"), QUESTIONS_MAX - 1);
	expect_row(0, "dns.answer_count=33 !dns.anomalies");
}

TEST_MAIN
