/*
 * libFuzzer's target for outputs of other software: any bytes taken for an .npy, an .npz, a CSV or
 * a prediction file end in outputs or in one refusal, and outputs are what they promise. `make
 * fuzz` runs it; tests/test_outputs.c has the short version that always runs.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "eval/outputs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file in memory, written anew each time. */
static const char *put(const uint8_t *data, size_t size)
{
    static char path[40];
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("outputs", 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (fd < 0 || ftruncate(fd, (off_t)size) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    return path;
}

static void check(const struct outputs *o)
{
    for (size_t i = 0; o->values && i < (size_t)o->n * (size_t)o->k; i++)
        if (!isfinite(o->values[i]) ||
            (o->kind == SCORE_PROBS && (o->values[i] < 0 || o->values[i] > 1)))
            abort();
    for (size_t i = 0; o->votes && i < (size_t)o->n * (size_t)o->voters; i++)
        if (o->votes[i] < 0)
            abort();
    for (size_t i = 0; o->label && i < o->n; i++)
        if (o->label[i] < -1)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    /* The first byte says what is asked. */
    struct outputs o;
    struct error err = { 0 };
    struct outputs_options options = { (enum outputs_kind)(data[0] & 3), NULL };
    const char *path = put(data + 1, size - 1);
    int status =
        data[0] & 4 ? outputs_read_labels(&o, path, &err) : outputs_read(&o, path, &options, &err);
    if (status == 0) {
        check(&o);
        outputs_release(&o);
    }
    return 0;
}
