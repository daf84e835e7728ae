#include "tests/steps.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "augment/affine.h"

struct image steps_noise(int width, int height)
{
    struct image image = { malloc((size_t)width * (size_t)height * 3), width, height,
                           (size_t)width * 3 };
    for (size_t i = 0; i < (size_t)width * (size_t)height * 3; i++)
        image.pixels[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    return image;
}

/* A map that a geometric augmentation could draw, on a picture of w x h. */
static void draw_map(struct rng *rng, int w, int h, double map[9])
{
    double x = w / 2.0, y = h / 2.0;
    switch (rng_below(rng, w > 4 && h > 4 ? 4 : 3)) {
    case 0:
        affine_rotate(rng_range(rng, -180, 180), x, y, map);
        break;
    case 1:
        affine_all(rng_range(rng, -30, 30), rint(rng_range(rng, -9, 9)),
                   rint(rng_range(rng, -9, 9)), rng_range(rng, 0.7, 1.4), rng_range(rng, -20, 20),
                   rng_range(rng, -20, 20), x, y, map);
        break;
    case 2:
        affine_translate((double)rng_integer(rng, -8, 8), (double)rng_integer(rng, -8, 8), map);
        break;
    default: {
        double from[8] = { 0, 0, w - 1, 0, w - 1, h - 1, 0, h - 1 }, to[8];
        for (int i = 0; i < 8; i++)
            to[i] = from[i] + rng_range(rng, -0.2, 0.2) * (i % 2 ? h : w);
        ck_assert(affine_corners(from, to, map));
    }
    }
}

int steps_draw(struct rng *rng, bool repeats, struct plan *plan, struct step *steps)
{
    int count = (int)rng_integer(rng, 1, STEPS);
    struct error err = { 0 };
    for (int k = 0; k < count; k++) {
        struct step *s = &steps[k];
        int w = plan->width, h = plan->height;
        *s = (struct step){ .width = w, .height = h, .reveal = rng_below(rng, 6) == 0 };
        s->fill.mode = repeats ? (enum plan_fill_mode)rng_below(rng, 3) : FILL_CONSTANT;
        for (int c = 0; c < 3; c++)
            s->fill.level[c] = (uint8_t)rng_below(rng, 256);
        plan->fill = s->fill;
        if (rng_below(rng, 4) == 0) {
            int x = (int)rng_integer(rng, -5, w / 2), y = (int)rng_integer(rng, -5, h / 2);
            int width = (int)rng_integer(rng, 1, w), height = (int)rng_integer(rng, 1, h);
            affine_translate(-x, -y, s->map);
            s->reveal = false;
            if (plan_crop(plan, x, y, width, height, &err) < 0)
                return -1;
            continue;
        }
        draw_map(rng, w, h, s->map);
        if (plan_map(plan, s->map, w, h, s->reveal, &err) < 0)
            return -1;
    }
    return count;
}
