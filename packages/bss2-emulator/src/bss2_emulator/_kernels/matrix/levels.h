/* From charge to what the column ADC tells: levels of columns in int16, fractions of an LSB (FRACTION), which is fine beside
 * noise of 1 LSB and makes vectors wide.
 */
#ifndef BSS2_LEVELS_H
#define BSS2_LEVELS_H

#include "matrix/product.h"
#include "noise/reads.h"

enum {
    FRACTION_BITS = 5,
    FRACTION = 1 << FRACTION_BITS,
    FARTHEST = 320, /* LSB that a column may be read, and move, at most: far beyond the ADC, and no sum leaves int16 */
    LEVELS = 32,    /* columns that are read at a time, at most */
};

/* Constants of the columns of one hemisphere. */
typedef struct {
    const float *gain;    /* fractions per charge */
    const int16_t *shift; /* fractions that many events move a column by */
    const int16_t *bent;  /* levels below it bend */
    const float *lowest, *inverse_limit, *bend; /* fractions: -1.3 of the limit of the negative side; its inverse, or 0; limit / 1.2 */
    const int16_t *baseline; /* fractions, within +-FARTHEST LSB */
} bss2_columns;

/* What two reads have of noise: normals for each column, factors, and what all columns share. */
typedef struct {
    const int16_t *normal[2]; /* at rest, after integration */
    int16_t rest;
    const int16_t *result;
    int16_t common[2]; /* fractions */
} bss2_noise;

/* Charge to levels, with the share `shifted` of the shift, in 2^-15; returns whether some may have to bend. */
typedef int bss2_collect(const bss2_columns *column, int16_t shifted, const int32_t *sum, int16_t *level, int n);

/* Read one batch entry: the difference of both reads as the column ADC tells it. */
typedef void bss2_read(const bss2_columns *column, const bss2_noise *noise, const int16_t *level, int8_t *difference, int n);

static int bss2_collect_plain(const bss2_columns *column, int16_t shifted, const int32_t *BSS2_RESTRICT sum,
                              int16_t *BSS2_RESTRICT level, int n) {
    const float *BSS2_RESTRICT gain = column->gain;
    const int16_t *BSS2_RESTRICT shift = column->shift, *BSS2_RESTRICT bent = column->bent;
    const int32_t most = FARTHEST * FRACTION;
    int32_t wide[TILE_COLUMNS];
    int16_t below = 0;
    BSS2_VECTOR
    for (int j = 0; j < n; j++) {
        const float y = gain[j] * (float)sum[j];
        const float above = y > -32768.0f ? y : -32768.0f;
        const float rounded = (above < 32767.0f ? above : 32767.0f) + 12582912.0f; /* 1.5 * 2^23: lower bits are the rounded number */
        int32_t bits;
        memcpy(&bits, &rounded, 4);
        wide[j] = bits - 0x4B400000;
    }
    BSS2_VECTOR
    for (int j = 0; j < n; j++) {
        const int32_t y = wide[j] + ((((shift[j] * shifted) >> 14) + 1) >> 1);
        const int32_t above = y > -most ? y : -most;
        level[j] = (int16_t)(above < most ? above : most);
        below |= level[j] < bent[j];
    }
    return below;
}

/* The negative side saturates: linear to 0.7 of its limit, flat from 1.3, a parabola between. */
BSS2_RARE void bss2_bend(const bss2_columns *column, int16_t *BSS2_RESTRICT level, int n) {
    const float *BSS2_RESTRICT lowest = column->lowest, *BSS2_RESTRICT inverse = column->inverse_limit;
    const float *BSS2_RESTRICT bend = column->bend;
    for (int j = 0; j < n; j++) {
        const float y = (float)level[j];
        float knee = -0.7f - y * inverse[j];
        knee = knee > 0.0f ? knee : 0.0f;
        knee = knee < 0.6f ? knee : 0.6f;
        level[j] = (int16_t)lrintf((y > lowest[j] ? y : lowest[j]) + knee * knee * bend[j]);
    }
}

BSS2_INLINE int16_t bss2_code(int16_t level) { /* round and clip to the ADC */
    int16_t code = (int16_t)((int16_t)(level + FRACTION / 2) >> FRACTION_BITS);
    code = code > 0 ? code : 0;
    return code < 255 ? code : 255;
}

BSS2_INLINE int8_t bss2_difference(int16_t after, int16_t before) {
    int16_t difference = (int16_t)(bss2_code(after) - bss2_code(before));
    difference = difference > -128 ? difference : -128;
    return (int8_t)(difference < 127 ? difference : 127);
}

