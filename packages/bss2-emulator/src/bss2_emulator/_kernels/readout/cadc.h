/* Column ADCs: codes of membranes and other voltages, with noise. Part of entry.h. */

/* One code, from what the converter still holds of the sample before. */
BSS2_INLINE uint8_t NAME(code)(float volt, int fresh, float settling, float *held, float gain, float offset, float noise,
                               float common) {
    *held = fresh ? volt : volt + settling * (*held - volt);
    float code = *held * gain + offset + noise + common;
    code = code < 0.0f ? 0.0f : code;
    code = code > 255.0f ? 255.0f : code;
    return (uint8_t)(int)(code + 0.5f);
}

BSS2_INLINE void NAME(sample_cadc)(NAME(state) *s, const bss2_cadc *cadc, int64_t sample, int64_t number,
                                   const float *noise, float *BSS2_RESTRICT held) {
    const int count = cadc->count, fresh = sample == cadc->batch_offsets[s->b], first = cadc->index[0];
    const REAL part = (REAL)(cadc->times[sample] - s->start) / (REAL)STEP;
    const float *BSS2_RESTRICT drawn = noise + (size_t)(number % BSS2_COARSE) * (count + 1);
    const float *BSS2_RESTRICT gain = cadc->gain, *BSS2_RESTRICT offset = cadc->offset;
    const float size = cadc->noise, settling = cadc->settling;
    const float common = cadc->common * drawn[count]; /* of all columns */
    uint8_t *BSS2_RESTRICT values = cadc->values + (size_t)sample * count;
    if (cadc->in_line && !s->plan->sourced) { /* which vectorises */
        const REAL *BSS2_RESTRICT now = s->v + first, *BSS2_RESTRICT next = s->v_next + first;
        BSS2_VECTOR
        for (int i = 0; i < count; i++) {
            const float volt = (float)(now[i] + (next[i] - now[i]) * part);
            values[i] = NAME(code)(volt, fresh, settling, held + i, gain[i], offset[i], size * drawn[i], common);
        }
        return;
    }
    for (int i = 0; i < count; i++) {
        const int j = cadc->index[i], source = s->plan->source[j];
        const REAL now = (source ? s->read : s->v)[j], next = (source ? s->read_next : s->v_next)[j];
        const float volt = (float)(now + (next - now) * part);
        values[i] = NAME(code)(volt, fresh, settling, held + i, gain[i], offset[i], size * drawn[i], common);
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
                bss2_coarse_normals(bss2_instructions(), plan->key, (uint32_t)s->drawn[h], cadc->neuron, PURPOSE_CADC,
                                    s->entry, plan->run, s->cadc_noise[h], cadc->count + 1);
            }
            NAME(sample_cadc)(s, cadc, s->sample[h], number, s->cadc_noise[h], s->cadc_held[h]);
        }
    }
}
