/*
 * Value noise over a hashed lattice (Perlin, "An Image Synthesizer", SIGGRAPH 1985) and cellular
 * noise (Worley, "A Cellular Texture Basis Function", SIGGRAPH 1996). A hash instead of Philox
 * because a picture asks for a hundred values per pixel; its seeds come from Philox.
 */
#include "loader/synth_noise.h"

#include <math.h>

static const float INVERSE_2_24 = 1.0f / 16777216.0f;

/* The finalizer of MurmurHash3 (Appleby) over the point and seed spread by odd constants. */
uint32_t noise_hash(int x, int y, uint32_t seed)
{
    uint32_t h = (uint32_t)x * 0x9E3779B1u ^ (uint32_t)y * 0x85EBCA77u ^ seed * 0xC2B2AE3Du;
    h = (h ^ h >> 16) * 0x85EBCA6Bu;
    h = (h ^ h >> 13) * 0xC2B2AE35u;
    return h ^ h >> 16;
}

static float lattice(int x, int y, uint32_t seed)
{
    return (float)(noise_hash(x, y, seed) >> 8) * INVERSE_2_24;
}

/* floor() without the call; |x| stays far below 2^31 here. */
static int floor_of(float x)
{
    int i = (int)x;
    return i - (x < (float)i);
}

float noise_value(float x, float y, uint32_t seed)
{
    int i = floor_of(x), j = floor_of(y);
    float u = x - (float)i, v = y - (float)j;
    u = u * u * (3 - 2 * u);
    v = v * v * (3 - 2 * v);
    float a = lattice(i, j, seed), b = lattice(i + 1, j, seed);
    float c = lattice(i, j + 1, seed), d = lattice(i + 1, j + 1, seed);
    float top = a + (b - a) * u, bottom = c + (d - c) * u;
    return top + (bottom - top) * v;
}

float noise_clouds(float x, float y, int octaves, uint32_t seed)
{
    float sum = 0, weight = 1, total = 0;
    for (int k = 0; k < octaves; k++) {
        sum += weight * noise_value(x, y, seed + (uint32_t)k);
        total += weight;
        weight *= 0.5f;
        /* Not exactly 2: the octaves' lattices shall not lie on top of each other. */
        x = x * 2.03f + 17.1f;
        y = y * 2.03f + 9.7f;
    }
    return sum / total;
}

float noise_spots(float x, float y, uint32_t seed)
{
    int i = floor_of(x), j = floor_of(y);
    float nearest = 9;
    for (int dj = -1; dj <= 1; dj++)
        for (int di = -1; di <= 1; di++) {
            uint32_t h = noise_hash(i + di, j + dj, seed);
            /* Centers keep 0.2 from the cell's edges, so that spots do not merge. */
            float cx = (float)(i + di) + 0.2f + 0.6f * (float)(h & 0xffff) / 65536;
            float cy = (float)(j + dj) + 0.2f + 0.6f * (float)(h >> 16) / 65536;
            float square = (x - cx) * (x - cx) + (y - cy) * (y - cy);
            if (square < nearest)
                nearest = square;
        }
    return sqrtf(nearest);
}

float noise_turn(float x, float y)
{
    float ax = x < 0 ? -x : x, ay = y < 0 ? -y : y;
    float large = ax > ay ? ax : ay, small = ax > ay ? ay : ax;
    if (large == 0)
        return 0;
    /* atan(t) / 2 pi on 0..1: Abramowitz and Stegun 4.4.49, divided by 2 pi. */
    float t = small / large, s = t * t;
    float turn = t * (0.15913362f + s * (-0.05256880f +
                                         s * (0.02867033f + s * (-0.01354934f + s * 0.00331601f))));
    if (ay > ax)
        turn = 0.25f - turn;
    if (x < 0)
        turn = 0.5f - turn;
    return y < 0 ? -turn : turn;
}
