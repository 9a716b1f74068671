/* Sums of rows in one precision; included once for each. */

/* Add `count` listed rows to one row of sums. */
typedef struct {
    const REAL *rows; /* row `i` begins at i * stride */
    int64_t stride;
    const int32_t *list;
    int64_t count;
    const REAL *values; /* that of row `i` lies at i * value_stride; NULL if all are 1 */
    int64_t value_stride;
    int64_t length; /* of a row */
    REAL *sums;
    int fresh; /* sums begin at 0 */
} NAME(hx_rows);

/* Add `count` rows to `entries` rows of sums, times a factor for each row and entry. */
typedef struct {
    const REAL *rows; /* row `i` begins at i * stride */
    int64_t stride;
    int64_t count;
    const REAL *factors; /* that of row `i` and entry `e` lies at i * factor_stride + e * entry_stride */
    int64_t factor_stride, entry_stride;
    int64_t entries;
    int64_t length; /* of a row */
    REAL *sums;     /* those of entry `e` begin at e * sum_stride */
    int64_t sum_stride;
    int fresh; /* sums begin at 0 */
} NAME(hx_dense);

#define BYTES 16
#include "synapses/registers.h"
#undef BYTES
#if BSS2_X86 && !defined(BSS2_SANITIZED)
#define BYTES 32
#include "synapses/registers.h"
#undef BYTES
#define BYTES 64
#include "synapses/registers.h"
#undef BYTES
#endif

HX_BY_REGISTERS(NAME(hx_gather), NAME(hx_rows))
HX_BY_REGISTERS(NAME(hx_multiply), NAME(hx_dense))