static void bss2_read_plain(const bss2_columns *column, const bss2_noise *noise, const int16_t *BSS2_RESTRICT level,
                            int8_t *BSS2_RESTRICT difference, int n) {
    const int16_t *BSS2_RESTRICT rest = noise->normal[0], *BSS2_RESTRICT result = noise->normal[1];
    const int16_t *BSS2_RESTRICT baseline = column->baseline, *BSS2_RESTRICT factor_result = noise->result;
    const int16_t common_rest = noise->common[0], common_result = noise->common[1];
    int16_t factor_rest[TILE_COLUMNS]; /* all the same: vectors of 16 bits need them as an array */
    for (int j = 0; j < n; j++) factor_rest[j] = noise->rest;
    BSS2_VECTOR
    for (int j = 0; j < n; j++) {
        const int16_t before = (int16_t)(baseline[j] + bss2_high(rest[j], factor_rest[j]) + common_rest);
        const int16_t after = (int16_t)((int16_t)(baseline[j] + level[j]) + bss2_high(result[j], factor_result[j]) + common_result);
        difference[j] = bss2_difference(after, before);
    }
}

/* The same without noise. */
BSS2_INLINE void bss2_read_quietly(const bss2_columns *column, const int16_t *BSS2_RESTRICT level, int8_t *BSS2_RESTRICT difference, int n) {
    const int16_t *BSS2_RESTRICT baseline = column->baseline;
    for (int j = 0; j < n; j++) difference[j] = bss2_difference((int16_t)(baseline[j] + level[j]), baseline[j]);
}

/* An ideal chip: round half away from zero and clip. */
BSS2_INLINE void bss2_round(const float *BSS2_RESTRICT gain, const int32_t *BSS2_RESTRICT sum, int8_t *BSS2_RESTRICT difference, int n) {
    BSS2_VECTOR
    for (int j = 0; j < n; j++) {
        const float y = gain[j] * (float)sum[j];
        const float size = fabsf(y) < 4096.0f ? fabsf(y) : 4096.0f;
        const int32_t code = (int32_t)copysignf(size + 0.5f, y);
        const int32_t above = code < -128 ? -128 : code;
        difference[j] = (int8_t)(above > 127 ? 127 : above);
    }
}

#if BSS2_X86

#define BSS2_LOAD(FROM) _mm256_loadu_si256((const __m256i *)(const void *)(FROM))

BSS2_TARGET_AVX2 static int bss2_collect_avx2(const bss2_columns *column, int16_t shifted, const int32_t *sum, int16_t *level, int n) {
    const __m256i share = _mm256_set1_epi16(shifted), most = _mm256_set1_epi16(FARTHEST * FRACTION);
    const __m256i least = _mm256_set1_epi16(-FARTHEST * FRACTION);
    const __m256 end = _mm256_set1_ps(32767.0f); /* below, numbers saturate as they are packed */
    __m256i below = _mm256_setzero_si256();
    for (int j = 0; j < n; j += 16) {
        const __m256 left = _mm256_mul_ps(_mm256_cvtepi32_ps(BSS2_LOAD(sum + j)), _mm256_loadu_ps(column->gain + j));
        const __m256 right = _mm256_mul_ps(_mm256_cvtepi32_ps(BSS2_LOAD(sum + j + 8)), _mm256_loadu_ps(column->gain + j + 8));
        const __m256i pair = _mm256_packs_epi32(_mm256_cvtps_epi32(_mm256_min_ps(left, end)), _mm256_cvtps_epi32(_mm256_min_ps(right, end)));
        const __m256i y = _mm256_adds_epi16(_mm256_permute4x64_epi64(pair, 0xD8), _mm256_mulhrs_epi16(BSS2_LOAD(column->shift + j), share));
        const __m256i found = _mm256_min_epi16(_mm256_max_epi16(y, least), most);
        below = _mm256_or_si256(below, _mm256_cmpgt_epi16(BSS2_LOAD(column->bent + j), found));
        _mm256_storeu_si256((__m256i *)(void *)(level + j), found);
    }
    return !_mm256_testz_si256(below, below);
}

