/* Normal numbers of 16 bit, finer than those of reads.h.
 *
 * Philox (normals.h) gives uniform words; the inverse of the normal distribution turns each half of a word into a number in
 * units of 1 / 4096. Its upper bit is the sign, the rest lies on one of 127 straight lines (least squares): 63 of equal
 * width, then 64 narrow ones for the tail beyond 2.4. The 65536 possible numbers have a variance of 0.9998, a kurtosis of
 * 2.9995 and end at 4.19. (Two entries more, as vectors are gathered by 32-bit words.)
 */
#ifndef BSS2_SHORTS_H
#define BSS2_SHORTS_H

#include "native/instructions.h"
#include "noise/normals.h"

static const uint16_t bss2_short_level[130] = {
    0, 80, 161, 241, 321, 402, 482, 563, 644, 726, 807, 889, 972, 1054, 1137, 1221,
    1305, 1390, 1475, 1561, 1648, 1735, 1823, 1912, 2002, 2093, 2185, 2278, 2372, 2468, 2564, 2663,
    2763, 2864, 2968, 3073, 3180, 3290, 3402, 3516, 3634, 3754, 3878, 4005, 4137, 4272, 4413, 4559,
    4711, 4870, 5037, 5212, 5398, 5595, 5806, 6034, 6282, 6555, 6861, 7210, 7621, 8123, 8777, 0,
    9904, 9927, 9951, 9975, 10000, 10025, 10050, 10075, 10101, 10128, 10155, 10182, 10210, 10238, 10267, 10296,
    10326, 10356, 10387, 10419, 10451, 10484, 10517, 10551, 10586, 10622, 10659, 10696, 10735, 10774, 10814, 10856,
    10898, 10942, 10987, 11034, 11082, 11131, 11182, 11235, 11290, 11347, 11406, 11468, 11533, 11600, 11671, 11746,
    11824, 11908, 11996, 12090, 12192, 12301, 12420, 12550, 12695, 12857, 13042, 13258, 13519, 13848, 14294, 14804,
};
static const uint16_t bss2_short_rise[130] = {
    80, 80, 80, 80, 81, 81, 81, 81, 81, 82, 82, 82, 83, 83, 84, 84,
    85, 85, 86, 87, 87, 88, 89, 90, 91, 92, 93, 94, 96, 97, 98, 100,
    102, 103, 105, 107, 110, 112, 115, 117, 120, 124, 127, 131, 136, 141, 146, 152,
    159, 167, 175, 186, 197, 211, 228, 248, 274, 307, 351, 413, 510, 679, 1066, 0,
    23, 24, 24, 24, 25, 25, 26, 26, 26, 27, 27, 28, 28, 29, 29, 30,
    30, 31, 31, 32, 33, 33, 34, 35, 36, 37, 37, 38, 39, 40, 41, 43,
    44, 45, 46, 48, 49, 51, 53, 55, 57, 59, 62, 64, 67, 71, 74, 78,
    83, 88, 94, 101, 109, 118, 130, 144, 161, 184, 215, 258, 327, 448, 731, 2690,
};

BSS2_INLINE int16_t bss2_short_normal(uint32_t half) {
    const uint32_t size = half & 0x7FFF;
    const int tail = size >= 63 * 512;
    const uint32_t line = tail ? 64 + (size >> 3 & 63) : size >> 9;
    const uint32_t along = tail ? (size & 7) << 13 : (size & 511) << 7;
    const int32_t number = (int32_t)(bss2_short_level[line] + (bss2_short_rise[line] * along >> 16));
    return (int16_t)(half & 0x8000 ? -number : number);
}

#if BSS2_X86

/* Three rounds of Philox for counters that differ in their second word only: most of it is the same for all of them. */
typedef struct {
    uint32_t low, high;    /* key of the fourth round */
    uint32_t first;        /* a = b ^ first */
    uint32_t second;       /* c = upper half of M a, ^ second */
    uint32_t third, other; /* a = upper half of M' c, ^ third; c = lower half of M a, ^ other */
    uint32_t d;
} bss2_start;

static bss2_start bss2_three_rounds(bss2_key key, uint32_t c0, uint32_t c2, uint32_t c3) {
    const uint32_t m0 = 0xD2511F53u, m1 = 0xCD9E8D57u, w0 = 0x9E3779B9u, w1 = 0xBB67AE85u;
    const uint64_t left = (uint64_t)m0 * c0, right = (uint64_t)m1 * c2;
    const uint64_t again = (uint64_t)m1 * ((uint32_t)(left >> 32) ^ c3 ^ key.high);
    const uint64_t last = (uint64_t)m0 * ((uint32_t)(again >> 32) ^ (uint32_t)right ^ (key.low + w0));
    const bss2_start start = {
        key.low + 3 * w0, key.high + 3 * w1, (uint32_t)(right >> 32) ^ key.low, (uint32_t)left ^ (key.high + w1),
        (uint32_t)again ^ (key.low + 2 * w0), (uint32_t)(last >> 32) ^ (key.high + 2 * w1), (uint32_t)last,
    };
    return start;
}

