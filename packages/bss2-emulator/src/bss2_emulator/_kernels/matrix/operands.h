/* Whether bytes are legal operands, faster than the product can be refused later. */
#ifndef BSS2_OPERANDS_H
#define BSS2_OPERANDS_H

#include "native/instructions.h"

BSS2_INLINE void bss2_extremes_loop(const int8_t *BSS2_RESTRICT values, int64_t n, int8_t *BSS2_RESTRICT extremes) {
    int8_t least = 127, most = -128;
    for (int64_t i = 0; i < n; i++) {
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
    }
    extremes[0] = least;
    extremes[1] = most;
}

BSS2_DISPATCH(bss2_extremes, (const int8_t *values, int64_t n, int8_t *extremes), (values, n, extremes),
              bss2_extremes_loop(values, n, extremes))

#endif
