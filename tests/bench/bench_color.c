/*
 * Each color augmentation alone, one thread: pictures already decoded, 8-bit rows in and out, drawn
 * and rendered.
 *
 *     bench_color [PICTURES.npy SECONDS RECIPE...]
 *
 * PICTURES.npy is (n,h,w,3) of U8, a RECIPE one line of an augment list. For each it prints
 * microseconds a picture (the thread's processor time, the median of five rounds), and the mean
 * level of the last picture's result, by which a caller can tell that it is the right one. Without
 * arguments every augmentation by its default or by a usual strength, on pictures of 500x375 made
 * here, beside a copy of the picture.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "augment/recipe.h"
#include "augment/render.h"
#include "base/npy.h"
#include "base/simd.h"

enum { ROUNDS = 5, MADE = 16, WIDTH = 500, HEIGHT = 375 };

struct pictures {
    size_t count;
    int width, height;
    const uint8_t *pixels;
};

static const char *const usual[] = {
    "brightness",
    "contrast",
    "saturation",
    "hue",
    "{color_jitter: {brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1}}",
    "pca_color",
    "{grayscale: 1}",
    "gamma",
    "autocontrast",
    "equalize",
    "invert",
    "{posterize: 4}",
    "{solarize: 128}",
    "{solarize_add: 64}",
    "{sharpness: 1.5}",
    "{gaussian_blur: 3}",
    "{gaussian_blur: 5}",
    "{gaussian_blur: 9}",
    "{gaussian_blur: 23}",
    "gaussian_noise",
};

static void stop(const struct error *err)
{
    error_print(err, "bench_color");
    exit(error_status(err));
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Microseconds a picture; recipe NULL: a copy. */
static double measure(const struct pictures *p, const struct recipe *recipe, double seconds,
                      uint8_t *out)
{
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    size_t bytes = 3 * (size_t)p->width * (size_t)p->height;
    struct error err = { 0 };
    struct renderer *renderer;
    double round[ROUNDS];
    if (renderer_open(&renderer, &err) < 0)
        stop(&err);
    for (int i = -1; i < ROUNDS; i++) { /* the first is the warm-up */
        double start = now(), end = start;
        size_t done = 0;
        for (; end - start < seconds / ROUNDS; end = now())
            for (size_t k = 0; k < p->count; k++, done++) {
                struct image image = { (uint8_t *)p->pixels + k * bytes, p->width, p->height,
                                       3 * (size_t)p->width };
                struct plan plan;
                if (!recipe) {
                    memcpy(out, image.pixels, bytes);
                    continue;
                }
                if (recipe_draw(recipe, done, 0, p->width, p->height, &plan, &err) < 0 ||
                    render(renderer, &plan, RESAMPLER_FAST, &image, 0, 0, &form, out, &err) < 0)
                    stop(&err);
            }
        if (i >= 0)
            round[i] = 1e6 * (end - start) / (double)done;
    }
    renderer_close(renderer);
    qsort(round, ROUNDS, sizeof(round[0]), compare);
    return round[ROUNDS / 2];
}

static double mean_level(const struct pictures *p, const uint8_t *out)
{
    size_t bytes = 3 * (size_t)p->width * (size_t)p->height;
    double sum = 0;
    for (size_t i = 0; i < bytes; i++)
        sum += out[i];
    return sum / (double)bytes;
}

static struct recipe *open_recipe(const char *line)
{
    char text[512];
    struct config *config;
    struct recipe *recipe = NULL;
    struct error err = { 0 };
    snprintf(text, sizeof(text), "augment: [%s]", line);
    if (config_parse(&config, text, strlen(text), line, &err) < 0 ||
        recipe_open(&recipe, node_get(config_root(config), "augment"), 1, &err) < 0)
        stop(&err);
    config_close(config);
    return recipe;
}

static double run(const struct pictures *p, const char *line, double seconds, uint8_t *out)
{
    struct recipe *recipe = open_recipe(line);
    double us = measure(p, recipe, seconds, out);
    recipe_close(recipe);
    return us;
}

/* Smooth shapes with some noise, so that neighboring levels are as near as a photograph's. */
static uint8_t *make_pictures(void)
{
    uint8_t *pixels = malloc((size_t)MADE * HEIGHT * WIDTH * 3);
    uint32_t state = 1;
    for (int k = 0; pixels && k < MADE; k++)
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++)
                for (int c = 0; c < 3; c++) {
                    int level = ((x - 250) * (y - 190) / (64 + 8 * k) + 40 * c) & 511;
                    state = state * 1664525 + 1013904223;
                    level = (level < 256 ? level : 511 - level) * 7 / 8 + (int)(state >> 27);
                    pixels[3 * (((size_t)k * HEIGHT + (size_t)y) * WIDTH + (size_t)x) + (size_t)c] =
                        (uint8_t)level;
                }
    return pixels;
}

static int run_usual(void)
{
    uint8_t *pixels = make_pictures(), *out = malloc((size_t)HEIGHT * WIDTH * 3);
    if (!pixels || !out)
        return 1;
    struct pictures p = { MADE, WIDTH, HEIGHT, pixels };
    double copy = measure(&p, NULL, 0.2, out);
    printf("color augmentations alone, %dx%d, 8 bits in and out, 1 thread, %s\n", WIDTH, HEIGHT,
           simd_names[simd_level()]);
    printf("%9.1f us        a copy of the picture\n", copy);
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        double us = run(&p, usual[i], 0.2, out);
        printf("%9.1f us %6.1f %s\n", us, us / copy, usual[i]);
    }
    free(out);
    free(pixels);
    return 0;
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    if (simd_check(&err) < 0)
        stop(&err);
    if (argc == 1)
        return run_usual();
    if (argc < 4) {
        fprintf(stderr, "usage: bench_color [PICTURES.npy SECONDS RECIPE...]\n");
        return 2;
    }
    struct tensor t;
    if (npy_read(argv[1], &t, &err) < 0)
        stop(&err);
    if (t.rank != 4 || t.dtype != DTYPE_U8 || t.shape[3] != 3) {
        error_set(&err, ERROR_DATA, argv[1], "is not (n,h,w,3) of U8");
        stop(&err);
    }
    struct pictures p = { (size_t)t.shape[0], (int)t.shape[2], (int)t.shape[1], t.data };
    uint8_t *out = malloc(3 * (size_t)p.width * (size_t)p.height);
    for (int i = 3; out && i < argc; i++) {
        double us = run(&p, argv[i], strtod(argv[2], NULL), out);
        printf("%.2f %.3f\n", us, mean_level(&p, out));
    }
    free(out);
    free(t.data);
    return out ? 0 : 1;
}
