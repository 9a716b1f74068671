/* Events between link, background sources, neurons and crossbar: who arrives when, who waits, who is lost.
 *
 * Without loss an event passes in the cycle in which it arrives. With it, each crossbar input passes at most one event a
 * cycle, and only when all PADI buses that it goes to are free; what arrives meanwhile waits in the input's queue or, where
 * that is full, is dropped. Inputs take turns: the one that has the first choice keeps it until it passes an event. Twin:
 * reference/transport.py.
 */
#ifndef BSS2_TRANSPORT_H
#define BSS2_TRANSPORT_H

#include "events/background.h"
#include "events/outcome.h"
#include "synram/stp.h"

enum {
    ON_CHIP_LATENCY = 13, /* cycles from a spike to the crossbar; time stamps do not show it */
    INPUTS = 20,          /* of the crossbar: neurons, link, background */
    LINK_INPUT = 8,
    BACKGROUND_INPUT = 12,
    BUSES = 8,
    CHANNELS = 4,         /* of the link */
    QUEUE_ROOM = 64,      /* events that the longest queue holds */
    SLOTS = 8,            /* steps that a spike may need */
    SPIKES = 8            /* of a neuron that reach the crossbar in one step, at most: one a cycle */
};

typedef struct {
    int32_t action;  /* -1: selects no driver */
    uint8_t buses;   /* PADI buses, one bit each */
    uint8_t input;
    uint8_t linked;  /* comes over the link */
    uint8_t forwarded;
} bss2_route;

/* How events travel: see delivery.py, which fills it. */
typedef struct {
    int loss;
    int keep_passed;
    int neuron_queue, event_queue;   /* events that wait at a crossbar input */
    int return_queue;                /* and for a link channel */
    int link_labels;                 /* that the FPGA sends in a cycle, to different channels */
    const bss2_route *routes;        /* input labels, background labels, active neurons; one list for all plans of a run */
    int actions;                     /* compiled rows before those of single drivers */
    int first_neuron;                /* route of the first active neuron; those of the others follow, by n */
    const int32_t *label_route;      /* [65536] */
    const int32_t *neuron_route;     /* [512], -1: no output */
    const int32_t *background_route; /* [SOURCES][256] by the lower label bits */
    const int32_t *bus_cycles;       /* [BUSES] that an event keeps a bus busy */
    const bss2_source *sources;      /* [SOURCES] */
    const bss2_stp *stp;             /* NULL: no driver has it */
    const int64_t *event_times;
    const uint16_t *event_labels;
    const int64_t *event_offsets;
} bss2_delivery;

typedef struct {
    int32_t route[QUEUE_ROOM];
    int head, count;
} bss2_queue;

typedef struct {
    const bss2_delivery *delivery;
    bss2_outcome *out;
    int64_t runtime;
    int draining;           /* after the run: nobody feels the events any more */
    int failed;
    /* Next arrivals: cycle and route. */
    int64_t event_time, background_time, spike_time;
    int32_t event_route;
    int64_t event, event_end;
    int64_t link_cycle;     /* in which the FPGA sends; channels that it has used then */
    uint32_t link_used;
    int link_count;
    bss2_source_state sources[SOURCES];
    /* Spikes on their way: a ring of steps. Of a neuron at most SPIKES fall into 8 cycles. */
    int32_t *spikes;        /* [SLOTS][capacity] neurons n */
    int32_t *spike_routes;
    int64_t *spike_times;
    int spike_count[SLOTS], spike_at, slot, capacity;
    /* Crossbar. */
    uint32_t waiting;       /* inputs with events in their queue, one bit each */
    int64_t cycle;          /* to be served next, while anyone waits */
    int first;              /* input that has the first choice */
    int64_t bus_free[BUSES], channel_free[CHANNELS];
    int slow_buses;         /* events keep a bus busy beyond their cycle */
    bss2_queue queue[INPUTS];
    int64_t through[256];   /* events by the buses that they take */
    bss2_stp_state stp;
} bss2_transport;

