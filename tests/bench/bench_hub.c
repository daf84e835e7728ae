/*
 * The daemon's hub beside the loader in process, and what sharing costs: the same recipe by (a) a
 * stream in process, (b) the hub with one client in another process, (c) the hub with four clients
 * on one stream, (d) four streams that differ in their draws, as a convoy, and (e) each for itself.
 * Interleaved, five rounds, medians. Then what handing over costs: a batch that is
 * ready, from the client's side; and the way there and back through a ring of one slot.
 * Usage: bench_hub CONFIG DATA [SECONDS [THREADS [SETTING...]]]
 */
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/config.h"
#include "base/progress.h"
#include "base/stat.h"
#include "loader/hub.h"
#include "loader/pipeline.h"

enum { ROUNDS = 5, CLIENTS = 4, WARM_UP = 6 };

/* What a client tells the parent, in memory that both have. */
struct report {
    _Atomic uint64_t batches; /* after the warm-up */
    double seconds, ready_ns; /* of taking and giving back, without waiting */
    uint64_t sum;             /* of sample ids: the batches were read */
};

static uint64_t word(const void *memory, size_t at)
{
    return atomic_load_explicit((const _Atomic uint64_t *)((const uint8_t *)memory + at),
                                memory_order_acquire);
}

/* A client in a process of its own: docs/protocol.md without the socket. */
static void client(const struct consumer_place *p, double seconds, struct report *report)
{
    size_t bytes = p->header_bytes + p->slot_bytes * (size_t)p->slots;
    const uint8_t *ring = mmap(NULL, bytes, PROT_READ, MAP_SHARED, p->ring, 0);
    uint8_t *control =
        mmap(NULL, 64 + 8 * (size_t)p->slots, PROT_READ | PROT_WRITE, MAP_SHARED, p->control, 0);
    if (ring == MAP_FAILED || control == MAP_FAILED)
        _exit(1);
    uint64_t step = p->next, one = 1, count, ready = 0;
    double start = 0, now = 0, spent = 0;
    for (uint64_t taken = 0; taken <= WARM_UP || now - start < seconds; taken++) {
        if (taken == WARM_UP)
            start = clock_seconds();
        struct pollfd wait = { .fd = p->ready, .events = POLLIN };
        while (word(ring, 32) <= step)
            if (poll(&wait, 1, 10000) != 1 || read(p->ready, &count, sizeof(count)) < 0)
                _exit(1);
        double before = clock_seconds();
        uint64_t slot = (step - word(ring, 24)) % (uint64_t)p->slots;
        const uint8_t *at = ring + p->header_bytes + slot * p->slot_bytes;
        report->sum += word(at, p->tensor[2].offset);
        atomic_store_explicit((_Atomic uint64_t *)(control + 64 + 8 * slot), ++step,
                              memory_order_release);
        if (write(p->freed, &one, sizeof(one)) < 0)
            _exit(1);
        now = clock_seconds();
        if (taken > WARM_UP) {
            spent += now - before;
            ready++;
        }
        report->batches = taken > WARM_UP ? taken - WARM_UP : 0;
    }
    report->seconds = now - start;
    report->ready_ns = ready ? 1e9 * spent / (double)ready : 0;
    _exit(0);
}

struct run {
    struct hub *hub;
    struct consumer *consumer[CLIENTS];
    pid_t child[CLIENTS];
    int clients, opened, ended;
};

static void serve(struct run *run, int ms)
{
    struct pollfd p[CLIENTS + 1] = { { .fd = hub_fd(run->hub), .events = POLLIN } };
    for (int i = 0; i < run->opened; i++)
        p[i + 1] =
            (struct pollfd){ .fd = consumer_place(run->consumer[i])->freed, .events = POLLIN };
    if (poll(p, (nfds_t)run->opened + 1, ms) <= 0)
        return;
    struct hub_event event;
    while (p[0].revents && hub_event(run->hub, &event)) {
        if (event.kind == HUB_FAILED)
            error_print(&event.err, "bench_hub");
        run->opened += event.kind == HUB_OPENED;
        run->ended += event.kind == HUB_FAILED;
    }
    for (int i = 0; i < run->clients; i++)
        if (p[i + 1].revents)
            consumer_collect(run->consumer[i]);
}

