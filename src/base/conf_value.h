/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_value: one value of one option, from text into its field. Private to the room: conf.c finds
 * out which option and where the text came from, this says whether the text is allowed.
 */
#ifndef REDOUBT_BASE_CONF_VALUE_H
#define REDOUBT_BASE_CONF_VALUE_H

#include "base/base.h"

/* "--name" or "REDOUBT_NAME", as the person wrote it; for the text of an error. */
#define CONF_LABEL_BYTES 80

/* Writes text into opt's field of *conf, or appends it where opt is a list. Returns 0 or a negative
 * code with *err that names label, text and what is allowed. */
[[nodiscard]] int conf_value_set(const struct conf_opt *opt, const char *text, const char *label,
				 void *conf, struct err *err);

/* How the type is called in a text, such as "a size". */
const char *conf_value_kind(enum conf_type type);

#endif