/* Find the next event from outside and when the link delivers it; what it cannot deliver within the run is lost. */
BSS2_INLINE void bss2_next_event(bss2_transport *x) {
    const bss2_delivery *d = x->delivery;
    for (; x->event < x->event_end; x->event++) {
        const uint16_t label = d->event_labels[x->event];
        int64_t time = d->event_times[x->event];
        if (d->loss) {
            const uint32_t channel = 1u << (label >> 14);
            if (time < x->link_cycle) time = x->link_cycle;
            if (time == x->link_cycle && (x->link_count == d->link_labels || (x->link_used & channel))) time++;
            if (time >= x->runtime) { x->out->link_dropped[label >> 14]++; continue; }
            if (time > x->link_cycle) { x->link_cycle = time; x->link_used = 0; x->link_count = 0; }
            x->link_used |= channel;
            x->link_count++;
        }
        x->event_time = time;
        x->event_route = d->label_route[label];
        x->event++;
        return;
    }
    x->event_time = INT64_MAX;
}

static void bss2_next_background(bss2_transport *x) {
    x->background_time = INT64_MAX;
    for (int k = 0; k < SOURCES; k++)
        if (x->sources[k].time < x->background_time) x->background_time = x->sources[k].time;
}

BSS2_INLINE void bss2_next_spike(bss2_transport *x) {
    x->spike_time = x->spike_at < x->spike_count[x->slot]
        ? x->spike_times[x->slot * x->capacity + x->spike_at] + ON_CHIP_LATENCY : INT64_MAX;
}

BSS2_INLINE int64_t bss2_arrival(const bss2_transport *x) {
    int64_t time = x->event_time < x->background_time ? x->event_time : x->background_time;
    return x->spike_time < time ? x->spike_time : time;
}

/* Take the event that arrives next, at cycle `time`: from outside, from the background, from neurons. */
BSS2_INLINE int32_t bss2_take(bss2_transport *x, int64_t time) {
    if (x->event_time == time) {
        const int32_t route = x->event_route;
        bss2_next_event(x);
        return route;
    }
    if (x->background_time == time) {
        int k = 0;
        while (x->sources[k].time != time) k++;
        const uint32_t label = bss2_source_label(&x->delivery->sources[k], x->sources[k].word);
        x->out->generated[k]++;
        bss2_source_next(&x->delivery->sources[k], &x->sources[k], x->runtime);
        bss2_next_background(x);
        return x->delivery->background_route[256 * k + (int)(label & 0xFF)];
    }
    const int32_t route = x->spike_routes[x->slot * x->capacity + x->spike_at++];
    bss2_next_spike(x);
    return route;
}

/* An event leaves over the link, one a cycle and channel. */
static void bss2_return(bss2_transport *x, int32_t number, int input, int64_t time) {
    const int channel = input % CHANNELS, neuron = input < LINK_INPUT;
    x->out->through[BUSES + channel]++;
    if (x->delivery->loss) {
        const int64_t leaves = time > x->channel_free[channel] ? time : x->channel_free[channel];
        if (leaves - time >= x->delivery->return_queue) { x->out->link_dropped[CHANNELS + channel]++; return; }
        x->channel_free[channel] = leaves + 1;
        time = leaves - (neuron ? ON_CHIP_LATENCY : 0);
        if (time >= x->runtime) { x->out->link_dropped[CHANNELS + channel]++; return; }
    }
    if (neuron ? bss2_add(&x->out->sent, time, number - x->delivery->first_neuron, 1)
               : bss2_add(&x->out->back, time, number, 0)) x->failed = NO_MEMORY;
}

/* Count an event that passes the crossbar. */
BSS2_INLINE void bss2_count(bss2_transport *x, const bss2_route *route) {
    x->out->delivered[route->input]++;
    x->through[route->buses]++;
}

/* Let an event wait for its turn. */
static void bss2_wait(bss2_transport *x, int32_t number) {
    const bss2_route *route = &x->delivery->routes[number];
    bss2_queue *queue = &x->queue[route->input];
    if (!route->forwarded || queue->count == (route->input < LINK_INPUT ? x->delivery->neuron_queue : x->delivery->event_queue)) {
        x->out->dropped[route->input]++;
        return;
    }
    queue->route[(queue->head + queue->count++) % QUEUE_ROOM] = number;
    x->waiting |= 1u << route->input;
}

