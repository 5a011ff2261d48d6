/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a source ended, as far as a dissector that may be an attacker's is believed. An end is one
 * only when all of it fits: the exit status, the state, every byte of the input used, the capture
 * record as the last row, and a reason that is a dissector's to give. Everything else is a death.
 */
#include <limits.h>
#include <stdio.h>
#include <sys/wait.h>

#include "capture/capture_int.h"

/* How long a dissector may take from its last row to its end. */
#define END_TIMEOUT_MS 10000

enum moment { AT_START = 1, AT_END = 2 };

/* What a dissector meets itself: when it could not begin, and ends with a status, or on its way.
 * The rest is other programs' to say, of a file that cannot be opened for one. */
static bool is_its_reason(uint32_t id, enum moment when)
{
	static const struct {
		enum err_id id;
		unsigned when;
	} reasons[] = {
		{ ERR_CAPTURE_FORMAT, AT_END },      { ERR_CAPTURE_VERSION, AT_END },
		{ ERR_CAPTURE_DAMAGED, AT_END },     { ERR_CAPTURE_TRUNCATED, AT_END },
		{ ERR_LIMIT, AT_START | AT_END },    { ERR_MEMORY, AT_START | AT_END },
		{ ERR_SANDBOX, AT_START },           { ERR_ROLE_START, AT_START },
		{ ERR_INTERNAL, AT_START | AT_END },
	};

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (id == (uint32_t)reasons[i].id)
			return (reasons[i].when & (unsigned)when) != 0;
	return false;
}

/* The text is the sandbox's: a copy of it is cleaned, so that nothing in it can steer a terminal.
 */
static void take_reason(const struct capture *c, uint32_t id, enum moment when, struct err *out)
{
	char text[sizeof(c->status->err_text) + 1];

	memcpy(text, c->status->err_text, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (char *p = text; *p; p++)
		if (*p < ' ' || *p >= 0x7f)
			*p = '?';
	(void)err_set(out, is_its_reason(id, when) ? (enum err_id)id : ERR_INTERNAL, "%s: %s",
		      c->name, text);
}

int capture_blame(struct capture *c, const char *what, struct err *err)
{
	c->rows_done = true;
	capture_listen(c);
	proc_stop(&c->proc);
	return err_set(err, ERR_ROLE_DIED, "%s: the dissector %s at byte %llu of its input",
		       c->name, what, (unsigned long long)atomic_load(&c->status->input_used));
}

static int died(struct capture *c, int status, uint32_t reason, struct err *err)
{
	struct buf text;
	int r;

	if (reason && WIFEXITED(status)) { /* it could say why */
		take_reason(c, reason, AT_START, err);
		return -err_row(err->id)->code;
	}
	buf_init(&text, 256);
	proc_status_format(status, &text);
	r = capture_blame(c, text.len ? text.p : "ended", err);
	buf_done(&text);
	return r;
}

/* What an orderly end lacks, or NULL. */
static const char *lack_of_end(const struct capture *c, uint32_t state, uint32_t reason)
{
	bool failed = state == DISSECT_IS_FAILED;

	if (state != DISSECT_IS_DONE && !failed)
		return "ended before it was done,";
	if (failed != (reason != 0))
		return failed ? "failed and does not say why," : "is done and says that it failed,";
	if (c->last_kind != KIND_CAPTURE)
		return "ended without a capture record,";
	if (!failed && (!c->input_done || atomic_load(&c->status->input_used) != c->done))
		return "ended without reading everything,";
	return NULL;
}

int capture_judge(struct capture *c, int status, struct err *err)
{
	uint32_t state = atomic_load(&c->status->state);
	uint32_t reason = atomic_load(&c->status->err_id);
	const char *lack = lack_of_end(c, state, reason);

	c->rows_done = true;
	if (status != 0)
		return died(c, status, reason, err);
	if (lack)
		return capture_blame(c, lack, err);
	if (c->read_error.id) {
		*err = c->read_error;
		return -err_row(err->id)->code;
	}
	if (reason)
		take_reason(c, reason, AT_END, &c->failure);
	return 0;
}

int capture_ended(struct capture *c, struct err *err)
{
	int64_t timeout_ms = c->conf.patience_ns / NS_PER_MS;
	int status;

	if (timeout_ms > END_TIMEOUT_MS)
		timeout_ms = END_TIMEOUT_MS;
	if (proc_wait(&c->proc, (int)timeout_ms, &status) < 0)
		return capture_blame(c, "says that it is done and does not end,", err);
	capture_listen(c);
	return capture_judge(c, status, err);
}
