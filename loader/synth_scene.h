/*
 * Inside the generated data set: what is to be seen in one picture, drawn before any pixel exists.
 * A scene is plain data: a background, things from back to front of which one is the subject, a
 * light and a camera.
 *
 *     struct scene scene;
 *     scene_draw(&scene, seed, SCENE_TRAIN, class, number);
 *
 * Shape and texture tell the class: five shapes, each with two textures. Colors, pose, light,
 * background, clutter and the camera are drawn in the same way for all classes.
 */
#ifndef TENFOLD_LOADER_SYNTH_SCENE_H
#define TENFOLD_LOADER_SYNTH_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "loader/encode.h"
#include "loader/synth_outline.h"
#include "loader/synth_texture.h"

enum { SCENE_CLASSES = 10, SCENE_THINGS = 10, SCENE_SIDE_MIN = 48, SCENE_SIDE_MAX = 160 };
enum scene_split { SCENE_TRAIN, SCENE_TEST };

/* Linear light, 0..1 for what a white surface gives back. */
struct tone {
    float r, g, b;
};

/* a + share * (b - a). */
struct tone tone_blend(struct tone a, struct tone b, float share);

struct surface {
    struct texture texture;
    struct tone first, second;
    float relief; /* height of the second color over the first, in units */
    float gloss;  /* share of light mirrored */
};

struct thing {
    struct outline outline;
    struct surface surface;
    float x, y;         /* center in the picture, in pixels */
    float map[4];       /* 2x2, from pixels off the center to units */
    float reach;        /* half the side of the square in pixels that holds it */
    float pixel;        /* size of a pixel in units */
    float bevel, thick; /* how far the surface curves inward from the border, and how high, units */
    float shadow;       /* darkness of the shadow that it casts, 0..1 */
};

struct light {
    float x, y, z;              /* towards the light; y down, z to the camera; length 1 */
    float ambient, direct;      /* shares */
    float slope_x, slope_y;     /* change of brightness from the center to the picture's edges */
    float edge_x, edge_y, edge; /* a half of the picture lies in the shade: direction, place */
    float shade;                /* how dark it is there; 0: none */
};

struct camera {
    float exposure, contrast;
    struct tone cast;
    float vignette;
    float blur;               /* pixels */
    float noise, color_noise; /* standard deviation, 0..1 scale */
    bool gray;
    uint32_t seed; /* of the noise */
    struct encode_form form;
};

struct scene {
    int width, height; /* pixels */
    struct surface background;
    float background_pixel; /* size of a pixel in units of the background's texture */
    int things_used, subject;
    struct thing things[SCENE_THINGS];
    struct light light;
    struct camera camera;
};

/* The folder name of a class, 0..SCENE_CLASSES-1, in alphabetical order. */
const char *scene_class_name(int class);

/* Picture `number` of a class: a function of the arguments alone. */
void scene_draw(struct scene *scene, uint64_t seed, enum scene_split split, int class,
                uint32_t number);

#endif
