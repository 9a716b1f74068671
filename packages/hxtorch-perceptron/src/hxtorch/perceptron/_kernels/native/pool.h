/* A pool of threads for loops whose turns do not depend on each other. The copies in the packages equal native/pool.h.
 *
 * Who calls works too, and nobody waits for a thread that has not begun: a busy processor costs speed, not a standstill.
 * Idle threads sleep. One loop has the pool at a time; a second one, and one inside another, runs on its caller alone. A
 * forked child begins with an empty pool. Where there are no POSIX threads, the caller does everything.
 *
 * A process whose other loops run on OpenMP has threads that spin for milliseconds after each of these, on the processors
 * that the pool's own would want. pool_join() has loops run on them: who spins begins at once. A loop ends when all of
 * them have looked in, as any of OpenMP's does; where one is late, or the caller loses its processor, since another
 * process wants one of them, the next loops run on the pool's own.
 */
#ifndef POOL_H
#define POOL_H

#include <stdint.h>

typedef int64_t (*pool_body)(void *context, int64_t index, int slot); /* slot: below the number of threads, one's own */
typedef void (*pool_idle)(void *context);                            /* called now and then by who waits for others */

typedef void (*pool_team)(void (*member)(void *), void *context, unsigned threads, unsigned flags); /* GOMP_parallel */
typedef int (*pool_limit)(void);                                                       /* omp_get_max_threads */

static int64_t pool_alone(int64_t count, pool_body body, void *context) {
    int64_t sum = 0;
    for (int64_t i = 0; i < count; i++) sum += body(context, i, 0);
    return sum;
}

#if defined(_WIN32)
static int pool_workers(void) { return 0; }

static void pool_join(pool_team team, pool_limit limit) { (void)team, (void)limit; }

static int64_t pool_run(int64_t count, int threads, pool_body body, pool_idle idle, void *context) {
    (void)threads, (void)idle;
    return pool_alone(count, body, context);
}
#else
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    POOL_LIMIT = 1023,         /* threads beside the caller */
    POOL_STACK = 8 << 20,      /* bytes; macOS and musl give less */
    POOL_SPINS = 400,          /* looks, some microseconds, before the caller sleeps until others have done their last turns */
    POOL_TEAM_SPINS = 20000,   /* the same where these spin themselves */
    POOL_PATIENCE = 50000000,  /* ns between two calls of `idle` */
    POOL_LATE = 300000,        /* ns that threads of OpenMP may be late */
    POOL_AWAY = 8,             /* loops without them after that; twice as many each time, up to */
    POOL_FAR = 1024
};

typedef struct {
    pool_body body;
    pool_idle idle;
    void *context;
    int64_t count;
    int threads;
    _Atomic int64_t next; /* first turn that nobody has taken */
    _Atomic int inside;   /* threads at work beside the caller; changes under the lock */
    int seats;            /* how many more may come; under the lock, as the sum */
    int64_t sum;
    unsigned process;
    pool_team team; /* OpenMP's, if the loop runs on it */
    pthread_t caller;
    int64_t done;   /* ns, when the caller had no turn left */
    fenv_t mode;          /* rounding and denormals of the caller: all threads give its bytes */
} pool_job;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake, left;
    pool_job *job;
    int workers;
    int watched;      /* forks are */
    unsigned process; /* how many forks lie behind this one */
    pool_team team;   /* OpenMP's, if loops run on its threads; NULL in a forked child, which has none of them */
    pool_limit limit; /* how many these are */
    int away, more;   /* loops that they are left alone yet, and will be the next time */
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .left = PTHREAD_COND_INITIALIZER,
          .more = POOL_AWAY};

static _Thread_local int pool_inside;

static int64_t pool_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline void pool_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Take turns until none is left: many at first, one by one in the end, so that all threads end together. */
static int64_t pool_work(pool_job *job, int slot) {
    int64_t sum = 0, first = atomic_load_explicit(&job->next, memory_order_relaxed);
    while (first < job->count) {
        int64_t share = (job->count - first) / (4 * (int64_t)job->threads);
        if (share < 1) share = 1;
        if (!atomic_compare_exchange_weak_explicit(&job->next, &first, first + share, memory_order_relaxed,
                                                   memory_order_relaxed))
            continue;
        for (int64_t i = first; i < first + share; i++) sum += job->body(job->context, i, slot);
        first = atomic_load_explicit(&job->next, memory_order_relaxed);
    }
    return sum;
}

/* Take a seat and work until no turn is left; the lock is held, but for the work. */
static void pool_sit(pool_job *job) {
    const int slot = job->seats--;
    job->inside++;
    pthread_mutex_unlock(&pool.lock);
    fesetenv(&job->mode);
    const int64_t sum = pool_work(job, slot);
    pthread_mutex_lock(&pool.lock);
    job->sum += sum;
    job->seats = 0; /* all turns are taken: whoever wakes up now sleeps on */
    if (--job->inside == 0) pthread_cond_signal(&pool.left);
}

static void *pool_worker(void *nothing) {
    pool_inside = 1;
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        while (!pool.job || !pool.job->seats) pthread_cond_wait(&pool.wake, &pool.lock);
        pool_sit(pool.job);
    }
    return nothing;
}

static void pool_before_fork(void) { pthread_mutex_lock(&pool.lock); }

static void pool_in_parent(void) { pthread_mutex_unlock(&pool.lock); }

static void pool_in_child(void) {
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.wake, NULL);
    pthread_cond_init(&pool.left, NULL);
    pool.job = NULL;
    pool.workers = 0;
    pool.team = NULL;
    pool.process++;
}

