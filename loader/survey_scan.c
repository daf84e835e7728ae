/*
 * Samples go through in runs of CHUNK: decoded, framed and summed by all threads, each into sums of
 * its own, all whole numbers; what is in order (classes, unreadable images) is entered between the
 * runs. Products of the frames' values are summed in double by BLAS, which is exact, too, as long
 * as they stay below 2^53: 2^53 / 255^2 = 1.4e11 images.
 */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment/render.h"
#include "base/memory.h"

#include "base/simd.h"
#include "base/thread.h"
#include "loader/decode.h"
#include "loader/survey_private.h"

enum { CHUNK = 256, BAND = 128 };

struct scanner {
    struct decoder *decoder;   /* owned */
    struct renderer *renderer; /* owned */
    struct buffer bytes;       /* owned */
    uint8_t *frame;            /* owned: (size,size,3) */
    uint64_t *frame_sum;       /* owned: (size,size,3) */
    struct survey_counts counts;
};

struct finding {
    bool unreadable;
    char reason[400];
};

struct scan {
    const struct index *index; /* borrowed */
    const struct survey *survey;
    struct scanner *scanners; /* owned: one a worker */
    struct finding *findings; /* owned: of the run */
    double *frames;           /* owned: (CHUNK, values), of the run; NULL without covariance */
    uint64_t first;           /* id of the run's first sample */
};

/* The products' sums of a run, added in bands of rows. */
struct multiply {
    size_t values;
    int count; /* of frames */
    const double *frames;
    double *second;
};

/* One row: sums of R, G, B and of their six products. A row of 65,535 pixels stays below 2^32. */
VECTOR_CLONES static void sum_row(const uint8_t *row, size_t width, uint32_t sum[3],
                                  uint32_t product[6])
{
    uint32_t r1 = 0, g1 = 0, b1 = 0, rr = 0, rg = 0, rb = 0, gg = 0, gb = 0, bb = 0;
    for (size_t x = 0; x < width; x++) {
        uint32_t r = row[3 * x], g = row[3 * x + 1], b = row[3 * x + 2];
        r1 += r;
        g1 += g;
        b1 += b;
        rr += r * r;
        rg += r * g;
        rb += r * b;
        gg += g * g;
        gb += g * b;
        bb += b * b;
    }
    sum[0] = r1;
    sum[1] = g1;
    sum[2] = b1;
    product[0] = rr;
    product[1] = rg;
    product[2] = rb;
    product[3] = gg;
    product[4] = gb;
    product[5] = bb;
}

static void sum_pixels(struct survey_counts *c, const uint8_t *pixels, int width, int height,
                       size_t stride)
{
    static const int place[3][3] = { { 0, 1, 2 }, { 1, 3, 4 }, { 2, 4, 5 } };
    for (int y = 0; y < height; y++) {
        uint32_t sum[3], product[6];
        sum_row(pixels + (size_t)y * stride, (size_t)width, sum, product);
        for (int i = 0; i < 3; i++) {
            c->sum[i] += sum[i];
            for (int j = 0; j < 3; j++)
                c->product[i][j] += product[place[i][j]];
        }
    }
    c->pixels += (uint64_t)width * (uint64_t)height;
}

static int bin(double place, int count)
{
    int i = (int)floor(place);
    return i < 0 ? 0 : i >= count ? count - 1 : i;
}

static void count_shape(struct survey_counts *c, const struct decode_info *info)
{
    int width = info->width, height = info->height;
    const int size[2] = { width, height };
    struct survey_counts one = { .images = 0 };
    memcpy(one.smallest, size, sizeof(size));
    memcpy(one.largest, size, sizeof(size));
    one.sizes[bin(2 * log2(width < height ? width : height) + 1e-9, SURVEY_SIZES)] = 1;
    one.aspects[bin(4 * log2((double)width / height) + SURVEY_ASPECTS / 2.0, SURVEY_ASPECTS)] = 1;
    one.orientations[info->orientation >= 1 && info->orientation <= 8 ? info->orientation : 1] = 1;
    survey_count_mode(&one, info->mode, 1);
    survey_add_counts(c, &one);
}

/* The frame into scanner->frame: short side resized, center kept. */
static int make_frame(struct scanner *w, int size, const struct image *image, struct error *err)
{
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    struct plan plan;
    plan_start(&plan, image->width, image->height);
    if (plan_resize_short(&plan, size, err) < 0 || plan_center_crop(&plan, size, size, err) < 0)
        return -1;
    return render(w->renderer, &plan, RESAMPLER_EXACT, image, 0, 0, &form, w->frame, err);
}

static int scan_one(struct scan *scan, struct scanner *w, uint64_t id, double *frame,
                    struct error *err)
{
    const struct survey *s = scan->survey;
    int size = s->options.size, x, y;
    struct decode_info info;
    struct image image;
    if (index_read(scan->index, id, &w->bytes, err) < 0 ||
        decode_header(w->decoder, w->bytes.data, w->bytes.size, &info, err) < 0 ||
        decode_pixels(w->decoder, (struct rect){ 0, 0, info.width, info.height }, &image, &x, &y,
                      err) < 0 ||
        make_frame(w, size, &image, err) < 0)
        return -1;
    if (s->options.native)
        sum_pixels(&w->counts, image.pixels, image.width, image.height, image.stride);
    else
        sum_pixels(&w->counts, w->frame, size, size, 3 * (size_t)size);
    for (size_t i = 0; i < s->values; i++)
        w->frame_sum[i] += w->frame[i];
    size_t plane = s->values / 3;
    for (size_t i = 0; frame && i < s->values; i++)
        frame[i % 3 * plane + i / 3] = w->frame[i];
    w->counts.images++;
    w->counts.warned += decode_warnings(w->decoder) != NULL;
    count_shape(&w->counts, &info);
    return 0;
}

