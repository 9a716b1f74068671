/* Room in memory: what may go wrong with it, and parts of one block.
 *
 * Every list of the kernels either grows (outcome.h) or has a bound that is proven where it is declared, and checked where
 * something is added: a fault of ours ends as an error, never as a write outside.
 */
#ifndef BSS2_ROOM_H
#define BSS2_ROOM_H

#include "native/portable.h"

enum { NO_MEMORY = 1, NO_ROOM = 2 }; /* why an entry failed; the second breaks a proof */

/* Parts lie one behind the other. A sanitizer sees one block only, so with it there is a gap behind each that must not be
 * touched. */
#if defined(BSS2_SANITIZED)
#include <sanitizer/asan_interface.h>
enum { PART_GAP = 64 };
#define BSS2_POISON(at) __asan_poison_memory_region(at, PART_GAP)
#define BSS2_CLEAR(at, bytes) __asan_unpoison_memory_region(at, bytes)
#else
enum { PART_GAP = 0 };
#define BSS2_POISON(at) (void)(at)
#define BSS2_CLEAR(at, bytes) ((void)(at), (void)(bytes))
#endif

typedef struct {
    char *block, *at, *end;
    int lacking; /* the block was too short for its parts */
} bss2_room;

/* A block of zeros for up to `parts` parts of `bytes` bytes in all, at a multiple of 64; `block` is NULL if there is none. */
static bss2_room bss2_room_new(size_t bytes, int parts) {
    const size_t all = bytes + 64 + (size_t)parts * PART_GAP;
    bss2_room room = {(char *)calloc(all, 1), NULL, NULL, 0};
    if (!room.block) return room;
    room.at = room.block + (64 - (uintptr_t)room.block % 64) % 64;
    room.end = room.block + all;
    return room;
}

/* The next part; NULL, and `lacking` is set, where the block is too short. */
static void *bss2_part(bss2_room *room, size_t bytes) {
    char *part = room->at;
    if (bytes + PART_GAP > (size_t)(room->end - part)) {
        room->lacking = 1;
        return NULL;
    }
    room->at += bytes + PART_GAP;
    BSS2_POISON(part + bytes);
    return part;
}

static void bss2_room_free(bss2_room *room) {
    if (room->block) BSS2_CLEAR(room->block, (size_t)(room->end - room->block));
    free(room->block);
}

#endif
