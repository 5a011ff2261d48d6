/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: the rows of the error table, and the one way to fill an error in. Where an error is shown
 * (command line, problem answer, log line) is left to the rooms above.
 */
#include "base/base.h"

#include <stdio.h>

#define ERR_ROW(name, id, code, http, exit, title, hint) { id, code, http, exit, title, hint },
static const struct err_row rows[] = { ERR_TABLE(ERR_ROW) };

static_assert(ARRAY_LEN(rows) == ERR_COUNT);

const struct err_row *err_row(enum err_id id)
{
	assert((size_t)id < ARRAY_LEN(rows));
	return &rows[id];
}

int err_set(struct err *err, enum err_id id, const char *fmt, ...)
{
	va_list args;

	if (err) {
		err->id = id;
		va_start(args, fmt);
		(void)vsnprintf(err->text, sizeof(err->text), fmt, args);
		va_end(args);
	}
	return -err_row(id)->code;
}
