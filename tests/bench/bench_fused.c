/*
 * How far the fused policies are from torchvision's chains: the same recipe with compat: fused and
 * with compat: sequential, which draws the same operations and is torchvision's to the level
 * (tests/test_policy.c), on every image of a data set behind a 224 x 224 center crop. Prints a line
 * a policy: share of the levels that are more than 2 apart, the largest distance of all and its
 * mean over images, mean PSNR, and images without any difference over 2. Usage: bench_fused DATA
 * [IMAGES]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment/recipe.h"
#include "augment/render.h"
#include "base/memory.h"
#include "loader/decode_whole.h"

enum { SIDE = 224, VALUES = 3 * SIDE * SIDE };

static const char *const policies[] = {
    "autoaugment: {policy: imagenet, compat: %s}",
    "autoaugment: {policy: cifar10, compat: %s}",
    "autoaugment: {policy: svhn, compat: %s}",
    "randaugment: {compat: %s}",
    "randaugment: {config: rand-m9-mstd0.5-inc1, compat: %s}",
    "trivialaugment: {compat: %s}",
    "augmix: {compat: %s}",
};
static const char *const compats[] = { "fused", "sequential" };

struct distance {
    double over, most, psnr;
    int images, alike, maximum;
};

static int open_recipe(struct recipe **recipe, const char *policy, const char *compat,
                       struct error *err)
{
    char line[200], text[400];
    struct config *config;
    snprintf(line, sizeof(line), policy, compat);
    snprintf(text, sizeof(text), "[{resize_short: 256}, {center_crop: %d}, {%s}]", SIDE, line);
    if (config_parse(&config, text, strlen(text), "policy", err) < 0)
        return -1;
    int rc = recipe_open(recipe, config_root(config), 1, err);
    config_close(config);
    return rc;
}

static void add_image(const uint8_t *a, const uint8_t *b, struct distance *d)
{
    int most = 0, over = 0;
    double squares = 0;
    for (int i = 0; i < VALUES; i++) {
        int difference = abs(a[i] - b[i]);
        most = difference > most ? difference : most;
        over += difference > 2;
        squares += (double)difference * difference;
    }
    d->images++;
    d->alike += over == 0;
    d->over += (double)over / VALUES;
    d->most += most;
    d->maximum = most > d->maximum ? most : d->maximum;
    /* Equal pictures have no PSNR; 60 dB stands for them and all above. */
    double psnr = squares > 0 ? 10 * log10(255.0 * 255.0 * VALUES / squares) : 60;
    d->psnr += psnr < 60 ? psnr : 60;
}

static int measure(const struct index *index, uint64_t count, struct recipe *const recipes[2],
                   struct renderer *renderer, struct distance *d, struct error *err)
{
    static uint8_t out[2][VALUES];
    const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    const struct decode_options options = { 0 };
    for (uint64_t id = 0; id < count; id++) {
        struct image image;
        struct plan plan;
        int rc = decode_whole(index, id, &options, &image, err);
        for (int c = 0; c < 2 && rc == 0; c++) {
            rc = recipe_draw(recipes[c], id, 0, image.width, image.height, &plan, err);
            if (rc == 0)
                rc = render(renderer, &plan, RESAMPLER_EXACT, &image, 0, 0, &form, out[c], err);
        }
        if (rc < 0)
            return -1;
        free(image.pixels);
        add_image(out[0], out[1], d);
    }
    return 0;
}

static int run(const struct index *index, uint64_t count, struct error *err)
{
    struct renderer *renderer;
    if (renderer_open(&renderer, err) < 0)
        return -1;
    printf("%-56s %9s %8s %6s %6s %8s\n", "policy", "over 2", "maximum", "mean", "PSNR", "alike");
    int rc = 0;
    for (size_t p = 0; p < sizeof(policies) / sizeof(policies[0]) && rc == 0; p++) {
        struct recipe *recipes[2] = { NULL, NULL };
        struct distance d = { 0 };
        for (int c = 0; c < 2 && rc == 0; c++)
            rc = open_recipe(&recipes[c], policies[p], compats[c], err);
        if (rc == 0)
            rc = measure(index, count, recipes, renderer, &d, err);
        char line[200];
        snprintf(line, sizeof(line), policies[p], "fused");
        if (rc == 0)
            printf("%-56s %7.2f %% %8d %6.0f %6.1f %3d/%d\n", line, 100 * d.over / d.images,
                   d.maximum, d.most / d.images, d.psnr / d.images, d.alike, d.images);
        recipe_close(recipes[0]);
        recipe_close(recipes[1]);
    }
    renderer_close(renderer);
    return rc;
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    struct index *index = NULL;
    int64_t most = 200;
    if (argc < 2 || argc > 3 || (argc == 3 && !param_integer(argv[2], &most)) || most < 1) {
        fprintf(stderr, "usage: bench_fused DATA [IMAGES]\n");
        return 2;
    }
    int rc = index_open(&index, argv[1], NULL, &err);
    if (rc == 0) {
        uint64_t count = index_count(index);
        rc = run(index, count < (uint64_t)most ? count : (uint64_t)most, &err);
    }
    index_close(index);
    if (rc < 0)
        error_print(&err, "bench_fused");
    return rc < 0 ? error_status(&err) : 0;
}
