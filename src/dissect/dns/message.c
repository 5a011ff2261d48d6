/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a message once, from its header to its end, and keeps where questions and answers are and
 * what EDNS says; nothing is copied. Work is bounded by the bytes: a record has 11 at least, and
 * the counts of the header are believed only as far as there are records. Here is also what is
 * taken for DNS at all.
 *
 *   | id | flags | 4 counts | questions | answers | authority | additional |
 *   question = name, type, class     record = name, type, class, ttl, length, rdata
 */
#include "dissect/dns/message.h"

#define QUESTION_FIXED 4
#define RECORD_FIXED   10
#define RECORD_MIN     (1 + RECORD_FIXED)

static const uint8_t *bytes_at(const struct message *m, size_t at)
{
	return (const uint8_t *)m->in.p + at;
}

/* ---- Keys ------------------------------------------------------------------------------------ */

/* Of a name as it is on the wire, so that no case counts: 0x20 in each byte may take two bytes for
 * one, which is as good for pairing. */
static uint64_t hash_nocase(const uint8_t *p, size_t n)
{
	static const uint64_t low = UINT64_C(0x2020202020202020);
	uint64_t hash = n, part;

	for (; n >= sizeof(part); p += sizeof(part), n -= sizeof(part)) {
		memcpy(&part, p, sizeof(part));
		hash = hash_mix(hash, part | low);
	}
	part = 0;
	memcpy(&part, p, n);
	return hash_mix(hash, part | low);
}

static void make_key(struct message *m, size_t end)
{
	const uint8_t *p = bytes_at(m, HEADER_BYTES);
	size_t n = end - HEADER_BYTES;

	m->key = (uint64_t)m->id << 48 | hash_nocase(p, n) >> 16;
	m->echo = hash_bytes(p, n, 0);
}

/* ---- Sections -------------------------------------------------------------------------------- */

/* Behind the name at *at; false when that place is not known. */
static bool pass_name(struct message *m, size_t *at)
{
	size_t from = *at;

	m->anomalies |= dns_name_read(m->in, at, NULL);
	return *at > from;
}

static bool walk_questions(struct message *m)
{
	for (unsigned i = 0; i < m->count[SECTION_QUESTION]; i++) {
		size_t at = m->end;
		const uint8_t *p;

		if (!pass_name(m, &at) || m->in.n - at < QUESTION_FIXED)
			return false;
		p = bytes_at(m, at);
		m->end = at + QUESTION_FIXED;
		if (i == 0) {
			m->name_end = at;
			m->type = load_u16be(p);
			m->class = load_u16be(p + 2) & CLASS_MASK;
			make_key(m, m->end);
		}
		m->questions++;
	}
	return true;
}

/* One record: where it begins, where its type is, and its rdata. */
struct record {
	size_t owner, at;
	unsigned type;
	struct str rdata;
};

static void note_answer(struct message *m, const struct record *r)
{
	uint32_t ttl = load_u32be(bytes_at(m, r->at + 4));

	if (!m->has_ttl || ttl < m->ttl)
		m->ttl = ttl;
	m->has_ttl = true;
	m->ends_in_soa = r->type == TYPE_SOA;
	m->soas += m->ends_in_soa;
	if (m->answers == ANSWERS_MAX) {
		m->answers_cut = true;
		return;
	}
	if (m->answers == 0)
		m->owner = (uint32_t)r->owner;
	m->answer[m->answers++] = (uint32_t)r->at;
}

/* RFC 6891 6.1: class and TTL of OPT have other meanings. */
static void note_edns(struct message *m, enum section section, const struct record *r)
{
	const uint8_t *p = bytes_at(m, r->at);
	struct cur c = cur_of(r->rdata.p, r->rdata.n);

	if (section != SECTION_ADDITIONAL || bytes_at(m, r->owner)[0] != 0)
		m->anomalies |= ANOMALY_EDNS_PLACE;
	if (m->edns) {
		m->anomalies |= ANOMALY_EDNS_TWICE;
		return;
	}
	m->edns = true;
	m->udp_size = load_u16be(p + 2);
	m->rcode_high = p[4];
	m->edns_version = p[5];
	m->dnssec_ok = p[6] & 0x80;
	if (m->edns_version != 0)
		m->anomalies |= ANOMALY_EDNS_VERSION;
	while (c.n && cur_ok(&c)) {
		m->options |= dns_table_option_bit(cur_u16be(&c));
		cur_skip(&c, cur_u16be(&c));
	}
	if (!cur_ok(&c))
		m->anomalies |= ANOMALY_EDNS_OPTION;
}

static bool walk_record(struct message *m, enum section section)
{
	struct record r = { .owner = m->end, .at = m->end };
	size_t length;

	if (!pass_name(m, &r.at) || m->in.n - r.at < RECORD_FIXED)
		return false;
	r.type = load_u16be(bytes_at(m, r.at));
	length = load_u16be(bytes_at(m, r.at + 8));
	r.rdata = str_skip(m->in, r.at + RECORD_FIXED);
	if (length > r.rdata.n)
		return false;
	r.rdata.n = length;
	m->end = r.at + RECORD_FIXED + length;
	if (r.type == TYPE_OPT)
		note_edns(m, section, &r);
	else if (section == SECTION_ANSWER)
		note_answer(m, &r);
	return true;
}