/* All seven rounds; counters lie in the lower halves of 64-bit lanes, as the multiplication takes them. */
#define BSS2_PHILOX(START, MULTIPLY, SHIFT, XOR, XOR3, SET)                                            \
    a = XOR(b, SET(START.first));                                                                      \
    d = MULTIPLY(a, SET(0xD2511F53));                                                                  \
    c = XOR(SHIFT(d, 32), SET(START.second));                                                          \
    b = MULTIPLY(c, SET(0xCD9E8D57));                                                                  \
    a = XOR(SHIFT(b, 32), SET(START.third));                                                           \
    c = XOR(d, SET(START.other));                                                                      \
    d = SET(START.d);                                                                                  \
    for (uint32_t round = 0; round < 4; round++) {                                                     \
        const __typeof__(a) left = MULTIPLY(a, SET(0xD2511F53)), right = MULTIPLY(c, SET(0xCD9E8D57)); \
        a = XOR3(SHIFT(right, 32), b, SET((uint32_t)(START.low + round * 0x9E3779B9u)));               \
        c = XOR3(SHIFT(left, 32), d, SET((uint32_t)(START.high + round * 0xBB67AE85u)));               \
        b = right;                                                                                     \
        d = left;                                                                                      \
    }

#define BSS2_XOR3_256(A, B, C) _mm256_xor_si256(_mm256_xor_si256(A, B), C)
#define BSS2_XOR3_512(A, B, C) _mm512_ternarylogic_epi64(A, B, C, 0x96)

/* 8 numbers, in 32-bit lanes, signs still off */
BSS2_TARGET_AVX2 static inline __m256i bss2_short_lines_avx2(__m256i size) {
    const __m256i tail = _mm256_cmpgt_epi32(size, _mm256_set1_epi32(63 * 512 - 1));
    const __m256i line = _mm256_blendv_epi8(
        _mm256_srli_epi32(size, 9),
        _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi32(size, 3), _mm256_set1_epi32(63)), _mm256_set1_epi32(64)), tail);
    const __m256i along = _mm256_blendv_epi8(_mm256_slli_epi32(_mm256_and_si256(size, _mm256_set1_epi32(511)), 7),
                                             _mm256_slli_epi32(_mm256_and_si256(size, _mm256_set1_epi32(7)), 13), tail);
    const __m256i lower = _mm256_set1_epi32(0xFFFF);
    const __m256i level =
        _mm256_and_si256(_mm256_i32gather_epi32((const int *)(const void *)bss2_short_level, line, 2), lower);
    const __m256i rise =
        _mm256_and_si256(_mm256_i32gather_epi32((const int *)(const void *)bss2_short_rise, line, 2), lower);
    return _mm256_add_epi32(level, _mm256_srli_epi32(_mm256_mullo_epi32(rise, along), 16));
}

BSS2_TARGET_AVX2 static inline __m256i bss2_short_normals_avx2(__m256i halves) { /* of 16 halves of words */
    const __m256i seven = _mm256_set1_epi32(0x7FFF);
    const __m256i even = bss2_short_lines_avx2(_mm256_and_si256(halves, seven));
    const __m256i odd = bss2_short_lines_avx2(_mm256_and_si256(_mm256_srli_epi32(halves, 16), seven));
    const __m256i size = _mm256_or_si256(even, _mm256_slli_epi32(odd, 16)), sign = _mm256_srai_epi16(halves, 15);
    return _mm256_sub_epi16(_mm256_xor_si256(size, sign), sign);
}

BSS2_TARGET_AVX512 static inline __m512i bss2_short_normals_avx512(__m512i halves, const __m512i *table) { /* of 32 halves */
    const __m512i size = _mm512_and_si512(halves, _mm512_set1_epi16(0x7FFF));
    const __mmask32 tail = _mm512_cmpge_epi16_mask(size, _mm512_set1_epi16(63 * 512));
    const __m512i line =
        _mm512_mask_srli_epi16(_mm512_srli_epi16(size, 9), tail, size, 3); /* tables take its lowest six bits */
    const __m512i along = _mm512_mask_slli_epi16(_mm512_slli_epi16(size, 7), tail, size, 13);
    const __m512i level = _mm512_mask_blend_epi16(tail, _mm512_permutex2var_epi16(table[0], line, table[1]),
                                                  _mm512_permutex2var_epi16(table[2], line, table[3]));
    const __m512i rise = _mm512_mask_blend_epi16(tail, _mm512_permutex2var_epi16(table[4], line, table[5]),
                                                 _mm512_permutex2var_epi16(table[6], line, table[7]));
    const __m512i number = _mm512_add_epi16(level, _mm512_mulhi_epu16(rise, along));
    return _mm512_mask_sub_epi16(number, _mm512_movepi16_mask(halves), _mm512_setzero_si512(), number);
}
#endif

#endif
