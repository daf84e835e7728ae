#include "tests/color_plan.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment/recipe.h"

struct plan color_plan_draw(const char *line, uint64_t id, int width, int height)
{
    char text[600];
    struct config *config;
    struct recipe *recipe;
    struct plan plan;
    struct error err = { 0 };
    snprintf(text, sizeof(text), "augment: [%s]", line);
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    ck_assert_msg(recipe_open(&recipe, node_get(config_root(config), "augment"), 5, &err) == 0,
                  "%s: %s", err.place, err.message);
    ck_assert_msg(recipe_draw(recipe, id, 0, width, height, &plan, &err) == 0, "%s", err.message);
    recipe_close(recipe);
    config_close(config);
    return plan;
}

void *color_plan_run(const struct plan *plan, const struct image *source, enum dtype dtype,
                     enum layout layout)
{
    struct output_form form = { dtype, layout };
    struct renderer *renderer;
    struct error err = { 0 };
    void *out = malloc(output_bytes(&form, plan->width, plan->height));
    ck_assert_int_eq(renderer_open(&renderer, &err), 0);
    ck_assert_msg(render(renderer, plan, RESAMPLER_EXACT, source, 0, 0, &form, out, &err) == 0,
                  "%s", err.message);
    renderer_close(renderer);
    return out;
}

uint8_t color_plan_level(int64_t x, int64_t y, int64_t c)
{
    if ((x / 16 + y / 16) % 2)
        return (uint8_t)((x * 3 + y * 2 + c * 40) % 256);
    return (uint8_t)((x * 7919 + y * 104729 + c * 1299709 + x * y * 31) % 256);
}

struct image color_plan_picture(int width, int height, bool dull)
{
    static const int divisor[3] = { 3, 5, 9 }, base[3] = { 50, 90, 120 };
    struct image image = { NULL, width, height, (size_t)width * 3 };
    image.pixels = malloc((size_t)height * image.stride);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++) {
                int v = color_plan_level(x, y, c);
                image.pixels[(size_t)y * image.stride + (size_t)(3 * x + c)] =
                    (uint8_t)(dull ? v / divisor[c] + base[c] : v);
            }
    return image;
}
