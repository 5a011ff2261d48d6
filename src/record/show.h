/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two ways of showing rows, JSON and text, have in common. Private to this room.
 */
#ifndef REDOUBT_RECORD_SHOW_H
#define REDOUBT_RECORD_SHOW_H

#include "record/record.h"

extern const char show_hex_digits[];

/* The lowest `digits` hexadecimal digits of v. */
void show_hex(uint64_t v, char *out, unsigned digits);
/* The name of a choice, or NULL where a newer writer knows more of them. */
const char *show_choice(const struct field *field, uint64_t number);

#endif
