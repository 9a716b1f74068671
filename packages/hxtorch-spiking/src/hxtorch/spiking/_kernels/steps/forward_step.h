/* A step of lane `l`, whose constants have number `k`: the body of the loops over lanes of integration_block.h and
 * recurrence_block.h, which name the arrays. `fire`, `full` (exponential and adaptation terms), `recorded`, `recurs` and
 * `outputs` are known when this is compiled. */
const REAL u = v[l], held = wait[l];
REAL drive = c[l] - leakage[k] * u;
if (full) {
    REAL exponent = (u - onset[k]) / slope[k];
    exponent = exponent > EXPONENT_LIMIT ? EXPONENT_LIMIT : exponent;
    drive = drive + push[k] * (slope[k] * NAME(hx_exp)(exponent));
    drive = drive - w[l];
}
REAL moved = u + gain[k] * drive;
if (fire) moved = held > 0 ? u : moved;
if (recorded) moved = has_v ? v_hw[l] - rest[k] : moved;
const REAL came = recurs ? x[l] + total[l] : x[l];
c[l] = keep[k] * c[l] + came;
if (outputs == ALL || outputs == TRACES) current[l] = c[l];
if (outputs == ALL) before[l] = moved;
if (outputs == AGAIN) before[l] = NAME(hx_or_held)(moved, held > 0);
REAL after = moved, z = 0;
if (fire) {
    z = moved - threshold[k] > 0 ? (REAL)1 : (REAL)0;
    z = held > 0 ? 0 : z;
    if (recorded) z = has_z ? z_hw[l] : z;
    const REAL left = held - 1 > 0 ? held - 1 : 0;
    after = z > 0 ? reset[k] : moved;
    wait[l] = z > 0 ? refractory[k] : left;
    if (outputs != AGAIN) spikes[l] = z;
}
if (full) {
    REAL adapted = w[l] + rate[k] * (pull[k] * moved - w[l]);
    adapted = adapted + kick[k] * z;
    if (recorded) adapted = has_w ? w_hw[l] : adapted;
    w[l] = adapted;
    adaptation[l] = adapted;
}
v[l] = after;
if (outputs == ALL || outputs == TRACES) membrane[l] = recorded && has_v ? v_hw[l] : after + rest[k];
if (fire && outputs == ALL) events[l] = (uint8_t)((z > 0 ? SPIKED : 0) | (held > 0 ? HELD : 0));
