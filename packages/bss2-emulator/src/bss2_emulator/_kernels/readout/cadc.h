/* Column ADCs: codes of membranes and other voltages, with noise. Part of entry.h. */

BSS2_INLINE void NAME(sample_cadc)(NAME(state) *s, const bss2_cadc *cadc, int64_t sample, int64_t number,
                                   const float *noise, float *held) {
    const int count = cadc->count;
    const REAL part = (REAL)(cadc->times[sample] - s->start) / (REAL)STEP;
    const float *now = noise + (size_t)(number % BSS2_COARSE) * (count + 1);
    const float common = cadc->common * now[count]; /* of all columns */
    const int fresh = sample == cadc->batch_offsets[s->b];
    uint8_t *values = cadc->values + (size_t)sample * count;
    for (int i = 0; i < count; i++) {
        const int j = cadc->index[i];
        const REAL *now_at = s->plan->source[j] ? s->read : s->v, *next_at = s->plan->source[j] ? s->read_next : s->v_next;
        const float volt = (float)(now_at[j] + (next_at[j] - now_at[j]) * part);
        held[i] = fresh ? volt : volt + cadc->settling * (held[i] - volt);
        float code = held[i] * cadc->gain[i] + cadc->offset[i] + cadc->noise * now[i] + common;
        code = code < 0.0f ? 0.0f : code;
        code = code > 255.0f ? 255.0f : code;
        values[i] = (uint8_t)(int)(code + 0.5f);
    }
}

/* Take all samples of this step, before its end becomes the start of the next. */
BSS2_INLINE void NAME(sample)(NAME(state) *s) {
    const bss2_plan *plan = s->plan;
    const int64_t end = s->start + STEP;
    for (int h = 0; h < 2; h++) {
        const bss2_cadc *cadc = &plan->cadc[h];
        for (; s->sample[h] < s->sample_end[h] && cadc->times[s->sample[h]] < end; s->sample[h]++) {
            const int64_t number = cadc->first[s->b] + s->sample[h] - cadc->batch_offsets[s->b];
            if ((cadc->noise != 0.0f || cadc->common != 0.0f) && number / BSS2_COARSE != s->drawn[h]) {
                s->drawn[h] = number / BSS2_COARSE;
                bss2_coarse_normals(bss2_instructions(), plan->key, (uint32_t)s->drawn[h], cadc->neuron, PURPOSE_CADC, s->entry,
                                    plan->run, s->cadc_noise[h], cadc->count + 1);
            }
            NAME(sample_cadc)(s, cadc, s->sample[h], number, s->cadc_noise[h], s->cadc_held[h]);
        }
    }
}
