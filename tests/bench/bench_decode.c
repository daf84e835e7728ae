/*
 * What decoding only the needed part saves: the rectangles that a recipe draws, decoded from a
 * folder of JPEGs as they are and as `nndata pack` rewrites them by default, beside a bare full
 * decode of the same files by libjpeg-turbo. One thread, files in memory; passes over all images,
 * interleaved, each with other rectangles; medians of 21, in the thread's processor time. Usage:
 * bench_decode CONFIG DATA
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jpeglib.h>

#include "augment/recipe.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/stat.h"
#include "loader/decode.h"
#include "loader/index.h"
#include "loader/pack_jpeg.h"

enum { ROUNDS = 21, IMAGES_MAX = 1000, PACK_PIXELS = 64 };
enum way { BARE, PLAIN, WHOLE, PART, PACKED, WAYS };

static const char *const names[WAYS] = {
    "bare full decode, libjpeg-turbo",
    "whole files, by libjpeg alone",
    "whole files",
    "needed parts",
    "needed parts, packed files",
};

struct picture {
    struct buffer plain;  /* owned: the file as it is */
    struct buffer packed; /* owned: with restart markers */
    struct decode_info info;
};

struct bench {
    struct picture *pictures; /* owned */
    size_t count;
    const struct recipe *recipe; /* borrowed */
    struct decoder *plain, *whole, *part;
    struct plan plan;
};

struct jump {
    struct jpeg_error_mgr manager;
    jmp_buf out;
};

static void on_error(j_common_ptr info)
{
    longjmp(((struct jump *)info->err)->out, 1);
}

static int bare_decode(struct jpeg_decompress_struct *jpeg, struct jump *jump,
                       const struct buffer *bytes, JSAMPLE *row)
{
    if (setjmp(jump->out))
        return -1;
    jpeg_mem_src(jpeg, (const unsigned char *)bytes->data, bytes->size);
    jpeg_read_header(jpeg, TRUE);
    jpeg->out_color_space = JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW;
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height)
        jpeg_read_scanlines(jpeg, &row, 1);
    jpeg_finish_decompress(jpeg);
    return 0;
}

/* The rectangle that sample i needs in this epoch, decoded. */
static int decode(struct bench *b, enum way way, size_t i, uint32_t epoch, struct image *image,
                  struct rect *need, int *x, int *y, struct error *err)
{
    struct picture *p = &b->pictures[i];
    struct decoder *decoder = way == PLAIN ? b->plain : way == WHOLE ? b->whole : b->part;
    const struct buffer *file = way == PACKED ? &p->packed : &p->plain;
    if (decode_header(decoder, file->data, file->size, &p->info, err) < 0 ||
        recipe_draw(b->recipe, i, epoch, p->info.width, p->info.height, &b->plan, err) < 0)
        return -1;
    *need = plan_needs(&b->plan);
    return decode_pixels(decoder, *need, image, x, y, err);
}

/* The answer before the time: all ways give the same pixels. */
static int check(struct bench *b, struct error *err)
{
    for (size_t i = 0; i < b->count; i++)
        for (enum way way = WHOLE; way <= PACKED; way++) {
            struct image whole, part;
            struct rect need;
            int x, y;
            if (decode(b, PLAIN, i, 0, &whole, &need, &x, &y, err) < 0 ||
                decode(b, way, i, 0, &part, &need, &x, &y, err) < 0)
                return -1;
            for (int row = need.y; row < need.y + need.height; row++)
                if (memcmp(whole.pixels + (size_t)row * whole.stride + 3 * need.x,
                           part.pixels + (size_t)(row - y) * part.stride + 3 * (need.x - x),
                           3 * (size_t)need.width) != 0)
                    return error_set(err, ERROR_FAILED, names[way], "image %zu, row %d differs", i,
                                     row);
        }
    return 0;
}

