/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ctrl-C, and SIGTERM, while a stream is read: the first one is the end of the stream, so that what
 * was seen of its flows is shown; the next one ends the program, as the first does at any other
 * time.
 */
#include <signal.h>

#include "cli/cli.h"

volatile sig_atomic_t stop_signal;

static const int signals[] = { SIGINT, SIGTERM };
static struct sigaction before[ARRAY_LEN(signals)];

void stop_forget(void)
{
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		(void)sigaction(signals[i], &before[i], NULL);
}

static void on_signal(int number)
{
	stop_signal = number;
	stop_forget();
}

/* Calls that write go on behind the handler; a sleep for more to read does not. */
void stop_listen(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	(void)sigfillset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		(void)sigaction(signals[i], NULL, &before[i]);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (before[i].sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &action, NULL);
}
