/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: one event, one logfmt line, one write to standard error. Mains log; rooms return. A line
 * never holds a control character besides its end, whatever was passed, and never allocates.
 */
#include "base/base.h"

#include <stdio.h>
#include <unistd.h>

/* Limit: a longer line is cut, and ends in " cut=true". */
#define LINE_BYTES 2048

static const char cut_mark[] = " cut=true";

struct line {
	char p[LINE_BYTES];
	size_t n;
};

#define LINE_ROOM (LINE_BYTES - sizeof(cut_mark) - 1)

static const char *program = "redoubt";
static enum log_level lowest = LOG_INFO;

void log_init(const char *name, enum log_level from)
{
	program = name;
	lowest = from;
}

static const char *level_name(enum log_level level)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	assert((size_t)level < ARRAY_LEN(names));
	return names[level];
}

/* Bytes above the room are counted in n, so that the end knows the line was cut. */
static void vput(struct line *line, const char *fmt, va_list args) PRINTF_LIKE(2, 0);
static void vput(struct line *line, const char *fmt, va_list args)
{
	int n;

	if (line->n >= LINE_ROOM)
		return;
	n = vsnprintf(line->p + line->n, LINE_ROOM - line->n + 1, fmt, args);
	line->n += n > 0 ? (size_t)n : 0;
}

static void put(struct line *line, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void put(struct line *line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vput(line, fmt, args);
	va_end(args);
}

static void put_quoted(struct line *line, const char *key, const char *value)
{
	put(line, " %s=\"", key);
	for (; *value; value++)
		put(line, "%s%c", *value == '"' || *value == '\\' ? "\\" : "", *value);
	put(line, "\"");
}

static void begin(struct line *line, enum log_level level, const char *event)
{
	char now[TIME_TEXT_BYTES];

	line->n = 0;
	(void)time_format(time_now_ns(), now);
	put(line, "time=%s level=%s program=%s event=%s", now, level_name(level), program, event);
}

static void end(struct line *line)
{
	ssize_t r;

	if (line->n > LINE_ROOM) {
		memcpy(line->p + LINE_ROOM, cut_mark, sizeof(cut_mark) - 1);
		line->n = LINE_ROOM + sizeof(cut_mark) - 1;
	}
	for (size_t i = 0; i < line->n; i++)
		if ((uint8_t)line->p[i] < ' ' || line->p[i] == 0x7f)
			line->p[i] = '?';
	line->p[line->n++] = '\n';
	do {
		r = write(STDERR_FILENO, line->p, line->n);
	} while (r < 0 && errno == EINTR);
}

void log_line(enum log_level level, const char *event, const char *fmt, ...)
{
	int keep = errno;
	struct line line;
	va_list args;

	if (level < lowest)
		return;
	begin(&line, level, event);
	if (fmt[0] != '\0') {
		put(&line, " ");
		va_start(args, fmt);
		vput(&line, fmt, args);
		va_end(args);
	}
	end(&line);
	errno = keep;
}

void log_err(const char *event, const struct err *err)
{
	const struct err_row *row = err_row(err->id);
	int keep = errno;
	struct line line;

	begin(&line, LOG_ERROR, event);
	put(&line, " err=%s", row->id);
	put_quoted(&line, "text", err->text[0] != '\0' ? err->text : row->title);
	if (row->hint[0] != '\0')
		put_quoted(&line, "hint", row->hint);
	end(&line);
	errno = keep;
}
