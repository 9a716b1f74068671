/* The way back through a step of lane `l`, whose constants have number `k`: the body of the loops over lanes of
 * integration_block.h and recurrence_block.h, which name the arrays. `fire`, `full` (exponential and adaptation terms),
 * `tuned` (constants have gradients), `bare` (only spikes have), `coded` (held.h), `direct`, `recurs` and `looks_back`
 * are known when this is compiled. */
const int spiked = coded ? before[l] - threshold[k] > 0 : fire ? events[l] & SPIKED : 0;
const int held = coded ? NAME(hx_is_held)(before[l]) : fire ? events[l] & HELD : 0;
const REAL to_v = bare ? 0 : to_membrane[l], arrived = grad_v[l] + (has_v ? 0 : to_v);
REAL moved = spiked ? 0 : arrived; /* gradient of the membrane before the reset */
moved += has_v ? to_v : 0;
REAL adapted = 0;
if (full) adapted = grad_w[l] + to_adaptation[l];
REAL z = recurs ? to_spikes[l] + fed[l] : to_spikes[l];
if (full) z += kick[k] * adapted;
const REAL steep = direct ? NAME(hx_superspike)(job->alpha, before[l] - threshold[k]) : slopes[l];
const REAL distance = fire ? NAME(hx_unless)(held, z * steep) : 0;
moved += distance;
REAL w_back = 0, aim = 0;
if (full) {
    aim = rate[k] * adapted;
    moved += aim * pull[k];
    w_back = adapted - aim;
}
const REAL synaptic = grad_c[l] + (bare ? 0 : to_current[l]);
grad_input[l] = synaptic;
const REAL drive = NAME(hx_unless)(held, gain[k] * moved);
REAL back = moved - leakage[k] * drive;
const REAL u = looks_back ? (fire && started && (events_ago[l] & SPIKED) ? reset[k] : before_ago[l]) : 0;
REAL exponential = 0, exponent = 0, inside = 0;
if (full) {
    exponent = (u - onset[k]) / slope[k];
    inside = exponent <= EXPONENT_LIMIT ? (REAL)1 : (REAL)0;
    exponent = exponent > EXPONENT_LIMIT ? EXPONENT_LIMIT : exponent;
    exponential = NAME(hx_exp)(exponent);
    back += push[k] * (drive * (exponential * inside));
    w_back -= drive;
}
if (tuned) {
    const REAL c = current_ago[l], open = held ? 0 : moved;
    REAL total = c - leakage[k] * u;
    if (full) {
        const REAL w = adaptation_ago[l];
        total += push[k] * (slope[k] * exponential) - w;
        sums[PUSH][l] += drive * (slope[k] * exponential);
        sums[SLOPE][l] += drive * push[k] * (exponential - inside * (exponential * exponent));
        sums[ONSET][l] -= drive * push[k] * (inside * exponential);
        sums[RATE][l] += adapted * (pull[k] * before[l] - w);
        sums[PULL][l] += aim * before[l];
        sums[KICK][l] += spiked ? adapted : 0;
    }
    sums[GAIN][l] += open * total;
    sums[KEEP][l] += synaptic * c;
    sums[LEAKAGE][l] -= drive * u;
    sums[REST][l] += to_v;
    sums[RESET][l] += spiked ? arrived : 0;
    sums[THRESHOLD][l] -= distance;
}
grad_v[l] = back;
grad_c[l] = keep[k] * synaptic + drive;
if (full) grad_w[l] = w_back;
