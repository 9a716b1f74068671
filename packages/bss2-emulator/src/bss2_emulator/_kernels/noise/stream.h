/* Long streams of normals, for everything that is drawn once: mismatch, ADC noise. */
#ifndef BSS2_STREAM_H
#define BSS2_STREAM_H

#include "native/instructions.h"
#include "noise/normals.h"

/* Normals of one stream: the j-th of `out` is number first + j of (c1, c2, c3). */
BSS2_INLINE void bss2_fill_loop(bss2_key key, uint64_t first, uint32_t c1, uint32_t c2, uint32_t c3, float *out, size_t n) {
    enum { BLOCK = 64 };
    float a[BLOCK], b[BLOCK], c[BLOCK], d[BLOCK];
    size_t done = 0;
    uint64_t counter = first / 4;
    int skip = (int)(first % 4);
    while (done < n) {
        BSS2_VECTOR
        for (int j = 0; j < BLOCK; j++) {
            const bss2_word4 word = bss2_philox(key, (uint32_t)counter + (uint32_t)j, c1, c2, c3);
            bss2_box_muller(word.w[0], word.w[1], &a[j], &b[j]);
            bss2_box_muller(word.w[2], word.w[3], &c[j], &d[j]);
        }
        for (int j = 0; j < BLOCK && done < n; j++) {
            const float four[4] = {a[j], b[j], c[j], d[j]};
            for (int k = skip; k < 4 && done < n; k++) out[done++] = four[k];
            skip = 0;
        }
        counter += BLOCK;
    }
}

BSS2_DISPATCH(bss2_fill_normals,
              (bss2_key key, uint64_t first, uint32_t c1, uint32_t c2, uint32_t c3, float *out, size_t n),
              (key, first, c1, c2, c3, out, n), bss2_fill_loop(key, first, c1, c2, c3, out, n))

/* Uniform numbers in (0, 1): number i of the stream (c1, c2, c3) is word i % 4 of counter i / 4. */
static void bss2_fill_uniform(bss2_key key, uint64_t first, uint32_t c1, uint32_t c2, uint32_t c3, float *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const uint64_t number = first + i;
        out[i] = bss2_uniform(bss2_philox(key, (uint32_t)(number / 4), c1, c2, c3).w[number % 4]);
    }
}

#endif