static double cpu_of(struct hub *hub, double *images)
{
    json_t *stats = hub_stats(hub);
    double cpu = json_real_value(json_object_get(stats, "cpu_seconds"));
    *images = (double)json_integer_value(json_object_get(stats, "samples"));
    json_decref(stats);
    return cpu;
}

enum mode { SHARED, CONVOY, ALONE };

/* `clients` for `seconds`: batches a second of all, CPU milliseconds an image. */
static int hub_run(struct config *config, enum mode mode, int clients, int threads, double seconds,
                   struct report *report, double *rate, double *cpu_ms, struct error *err)
{
    struct run run = { .clients = clients };
    struct hub_options options = { .threads = threads };
    struct hub_request request = {
        .config = config, .world = 1, .has_start = true, .share = mode != ALONE
    };
    if (hub_open(&run.hub, &options, err) < 0)
        return -1;
    int rc = 0, left = clients;
    for (int i = 0; i < clients && rc == 0; i++) {
        char seed[40];
        snprintf(seed, sizeof(seed), "data.augment_seed=%d", mode == SHARED ? 0 : i);
        rc = config_set(config, seed, err) < 0 ||
                     hub_attach(run.hub, &request, &run.consumer[i], err) < 0
                 ? -1
                 : 0;
        while (rc == 0 && run.opened == i && !run.ended)
            serve(&run, 100);
    }
    if (run.ended)
        rc = -1;
    memset(report, 0, CLIENTS * sizeof(*report));
    for (int i = 0; i < clients && rc == 0; i++) {
        run.child[i] = fork();
        if (run.child[i] == 0)
            client(consumer_place(run.consumer[i]), seconds, &report[i]);
    }
    double images = 0, cpu = 0;
    while (rc == 0 && left > 0) {
        serve(&run, 20);
        for (int i = 0, status; i < clients; i++)
            if (run.child[i] > 0 && waitpid(run.child[i], &status, WNOHANG) > 0) {
                run.child[i] = 0;
                hub_detach(run.consumer[i]);
                run.consumer[i] = run.consumer[--run.clients];
                run.child[i] = run.child[run.clients];
                run.opened--;
                left--;
                rc = status ? error_set(err, ERROR_FAILED, NULL, "a client failed") : rc;
                clients = run.clients;
                i--;
            }
        if (left > 0)
            cpu = cpu_of(run.hub, &images);
    }
    hub_close(run.hub);
    *rate = 0;
    for (int i = 0; i < CLIENTS; i++)
        if (report[i].seconds > 0)
            *rate += (double)report[i].batches / report[i].seconds;
    *cpu_ms = 1e3 * cpu / images;
    return rc;
}

