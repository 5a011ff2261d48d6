/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a message that was walked to the fields of its row. Texts are made in one scratch buffer and
 * copied to the row's arena; what finds no memory is left out and marked as cut. The query says
 * what was asked and the response what came of it; a response alone says both.
 */
#include "dissect/dns/message.h"

/* One text on its way; the process has one thread, so that one for all is enough. */
static char scratch[ANSWER_TEXT_MAX];

static struct text scratch_text(void)
{
	return (struct text){ .p = scratch, .max = sizeof(scratch) };
}

/* A copy that lasts as long as the row; empty where there is no memory. */
static bool keep(struct dissect_tx *tx, const struct text *t, struct str *out)
{
	*out = arena_str(tx->arena, text_str(t));
	return out->p;
}

/* A name of a table, or else its prefix with the number. */
static void put_number(struct dissect_tx *tx, struct field_str f, const char *name,
		       const char *prefix, unsigned number)
{
	struct text t = scratch_text();
	struct str s = str_of(name);

	if (!name) {
		text_put_z(&t, prefix);
		dns_text_put_u64(&t, number);
		if (!keep(tx, &t, &s))
			return;
	}
	row_put_str(tx->row, f, s);
}

/* ---- Questions ------------------------------------------------------------------------------- */

static struct str type_text(struct dissect_tx *tx, unsigned type, unsigned class)
{
	const struct type_row *row = dns_table_type(type);
	struct text t = scratch_text();
	struct str s;

	if (row && class == CLASS_IN)
		return str_of(row->name);
	dns_show_type(&t, type, class);
	(void)keep(tx, &t, &s);
	return s;
}

static void put_type(struct dissect_tx *tx, unsigned type)
{
	struct str s = type_text(tx, type, CLASS_IN);

	if (s.n)
		row_put_str(tx->row, dns_type, s);
}

static struct str name_text(struct dissect_tx *tx, const struct message *m, size_t *at)
{
	struct text t = scratch_text();
	struct str s;

	if (dns_name_read(m->in, at, &t))
		text_put_z(&t, "…"); /* what of it was understood */
	(void)keep(tx, &t, &s);
	return s;
}

static void put_questions(struct dissect_tx *tx, const struct message *m)
{
	size_t max = size_min(m->questions, QUESTIONS_MAX), n = 0, at = HEADER_BYTES, bytes = 0;
	struct str *names = arena_alloc(tx->arena, 2 * max * sizeof(*names));
	struct str *types = names ? names + max : NULL;

	for (; names && n < max && bytes < QUESTIONS_TEXT_MAX; n++) {
		const uint8_t *p;

		names[n] = name_text(tx, m, &at);
		p = (const uint8_t *)m->in.p + at;
		types[n] = type_text(tx, load_u16be(p), load_u16be(p + 2) & CLASS_MASK);
		if (names[n].n == 0 || types[n].n == 0)
			break;
		bytes += names[n].n;
		at += 4;
	}
	if (n) {
		row_put_str(tx->row, dns_name, names[0]);
		row_put_list_str(tx->row, dns_questions, names, n);
		row_put_list_str(tx->row, dns_question_types, types, n);
	}
	if (n < m->questions) {
		row_mark_cut(tx->row, dns_questions.ref);
		row_mark_cut(tx->row, dns_question_types.ref);
	}
	put_type(tx, m->type);
}

/* An announcement has no question; its first record says what it is about. */
static void put_subject(struct dissect_tx *tx, const struct message *m)
{
	size_t at = m->owner;
	struct str s;

	if (m->answers == 0)
		return;
	s = name_text(tx, m, &at);
	if (s.n)
		row_put_str(tx->row, dns_name, s);
	put_type(tx, load_u16be((const uint8_t *)m->in.p + m->answer[0]));
}

