/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference: errors, counters, HTTP marks, records and limits, from their tables.
 */
#include <stdio.h>

#include "capture/capture.h"
#include "dissect/dissect.h"
#include "docs.h"
#include "flow/flow.h"
#include "http/graphql.h"
#include "http1/http1.h"
#include "query/query.h"
#include "rules/rules.h"

/* ---- Small things ---------------------------------------------------------------------------- */

void docs_head(struct buf *out, const char *title, const char *source)
{
	(void)buf_printf(out, "# %s\n<!-- Made from %s by make docs; do not edit. -->\n", title,
			 source);
}

void docs_cell(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			(void)buf_put_char(out, '\\');
		(void)buf_put_char(out, *text == '\n' ? ' ' : *text);
	}
}

void docs_bytes(struct buf *out, uint64_t bytes)
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB" };
	unsigned i = 0;

	while (bytes > 0 && bytes % 1024 == 0 && i + 1 < ARRAY_LEN(unit)) {
		bytes /= 1024;
		i++;
	}
	(void)buf_printf(out, "%llu %s", (unsigned long long)bytes, unit[i]);
}

/* ---- Errors ---------------------------------------------------------------------------------- */

void docs_errors(struct buf *out)
{
	docs_head(out, "Errors", "src/base/tables.h");
	(void)buf_put(
		out, STR("Every error a person can meet has an id that never changes. It stands "
			 "in parentheses behind the message of a command, and as `err` in a log "
			 "line. **exit** is the exit status of the command; **HTTP** is the status "
			 "for the API that is to come.\n"));
	for (unsigned i = 1; i < ERR_COUNT; i++) {
		const struct err_row *row = err_row(i);

		(void)buf_printf(out, "\n## `%s`\n%s\n\n- what to do: %s\n- exit %d, HTTP %d\n",
				 row->id, row->title, row->hint, row->exit, row->http);
	}
}

/* ---- Counters -------------------------------------------------------------------------------- */

static void put_counters(struct buf *out, enum counter_role role, const char *text)
{
	(void)buf_printf(out, "\n%s\n\n| counter | what |\n|---|---|\n", text);
	for (unsigned i = 0; i < COUNTER_COUNT; i++) {
		const struct counter_row *row = counter_row(i);

		if (row->role != role)
			continue;
		(void)buf_printf(out, "| `%s` | ", row->name);
		docs_cell(out, row->help);
		(void)buf_put(out, STR(" |\n"));
	}
}

void docs_counters(struct buf *out)
{
	docs_head(out, "Counters", "src/base/tables.h");
	(void)buf_put(
		out,
		STR("A dissector counts in a page of memory that outlives it; `redoubt traffic "
		    "--stats` prints what is not zero. Every frame that a source offers ends in "
		    "exactly one counter of the second or third table:\n\n"
		    "    offered = delivered + drops\n\n"
		    "The dissector asserts this at the end of each source, and each drop that is "
		    "not zero becomes a `gap` record.\n"));
	put_counters(out, COUNTER_OFFERED, "## Offered");
	put_counters(out, COUNTER_DELIVERED, "## Delivered");
	put_counters(out, COUNTER_DROP, "## Drops");
	put_counters(out, COUNTER_NOTE,
		     "## Notes\nOther things worth knowing, losses above the frame among them; no "
		     "part of the sum.");
}

/* ---- HTTP marks ------------------------------------------------------------------------------ */

void docs_anomalies(struct buf *out)
{
#define MARK_ROW(name, token, help) { token, help },
	static const struct {
		const char *token, *help;
	} marks[] = { HTTP1_MARK_TABLE(MARK_ROW) };

	docs_head(out, "HTTP anomalies", "src/http1/http1.h");
	(void)buf_put(
		out,
		STR("What may stand in the field `http.anomalies`: something in a message that "
		    "two implementations may read differently, or that no ordinary client or "
		    "server sends. Request smuggling lives from such differences. Nothing is "
		    "judged: a mark says what was seen, also where the message was understood. "
		    "Sections are of RFC 9112.\n\nFind them all with `redoubt traffic -r FILE "
		    "'has(http.anomalies)'`, one with `'\"cl-te\" in http.anomalies'`.\n\n"
		    "| mark | what was seen |\n|---|---|\n"));
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		(void)buf_printf(out, "| `%s` | ", marks[i].token);
		docs_cell(out, marks[i].help);
		(void)buf_put(out, STR(" |\n"));
	}
}

/* ---- Records --------------------------------------------------------------------------------- */

void docs_records(struct buf *out)
{
	schema_write(SCHEMA_MARKDOWN, out);
}

/* ---- Names of KFL2 --------------------------------------------------------------------------- */

