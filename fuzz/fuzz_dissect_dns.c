/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DNS dissector, datagrams and streams; see dissector.h.
 */
#define FUZZ_DISSECTOR dns_dissector
#include "dissector.h"
