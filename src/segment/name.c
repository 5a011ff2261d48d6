/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of part files: the arrival number of the segment's first row and the part. Names sort
 * as the numbers do. The other way takes no other spelling, so that one segment has one name.
 */
#include "segment/segment_int.h"

#include <inttypes.h>
#include <stdio.h>

#define DIGITS 16

void segment_name(uint64_t first_arrival, enum field_part part, char out[SEGMENT_NAME_BYTES])
{
	(void)snprintf(out, SEGMENT_NAME_BYTES, "%016" PRIx64 ".%s", first_arrival,
		       field_part_name(part));
}

bool segment_name_parse(const char *name, uint64_t *first_arrival, enum field_part *part)
{
	struct str digits = str_head(str_of(name), DIGITS);
	char same[SEGMENT_NAME_BYTES];
	uint64_t number;

	if (str_to_hex64(digits, &number) < 0)
		return false;
	for (unsigned i = 0; i < ROW_PARTS; i++) {
		segment_name(number, (enum field_part)i, same);
		if (strcmp(same, name) != 0)
			continue;
		*first_arrival = number;
		*part = (enum field_part)i;
		return true;
	}
	return false;
}