static void put_from(struct buf *out, const struct filter_alias *a)
{
	struct str left = str_of(a->from), field;
	const char *between = "";

	if (!a->type) {
		(void)buf_put_char(out, '`');
		docs_cell(out, a->from);
		(void)buf_put_char(out, '`');
		return;
	}
	while (left.n) {
		(void)str_cut(&left, ' ', &field);
		(void)buf_printf(out, "%s`%.*s`", between, STR_FMT(field));
		between = ", ";
	}
	if (str_eq(str_of(a->name), STR("elapsed_time")))
		(void)buf_put(out, STR(", in whole microseconds"));
	for (const struct filter_word *w = a->words; w && w->ours.p; w++)
		(void)buf_printf(out, "%s`%.*s` is `%.*s`", w == a->words ? "; " : ", ",
				 STR_FMT(w->ours), STR_FMT(w->theirs));
}

void docs_aliases(struct buf *out)
{
	const struct filter_alias *a;

	(void)buf_put(out, STR("| name | type | here |\n|---|---|---|\n"));
	for (size_t i = 0; (a = filter_alias_at(i)); i++) {
		if (!a->from)
			continue;
		(void)buf_printf(out, "| `%s` | %s | ", a->name,
				 a->type ? field_type_name(a->type) : "bool");
		put_from(out, a);
		(void)buf_put(out, STR(" |\n"));
	}
	(void)buf_put(out,
		      STR("\nThese have no equivalent, and a filter that names one is refused "
			  "with the reason:\n\n| name | why, or what to write |\n|---|---|\n"));
	for (size_t i = 0; (a = filter_alias_at(i)); i++) {
		if (a->from)
			continue;
		(void)buf_printf(out, "| `%s` | ", a->name);
		docs_cell(out, a->why);
		(void)buf_put(out, STR(" |\n"));
	}
}

/* ---- Limits ---------------------------------------------------------------------------------- */

enum unit { COUNT, BYTES, NANOSECONDS };

static void put_limit(struct buf *out, const char *name, enum unit unit, uint64_t value,
		      const char *what)
{
	char text[TIME_TEXT_BYTES];

	(void)buf_printf(out, "| `%s` | ", name);
	if (unit == BYTES) {
		docs_bytes(out, value);
	} else if (unit == NANOSECONDS) {
		(void)dur_format((int64_t)value, text);
		(void)buf_put(out, str_of(text));
	} else {
		(void)buf_put_u64(out, value);
	}
	(void)buf_printf(out, " | %s |\n", what);
}

#define LIMIT(name, unit, what)                                                                    \
	{                                                                                          \
#name, unit, name, what                                                            \
	}

static void put_constants(struct buf *out)
{
	static const struct {
		const char *name;
		enum unit unit;
		uint64_t value;
		const char *what;
	} limits[] = {
		LIMIT(FRAME_MAX, BYTES, "one frame; a longer one is counted as `drop.too-long`"),
		LIMIT(CAPFILE_BLOCK_MAX, BYTES, "what a record or block claims; more is damage"),
		LIMIT(CAPFILE_INTERFACES_MAX, COUNT, "interfaces of one pcapng section"),
		LIMIT(UNZIP_WINDOW_MAX, BYTES, "window of a zstd frame"),
		LIMIT(PACKET_HEADERS_MAX, COUNT, "headers of one frame that are followed"),
		LIMIT(PACKET_VLANS_MAX, COUNT, "VLAN ids of one frame that are kept"),
		LIMIT(FRAG_PACKETS_MAX, COUNT, "fragmented packets gathered at once"),
		LIMIT(FRAG_PARTS_MAX, COUNT, "fragments of one packet"),
		LIMIT(FRAG_TIMEOUT_NS, NANOSECONDS, "how long its fragments are waited for"),
		LIMIT(TCP_QUEUE_SEGMENTS_MAX, COUNT, "segments one direction holds out of order"),
		LIMIT(TCP_QUEUE_BYTES_MAX, BYTES, "bytes it holds out of order"),
		LIMIT(TCP_HOLE_SEGMENTS, COUNT,
		      "segments behind an acknowledged hole before it is skipped"),
		LIMIT(TCP_HOLE_NS, NANOSECONDS, "time after which such a hole is skipped anyway"),
		LIMIT(DISSECT_OPEN_MAX, COUNT, "open records of one stream"),
		LIMIT(DISSECT_WINDOW_MAX, BYTES, "bytes of an unfinished message that wait"),
		LIMIT(DISSECT_HEAP_MAX, BYTES,
		      "what a stream keeps beside its windows and records, such as header tables of "
		      "HTTP/2"),
		LIMIT(DISSECT_ANSWER_NS, NANOSECONDS, "how long a datagram's answer is waited for"),
		LIMIT(DISSECT_OPEN_BODY_MAX, BYTES, "of the expression of `--open-body`"),
		LIMIT(GRAPHQL_BODY_MAX, BYTES, "of a body that `--open-body` opens"),
		LIMIT(HTTP1_HEAD_MAX, BYTES, "one HTTP head"),
		LIMIT(HTTP1_EMPTY_MAX, BYTES, "empty lines in front of it"),
		LIMIT(HTTP1_FIELDS_MAX, COUNT, "header fields of one head"),
		LIMIT(HTTP1_CHUNK_LINE_MAX, BYTES, "a chunk-size line with its extensions"),
		LIMIT(HTTP1_TRAILER_MAX, BYTES, "a trailer section"),
		LIMIT(ROW_VALUE_MAX, BYTES, "a value in a record; cut there after masking"),
		LIMIT(ROW_MAX, BYTES, "a record"),
		LIMIT(FILTER_TEXT_MAX, BYTES, "a filter expression"),
		LIMIT(FILTER_DEPTH_MAX, COUNT, "its nesting"),
	};

	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		put_limit(out, limits[i].name, limits[i].unit, limits[i].value, limits[i].what);
}

