/* Drives native/pool.h alone; built and run by test_pool.py, with a sanitizer where there is one: by itself, then joined
 * to a team of threads that does as OpenMP's do. The argument "alone" leaves out forks, "joined" takes the team. */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "native/pool.h"

enum { TURNS = 1000, CALLERS = 4, ROUNDS = 500, TEAM = 4 };

static int turns[CALLERS][TURNS];
static _Atomic int entered, idled;

static void require(int holds, const char *law) {
    if (holds) return;
    fprintf(stderr, "%s\n", law);
    exit(1);
}

static int64_t count_turn(void *context, int64_t index, int slot) {
    (void)slot;
    ((int *)context)[index]++;
    return index;
}

static void *call(void *context) {
    for (int i = 0; i < ROUNDS; i++)
        require(pool_run(TURNS, 4, count_turn, NULL, context) == TURNS * (TURNS - 1) / 2, "the sum is that of all turns");
    return NULL;
}

static int64_t nest(void *context, int64_t index, int slot) {
    int inner[TURNS] = {0};
    (void)context, (void)index, (void)slot;
    const int64_t sum = pool_run(TURNS, 4, count_turn, NULL, inner);
    for (int i = 0; i < TURNS; i++) require(inner[i] == 1, "a loop inside a loop takes each turn once");
    return sum;
}

static int64_t note_slot(void *context, int64_t index, int slot) {
    _Atomic int *taken = (_Atomic int *)context + slot;
    (void)index;
    require(slot >= 0 && slot < 3, "slots are below the number of threads");
    require(atomic_fetch_add(taken, 1) == 0, "a slot belongs to one thread at a time");
    atomic_fetch_sub(taken, 1);
    return 0;
}

static int64_t wait_for_idle(void *context, int64_t index, int slot) {
    (void)context, (void)index;
    if (slot == 0) {
        while (!entered) pool_pause();
    } else {
        entered = 1;
        while (!idled) pool_pause();
    }
    return 0;
}

static void be_idle(void *context) {
    (void)context;
    idled = 1;
}

static int64_t check_rounding(void *context, int64_t index, int slot) {
    (void)context, (void)index, (void)slot;
    require(fegetround() == FE_UPWARD, "threads round as their caller does");
    return 0;
}

static void fork_beside(int times) {
    for (int i = 0; i < times; i++) {
        int own[TURNS] = {0}, status;
        const pid_t child = fork();
        if (child == 0) {
            require(pool_workers() == 0, "a child begins with an empty pool");
            pool_run(TURNS, 3, count_turn, NULL, own);
            require(pool_workers() == 2, "a child starts threads of its own");
            _exit(0);
        }
        require(child > 0 && waitpid(child, &status, 0) == child && status == 0, "a child runs");
    }
}

typedef struct {
    void (*member)(void *);
    void *context;
} invitation;

static _Atomic int teams; /* that were called */
static int lateness;      /* us */

static void *come(void *context) {
    const invitation *to = context;
    const struct timespec delay = {0, 1000L * lateness};
    if (lateness) nanosleep(&delay, NULL);
    to->member(to->context);
    return NULL;
}

/* As GOMP_parallel: all come, all are waited for. */
static void team(void (*member)(void *), void *context, unsigned threads, unsigned flags) {
    pthread_t others[TEAM - 1];
    invitation to = {member, context};
    require(threads == 0 && flags == 0, "a loop takes the team as it is");
    teams++;
    for (int i = 0; i < TEAM - 1; i++) pthread_create(&others[i], NULL, come, &to);
    member(context);
    for (int i = 0; i < TEAM - 1; i++) pthread_join(others[i], NULL);
}

static int team_size(void) { return TEAM; }

/* Threads that are late are left alone for some loops, and looked for again. */
static void leave_late_threads(void) {
    int own[TURNS] = {0};
    lateness = 2000;
    for (int i = 0; i < 100 * POOL_FAR && pool.away < POOL_AWAY; i++) pool_run(TURNS, 4, count_turn, NULL, own);
    const int before = teams, away = pool.away;
    require(away >= POOL_AWAY, "lateness is seen");
    for (int i = 0; i < away; i++) pool_run(TURNS, 4, count_turn, NULL, own);
    require(teams == before, "loops do without threads that are late");
    pool_run(TURNS, 4, count_turn, NULL, own);
    require(teams == before + 1, "loops look for late threads again");
    lateness = 0;
}

static void *spin(void *stop) {
    while (!atomic_load((_Atomic int *)stop)) continue;
    return NULL;
}

/* Whoever loses a processor to another thread knows. */
static void share_a_processor(void) {
#ifdef RUSAGE_THREAD
    _Atomic int stop = 0;
    cpu_set_t before, one;
    pthread_t other;
    long seen;
    int told = 0;
    sched_getaffinity(0, sizeof before, &before);
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    if (sched_setaffinity(0, sizeof one, &one)) return; /* not for everybody */
    seen = pool_switches();
    pthread_create(&other, NULL, spin, &stop);
    for (int64_t end = pool_clock() + 10000000000; !told && pool_clock() < end;) told = pool_switches() != seen;
    atomic_store(&stop, 1);
    pthread_join(other, NULL);
    sched_setaffinity(0, sizeof before, &before);
    require(told, "a caller that loses its processor knows");
#endif
}

int main(int count, char **arguments) {
    pthread_t callers[CALLERS];
    _Atomic int slots[3] = {0, 0, 0};
    int joined = 0, alone = 0;
    for (int i = 1; i < count; i++) {
        joined |= !strcmp(arguments[i], "joined");
        alone |= !strcmp(arguments[i], "alone");
    }
    if (joined) pool_join(team, team_size);
    require(pool_run(0, 4, count_turn, NULL, turns[0]) == 0 && pool_workers() == 0, "nothing to do starts nobody");
    require(pool_run(5, 1, count_turn, NULL, (int[5]){0}) == 10 && pool_workers() == 0, "one thread is the caller");
    for (int i = 0; i < CALLERS; i++) pthread_create(&callers[i], NULL, call, turns[i]);
    if (!alone) fork_beside(20);
    for (int i = 0; i < CALLERS; i++) pthread_join(callers[i], NULL);
    for (int i = 0; i < CALLERS; i++)
        for (int j = 0; j < TURNS; j++) require(turns[i][j] == ROUNDS, "each turn is taken once");
    require(joined ? teams > 0 : pool_workers() == 3, joined ? "loops take the team" : "threads are started once");
    if (joined) {
        pool_run(TURNS, TEAM + 1, count_turn, NULL, turns[0]);
        require(pool_workers() == TEAM, "more threads than the team has are the pool's own");
        leave_late_threads();
        share_a_processor();
    }
    require(pool_run(8, 4, nest, NULL, NULL) == 8 * (TURNS * (TURNS - 1) / 2), "loops nest");
    pool_run(100000, 3, note_slot, NULL, slots);
    pool_run(2, 2, wait_for_idle, be_idle, NULL);
    require(idled, "who waits is idle now and then");
    fesetround(FE_UPWARD);
    pool_run(1000, 4, check_rounding, NULL, NULL);
    return 0;
}
