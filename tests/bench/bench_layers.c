/*
 * A network's inference layer by layer, one thread, by processor time: time of an image (median of
 * the rounds), GFLOP/s of the definition (two for a multiply-add), and how near that comes to the
 * machine's roof: the longer of what the products that were made would take at the peak, and what
 * the numbers would that were read and written: values at the bandwidth of the last-level cache,
 * weights (once for the images that are run at a time) at that of memory. Peak and bandwidths are
 * measured in the same run. Weights are random: they change no time. Usage: bench_layers NET.yaml
 * [fast|exact] [BATCH] [ROUNDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/config.h"
#include "base/memory.h"
#include "base/simd.h"
#include "base/stat.h"
#include "model/infer.h"

/* CACHE: fits into the last-level cache and no other; MEMORY: into none. Floats. */
enum { CACHE = 1 << 20, MEMORY = 1 << 26, REPEATS = 5 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#ifdef SIMD_X86
#include <immintrin.h>

enum { STEPS = 8000000, CHAINS = 12 };

/* Twelve chains of multiply-adds, more than are on their way at a time. */
#define CHAINS_OF(name, isa, type, one)                                                            \
    __attribute__((target(isa))) static void name(void)                                            \
    {                                                                                              \
        type h = one, a = h, b = h, c = h, d = h, e = h, f = h, g = h, i = h, j = h, k = h, l = h, \
             m = h;                                                                                \
        for (int n = 0; n < STEPS; n++)                                                            \
            __asm__ volatile("vfmadd213ps %12, %12, %0\n vfmadd213ps %12, %12, %1\n"               \
                             "vfmadd213ps %12, %12, %2\n vfmadd213ps %12, %12, %3\n"               \
                             "vfmadd213ps %12, %12, %4\n vfmadd213ps %12, %12, %5\n"               \
                             "vfmadd213ps %12, %12, %6\n vfmadd213ps %12, %12, %7\n"               \
                             "vfmadd213ps %12, %12, %8\n vfmadd213ps %12, %12, %9\n"               \
                             "vfmadd213ps %12, %12, %10\n vfmadd213ps %12, %12, %11"               \
                             : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), "+v"(g),      \
                               "+v"(i), "+v"(j), "+v"(k), "+v"(l), "+v"(m)                         \
                             : "v"(h));                                                            \
    }

CHAINS_OF(chains_avx512, "avx512f", __m512, _mm512_set1_ps(0.5f))
CHAINS_OF(chains_avx2, "avx2,fma", __m256, _mm256_set1_ps(0.5f))
#endif

/* FLOP/s at this SIMD level; 0: not known. */
static double measure_peak(void)
{
    double best = 0;
#ifdef SIMD_X86
    if (simd_level() == SIMD_LEVEL_PLAIN)
        return 0;
    bool wide = simd_level() >= SIMD_LEVEL_AVX512;
    for (int i = 0; i < REPEATS; i++) {
        double start = seconds();
        if (wide)
            chains_avx512();
        else
            chains_avx2();
        double rate = 2.0 * STEPS * CHAINS * (wide ? 16 : 8) / (seconds() - start);
        best = rate > best ? rate : best;
    }
#endif
    return best;
}

VECTOR_CLONES static float sum_of(const float *x, size_t n)
{
    float lanes[64] = { 0 };
    for (size_t i = 0; i < n; i += 64)
        for (size_t j = 0; j < 64; j++)
            lanes[j] += x[i + j];
    float sum = 0;
    for (size_t j = 0; j < 64; j++)
        sum += lanes[j];
    return sum;
}

/* Bytes a second that are read from n floats, over and over. */
static double measure_bandwidth(const float *x, size_t n)
{
    double best = 0;
    volatile float kept = sum_of(x, n);
    for (int i = 0; i < REPEATS; i++) {
        double start = seconds();
        for (size_t done = 0; done < MEMORY; done += n)
            kept = sum_of(x, n);
        double rate = MEMORY * sizeof(float) / (seconds() - start);
        best = rate > best ? rate : best;
    }
    (void)kept;
    return best;
}

struct roof {
    double peak, cache, memory; /* FLOP/s, bytes/s */
};

static int measure_roof(struct roof *r, struct error *err)
{
    float *x = memory_aligned(MEMORY, sizeof(*x), err);
    if (!x)
        return -1;
    for (size_t i = 0; i < MEMORY; i++)
        x[i] = (float)(i % 3);
    r->peak = measure_peak();
    r->cache = measure_bandwidth(x, CACHE);
    r->memory = measure_bandwidth(x, MEMORY);
    free(x);
    return 0;
}

