// SPDX-License-Identifier: Apache-2.0
/* Rows in JSON and values as text. */
#include <time.h>

#include "record/rig.h"

static struct str json_of(struct rig *r, const struct row_view *v)
{
	struct json_writer w;

	buf_clear(&r->text);
	json_writer_init(&w, &r->text, 0);
	row_write_json(&w, v);
	assert_int_equal(json_writer_end(&w), 0);
	return buf_str(&r->text);
}

static struct ip_addr address(struct str s)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(s, &a), 0);
	return a;
}

TEST(json_begins_with_kind_time_and_id_and_nests_at_the_dots)
{
	const struct row_pair headers[] = { { STR("accept"), STR("*/*") } };
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);

	row_put_time(row, common_time, INT64_C(1700000000000000001));
	row_put_ip(row, common_src_ip, address(STR("192.0.2.1")));
	row_put_u64(row, common_src_port, 40000);
	row_put_str(row, common_src_pod_name, STR("web"));
	row_put_ip(row, common_dst_ip, address(STR("2001:db8::1")));
	row_put_u64(row, common_flow_id, 0xabc);
	row_put_str(row, http_method, STR("GET"));
	row_put_dur(row, http_latency, 1250000);
	row_put_map(row, http_request_headers, headers, 1);
	row_put_u64(row, http_request_body_bytes, 1);
	row_put_u64(row, http_response_body_bytes, 2);
	row_put_enum(row, http_request_framing, 1);
	row_put_enum(row, http_state, 0);

	assert_str(
		json_of(r, rig_commit(r, row)),
		"{\"kind\":\"http\",\"time\":\"2023-11-14T22:13:20.000000001Z\","
		"\"id\":\"a1a2a3a4000000070300000000000001\","
		"\"src\":{\"ip\":\"192.0.2.1\",\"port\":40000,\"pod\":{\"name\":\"web\"}},"
		"\"dst\":{\"ip\":\"2001:db8::1\"},\"flow\":{\"id\":\"0000000000000abc\"},"
		"\"http\":{\"method\":\"GET\",\"latency\":1250000,"
		"\"request\":{\"headers\":{\"accept\":\"*/*\"},\"body_bytes\":1,"
		"\"framing\":\"length\"},\"response\":{\"body_bytes\":2},\"state\":\"complete\"}}");
	rig_free(r);
}

TEST(an_object_that_common_and_own_fields_share_is_written_once)
{
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_FLOW);

	row_put_u64(row, common_flow_id, 1);
	row_put_bool(row, flow_midstream, true);

	assert_str(json_of(r, rig_commit(r, row)),
		   "{\"kind\":\"flow\",\"id\":\"a1a2a3a4000000070300000000000001\","
		   "\"flow\":{\"id\":\"0000000000000001\",\"midstream\":true}}");
	rig_free(r);
}

/* Walks the order of all fields of all kinds: a row with every number present. */
TEST(no_kind_writes_an_object_twice)
{
	struct rig *r = rig_new(MIB);

	for (size_t i = 0; i < RECORD_KINDS; i++) {
		const struct record_kind *kind = record_kind_at(i);
		struct row *row = rig_row(r, kind->id);
		struct str json;

		for (uint16_t slot = 0; slot < kind->slots; slot++)
			if (kind->field[slot].type == FIELD_U64)
				row_put_u64(row, (struct field_u64){ { kind->id, slot } }, 1);
		json = json_of(r, rig_commit(r, row));
		for (uint16_t slot = 0; slot < kind->slots; slot++) {
			struct str rest = str_of(kind->field[slot].name), head;

			while (str_cut(&rest, '.', &head)) {
				char key[64];
				int n = snprintf(key, sizeof(key), "\"%.*s\":{", STR_FMT(head));
				ptrdiff_t at = 0, count = 0;

				for (size_t k = 0; k + (size_t)n <= json.n; k++)
					count += memcmp(json.p + k, key, (size_t)n) == 0;
				/* pod and the like stand in src and in dst. */
				at = kind->field[slot].name == head.p ? 1 : 2;
				if (count > at)
					fail_msg("%s stands %td times in %.*s", key, count,
						 STR_FMT(json));
			}
		}
	}
	rig_free(r);
}

