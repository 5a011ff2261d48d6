/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message: what the files of this dissector share. names.c reads names, tables.c knows numbers by
 * name, message.c walks a message and keeps where things are without copying any, rdata.c shows a
 * record as text, fields.c fills the row, dns.c recognises, frames and pairs. Whatever is malformed
 * is an anomaly, and what was understood before it stays.
 */
#ifndef REDOUBT_DISSECT_DNS_MESSAGE_H
#define REDOUBT_DISSECT_DNS_MESSAGE_H

#include "dissect/dissect.h"
#include "record/record.h"

#define HEADER_BYTES 12
/* Limit: bytes of a name (RFC 1035 2.3.4), and of its text, where each may become \DDD. */
#define NAME_MAX_BYTES 255
#define NAME_TEXT_MAX  (4 * NAME_MAX_BYTES)
/* Limit: compression pointers followed in one name. */
#define JUMPS_MAX 64
/* Limit: questions and answers kept in a row, and bytes of their texts together. */
#define QUESTIONS_MAX      32
#define ANSWERS_MAX        32
#define QUESTIONS_TEXT_MAX ((size_t)4096)
#define ANSWERS_TEXT_MAX   ((size_t)4096)
/* Limit: text of one answer. */
#define ANSWER_TEXT_MAX (2 * NAME_TEXT_MAX)

/* ---- Anomalies ------------------------------------------------------------------------------- */

#define ANOMALY_TABLE(A)                                                                           \
	A(NAME_CUT, "name-cut")            /* a name runs past the end */                          \
	A(NAME_LONG, "name-too-long")      /* above NAME_MAX_BYTES */                              \
	A(NAME_LABEL, "label-type")        /* a label of the types 0x40 or 0x80 */                 \
	A(NAME_FORWARD, "pointer-forward") /* to itself or beyond: with one a name could loop */   \
	A(NAME_HEADER, "pointer-to-header")                                                        \
	A(NAME_JUMPS, "pointer-chain") /* more than JUMPS_MAX */                                   \
	A(COUNTS, "counts-exceed")     /* the header announces more than there is */               \
	A(RDATA, "rdata")              /* does not have the form of its type */                    \
	A(TRAILING, "trailing-bytes")                                                              \
	A(RESERVED_BIT, "reserved-bit")                                                            \
	A(OPCODE, "unknown-opcode")                                                                \
	A(QUESTION_COUNT, "question-count") /* not one question in an ordinary query */            \
	A(ANSWER_IN_QUERY, "answers-in-query")                                                     \
	A(EDNS_TWICE, "edns-twice")                                                                \
	A(EDNS_PLACE, "edns-misplaced") /* not additional, or not of the root */                   \
	A(EDNS_OPTION, "edns-option")   /* an option runs past the end */                          \
	A(EDNS_VERSION, "edns-version") /* not 0 */                                                \
	A(ECHO, "question-differs")     /* the response's letters are not those of the query */    \
	A(CAPTURED, "captured-in-part")

#define ANOMALY_NUMBER_(id, name) ANOMALY_NUMBER_##id,
enum { ANOMALY_TABLE(ANOMALY_NUMBER_) ANOMALIES };
#define ANOMALY_BIT_(id, name) ANOMALY_##id = 1 << ANOMALY_NUMBER_##id,
enum { ANOMALY_TABLE(ANOMALY_BIT_) };
static_assert(ANOMALIES <= 32, "they are the bits of a uint32_t");

/* ---- tables.c: numbers by name --------------------------------------------------------------- */

enum {
	TYPE_SOA = 6,
	TYPE_NIMLOC = 32, /* NetBIOS has it for its names */
	TYPE_OPT = 41,
	TYPE_IXFR = 251,
	TYPE_AXFR = 252,
	CLASS_IN = 1,
	CLASS_NONE = 254,
	OPCODE_QUERY = 0,
	OPCODE_UPDATE = 5,
	/* The highest bit of a class is a flag of multicast DNS (RFC 6762 10.2, 18.12). */
	CLASS_MASK = 0x7fff,
};

struct type_row {
	const char *name;
	const char *form; /* how rdata is shown; see rdata.c */
};

/* NULL when unknown. */
const struct type_row *dns_table_type(unsigned number);
const char *dns_table_class(unsigned number);
const char *dns_table_opcode(unsigned number);
const char *dns_table_rcode(unsigned number);
const char *dns_table_svcb_key(unsigned number);
const char *dns_table_anomaly(unsigned number);
/* EDNS options have a bit each, unknown ones share the last. */
uint64_t dns_table_option_bit(unsigned number);
const char *dns_table_option_of_bit(unsigned bit);

/* ---- Text being made ------------------------------------------------------------------------- */

/* Invariant: n <= max; once full, it ends at the last put that fitted whole. */
struct text {
	char *p;
	size_t n, max;
	bool full;
};

