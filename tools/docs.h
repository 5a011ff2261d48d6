/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages that are made from tables, one function each, for make-docs. A function appends
 * Markdown; where it goes is a row of make-docs.c. docs_tables.c has the reference, docs_cli.c
 * the commands, docs_security.c what an auditor asks for,
 * docs_protocols.c the protocols.
 */
#ifndef REDOUBT_TOOLS_DOCS_H
#define REDOUBT_TOOLS_DOCS_H

#include "base/base.h"
#include "record/record.h"

void docs_errors(struct buf *out);
void docs_counters(struct buf *out);
void docs_anomalies(struct buf *out);
void docs_records(struct buf *out);
void docs_cli(struct buf *out);
void docs_aliases(struct buf *out);
void docs_limits(struct buf *out);

void docs_sandbox(struct buf *out);
void docs_masked_fields(struct buf *out);
void docs_allowed_headers(struct buf *out);
void docs_allowed_parameters(struct buf *out);
void docs_mask_examples(struct buf *out);

/* The kinds that have a page in docs/protocols; NULL behind the last. */
const struct record_kind *docs_protocol_at(size_t i);
void docs_protocol_fields(struct buf *out, const struct record_kind *kind);

/* What a mask does, as a part of a sentence. */
const char *docs_mask_text(enum mask_action action);
/* The first lines of a page that nobody edits: "# title" and where it comes from. */
void docs_head(struct buf *out, const char *title, const char *source);
/* Text in a cell of a table: what would end the cell is escaped. */
void docs_cell(struct buf *out, const char *text);
/* "64 KiB", "512 B": exact, in the largest unit that divides it. */
void docs_bytes(struct buf *out, uint64_t bytes);

#endif
