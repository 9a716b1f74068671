/* Blocks of memory that are used again instead of being given back: pages that the system hands out fresh have to be cleared
 * first, which takes longer than to compute what goes into them. */
#ifndef HX_MEMORY_H
#define HX_MEMORY_H

#include "native/portable.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
static volatile long hx_taken;
BSS2_INLINE void hx_lock(void) { while (_InterlockedExchange(&hx_taken, 1)) { } }
BSS2_INLINE void hx_unlock(void) { _InterlockedExchange(&hx_taken, 0); }
#else
static volatile char hx_taken;
BSS2_INLINE void hx_lock(void) { while (__atomic_test_and_set(&hx_taken, __ATOMIC_ACQUIRE)) { } }
BSS2_INLINE void hx_unlock(void) { __atomic_clear(&hx_taken, __ATOMIC_RELEASE); }
#endif

enum { HX_KEPT = 64, HX_ALIGNMENT = 64 };

static struct {
    size_t total;
    int count;
    struct { size_t size; char *base; } blocks[HX_KEPT]; /* the oldest first */
} hx_kept;

#if defined(__linux__) && defined(MADV_HUGEPAGE)
enum { HX_HUGE = 2 << 20 };

/* A new block; the word before it says where its allocation starts. Large ones lie on huge pages: kernels that pass through several of them would miss the table of pages all the time. */
static char *hx_allocate(size_t size) {
    const size_t alignment = size < HX_HUGE ? HX_ALIGNMENT : HX_HUGE, all = size + alignment + 64;
    char *raw;
    if (size < HX_HUGE) {
        raw = (char *)malloc(all);
        if (!raw) return NULL;
    } else {
        raw = (char *)mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (raw == (char *)MAP_FAILED) return NULL;
    }
    char *found = raw + sizeof(char *);
    found += (alignment - (uintptr_t)found % alignment) % alignment;
    ((char **)found)[-1] = raw;
    if (size >= HX_HUGE) madvise(found, size / HX_HUGE * HX_HUGE, MADV_HUGEPAGE); /* a wish: without, pages are small */
    return found;
}

static void hx_free(char *block, size_t size) {
    char *raw = ((char **)block)[-1];
    if (size < HX_HUGE)
        free(raw);
    else
        munmap(raw, size + HX_HUGE + 64);
}
#else
static char *hx_allocate(size_t size) {
    char *raw = (char *)malloc(size + HX_ALIGNMENT + sizeof(char *));
    if (!raw) return NULL;
    char *found = raw + sizeof(char *);
    found += (HX_ALIGNMENT - (uintptr_t)found % HX_ALIGNMENT) % HX_ALIGNMENT;
    ((char **)found)[-1] = raw;
    return found;
}

static void hx_free(char *block, size_t size) {
    (void)size;
    free(((char **)block)[-1]);
}
#endif

/* Blocks that are let go, freed outside the lock. */
typedef struct {
    int count;
    struct { size_t size; char *base; } blocks[HX_KEPT + 1];
} hx_gone;

/* Take the oldest out until one more of `size` bytes leaves no more than `limit`; the lock is held. */
static void hx_let_go(hx_gone *gone, size_t size, size_t limit) {
    while (hx_kept.count && (hx_kept.count == HX_KEPT || hx_kept.total + size > limit)) {
        gone->blocks[gone->count].size = hx_kept.blocks[0].size;
        gone->blocks[gone->count++].base = hx_kept.blocks[0].base;
        hx_kept.total -= hx_kept.blocks[0].size;
        hx_kept.count--;
        memmove(hx_kept.blocks, hx_kept.blocks + 1, sizeof hx_kept.blocks[0] * (size_t)hx_kept.count);
    }
}

static void hx_free_all(const hx_gone *gone) {
    for (int i = 0; i < gone->count; i++) hx_free(gone->blocks[i].base, gone->blocks[i].size);
}

/* A block of `size` bytes, aligned; NULL if there is none. Where none of this size is kept, the work has changed: of those
 * that are kept all but `spare` bytes, the oldest, go. */
static char *hx_take(size_t size, size_t spare) {
    hx_gone gone = {0};
    char *found = NULL;
    hx_lock();
    for (int i = hx_kept.count - 1; i >= 0 && !found; i--)
        if (hx_kept.blocks[i].size == size) {
            found = hx_kept.blocks[i].base;
            hx_kept.total -= size;
            hx_kept.count--;
            memmove(hx_kept.blocks + i, hx_kept.blocks + i + 1, sizeof hx_kept.blocks[0] * (size_t)(hx_kept.count - i));
        }
    if (!found) hx_let_go(&gone, 0, spare);
    hx_unlock();
    hx_free_all(&gone);
    return found ? found : hx_allocate(size);
}

/* Bytes that are kept. */
static size_t hx_total(void) {
    hx_lock();
    const size_t total = hx_kept.total;
    hx_unlock();
    return total;
}

/* Keep a block that nobody uses any more; beyond `limit` bytes in all, let the oldest go. */
static void hx_return(char *block, size_t size, size_t limit) {
    hx_gone gone = {0};
    hx_lock();
    hx_let_go(&gone, size, limit);
    if (size <= limit) {
        hx_kept.blocks[hx_kept.count].size = size;
        hx_kept.blocks[hx_kept.count++].base = block;
        hx_kept.total += size;
    } else {
        gone.blocks[gone.count].size = size;
        gone.blocks[gone.count++].base = block;
    }
    hx_unlock();
    hx_free_all(&gone);
}

#endif
