/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of records as query shows them, in the forms that records have (groups.c).
 */
#ifndef REDOUBT_CLI_GROUPS_H
#define REDOUBT_CLI_GROUPS_H

#include "cli/cli.h"
#include "query/query.h"

void groups_begin(struct show *s, unsigned form, const struct query_spec *spec);
void groups_row(struct show *s, unsigned form, const struct query_spec *spec,
		const struct query_group *group);
void groups_end(struct show *s, unsigned form, const struct query_spec *spec);

#endif