static void put_what(struct dissect_tx *tx, const struct message *m, enum dns_transport transport)
{
	unsigned opcode = flags_opcode(m->flags);

	tx->note[NOTE_TYPE] = m->type;
	tx->note[NOTE_ECHO] = m->echo;
	row_put_u64(tx->row, dns_transaction, m->id);
	row_put_enum(tx->row, dns_transport, transport);
	put_number(tx, dns_opcode, dns_table_opcode(opcode), "OPCODE", opcode);
	if (m->questions)
		put_questions(tx, m);
	else
		put_subject(tx, m);
}

/* ---- Answers --------------------------------------------------------------------------------- */

static size_t bytes_of(const struct str *s, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += s[i].n;
	return bytes;
}

static bool put_answer(struct dissect_tx *tx, const struct message *m, uint32_t at, struct str *out)
{
	struct text t = scratch_text();

	tx->note[NOTE_ANOMALIES] |= dns_show_record(&t, m->in, at);
	if (t.full)
		row_mark_cut(tx->row, dns_answers.ref);
	return keep(tx, &t, out);
}

/* Behind those of earlier messages of the same transfer. */
static void put_answers(struct dissect_tx *tx, const struct message *m)
{
	union row_slot *slot = &tx->row->slot[dns_answers.ref.slot];
	bool more = row_has(tx->row, dns_answers.ref.slot);
	size_t n = more ? slot->list.n : 0, max = size_min(n + m->answers, ANSWERS_MAX), bytes;
	struct str *list;

	if (max == n) {
		if (m->answers)
			row_mark_cut(tx->row, dns_answers.ref);
		return;
	}
	list = arena_alloc(tx->arena, max * sizeof(*list));
	if (list && more)
		memcpy(list, slot->list.p, n * sizeof(*list));
	bytes = bytes_of(list, list ? n : 0);
	for (size_t i = 0; list && n < max && bytes < ANSWERS_TEXT_MAX; i++, n++) {
		if (!put_answer(tx, m, m->answer[i], &list[n]))
			break;
		bytes += list[n].n;
	}
	if (list && n)
		row_put_list_str(tx->row, dns_answers, list, n);
	if (n < max || m->answers_cut || !list)
		row_mark_cut(tx->row, dns_answers.ref);
}

static void row_add(struct row *row, struct field_u64 f, uint64_t n)
{
	row_put_u64(row, f, row_u64(row, f) + n);
}

static void put_records(struct dissect_tx *tx, const struct message *m)
{
	row_add(tx->row, dns_answer_count, m->count[SECTION_ANSWER]);
	row_add(tx->row, dns_authority_count, m->count[SECTION_AUTHORITY]);
	row_add(tx->row, dns_additional_count, m->count[SECTION_ADDITIONAL]);
	if (m->has_ttl &&
	    (!row_has(tx->row, dns_ttl.ref.slot) || m->ttl < row_u64(tx->row, dns_ttl)))
		row_put_u64(tx->row, dns_ttl, m->ttl);
	put_answers(tx, m);
	tx->note[NOTE_SOAS] += m->soas;
}

/* ---- Messages -------------------------------------------------------------------------------- */

static void note_common(struct dissect_tx *tx, const struct message *m)
{
	tx->note[NOTE_ANOMALIES] |= m->anomalies;
	tx->note[NOTE_OPTIONS] |= m->options;
}

static void put_edns(struct row *row, const struct message *m)
{
	if (!m->edns)
		return;
	row_put_u64(row, dns_edns_version, m->edns_version);
	row_put_u64(row, dns_udp_size, m->udp_size);
	row_put_bool(row, dns_dnssec_ok, m->dnssec_ok);
}

/* Multicast has other rules and LLMNR other flags (RFC 6762 18, RFC 4795 2.1.1). */
static uint32_t query_anomalies(const struct message *m, enum dns_transport transport)
{
	uint32_t wrong = 0;

	if (flags_opcode(m->flags) != OPCODE_QUERY || transport == DNS_MDNS ||
	    transport == DNS_LLMNR)
		return 0;
	if (m->count[SECTION_QUESTION] != 1)
		wrong |= ANOMALY_QUESTION_COUNT;
	if (m->count[SECTION_ANSWER])
		wrong |= ANOMALY_ANSWER_IN_QUERY;
	return wrong;
}

