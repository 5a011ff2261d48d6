/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What writer and reader of a row must agree on, as docs/formats/row.md has it. Private to this
 * room.
 */
#ifndef REDOUBT_RECORD_ROW_H
#define REDOUBT_RECORD_ROW_H

#include "record/record.h"

/*
 *   0 length u32   4 kind u16   6 fields u16   8 id_hi u64   16 id_lo u64
 *  24 directory: fields × { field id u16, type u8, marks u8, offset u32 }
 *     values, in the same order, each padded to 8
 */
enum {
	ROW_HEADER = 24,
	ROW_ENTRY = 8,
	ROW_ALIGN = 8,
	ROW_FIELD_FIRST = 2, /* 1 is the id, which stands in the header */
	ROW_MARKS_ALL = ROW_MASKED | ROW_CUT | ROW_UNKNOWN,
	ROW_LIST_HEAD = 8, /* count and total before the elements of a list or map */
};

/* The forms a value is written in; several types share one. */
enum form {
	FORM_NONE, /* no type has this number */
	FORM_BOOL,
	FORM_WORD,
	FORM_IP,
	FORM_TEXT,
	FORM_LIST_U64,
	FORM_LIST_STR,
	FORM_MAP,
};

/* Of any number: a reader asks before it knows that it is a type. */
static inline enum form form_of(unsigned type)
{
	static const uint8_t forms[FIELD_MAP + 1] = {
		[FIELD_BOOL] = FORM_BOOL,
		[FIELD_U64] = FORM_WORD,
		[FIELD_I64] = FORM_WORD,
		[FIELD_F64] = FORM_WORD,
		[FIELD_STR] = FORM_TEXT,
		[FIELD_BYTES] = FORM_TEXT,
		[FIELD_TIME] = FORM_WORD,
		[FIELD_DUR] = FORM_WORD,
		[FIELD_IP] = FORM_IP,
		[FIELD_ENUM] = FORM_WORD,
		[FIELD_JSON] = FORM_TEXT,
		[FIELD_LIST_U64] = FORM_LIST_U64,
		[FIELD_LIST_STR] = FORM_LIST_STR,
		[FIELD_MAP] = FORM_MAP,
	};

	return type < ARRAY_LEN(forms) ? (enum form)forms[type] : FORM_NONE;
}

static inline size_t row_align(size_t n)
{
	return (n + ROW_ALIGN - 1) & ~(size_t)(ROW_ALIGN - 1);
}

#endif
