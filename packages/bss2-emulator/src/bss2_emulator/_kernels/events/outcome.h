/* What one batch entry leaves behind beside samples: lists of events, and counters. */
#ifndef BSS2_OUTCOME_H
#define BSS2_OUTCOME_H

#include "native/room.h"

/* Events by time, then by number. */
typedef struct {
    int64_t *times;
    int32_t *numbers;
    size_t count, capacity;
} bss2_list;

typedef struct {
    bss2_list fired;  /* all spikes: neuron n */
    bss2_list sent;   /* spikes that come over the link: route, counted from that of the first active neuron, by n */
    bss2_list back;   /* other events that come over the link: route */
    bss2_list passed; /* events that reach synapses, where asked for: action */
    int64_t delivered[20], dropped[20], through[12], link_dropped[8], generated[8];
} bss2_outcome;

/* Add an event; what is added usually is the latest. */
static int bss2_add(bss2_list *list, int64_t time, int32_t number, int by_number) {
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 256;
        if (capacity > SIZE_MAX / sizeof(int64_t)) return -1;
        int64_t *times = (int64_t *)realloc(list->times, capacity * sizeof(int64_t));
        if (!times) return -1;
        list->times = times;
        int32_t *numbers = (int32_t *)realloc(list->numbers, capacity * sizeof(int32_t));
        if (!numbers) return -1;
        list->numbers = numbers;
        list->capacity = capacity;
    }
    size_t at = list->count++;
    for (; at > 0; at--) {
        const int64_t other = list->times[at - 1];
        if (other < time || (other == time && !(by_number && list->numbers[at - 1] > number))) break;
        list->times[at] = other;
        list->numbers[at] = list->numbers[at - 1];
    }
    list->times[at] = time;
    list->numbers[at] = number;
    return 0;
}

#endif