static bool walk_records(struct message *m, enum section section)
{
	for (unsigned i = 0; i < m->count[section]; i++)
		if (!walk_record(m, section))
			return false;
	return true;
}

static void walk(struct message *m)
{
	m->whole = walk_questions(m) && walk_records(m, SECTION_ANSWER) &&
		   walk_records(m, SECTION_AUTHORITY) && walk_records(m, SECTION_ADDITIONAL);
}

/* ---- The whole ------------------------------------------------------------------------------- */

static void read_header(struct message *m, struct str in)
{
	const uint8_t *p = (const uint8_t *)in.p;

	memset(m, 0, offsetof(struct message, answer));
	m->in = in;
	m->id = load_u16be(p);
	m->flags = load_u16be(p + 2);
	for (size_t i = 0; i < SECTIONS; i++)
		m->count[i] = load_u16be(p + 4 + 2 * i);
	m->key = (uint64_t)m->id << 48;
	m->end = HEADER_BYTES;
}

static uint32_t header_anomalies(const struct message *m)
{
	unsigned opcode = flags_opcode(m->flags);
	uint32_t wrong = 0;

	if (!dns_table_opcode(opcode))
		wrong |= ANOMALY_OPCODE;
	if (m->flags & FLAG_Z)
		wrong |= ANOMALY_RESERVED_BIT;
	return wrong;
}

void dns_message_parse(struct message *m, struct str in, size_t missing)
{
	read_header(m, in);
	walk(m);
	m->anomalies |= header_anomalies(m);
	if (missing) {
		/* What runs past the end may well be whole. */
		m->anomalies &= ~(uint32_t)ANOMALY_NAME_CUT;
		m->anomalies |= ANOMALY_CAPTURED;
	} else if (!m->whole) {
		m->anomalies |= ANOMALY_COUNTS;
	} else if (m->end < in.n) {
		m->anomalies |= ANOMALY_TRAILING;
	}
}

/* ---- Recognition ----------------------------------------------------------------------------- */

/* The messages looked at below are static for their size alone: nothing of them is kept. */

/* Limit: questions that a message at a usual port is believed to have. */
#define LOOKS_QUESTIONS_MAX 64
/* Limit: records behind the question of a strict query: OPT, TSIG and SIG(0). */
#define LOOKS_EXTRA_MAX 3
/* Limit: bytes of a strict query. */
#define LOOKS_QUERY_MAX 4096

static bool strict_header(const struct message *m, size_t length)
{
	unsigned records = (unsigned)m->count[SECTION_ANSWER] + m->count[SECTION_AUTHORITY] +
			   m->count[SECTION_ADDITIONAL];

	if (flags_opcode(m->flags) != OPCODE_QUERY || m->flags & FLAG_Z ||
	    m->count[SECTION_QUESTION] != 1 || !dns_table_rcode(m->flags & 15))
		return false;
	if (records > (length - HEADER_BYTES) / RECORD_MIN)
		return false;
	if (message_is_response(m))
		return true;
	/* IXFR has what the client knows already as authority (RFC 1995 3). */
	return !(m->flags & (FLAG_AA | FLAG_RA | 15)) && length <= LOOKS_QUERY_MAX &&
	       m->count[SECTION_ANSWER] == 0 && m->count[SECTION_AUTHORITY] <= 1 &&
	       m->count[SECTION_ADDITIONAL] <= LOOKS_EXTRA_MAX;
}

static bool strict_question(const struct message *m)
{
	return m->type != TYPE_NIMLOC && m->type != TYPE_OPT && dns_table_type(m->type) &&
	       dns_table_class(m->class);
}

int dns_message_looks_strict(struct str in, size_t length)
{
	static struct message m;

	if (length < HEADER_BYTES + 1 + QUESTION_FIXED)
		return -1;
	if (in.n < HEADER_BYTES)
		return 0;
	in = str_head(in, length);
	read_header(&m, in);
	if (!strict_header(&m, length))
		return -1;
	if (in.n < length) {
		if (walk_questions(&m) && (m.anomalies || !strict_question(&m)))
			return -1;
		if (m.questions)
			return message_is_response(&m);
		return m.anomalies & ~(uint32_t)ANOMALY_NAME_CUT ? -1 : 0;
	}
	walk(&m);
	return !m.anomalies && m.whole && m.end == length && strict_question(&m) ? 1 : -1;
}

bool dns_message_looks_loose(struct str in)
{
	static struct message m;

	if (in.n < HEADER_BYTES)
		return false;
	read_header(&m, in);
	if (!dns_table_opcode(flags_opcode(m.flags)) ||
	    m.count[SECTION_QUESTION] > LOOKS_QUESTIONS_MAX)
		return false;
	if (m.count[SECTION_QUESTION]) {
		m.count[SECTION_QUESTION] = 1;
		return walk_questions(&m);
	}
	if (m.count[SECTION_ANSWER] + m.count[SECTION_AUTHORITY] + m.count[SECTION_ADDITIONAL] == 0)
		return in.n == HEADER_BYTES;
	return walk_record(&m, m.count[SECTION_ANSWER] ? SECTION_ANSWER : SECTION_ADDITIONAL);
}
