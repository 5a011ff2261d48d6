/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PostgreSQL dissector; see dissector.h.
 */
#define FUZZ_DISSECTOR postgresql_dissector
#include "dissector.h"
