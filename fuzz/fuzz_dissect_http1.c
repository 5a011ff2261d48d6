/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/1 dissector; see dissector.h.
 */
#define FUZZ_DISSECTOR http1_dissector
#include "dissector.h"
