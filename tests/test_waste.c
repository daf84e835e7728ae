/*
 * Claim: once every sample has been met, the loader allocates nothing of its own any more, and its
 * memory does not grow. The program is linked so that each call of the allocator from the loader's
 * own code comes through here (-Wl,--wrap); what the libraries take for themselves is counted
 * apart: libpng's and zlib's comes from a pool of ours, libjpeg allows none and makes a few calls
 * an image.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/decode.h"
#include "tests/scale.h"
#include "tests/stream_data.h"
#include "tests/suite.h"

static _Atomic uint64_t calls;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
    calls++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    calls++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    calls++;
    return __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    calls++;
    return __real_aligned_alloc(alignment, size);
}

/* Every call in the process, where the C library lets itself be stood in for and nobody else does.
 */
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTS_ALL 1
#define FOR_ALL __attribute__((visibility("default")))
static _Atomic uint64_t all_calls;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

FOR_ALL void *malloc(size_t size)
{
    all_calls++;
    return __libc_malloc(size);
}

FOR_ALL void *calloc(size_t count, size_t size)
{
    all_calls++;
    return __libc_calloc(count, size);
}

FOR_ALL void *realloc(void *memory, size_t size)
{
    all_calls++;
    return __libc_realloc(memory, size);
}
#endif

static const char *const caches[] = { "none", "bytes", "pixels" };

/* Check's own macros allocate when they are passed, so none stands in here. */
static void take(struct stream *stream, uint64_t batches)
{
    struct error err = { 0 };
    for (uint64_t i = 0; i < batches; i++) {
        struct batch batch;
        if (stream_next(stream, &batch, &err) != 1)
            ck_abort_msg("%s: %s", err.place, err.message);
        stream_release(stream, &batch);
    }
}

static struct stream *open_stream(int cache, int threads)
{
    struct stream_options o = small_options();
    o.steps = 0;
    o.last = LAST_KEEP;
    o.threads = threads;
    o.cache = (enum cache_kind)cache;
    o.cache_memory = 1 << 22;
    return must_open(&o, mix);
}

START_TEST(nothing_after_the_first_epoch)
{
    ck_assert_uint_gt(calls, 0); /* the counting counts */
    struct stream *stream = open_stream(_i, 1);
    uint64_t epoch = stream_steps_per_epoch(stream);
    /* The ring is filled ahead, so what is counted below belongs to epochs 2 and 3. */
    take(stream, epoch);
    uint64_t before = calls;
    take(stream, 2 * epoch);
    uint64_t made = calls - before;
    ck_assert_msg(made == 0, "cache %s: %d calls in two epochs of %d images", caches[_i], (int)made,
                  IMAGES);
    stream_close(stream);
}
END_TEST

#if COUNTS_ALL
enum { DECODES = 100, LIBJPEG_CALLS = 12 }; /* an image: 5, progressive 11, by libjpeg-turbo 2.1 */

static const struct {
    const char *path;
    int calls;
} images[] = {
    { "tests/golden/images/rgb.png", 0 },
    { "tests/golden/images/palette_4bit.png", 0 },
    { "tests/golden/images/rgb_0.jpg", LIBJPEG_CALLS },
    { "tests/golden/images/progressive_0.jpg", LIBJPEG_CALLS },
};

START_TEST(libraries)
{
    static char bytes[1 << 20];
    struct decoder *decoder;
    struct error err = { 0 };
    FILE *file = fopen(images[_i].path, "rb");
    ck_assert_ptr_nonnull(file);
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    ck_assert_int_eq(decoder_open(&decoder, NULL, &err), 0);
    uint64_t own = 0, all = 0;
    for (int i = 0; i <= DECODES; i++) {
        struct decode_info info;
        struct image image;
        int x, y;
        if (i == 1) { /* the first made what there is to keep */
            own = calls;
            all = all_calls;
        }
        if (decode_header(decoder, bytes, size, &info, &err) < 0 ||
            decode_pixels(decoder, (struct rect){ 0, 0, info.width, info.height }, &image, &x, &y,
                          &err) < 0)
            ck_abort_msg("%s", err.message);
    }
    own = calls - own;
    all = all_calls - all;
    ck_assert_uint_eq(own, 0);
    ck_assert_msg(all <= (uint64_t)(DECODES * images[_i].calls), "%s: %d calls by the libraries",
                  images[_i].path, (int)all);
    ck_assert(images[_i].calls == 0 || all > 0); /* the counting counts */
    decoder_close(decoder);
}
END_TEST
#endif

/* With several threads one may meet, in any epoch, an image larger than all of its own before, and
 * one of its dozen buffers grows; beyond that there is nothing. A thread that the machine kept from
 * running may have all of its growing before it: a dozen calls each. */
START_TEST(next_to_nothing_with_threads)
{
    int threads = 4;
    struct stream *stream = open_stream(_i, threads);
    uint64_t epoch = stream_steps_per_epoch(stream);
    take(stream, 10 * epoch);
    uint64_t before = calls;
    take(stream, 20 * epoch);
    uint64_t made = calls - before;
    ck_assert_msg(made <= (uint64_t)threads * 12, "cache %s: %d calls in 20 epochs", caches[_i],
                  (int)made);
    stream_close(stream);
}
END_TEST

/* The address sanitizer keeps memory of its own for whatever was freed: with it this says nothing.
 */
#ifndef __SANITIZE_ADDRESS__
static double resident(void)
{
    char line[256];
    double kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = strtod(line + 6, NULL);
    fclose(file);
    return kb;
}

START_TEST(memory_does_not_grow)
{
    struct stream *stream = open_stream(_i, 4);
    uint64_t epoch = stream_steps_per_epoch(stream);
    take(stream, epoch);
    double first = resident();
    take(stream, (uint64_t)test_scaled(64) * epoch);
    double last = resident();
    /* 1 %, and the pages by which the heaps of so small a program vary. */
    ck_assert_msg(last <= 1.01 * first + 512, "cache %s: %.0f KB after one epoch, %.0f KB later",
                  caches[_i], first, last);
    stream_close(stream);
}
END_TEST

#endif

int main(void)
{
    TCase *cases = suite_cases("waste");
    tcase_add_checked_fixture(cases, stream_data_make, stream_data_remove);
    tcase_add_loop_test(cases, nothing_after_the_first_epoch, 0, 3);
#if COUNTS_ALL
    tcase_add_loop_test(cases, libraries, 0, sizeof(images) / sizeof(images[0]));
#endif
    tcase_add_loop_test(cases, next_to_nothing_with_threads, 0, 3);
#ifndef __SANITIZE_ADDRESS__
    tcase_add_loop_test(cases, memory_does_not_grow, 0, 3);
#endif
    return suite_run();
}
