/* One synapse row: add what an event of the wanted label and pulse length draws from each column to a line. Included once per type. */

BSS2_INLINE void NAME(bss2_add)(const uint8_t *BSS2_RESTRICT weight, const uint8_t *BSS2_RESTRICT label,
                                const float *BSS2_RESTRICT strength, uint8_t wanted, float pulse, REAL *BSS2_RESTRICT line) {
    enum { COLUMNS = 256 };
    BSS2_VECTOR
    for (int c = 0; c < COLUMNS; c++) {
        const REAL charge = (REAL)(int32_t)weight[c] * (REAL)strength[c] * (REAL)pulse;
        line[c] += (int32_t)label[c] == (int32_t)wanted ? charge : (REAL)0;
    }
}

BSS2_DISPATCH(NAME(bss2_add_row),
              (const uint8_t *weight, const uint8_t *label, const float *strength, uint8_t wanted, float pulse, REAL *line),
              (weight, label, strength, wanted, pulse, line), NAME(bss2_add)(weight, label, strength, wanted, pulse, line))
