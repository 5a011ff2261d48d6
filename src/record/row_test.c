// SPDX-License-Identifier: Apache-2.0
/* Rows through the ring: what was put comes out, limits at their edges, losses are counted, and a
 * row that contradicts itself is refused. */
#include "record/rig.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ip_addr an_address(void)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(STR("192.0.2.7"), &a), 0);
	return a;
}

TEST(every_type_comes_back_as_it_was_put)
{
	static const uint64_t links[] = { 1, 113, UINT64_MAX };
	const struct row_pair vlans[] = { { STR("7"), STR("20") }, { STR(""), STR("") } };
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_CAPTURE);
	const struct row_view *v;
	struct row_value value;
	struct row_pair pair;
	size_t pos = 0;
	uint64_t u;

	row_put_time(row, common_time, -5);
	row_put_str(row, common_observer, STR("eth0"));
	row_put_ip(row, common_src_ip, an_address());
	row_put_enum(row, capture_format, 1);
	row_put_u64(row, capture_packets, UINT64_MAX);
	row_put_bool(row, capture_truncated, true);
	row_put_map(row, capture_vlans, vlans, 2);
	row_put_list_u64(row, capture_links, links, 3);
	v = rig_commit(r, row);

	assert_int_equal(v->fields, 8);
	assert_int_equal(rig_value(v, common_time.ref).i, -5);
	assert_str(rig_value(v, common_observer.ref).s, "eth0");
	value = rig_value(v, common_src_ip.ref);
	assert_memory_equal(value.ip.b, an_address().b, 16);
	assert_int_equal(rig_value(v, capture_format.ref).u, 1);
	assert_true(rig_value(v, capture_packets.ref).u == UINT64_MAX);
	assert_true(rig_value(v, capture_truncated.ref).b);
	value = rig_value(v, capture_vlans.ref);
	assert_int_equal(value.n, 2);
	assert_true(row_value_next_pair(&value, &pos, &pair));
	assert_str(pair.name, "7");
	assert_str(pair.value, "20");
	assert_true(row_value_next_pair(&value, &pos, &pair));
	assert_int_equal(pair.name.n + pair.value.n, 0);
	assert_false(row_value_next_pair(&value, &pos, &pair));
	value = rig_value(v, capture_links.ref);
	pos = 0;
	for (size_t i = 0; i < 3; i++) {
		assert_true(row_value_next_u64(&value, &pos, &u));
		assert_true(u == links[i]);
	}
	assert_false(row_value_next_u64(&value, &pos, &u));
	rig_free(r);
}

TEST(a_list_of_texts_comes_back)
{
	const struct str marks[] = { STR("te-and-cl"), STR(""), STR("bare-lf") };
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);
	struct row_value value;
	struct str s;
	size_t pos = 0;

	row_put_list_str(row, http_anomalies, marks, 3);
	value = rig_value(rig_commit(r, row), http_anomalies.ref);

	assert_int_equal(value.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true(row_value_next_str(&value, &pos, &s));
		assert_true(str_eq(s, marks[i]));
	}
	assert_false(row_value_next_str(&value, &pos, &s));
	rig_free(r);
}

TEST(getters_answer_by_handle_and_only_for_their_kind)
{
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);
	const struct row_view *v;
	uint64_t u = 0;
	struct str s;

	row_put_u64(row, http_status, 204);
	v = rig_commit(r, row);

	assert_true(row_get_u64(v, http_status, &u));
	assert_int_equal(u, 204);
	assert_false(row_get_str(v, http_method, &s));
	assert_false(row_get_u64(v, flow_src_packets, &u));
	rig_free(r);
}

