/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of names by number. What is in none is written as its number, so that a text of ours and
 * not of a peer stands in a row.
 */
#ifndef REDOUBT_TLS_NAMES_H
#define REDOUBT_TLS_NAMES_H

#include "base/base.h"

struct name {
	uint32_t number;
	struct str name;
};

/* Sorted by number. */
struct name_table {
	const struct name *row;
	size_t n;
};

extern const struct name_table tls_name_suites, tls_name_suites_v2, tls_name_versions,
	tls_name_groups, tls_name_alerts;

/* GREASE values (RFC 8701) say nothing: 0x0a0a, 0x1a1a, … 0xfafa. */
static inline bool tls_name_is_grease(uint16_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

/* The name, or {NULL, 0}. */
struct str tls_name_find(const struct name_table *t, uint32_t number);
/* The same; of a number without a name "GREASE" or "0x1234", in the arena. Empty when that has no
 * room. */
struct str tls_name_get(const struct name_table *t, uint32_t number, struct arena *arena);
/* An ALPN protocol as a word of ours: one that is registered or widely used, with a version behind
 * it where it has some; else MASK_TEXT. */
struct str tls_name_protocol(struct str protocol, struct arena *arena);

#endif
