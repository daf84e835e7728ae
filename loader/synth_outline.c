/*
 * Distances to outlines after Quilez' catalog of signed distance functions, written in the
 * coordinates of the thing so that pose is an affine map and nothing here knows of pixels. The
 * border's wobble displaces the point before the distance is taken.
 */
#include "loader/synth_outline.h"

#include <math.h>

#include "loader/synth_noise.h"

static float largest(float a, float b)
{
    return a > b ? a : b;
}

static float length(float x, float y)
{
    return sqrtf(x * x + y * y);
}

/* The common part of two discs of radius r whose centers lie at (0, +-c): half as wide as `width`
 * says, one unit long on either side: r - c = width, r^2 - c^2 = 1. */
static float lens(float width, float x, float y)
{
    float sum = 1 / width, r = (sum + width) / 2, c = (sum - width) / 2;
    float ax = fabsf(x), ay = fabsf(y);
    /* Beyond the tip the tip itself is nearest. */
    if ((ax - 1) * c > ay)
        return length(ax - 1, ay);
    return length(ax, ay + c) - r;
}

/* A wedge that opens from a tenth of its end's half width at x = -0.75 to `end` at x = -1.3. */
static float tail(float end, float x, float y)
{
    float t = (-0.75f - x) / 0.55f;
    float clamped = t < 0 ? 0 : t > 1 ? 1 : t;
    float half = end * (0.25f + 0.75f * clamped);
    return largest(fabsf(y) - half, fabsf(x + 1.025f) - 0.275f);
}

/* Radius as a function of the direction: 1 at the arms, 1 - depth between them. */
static float star(const struct outline *o, float x, float y)
{
    float turn = noise_turn(x, y) * (float)o->count;
    float phase = turn - floorf(turn); /* 0 and 1: between arms; 0.5: at an arm */
    float t = 1 - fabsf(2 * phase - 1);
    /* Straight flanks make points, a parabola petals. */
    float petal = 1 - (1 - t) * (1 - t);
    float arm = petal + (t - petal) * o->point;
    float radius = 1 - o->depth + o->depth * arm;
    /* The flanks lean, so the distance along the ray is longer than the distance. */
    return (length(x, y) - radius) * (1 - 0.45f * o->depth);
}

static float box(const struct outline *o, float x, float y)
{
    const float corner = 0.1f;
    float qx = fabsf(x * (1 + o->depth * y)) - (0.85f - corner);
    float qy = fabsf(y) - (o->width - corner);
    float outside = length(largest(qx, 0), largest(qy, 0));
    float inside = largest(qx, qy);
    return outside + (inside < 0 ? inside : 0) - corner;
}

static float blob(const struct outline *o, float x, float y)
{
    float r = length(x, y) + 1e-6f;
    float bump = noise_value(1.6f * x / r + 5, 1.6f * y / r + 5, o->seed ^ 0x5bd1u);
    return r - (1 - o->depth * bump);
}

float outline_distance(const struct outline *o, float x, float y)
{
    if (o->wobble > 0) {
        float dx = noise_value(2.3f * x + 40, 2.3f * y + 40, o->seed) - 0.5f;
        float dy = noise_value(2.3f * x + 40, 2.3f * y + 40, o->seed + 1) - 0.5f;
        x += 2 * o->wobble * dx;
        y += 2 * o->wobble * dy;
    }
    switch (o->kind) {
    case OUTLINE_DISC:
        return length(x, y) - 1;
    case OUTLINE_LENS: {
        float body = lens(o->width, x, y);
        float end = o->tail > 0 ? tail(o->tail, x, y) : 1;
        return body < end ? body : end;
    }
    case OUTLINE_STAR:
        return star(o, x, y);
    case OUTLINE_BOX:
        return box(o, x, y);
    case OUTLINE_RING:
        return fabsf(length(x, y) - (1 - o->width)) - o->width;
    case OUTLINE_BLOB:
        return blob(o, x, y);
    case OUTLINE_BAR:
        return fabsf(y) - o->width;
    }
    return 1;
}