TEST(values_are_had_by_their_place_in_the_directory_too)
{
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);
	const struct row_view *v;
	struct row_value value;

	row_put_u64(row, http_status, 204);
	row_put_time(row, common_time, -5);
	v = rig_commit(r, row);

	assert_int_equal(v->fields, 2);
	assert_int_equal(row_value_at(v, 0, &value), v->kind->field[common_time.ref.slot].id);
	assert_true(value.type == FIELD_TIME && value.i == -5);
	assert_int_equal(row_value_at(v, 1, &value), v->kind->field[http_status.ref.slot].id);
	assert_true(value.type == FIELD_U64 && value.u == 204);
	rig_free(r);
}

TEST(rows_get_ids_that_count_up)
{
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_GAP);

	for (uint64_t i = 1; i <= 3; i++) {
		const struct row_view *v = rig_commit(r, row);

		assert_true(v->id_hi == (UINT64_C(0xa1a2a3a4) << 32 | 7));
		assert_true(v->id_lo == (UINT64_C(3) << 56 | i));
		assert_int_equal(v->kind_id, KIND_GAP);
		assert_int_equal(v->fields, 0);
	}
	assert_int_equal(r->counters.v[COUNTER_ROWS], 3);
	rig_free(r);
}

TEST(rows_stay_whole_and_in_order_across_the_wrap_of_the_ring)
{
	struct rig *r = rig_new(4096);
	struct row *row = rig_row(r, KIND_GAP);
	uint64_t frames;

	row_put_str(row, gap_reason, STR("drop.link-unknown"));
	for (uint64_t i = 0; i < 500; i++) {
		row_put_u64(row, gap_frames, i);
		assert_true(row_get_u64(rig_commit(r, row), gap_frames, &frames));
		assert_int_equal(frames, i);
	}
	rig_free(r);
}

/* ---- Limits ---------------------------------------------------------------------------------- */

static char *repeat(char c, size_t n)
{
	char *p = malloc(n + 1);

	assert_non_null(p);
	memset(p, c, n);
	return p;
}

static struct row_value commit_host(struct rig *r, struct str host)
{
	struct row *row = rig_row(r, KIND_HTTP);

	row_put_str(row, http_host, host);
	return rig_value(rig_commit(r, row), http_host.ref);
}

TEST(a_value_at_the_limit_is_whole_and_one_above_is_cut_and_marked)
{
	struct rig *r = rig_new(MIB);
	char *p = repeat('x', ROW_VALUE_MAX + 1);
	struct row_value v = commit_host(r, (struct str){ p, ROW_VALUE_MAX });

	assert_int_equal(v.s.n, ROW_VALUE_MAX);
	assert_int_equal(v.marks, 0);
	assert_int_equal(r->counters.v[COUNTER_ROWS_CUT], 0);

	v = commit_host(r, (struct str){ p, ROW_VALUE_MAX + 1 });
	assert_int_equal(v.s.n, ROW_VALUE_MAX);
	assert_int_equal(v.marks, ROW_CUT);
	assert_int_equal(r->counters.v[COUNTER_ROWS_CUT], 1);
	free(p);
	rig_free(r);
}

TEST(a_cut_does_not_split_a_character)
{
	struct rig *r = rig_new(MIB);
	char *p = repeat('x', ROW_VALUE_MAX + 8);
	struct row_value v;

	memcpy(p + ROW_VALUE_MAX - 2, "\xe2\x82\xac", 3);
	v = commit_host(r, (struct str){ p, ROW_VALUE_MAX + 8 });

	assert_int_equal(v.s.n, ROW_VALUE_MAX - 2);
	free(p);
	rig_free(r);
}

TEST(a_row_with_many_cuts_is_counted_once)
{
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);
	char *p = repeat('x', 2 * ROW_VALUE_MAX);

	row_put_str(row, http_host, (struct str){ p, 2 * ROW_VALUE_MAX });
	row_put_str(row, http_method, (struct str){ p, 2 * ROW_VALUE_MAX });
	(void)rig_commit(r, row);

	assert_int_equal(r->counters.v[COUNTER_ROWS_CUT], 1);
	free(p);
	rig_free(r);
}

