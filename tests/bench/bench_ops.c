/*
 * Images a second of single augmentations by one thread: 8-bit RGB rows in and out (of a normalize
 * float32 planes), drawn and rendered, nothing else; of a mixing, images of pairs mixed in place.
 * Usage: bench_ops IMAGE WIDTH HEIGHT SECONDS OUT [RECIPE ...]
 *
 * IMAGE holds WIDTH x HEIGHT x 3 bytes; "-": generated. RECIPE is what stands behind `augment:`;
 * without any, each augmentation is measured with the middle of its strip. JSON on standard output:
 * {recipe: images a second}. OUT gets the first picture of each recipe, one behind the other, so
 * that they can be compared; "-": nowhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment/mix.h"
#include "augment/recipe.h"
#include "augment/render.h"
#include "base/memory.h"
#include "base/progress.h"

static int read_image(const char *path, struct image *image, struct error *err)
{
    size_t bytes = (size_t)image->height * image->stride;
    image->pixels = malloc(bytes + 1);
    if (!image->pixels)
        return error_set(err, ERROR_FAILED, NULL, "no memory for the image");
    if (strcmp(path, "-") == 0) {
        for (size_t i = 0; i < bytes; i++)
            image->pixels[i] = (uint8_t)(i / 96 + (i * 2654435761u >> 28));
        return 0;
    }
    FILE *file = fopen(path, "rb");
    size_t got = file ? fread(image->pixels, 1, bytes + 1, file) : 0;
    if (file)
        fclose(file);
    if (got != bytes)
        return error_set(err, ERROR_FAILED, path, "must be a file of %zu bytes", bytes);
    return 0;
}

/* One recipe for `seconds`; images a second, or -1. */
static double measure(const char *text, const struct image *source, double seconds, FILE *out,
                      struct error *err)
{
    static const struct output_form levels = { DTYPE_U8, LAYOUT_NHWC };
    static const struct output_form planes = { DTYPE_F32, LAYOUT_NCHW };
    char line[1000];
    struct config *config = NULL;
    struct recipe *recipe = NULL;
    struct renderer *renderer = NULL;
    struct plan *plan = malloc(sizeof(*plan));
    void *pixels = NULL;
    size_t capacity = 0;
    double rate = -1, start = clock_seconds(), now;
    uint64_t done = 0;
    snprintf(line, sizeof(line), "augment: [%s]", text);
    if (!plan || config_parse(&config, line, strlen(line), text, err) < 0 ||
        recipe_open(&recipe, node_get(config_root(config), "augment"), 1, err) < 0 ||
        renderer_open(&renderer, err) < 0)
        goto end;
    do {
        for (int i = 0; i < 8; i++, done++) {
            if (recipe_draw(recipe, done, 0, source->width, source->height, plan, err) < 0)
                goto end;
            const struct output_form form = plan->output.normalize ? planes : levels;
            size_t bytes = output_bytes(&form, plan->width, plan->height);
            if (memory_grow(&pixels, &capacity, bytes, 1, err) < 0 ||
                render(renderer, plan, RESAMPLER_EXACT, source, 0, 0, &form, pixels, err) < 0)
                goto end;
            if (done == 0 && out)
                fwrite(pixels, 1, bytes, out);
            if (done == 0)
                start = clock_seconds(); /* the first is the warm-up */
        }
        now = clock_seconds();
    } while (now - start < seconds);
    rate = (double)(done - 1) / (now - start);
end:
    free(pixels);
    free(plan);
    renderer_close(renderer);
    recipe_close(recipe);
    config_close(config);
    return rate;
}

/* One mixing of the image and its mirror for `seconds`; images a second, or -1. */
static double measure_mix(const char *name, const struct image *source, double seconds,
                          struct error *err)
{
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    size_t bytes = output_bytes(&form, source->width, source->height);
    char line[600];
    struct config *config = NULL;
    struct mix *mix = NULL;
    uint8_t *a = malloc(bytes), *b = malloc(bytes);
    double rate = -1, start = clock_seconds(), now;
    uint64_t done = 0;
    snprintf(line, sizeof(line), "mix: [{%s: {alpha: 1}}]", name);
    if (!a || !b || config_parse(&config, line, strlen(line), line, err) < 0 ||
        mix_open(&mix, node_get(config_root(config), "mix"), 1, err) < 0)
        goto end;
    memcpy(a, source->pixels, bytes);
    for (size_t i = 0; i < bytes; i++)
        b[i] = source->pixels[bytes - 1 - i];
    do {
        struct mix_draw draw = mix_draw(mix, done / 2, 0, 0, source->width, source->height);
        mix_apply(&draw, &form, source->width, source->height, a, b);
        done += 2;
        now = clock_seconds();
    } while (now - start < seconds);
    rate = (double)done / (now - start);
end:
    free(a);
    free(b);
    mix_close(mix);
    config_close(config);
    return rate;
}

static bool is_mixing(const char *name)
{
    const struct mix_about *mixing;
    for (size_t i = 0; (mixing = mix_about(i)); i++)
        if (strcmp(mixing->name, name) == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    if (argc < 6) {
        fprintf(stderr, "usage: bench_ops IMAGE WIDTH HEIGHT SECONDS OUT [RECIPE ...]\n");
        return 2;
    }
    int width = (int)strtol(argv[2], NULL, 10), height = (int)strtol(argv[3], NULL, 10);
    struct image source = { NULL, width, height, 3 * (size_t)width };
    double seconds = strtod(argv[4], NULL);
    FILE *out = strcmp(argv[5], "-") != 0 ? fopen(argv[5], "wb") : NULL;
    json_t *rates = json_object();
    int failed = read_image(argv[1], &source, &err) < 0;
    for (int i = 0; !failed && (argc > 6 ? i + 6 < argc : augmentations[i] != NULL); i++) {
        char line[400];
        if (argc > 6)
            snprintf(line, sizeof(line), "%s", argv[i + 6]);
        else {
            const struct augmentation *op = augmentations[i];
            size_t steps = 0;
            while (op->strip && op->strip[steps])
                steps++;
            snprintf(line, sizeof(line), "{%s: %s}", op->name, steps ? op->strip[steps / 2] : "{}");
        }
        struct error skipped = { 0 };
        double rate = is_mixing(line)
                          ? measure_mix(line, &source, seconds, &err)
                          : measure(line, &source, seconds, out, argc > 6 ? &err : &skipped);
        if (rate > 0)
            json_object_set_new(rates, line, json_real(rate));
        else if (argc > 6)
            failed = 1;
        else
            fprintf(stderr, "bench_ops: left out %s: %s\n", line, skipped.message);
    }
    if (failed)
        error_print(&err, "bench_ops");
    else
        json_dumpf(rates, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    if (out)
        fclose(out);
    json_decref(rates);
    free(source.pixels);
    return failed;
}
