/*
 * Inside the generated data set: a scene as pixels. Surfaces are shaded by their relief and their
 * rounded borders, cast shadows, and go through a camera with blur, cast, vignette and noise.
 *
 *     struct painter *p;
 *     if (painter_open(&p, &err) < 0) ...
 *     struct image image = painter_paint(p, &scene);       // borrowed until the next one
 *     painter_close(p);
 */
#ifndef TENFOLD_LOADER_SYNTH_PAINT_H
#define TENFOLD_LOADER_SYNTH_PAINT_H

#include "base/error.h"
#include "base/image.h"
#include "loader/synth_scene.h"

struct painter; /* one per thread */

int painter_open(struct painter **painter, struct error *err);
/* The pixels are a function of the scene alone. */
struct image painter_paint(struct painter *painter, const struct scene *scene);
void painter_close(struct painter *painter); /* NULL is a no-op */

#endif