BSS2_TARGET_AVX2 static void bss2_read_avx2(const bss2_columns *column, const bss2_noise *noise, const int16_t *level, int8_t *difference, int n) {
    const __m256i factor = _mm256_set1_epi16(noise->rest), all_before = _mm256_set1_epi16((int16_t)(noise->common[0] + FRACTION / 2));
    const __m256i all_after = _mm256_set1_epi16((int16_t)(noise->common[1] + FRACTION / 2));
    const __m128i middle = _mm_set1_epi8((char)128); /* codes from -128 to 127: their difference saturates by itself */
    for (int j = 0; j < n; j += 16) {
        const __m256i baseline = BSS2_LOAD(column->baseline + j);
        const __m256i rest = _mm256_mulhi_epi16(BSS2_LOAD(noise->normal[0] + j), factor);
        const __m256i result = _mm256_mulhi_epi16(BSS2_LOAD(noise->normal[1] + j), BSS2_LOAD(noise->result + j));
        const __m256i moved = _mm256_add_epi16(baseline, BSS2_LOAD(level + j));
        const __m256i before = _mm256_srai_epi16(_mm256_add_epi16(_mm256_add_epi16(baseline, rest), all_before), FRACTION_BITS);
        const __m256i after = _mm256_srai_epi16(_mm256_add_epi16(_mm256_add_epi16(moved, result), all_after), FRACTION_BITS);
        const __m256i codes = _mm256_permute4x64_epi64(_mm256_packus_epi16(after, before), 0xD8); /* clipped to the ADC */
        const __m128i found = _mm_subs_epi8(_mm_xor_si128(_mm256_castsi256_si128(codes), middle),
                                            _mm_xor_si128(_mm256_extracti128_si256(codes, 1), middle));
        _mm_storeu_si128((__m128i *)(void *)(difference + j), found);
    }
}

/* The same, of twice as many columns at once. */
BSS2_TARGET_AVX512 static int bss2_collect_avx512(const bss2_columns *column, int16_t shifted, const int32_t *sum, int16_t *level, int n) {
    const __m512i share = _mm512_set1_epi16(shifted), most = _mm512_set1_epi16(FARTHEST * FRACTION);
    const __m512i least = _mm512_set1_epi16(-FARTHEST * FRACTION), order = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);
    const __m512 end = _mm512_set1_ps(32767.0f);
    __mmask32 below = 0;
    for (int j = 0; j < n; j += 32) {
        const __m512 left = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_loadu_si512(sum + j)), _mm512_loadu_ps(column->gain + j));
        const __m512 right = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_loadu_si512(sum + j + 16)), _mm512_loadu_ps(column->gain + j + 16));
        const __m512i pair = _mm512_packs_epi32(_mm512_cvtps_epi32(_mm512_min_ps(left, end)), _mm512_cvtps_epi32(_mm512_min_ps(right, end)));
        const __m512i y = _mm512_adds_epi16(_mm512_permutexvar_epi64(order, pair),
                                            _mm512_mulhrs_epi16(_mm512_loadu_si512(column->shift + j), share));
        const __m512i found = _mm512_min_epi16(_mm512_max_epi16(y, least), most);
        below |= _mm512_cmpgt_epi16_mask(_mm512_loadu_si512(column->bent + j), found);
        _mm512_storeu_si512(level + j, found);
    }
    return below != 0;
}

BSS2_TARGET_AVX512 static void bss2_read_avx512(const bss2_columns *column, const bss2_noise *noise, const int16_t *level, int8_t *difference, int n) {
    const __m512i factor = _mm512_set1_epi16(noise->rest), all_before = _mm512_set1_epi16((int16_t)(noise->common[0] + FRACTION / 2));
    const __m512i all_after = _mm512_set1_epi16((int16_t)(noise->common[1] + FRACTION / 2)), order = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);
    const __m256i middle = _mm256_set1_epi8((char)128);
    for (int j = 0; j < n; j += 32) {
        const __m512i baseline = _mm512_loadu_si512(column->baseline + j);
        const __m512i rest = _mm512_mulhi_epi16(_mm512_loadu_si512(noise->normal[0] + j), factor);
        const __m512i result = _mm512_mulhi_epi16(_mm512_loadu_si512(noise->normal[1] + j), _mm512_loadu_si512(noise->result + j));
        const __m512i moved = _mm512_add_epi16(baseline, _mm512_loadu_si512(level + j));
        const __m512i before = _mm512_srai_epi16(_mm512_add_epi16(_mm512_add_epi16(baseline, rest), all_before), FRACTION_BITS);
        const __m512i after = _mm512_srai_epi16(_mm512_add_epi16(_mm512_add_epi16(moved, result), all_after), FRACTION_BITS);
        const __m512i codes = _mm512_permutexvar_epi64(order, _mm512_packus_epi16(after, before));
        const __m256i found = _mm256_subs_epi8(_mm256_xor_si256(_mm512_castsi512_si256(codes), middle),
                                               _mm256_xor_si256(_mm512_extracti64x4_epi64(codes, 1), middle));
        _mm256_storeu_si256((__m256i *)(void *)(difference + j), found);
    }
}
#endif

#endif
