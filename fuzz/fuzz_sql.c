/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mask of SQL statements on arbitrary text. Held: whatever is changed inside of literals, by
 * either reading of a server, changes nothing in what is shown; and that is hardly longer than the
 * statement.
 *
 *   input = conforming (u8), statement
 */
#include <stdlib.h>

#include "record/record.h"
#include "sql_literals.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Limit: a name of a byte or two may become {id}. */
#define GROWTH 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first, second;
	char *text;

	if (size < 1 || size > 16 * KIB)
		return 0;
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	buf_init(&first, MIB);
	buf_init(&second, MIB);
	mask_sql((struct str){ text, size - 1 }, &first);
	sql_change_literals(text, size - 1, data[0] & 1);
	mask_sql((struct str){ text, size - 1 }, &second);
	assert(str_eq(buf_str(&first), buf_str(&second)));
	assert(first.len <= GROWTH * size);
	buf_done(&first);
	buf_done(&second);
	free(text);
	return 0;
}
