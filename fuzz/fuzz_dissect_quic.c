/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The QUIC dissector; see dissector.h. What is inside of packets is the work of fuzz_quic_frames.
 */
#define FUZZ_DISSECTOR quic_dissector
#include "dissector.h"
