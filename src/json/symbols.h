/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tree asks of a symbol table beside its public face: a note on each symbol, by which the
 * members of one object find an earlier one of the same key in constant time.
 */
#ifndef REDOUBT_JSON_SYMBOLS_H
#define REDOUBT_JSON_SYMBOLS_H

#include "json/json.h"

/* Forgets all notes. */
void symbols_notes_begin(struct json_symbols *s);
/* Leaves a note on the symbol if it has none, and answers the one it has then. */
uint32_t symbols_note(struct json_symbols *s, json_symbol symbol, uint32_t note);

#endif
