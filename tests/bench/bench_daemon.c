/*
 * A daemon's stream against the loader in process, on the same recipe: images a second of one
 * consumer and of four on one stream, with the processor time that makes them; and what handing a
 * finished batch over costs. Interleaved, medians of five.
 * Usage: bench_daemon BIN CONFIG DATA [SECONDS]
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/stat.h"
#include "base/thread.h"
#include "loader/client.h"
#include "loader/pipeline.h"

enum { ROUNDS = 5, CLIENTS = 4, HANDOVERS = 2000 };

struct bench {
    const char *bin, *config, *data;
    double seconds;
    char address[64], train[512];
    pid_t pid;
};

struct result {
    double rate; /* images a second, of all consumers */
    double cpu;  /* ms an image that was decoded, of the process that makes them */
};

static double now(void)
{
    return (double)stats_clock() / 1e9;
}

static double cpu_of(pid_t pid)
{
    char path[64];
    unsigned long user = 0, kernel = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                       &kernel) != 2)
        user = kernel = 0;
    if (file)
        fclose(file);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static int start_daemon(struct bench *b)
{
    char program[512];
    int pipes[2];
    snprintf(b->address, sizeof(b->address), "unix:/tmp/tenfold-bench-%d.sock", (int)getpid());
    snprintf(program, sizeof(program), "%s/nnprepd", b->bin);
    if (pipe(pipes) < 0)
        return -1;
    b->pid = fork();
    if (b->pid == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        close(pipes[0]);
        close(pipes[1]);
        execl(program, program, "--with-parent", "--listen", b->address, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    char byte;
    int rc = read(pipes[0], &byte, 1) == 1 ? 0 : -1;
    close(pipes[0]);
    return rc;
}

static int open_client(const struct bench *b, struct client **c, struct error *err)
{
    const char *settings[] = { b->train, "data.batch=32" };
    const struct client_options o = {
        .address = b->address, .config = b->config, .settings = settings, .count = 2
    };
    return client_open(c, &o, err);
}

struct consumer_run {
    struct client *client;
    double until;
    uint64_t images;
};

static void *consume(void *argument)
{
    struct consumer_run *r = argument;
    struct batch batch;
    struct error err = { 0 };
    while (now() < r->until && client_next(r->client, &batch, &err) == 1) {
        r->images += batch.header->valid;
        client_release(r->client, &batch);
    }
    return NULL;
}

static int through_daemon(const struct bench *b, int clients, struct result *result,
                          struct error *err)
{
    struct consumer_run run[CLIENTS] = { 0 };
    pthread_t threads[CLIENTS];
    struct batch batch;
    uint64_t images = 0;
    for (int i = 0; i < clients; i++)
        if (open_client(b, &run[i].client, err) < 0)
            return -1;
    for (int i = 0; i < clients; i++) { /* the daemon has begun */
        if (client_next(run[i].client, &batch, err) != 1)
            return -1;
        client_release(run[i].client, &batch);
    }
    double begun = now(), cpu = cpu_of(b->pid);
    for (int i = 0; i < clients; i++) {
        run[i].until = begun + b->seconds;
        if (pthread_create(&threads[i], NULL, consume, &run[i]) != 0)
            return error_set(err, ERROR_FAILED, NULL, "no thread");
    }
    for (int i = 0; i < clients; i++) {
        pthread_join(threads[i], NULL);
        images += run[i].images;
    }
    result->rate = (double)images / (now() - begun);
    result->cpu = 1000 * (cpu_of(b->pid) - cpu) / ((double)images / clients);
    for (int i = 0; i < clients; i++)
        client_close(run[i].client);
    return 0;
}

static int in_process(const struct bench *b, const struct pipeline *p, struct result *result,
                      struct error *err)
{
    struct stream *stream;
    struct batch batch;
    uint64_t images = 0;
    if (stream_open(&stream, p->index, p->recipe, p->mix, &p->data.stream, err) < 0)
        return -1;
    int rc = stream_next(stream, &batch, err);
    if (rc == 1)
        stream_release(stream, &batch);
    double begun = now(), cpu = cpu_of(getpid());
    while (rc == 1 && now() < begun + b->seconds) {
        rc = stream_next(stream, &batch, err);
        if (rc == 1) {
            images += batch.header->valid;
            stream_release(stream, &batch);
        }
    }
    result->rate = (double)images / (now() - begun);
    result->cpu = 1000 * (cpu_of(getpid()) - cpu) / (double)images;
    stream_close(stream);
    return rc == 1 ? 0 : -1;
}

/* Of batches that are there already: next and release, in microseconds. */
static int handovers(const struct bench *b, struct error *err)
{
    static double us[HANDOVERS];
    struct client *c;
    struct batch batch;
    const char *settings[] = {
        b->train,           "data.batch=2",
        "data.dtype=uint8", "augment=[{resize_short: 40}, {random_crop: 32}]",
        "mix=[]",           "data.slots=64"
    };
    const struct client_options o = {
        .address = b->address, .settings = settings, .count = 6, .alone = true
    };
    if (client_open(&c, &o, err) < 0)
        return -1;
    for (int i = 0; i < HANDOVERS; i++) {
        if (i % 16 == 0)
            usleep(60000); /* the ring fills */
        double t = now();
        if (client_next(c, &batch, err) != 1)
            return -1;
        client_release(c, &batch);
        us[i] = 1e6 * (now() - t);
    }
    client_close(c);
    printf("hand-over of a finished batch: median %.1f us, 90 %% below %.1f us\n",
           stat_quantile(us, HANDOVERS, 0.5), stat_quantile(us, HANDOVERS, 0.9));
    return 0;
}

static double median(const struct result *r, bool rate)
{
    double values[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        values[i] = rate ? r[i].rate : r[i].cpu;
    return stat_quantile(values, ROUNDS, 0.5);
}

static int run(struct bench *b, const struct pipeline *p, struct error *err)
{
    struct result here[ROUNDS], one[ROUNDS], four[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        if (in_process(b, p, &here[i], err) < 0 || through_daemon(b, 1, &one[i], err) < 0 ||
            through_daemon(b, CLIENTS, &four[i], err) < 0)
            return -1;
    double h = median(here, true), o = median(one, true), f = median(four, true);
    printf("%d threads, %s, batches of %u, %.0f s each, median of %d\n", thread_cpus(), b->config,
           p->data.stream.batch, b->seconds, ROUNDS);
    printf("in process             %8.1f images/s  %.2f ms CPU an image\n", h, median(here, false));
    printf("one client             %8.1f images/s  %.2f ms CPU an image  %.3f times\n", o,
           median(one, false), o / h);
    printf("four on one stream     %8.1f images/s  %.2f ms CPU an image  %.2f times one\n", f,
           median(four, false), f / o);
    return handovers(b, err);
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    struct config *config = NULL;
    struct pipeline p = { 0 };
    if (argc < 4) {
        fprintf(stderr, "usage: bench_daemon BIN CONFIG DATA [SECONDS]\n");
        return 2;
    }
    struct bench b = { .bin = argv[1], .config = argv[2], .data = argv[3] };
    b.seconds = argc > 4 ? strtod(argv[4], NULL) : 3;
    snprintf(b.train, sizeof(b.train), "data.train=%s", b.data);
    int rc = config_open(&config, b.config, &err);
    if (rc == 0)
        rc = config_set(config, "data.batch=32", &err);
    if (rc == 0)
        rc = pipeline_open(&p, config, b.data, &err);
    if (rc == 0 && start_daemon(&b) < 0)
        rc = error_set(&err, ERROR_FAILED, b.bin, "nnprepd does not start");
    if (rc == 0) {
        rc = run(&b, &p, &err);
        kill(b.pid, SIGTERM);
        waitpid(b.pid, NULL, 0);
    }
    pipeline_close(&p);
    config_close(config);
    if (rc < 0)
        error_print(&err, "bench_daemon");
    return rc < 0;
}
