#include "model/blocked_conv.h"

#include <assert.h>
#include <string.h>

#include "base/simd.h"
#include "model/blocked_private.h"

/* Fewer outputs than CHANNELS_MIN fill no vector of Winograd's. CHUNK_FLOATS: of pixels, or of
 * transformed tiles, half of the second-level cache; TURN_TERMS: with them a panel of weights fits
 * beside. Weights are read once a chunk. Beyond WEIGHT_FLOATS transformed weights come from memory:
 * then as many tiles as can be, which come from the last-level cache, for each reading of them.
 * RUNS_MOST: a chunk's pixels are of no more images, having at least as many each as a tile of the
 * product has rows; or so many rows of the first layer's output at a time. */
enum {
    CHANNELS_MIN = 8,
    CHUNK_FLOATS = 1 << 17,
    TURN_TERMS = 576,
    WEIGHT_FLOATS = 1 << 18,
    RUNS_MOST = 64,
};

static int between(int low, int n, int high)
{
    return n < low ? low : n > high ? high : n;
}

static int tiles_of(int size, int m)
{
    return (size + m - 1) / m;
}

/* Products of a plane. */
static int products(struct shape out, int m)
{
    return (m + 2) * (m + 2) * tiles_of(out.h, m) * tiles_of(out.w, m);
}

static void plan_winograd(struct blocked_conv *v, bool fast)
{
    struct shape out = v->out.shape;
    v->way = BLOCKED_WINOGRAD;
    v->m = fast && products(out, 4) < products(out, 2) ? 4 : 2;
    v->rows = tiles_of(out.h, v->m);
    v->cols = tiles_of(out.w, v->m);
    v->terms = v->in.blocks * v->in.lanes;
    int points = (v->m + 2) * (v->m + 2),
        floats = points * (v->in.blocks + v->out.blocks) * v->in.lanes;
    int rows = blocked_kernels_of(&v->out)->rows;
    v->chunk = blocked_conv_weight_floats(v) > WEIGHT_FLOATS
                   ? TILES_MOST
                   : between(2 * rows, CHUNK_FLOATS / floats / rows * rows, TILES_MOST);
    v->pitch = v->chunk | 1;
}

/* A whole number of tiles of the product's, as many as stay in the cache. */
static void plan_product(struct blocked_conv *v)
{
    int rows = blocked_kernels_of(&v->out)->rows, lanes = v->in.lanes;
    int taps = v->kernel_h * v->kernel_w;
    v->terms = v->in.blocks * lanes * taps;
    v->turn = between(1, TURN_TERMS / (lanes * taps), v->in.blocks);
    v->chunk = between(rows, CHUNK_FLOATS / (v->turn * lanes * taps), GATHER_MOST) / rows * rows;
    v->pitch = v->chunk | 1;
}

void blocked_conv_plan(struct blocked_conv *v, const struct blocked_window *win, struct shape in,
                       struct shape out, bool image, bool fast)
{
    *v = (struct blocked_conv){ .in = blocked_of(in),
                                .out = blocked_of(out),
                                .kernel_h = win->kernel_h,
                                .kernel_w = win->kernel_w,
                                .stride = win->stride,
                                .dilation = win->dilation,
                                .top = win->top,
                                .left = win->left };
    int pixels = out.h * out.w, rows = blocked_kernels_of(&v->out)->rows;
    bool one = win->kernel_h == 1 && win->kernel_w == 1 && win->stride == 1 && win->top == 0 &&
               win->left == 0 && in.h == out.h && in.w == out.w;
    bool three = win->kernel_h == 3 && win->kernel_w == 3 && win->stride == 1 && win->dilation == 1;
    if (win->depthwise) {
        assert(!image && in.c == out.c);
        v->way = BLOCKED_DEPTHWISE;
        v->terms = win->kernel_h * win->kernel_w;
    } else if (image) {
        v->way = BLOCKED_IMAGE;
        v->terms = in.c * win->kernel_h * win->kernel_w;
    } else if (three && out.c >= CHANNELS_MIN) {
        plan_winograd(v, fast);
    } else if (one && pixels >= rows) {
        v->way = BLOCKED_POINTWISE;
        plan_product(v);
    } else {
        v->way = BLOCKED_GATHERED;
        v->across = pixels < rows;
        plan_product(v);
    }
}

size_t blocked_conv_weight_floats(const struct blocked_conv *v)
{
    size_t points = v->way == BLOCKED_WINOGRAD ? (size_t)((v->m + 2) * (v->m + 2)) : 1;
    return points * (size_t)v->terms * (size_t)v->out.blocks * (size_t)v->out.lanes;
}

