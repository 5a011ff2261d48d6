/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A capture file through the engine: from the ring, through decompression where it is compressed,
 * frame by frame. Frames are read in place, in the ring or in the buffer of decompressed bytes.
 */
#include <stdlib.h>

#include "agent/dissect.h"

/* Decompressed bytes: the longest frame with its block, and room to decompress into. */
#define PLAIN_BYTES (FRAME_MAX + 64 * KIB + 256 * KIB)
/* The writer of the input gets its room back in pieces of this. */
#define CONSUME_BYTES (128 * KIB)

/* Rows of a file are not lost for want of room: the reader is waited for. */
static int wait_for_reader(void *owner, size_t n)
{
	struct dissect *d = owner;

	return ring_wait_room(&d->rows, n, -1);
}

/* The options' limits, where they are given, scale the defaults. */
static void limits(const struct dissect_start *start, struct flow_conf *conf)
{
	flow_conf_default(conf);
	if (start->flows)
		conf->flows = (uint32_t)start->flows;
	conf->observer = (struct str){ start->label, start->label_bytes };
	conf->seed = start->seed;
}

/* The rule sees what a request said so far, in clear, in memory that nobody else has. */
static bool opens_body(void *owner, const struct row *row)
{
	static uint8_t clear[ROW_MAX];
	const struct dissect *d = owner;
	ptrdiff_t n = row_encode_clear(row, clear, sizeof(clear));
	struct row_view view;

	return n > 0 && row_view((struct str){ (const char *)clear, (size_t)n }, &view) == 0 &&
	       filter_match(d->open_body, &view);
}

static int prepare_rule(struct dissect *d, struct flow_conf *conf, struct err *err)
{
	struct str rule = { d->start.open_body, d->start.open_body_bytes };

	if (rule.n == 0)
		return 0;
	conf->opens_body = opens_body;
	conf->opens_body_owner = d;
	return filter_new(rule, &d->open_body, err);
}

int dissect_prepare(struct dissect *d, struct err *err)
{
	struct flow_conf conf;
	int r;

	limits(&d->start, &conf);
	r = prepare_rule(d, &conf, err);
	if (r < 0)
		return r;
	d->out = (struct row_out){
		.ring = &d->rows,
		.plan = rules_default_masks(),
		.counters = &d->status->counters,
		.agent = d->start.agent,
		.epoch = d->start.epoch,
		.shard = (uint8_t)d->start.shard,
		.full = wait_for_reader,
		.owner = d,
	};
	d->plain = malloc(PLAIN_BYTES);
	if (!d->plain || flow_engine_new(&conf, &d->out, &d->status->counters, &d->engine) < 0)
		return err_set(err, ERR_MEMORY, "the flow engine, with %u flows", conf.flows);
	capfile_init(&d->capfile);
	return 0;
}

/* Gives the frames of in to the engine; *used is how far it came. */
static int take_frames(struct dissect *d, struct str in, size_t *used, struct err *err)
{
	struct frame frame;

	*used = 0;
	while (*used < CONSUME_BYTES) {
		size_t n = 0;
		int answer = capfile_next(&d->capfile, str_skip(in, *used), &n, &frame, err);

		*used += n;
		if (answer < 0)
			return answer;
		switch ((enum capfile_answer)answer) {
		case CAPFILE_MORE:
			return 0;
		case CAPFILE_FRAME:
			flow_engine_frame(d->engine, &frame);
			break;
		case CAPFILE_SKIPPED:
			flow_engine_lost(d->engine, COUNTER_DROP_TOO_LONG, frame.wire_bytes,
					 frame.at_ns);
			break;
		case CAPFILE_BLOCK:
			d->status->counters.v[COUNTER_BLOCKS_SKIPPED]++;
			break;
		}
	}
	return 0;
}

static void input_consume(struct dissect *d, size_t n)
{
	ring_consume(&d->input, n);
	atomic_fetch_add_explicit(&d->status->input_used, n, memory_order_relaxed);
}

/* What is readable, once it is more than `seen` bytes; not more only at the end. */
static struct str input_more(struct dissect *d, size_t seen)
{
	struct str in = ring_readable(&d->input);

	if (in.n > seen)
		return in;
	ring_flush(&d->rows);
	(void)ring_wait_data(&d->input, seen, -1);
	return ring_readable(&d->input);
}

