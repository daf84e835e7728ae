/*
 * The loader against its limit: images a second of a recipe's whole pipeline (read, decode, draw,
 * render, hand over) by one thread, beside a bare full decode of the same files by libjpeg-turbo,
 * which is what every loader pays that decodes whole images. In the process's processor time, which
 * is that of one core whoever else runs; interleaved, five rounds, medians. ORIGINALS are what the
 * bare decode reads, where DATA was packed from them.
 * Usage: bench_stream CONFIG DATA [SECONDS [ORIGINALS]]
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <jpeglib.h>

#include "base/config.h"
#include "base/stat.h"
#include "loader/stream.h"

enum { ROUNDS = 5, BATCH = 32 };

struct jump {
    struct jpeg_error_mgr manager;
    jmp_buf out;
};

static void on_error(j_common_ptr info)
{
    longjmp(((struct jump *)info->err)->out, 1);
}

/* 1 when `bytes` decoded to the last row, 0 when it is no JPEG that decodes. */
static int bare_decode(struct jpeg_decompress_struct *jpeg, struct jump *jump,
                       const struct buffer *bytes, JSAMPLE *row)
{
    if (setjmp(jump->out)) {
        jpeg_abort_decompress(jpeg);
        return 0;
    }
    jpeg_mem_src(jpeg, (const unsigned char *)bytes->data, bytes->size);
    jpeg_read_header(jpeg, TRUE);
    jpeg->out_color_space = JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW;
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height)
        jpeg_read_scanlines(jpeg, &row, 1);
    jpeg_finish_decompress(jpeg);
    return 1;
}

static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double bare_rate(const struct index *index, double seconds, struct error *err)
{
    static JSAMPLE row[3 * 65536];
    struct jpeg_decompress_struct jpeg;
    struct jump jump;
    jpeg.err = jpeg_std_error(&jump.manager);
    jump.manager.error_exit = on_error;
    jpeg_create_decompress(&jpeg);
    struct buffer bytes = { 0 };
    uint64_t done = 0, id = 0;
    double start = processor_seconds(), now = start;
    for (; now - start < seconds; now = processor_seconds(), id = (id + 1) % index_count(index)) {
        if (index_read(index, id, &bytes, err) < 0)
            break;
        done += (uint64_t)bare_decode(&jpeg, &jump, &bytes, row);
    }
    jpeg_destroy_decompress(&jpeg);
    buffer_release(&bytes);
    return (double)done / (now - start);
}

static double stream_rate(const struct index *index, const struct recipe *recipe,
                          enum plan_resampler resampler, double seconds, struct error *err)
{
    struct stream_options options = stream_defaults();
    options.batch = BATCH;
    options.threads = 1;
    options.resampler = resampler;
    struct stream *stream;
    struct batch batch;
    if (stream_open(&stream, index, recipe, NULL, &options, err) < 0)
        return -1;
    uint64_t done = 0;
    double start = 0, now = 0;
    for (;;) {
        if (stream_next(stream, &batch, err) != 1) {
            done = 0;
            break;
        }
        stream_release(stream, &batch);
        now = processor_seconds();
        if (start == 0) { /* the first batch is the warm-up */
            start = now;
            continue;
        }
        done += BATCH;
        if (now - start >= seconds)
            break;
    }
    stream_close(stream);
    return done ? (double)done / (now - start) : -1;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: bench_stream CONFIG DATA [SECONDS [ORIGINALS]]\n");
        return 2;
    }
    double seconds = argc > 3 ? strtod(argv[3], NULL) : 2;
    struct error err = { 0 };
    struct config *config = NULL;
    struct recipe *recipe = NULL;
    struct index *index = NULL, *originals = NULL;
    int rc = 1;
    if (config_open(&config, argv[1], &err) < 0 ||
        recipe_open(&recipe, node_get(config_root(config), "augment"), 1, &err) < 0 ||
        index_open(&index, argv[2], NULL, &err) < 0 ||
        index_open(&originals, argv[argc > 4 ? 4 : 2], NULL, &err) < 0)
        goto done;
    double bare[ROUNDS], exact[ROUNDS], fast[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        bare[i] = bare_rate(originals, seconds, &err);
        exact[i] = stream_rate(index, recipe, RESAMPLER_EXACT, seconds, &err);
        fast[i] = stream_rate(index, recipe, RESAMPLER_FAST, seconds, &err);
        if (bare[i] <= 0 || exact[i] < 0 || fast[i] < 0)
            goto done;
    }
    double limit = stat_quantile(bare, ROUNDS, 0.5);
    double ours[] = { stat_quantile(exact, ROUNDS, 0.5), stat_quantile(fast, ROUNDS, 0.5) };
    printf("%s over %s: %llu images, 1 thread, medians of %d rounds of %.0f s\n", argv[1], argv[2],
           (unsigned long long)index_count(index), ROUNDS, seconds);
    printf("  %-44s %8.0f images/s\n", "bare full decode, libjpeg-turbo", limit);
    printf("  %-44s %8.0f images/s   %.2f of the bare decode\n", "whole pipeline, exact resampler",
           ours[0], ours[0] / limit);
    printf("  %-44s %8.0f images/s   %.2f of the bare decode\n", "whole pipeline, fast resampler",
           ours[1], ours[1] / limit);
    rc = 0;
done:
    if (rc)
        error_print(&err, "bench_stream");
    index_close(originals);
    index_close(index);
    recipe_close(recipe);
    config_close(config);
    return rc;
}
