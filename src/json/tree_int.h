/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tree asks of simdjson, in C: where in a text the brackets, colons, commas and the first
 * bytes of strings and other values stand, and that the text is UTF-8. Both sides include it, so it
 * uses nothing of base. No exception passes it, and no type of simdjson.
 */
#ifndef REDOUBT_JSON_TREE_INT_H
#define REDOUBT_JSON_TREE_INT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tree_index; /* keeps its memory between texts */

/* 0, -ENOMEM, or -ENOSYS when simdjson does not know this processor. */
int tree_index_new(struct tree_index **out);
void tree_index_free(struct tree_index *x);
/* The memory that an index for texts up to text_bytes holds. */
size_t tree_index_bytes(size_t text_bytes);
/* Makes room for texts up to text_bytes, instead of what there was; 0 or -ENOMEM, then with none.
 */
int tree_index_reserve(struct tree_index *x, size_t text_bytes);
/* Fills the offsets, ascending, which live until the next call. 0; -EILSEQ when only UTF-8 is
 * wrong; else -EBADMSG. Promises no more than that strings are closed: the reader checks the rest.
 */
int tree_index_fill(struct tree_index *x, const char *text, size_t n, const uint32_t **offsets,
		    size_t *count);

#ifdef __cplusplus
}
#endif

#endif
