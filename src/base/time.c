/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time: clocks, RFC 3339 times and durations as text. Dates are computed here: libc's calendar
 * calls read the time zone, take a lock, and are many times slower. Years are the Gregorian ones;
 * a leap second (:60) has no number of its own in Unix time and is refused.
 */
#include "base/base.h"

#include <stdio.h>
#include <time.h>

#define DAY_S      INT64_C(86400)
#define NS_PER_MIN (60 * NS_PER_S)
#define NS_PER_H   (60 * NS_PER_MIN)

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t time_now_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int64_t time_mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* ---- calendar -------------------------------------------------------------------------------- */

/*
 * A year here begins in March, so that the leap day is its last day, and a period of 400 years has
 * always the same 146097 days. The months from March on have 31 30 31 30 31, twice, 31 and the
 * rest days: (153 * m + 2) / 5 days stand before month m.
 */
#define PERIOD_DAYS  INT64_C(146097)
#define PERIOD_YEARS INT64_C(400)
#define EPOCH_DAYS   INT64_C(719468) /* 0000-03-01 to 1970-01-01 */

struct date {
	int64_t year;
	unsigned month, day; /* from 1 */
};

static inline int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static struct date date_of_days(int64_t days)
{
	int64_t period = floor_div(days + EPOCH_DAYS, PERIOD_DAYS);
	unsigned d = (unsigned)(days + EPOCH_DAYS - period * PERIOD_DAYS);
	unsigned y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
	unsigned in_year = d - (365 * y + y / 4 - y / 100);
	unsigned m = (5 * in_year + 2) / 153;

	return (struct date){
		.year = period * PERIOD_YEARS + y + (m >= 10),
		.month = m < 10 ? m + 3 : m - 9,
		.day = in_year - (153 * m + 2) / 5 + 1,
	};
}

static int64_t days_of_date(struct date date)
{
	unsigned m = date.month > 2 ? date.month - 3 : date.month + 9;
	int64_t year = date.year - (date.month <= 2);
	int64_t period = floor_div(year, PERIOD_YEARS);
	int64_t y = year - period * PERIOD_YEARS;
	int64_t in_year = (153 * m + 2) / 5 + date.day - 1;

	return period * PERIOD_DAYS + 365 * y + y / 4 - y / 100 + in_year - EPOCH_DAYS;
}

