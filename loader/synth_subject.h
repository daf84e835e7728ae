/*
 * Inside the generated data set: what a class is. Its outline and texture are drawn here, its size,
 * place, pose and colors by the scene (synth_scene.h).
 *
 *     subject_draw(class, &rng, &thing.outline, &thing.surface.texture, &thing.bevel,
 * &thing.thick);
 */
#ifndef TENFOLD_LOADER_SYNTH_SUBJECT_H
#define TENFOLD_LOADER_SYNTH_SUBJECT_H

#include "base/rng.h"
#include "loader/synth_outline.h"
#include "loader/synth_texture.h"

struct body {
    struct outline outline;
    struct texture texture;
    float bevel, thick; /* as in struct thing */
    float reach;        /* units from the center to the farthest point */
};

enum { SUBJECT_CLASSES = 10 };

const char *subject_name(int class);
/* A subject of `class`. */
void subject_draw(int class, struct rng *rng, struct body *body);
/* A thing that belongs to no class: stones, planks, balls, scraps with any texture. */
void clutter_draw(struct rng *rng, struct body *body);
/* A thing that stands in front: a stone or a branch. */
void occluder_draw(struct rng *rng, struct body *body);
/* Any texture that covers a plane, for backgrounds. */
void ground_draw(struct rng *rng, struct texture *texture);

#endif
