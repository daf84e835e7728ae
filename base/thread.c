/*
 * Workers sleep until a loop is announced (its generation number rises), then take turns from one
 * counter until none is left; the caller works too, as worker 0. The loop ends when the last worker
 * has left it.
 */
#include "base/thread.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { THREADS_MAX = 1024, LOOKS = 1000 /* some tens of microseconds */ };

struct worker {
    struct pool *pool; /* borrowed */
    int number;
    pthread_t thread;
};

struct pool {
    int threads;
    struct worker *workers; /* owned; number 0 is the caller and has no thread */
    int started;            /* threads that run, worker 1 upwards */

    pthread_mutex_t lock;
    pthread_cond_t announced; /* signalled when generation or stop changes */
    pthread_cond_t finished;  /* signalled when finished_generation changes */
    /* Changed under lock; who only looks does so without. */
    _Atomic uint64_t generation, finished_generation;
    bool stop;
    size_t count;
    void (*turn)(void *context, size_t i, int worker);
    void *context; /* borrowed */

    _Alignas(64) _Atomic size_t next; /* turn that nobody has taken yet */
    _Atomic int busy;                 /* workers that have not left the present loop */
};

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* CPUs allowed by "<quota> <period>", rounded up; 0: no limit. */
static int quota_cpus(double quota, double period)
{
    if (quota <= 0 || period <= 0)
        return 0;
    int cpus = (int)(quota / period);
    return quota > cpus * period ? cpus + 1 : cpus;
}

static int quota_v2(const char *group)
{
    char path[4096];
    snprintf(path, sizeof(path), "/sys/fs/cgroup%s/cpu.max", group);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    double quota = 0, period = 0;
    int found = fscanf(file, "%lf %lf", &quota, &period); /* "max 100000" where there is none */
    fclose(file);
    return found == 2 ? quota_cpus(quota, period) : 0;
}

static double read_number(const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    double number = 0;
    if (fscanf(file, "%lf", &number) != 1)
        number = 0;
    fclose(file);
    return number;
}

/* The smallest limit on the way from this process's group up to the root (a parent's quota binds
 * its children). */
static int cgroup_cpus(void)
{
    int least = quota_cpus(read_number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
                           read_number("/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
    char line[2048], group[2048] = "";
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "0::", 3) == 0)
            memcpy(group, line + 3, strlen(line + 3) + 1);
    }
    if (file)
        fclose(file);
    for (;;) {
        int cpus = quota_v2(strcmp(group, "/") == 0 ? "" : group);
        if (cpus > 0 && (least == 0 || cpus < least))
            least = cpus;
        char *slash = strrchr(group, '/');
        if (!slash)
            break;
        *slash = '\0';
    }
    return least;
}

int thread_cpus(void)
{
    cpu_set_t set;
    int cpus = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    int quota = cgroup_cpus();
    if (quota > 0 && quota < cpus)
        cpus = quota;
    return cpus > 0 ? cpus : 1;
}

/* A moment of looking before lying down: the next loop, or the end of this one, is often nearer
 * than a wake-up. */
static void look(const _Atomic uint64_t *value, uint64_t unwanted)
{
    for (int i = 0; i < LOOKS && atomic_load_explicit(value, memory_order_acquire) == unwanted; i++)
        pause_briefly();
}

/* Take turns until none is left. */
static void work(struct pool *pool, int number)
{
    size_t i;
    while ((i = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed)) < pool->count)
        pool->turn(pool->context, i, number);
    if (atomic_fetch_sub_explicit(&pool->busy, 1, memory_order_acq_rel) > 1)
        return;
    pthread_mutex_lock(&pool->lock);
    atomic_store_explicit(&pool->finished_generation, pool->generation, memory_order_release);
    pthread_cond_signal(&pool->finished);
    pthread_mutex_unlock(&pool->lock);
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct pool *pool = worker->pool;
    uint64_t seen = 0;
    for (;;) {
        look(&pool->generation, seen);
        pthread_mutex_lock(&pool->lock);
        while (!pool->stop && pool->generation == seen)
            pthread_cond_wait(&pool->announced, &pool->lock);
        bool stop = pool->stop;
        seen = pool->generation;
        pthread_mutex_unlock(&pool->lock);
        if (stop)
            return NULL;
        work(pool, worker->number);
    }
}

int pool_open(struct pool **result, int threads, struct error *err)
{
    if (threads == 0)
        threads = thread_cpus();
    if (threads < 1 || threads > THREADS_MAX)
        return error_set(err, ERROR_USAGE, NULL, "%d threads; must be 0 (all) to %d", threads,
                         THREADS_MAX);
    struct pool *pool = memory_aligned(1, sizeof(*pool), err);
    if (!pool)
        return -1;
    pool->threads = threads;
    pool->workers = memory_array((size_t)threads, sizeof(*pool->workers), err);
    if (!pool->workers) {
        free(pool);
        return -1;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->announced, NULL);
    pthread_cond_init(&pool->finished, NULL);
    for (int i = 1; i < threads; i++) {
        struct worker *worker = &pool->workers[i];
        *worker = (struct worker){ .pool = pool, .number = i };
        int rc = pthread_create(&worker->thread, NULL, worker_main, worker);
        if (rc != 0) {
            pool_close(pool);
            return error_set(err, ERROR_FAILED, NULL, "thread %d of %d cannot be started: %s",
                             i + 1, threads, strerror(rc));
        }
        pool->started = i;
    }
    *result = pool;
    return 0;
}

int pool_threads(const struct pool *pool)
{
    return pool->threads;
}

void pool_run(struct pool *pool, size_t count, void (*turn)(void *context, size_t i, int worker),
              void *context)
{
    pthread_mutex_lock(&pool->lock);
    pool->next = 0;
    pool->count = count;
    pool->turn = turn;
    pool->context = context;
    pool->busy = pool->threads;
    uint64_t before = pool->generation++;
    pthread_cond_broadcast(&pool->announced);
    pthread_mutex_unlock(&pool->lock);
    work(pool, 0);
    look(&pool->finished_generation, before);
    pthread_mutex_lock(&pool->lock);
    while (pool->finished_generation == before)
        pthread_cond_wait(&pool->finished, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

void pool_close(struct pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->announced);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 1; i <= pool->started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->finished);
    pthread_cond_destroy(&pool->announced);
    pthread_mutex_destroy(&pool->lock);
    free(pool->workers);
    free(pool);
}
