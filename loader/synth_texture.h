/*
 * Inside the generated data set: what surfaces look like. A texture gives at every point of a thing
 * how much of its second color shows; the same number is its relief. Pure; any thread.
 *
 *     struct texture t = { .kind = TEXTURE_STRIPES, .frequency = 4, .share = 0.5f, .seed = seed };
 *     float second = texture_at(&t, x, y, 0.05f);
 */
#ifndef TENFOLD_LOADER_SYNTH_TEXTURE_H
#define TENFOLD_LOADER_SYNTH_TEXTURE_H

#include <stdint.h>

enum texture_kind {
    TEXTURE_PLAIN,   /* soft clouds only */
    TEXTURE_CLOUDS,  /* marble, sky, moss */
    TEXTURE_STRIPES, /* across x, wavy */
    TEXTURE_RIBS,    /* a line along x and oblique ones that leave it: a leaf's veins */
    TEXTURE_SPOKES,  /* stripes by direction from the center */
    TEXTURE_SPOTS,
    TEXTURE_TILES,
    TEXTURE_GRAIN, /* grass, wood, cloth: noise drawn out along x */
};

struct texture {
    enum texture_kind kind;
    float frequency;    /* features per unit; spokes: per turn */
    float share;        /* of the second color, 0..1 */
    float wave;         /* how far the pattern is pushed about, in features */
    float cosine, sine; /* direction of its x axis */
    float shift_x, shift_y;
    uint32_t seed;
};

/* 0 (first color) .. 1 (second), `pixel` being the size of a pixel in units: features blend over
 * that width, and what is finer fades to its mean. */
float texture_at(const struct texture *t, float x, float y, float pixel);

#endif
