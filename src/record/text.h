/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 (RFC 3629), as far as rows need it: where it may be cut, and what is no text. Private to
 * this room.
 */
#ifndef REDOUBT_RECORD_TEXT_H
#define REDOUBT_RECORD_TEXT_H

#include "base/base.h"

/* Bytes of the character at the front of s, 1 to 4 with *code, or 0 when there is none: overlong
 * forms, surrogates and what is above U+10FFFF are none either. */
size_t text_char(struct str s, uint32_t *code);
/* The largest n' <= n at which s can be cut without splitting a character. */
size_t text_border(struct str s, size_t n);

#endif