static unsigned days_in_month(int64_t year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

/* ---- times ----------------------------------------------------------------------------------- */

/* v with n digits, zeros in front. */
static inline char *put_digits(char *out, unsigned v, size_t n)
{
	for (size_t i = n; i > 0; i--) {
		out[i - 1] = (char)('0' + v % 10);
		v /= 10;
	}
	return out + n;
}

static inline char *put_field(char *out, unsigned v, size_t n, char behind)
{
	out = put_digits(out, v, n);
	*out++ = behind;
	return out;
}

size_t time_format(int64_t at_ns, char out[TIME_TEXT_BYTES])
{
	int64_t at_s = floor_div(at_ns, NS_PER_S);
	int64_t days = floor_div(at_s, DAY_S);
	/* Without sign: near INT64_MIN the whole seconds in nanoseconds lie below it. */
	unsigned ns = (unsigned)((uint64_t)at_ns - (uint64_t)at_s * (uint64_t)NS_PER_S);
	unsigned s = (unsigned)(at_s - days * DAY_S);
	struct date date = date_of_days(days);
	char *p = out;

	p = put_field(p, (unsigned)date.year, 4, '-');
	p = put_field(p, date.month, 2, '-');
	p = put_field(p, date.day, 2, 'T');
	p = put_field(p, s / 3600, 2, ':');
	p = put_field(p, s / 60 % 60, 2, ':');
	p = put_field(p, s % 60, 2, '.');
	p = put_field(p, ns, 9, 'Z');
	*p = '\0';
	return (size_t)(p - out);
}

/* Takes n digits whose value is between min and max, and the byte behind them unless that is 0. */
static bool take_field(struct str *s, size_t n, char behind, unsigned min, unsigned max,
		       unsigned *out)
{
	uint64_t v;

	if (s->n < n + (behind != 0) || str_to_u64(str_head(*s, n), &v) < 0 || v < min || v > max)
		return false;
	if (behind != 0 && s->p[n] != behind)
		return false;
	*s = str_skip(*s, n + (behind != 0));
	*out = (unsigned)v;
	return true;
}

static bool take_date(struct str *s, int64_t *days)
{
	unsigned year, month, day;

	if (!take_field(s, 4, '-', 0, 9999, &year) || !take_field(s, 2, '-', 1, 12, &month) ||
	    !take_field(s, 2, 'T', 1, days_in_month(year, month), &day))
		return false;
	*days = days_of_date((struct date){ year, month, day });
	return true;
}

static bool take_clock(struct str *s, int64_t *seconds)
{
	unsigned hour, minute, second;

	if (!take_field(s, 2, ':', 0, 23, &hour) || !take_field(s, 2, ':', 0, 59, &minute) ||
	    !take_field(s, 2, 0, 0, 59, &second))
		return false;
	*seconds = (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
	return true;
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool take_fraction(struct str *s, int64_t *ns)
{
	int64_t unit = NS_PER_S;

	*ns = 0;
	if (s->n == 0 || s->p[0] != '.')
		return true;
	*s = str_skip(*s, 1);
	for (; s->n > 0 && is_digit(s->p[0]); *s = str_skip(*s, 1)) {
		unit /= 10;
		if (unit == 0)
			return false;
		*ns += (s->p[0] - '0') * unit;
	}
	return unit < NS_PER_S;
}

/* "Z", or the offset that local time is ahead of UTC. */
static bool take_zone(struct str *s, int64_t *ahead_s)
{
	unsigned hour, minute;
	bool west;

	*ahead_s = 0;
	if (str_eq(*s, STR("Z")))
		return true;
	if (s->n != 6 || (s->p[0] != '+' && s->p[0] != '-'))
		return false;
	west = s->p[0] == '-';
	*s = str_skip(*s, 1);
	if (!take_field(s, 2, ':', 0, 23, &hour) || !take_field(s, 2, 0, 0, 59, &minute))
		return false;
	*ahead_s = (int64_t)hour * 3600 + (int64_t)minute * 60;
	if (west)
		*ahead_s = -*ahead_s;
	return true;
}

int time_parse(struct str s, int64_t *out_ns)
{
	int64_t days, seconds, ns, ahead_s, total;

	if (!take_date(&s, &days) || !take_clock(&s, &seconds) || !take_fraction(&s, &ns) ||
	    !take_zone(&s, &ahead_s))
		return -EINVAL;
	seconds += days * DAY_S - ahead_s;
	/* Before 1970 the product alone may not fit where the sum does. */
	if (seconds < 0 && ns > 0) {
		seconds++;
		ns -= NS_PER_S;
	}
	if (ckd_mul(&total, seconds, NS_PER_S) || ckd_add(&total, total, ns))
		return -ERANGE;
	*out_ns = total;
	return 0;
}

/* ---- durations ------------------------------------------------------------------------------- */

struct unit {
	const char *name;
	int64_t ns;
};

/* Longer names first where one begins another. */
static const struct unit units[] = {
	{ "ns", 1 },
	{ "us", NS_PER_US },
	{ "\u00b5s", NS_PER_US },
	{ "\u03bcs", NS_PER_US },
	{ "ms", NS_PER_MS },
	{ "s", NS_PER_S },
	{ "m", NS_PER_MIN },
	{ "h", NS_PER_H },
};

static const struct unit *take_unit(struct str *s)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		struct str name = str_of(units[i].name);

		if (str_starts(*s, name)) {
			*s = str_skip(*s, name.n);
			return &units[i];
		}
	}
	return NULL;
}

static struct str take_digits(struct str *s)
{
	size_t n = 0;
	struct str digits;

	while (n < s->n && is_digit(s->p[n]))
		n++;
	digits = str_head(*s, n);
	*s = str_skip(*s, n);
	return digits;
}

/* The value of digits behind a point, in units; what is below a nanosecond is cut off. */
static uint64_t fraction_of(struct str digits, int64_t unit_ns)
{
	uint128 scale = 1;
	uint64_t v = 0;

	digits = str_head(digits, 18); /* 10^-18 h is far below 1 ns */
	for (size_t i = 0; i < digits.n; i++) {
		v = v * 10 + (uint64_t)(digits.p[i] - '0');
		scale *= 10;
	}
	return (uint64_t)((uint128)v * (uint64_t)unit_ns / scale);
}

/* One "12.5ms", added to *sum. */
static int take_term(struct str *s, uint64_t *sum)
{
	struct str whole = take_digits(s);
	struct str part = { NULL, 0 };
	const struct unit *unit;
	uint64_t v = 0;

	if (s->n > 0 && s->p[0] == '.') {
		*s = str_skip(*s, 1);
		part = take_digits(s);
	}
	unit = take_unit(s);
	if (!unit || whole.n + part.n == 0)
		return -EINVAL;
	if (whole.n > 0 && str_to_u64(whole, &v) < 0)
		return -ERANGE;
	if (ckd_mul(&v, v, (uint64_t)unit->ns) || ckd_add(&v, v, fraction_of(part, unit->ns)) ||
	    ckd_add(sum, *sum, v))
		return -ERANGE;
	return 0;
}

int dur_parse(struct str s, int64_t *out_ns)
{
	bool minus = str_starts(s, STR("-"));
	uint64_t sum = 0;
	int range = 0;

	s = str_skip(s, minus);
	if (s.n == 0)
		return -EINVAL;
	if (str_eq(s, STR("0")))
		s = STR("");
	while (s.n > 0) {
		int r = take_term(&s, &sum);

		if (r == -EINVAL)
			return r;
		range = range < 0 ? range : r;
	}
	if (range < 0 || sum > (uint64_t)INT64_MAX + minus)
		return -ERANGE;
	*out_ns = minus ? (int64_t)(0 - sum) : (int64_t)sum;
	return 0;
}

size_t dur_format(int64_t ns, char out[TIME_TEXT_BYTES])
{
	static const char *const names[] = { "us", "ms", "s" };
	uint64_t v = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	const char *sign = ns < 0 ? "-" : "";
	size_t unit = 0;
	uint64_t step = 1;
	int n;

	if (v > 0 && v < 1000)
		return (size_t)snprintf(out, TIME_TEXT_BYTES, "%s%uns", sign, (unsigned)v);
	/* Thousandths of a unit, rounded; a million of them are one of the next unit. */
	while (unit + 1 < ARRAY_LEN(names) && (v + step / 2) / step >= 1000000) {
		unit++;
		step *= 1000;
	}
	v = (v + step / 2) / step;
	n = snprintf(out, TIME_TEXT_BYTES, "%s%llu.%03u", sign, (unsigned long long)(v / 1000),
		     (unsigned)(v % 1000));
	while (out[n - 1] == '0')
		n--;
	if (out[n - 1] == '.')
		n--;
	n += snprintf(out + n, TIME_TEXT_BYTES - (size_t)n, "%s", v == 0 ? "s" : names[unit]);
	return (size_t)n;
}
