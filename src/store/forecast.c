/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the store will be as large as it may be: each part grows by what comes in a day, until it
 * holds as many days as it is kept, and from then on as much goes as comes.
 */
#include "store/store_int.h"

/* Days in which the part still grows. */
static double growing_days(const struct store_growth *g, unsigned part)
{
	double days = g->days_kept[part] - g->days_had[part];

	return days > 0 ? days : 0;
}

double store_days_left(const struct store_growth *g, uint64_t bytes, uint64_t bytes_max)
{
	double left = (double)bytes_max - (double)bytes, at = 0;

	while (left > 0) {
		double rate = 0, until = -1;

		for (unsigned p = 0; p < ROW_PARTS; p++) {
			double end = growing_days(g, p);

			if (end <= at)
				continue;
			rate += g->bytes_a_day[p];
			if (until < 0 || end < until)
				until = end;
		}
		if (until < 0)
			return -1;
		if (rate * (until - at) >= left)
			return at + left / rate;
		left -= rate * (until - at);
		at = until;
	}
	return 0;
}
