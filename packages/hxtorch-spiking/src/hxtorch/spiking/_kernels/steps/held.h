/* What stands for the membrane of a lane that is held, where nobody writes events, in one precision; included once for each. No sum
 * is this number. That a lane spiked shows in its membrane. */

#ifdef HX_DOUBLE
#define HELD_BITS 0x7ff8000000beef01u
#else
#define HELD_BITS 0x7fc0be01u
#endif

/* By bits: compilers make many conditions of one more on what others ask for too. */
BSS2_INLINE REAL NAME(hx_or_held)(REAL membrane, int held) {
    const BITS mask = (BITS)0 - (BITS)held;
    BITS bits;
    memcpy(&bits, &membrane, sizeof bits);
    bits = (bits & ~mask) | (HELD_BITS & mask);
    memcpy(&membrane, &bits, sizeof bits);
    return membrane;
}

BSS2_INLINE int NAME(hx_is_held)(REAL membrane) {
    BITS bits;
    memcpy(&bits, &membrane, sizeof bits);
    return bits == HELD_BITS;
}

/* A number, or 0 if `held`; by bits likewise. */
BSS2_INLINE REAL NAME(hx_unless)(int held, REAL number) {
    const BITS mask = (BITS)(held != 0) - 1;
    BITS bits;
    memcpy(&bits, &number, sizeof bits);
    bits &= mask;
    memcpy(&number, &bits, sizeof bits);
    return number;
}

#undef HELD_BITS