TEST(a_value_cut_by_its_owner_is_marked)
{
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);

	row_put_str(row, http_host, STR("exam"));
	row_mark_cut(row, http_host.ref);

	assert_int_equal(rig_value(rig_commit(r, row), http_host.ref).marks, ROW_CUT);
	assert_int_equal(r->counters.v[COUNTER_ROWS_CUT], 1);
	rig_free(r);
}

TEST(a_list_of_numbers_is_cut_to_the_limit)
{
	static uint64_t many[ROW_VALUE_MAX / 8 + 1];
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);
	struct row_value v;

	row_put_list_u64(row, http_interim, many, ARRAY_LEN(many));
	v = rig_value(rig_commit(r, row), http_interim.ref);

	assert_int_equal(v.n, ROW_VALUE_MAX / 8);
	assert_int_equal(v.marks, ROW_CUT);
	rig_free(r);
}

/* Pairs of 8 + 4 + 100 bytes: the 74th begins within the limit and is cut. */
TEST(a_map_is_cut_within_the_pair_that_does_not_fit)
{
	static struct row_pair pairs[200];
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);
	char *p = repeat('v', 100);
	struct row_pair pair = { 0 };
	struct row_value v;
	size_t pos = 0, n = 0;

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		pairs[i] = (struct row_pair){ STR("name"), { p, 100 } };
	row_put_map(row, http_request_headers, pairs, ARRAY_LEN(pairs));
	v = rig_value(rig_commit(r, row), http_request_headers.ref);
	while (row_value_next_pair(&v, &pos, &pair))
		n++;

	assert_int_equal(v.s.n, ROW_VALUE_MAX);
	assert_int_equal(v.marks, ROW_CUT);
	assert_int_equal(n, v.n);
	assert_int_equal(n, ROW_VALUE_MAX / 112 + 1);
	assert_int_equal(pair.value.n, ROW_VALUE_MAX - 73 * 112 - 12);
	free(p);
	rig_free(r);
}

/* Fills the texts of an HTTP row so that its length is exactly n; answers the field count. */
static struct row *row_of_length(struct rig *r, enum kind_id kind, size_t n, char *bytes)
{
	struct row *row = rig_row(r, kind);
	size_t left = n - ROW_HEADER;

	for (uint16_t slot = 0; slot < row->kind->slots && left > 0; slot++) {
		size_t take = size_min(left - ROW_ENTRY, 8 + ROW_VALUE_MAX);

		if (row->kind->field[slot].type != FIELD_STR)
			continue;
		if (left - ROW_ENTRY - take < ROW_ENTRY + 8 && left - ROW_ENTRY - take > 0)
			take -= 64;
		/* Of take bytes 4 are the length, and 4 padding where a value may not be longer. */
		row_put_str(row, (struct field_str){ { (uint16_t)kind, slot } },
			    (struct str){ bytes, take - (take == 8 + ROW_VALUE_MAX ? 8 : 4) });
		left -= ROW_ENTRY + take;
	}
	assert_int_equal(left, 0);
	return row;
}

TEST(a_row_at_the_limit_is_written_and_one_above_is_refused_and_counted)
{
	struct rig *r = rig_new(MIB);
	char *p = repeat('x', ROW_VALUE_MAX);
	const struct row_view *v = rig_commit(r, row_of_length(r, KIND_HTTP, ROW_MAX, p));

	assert_int_equal(v->bytes.n, ROW_MAX);

	assert_int_equal(row_commit(row_of_length(r, KIND_HTTP, ROW_MAX + 8, p), &r->out), -E2BIG);
	assert_int_equal(r->counters.v[COUNTER_ROWS_LOST], 1);
	assert_int_equal(ring_readable(&r->ring).n, 0);
	assert_int_equal(r->out.sequence, 1);
	free(p);
	rig_free(r);
}

/* ---- A full ring ----------------------------------------------------------------------------- */

static struct row *small_row(struct rig *r)
{
	struct row *row = rig_row(r, KIND_GAP);

