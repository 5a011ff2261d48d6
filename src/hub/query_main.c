/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redoubt-query: runs one query over pieces of the store that it is handed, with the keys of one
 * viewer, and can do nothing else.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "query/query.h"

/* The channel is the sign of a parent; nothing is to be had from us otherwise. */
static bool by_hand(int argc)
{
	struct stat st;

	return argc > 1 || fstat(PROC_CHANNEL_FD, &st) < 0 || !S_ISSOCK(st.st_mode);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (by_hand(argc)) {
		(void)fputs("redoubt-query is started by redoubt, not by hand.\n", stderr);
		return err_row(ERR_USAGE)->exit;
	}
	log_init("redoubt-query", LOG_INFO);
	return query_serve(PROC_CHANNEL_FD);
}
