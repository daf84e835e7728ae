#include "augment/hue_turn.h"

#include <math.h>

#include "base/simd.h"

static float within(float v, float most)
{
    v = v > 0 ? v : 0;
    return v < most ? v : most;
}

static void turn(float sectors, float v[3])
{
    float r = v[0], g = v[1], b = v[2];
    float most = r > g ? r : g, least = r < g ? r : g;
    most = most > b ? most : b;
    least = least < b ? least : b;
    float chroma = most - least, divisor = chroma > 1e-20f ? chroma : 1e-20f;
    float base = 4, difference = r - g;
    if (most == g) {
        base = 2;
        difference = b - r;
    }
    if (most == r) {
        base = 0;
        difference = g - b;
    }
    float h = (base + difference / divisor) + sectors;
    h = h - 6 * floorf(h * (1.0f / 6));
    v[0] = least + chroma * within(fabsf(h - 3) - 1, 1);
    v[1] = least + chroma * within(2 - fabsf(h - 2), 1);
    v[2] = least + chroma * within(2 - fabsf(h - 4), 1);
}

void hue_turn(float sectors, size_t n, float *r, float *g, float *b)
{
    size_t i = 0;
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2) {
        i = n / 8 * 8;
        hue_turn_avx2(sectors, i, r, g, b);
    }
#endif
    for (; i < n; i++) {
        float v[3] = { within(r[i], 255), within(g[i], 255), within(b[i], 255) };
        turn(sectors, v);
        r[i] = v[0];
        g[i] = v[1];
        b[i] = v[2];
    }
}
