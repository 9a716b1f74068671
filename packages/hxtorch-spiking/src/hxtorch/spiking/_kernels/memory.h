/* Blocks of memory that are used again instead of being given back: pages that the system hands out fresh have to be cleared
 * first, which takes longer than to compute what goes into them. */
#ifndef HX_MEMORY_H
#define HX_MEMORY_H

#include "portable.h"

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
static volatile long hx_taken;
HX_INLINE void hx_lock(void) { while (_InterlockedExchange(&hx_taken, 1)) { } }
HX_INLINE void hx_unlock(void) { _InterlockedExchange(&hx_taken, 0); }
#else
static volatile char hx_taken;
HX_INLINE void hx_lock(void) { while (__atomic_test_and_set(&hx_taken, __ATOMIC_ACQUIRE)) { } }
HX_INLINE void hx_unlock(void) { __atomic_clear(&hx_taken, __ATOMIC_RELEASE); }
#endif

enum { HX_KEPT = 64, HX_ALIGNMENT = 64 };

static struct {
    size_t total;
    int count;
    struct { size_t size; char *base; } blocks[HX_KEPT]; /* the oldest first */
} hx_kept;

/* A block of `size` bytes, aligned; NULL if there is none. The word before it says where its allocation starts. */
static char *hx_take(size_t size) {
    char *found = NULL;
    hx_lock();
    for (int i = hx_kept.count - 1; i >= 0 && !found; i--)
        if (hx_kept.blocks[i].size == size) {
            found = hx_kept.blocks[i].base;
            hx_kept.total -= size;
            hx_kept.count--;
            memmove(hx_kept.blocks + i, hx_kept.blocks + i + 1, sizeof hx_kept.blocks[0] * (size_t)(hx_kept.count - i));
        }
    hx_unlock();
    if (found) return found;
    char *raw = (char *)malloc(size + HX_ALIGNMENT + sizeof(char *));
    if (!raw) return NULL;
    found = raw + sizeof(char *);
    found += (HX_ALIGNMENT - (uintptr_t)found % HX_ALIGNMENT) % HX_ALIGNMENT;
    ((char **)found)[-1] = raw;
    return found;
}

/* Keep a block that nobody uses any more; beyond `limit` bytes in all, let the oldest go. */
static void hx_return(char *block, size_t size, size_t limit) {
    char *gone[HX_KEPT + 1];
    int let_go = 0;
    hx_lock();
    while (hx_kept.count && (hx_kept.count == HX_KEPT || hx_kept.total + size > limit)) {
        gone[let_go++] = hx_kept.blocks[0].base;
        hx_kept.total -= hx_kept.blocks[0].size;
        hx_kept.count--;
        memmove(hx_kept.blocks, hx_kept.blocks + 1, sizeof hx_kept.blocks[0] * (size_t)hx_kept.count);
    }
    if (size <= limit) {
        hx_kept.blocks[hx_kept.count].size = size;
        hx_kept.blocks[hx_kept.count++].base = block;
        hx_kept.total += size;
    } else {
        gone[let_go++] = block;
    }
    hx_unlock();
    for (int i = 0; i < let_go; i++) free(((char **)gone[i])[-1]);
}

#endif
