/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Redis dissector; see dissector.h.
 */
#define FUZZ_DISSECTOR redis_dissector
#include "dissector.h"