void dns_fields_query(struct dissect_tx *tx, const struct message *m, enum dns_transport transport)
{
	put_what(tx, m, transport);
	note_common(tx, m);
	tx->note[NOTE_ANOMALIES] |= query_anomalies(m, transport);
	row_put_u64(tx->row, dns_queries, 1);
	row_put_u64(tx->row, dns_request_bytes, m->in.n);
	if (transport != DNS_LLMNR)
		row_put_bool(tx->row, dns_recursion_desired, m->flags & FLAG_RD);
	if (m->flags & FLAG_CD)
		row_put_bool(tx->row, dns_checking_disabled, true);
	put_edns(tx->row, m);
	/* Known answers, or what a notification or an update is about; a response says its own. */
	if (m->count[SECTION_ANSWER] || m->count[SECTION_AUTHORITY])
		put_records(tx, m);
}

void dns_fields_again(struct dissect_tx *tx, const struct message *m)
{
	note_common(tx, m);
	row_add(tx->row, dns_queries, 1);
	row_add(tx->row, dns_retransmissions, 1);
}

/* What a query said in the same fields gives way. */
static void drop_records(struct row *row)
{
	static const struct field_ref *const refs[] = {
		&dns_answer_count.ref, &dns_authority_count.ref, &dns_additional_count.ref,
		&dns_ttl.ref,          &dns_answers.ref,
	};

	for (size_t i = 0; i < ARRAY_LEN(refs); i++) {
		unsigned slot = refs[i]->slot;

		row->present[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
		row->cut[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
	}
}

static void put_outcome(struct dissect_tx *tx, const struct message *m,
			enum dns_transport transport)
{
	unsigned rcode = (unsigned)m->rcode_high << 4 | (m->flags & 15);
	struct row *row = tx->row;

	put_number(tx, dns_rcode, dns_table_rcode(rcode), "RCODE", rcode);
	if (transport != DNS_LLMNR)
		row_put_bool(row, dns_authoritative, m->flags & FLAG_AA);
	row_put_bool(row, dns_truncated, m->flags & FLAG_TC);
	row_put_bool(row, dns_recursion_available, m->flags & FLAG_RA);
	row_put_bool(row, dns_authenticated, m->flags & FLAG_AD);
}

void dns_fields_response(struct dissect_tx *tx, const struct message *m,
			 enum dns_transport transport, int64_t at_ns)
{
	struct row *row = tx->row;
	bool asked = row_u64(row, dns_queries) > 0, first = row_u64(row, dns_responses) == 0;

	if (!asked && first) {
		put_what(tx, m, transport);
		put_edns(row, m);
	}
	if (first)
		drop_records(row);
	if (asked && m->questions && m->echo != tx->note[NOTE_ECHO])
		tx->note[NOTE_ANOMALIES] |= ANOMALY_ECHO;
	note_common(tx, m);
	if (first) {
		put_outcome(tx, m, transport);
		if (asked && at_ns >= tx->began_ns)
			row_put_dur(row, dns_latency, at_ns - tx->began_ns);
	}
	row_add(row, dns_responses, 1);
	row_add(row, dns_response_bytes, m->in.n);
	put_records(tx, m);
}

/* ---- The end --------------------------------------------------------------------------------- */

static void put_bits(struct dissect_tx *tx, struct field_list_str f, uint64_t bits,
		     const char *name(unsigned bit))
{
	size_t n = 0, max = (size_t)__builtin_popcountll(bits);
	struct str *list = max ? arena_alloc(tx->arena, max * sizeof(*list)) : NULL;

	if (!list)
		return;
	for (; bits; bits &= bits - 1)
		list[n++] = str_of(name((unsigned)__builtin_ctzll(bits)));
	row_put_list_str(tx->row, f, list, n);
}

void dns_fields_end(struct dissect_tx *tx)
{
	put_bits(tx, dns_edns_options, tx->note[NOTE_OPTIONS], dns_table_option_of_bit);
	put_bits(tx, dns_anomalies, tx->note[NOTE_ANOMALIES], dns_table_anomaly);
}