/* Batches a second; CPU milliseconds an image. */
static double stream_run(const struct config *config, int threads, double seconds, double *cpu_ms,
                         struct error *err)
{
    struct pipeline p;
    struct stream *stream = NULL;
    double start = 0, now = 0, rate = -1;
    uint64_t batches = 0;
    if (pipeline_open(&p, config, NULL, err) < 0)
        return -1;
    p.data.stream.threads = threads;
    if (stream_open(&stream, p.index, p.recipe, p.mix, &p.data.stream, err) == 0)
        for (;; batches++) {
            struct batch batch;
            if (batches == WARM_UP)
                start = clock_seconds();
            if (stream_next(stream, &batch, err) != 1)
                break;
            stream_release(stream, &batch);
            now = clock_seconds();
            if (batches > WARM_UP && now - start >= seconds) {
                struct stats_sum sum = stream_stats(stream);
                rate = (double)(batches - WARM_UP) / (now - start);
                *cpu_ms = 1e-6 * (double)sum.cpu_ns / (double)sum.samples;
                break;
            }
        }
    stream_close(stream);
    pipeline_close(&p);
    return rate;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: bench_hub CONFIG DATA [SECONDS [THREADS [SETTING...]]]\n");
        return 2;
    }
    double seconds = argc > 3 ? strtod(argv[3], NULL) : 2;
    int threads = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 2, rc = 1;
    struct error err = { 0 };
    struct config *config = NULL;
    char set[4096];
    snprintf(set, sizeof(set), "data.train=%s", argv[2]);
    struct report *report = mmap(NULL, CLIENTS * sizeof(*report), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    double ours[ROUNDS], one[ROUNDS], four[ROUNDS], cpu_one[ROUNDS], cpu_four[ROUNDS],
        cpu_ours[ROUNDS];
    double ratio[ROUNDS], more[ROUNDS], trip[ROUNDS], ready[ROUNDS], unused;
    double convoy[ROUNDS], alone[ROUNDS], gain[ROUNDS], cpu_convoy[ROUNDS], cpu_alone[ROUNDS];
    if (report == MAP_FAILED || config_open(&config, argv[1], &err) < 0 ||
        config_set(config, set, &err) < 0)
        goto done;
    for (int i = 5; i < argc; i++)
        if (config_set(config, argv[i], &err) < 0)
            goto done;
    for (int i = 0; i < ROUNDS; i++) {
        ours[i] = stream_run(config, threads, seconds, &cpu_ours[i], &err);
        if (ours[i] < 0 ||
            hub_run(config, SHARED, 1, threads, seconds, report, &one[i], &cpu_one[i], &err) < 0 ||
            hub_run(config, SHARED, CLIENTS, threads, seconds, report, &four[i], &cpu_four[i],
                    &err) < 0)
            goto done;
        ready[i] = report[0].ready_ns;
        if (hub_run(config, CONVOY, CLIENTS, threads, seconds, report, &convoy[i], &cpu_convoy[i],
                    &err) < 0 ||
            hub_run(config, ALONE, CLIENTS, threads, seconds, report, &alone[i], &cpu_alone[i],
                    &err) < 0)
            goto done;
        gain[i] = convoy[i] / alone[i];
        ratio[i] = one[i] / ours[i];
        more[i] = four[i] / one[i];
    }
    if (config_set(config, "data.slots=1", &err) < 0 ||
        config_set(config, "data.batch=1", &err) < 0 ||
        config_set(config, "augment=[{random_resized_crop: {size: 1}}]", &err) < 0 ||
        config_set(config, "data.cache=pixels", &err) < 0)
        goto done;
    for (int i = 0; i < ROUNDS; i++) {
        if (hub_run(config, SHARED, 1, 1, seconds / 2, report, &trip[i], &unused, &err) < 0)
            goto done;
        trip[i] = 1e6 / trip[i];
    }
    printf("%s over %s, %d threads, medians of %d rounds of %.1f s\n", argv[1], argv[2], threads,
           ROUNDS, seconds);
    printf("  %-52s %9.2f batches/s\n", "stream in process", stat_quantile(ours, ROUNDS, 0.5));
    printf("  %-52s %9.2f batches/s   %.3f of in process\n", "hub, one client",
           stat_quantile(one, ROUNDS, 0.5), stat_quantile(ratio, ROUNDS, 0.5));
    printf("  %-52s %9.2f batches/s   %.2f of one client\n", "hub, four clients of one stream",
           stat_quantile(four, ROUNDS, 0.5), stat_quantile(more, ROUNDS, 0.5));
    printf("  %-52s %9.3f, %.3f, %.3f ms an image\n",
           "CPU of the threads that decode, of these three", stat_quantile(cpu_ours, ROUNDS, 0.5),
           stat_quantile(cpu_one, ROUNDS, 0.5), stat_quantile(cpu_four, ROUNDS, 0.5));
    printf("  %-52s %9.2f batches/s   %.2f of each for itself\n",
           "hub, four streams over the same files (a convoy)", stat_quantile(convoy, ROUNDS, 0.5),
           stat_quantile(gain, ROUNDS, 0.5));
    printf("  %-52s %9.3f, %.3f ms an image\n", "CPU, as a convoy and each for itself",
           stat_quantile(cpu_convoy, ROUNDS, 0.5), stat_quantile(cpu_alone, ROUNDS, 0.5));
    printf("  %-52s %9.2f us\n", "taking and giving back a batch, without waiting",
           1e-3 * stat_quantile(ready, ROUNDS, 0.5));
    printf("  %-52s %9.2f us\n", "given back, made of one small image, and taken again",
           stat_quantile(trip, ROUNDS, 0.5));
    rc = 0;
done:
    if (rc)
        error_print(&err, "bench_hub");
    config_close(config);
    return rc;
}
