#include "model/blocked_conv.h"

#include <assert.h>
#include <string.h>

#include "base/simd.h"
#include "model/blocked_private.h"

/* Fewer outputs than CHANNELS_MIN fill no vector of Winograd's. CHUNK_FLOATS: of pixels, a quarter
 * of the second-level cache, or half of it of transformed tiles; TURN_TERMS: with them a panel of
 * weights fits beside. Beyond WEIGHT_FLOATS transformed weights come from memory: then as many
 * tiles as can be, which come from the last-level cache, for each reading of them. */
enum { CHANNELS_MIN = 8, CHUNK_FLOATS = 1 << 16, TURN_TERMS = 1152, WEIGHT_FLOATS = 1 << 20 };

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
                   : between(2 * rows, 2 * CHUNK_FLOATS / floats / rows * rows, TILES_MOST);
    v->pitch = v->chunk | 1;
}

/* A whole number of tiles of the product's, as many as stay in the cache. */
static void plan_product(struct blocked_conv *v, int most)
{
    int rows = blocked_kernels_of(&v->out)->rows, lanes = v->in.lanes;
    int taps = v->kernel_h * v->kernel_w;
    v->terms = v->in.blocks * lanes * taps;
    v->turn = between(1, TURN_TERMS / (lanes * taps), v->in.blocks);
    v->chunk = between(rows, CHUNK_FLOATS / (v->turn * lanes * taps), most) / rows * rows;
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
        plan_product(v, pixels < rows ? rows : pixels);
    } else {
        v->way = BLOCKED_GATHERED;
        v->across = pixels < rows;
        plan_product(v, GATHER_MOST);
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

/* Where output k's weight of term t lies: panels of two vectors, the last may be of one. */
static size_t weight_at(const struct blocked_conv *v, int k, int t)
{
    int lanes = v->out.lanes, vector = k / lanes, pair = vector - vector % 2;
    int width = pair + 1 < v->out.blocks ? 2 : 1;
    return (size_t)pair * (size_t)v->terms * (size_t)lanes +
           (size_t)(t * width + vector % 2) * (size_t)lanes + (size_t)(k % lanes);
}

void blocked_conv_weights(const struct blocked_conv *v, const float *weight, float *u)
{
    if (v->way == BLOCKED_WINOGRAD) {
        blocked_kernels_of(&v->in)->transform_weights(v, weight, u);
        return;
    }
    int lanes = v->in.lanes, taps = v->kernel_h * v->kernel_w, channels = v->in.shape.c;
    memset(u, 0, blocked_conv_weight_floats(v) * sizeof(*u));
    for (int k = 0; k < v->out.shape.c; k++) {
        if (v->way == BLOCKED_DEPTHWISE) {
            for (int t = 0; t < taps; t++)
                u[(k / lanes * taps + t) * lanes + k % lanes] = *weight++;
            continue;
        }
        for (int c = 0; c < channels; c++)
            for (int t = 0; t < taps; t++) {
                int term = v->way == BLOCKED_IMAGE ? c * taps + t
                                                   : (c / lanes * taps + t) * lanes + c % lanes;
                u[weight_at(v, k, term)] = *weight++;
            }
    }
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
    size_t *at = (size_t *)scratch,
           image = (size_t)v->in.shape.c * (size_t)v->in.shape.h * (size_t)v->in.shape.w;
    float *planes = scratch + places_floats(v);
    struct phases f = phases_of(v);
    term_places(v, at);
    for (int i = 0; i < images; i++) {
        take_phases(v, x + (size_t)i * image, planes);
        for (int row = 0; row < v->out.shape.h; row++) {
            size_t to = (size_t)i * v->out.image +
                        (size_t)row * (size_t)v->out.shape.w * (size_t)v->out.lanes;
            struct pixel_product q = {
                .a = planes + (size_t)(row * v->stride * v->stride) * f.cols,
                .at = at,
                .last = v->terms,
                .weights = u,
                .terms = v->terms,
                .vectors = v->out.blocks,
                .c = y + to,
                .block = v->out.plane,
                .finish = *finish,
            };
            if (q.finish.residual)
                q.finish.residual += to;
            blocked_kernels_of(&v->out)->product(&q, v->out.shape.w);
        }
    }
}

/* One turn of a sum: blocks `b` of channels to those before `last`. */
static void set_turn(const struct blocked_conv *v, const struct blocked_finish *finish, int b,
                     int last, size_t to, struct pixel_product *q)
{
    int taps = v->kernel_h * v->kernel_w;
    q->first = b * taps;
    q->last = last * taps;
    q->add = b > 0;
    q->finish = (struct blocked_finish){ 0 };
    if (last < v->in.blocks || v->across)
        return;
    q->finish = *finish;
    if (q->finish.residual)
        q->finish.residual += to;
}

static void run_pointwise(const struct blocked_conv *v, int images, const float *x, const float *u,
                          const struct blocked_finish *finish, float *y)
{
    int pixels = v->out.shape.h * v->out.shape.w;
    for (int i = 0; i < images; i++)
        for (int first = 0; first < pixels; first += v->chunk) {
            int count = pixels - first < v->chunk ? pixels - first : v->chunk;
            size_t to = (size_t)i * v->out.image + (size_t)(first * v->out.lanes);
            struct pixel_product q = {
                .between = v->in.plane,
                .ahead = true,
                .weights = u,
                .terms = v->terms,
                .vectors = v->out.blocks,
                .c = y + to,
                .block = v->out.plane,
            };
            for (int b = 0; b < v->in.blocks; b += v->turn) {
                set_turn(v, finish, b, between(0, b + v->turn, v->in.blocks), to, &q);
                q.a = x + (size_t)i * v->in.image + (size_t)b * v->in.plane +
                      (size_t)(first * v->in.lanes);
                blocked_kernels_of(&v->out)->product(&q, count);
            }
        }
}

/* `count` pixels from `first` on, of all images one after the other. */
static void run_chunk(const struct blocked_conv *v, const float *x, size_t first, int count,
                      const float *u, const struct blocked_finish *finish, float *y, float *scratch)
{
    const struct blocked_kernels *kernels = blocked_kernels_of(&v->out);
    size_t pixels = (size_t)v->out.shape.h * (size_t)v->out.shape.w, lanes = (size_t)v->out.lanes;
    size_t between_ = (size_t)v->pitch * lanes;
    size_t to = first / pixels * v->out.image + first % pixels * lanes;
    float *panel = scratch + (v->across ? (size_t)v->out.blocks * between_ : 0);
    struct pixel_product q = {
        .a = panel,
        .between = between_,
        .weights = u,
        .terms = v->terms,
        .vectors = v->out.blocks,
        .c = v->across ? scratch : y + to,
        .block = v->across ? between_ : v->out.plane,
    };
    for (int b = 0; b < v->in.blocks; b += v->turn) {
        int last = between(0, b + v->turn, v->in.blocks);
        kernels->gather(v, x, first, count, b, last, panel);
        set_turn(v, finish, b, last, to, &q);
        kernels->product(&q, count);
    }
    if (v->across)
        kernels->scatter(v, scratch, first, count, finish, y);
}

static void run_gathered(const struct blocked_conv *v, int images, const float *x, const float *u,
                         const struct blocked_finish *finish, float *y, float *scratch)
{
    int plane = v->out.shape.h * v->out.shape.w;
    int stretch = v->across ? plane * images : plane; /* that a chunk must not leave */
    for (int begin = 0; begin < plane * images; begin += stretch)
        for (int first = 0; first < stretch; first += v->chunk)
            run_chunk(v, x, (size_t)(begin + first),
                      stretch - first < v->chunk ? stretch - first : v->chunk, u, finish, y,
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
            struct pixel_product q = {
                .a = scratch + p * in,
                .between = (size_t)v->pitch * lanes,
                .last = v->in.blocks,
                .weights = u + p * (size_t)v->terms * (size_t)v->out.blocks * lanes,
                .terms = v->terms,
                .vectors = v->out.blocks,
                .c = sums + p * out,
                .block = (size_t)v->pitch * lanes,
            };
            kernels->product(&q, count);
        }
        kernels->tiles_out(v, sums, first, count, finish, y);
    }
}

void blocked_conv_run(const struct blocked_conv *v, int images, const float *x, const float *u,
                      const struct blocked_finish *finish, float *y, float *scratch)
{
    switch (v->way) {
    case BLOCKED_POINTWISE:
        run_pointwise(v, images, x, u, finish, y);
        break;
    case BLOCKED_GATHERED:
        run_gathered(v, images, x, u, finish, y, scratch);
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