static inline void text_put(struct text *t, const void *p, size_t n)
{
	if (t->full || n > t->max - t->n) {
		t->full = true;
		return;
	}
	memcpy(t->p + t->n, p, n);
	t->n += n;
}

static inline void text_put_char(struct text *t, char c)
{
	text_put(t, &c, 1);
}

static inline void text_put_z(struct text *t, const char *z)
{
	text_put(t, z, strlen(z));
}

void dns_text_put_u64(struct text *t, uint64_t v);
/* Bytes of a name or a character string: what is not printable, and `\` and also, is escaped as
 * master files have it (RFC 1035 5.1, RFC 4343 2.1). */
void dns_text_put_escaped(struct text *t, const uint8_t *p, size_t n, char also);

static inline struct str text_str(const struct text *t)
{
	return (struct str){ t->p, t->n };
}

/* ---- names.c --------------------------------------------------------------------------------- */

/* Reads the name at *at of a message; `in` ends where it must end, pointers in it lead back into
 * the message. Answers 0 or an anomaly's bit. *at is behind the name; it stays as it was when that
 * place is not known. text may be NULL. */
[[nodiscard]] uint32_t dns_name_read(struct str in, size_t *at, struct text *text);

/* ---- message.c ------------------------------------------------------------------------------- */

enum section { SECTION_QUESTION, SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL, SECTIONS };

struct message {
	struct str in;
	uint16_t id, flags;
	uint16_t count[SECTIONS]; /* by the header */
	uint32_t anomalies;
	bool whole;           /* every section was walked to its end */
	size_t end;           /* up to where it was walked */
	size_t questions;     /* whole ones, at HEADER_BYTES one behind the other */
	uint16_t type, class; /* of the first … */
	size_t name_end;      /* … and the place behind its name */
	uint64_t key;         /* of id and first question, letters in any case; see key_id() */
	uint64_t echo;        /* of the first question as it was written */
	size_t answers;       /* whole ones that are kept, which are ANSWERS_MAX at most */
	uint32_t owner;       /* where the name of the first one is */
	bool answers_cut;     /* there were more */
	bool has_ttl;
	uint32_t ttl;     /* smallest of the answers */
	uint32_t soas;    /* among the answers … */
	bool ends_in_soa; /* … and the last one */
	bool edns, dnssec_ok;
	uint8_t edns_version, rcode_high;
	uint16_t udp_size;
	uint64_t options;
	/* Where those that are kept have their type. Last, as only the used ones are set. */
	uint32_t answer[ANSWERS_MAX];
};

enum {
	FLAG_QR = 0x8000,
	FLAG_AA = 0x0400,
	FLAG_TC = 0x0200,
	FLAG_RD = 0x0100,
	FLAG_RA = 0x0080,
	FLAG_Z = 0x0040,
	FLAG_AD = 0x0020,
	FLAG_CD = 0x0010,
};

static inline unsigned flags_opcode(unsigned flags)
{
	return flags >> 11 & 15;
}

static inline bool message_is_response(const struct message *m)
{
	return m->flags & FLAG_QR;
}

/* The id that a key was made of. */
static inline unsigned key_id(uint64_t key)
{
	return (unsigned)(key >> 48);
}

/* in has at least HEADER_BYTES; `missing` bytes behind it were not captured. */
void dns_message_parse(struct message *m, struct str in, size_t missing);

/* Is in the front of a message of `length` bytes that a stream or an unusual port may be recognised
 * by? 1, 0 when more bytes must come, -1. Of a response its question is enough. */
int dns_message_looks_strict(struct str in, size_t length);
/* The same of a datagram at a usual port: true also for many that are malformed. */
bool dns_message_looks_loose(struct str in);

/* ---- rdata.c --------------------------------------------------------------------------------- */

/* The type by name, or TYPE123 (RFC 3597), behind the class where it is not IN. */
void dns_show_type(struct text *t, unsigned type, unsigned class);
/* "TYPE value" of the record whose type is at `at`, which is whole. Answers 0 or an anomaly. */
[[nodiscard]] uint32_t dns_show_record(struct text *t, struct str in, size_t at);

/* ---- fields.c: dissect_tx.note[] ------------------------------------------------------------- */

enum { NOTE_ANOMALIES, NOTE_ECHO, NOTE_OPTIONS, NOTE_TYPE, NOTE_SOAS };

void dns_fields_query(struct dissect_tx *tx, const struct message *m, enum dns_transport transport);
/* The query comes again. */
void dns_fields_again(struct dissect_tx *tx, const struct message *m);
/* Also of a response whose query was not seen. */
void dns_fields_response(struct dissect_tx *tx, const struct message *m,
			 enum dns_transport transport, int64_t at_ns);
/* Before the commit. */
void dns_fields_end(struct dissect_tx *tx);

static inline uint64_t row_u64(const struct row *row, struct field_u64 f)
{
	return row_has(row, f.ref.slot) ? row->slot[f.ref.slot].u : 0;
}

#endif
