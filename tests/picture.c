#include "tests/picture.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

void picture_write(struct picture_file *file, int width, int height, const struct jpeg_form *form)
{
    struct rng rng = rng_start(rng_derive(1, "sample", "picture", 0), (uint64_t)width, 0);
    struct image image = { .width = width, .height = height, .stride = 3 * (size_t)width };
    image.pixels = malloc(image.stride * (size_t)height);
    ck_assert_ptr_nonnull(image.pixels);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++)
                image.pixels[(size_t)y * image.stride + (size_t)(3 * x + c)] =
                    (uint8_t)(((c == 0   ? x
                                : c == 1 ? y
                                         : x + y) +
                               (int)rng_below(&rng, 120)) %
                              256);
    ck_assert_int_eq(jpeg_form_write(&image, form, &file->bytes, &file->size), 0);
    free(image.pixels);
}

static void draw_side(struct rng *rng, int side, int *first, int *count)
{
    int most = rng_below(rng, 3) == 0 && side > 4 ? 4 : side;
    *count = 1 + (int)rng_below(rng, (uint64_t)most);
    int free = side - *count;
    uint64_t place = rng_below(rng, 4);
    *first = place == 0 ? 0 : place == 1 ? free : (int)rng_below(rng, (uint64_t)free + 1);
}

struct rect picture_part(struct rng *rng, int width, int height)
{
    struct rect r;
    draw_side(rng, width, &r.x, &r.width);
    draw_side(rng, height, &r.y, &r.height);
    return r;
}

void picture_check(const char *name, const struct image *whole, const struct image *part, int x,
                   int y, struct rect need)
{
    ck_assert_msg(x <= need.x && y <= need.y && x + part->width >= need.x + need.width &&
                      y + part->height >= need.y + need.height && x + part->width <= whole->width &&
                      y + part->height <= whole->height,
                  "%s: %d x %d at %d, %d for %d x %d at %d, %d", name, part->width, part->height, x,
                  y, need.width, need.height, need.x, need.y);
    for (int row = need.y; row < need.y + need.height; row++)
        ck_assert_msg(memcmp(whole->pixels + (size_t)row * whole->stride + 3 * need.x,
                             part->pixels + (size_t)(row - y) * part->stride + 3 * (need.x - x),
                             3 * (size_t)need.width) == 0,
                      "%s: %d x %d, row %d of %d x %d at %d, %d has other pixels", name,
                      whole->width, whole->height, row, need.width, need.height, need.x, need.y);
}
