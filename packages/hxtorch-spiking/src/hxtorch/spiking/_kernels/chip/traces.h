/* Samples of a column ADC on a grid of time, in model units.
 *
 * One hemisphere samples all its columns at one instant, at times of its own in each batch entry. A point of the grid takes
 * the line between the samples around it, or the nearer of them; beyond the first and the last their values stay.
 */
#ifndef HX_TRACES_H
#define HX_TRACES_H

#include "native/instructions.h"

enum { HX_COLUMNS = 256 }; /* of a hemisphere */

typedef struct {
    int64_t points, batch, size; /* of the grid: time, batch entries, neurons of the population */
    int64_t count, width;        /* columns to take, columns that were sampled */
    const double *point;         /* [points] cycles, ascending */
    const int64_t *times;        /* [samples] cycles */
    const int64_t *offsets;      /* [batch + 1] */
    const uint8_t *values;       /* [samples][width] raw codes */
    const int64_t *columns;      /* [count] places among the samples */
    const int64_t *indices;      /* [count] places in the population */
    const float *offset, *scale; /* [size] LSB, and model units per LSB; no offset takes the first value of each trace */
    int nearest;
    float *out; /* [points][batch][size] */
} hx_traces;

/* Value at the fraction `weight` of the way from one sample to the next. */
BSS2_INLINE float hx_between(uint8_t left, uint8_t right, float weight) {
    const float a = (float)left - 128.0f, b = (float)right - 128.0f;
    return (b - a) * weight + a;
}

BSS2_INLINE int hx_run(const int64_t *places, int64_t count) {
    for (int64_t j = 1; j < count; j++)
        if (places[j] != places[0] + j) return 0;
    return 1;
}

/* One point of one entry: columns that lie side by side, and are neighbours in the population too. */
BSS2_INLINE void hx_row(const hx_traces *job, const uint8_t *a, const uint8_t *b, float w, const float *base, float *out) {
    const float *BSS2_RESTRICT scale = job->scale + job->indices[0];
    const uint8_t *BSS2_RESTRICT left = a + job->columns[0], *BSS2_RESTRICT right = b + job->columns[0];
    float *BSS2_RESTRICT to = out + job->indices[0];
    BSS2_VECTOR
    for (int64_t j = 0; j < job->count; j++) to[j] = (hx_between(left[j], right[j], w) - base[j]) * scale[j];
}

/* Traces of the batch entries [first, stop). */
BSS2_INLINE void hx_resample_entries(const hx_traces *job, int64_t first, int64_t stop) {
    const int side_by_side = hx_run(job->columns, job->count) && hx_run(job->indices, job->count);
    float base[HX_COLUMNS];
    if (job->offset)
        for (int64_t j = 0; j < job->count; j++) base[j] = job->offset[job->indices[j]];
    for (int64_t b = first; b < stop; b++) {
        const int64_t last = job->offsets[b + 1] - 1;
        int64_t left = job->offsets[b], next = left; /* the sample before a point, and the first one after it */
        for (int64_t t = 0; t < job->points; t++) {
            const double point = job->point[t];
            while (next <= last && (double)job->times[next] <= point) left = next++;
            const int64_t right = next <= last ? next : last;
            const double gap = (double)(job->times[right] - job->times[left]);
            double weight = gap > 0 ? (point - (double)job->times[left]) / gap : 0.0;
            if (job->nearest) weight = weight >= 0.5;
            const uint8_t *from = job->values + left * job->width, *to = job->values + right * job->width;
            const float w = (float)weight;
            float *out = job->out + (t * job->batch + b) * job->size;
            if (!job->offset && t == 0)
                for (int64_t j = 0; j < job->count; j++) base[j] = hx_between(from[job->columns[j]], to[job->columns[j]], w);
            if (side_by_side) {
                hx_row(job, from, to, w, base, out);
                continue;
            }
            for (int64_t j = 0; j < job->count; j++) {
                const int64_t column = job->columns[j], index = job->indices[j];
                out[index] = (hx_between(from[column], to[column], w) - base[j]) * job->scale[index];
            }
        }
    }
}

BSS2_DISPATCH(hx_resample, (const hx_traces *job, int64_t first, int64_t stop), (job, first, stop),
              hx_resample_entries(job, first, stop))

#endif