static int pool_watch(void) {
    if (!pool.watched) pool.watched = !pthread_atfork(pool_before_fork, pool_in_parent, pool_in_child);
    return pool.watched;
}

/* Have `wanted` threads, or as many as the system gives. They leave signals to others, but for those that their own faults
 * raise. Nobody joins them: they sleep when the process ends. */
static void pool_hire(int wanted) {
    const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_t thread;
    if (pool.workers >= wanted || !pool_watch()) return;
    if (pthread_attr_init(&attributes)) return;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, POOL_STACK);
    sigfillset(&all);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) sigdelset(&all, own[i]);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool.workers < wanted && !pthread_create(&thread, &attributes, pool_worker, NULL)) pool.workers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

/* A handler of signals forked inside a loop and the child came back into it: turns that other threads had are lost. */
static void pool_lost(void) {
    static const char text[] = "a forked child cannot go on in a loop that threads of its parent took part in\n";
    if (write(2, text, sizeof text - 1)) abort();
    abort();
}

/* Run loops on OpenMP's threads from now on. */
static void pool_join(pool_team team, pool_limit limit) {
    pthread_mutex_lock(&pool.lock);
    if (pool_watch()) pool.team = team, pool.limit = limit;
    pthread_mutex_unlock(&pool.lock);
}

/* Wait until all threads have left the loop; the lock is held. */
static void pool_wait(pool_job *job) {
    job->seats = 0;
    while (job->inside && pool.process == job->process) {
        struct timespec until;
        if (!job->idle) {
            pthread_cond_wait(&pool.left, &pool.lock);
            continue;
        }
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += POOL_PATIENCE;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_cond_timedwait(&pool.left, &pool.lock, &until)) {
            pthread_mutex_unlock(&pool.lock);
            job->idle(job->context);
            pthread_mutex_lock(&pool.lock);
        }
    }
    if (pool.process == job->process)
        pool.job = NULL;
    else if (job->inside || job->team)
        pool_lost();
}

/* What the caller does in a loop. */
static void pool_lead(pool_job *job) {
    pool_inside = 1;
    const int64_t sum = pool_work(job, 0);
    if (job->team) job->done = pool_clock();
    for (int i = job->team ? POOL_TEAM_SPINS : POOL_SPINS; i && job->inside; i--) pool_pause();
    pthread_mutex_lock(&pool.lock);
    job->sum += sum;
    pool_wait(job);
    pthread_mutex_unlock(&pool.lock);
    pool_inside = 0;
}

/* What a thread of OpenMP does in a loop. */
static void pool_member(void *context) {
    pool_job *job = context;
    fenv_t mode;
    if (pthread_equal(job->caller, pthread_self())) {
        pool_lead(job);
        return;
    }
    fegetenv(&mode);
    pool_inside = 1;
    pthread_mutex_lock(&pool.lock);
    if (job->seats) pool_sit(job);
    pthread_mutex_unlock(&pool.lock);
    pool_inside = 0;
    fesetenv(&mode);
}

/* Threads that were started beside callers. */
static int pool_workers(void) {
    pthread_mutex_lock(&pool.lock);
    const int workers = pool.workers;
    pthread_mutex_unlock(&pool.lock);
    return workers;
}

/* How often the calling thread had to leave its processor to another. */
static long pool_switches(void) {
#ifdef RUSAGE_THREAD
    struct rusage now;
    return getrusage(RUSAGE_THREAD, &now) ? 0 : now.ru_nivcsw;
#else
    return 0;
#endif
}

/* Run a loop on OpenMP's threads. Leave them alone for a while if it took half as long again to wait for them, or the
 * caller lost its processor: threads that spin take what another process leaves it. */
static void pool_follow(pool_job *job) {
    const long before = pool_switches();
    const int64_t begun = pool_clock();
    job->team(pool_member, job, 0, 0);
    const int64_t late = pool_clock() - job->done;
    const int displaced = pool_switches() != before;
    pthread_mutex_lock(&pool.lock);
    if (displaced || (late > POOL_LATE && 2 * late > job->done - begun)) {
        pool.away = pool.more;
        pool.more = pool.more < POOL_FAR ? 2 * pool.more : POOL_FAR;
    } else if (pool.more > POOL_AWAY) {
        pool.more -= pool.more / POOL_AWAY; /* one that is in time among many that are late says little */
    }
    pthread_mutex_unlock(&pool.lock);
}

/* Call `body` for 0 to `count` - 1 on at most `threads` threads and return the sum of what it returns. */
static int64_t pool_run(int64_t count, int threads, pool_body body, pool_idle idle, void *context) {
    if (threads > POOL_LIMIT + 1) threads = POOL_LIMIT + 1;
    if (threads > count) threads = (int)count;
    if (threads <= 1 || pool_inside) return pool_alone(count, body, context);
    pool_job job = {.body = body, .idle = idle, .context = context, .count = count, .threads = threads,
                    .seats = threads - 1, .caller = pthread_self()};
    fegetenv(&job.mode);
    pthread_mutex_lock(&pool.lock);
    if (pool.job) {
        pthread_mutex_unlock(&pool.lock);
        return pool_alone(count, body, context);
    }
    job.process = pool.process;
    if (pool.team && !pool.away && pool.limit() >= threads) {
        job.team = pool.team;
    } else {
        pool.away -= pool.away > 0;
        pool_hire(threads - 1);
    }
    pool.job = &job;
    pthread_mutex_unlock(&pool.lock);
    if (job.team) {
        pool_follow(&job);
    } else {
        for (int i = 1; i < threads; i++) pthread_cond_signal(&pool.wake);
        pool_lead(&job);
    }
    return job.sum;
}
#endif

#endif
