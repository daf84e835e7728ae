/*
 * Inside the generated data set: the shapes of things, as signed distances (negative inside) in the
 * thing's own coordinates, where it reaches about one unit from its center. Pure; any thread.
 *
 *     struct outline o = { .kind = OUTLINE_STAR, .count = 5, .depth = 0.5f, .point = 1 };
 *     bool inside = outline_distance(&o, x, y) < 0;
 */
#ifndef TENFOLD_LOADER_SYNTH_OUTLINE_H
#define TENFOLD_LOADER_SYNTH_OUTLINE_H

#include <stdint.h>

enum outline_kind {
    OUTLINE_DISC,
    OUTLINE_LENS, /* pointed at both ends along x, with a tail at the negative one */
    OUTLINE_STAR, /* arms or petals */
    OUTLINE_BOX,  /* with rounded corners, narrower towards positive y */
    OUTLINE_RING,
    OUTLINE_BLOB, /* a stone */
    OUTLINE_BAR,  /* a branch along x, longer than any picture */
};

struct outline {
    enum outline_kind kind;
    int count;   /* star: arms */
    float width; /* lens: half its width; box: half its height; ring: half its band; bar: half its
                    width */
    float depth; /* star: how deep it is cut between the arms, 0..1; blob: how uneven; box: taper */
    float point; /* star: 0 round petals, 1 pointed arms */
    float tail;  /* lens: half the tail's width at its end, 0 none */
    float wobble;  /* of the border, in units */
    uint32_t seed; /* of the wobble */
};

/* Exact for disc, ring and bar, near the border good enough to blend its pixels for the others. */
float outline_distance(const struct outline *o, float x, float y);

#endif