const char *blocked_conv_name(const struct blocked_conv *v)
{
    static const char *const names[] = { [BLOCKED_POINTWISE] = "pointwise",
                                         [BLOCKED_GATHERED] = "gathered",
                                         [BLOCKED_IMAGE] = "image",
                                         [BLOCKED_DEPTHWISE] = "depthwise" };
    return v->way != BLOCKED_WINOGRAD ? names[v->way] : v->m == 4 ? "winograd 4" : "winograd 2";
}

uint64_t blocked_conv_products(const struct blocked_conv *v)
{
    uint64_t k = (uint64_t)v->out.shape.c;
    if (v->way == BLOCKED_WINOGRAD)
        return k * (uint64_t)v->in.shape.c * (uint64_t)products(v->out.shape, v->m);
    return k * (uint64_t)v->terms * (uint64_t)v->out.shape.h * (uint64_t)v->out.shape.w;
}

int blocked_conv_images(const struct blocked_conv *v)
{
    int each = v->way == BLOCKED_WINOGRAD ? v->rows * v->cols : v->out.shape.h * v->out.shape.w;
    return v->chunk > each ? v->chunk / each : 1;
}

/* The number of a term: input channel c under a tap. */
static int term_of(const struct blocked_conv *v, int c, int tap)
{
    int lanes = v->in.lanes, taps = v->kernel_h * v->kernel_w;
    if (v->way == BLOCKED_IMAGE)
        return c * taps + tap;
    return (c / lanes * taps + tap) * lanes + c % lanes;
}

/* A vector of outputs, term by term: panels of two vectors, the last may be of one. */
static void lay_vector(const struct blocked_conv *v, const float *weight, int vector, float *u)
{
    int lanes = v->out.lanes, taps = v->kernel_h * v->kernel_w, channels = v->in.shape.c;
    int pair = vector - vector % 2, width = pair + 1 < v->out.blocks ? 2 : 1;
    int left = v->out.shape.c - vector * lanes, count = left < lanes ? left : lanes;
    size_t each = (size_t)(channels * taps);
    weight += (size_t)(vector * lanes) * each;
    u += ((size_t)pair * (size_t)v->terms + (size_t)(vector % 2)) * (size_t)lanes;
    for (int c = 0; c < channels; c++)
        for (int t = 0; t < taps; t++, weight++) {
            float *to = u + (size_t)term_of(v, c, t) * (size_t)(width * lanes);
            for (int l = 0; l < count; l++)
                to[l] = weight[(size_t)l * each];
        }
}

void blocked_conv_weights(const struct blocked_conv *v, const float *weight, float *u)
{
    int lanes = v->in.lanes, taps = v->kernel_h * v->kernel_w;
    if (v->way == BLOCKED_WINOGRAD)
        blocked_kernels_of(&v->in)->transform_weights(v, weight, u);
    else if (v->way == BLOCKED_DEPTHWISE)
        for (int i = 0; i < v->out.shape.c * taps; i++)
            u[(i / taps / lanes * taps + i % taps) * lanes + i / taps % lanes] = weight[i];
    else
        for (int vector = 0; vector < v->out.blocks; vector++)
            lay_vector(v, weight, vector, u);
}

/* An image's planes with their padding, each row taken apart into `stride` phases, so that
 * neighboring outputs read neighboring numbers. */
struct phases {
    size_t rows, cols; /* of a plane, of a phase's row */
};

static struct phases phases_of(const struct blocked_conv *v)
{
    int reach_h = (v->out.shape.h - 1) * v->stride + (v->kernel_h - 1) * v->dilation + 1;
    int reach_w = (v->out.shape.w - 1) * v->stride + (v->kernel_w - 1) * v->dilation + 1;
    return (struct phases){ (size_t)reach_h, (size_t)((reach_w + v->stride - 1) / v->stride) };
}

static size_t phases_floats(const struct blocked_conv *v)
{
    struct phases f = phases_of(v);
    return (size_t)v->in.shape.c * f.rows * f.cols * (size_t)v->stride;
}

/* Floats that hold the places of the terms. */
static size_t places_floats(const struct blocked_conv *v)
{
    return (size_t)v->terms * (sizeof(size_t) / sizeof(float));
}

size_t blocked_conv_scratch(const struct blocked_conv *v)
{
    size_t points = (size_t)((v->m + 2) * (v->m + 2)), pitch = (size_t)v->pitch;
    size_t lanes = (size_t)v->in.lanes;
    switch (v->way) {
    case BLOCKED_IMAGE:
        return places_floats(v) + phases_floats(v);
    case BLOCKED_WINOGRAD:
        return points * (blocked_point(v, v->in.blocks) + blocked_point(v, v->out.blocks));
    case BLOCKED_GATHERED:
        return pitch * lanes *
               ((size_t)(v->turn * v->kernel_h * v->kernel_w) +
                (v->across ? (size_t)v->out.blocks : 0));
    default:
        return 0;
    }
}