/* Number of the lowest bit that is set. */
BSS2_INLINE int bss2_lowest(uint32_t bits) {
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_ctz(bits);
#else
    int i = 0;
    while (!(bits >> i & 1u)) i++;
    return i;
#endif
}

/* Buses that are busy at a cycle, one bit each. */
BSS2_INLINE uint32_t bss2_busy(const bss2_transport *x, int64_t time) {
    uint32_t busy = 0;
    if (x->slow_buses)
        for (int b = 0; b < BUSES; b++) busy |= (uint32_t)(x->bus_free[b] > time) << b;
    return busy;
}

BSS2_INLINE void bss2_occupy(bss2_transport *x, uint32_t buses, int64_t time) {
    if (x->slow_buses)
        for (int b = 0; b < BUSES; b++)
            if (buses >> b & 1u) x->bus_free[b] = time + x->delivery->bus_cycles[b];
}

/* Serve the queues of the crossbar inputs in one cycle; writes the routes that pass, and returns their number. */
static int bss2_serve(bss2_transport *x, int64_t time, int32_t *passing) {
    const uint32_t low = (1u << x->first) - 1u, waiting = x->waiting;
    uint32_t busy = bss2_busy(x, time);
    int count = 0, best = -1;
    for (int half = 0; half < 2; half++) {
        uint32_t pending = half ? waiting & low : waiting & ~low;
        for (; pending; pending &= pending - 1) {
            const int input = bss2_lowest(pending);
            bss2_queue *queue = &x->queue[input];
            const int32_t number = queue->route[queue->head];
            const uint32_t buses = x->delivery->routes[number].buses;
            if (best < 0) best = x->first = input;
            if (buses & busy) continue;
            if (input == best) x->first = (input + 1) % INPUTS;
            busy |= buses;
            bss2_occupy(x, buses, time);
            queue->head = (queue->head + 1) % QUEUE_ROOM;
            if (!--queue->count) x->waiting &= ~(1u << input);
            passing[count++] = number;
        }
    }
    return count;
}

/* One cycle of the crossbar: what arrives, waits and passes. */
static int bss2_cross(bss2_transport *x, int64_t time, int32_t *passing) {
    x->cycle = time + 1;
    if (!x->waiting) {
        const int32_t number = bss2_take(x, time);
        const bss2_route *route = &x->delivery->routes[number];
        if (bss2_arrival(x) > time && route->forwarded && !(route->buses & bss2_busy(x, time))) { /* alone */
            bss2_occupy(x, route->buses, time);
            x->first = (route->input + 1) % INPUTS;
            passing[0] = number;
            return 1;
        }
        bss2_wait(x, number);
    }
    while (bss2_arrival(x) == time) bss2_wait(x, bss2_take(x, time));
    return bss2_serve(x, time, passing);
}

/* The next event, where nobody has to wait. */
BSS2_INLINE int bss2_cross_freely(bss2_transport *x, int64_t time, int32_t *passing) {
    passing[0] = bss2_take(x, time);
    const bss2_route *route = &x->delivery->routes[passing[0]];
    if (route->forwarded) return 1;
    x->out->dropped[route->input]++;
    return 0;
}

/* An event passes the crossbar; returns its action. Without loss, spikes were counted when they set out. */
BSS2_INLINE int32_t bss2_pass(bss2_transport *x, int32_t number, int64_t time) {
    const bss2_route *route = &x->delivery->routes[number];
    if (x->delivery->loss || route->input >= LINK_INPUT) {
        bss2_count(x, route);
        if (route->linked) bss2_return(x, number, route->input, time);
    }
    return route->action;
}

