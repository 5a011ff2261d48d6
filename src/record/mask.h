/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The masks as the writer of rows uses them: they write straight to where the masked text belongs,
 * so that the clear text never stands in a ring. Private to this room.
 */
#ifndef REDOUBT_RECORD_MASK_H
#define REDOUBT_RECORD_MASK_H

#include "record/record.h"

/* Limit: a longer name of a parameter or header that is not allowed is masked too. */
#define MASK_NAME_MAX ((size_t)64)

/* Where masked text goes: the bytes from start to end. When they are used up, they are moved to
 * spill; without one the rest is cut, and full says so. */
struct mask_out {
	char *start, *p, *end;
	struct buf *spill;
	bool full;
	bool masked; /* something was replaced */
};

void mask_put_slow(struct mask_out *o, struct str s);

static inline void mask_put(struct mask_out *o, struct str s)
{
	if (unlikely(o->full || s.n > (size_t)(o->end - o->p))) {
		mask_put_slow(o, s);
	} else if (s.n) {
		memcpy(o->p, s.p, s.n);
		o->p += s.n;
	}
}

static inline void mask_put_char(struct mask_out *o, char c)
{
	mask_put(o, (struct str){ &c, 1 });
}

/* Puts the replacement for something. */
static inline void mask_replace(struct mask_out *o, struct str with)
{
	o->masked = true;
	mask_put(o, with);
}

void mask_path_to(struct str path, struct mask_out *o);
void mask_query_to(struct str query, const struct mask_names *allow, struct mask_out *o);
void mask_word_to(struct str word, struct mask_out *o);
void mask_host_to(struct str host, struct mask_out *o);
void mask_sql_to(struct str statement, struct mask_out *o);
void mask_key_to(struct str key, struct mask_out *o);
/* Writes what may be shown of a value, but only where that differs from the value: o->masked tells.
 */
void mask_value_to(struct str value, enum mask_value kind, struct mask_out *o);

/* Limit: a value of a header that is shown in part; a longer one is masked whole. */
#define MASK_HEADER_MAX (4 * KIB)

/* What may be shown of a pair of a map, borrowed from it or from room, which has MASK_HEADER_MAX
 * bytes; true when it differs from the pair. It is at most sizeof(MASK_TEXT) longer. */
bool mask_header(const struct row_pair *in, const struct mask_names *allow, char *room,
		 struct row_pair *out);
/* The same for a name whose value is not known. */
bool mask_header_name(struct str in, const struct mask_names *allow, struct str *out);

/* Values that were shown as they are come again and again: whether this is one, by the kind that it
 * was judged as, and that it now is. */
bool mask_was_clean(struct str value, enum mask_value kind);
void mask_is_clean(struct str value, enum mask_value kind);

/* The place of a name, in any case, or NULL. */
const struct mask_name *mask_names_find(struct str name, const struct mask_names *names);
/* A word of a protocol, in any case: its VALUE_ says what may follow behind a slash. */
const struct mask_name *mask_known_word(struct str word);
/* A media type or a protocol with its version. */
bool mask_is_known(struct str word);

enum char_class {
	CHAR_LOWER = 1 << 0,
	CHAR_UPPER = 1 << 1,
	CHAR_DIGIT = 1 << 2,
	CHAR_JOINT = 1 << 3, /* what joins words: - _ . ~ */
	CHAR_PERCENT = 1 << 4,
	CHAR_STRANGE = 1 << 5, /* control characters and beyond ASCII */
	CHAR_OTHER = 1 << 6,
	CHAR_LETTER = CHAR_LOWER | CHAR_UPPER,
};

extern const uint8_t char_classes[256];

static inline unsigned char_class(char c)
{
	return char_classes[(uint8_t)c];
}

/* Limit: shorter pieces of letters and joints alone are words without a second look. */
#define MASK_WORD_MAX 10

static inline bool mask_is_word(struct str s)
{
	unsigned classes = 0;

	if (s.n >= MASK_WORD_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		classes |= char_class(s.p[i]);
	return !(classes & ~(unsigned)(CHAR_LETTER | CHAR_JOINT));
}

struct str mask_looks_closely(struct str piece);

/* What a piece of text looks like: the replacement for it, or {NULL, 0} for an ordinary word, name
 * or version. Percent-encoding is seen through. */
static inline struct str mask_looks(struct str piece)
{
	return likely(mask_is_word(piece)) ? (struct str){ NULL, 0 } : mask_looks_closely(piece);
}

/* Does it begin as issuers let their tokens begin? */
bool mask_is_issued(struct str s);

/* Two letters of ASCII that hardly ever stand side by side. */
bool letters_are_rare(char a, char b);
/* UTF-8 whose characters beyond ASCII are letters. */
bool letters_beyond_ascii(struct str s);

/* Decodes %XX, as often as it was encoded, into room bytes at out; false when it does not fit or is
 * still encoded after that. Broken escapes stay as they are. */
bool mask_decode(struct str s, char *out, size_t room, size_t *n);

#endif