static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Images a second of one pass over all of them. */
static double rate(struct bench *b, enum way way, uint32_t epoch, struct error *err)
{
    static JSAMPLE row[3 * 65536];
    struct jpeg_decompress_struct jpeg;
    struct jump jump;
    jpeg.err = jpeg_std_error(&jump.manager);
    jump.manager.error_exit = on_error;
    jpeg_create_decompress(&jpeg);
    int rc = 0;
    double start = processor_seconds();
    for (size_t i = 0; rc == 0 && i < b->count; i++) {
        struct image image;
        struct rect need;
        int x, y;
        rc = way == BARE ? bare_decode(&jpeg, &jump, &b->pictures[i].plain, row)
                         : decode(b, way, i, epoch, &image, &need, &x, &y, err);
    }
    double seconds = processor_seconds() - start;
    jpeg_destroy_decompress(&jpeg);
    return rc < 0 ? -1 : (double)b->count / seconds;
}

static int load(struct bench *b, const struct index *index, struct error *err)
{
    struct transcoder *transcoder;
    int rc = 0;
    b->count = index_count(index) < IMAGES_MAX ? index_count(index) : IMAGES_MAX;
    b->pictures = memory_array(b->count, sizeof(*b->pictures), err);
    if (!b->pictures || transcoder_open(&transcoder, err) < 0)
        return -1;
    for (size_t i = 0; rc == 0 && i < b->count; i++) {
        struct picture *p = &b->pictures[i];
        rc = index_read(index, i, &p->plain, err);
        if (rc == 0)
            rc = transcode(transcoder, p->plain.data, p->plain.size, PACK_PIXELS, &p->packed, err);
    }
    transcoder_close(transcoder);
    return rc;
}

static void print(const struct bench *b, char **argv, double rates[WAYS][ROUNDS])
{
    size_t plain = 0, packed = 0;
    for (size_t i = 0; i < b->count; i++) {
        plain += b->pictures[i].plain.size;
        packed += b->pictures[i].packed.size;
    }
    double bare = stat_quantile(rates[BARE], ROUNDS, 0.5);
    printf("rectangles of %s from %s: %zu images, 1 thread, medians of %d passes\n", argv[1],
           argv[2], b->count, ROUNDS);
    for (enum way way = BARE; way < WAYS; way++) {
        double median = stat_quantile(rates[way], ROUNDS, 0.5);
        printf("  %-36s %8.0f images/s   %.2f of the bare decode\n", names[way], median,
               median / bare);
    }
    printf("  packed files have %.3f of the bytes\n", (double)packed / (double)plain);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: bench_decode CONFIG DATA\n");
        return 2;
    }
    struct error err = { 0 };
    struct config *config = NULL;
    struct recipe *recipe = NULL;
    struct index *index = NULL;
    struct bench bench = { 0 };
    double rates[WAYS][ROUNDS];
    int rc = 1;
    if (config_open(&config, argv[1], &err) < 0 ||
        recipe_open(&recipe, node_get(config_root(config), "augment"), 1, &err) < 0 ||
        index_open(&index, argv[2], NULL, &err) < 0 || load(&bench, index, &err) < 0 ||
        decoder_open(&bench.plain, &(struct decode_options){ .whole = true, .plain = true }, &err) <
            0 ||
        decoder_open(&bench.whole, &(struct decode_options){ .whole = true }, &err) < 0 ||
        decoder_open(&bench.part, NULL, &err) < 0)
        goto done;
    bench.recipe = recipe;
    if (check(&bench, &err) < 0)
        goto done;
    for (int i = 0; i < ROUNDS; i++)
        for (enum way way = BARE; way < WAYS; way++) {
            rates[way][i] = rate(&bench, way, (uint32_t)i, &err);
            if (rates[way][i] < 0)
                goto done;
        }
    print(&bench, argv, rates);
    rc = 0;
done:
    if (rc)
        error_print(&err, "bench_decode");
    decoder_close(bench.part);
    decoder_close(bench.whole);
    decoder_close(bench.plain);
    for (size_t i = 0; bench.pictures && i < bench.count; i++) {
        buffer_release(&bench.pictures[i].plain);
        buffer_release(&bench.pictures[i].packed);
    }
    free(bench.pictures);
    index_close(index);
    recipe_close(recipe);
    config_close(config);
    return rc;
}