	row_put_str(row, gap_reason, STR("drop.malformed"));
	return row;
}

static uint64_t fill(struct rig *r)
{
	struct row *row = small_row(r);
	uint64_t n = 0;

	while (row_commit(row, &r->out) == 0)
		n++;
	return n;
}

TEST(a_full_ring_loses_rows_and_counts_them)
{
	struct rig *r = rig_new(4096);
	uint64_t n = fill(r);

	assert_int_equal(row_commit(small_row(r), &r->out), -ENOBUFS);
	assert_int_equal(r->counters.v[COUNTER_ROWS], n);
	assert_int_equal(r->counters.v[COUNTER_ROWS_LOST], 2);
	assert_int_equal(r->out.sequence, n);
	rig_free(r);
}

static int make_room(void *owner, size_t n)
{
	struct rig *r = owner;

	assert_true(n > ring_room(&r->ring));
	ring_consume(&r->ring, ring_readable(&r->ring).n);
	return 0;
}

TEST(a_full_ring_is_tried_once_more_when_its_owner_made_room)
{
	struct rig *r = rig_new(4096);

	(void)fill(r);
	r->counters = (struct counters){ 0 };
	r->out.full = make_room;
	r->out.owner = r;

	assert_int_equal(row_commit(small_row(r), &r->out), 0);
	assert_int_equal(r->counters.v[COUNTER_ROWS_LOST], 0);
	rig_free(r);
}

static int make_no_room(void *owner, [[maybe_unused]] size_t n)
{
	(*(unsigned *)owner)++;
	return -EPIPE;
}

TEST(a_row_is_lost_when_its_owner_makes_no_room)
{
	struct rig *r = rig_new(4096);
	unsigned asked = 0;

	(void)fill(r);
	r->out.full = make_no_room;
	r->out.owner = &asked;

	assert_int_equal(row_commit(small_row(r), &r->out), -ENOBUFS);
	assert_int_equal(asked, 1);
	rig_free(r);
}

/* ---- Handles --------------------------------------------------------------------------------- */

TEST(a_handle_of_another_kind_is_asserted)
{
	struct rig *r = rig_new(4096);
	struct row *row = rig_row(r, KIND_FLOW);
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		(void)signal(SIGABRT, SIG_DFL);
		(void)close(STDERR_FILENO);
		row_put_u64(row, http_status, 200);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	rig_free(r);
}

/* ---- Rows that contradict themselves --------------------------------------------------------- */

/* A row with a text and a number, to be damaged. */
struct damaged {
	char bytes[256];
	size_t n;
};

static struct damaged good_row(void)
{
	const struct row_pair pairs[] = { { STR("accept"), STR("*/*") } };
	struct rig *r = rig_new(4096);
	struct row *row = rig_row(r, KIND_HTTP);
	struct damaged d = { 0 };

	row_put_str(row, http_method, STR("GET"));
	row_put_u64(row, http_status, 200);
	row_put_map(row, http_request_headers, pairs, 1);
	d.n = rig_commit(r, row)->bytes.n;
	memcpy(d.bytes, r->view.bytes.p, d.n);
	rig_free(r);
	return d;
}

static int view(const struct damaged *d)
{
	struct row_view v;

	return row_view((struct str){ d->bytes, d->n }, &v);
}

