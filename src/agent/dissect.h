/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What redoubt-dissect holds between its start and its end.
 */
#ifndef REDOUBT_AGENT_DISSECT_H
#define REDOUBT_AGENT_DISSECT_H

#include "capture/capture.h"
#include "flow/flow.h"
#include "rules/rules.h"

struct dissect {
	struct dissect_start start;
	struct dissect_status *status;
	struct ring input, rows;
	struct row_out out;
	struct flow_engine *engine;
	struct filter *open_body; /* NULL: no body is opened */
	struct capfile capfile;
	struct unzip *unzip;
	/* Decompressed bytes that are not read yet. */
	uint8_t *plain;
	size_t plain_len;
	enum unzip_kind kind;
};

/* Allocates everything: the engine by the limits of the start message, and the buffers. */
[[nodiscard]] int dissect_prepare(struct dissect *d, struct err *err);
/* Reads the input to its end. Negative with *err when it is damaged; rows up to there are written.
 */
[[nodiscard]] int dissect_file(struct dissect *d, struct err *err);

#endif