/* Column j * stride + phase of the padded row. */
VECTOR_CLONES static void take_phase(const float *row, int width, int stride, int shift,
                                     size_t cols, float *out)
{
    int n = (int)cols, first = shift < 0 ? (-shift + stride - 1) / stride : 0;
    int last = width > shift ? (width - shift + stride - 1) / stride : 0;
    first = first < n ? first : n;
    last = last < n ? last : n;
    memset(out, 0, (size_t)n * sizeof(*out));
    if (stride == 2)
        for (int j = first; j < last; j++)
            out[j] = row[j * 2 + shift];
    else
        for (int j = first; j < last; j++)
            out[j] = row[j * stride + shift];
}

static void take_phases(const struct blocked_conv *v, const float *x, float *out)
{
    struct shape in = v->in.shape;
    struct phases f = phases_of(v);
    for (int c = 0; c < in.c; c++)
        for (int r = 0; r < (int)f.rows; r++)
            for (int phase = 0; phase < v->stride; phase++, out += f.cols) {
                int row = r - v->top;
                bool inside = row >= 0 && row < in.h;
                take_phase(inside ? x + ((size_t)c * (size_t)in.h + (size_t)row) * (size_t)in.w : x,
                           inside ? in.w : 0, v->stride, phase - v->left, f.cols, out);
            }
}

static void term_places(const struct blocked_conv *v, size_t *at)
{
    struct phases f = phases_of(v);
    for (int c = 0; c < v->in.shape.c; c++)
        for (int r = 0; r < v->kernel_h; r++)
            for (int s = 0; s < v->kernel_w; s++) {
                size_t row = (size_t)c * f.rows + (size_t)(r * v->dilation);
                int col = s * v->dilation;
                *at++ = (row * (size_t)v->stride + (size_t)(col % v->stride)) * f.cols +
                        (size_t)(col / v->stride);
            }
}

static void run_image(const struct blocked_conv *v, int images, const float *x, const float *u,
                      const struct blocked_finish *finish, float *y, float *scratch)
{
    struct phases f = phases_of(v);
    struct shape in = v->in.shape;
    size_t *at = (size_t *)scratch, image = (size_t)in.c * (size_t)in.h * (size_t)in.w;
    float *planes = scratch + places_floats(v);
    term_places(v, at);
    for (int i = 0; i < images; i++) {
        take_phases(v, x + (size_t)i * image, planes);
        struct pixel_run runs[RUNS_MOST];
        struct pixel_product q = { .runs = runs,
                                   .at = at,
                                   .last = v->terms,
                                   .weights = u,
                                   .terms = v->terms,
                                   .vectors = v->out.blocks,
                                   .block = v->out.plane,
                                   .finish = *finish };
        for (int row = 0; row < v->out.shape.h; row++) {
            size_t to = (size_t)i * v->out.image +
                        (size_t)row * (size_t)v->out.shape.w * (size_t)v->out.lanes;
            runs[q.count++] = (struct pixel_run){
                .a = planes + (size_t)(row * v->stride * v->stride) * f.cols,
                .residual = finish->residual ? finish->residual + to : NULL,
                .c = y + to,
                .pixels = v->out.shape.w,
            };
            if (q.count == RUNS_MOST || row + 1 == v->out.shape.h) {
                blocked_kernels_of(&v->out)->product(&q);
                q.count = 0;
            }
        }
    }
}

/* Output pixels first .. first + count, of all images one after the other, as runs of one image
 * each; returns how many runs. The inputs are x's pixels, or, with a panel, gathered there. */
static int take_runs(const struct blocked_conv *v, const float *x, const float *panel, size_t first,
                     int count, const float *residual, float *y, struct pixel_run *runs)
{
    size_t pixels = (size_t)v->out.shape.h * (size_t)v->out.shape.w, lanes = (size_t)v->out.lanes;
    int n = 0;
    for (int done = 0; done < count; n++) {
        size_t image = (first + (size_t)done) / pixels, at = (first + (size_t)done) % pixels;
        size_t to = image * v->out.image + at * lanes, left = pixels - at;
        runs[n] = (struct pixel_run){
            .a = panel ? panel + (size_t)done * lanes : x + image * v->in.image + at * lanes,
            .residual = residual ? residual + to : NULL,
            .c = y + to,
            .pixels = left < (size_t)(count - done) ? (int)left : count - done,
        };
        done += runs[n].pixels;
    }
    return n;
}

