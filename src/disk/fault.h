/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the files of this room ask whether a test wants a call to fail. In a process that injects
 * nothing it is one comparison.
 */
#ifndef REDOUBT_DISK_FAULT_H
#define REDOUBT_DISK_FAULT_H

#include "disk/disk.h"

/* The answer of struct disk_fault: 0 when there is none. n may be NULL. */
int disk_fault_ask(enum disk_call call, int fd, const char *name, uint64_t at, size_t *n);

#endif
