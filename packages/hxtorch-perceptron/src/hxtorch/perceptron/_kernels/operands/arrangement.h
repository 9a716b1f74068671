/* Results of a product by patches of images, bytes, to floats by channels. */
#ifndef HXP_ARRANGEMENT_H
#define HXP_ARRANGEMENT_H

#include "native/instructions.h"

/* One image: results [patches][columns] to out [columns][patches]. */
BSS2_INLINE void hxp_arrange_loop(const int8_t *BSS2_RESTRICT results, float *BSS2_RESTRICT out, int64_t patches,
                                  int64_t columns) {
    enum { SOME = 64 }; /* patches whose results stay in the cache */
    for (int64_t first = 0; first < patches; first += SOME) {
        const int64_t last = first + SOME < patches ? first + SOME : patches;
        for (int64_t j = 0; j < columns; j++)
            for (int64_t p = first; p < last; p++) out[j * patches + p] = (float)results[p * columns + j];
    }
}

BSS2_DISPATCH(hxp_arrange, (const int8_t *results, float *out, int64_t patches, int64_t columns),
              (results, out, patches, columns), hxp_arrange_loop(results, out, patches, columns))

#endif