TEST(masked_and_cut_fields_are_listed_last)
{
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);

	rig_mask(r, KIND_HTTP, http_path.ref, MASK_PATH, NULL);
	rig_mask(r, KIND_HTTP, http_query.ref, MASK_QUERY, NULL);
	row_put_str(row, http_path, STR("/1"));
	row_put_str(row, http_query, STR("a=b"));
	row_mark_cut(row, http_query.ref);

	assert_str(json_of(r, rig_commit(r, row)),
		   "{\"kind\":\"http\",\"id\":\"a1a2a3a4000000070300000000000001\","
		   "\"http\":{\"path\":\"/{id}\",\"query\":\"a=[masked]\"},"
		   "\"masked\":[\"http.path\",\"http.query\"],\"cut\":[\"http.query\"]}");
	rig_free(r);
}

TEST(unknown_fields_are_listed_behind_cut_ones)
{
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);

	row_put_unknown(row, http_path);
	row_put_str(row, http_query, STR("a"));
	row_mark_cut(row, http_query.ref);

	assert_str(json_of(r, rig_commit(r, row)),
		   "{\"kind\":\"http\",\"id\":\"a1a2a3a4000000070300000000000001\","
		   "\"http\":{\"path\":\"[unknown]\",\"query\":\"a\"},"
		   "\"cut\":[\"http.query\"],\"unknown\":[\"http.path\"]}");
	rig_free(r);
}

TEST(names_that_repeat_in_a_map_are_one_key_with_all_values)
{
	const struct row_pair headers[] = { { STR("via"), STR("a") },
					    { STR("via2"), STR("x") },
					    { STR("via"), STR("b") },
					    { STR("Via"), STR("c") },
					    { STR("via"), STR("") } };
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);

	row_put_map(row, http_request_headers, headers, ARRAY_LEN(headers));

	assert_true(str_contains(json_of(r, rig_commit(r, row)),
				 STR("{\"via\":\"a, b, \",\"via2\":\"x\",\"Via\":\"c\"}")));
	rig_free(r);
}

TEST(lists_are_arrays_and_unknown_choices_numbers)
{
	static const uint64_t interim[] = { 100, 103 };
	const struct str marks[] = { STR("a"), STR("b") };
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);

	row_put_list_u64(row, http_interim, interim, 2);
	row_put_list_str(row, http_anomalies, marks, 2);
	row_put_enum(row, http_state, 99);

	assert_true(str_contains(
		json_of(r, rig_commit(r, row)),
		STR("{\"interim\":[100,103],\"anomalies\":[\"a\",\"b\"],\"state\":\"99\"}")));
	rig_free(r);
}

TEST(a_row_of_unknown_kind_has_its_number_and_common_fields)
{
	struct rig *r = rig_new(4096);
	struct row *row = rig_row(r, KIND_GAP);
	char bytes[256];
	size_t n;

	row_put_str(row, common_node, STR("n1"));
	row_put_u64(row, gap_frames, 3);
	n = rig_commit(r, row)->bytes.n;
	memcpy(bytes, r->view.bytes.p, n);
	bytes[4] = 77;
	assert_int_equal(row_view((struct str){ bytes, n }, &r->view), 0);

	assert_str(json_of(r, &r->view),
		   "{\"kind\":\"77\",\"id\":\"a1a2a3a4000000070300000000000001\",\"node\":\"n1\"}");
	rig_free(r);
}

/* ---- Text ------------------------------------------------------------------------------------ */

static struct str text_of(struct rig *r, struct field_ref ref, const struct row_value *v)
{
	buf_clear(&r->text);
	row_value_text(&record_kind_by_id(ref.kind ? ref.kind : KIND_HTTP)->field[ref.slot], v,
		       &r->text);
	return buf_str(&r->text);
}

static struct str text_of_str(struct rig *r, struct str s)
{
	struct row_value v = { .type = FIELD_STR, .s = s };

	return text_of(r, http_host.ref, &v);
}

TEST(values_read_as_people_write_them)
{
	struct rig *r = rig_new(4096);

	assert_str(text_of(r, common_flow_id.ref,
			   &(struct row_value){ .type = FIELD_U64, .u = 0xabc }),
		   "0000000000000abc");
	assert_str(text_of(r, http_status.ref, &(struct row_value){ .type = FIELD_U64, .u = 404 }),
		   "404");
	assert_str(text_of(r, http_latency.ref,
			   &(struct row_value){ .type = FIELD_DUR, .i = 1250000 }),
		   "1.25ms");
	assert_str(text_of(r, common_time.ref, &(struct row_value){ .type = FIELD_TIME, .i = 1 }),
		   "1970-01-01T00:00:00.000000001Z");
	assert_str(text_of(r, common_src_ip.ref,
			   &(struct row_value){ .type = FIELD_IP, .ip = address(STR("10.1.2.3")) }),
		   "10.1.2.3");
	assert_str(text_of(r, http_state.ref, &(struct row_value){ .type = FIELD_ENUM, .u = 1 }),
		   "no-response");
	assert_str(text_of(r, http_state.ref, &(struct row_value){ .type = FIELD_ENUM, .u = 44 }),
		   "44");
	assert_str(text_of(r, flow_midstream.ref, &(struct row_value){ .type = FIELD_BOOL }),
		   "false");
	assert_str(text_of(r, http_status.ref, &(struct row_value){ .type = FIELD_F64, .f = 0.1 }),
		   "0.1");
	assert_str(text_of(r, http_status.ref, &(struct row_value){ .type = FIELD_I64, .i = -1 }),
		   "-1");
	rig_free(r);
}