static void put_store(struct buf *out)
{
	static const struct {
		const char *name;
		enum unit unit;
		uint64_t value;
		const char *what;
	} limits[] = {
		LIMIT(STORE_COMMIT_NS, NANOSECONDS,
		      "a record waits at most so long for its commit"),
		LIMIT(ROWLOG_FRAME_BYTES, BYTES,
		      "records of one frame, with which it is committed"),
		LIMIT(ROWLOG_FILE_BYTES, BYTES, "one log, after which the next is begun"),
		LIMIT(ROWLOG_MARKS_MAX, COUNT,
		      "agents, runs and shards whose last record is remembered"),
		LIMIT(STORE_REST_NS, NANOSECONDS,
		      "how long records rest before they are a segment"),
		LIMIT(SEGMENT_GROUP_ROWS, COUNT, "records of one group of a segment"),
		LIMIT(STORE_CLUSTERS_MAX, COUNT, "clusters whose records are taken at once"),
		LIMIT(STORE_RESERVE_BYTES, BYTES, "kept free, so that a full disk can be cleared"),
		LIMIT(KEYSTORE_KEYS_MAX, COUNT,
		      "data keys, destroyed ones that are remembered too"),
		LIMIT(QUERY_TEXT_MAX, BYTES, "the filter of a query"),
		LIMIT(QUERY_BY_MAX, COUNT, "fields of `--by`"),
		LIMIT(QUERY_GROUPS_MAX, COUNT, "groups; further ones are counted as all others"),
		LIMIT(QUERY_ROWS_MAX, COUNT, "records of one answer"),
	};
	const char *step;

	(void)buf_put(out,
		      STR("\n## Of a store\n\n| constant | value | of what |\n|---|---|---|\n"));
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		put_limit(out, limits[i].name, limits[i].unit, limits[i].value, limits[i].what);
	(void)buf_put(out,
		      STR("\n## On a full disk\nWhat goes, in this order, until a commit "
			  "succeeds; each step is said and counted, and taken back when there is "
			  "room again:\n\n"));
	for (size_t i = 0; (step = store_shed_step(i)); i++)
		(void)buf_printf(out, "%zu. %s\n", i + 1, step);
}

static void put_engine(struct buf *out)
{
	struct flow_conf c;

	flow_conf_default(&c);
	put_limit(out, "flows", COUNT, c.flows, "connections in the table (option `--flows`)");
	put_limit(out, "streams", COUNT, c.streams,
		  "connections with a recognised protocol at once");
	put_limit(out, "transactions", COUNT, c.transactions,
		  "blocks of 4 KiB that open records share");
	put_limit(
		out, "windows", COUNT, c.windows,
		"blocks of 4 KiB for unfinished messages and what dissectors keep; a 32nd as many "
		"of 16 KiB, a 128th as many of 64 KiB");
	put_limit(out, "shared_bytes", BYTES, c.shared_bytes,
		  "what flows, streams, transactions and windows have together, beside a quarter "
		  "of each");
	put_limit(out, "segments", COUNT, c.segments, "blocks of 2 KiB for TCP out of order");
	put_limit(out, "fragments", COUNT, c.fragments, "blocks of 2 KiB for IP fragments");
	put_limit(out, "idle_tcp_ns", NANOSECONDS, (uint64_t)c.idle_tcp_ns,
		  "an answered TCP connection without a frame for so long ends");
	put_limit(out, "idle_other_ns", NANOSECONDS, (uint64_t)c.idle_other_ns,
		  "the same for every other connection");
	put_limit(out, "idle_closed_ns", NANOSECONDS, (uint64_t)c.idle_closed_ns,
		  "the same after both FINs, or a RST");
}

void docs_limits(struct buf *out)
{
	docs_head(out, "Limits", "the named constants");
	(void)buf_put(
		out,
		STR("Nothing grows with its input. Each limit is a named constant, and what "
		    "goes beyond it is refused with an error, or skipped and counted "
		    "([counters.md](counters.md)). Here are those that somebody meets; "
		    "`grep -rn Limit: src` finds all, those of single protocols among them.\n\n"
		    "## Of what is read\n\n"
		    "| constant | value | of what |\n|---|---|---|\n"));
	put_constants(out);
	(void)buf_put(out, STR("\n## Of a dissector's memory and patience\nA dissector allocates "
			       "this at its start, and the kernel backs it when it is first used. "
			       "Idle times go by the clock of the capture.\n\n"
			       "| setting | default | of what |\n|---|---|---|\n"));
	put_engine(out);
	put_store(out);
}
