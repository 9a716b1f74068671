/* The loops over neurons for each instruction set. Part of entry.h. */

#define SET _plain
#define TARGET
#define WITHIN BSS2_INLINE
#define PAIRS 0
#include "neurons/loops.h"
#undef SET
#undef TARGET
#undef WITHIN
#undef PAIRS

#define SETS(PLAIN, AVX2, AVX512)                                                                                      \
    static void (*const NAME(advance_sets)[])(NAME(state) *) = BSS2_TABLE(                                              \
        BSS2_JOIN(NAME(advance_all), PLAIN), BSS2_JOIN(NAME(advance_all), AVX2), BSS2_JOIN(NAME(advance_all), AVX512),  \
        BSS2_JOIN(NAME(advance_all), AVX512), BSS2_JOIN(NAME(advance_all), AVX512));
#if BSS2_HAS_VECTORS
#define PAIRS 1
#define SET _avx2
#define TARGET BSS2_TARGET_AVX2
#define WITHIN BSS2_WITHIN_avx2
#include "neurons/loops.h"
#undef SET
#undef TARGET
#undef WITHIN
#define SET _avx512
#define TARGET BSS2_TARGET_AVX512
#define WITHIN BSS2_WITHIN_avx512
#include "neurons/loops.h"
#undef SET
#undef TARGET
#undef WITHIN
#undef PAIRS
SETS(_plain, _avx2, _avx512)
#else
SETS(_plain, _plain, _plain)
#endif
#undef SETS
