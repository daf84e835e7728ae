#include "model/winograd.h"

#include "base/simd.h"
#include "model/winograd_private.h"

/* Transformed tiles of a chunk, of both sides, are to stay in the second-level cache. */
enum { CHUNK_FLOATS = 74000, CHUNK_STEP = 4 };

#ifdef SIMD_X86
static bool has_fma(void)
{
    return __builtin_cpu_supports("fma");
}
#endif

static const struct winograd_kernels *kernels(void)
{
#ifdef SIMD_X86
    enum simd_level level = simd_level();
    if (level >= SIMD_LEVEL_AVX512)
        return &winograd_avx512;
    if (level >= SIMD_LEVEL_AVX2 && has_fma())
        return &winograd_avx2;
#endif
    return &winograd_plain;
}

static const struct winograd_kernels *kernels_of(const struct winograd *g)
{
#ifdef SIMD_X86
    if (g->lanes == winograd_avx512.lanes)
        return &winograd_avx512;
    if (g->lanes == winograd_avx2.lanes)
        return &winograd_avx2;
#endif
    (void)g;
    return &winograd_plain;
}

static int round_up(int n, int step)
{
    return (n + step - 1) / step * step;
}

int winograd_lanes(void)
{
    return kernels()->lanes;
}

struct winograd winograd_plan(int m, int c, int h, int w, int k, int padding)
{
    struct winograd g = { .m = m, .c = c, .h = h, .w = w, .k = k, .padding = padding };
    g.oh = h + 2 * padding - 2;
    g.ow = w + 2 * padding - 2;
    g.lanes = kernels()->lanes;
    g.cp = round_up(c, g.lanes);
    g.kp = round_up(k, g.lanes);
    g.rows = (g.oh + m - 1) / m;
    g.cols = (g.ow + m - 1) / m;
    int points = (m + 2) * (m + 2), tiles = g.rows * g.cols;
    int most = CHUNK_FLOATS / (points * (g.cp + g.kp)) / CHUNK_STEP * CHUNK_STEP;
    most = most < CHUNK_STEP ? CHUNK_STEP : most;
    int chunks = (tiles + most - 1) / most;
    g.chunk = tiles > most ? round_up((tiles + chunks - 1) / chunks, CHUNK_STEP) : most;
    g.together = tiles >= g.chunk ? 1 : g.chunk / tiles;
    return g;
}

size_t winograd_weight_floats(const struct winograd *g)
{
    return (size_t)(g->m + 2) * (size_t)(g->m + 2) * (size_t)g->c * (size_t)g->kp;
}

static size_t images_floats(const struct winograd *g, size_t pixels, size_t outputs)
{
    return (size_t)g->together * (pixels * (size_t)g->cp * (size_t)g->h * (size_t)g->w +
                                  outputs * (size_t)g->kp * (size_t)g->oh * (size_t)g->ow);
}

size_t winograd_scratch_floats(const struct winograd *g)
{
    return images_floats(g, 1, 1) + winograd_points(g);
}

void winograd_weights(const struct winograd *g, const float *weight, float *u)
{
    kernels_of(g)->weights(g, weight, false, u);
}

void winograd_weights_turned(const struct winograd *g, const float *weight, float *u)
{
    kernels_of(g)->weights(g, weight, true, u);
}

void winograd_forward(const struct winograd *g, int images, const float *x, const float *u,
                      const float *bias, bool relu, float *y, float *scratch)
{
    kernels_of(g)->forward(g, images, x, u, bias, relu, y, scratch);
}

struct winograd winograd_turned(const struct winograd *g)
{
    struct winograd back = winograd_plan(g->m, g->k, g->oh, g->ow, g->c, 2 - g->padding);
    back.x_blocks = g->y_blocks;
    back.y_blocks = g->x_blocks;
    return back;
}

size_t winograd_backward_floats(const struct winograd *g, const struct winograd *back)
{
    size_t gathering = winograd_points(g), filtering = winograd_points(back);
    return images_floats(g, 2, 1) + (gathering > filtering ? gathering : filtering);
}

void winograd_backward(const struct winograd *g, const struct winograd *back,
                       const struct winograd_batch *batch, const float *u, float *sums,
                       float *scratch)
{
    kernels_of(g)->backward(g, back, batch, u, sums, scratch);
}

void winograd_settle(const struct winograd *g, const float *sums, float *dweight)
{
    kernels_of(g)->settle(g, sums, dweight);
}
