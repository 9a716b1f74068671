/* Rows of matrix products from their bytes: as they stand, or gathered from patches of images. The copies in the packages
 * equal native/patches.h.
 */
#ifndef BSS2_PATCHES_H
#define BSS2_PATCHES_H

#include "native/portable.h"

enum {
    BSS2_TAKEN = 16, /* rows are filled up with zeros to multiples of it */
    BSS2_EIGHT = 8,  /* bytes that are gathered at a time */
};

typedef struct {
    const uint8_t *values;           /* [entries][stride] or [images][stride] */
    int64_t bytes, stride;           /* of all of them; from one to the next */
    int64_t patches;                 /* entries that an image has, or 0: values are rows as they stand */
    const int32_t *starts, *offsets; /* [patches], [rows]: row r of patch p is byte starts[p] + offsets[r] of its image */
    int64_t farthest;                /* offset */
    int64_t neighbours;              /* rows that lie side by side, from the first one on, and again, and so on */
} bss2_rows;

/* How many offsets after each other rise by one, from the first one on, and again, and so on. */
BSS2_INLINE int64_t bss2_neighbours(const int32_t *offsets, int64_t rows) {
    int64_t run = 1;
    while (run < rows && offsets[run] == offsets[run - 1] + 1) run++;
    for (int64_t r = run; r < rows; r++)
        if (r % run && offsets[r] != offsets[r - 1] + 1) return 1;
    return run;
}

/* Gather rows of a patch: runs of neighbours by eights, which may copy up to 7 bytes too many; the row has room for them. */
BSS2_INLINE void bss2_gather(const bss2_rows *from, const uint8_t *BSS2_RESTRICT patch, int64_t top, int rows,
                             uint8_t *BSS2_RESTRICT row) {
    const int32_t *BSS2_RESTRICT offsets = from->offsets + top;
    const int64_t run = from->neighbours;
    int64_t r = 0;
    if (patch + from->farthest + BSS2_EIGHT <= from->values + from->bytes)
        for (int64_t count = run - top % run; r < rows; r += count, count = run) {
            if (count > rows - r) count = rows - r;
            memcpy(row + r, patch + offsets[r], BSS2_EIGHT);
            for (int64_t k = BSS2_EIGHT; k < count; k += BSS2_EIGHT) memcpy(row + r + k, patch + offsets[r] + k, BSS2_EIGHT);
        }
    for (; r < rows; r++) row[r] = patch[offsets[r]];
}

/* Copy rows `top` on of some entries to taken[i * pitch], with zeros up to BSS2_TAKEN; `taken` has room for a pitch more. */
BSS2_INLINE void bss2_take_rows(const bss2_rows *from, int64_t first, int entries, int64_t top, int rows, int pitch,
                                uint8_t *BSS2_RESTRICT taken) {
    const uint8_t *image = from->values + (from->patches ? first / from->patches : first) * from->stride;
    int64_t patch = from->patches ? first % from->patches : 0;
    for (int i = 0; i < entries; i++) {
        uint8_t *BSS2_RESTRICT row = taken + i * pitch;
        if (from->patches)
            bss2_gather(from, image + from->starts[patch], top, rows, row);
        else if (rows == pitch)
            memcpy(row, image + top, (size_t)pitch);
        else
            memcpy(row, image + top, (size_t)rows);
        if (rows < pitch) memset(row + rows, 0, BSS2_TAKEN);
        if (++patch >= from->patches) image += from->stride, patch = 0;
    }
}

#endif