TEST(lists_and_maps_read_as_one_line)
{
	const struct row_pair headers[] = { { STR("a"), STR("1") }, { STR("b\n"), STR("2") } };
	const struct str marks[] = { STR("x"), STR("y\x1b") };
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);
	struct row_value v;

	row_put_map(row, http_request_headers, headers, 2);
	row_put_list_str(row, http_anomalies, marks, 2);
	(void)rig_commit(r, row);

	v = rig_value(&r->view, http_request_headers.ref);
	assert_str(text_of(r, http_request_headers.ref, &v), "a: 1, b\\x0a: 2");
	v = rig_value(&r->view, http_anomalies.ref);
	assert_str(text_of(r, http_anomalies.ref, &v), "x, y\\x1b");
	rig_free(r);
}

TEST(text_of_others_cannot_command_a_terminal)
{
	static const struct {
		const char *in, *out;
	} samples[] = {
		{ "plain", "plain" },
		{ "\x1b[31m", "\\x1b[31m" },
		{ "a\tb\r\n", "a\\x09b\\x0d\\x0a" },
		{ "\x7f", "\\x7f" },
		{ "c:\\x", "c:\\\\x" },
		{ "stra\xc3\x9f"
		  "e",
		  "stra\xc3\x9f"
		  "e" },
		{ "\xe4\xb8\xad\xf0\x9f\x98\x80", "\xe4\xb8\xad\xf0\x9f\x98\x80" },
		{ "\xc2\x9b"
		  "31m",
		  "\\xc2\\x9b31m" },                   /* C1 CSI */
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae" }, /* right-to-left override */
		{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" }, /* isolate */
		{ "\xe2\x80\xa8", "\\xe2\\x80\\xa8" }, /* line separator */
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "\xc0\xaf", "\\xc0\\xaf" },          /* overlong */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* surrogate */
		{ "\xe2\x82", "\\xe2\\x82" },          /* unfinished */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
	};
	struct rig *r = rig_new(4096);

	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		if (!str_eq(text_of_str(r, str_of(samples[i].in)), str_of(samples[i].out)))
			fail_msg("sample %zu became %.*s", i, STR_FMT(buf_str(&r->text)));
	rig_free(r);
}

TEST(a_nul_within_a_text_is_shown)
{
	struct rig *r = rig_new(4096);

	assert_str(text_of_str(r, (struct str){ "a\0b", 3 }), "a\\x00b");
	rig_free(r);
}

/* Names of a map with one hash, where the seed is known: enough to fill a value. */
#define SAME_NAMES 600

static void make_names(struct row_pair *pair, char (*text)[8], bool same)
{
	uint64_t serial = 0;

	for (size_t i = 0; i < SAME_NAMES; serial++) {
		for (size_t k = 0; k < 5; k++)
			text[i][k] = (char)('a' + (serial >> (4 * k)) % 16);
		if (same && hash_bytes(text[i], 5, 0) % 2048 != 0)
			continue;
		pair[i] = (struct row_pair){ { text[i], 5 }, STR("") };
		i++;
	}
}

static int64_t time_of_json(bool same)
{
	static char text[SAME_NAMES][8];
	static struct row_pair pair[SAME_NAMES];
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);
	int64_t least = INT64_MAX;
	const struct row_view *v;

	make_names(pair, text, same);
	row_put_map(row, http_request_headers, pair, SAME_NAMES);
	v = rig_commit(r, row);
	for (unsigned i = 0; i < 5; i++) {
		struct timespec from, to;
		int64_t took;

		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		(void)json_of(r, v);
		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		took = (to.tv_sec - from.tv_sec) * NS_PER_S + to.tv_nsec - from.tv_nsec;
		least = took < least ? took : least;
	}
	rig_free(r);
	return least;
}

TEST(names_cannot_be_chosen_to_have_one_place)
{
	assert_true(time_of_json(true) < 8 * time_of_json(false));
}

TEST_MAIN