static double roof_seconds(const struct roof *r, const struct infer_spent *s)
{
    double bytes = sizeof(float) * ((double)s->values / r->cache +
                                    (s->images ? (double)s->weights / s->images / r->memory : 0));
    double flops = r->peak > 0 ? 2.0 * (double)s->products / r->peak : 0;
    return bytes > flops ? bytes : flops;
}

/* Seconds of step i's rounds: (steps, rounds). */
static void print_table(const struct infer *f, const struct roof *r, double *rounds_of, int rounds,
                        int images)
{
    struct infer_spent s;
    double total = 0, flops = 0, least = 0;
    printf("| layer | way | output | images | ms | GFLOP/s | ms at the roof | of the roof |\n"
           "|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; infer_spent(f, i, &s); i++) {
        double *all = rounds_of + i * (size_t)rounds;
        double each = stat_quantile(all, (size_t)rounds, 0.5) / images;
        double roof = roof_seconds(r, &s);
        printf("| %s | %s | %dx%dx%d | %d | %.3f | ", s.layer, s.way, s.out.c, s.out.h, s.out.w,
               s.images, 1e3 * each);
        if (s.multiply_adds)
            printf("%.0f", 2e-9 * (double)s.multiply_adds / each);
        printf(" | %.3f | %.2f |\n", 1e3 * roof, roof / each);
        total += each;
        flops += 2.0 * (double)s.multiply_adds;
        least += roof;
    }
    printf("| all | | | | %.3f | %.0f | %.3f | %.2f |\n", 1e3 * total, 1e-9 * flops / total,
           1e3 * least, least / total);
}

/* What a round took, step by step, into column `round`. */
static void take_round(const struct infer *f, int round, int rounds, double *before, double *table)
{
    struct infer_spent s;
    for (size_t i = 0; infer_spent(f, i, &s); i++) {
        table[i * (size_t)rounds + (size_t)round] = s.seconds - before[i];
        before[i] = s.seconds;
    }
}

static int open_net(struct net **net, const char *path, struct error *err)
{
    struct config *config;
    if (config_open(&config, path, err) < 0)
        return -1;
    int rc = net_open(net, config_root(config), err);
    config_close(config);
    if (rc == 0)
        net_init(*net, 1);
    return rc;
}

static int run(struct net *net, int batch, int rounds, struct error *err)
{
    struct shape in = net_input(net);
    size_t image = (size_t)in.c * (size_t)in.h * (size_t)in.w;
    float *x = memory_array((size_t)batch * image, sizeof(*x), err);
    float *logits =
        x ? memory_array((size_t)batch * (size_t)net_classes(net), sizeof(*x), err) : NULL;
    struct infer *f = NULL;
    struct roof roof;
    struct infer_spent step;
    size_t steps = 0;
    double *before = NULL, *table = NULL;
    int rc = -1;
    if (!logits || infer_open(&f, net, batch, err) < 0 || measure_roof(&roof, err) < 0)
        goto done;
    for (size_t i = 0; i < (size_t)batch * image; i++)
        x[i] = (float)(i % 255) / 127 - 1;
    if (infer_run(f, x, batch, in.h, in.w, logits, err) < 0) /* warm-up */
        goto done;
    while (infer_spent(f, steps, &step))
        steps++;
    before = memory_array(steps, sizeof(*before), err);
    table = before ? memory_array(steps * (size_t)rounds, sizeof(*table), err) : NULL;
    if (!table)
        goto done;
    infer_watch(f);
    for (int r = 0; r < rounds; r++) {
        if (infer_run(f, x, batch, in.h, in.w, logits, err) < 0)
            goto done;
        take_round(f, r, rounds, before, table);
    }
    printf("%s, batch %d, %s, medians of %d rounds; peak %.0f GFLOP/s, last-level cache %.0f GB/s, "
           "memory %.0f GB/s\n\n",
           net_name(net), batch, infer_kernels(net), rounds, 1e-9 * roof.peak, 1e-9 * roof.cache,
           1e-9 * roof.memory);
    print_table(f, &roof, table, rounds, batch);
    rc = 0;
done:
    infer_close(f);
    free(table);
    free(before);
    free(logits);
    free(x);
    return rc;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: bench_layers NET.yaml [fast|exact] [BATCH] [ROUNDS]\n");
        return 2;
    }
    struct error err = { 0 };
    struct net *net = NULL;
    int batch = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 16;
    int rounds = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 5;
    int rc = batch < 1 || rounds < 1
                 ? error_set(&err, ERROR_USAGE, NULL, "batch and rounds must be at least 1")
                 : open_net(&net, argv[1], &err);
    if (rc == 0) {
        net_set_fast(net, argc < 3 || strcmp(argv[2], "exact") != 0);
        rc = run(net, batch, rounds, &err);
    }
    if (rc < 0)
        error_print(&err, "bench_layers");
    net_close(net);
    return rc < 0;
}
