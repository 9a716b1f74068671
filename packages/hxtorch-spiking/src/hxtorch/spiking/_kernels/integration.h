/* Integration of neurons over time and its adjoint, in both precisions; the torch loop (functional/loop.py) is the law.
 *
 * A lane is one neuron of one batch entry. Lanes are independent, so a block of them runs through all of its time with its
 * states in the first cache; threads take blocks. Arrays over time are [step][lane].
 */
#ifndef HX_INTEGRATION_H
#define HX_INTEGRATION_H

#include "portable.h"
#include "names.h"

enum { HX_LANES_F32 = 512, HX_LANES_F64 = 256 }; /* of a block, so that its states stay in the first cache */

#define REAL float
#define NAME(x) HX_JOIN(x, _f32)
#define LANES HX_LANES_F32
#include "integration_block.h"
#undef REAL
#undef NAME
#undef LANES
#define REAL double
#define NAME(x) HX_JOIN(x, _f64)
#define LANES HX_LANES_F64
#define HX_DOUBLE
#include "integration_block.h"
#undef HX_DOUBLE
#undef REAL
#undef NAME
#undef LANES

#endif
