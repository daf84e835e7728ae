/*
 * Every pattern is a distance to the border between two colors, measured in features, and one soft
 * step across it; so all of them blend over a pixel's width in the same way.
 */
#include "loader/synth_texture.h"

#include <math.h>

#include "loader/synth_noise.h"

/* 0 below -width, 1 above it, smooth between. */
static float step(float distance, float width)
{
    float t = 0.5f + 0.5f * distance / width;
    if (t <= 0)
        return 0;
    if (t >= 1)
        return 1;
    return t * t * (3 - 2 * t);
}

/* Stripes with period 1 in s of which `share` is the second color. */
static float stripes(float s, float share, float width)
{
    float phase = s - floorf(s);
    return step(share * 0.5f - fabsf(phase - 0.5f), width);
}

float texture_at(const struct texture *t, float x, float y, float pixel)
{
    float u = t->cosine * x + t->sine * y + t->shift_x;
    float v = t->cosine * y - t->sine * x + t->shift_y;
    float f = t->frequency;
    /* Half a pixel to either side, and never sharper than paint is. */
    float width = 0.03f + 0.6f * pixel * f;
    float push = 0;
    if (t->wave > 0)
        push = t->wave * (noise_value(1.7f * u + 31, 1.7f * v + 31, t->seed) - 0.5f) * 2;
    switch (t->kind) {
    case TEXTURE_PLAIN:
        return 0.3f * noise_clouds(f * u, f * v, 2, t->seed);
    case TEXTURE_CLOUDS: {
        float c = noise_clouds(f * u, f * v, 4, t->seed);
        return step(c - 1 + t->share, 0.25f);
    }
    case TEXTURE_STRIPES:
        return stripes(f * u + push, t->share, width);
    case TEXTURE_RIBS: {
        float rib = stripes(f * (u - 0.8f * fabsf(v)) + push, t->share, width);
        float middle = step(0.06f - fabsf(v), 0.02f + pixel);
        return rib > middle ? rib : middle;
    }
    case TEXTURE_SPOKES: {
        /* Spokes get narrower towards the center and fade where they are finer than a pixel. */
        float r = sqrtf(x * x + y * y) + 1e-3f;
        float narrow = 0.03f + 0.1f * pixel * f / r;
        return stripes(noise_turn(x, y) * f + t->shift_x + push, t->share, narrow);
    }
    case TEXTURE_SPOTS: {
        float d = noise_spots(f * u + push, f * v + push, t->seed);
        /* A circle of this radius covers `share` of its cell. */
        return step(0.5642f * sqrtf(t->share) - d, width);
    }
    case TEXTURE_TILES: {
        float row = floorf(f * v);
        float a = f * u * 0.6f + 0.5f * (row - 2 * floorf(row * 0.5f)), b = f * v;
        float joint = stripes(a, 0.12f, 0.6f * width), bed = stripes(b, 0.16f, width);
        float tone = 0.35f * noise_value(floorf(a - 0.5f) * 7.3f, floorf(b - 0.5f) * 5.1f, t->seed);
        float line = joint > bed ? joint : bed;
        return line > tone ? line : tone;
    }
    case TEXTURE_GRAIN: {
        float g = noise_clouds(f * u * 0.25f, f * v * 2, 3, t->seed);
        return step(g - 1 + t->share, 0.3f);
    }
    }
    return 0;
}
