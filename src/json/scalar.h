/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree's numbers and strings: each is read at the front of a text, and the answer is how many
 * of its bytes it takes, or 0 when it is none. Also the repair of texts that are not UTF-8.
 */
#ifndef REDOUBT_JSON_SCALAR_H
#define REDOUBT_JSON_SCALAR_H

#include "json/json.h"

/* A byte that ends numbers must follow the text in memory, such as a NUL. */
size_t scalar_number(struct str in, struct json_value *out);
/* p is behind the opening quote; the closing one counts. Unescapes in place: no escape is shorter
 * than what it stands for. A lone surrogate becomes U+FFFD, as in Go. */
size_t scalar_string(char *p, size_t n, struct str *out);

/* Length of the text with each byte that is not UTF-8 replaced by U+FFFD; the strings so repaired
 * are counted. scalar_repair writes it. */
size_t scalar_repaired_bytes(struct str text, uint64_t *strings);
void scalar_repair(struct str text, char *out);

#endif
