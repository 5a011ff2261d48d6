/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share: one source with its dissector, from open to end.
 */
#ifndef REDOUBT_CAPTURE_INT_H
#define REDOUBT_CAPTURE_INT_H

#include "capture/capture.h"

/* ---- What a dissector writes to standard error (said.c) -------------------------------------- */

/* Limit: so much of it is passed on, where each line counts as SAID_LINE_COST bytes at least. A
 * sanitizer's report is longer than anything a dissector has to say. */
#ifdef REDOUBT_SANITIZED
#define SAID_BYTES_MAX (64 * KIB)
#else
#define SAID_BYTES_MAX (4 * KIB)
#endif
#define SAID_LINE_MAX  1024 /* a longer line becomes several */
#define SAID_LINE_COST 64

struct said {
	size_t spent; /* of SAID_BYTES_MAX */
	size_t n;     /* of the line that is not ended yet */
	char line[SAID_LINE_MAX];
};

typedef void said_tell(void *owner, struct str line);

/* Passes on what fd holds now, line by line and cleaned; tell may be NULL. At the end of fd, and
 * once the limit is spent, it answers false: nothing more is wanted from it. */
bool said_take(struct said *s, int fd, said_tell *tell, void *owner);

/* ---- The source ------------------------------------------------------------------------------ */

struct capture {
	char *name; /* for messages, shortened */
	char *label;
	int fd;
	bool regular; /* reading never waits */
	bool input_done;
	bool rows_done;
	uint64_t size, done;
	struct capture_conf conf;
	int64_t stop_ns; /* when the time of the writer is over that was stopped with us, or 0 */
	struct proc proc;
	struct ring input, rows;
	struct dissect_status *status;
	size_t row_at, row_end; /* within what is readable; consumed when all of it was given */
	uint16_t last_kind;     /* of the row that was given last */
	/* The watchdog's. */
	uint64_t used_seen;  /* input_used, when it moved last */
	uint64_t idle_bytes; /* of rows, since then */
	int64_t owed_ns;     /* time since then that only the dissector is to blame for */
	int64_t looked_ns;   /* when that was counted last, 0: it is not */
	struct said said;
	struct err read_error;
	struct err failure;   /* why the dissector stopped early, as far as it is believed */
	uint8_t row[ROW_MAX]; /* the row that was given last */
};

/* Opens the file and names it; 0 or negative with *err (source.c). */
[[nodiscard]] int source_open(struct capture *c, const char *path, struct err *err);

/* ---- Its end (end.c) ------------------------------------------------------------------------- */

/* The dissector ended, or says so: 0 when what it left behind is an end, with c->failure where it
 * says why it stopped early; negative with *err. */
[[nodiscard]] int capture_ended(struct capture *c, struct err *err);
/* The same of what it left behind: its exit status as waitpid() gives it. */
[[nodiscard]] int capture_judge(struct capture *c, int status, struct err *err);
/* ERR_ROLE_DIED, with what it did; if it still runs, it is killed. */
[[nodiscard]] int capture_blame(struct capture *c, const char *what, struct err *err);
/* Passes on what it has written to standard error by now (capture.c). */
void capture_listen(struct capture *c);

#endif
