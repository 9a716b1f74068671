/* One synapse row: add what an event of the wanted label and pulse length draws from each column to a line. Weights are what
 * the converters of a hemisphere's two quadrants make of them, `dac`. Included once per type. */

BSS2_INLINE void NAME(bss2_add)(const uint8_t *BSS2_RESTRICT weight, const uint8_t *BSS2_RESTRICT label,
                                const float *BSS2_RESTRICT strength, const float *BSS2_RESTRICT dac, uint8_t wanted,
                                float pulse, REAL *BSS2_RESTRICT line) {
    enum { COLUMNS = 256, HALF = COLUMNS / 2, LEVELS = 64 };
    for (int from = 0; from < COLUMNS; from += HALF, dac += LEVELS) {
        BSS2_VECTOR
        for (int c = from; c < from + HALF; c++) {
            const REAL charge = (REAL)dac[weight[c] & (LEVELS - 1)] * (REAL)strength[c] * (REAL)pulse;
            line[c] += (int32_t)label[c] == (int32_t)wanted ? charge : (REAL)0;
        }
    }
}

BSS2_DISPATCH(NAME(bss2_add_row),
              (const uint8_t *weight, const uint8_t *label, const float *strength, const float *dac, uint8_t wanted,
               float pulse, REAL *line),
              (weight, label, strength, dac, wanted, pulse, line),
              NAME(bss2_add)(weight, label, strength, dac, wanted, pulse, line))
