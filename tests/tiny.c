#include "tests/tiny.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/canvas.h"
#include "base/file.h"
#include "base/rng.h"

void tiny_path(const struct tiny *tiny, int i, char path[128])
{
    snprintf(path, 128, "%s/%c/%03d.png", tiny->root, 'a' + i % tiny->shape.classes, i);
}

/* Stripes whose direction and color say the class, under noise. */
static uint8_t level(int kind, int x, int y, int channel, struct rng *rng)
{
    int along = kind % 3 == 0 ? x : kind % 3 == 1 ? y : x + y;
    int base = along / 4 % 2 ? 170 : 80;
    if (channel == kind % 2)
        base += 40;
    return (uint8_t)(base + (int)rng_below(rng, 41) - 20);
}

static void write_image(const struct tiny *tiny, int i)
{
    const struct tiny_shape *s = &tiny->shape;
    struct rng rng = rng_start(rng_derive(7, "sample", "tiny", 0), (uint64_t)i, 0);
    int more = s->varied ? (int)rng_below(&rng, 9) : 0, taller = s->varied ? 8 - more : 0;
    struct image image = { .width = s->width + more, .height = s->height + taller };
    image.stride = (size_t)image.width * 3;
    image.pixels = malloc(image.stride * (size_t)image.height);
    ck_assert_ptr_nonnull(image.pixels);
    for (int y = 0; y < image.height; y++)
        for (int x = 0; x < image.width; x++)
            for (int c = 0; c < 3; c++)
                image.pixels[(size_t)y * image.stride + (size_t)x * 3 + (size_t)c] =
                    level(i % s->classes, x, y, c, &rng);
    char path[128];
    struct error err = { 0 };
    tiny_path(tiny, i, path);
    ck_assert_msg(png_write(path, &image, &err) == 0, "%s: %s", err.place, err.message);
    free(image.pixels);
}

void tiny_make(struct tiny *tiny, const struct tiny_shape *shape)
{
    struct error err = { 0 };
    tiny->shape = *shape;
    snprintf(tiny->root, sizeof(tiny->root), "/tmp/tenfold-tiny-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(tiny->root));
    for (int c = 0; c < shape->classes; c++) {
        char folder[128];
        snprintf(folder, sizeof(folder), "%s/%c", tiny->root, 'a' + c);
        ck_assert_int_eq(file_make_folders(folder, &err), 0);
    }
    for (int i = 0; i < shape->images; i++)
        write_image(tiny, i);
}

void tiny_break(const struct tiny *tiny, int i)
{
    char path[128];
    tiny_path(tiny, i, path);
    ck_assert_int_eq(truncate(path, 300), 0);
}

void tiny_remove(struct tiny *tiny)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", tiny->root);
    ck_assert_int_eq(system(command), 0);
}