/* Header 24, three entries: values begin at 48, the map at 64. */
#define DAMAGED(name, at, value)                                                                   \
	TEST(refused_##name)                                                                       \
	{                                                                                          \
		struct damaged d = good_row();                                                     \
                                                                                                   \
		assert_int_equal(view(&d), 0);                                                     \
		d.bytes[at] = (char)(value);                                                       \
		assert_int_equal(view(&d), -EBADMSG);                                              \
	}
DAMAGED(kind_zero, 4, 0)
DAMAGED(length_not_of_8, 0, 101)
DAMAGED(more_fields_than_entries, 6, 4)
DAMAGED(fewer_fields_than_values, 6, 2)
DAMAGED(fields_beyond_the_row, 7, 0x40)
DAMAGED(id_out_of_order, 24, 110)
DAMAGED(id_twice, 32, 100)
DAMAGED(undeclared_type, 26, FIELD_BYTES)
DAMAGED(unknown_type, 26, 99)
DAMAGED(unknown_mark, 27, 8)
DAMAGED(offset_too_early, 28, 40)
DAMAGED(offset_too_late, 28, 56)
DAMAGED(text_longer_than_the_row, 50, 1)
DAMAGED(text_that_reaches_into_the_next_value, 48, 5)
DAMAGED(padding_not_zero, 55, 1)
DAMAGED(map_count_too_large, 64, 2)
DAMAGED(map_count_zero_with_bytes, 64, 0)
DAMAGED(map_total_too_small, 68, 16)
DAMAGED(map_total_too_large, 68, 18)
DAMAGED(map_name_too_long, 72, 7)

TEST(every_prefix_of_a_row_is_refused)
{
	struct damaged d = good_row();

	for (size_t n = d.n; d.n-- > 0; n--) {
		assert_int_equal(view(&d), -EBADMSG);
		assert_true(n <= 256);
	}
}

TEST(a_bool_that_is_neither_is_refused)
{
	struct rig *r = rig_new(4096);
	struct row *row = rig_row(r, KIND_GAP);
	char bytes[64];
	size_t n;

	row_put_bool(row, gap_from_server, true);
	n = rig_commit(r, row)->bytes.n;
	memcpy(bytes, r->view.bytes.p, n);
	bytes[32] = 2;

	assert_int_equal(row_view((struct str){ bytes, n }, &r->view), -EBADMSG);
	rig_free(r);
}

TEST(a_field_of_unknown_id_is_kept_and_passed_over)
{
	struct damaged d = good_row();
	struct row_view v;
	uint64_t u;

	d.bytes[40] = 99; /* was http.request.headers, 108, behind http.status */
	d.bytes[41] = 1;

	assert_int_equal(row_view((struct str){ d.bytes, d.n }, &v), 0);
	assert_int_equal(v.fields, 3);
	assert_true(row_get_u64(&v, http_status, &u));
	assert_int_equal(v.at[http_request_headers.ref.slot], 0);
}

TEST(a_row_of_unknown_kind_shows_its_common_fields)
{
	struct rig *r = rig_new(4096);
	struct row *row = rig_row(r, KIND_GAP);
	char bytes[256];
	struct str s = { 0 };
	size_t n;

	row_put_str(row, common_node, STR("n1"));
	row_put_u64(row, gap_frames, 3);
	n = rig_commit(r, row)->bytes.n;
	memcpy(bytes, r->view.bytes.p, n);
	bytes[4] = 77;

	assert_int_equal(row_view((struct str){ bytes, n }, &r->view), 0);
	assert_null(r->view.kind);
	assert_int_equal(r->view.kind_id, 77);
	assert_true(row_get_str(&r->view, common_node, &s));
	assert_str(s, "n1");
	rig_free(r);
}

TEST(a_length_is_known_from_four_bytes)
{
	assert_int_equal(row_length(STR("\x18\0\0")), 0);
	assert_int_equal(row_length(STR("\x18\0\0\0")), 24);
	assert_int_equal(row_length(STR("\x10\0\0\0")), -EBADMSG);
	assert_int_equal(row_length(STR("\x1c\0\0\0")), -EBADMSG);
	assert_int_equal(row_length(STR("\0\0\x02\0")), ROW_MAX);
	assert_int_equal(row_length(STR("\x08\0\x02\0")), -EBADMSG);
}

TEST(a_row_may_lie_at_any_address)
{
	struct damaged d = good_row();
	char bytes[264];
	struct row_view v;

	memcpy(bytes + 1, d.bytes, d.n);

	assert_int_equal(row_view((struct str){ bytes + 1, d.n }, &v), 0);
}

TEST_MAIN
