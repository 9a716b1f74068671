/* Integration of neurons whose spikes come back to them a step later, and its adjoint, in both precisions; the torch loop
 * (functional/loop.py) with its feedback is the law.
 *
 * Entries of the batch are independent, neurons of one entry are not. A group of entries runs through all of its time.
 * Forwards only spikes are weighed. The product of gradients and weights on the way back is dense: each row of the weights
 * that is loaded serves a few entries.
 */
#ifndef HX_RECURRENCE_H
#define HX_RECURRENCE_H

#define HX_NAMES_ONLY
#include "steps/integration.h"
#include "synapses/sums.h"

enum { HX_GROUP = 16 };   /* entries that take each step in turn: their states stay in cache, their rows are neighbours */

/* Rows of the working memory, (row, lane). */
enum { STATE_V, STATE_C, STATE_W, STATE_WAIT, TOTAL, LEVEL, UNWANTED, WORK };

#define REAL float
#define BITS uint32_t
#define NAME(x) BSS2_JOIN(x, _f32)
#include "steps/recurrence_block.h"
#undef BITS
#undef REAL
#undef NAME
#define REAL double
#define BITS uint64_t
#define NAME(x) BSS2_JOIN(x, _f64)
#define HX_DOUBLE
#include "steps/recurrence_block.h"
#undef HX_DOUBLE
#undef BITS
#undef REAL
#undef NAME

#endif
