/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shim over simdjson: its first stage, which finds structure and checks UTF-8 at the speed of
 * memory. The second stage is the tree's own, since simdjson's refuses integers beyond 64 bits and
 * lone surrogates, and takes 14 bytes of memory for a byte of text where the index takes four.
 */
#include "json/tree_int.h"

#include <cerrno>
#include <memory>
#include <new>

#include <simdjson.h>

using implementation = simdjson::internal::dom_parser_implementation;

struct tree_index {
	std::unique_ptr<implementation> impl;
	size_t text_bytes = 0;
};

/* As simdjson's set_capacity has it: a number for each byte of whole blocks, and a few behind. */
static constexpr size_t BLOCK_BYTES = 64;
static constexpr size_t SPARE = 9;
/* Its second stage's stacks, which stay unused. */
static constexpr size_t DEPTH = 1;

size_t tree_index_bytes(size_t text_bytes)
{
	size_t blocks = text_bytes / BLOCK_BYTES + 1;

	return (blocks * BLOCK_BYTES + SPARE) * sizeof(uint32_t);
}

int tree_index_new(struct tree_index **out)
try {
	auto x = std::make_unique<tree_index>();
	auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
		0, DEPTH, x->impl);

	if (error == simdjson::UNSUPPORTED_ARCHITECTURE)
		return -ENOSYS;
	if (error)
		return -ENOMEM;
	*out = x.release();
	return 0;
} catch (...) {
	return -ENOMEM;
}

void tree_index_free(struct tree_index *x)
{
	delete x;
}

int tree_index_reserve(struct tree_index *x, size_t text_bytes)
try {
	x->text_bytes = 0;
	x->impl->structural_indexes.reset(); /* so that old and new are never held together */
	if (x->impl->set_capacity(text_bytes))
		return -ENOMEM;
	x->text_bytes = text_bytes;
	return 0;
} catch (...) {
	return -ENOMEM;
}

int tree_index_fill(struct tree_index *x, const char *text, size_t n, const uint32_t **offsets,
		    size_t *count)
try {
	if (n > x->text_bytes)
		return -EBADMSG;
	auto error = x->impl->stage1(reinterpret_cast<const uint8_t *>(text), n,
				     simdjson::stage1_mode::regular);

	if (error)
		return error == simdjson::UTF8_ERROR ? -EILSEQ : -EBADMSG;
	*offsets = x->impl->structural_indexes.get();
	*count = x->impl->n_structural_indexes;
	return 0;
} catch (...) {
	return -EBADMSG;
}