/* A chunk of output pixels: 1x1 at stride 1 straight from x, else gathered. */
static void run_chunk(const struct blocked_conv *v, const float *x, size_t first, int count,
                      const float *u, const struct blocked_finish *finish, float *y, float *scratch)
{
    const struct blocked_kernels *kernels = blocked_kernels_of(&v->out);
    size_t pitch = (size_t)v->pitch * (size_t)v->out.lanes;
    float *sums = scratch, *panel = scratch + (v->across ? (size_t)v->out.blocks * pitch : 0);
    bool straight = v->way == BLOCKED_POINTWISE;
    int taps = v->kernel_h * v->kernel_w;
    struct pixel_run runs[RUNS_MOST] = { { .a = panel, .c = sums, .pixels = count } };
    struct pixel_product q = {
        .runs = runs,
        .count = 1,
        .between = straight ? v->in.plane : pitch,
        .weights = u,
        .terms = v->terms,
        .vectors = v->out.blocks,
        .block = v->across ? pitch : v->out.plane,
        .ahead = straight,
    };
    if (!v->across)
        q.count = take_runs(v, x, straight ? NULL : panel, first, count, finish->residual, y, runs);
    for (int b = 0; b < v->in.blocks; b += v->turn) {
        int last = between(0, b + v->turn, v->in.blocks);
        if (!straight)
            kernels->gather(v, x, first, count, b, last, panel);
        q.first = b * taps;
        q.last = last * taps;
        q.add = b > 0;
        if (last == v->in.blocks && !v->across)
            q.finish = *finish;
        kernels->product(&q);
        for (int i = 0; straight && i < q.count; i++)
            runs[i].a += (size_t)v->turn * v->in.plane;
    }
    if (v->across)
        kernels->scatter(v, sums, first, count, finish, y);
}

static void run_chunks(const struct blocked_conv *v, int images, const float *x, const float *u,
                       const struct blocked_finish *finish, float *y, float *scratch)
{
    size_t total = (size_t)images * (size_t)v->out.shape.h * (size_t)v->out.shape.w;
    size_t chunk = (size_t)v->chunk;
    for (size_t first = 0; first < total; first += chunk)
        run_chunk(v, x, first, (int)(total - first < chunk ? total - first : chunk), u, finish, y,
                  scratch);
}

static void run_winograd(const struct blocked_conv *v, int images, const float *x, const float *u,
                         const struct blocked_finish *finish, float *y, float *scratch)
{
    const struct blocked_kernels *kernels = blocked_kernels_of(&v->out);
    size_t points = (size_t)((v->m + 2) * (v->m + 2)), lanes = (size_t)v->out.lanes;
    size_t in = blocked_point(v, v->in.blocks), out = blocked_point(v, v->out.blocks);
    size_t tiles = (size_t)images * (size_t)v->rows * (size_t)v->cols;
    float *sums = scratch + points * in;
    for (size_t first = 0; first < tiles; first += (size_t)v->chunk) {
        int count = tiles - first < (size_t)v->chunk ? (int)(tiles - first) : v->chunk;
        kernels->tiles_in(v, x, first, count, scratch);
        for (size_t p = 0; p < points; p++) {
            struct pixel_run run = { .a = scratch + p * in, .c = sums + p * out, .pixels = count };
            struct pixel_product q = {
                .runs = &run,
                .count = 1,
                .between = (size_t)v->pitch * lanes,
                .last = v->in.blocks,
                .weights = u + p * (size_t)v->terms * (size_t)v->out.blocks * lanes,
                .terms = v->terms,
                .vectors = v->out.blocks,
                .block = (size_t)v->pitch * lanes,
            };
            kernels->product(&q);
        }
        kernels->tiles_out(v, sums, first, count, finish, y);
    }
}

void blocked_conv_run(const struct blocked_conv *v, int images, const float *x, const float *u,
                      const struct blocked_finish *finish, float *y, float *scratch)
{
    switch (v->way) {
    case BLOCKED_POINTWISE:
    case BLOCKED_GATHERED:
        run_chunks(v, images, x, u, finish, y, scratch);
        break;
    case BLOCKED_IMAGE:
        run_image(v, images, x, u, finish, y, scratch);
        break;
    case BLOCKED_WINOGRAD:
        run_winograd(v, images, x, u, finish, y, scratch);
        break;
    case BLOCKED_DEPTHWISE:
        for (int i = 0; i < images; i++) {
            struct blocked_finish f = *finish;
            if (f.residual)
                f.residual += (size_t)i * v->out.image;
            blocked_kernels_of(&v->in)->depthwise(v, x + (size_t)i * v->in.image, u, &f,
                                                  y + (size_t)i * v->out.image);
        }
        break;
    }
}
