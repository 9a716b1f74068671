/* Surrogate derivatives of the comparator in one precision; included once for each. They are 1 at the threshold (the last one:
 * about 1), formulas and sources in functional/surrogates.py. */

#define EACH(formula)                                    \
    HX_VECTOR                                            \
    for (int l = 0; l < n; l++) {                        \
        const REAL d = before[l] - threshold[l];         \
        const REAL size = alpha * (d < 0 ? -d : d);      \
        formula;                                         \
    }                                                    \
    break

HX_INLINE void NAME(hx_surrogate)(int kind, REAL alpha, const REAL *HX_RESTRICT before, const REAL *HX_RESTRICT threshold,
                                  REAL *HX_RESTRICT slopes, int n) {
    switch (kind) {
    case SIGMOID:
        EACH(const REAL tail = NAME(hx_exp)(-size); slopes[l] = 4 * tail / ((1 + tail) * (1 + tail)));
    case ARCTAN:
        EACH(slopes[l] = 1 / (1 + size * size));
    case TRIANGULAR:
        EACH(slopes[l] = size < 1 ? 1 - size : 0);
    case GAUSSIAN:
        EACH(slopes[l] = NAME(hx_exp)((REAL)-0.5 * (size * size)));
    case BOXCAR:
        EACH(slopes[l] = size <= (REAL)0.5 ? 1 : 0);
    case EXPONENTIAL:
        EACH(slopes[l] = NAME(hx_exp)(-size));
    case MULTI_GAUSSIAN:
        EACH(const REAL near = NAME(hx_exp)((REAL)-0.5 * (size * size));
             const REAL right = (size - 1) / 6; const REAL left = (size + 1) / 6;
             slopes[l] = (REAL)1.15 * near - (REAL)0.025 * NAME(hx_exp)((REAL)-0.5 * (right * right)) -
                         (REAL)0.025 * NAME(hx_exp)((REAL)-0.5 * (left * left)));
    default: /* SUPERSPIKE */
        EACH(const REAL root = 1 + size; slopes[l] = 1 / (root * root));
    }
}

#undef EACH