static void scan_turn(void *context, size_t i, int worker)
{
    struct scan *scan = context;
    struct finding *finding = &scan->findings[i];
    struct error err = { 0 };
    double *frame = scan->frames ? scan->frames + i * scan->survey->values : NULL;
    finding->unreadable = scan_one(scan, &scan->scanners[worker], scan->first + i, frame, &err) < 0;
    if (!finding->unreadable)
        return;
    if (frame) /* adds nothing */
        memset(frame, 0, scan->survey->values * sizeof(*frame));
    snprintf(finding->reason, sizeof(finding->reason), "%.*s", (int)sizeof(finding->reason) - 1,
             err.message);
}

/* Enter what is in order: classes and unreadable samples of the run. */
static int enter(struct survey *s, const struct scan *scan, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t id = scan->first + i;
        int64_t label = index_sample(scan->index, id).label;
        if (scan->findings[i].unreadable) {
            char place[512], text[1024];
            index_place(scan->index, id, place, sizeof(place));
            snprintf(text, sizeof(text), "%s: %s", place, scan->findings[i].reason);
            s->counts.unreadable++;
            if (survey_add_unreadable(s, text, err) < 0)
                return -1;
            continue;
        }
        if (label < 0) {
            s->counts.unlabeled++;
            continue;
        }
        if (survey_reserve_class(s, label, err) < 0)
            return -1;
        s->classes[label].count++;
    }
    return 0;
}

/* Rows [i BAND, (i + 1) BAND) of the products' sums, up to the diagonal's block. */
static void multiply_turn(void *context, size_t i, int worker)
{
    struct multiply *m = context;
    size_t d = m->values, first = i * BAND, last = first + BAND < d ? first + BAND : d;
    (void)worker;
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)(last - first), (int)last, m->count,
                1, m->frames + first, (int)d, m->frames, (int)d, 1, m->second + first * d, (int)d);
}

static void multiply(struct survey *s, const struct scan *scan, size_t count, struct pool *pool)
{
    struct multiply m = { s->values, (int)count, scan->frames, s->second };
    if (scan->frames)
        pool_run(pool, (s->values + BAND - 1) / BAND, multiply_turn, &m);
}

static int name_classes(struct survey *s, const struct index *index, struct error *err)
{
    int64_t classes = index_classes(index);
    if (classes > 0 && survey_reserve_class(s, classes - 1, err) < 0)
        return -1;
    for (int64_t i = 0; i < classes; i++) {
        const char *name = index_class_name(index, i);
        if (name && !s->classes[i].name && !(s->classes[i].name = memory_text(name, err)))
            return -1;
    }
    return 0;
}

static int open_scanners(struct scan *scan, int threads, struct error *err)
{
    const struct survey *s = scan->survey;
    scan->findings = memory_array(CHUNK, sizeof(*scan->findings), err);
    scan->scanners = memory_array((size_t)threads, sizeof(*scan->scanners), err);
    if (!scan->findings || !scan->scanners)
        return -1;
    if (s->second && !(scan->frames = memory_array(CHUNK * s->values, sizeof(double), err)))
        return -1;
    for (int i = 0; i < threads; i++) {
        struct scanner *w = &scan->scanners[i];
        w->frame = memory_array(s->values, 1, err);
        w->frame_sum = memory_array(s->values, sizeof(*w->frame_sum), err);
        if (!w->frame || !w->frame_sum || decoder_open(&w->decoder, NULL, err) < 0 ||
            renderer_open(&w->renderer, err) < 0)
            return -1;
    }
    return 0;
}

static void close_scanners(struct scan *scan, int threads)
{
    for (int i = 0; scan->scanners && i < threads; i++) {
        struct scanner *w = &scan->scanners[i];
        renderer_close(w->renderer);
        decoder_close(w->decoder);
        buffer_release(&w->bytes);
        free(w->frame_sum);
        free(w->frame);
    }
    free(scan->frames);
    free(scan->scanners);
    free(scan->findings);
}

/* The workers' sums into the survey's, frames from interleaved to planes. */
static void gather(struct survey *s, const struct scan *scan, int threads)
{
    size_t plane = s->values / 3;
    for (int t = 0; t < threads; t++) {
        const struct scanner *w = &scan->scanners[t];
        survey_add_counts(&s->counts, &w->counts);
        for (size_t i = 0; i < s->values; i++)
            s->frame_sum[i % 3 * plane + i / 3] += w->frame_sum[i];
    }
}

int survey_scan(struct survey *s, const struct index *index, const char *data, uint64_t begin,
                uint64_t end, int threads, struct progress *progress, struct error *err)
{
    struct scan scan = { .index = index, .survey = s, .first = begin };
    struct pool *pool;
    if (survey_add_part(s, data, index_hash(index), begin, end, err) < 0 ||
        name_classes(s, index, err) < 0 || pool_open(&pool, threads, err) < 0)
        return -1;
    threads = pool_threads(pool);
    int rc = open_scanners(&scan, threads, err);

    while (rc == 0 && scan.first < end) {
        size_t count = end - scan.first < CHUNK ? (size_t)(end - scan.first) : CHUNK;
        pool_run(pool, count, scan_turn, &scan);
        multiply(s, &scan, count, pool);
        rc = enter(s, &scan, count, err);
        scan.first += count;
        progress_update(progress, scan.first - begin, NULL);
    }

    if (rc == 0)
        gather(s, &scan, threads);
    close_scanners(&scan, threads);
    pool_close(pool);
    return rc;
}