static int read_plain(struct dissect *d, struct str *rest, struct err *err)
{
	size_t seen = 0;

	for (;;) {
		struct str in = input_more(d, seen);
		size_t used;
		int r;

		*rest = in;
		if (in.n <= seen)
			return 0;
		r = take_frames(d, in, &used, err);
		input_consume(d, used);
		*rest = str_skip(in, used);
		if (r < 0)
			return r;
		seen = used ? 0 : in.n;
	}
}

/* Reads frames from the decompressed bytes, and moves the rest to the front. */
static int drain_plain(struct dissect *d, struct err *err)
{
	size_t at = 0, used;
	int r;

	do {
		r = take_frames(d, (struct str){ (const char *)d->plain + at, d->plain_len - at },
				&used, err);
		at += used;
	} while (r == 0 && used >= CONSUME_BYTES);
	d->plain_len -= at;
	memmove(d->plain, d->plain + at, d->plain_len);
	return r;
}

static int damaged(const struct dissect *d, struct err *err)
{
	return err_set(err, ERR_CAPTURE_DAMAGED, "the compressed data is damaged at byte %llu",
		       (unsigned long long)atomic_load(&d->status->input_used));
}

static int read_compressed(struct dissect *d, bool *complete, struct err *err)
{
	bool full = false; /* the decompressor may hold more than there was room for */

	*complete = false;
	for (;;) {
		struct str in = full ? ring_readable(&d->input) : input_more(d, 0);
		size_t room = PLAIN_BYTES - d->plain_len, used = 0, made = 0;
		int r, read;

		if (in.n == 0 && !full)
			return 0;
		r = unzip_step(d->unzip, in, &used, d->plain + d->plain_len, room, &made);
		if (used || made)
			*complete = r == 1;
		full = made == room;
		input_consume(d, used);
		d->plain_len += made;
		read = drain_plain(d, err);
		if (read < 0)
			return read;
		if (r < 0)
			return r == -ENOMEM ? err_set(err, ERR_MEMORY, "the decompressor")
					    : damaged(d, err);
	}
}

static int recognise(struct dissect *d, struct err *err)
{
	size_t seen = 0;
	int kind;

	do {
		struct str in = input_more(d, seen);

		kind = unzip_kind(in, in.n <= seen);
		seen = in.n;
	} while (kind == -EAGAIN);
	d->kind = (enum unzip_kind)kind;
	if (d->kind != UNZIP_PLAIN && unzip_new(d->kind, &d->unzip) < 0)
		return err_set(err, ERR_MEMORY, "the decompressor");
	return 0;
}

/* What stands at the end: a frame begun and not ended is offered, and lost. */
static int finish(struct dissect *d, struct str rest, bool complete, struct err *err)
{
	int r = capfile_end(&d->capfile, rest, err);

	if (r < 0)
		return r;
	if (r == 1)
		flow_engine_lost(d->engine, COUNTER_DROP_CUT, rest.n, 0);
	if (r > 0 || !complete) {
		d->status->truncated = 1;
		return err_set(err, ERR_CAPTURE_TRUNCATED, "it ends within a %s",
			       r == 1   ? "frame"
			       : r == 2 ? "block"
					: "compressed member");
	}
	return 0;
}

int dissect_file(struct dissect *d, struct err *err)
{
	struct str rest = { NULL, 0 };
	bool complete = true;
	struct flow_source source = { 0 };
	int r = recognise(d, err);

	if (r == 0 && d->kind == UNZIP_PLAIN) {
		r = read_plain(d, &rest, err);
	} else if (r == 0) {
		r = read_compressed(d, &complete, err);
		rest = (struct str){ (const char *)d->plain, d->plain_len };
	}
	if (r == 0)
		r = finish(d, rest, complete, err);
	source.format = d->capfile.format == CAPFILE_PCAPNG;
	source.compression = d->kind;
	source.file_bytes = atomic_load(&d->status->input_used);
	if (d->status->truncated && !d->unzip) /* the frame that was begun was read, too */
		source.file_bytes += rest.n;
	source.interfaces = d->capfile.first_interface + d->capfile.interfaces;
	source.truncated = d->status->truncated != 0;
	source.error = r < 0 ? err_row(err->id)->id : NULL;
	flow_engine_end(d->engine, &source);
	return r;
}
