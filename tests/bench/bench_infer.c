/*
 * One network on ready tensors, one thread, timed whenever it is told to: for scripts that take
 * turns with other software (rivals/inference.py). Runs once, writes the logits and prints what it
 * is; then runs once for every line on standard input and prints the seconds of processor time that
 * it took. Usage: bench_infer NET.yaml=WEIGHTS X.npy Y.npy fast|exact     (x (n,c,h,w) float32, y
 * (n,classes))
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/npy.h"
#include "model/infer.h"
#include "model/weights.h"

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct bench {
    struct net *net;
    struct infer *infer;
    struct tensor x, y;
};

static int run(struct bench *b, struct error *err)
{
    return infer_run(b->infer, b->x.data, (int)b->x.shape[0], (int)b->x.shape[2],
                     (int)b->x.shape[3], b->y.data, err);
}

static int open_bench(struct bench *b, char **argv, struct error *err)
{
    struct preprocess preprocess;
    if (model_open(&b->net, &preprocess, argv[1], err) < 0 || npy_read(argv[2], &b->x, err) < 0)
        return -1;
    if (b->x.dtype != DTYPE_F32 || b->x.rank != 4 || b->x.shape[1] != net_input(b->net).c)
        return error_set(err, ERROR_DATA, argv[2], "must be float32 (n,%d,h,w)",
                         net_input(b->net).c);
    b->y = (struct tensor){ .dtype = DTYPE_F32, .rank = 2 };
    b->y.shape[0] = b->x.shape[0];
    b->y.shape[1] = net_classes(b->net);
    b->y.data = memory_array(tensor_count(&b->y), sizeof(float), err);
    net_set_fast(b->net, strcmp(argv[4], "fast") == 0);
    if (!b->y.data || infer_open(&b->infer, b->net, (int)b->x.shape[0], err) < 0 || run(b, err) < 0)
        return -1;
    return npy_write(argv[3], &b->y, err);
}

static int answer(struct bench *b, struct error *err)
{
    char line[16];
    printf("%s\n", infer_kernels(b->net));
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        double start = seconds();
        if (run(b, err) < 0)
            return -1;
        printf("%.6f\n", seconds() - start);
        fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: bench_infer NET.yaml=WEIGHTS X.npy Y.npy fast|exact\n");
        return 2;
    }
    struct bench b = { 0 };
    struct error err = { 0 };
    int rc = open_bench(&b, argv, &err);
    if (rc == 0)
        rc = answer(&b, &err);
    if (rc < 0)
        error_print(&err, "bench_infer");
    infer_close(b.infer);
    net_close(b.net);
    free(b.x.data);
    free(b.y.data);
    return rc < 0;
}
