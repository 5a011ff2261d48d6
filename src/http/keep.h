/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep: what the files of this room share and nobody else needs.
 */
#ifndef REDOUBT_HTTP_KEEP_H
#define REDOUBT_HTTP_KEEP_H

#include "http/http.h"

/* As http_keep(), in small letters. */
bool http_keep_lower(const struct http_keeper *k, struct str s, struct str *out);
/* Without "user:password@", wherever an authority may stand. */
struct str http_drop_userinfo(struct str s);

#endif
