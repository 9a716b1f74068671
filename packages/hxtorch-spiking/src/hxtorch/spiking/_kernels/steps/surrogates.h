/* Surrogate derivatives of the comparator in one precision; included once for each. They are 1 at the threshold (the last one:
 * about 1), formulas and sources in functional/surrogates.py. */

#define EACH(formula)                                    \
    BSS2_VECTOR                                            \
    for (int l = 0; l < n; l++) {                        \
        const REAL d = before[l] - threshold[l];         \
        const REAL size = alpha * (d < 0 ? -d : d);      \
        formula;                                         \
    }                                                    \
    break

/* 1 / x for x >= 1, 0 beyond 1e36. A division takes as long as all else in a step; in single precision a first guess from the
 * bits and three steps of Newton's are within 2 ulp. */
BSS2_INLINE REAL NAME(hx_inverse)(REAL x) {
#ifdef HX_DOUBLE
    return 1 / x;
#else
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits = 0x7ef311c7u - bits;
    float y;
    memcpy(&y, &bits, sizeof y);
    y = y * (2 - x * y);
    y = y * (2 - x * y);
    y = y * (2 - x * y);
    return x > 1e36f ? 0 : y;
#endif
}

BSS2_INLINE REAL NAME(hx_superspike)(REAL alpha, REAL distance) {
    const REAL root = 1 + alpha * (REAL)fabs(distance);
    return NAME(hx_inverse)(root * root);
}

BSS2_INLINE void NAME(hx_surrogate)(int kind, REAL alpha, const REAL *BSS2_RESTRICT before, const REAL *BSS2_RESTRICT threshold,
                                  REAL *BSS2_RESTRICT slopes, int n) {
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
        EACH((void)size; slopes[l] = NAME(hx_superspike)(alpha, d));
    }
}

#undef EACH