/* A spike of neuron n sets out; without loss its way over the link is certain. */
static void bss2_send(bss2_transport *x, int64_t time, int32_t n, int32_t number, int64_t step) {
    if (number < 0) return;
    const bss2_route *route = &x->delivery->routes[number];
    if (!x->delivery->loss) {
        if (!route->forwarded) { x->out->dropped[route->input]++; return; }
        bss2_count(x, route);
        if (route->linked) bss2_return(x, number, route->input, time);
        if (route->action < 0) return;
    }
    const int slot = (int)(step % SLOTS), base = slot * x->capacity;
    if (x->spike_count[slot] == x->capacity) {
        x->failed = NO_ROOM;
        return;
    }
    int at = x->spike_count[slot]++;
    for (; at > 0; at--) { /* by time, then neuron: the order must not depend on who else is active */
        const int64_t other = x->spike_times[base + at - 1];
        if (other < time || (other == time && x->spikes[base + at - 1] < n)) break;
        x->spike_times[base + at] = other;
        x->spikes[base + at] = x->spikes[base + at - 1];
        x->spike_routes[base + at] = x->spike_routes[base + at - 1];
    }
    x->spike_times[base + at] = time;
    x->spikes[base + at] = n;
    x->spike_routes[base + at] = number;
}

/* Make one in `room`; returns why there is none. */
static int bss2_transport_new(bss2_transport **made, bss2_room *room, const bss2_delivery *delivery, int64_t b, int64_t runtime,
                              int width, bss2_outcome *out) {
    const size_t capacity = SPIKES * (size_t)width, spikes = SLOTS * capacity;
    *room = bss2_room_new(sizeof(bss2_transport) + spikes * (sizeof(int64_t) + 2 * sizeof(int32_t)), 4);
    if (!room->block) return NO_MEMORY;
    bss2_transport *x = *made = (bss2_transport *)bss2_part(room, sizeof(bss2_transport));
    int64_t *times = (int64_t *)bss2_part(room, spikes * sizeof(int64_t));
    int32_t *numbers = (int32_t *)bss2_part(room, spikes * sizeof(int32_t));
    int32_t *routes = (int32_t *)bss2_part(room, spikes * sizeof(int32_t));
    if (room->lacking) return NO_ROOM;
    x->spike_times = times, x->spikes = numbers, x->spike_routes = routes;
    x->capacity = (int)capacity;
    x->delivery = delivery;
    x->out = out;
    x->runtime = runtime;
    x->event = delivery->event_offsets[b];
    x->event_end = delivery->event_offsets[b + 1];
    x->link_cycle = -1;
    for (int i = 0; i < BUSES; i++) x->slow_buses |= delivery->bus_cycles[i] > 1;
    for (int k = 0; k < SOURCES; k++) bss2_source_start(&delivery->sources[k], &x->sources[k], 0, runtime);
    if (delivery->stp) bss2_stp_start(delivery->stp, &x->stp);
    bss2_next_event(x);
    bss2_next_background(x);
    x->spike_time = INT64_MAX;
    return 0;
}

/* Registers are written before cycle `now`: what is on its way keeps its route, what comes takes the new ones. */
static void bss2_transport_rewrite(bss2_transport *x, const bss2_delivery *delivery, int64_t now) {
    const bss2_delivery *before = x->delivery;
    x->delivery = delivery;
    for (int i = 0; i < BUSES; i++) x->slow_buses |= delivery->bus_cycles[i] > 1; /* a long pulse may still last */
    if (x->event_time != INT64_MAX) x->event_route = delivery->label_route[delivery->event_labels[x->event - 1]];
    for (int k = 0; k < SOURCES; k++)
        if (memcmp(&before->sources[k], &delivery->sources[k], sizeof(bss2_source)))
            bss2_source_start(&delivery->sources[k], &x->sources[k], now, x->runtime);
    bss2_next_background(x);
    if (delivery->stp) bss2_stp_rewrite(before->stp, delivery->stp, &x->stp, now);
}

/* Sum up what took each PADI bus. */
static void bss2_transport_end(bss2_transport *x) {
    for (int i = 0; i < 256; i++)
        if (x->through[i])
            for (int o = 0; o < BUSES; o++)
                if (i >> o & 1) x->out->through[o] += x->through[i];
}

#endif
