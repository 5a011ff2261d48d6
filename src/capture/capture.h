/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture: sources of frames, seen from the side that is trusted. It opens what the user named,
 * starts a redoubt-dissect for it, hands it bytes through a ring, and takes rows from another. It
 * never reads a byte of what it carries.
 */
#ifndef REDOUBT_CAPTURE_H
#define REDOUBT_CAPTURE_H

#include <signal.h>

#include "base/base.h"
#include "record/record.h"

/* The first message to a redoubt-dissect; descriptors follow in the order of enum dissect_fd. */
#define DISSECT_START_VERSION 2
#define DISSECT_LABEL_MAX     256
/* Limit: the rule that opens bodies. */
#define DISSECT_OPEN_BODY_MAX 2048

enum dissect_fd {
	DISSECT_FD_STATUS, /* page of struct dissect_status */
	DISSECT_FD_INPUT,  /* ring, RING_FDS of them */
	DISSECT_FD_ROWS = DISSECT_FD_INPUT + RING_FDS,
	DISSECT_FDS = DISSECT_FD_ROWS + RING_FDS,
};

struct dissect_start {
	uint32_t version;
	uint32_t agent, epoch, shard;
	uint64_t input_bytes, rows_bytes; /* sizes of the rings */
	uint64_t flows;                   /* limit from the options, 0: the default */
	uint64_t seed;
	uint32_t label_bytes;
	char label[DISSECT_LABEL_MAX]; /* name of the source, for its rows */
	uint32_t open_body_bytes;      /* 0: no body is opened */
	char open_body[DISSECT_OPEN_BODY_MAX];
};
static_assert(sizeof(struct dissect_start) <= PROC_MESSAGE_MAX, "it is one message");

/* Written by the dissector, read by everybody, also after its death. Nothing in it is believed that
 * could hurt: each number is read once, the text is cleaned. */
struct dissect_status {
	struct counters counters;
	_Atomic uint64_t input_used; /* bytes of the file */
	_Atomic uint32_t state;      /* enum dissect_state */
	_Atomic uint32_t err_id;     /* why it ended early, or 0 */
	uint32_t layers;             /* enum proc_layer bits in force */
	uint32_t truncated;
	char err_text[256];
};

enum dissect_state { DISSECT_IS_STARTING, DISSECT_IS_RUNNING, DISSECT_IS_DONE, DISSECT_IS_FAILED };

/* Limit: the largest table of flows that fits into a dissector's address space beside all else it
 * may need, a decompressor among it. */
#define CAPTURE_FLOWS_MAX (UINT64_C(1) << 20)
/* How long a dissector may make no step: the default. */
#define CAPTURE_PATIENCE_NS (60 * NS_PER_S)

struct capture_conf {
	uint32_t agent;  /* whoever captures: part of the ids of rows, to which … */
	uint32_t number; /* … the number of the source within this run is added */
	uint64_t flows;  /* 0: the default */
	/* A filter; of requests for which it is true the body is looked into. Empty: none. At most
	 * DISSECT_OPEN_BODY_MAX bytes. */
	struct str open_body;
	/* Time without a step after which a dissector that was given all there is, or all there is
	 * room for, is ended; 0: the default. What the source or the caller takes is not counted.
	 */
	int64_t patience_ns;
	/* A stream is at its end once a signal's handler has set this, and what its writer gives
	 * in the next moment is read; no signal is slept through. May be NULL. */
	const volatile sig_atomic_t *stop;
	/* Called before it sleeps: every row there is was given. May be NULL. */
	void (*idle)(void *owner);
	/* Called with each line that the dissector writes to its standard error, cleaned and
	 * limited: printable ASCII, without its end. May be NULL. */
	void (*said)(void *owner, struct str line);
	void *owner;
};

struct capture;

/* What came of one source. */
struct capture_result {
	struct counters counters;
	unsigned layers;
	bool truncated;
	uint64_t bytes;
	struct err err; /* id ERR_NONE when it was read to its end */
};

/* 0, or negative with *err when there is no such file; whether it can be read is not asked. */
[[nodiscard]] int capture_find(const char *path, struct err *err);
/* Starts reading a file, "-" for standard input. 0 or negative with *err. */
[[nodiscard]] int capture_open(const char *path, const struct capture_conf *conf,
			       struct capture **out, struct err *err);
void capture_close(struct capture *c);
CLEANUP_DEFINE(struct capture *, capture_close)
/* The next row, valid until the next call: 1; 0 at the end of the source (also a damaged one: see
 * capture_result); negative with *err when the dissector died or the file could not be read, and
 * what was read before that was given. */
[[nodiscard]] int capture_next(struct capture *c, struct row_view *row, struct err *err);
/* After the end, or while it runs. */
void capture_result(const struct capture *c, struct capture_result *out);
/* Bytes of the file that were handed over, and its size or 0 when unknown, for a progress line. */
void capture_progress(const struct capture *c, uint64_t *done, uint64_t *size);
/* A pipe, a terminal or the like: no file, whose end is there already. */
bool capture_is_stream(const struct capture *c);
/* True while a stream has not given its first byte. */
bool capture_waits(const struct capture *c);
/* True when the dissector was given all there is, so that only its work is waited for. */
bool capture_given(const struct capture *c);

#endif
