#include "loader/strip.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment/recipe.h"
#include "augment/render.h"
#include "base/memory.h"
#include "loader/decode_whole.h"
#include "loader/synth_paint.h"

enum {
    MARGIN = 4,
    GAP = 6,
    LINES = 3, /* of a caption */
    GLYPH = 7, /* a character's width */
    DRAWS = 7, /* where there are no values from weak to strong */
    PAPER = 0xffffff,
    INK = 0x202020,
};

const char *strip_line(const struct augmentation *op, int i, char *text, size_t size)
{
    if (i < 1 || i >= STRIP_CELLS)
        return NULL;
    if (!op->strip) {
        snprintf(text, size, "%s", op->name);
        return i <= DRAWS ? text : NULL;
    }
    for (int k = 0; k < i; k++)
        if (!op->strip[k])
            return NULL;
    snprintf(text, size, "%s: %s", op->name, op->strip[i - 1]);
    return text;
}

/* What an output stage makes of levels, as levels: 0 is the middle, -2 black and 2 white. */
static void show_values(const float *values, struct image *image)
{
    size_t n = 3 * (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < n; i++) {
        double level = floor(127.5 + values[i] * 255 / 4 + 0.5);
        image->pixels[i] = (uint8_t)(level > 0 ? level < 255 ? level : 255 : 0);
    }
}

/* A plan executed, into a fresh image. */
static int render_plan(const struct plan *plan, const struct image *image, struct image *result,
                       struct error *err)
{
    static const struct output_form levels = { DTYPE_U8, LAYOUT_NHWC };
    static const struct output_form values = { DTYPE_F32, LAYOUT_NHWC };
    size_t row = 3 * (size_t)plan->width;
    struct renderer *renderer = NULL;
    float *out = NULL;
    *result = (struct image){ NULL, plan->width, plan->height, row };
    int rc = renderer_open(&renderer, err);
    if (rc == 0 && !(result->pixels = memory_array((size_t)plan->height, row, err)))
        rc = -1;
    if (rc == 0 && plan->output.normalize &&
        !(out = memory_array((size_t)plan->height, row * sizeof(*out), err)))
        rc = -1;
    if (rc == 0)
        rc = render(renderer, plan, RESAMPLER_EXACT, image, 0, 0, out ? &values : &levels,
                    out ? (void *)out : result->pixels, err);
    if (rc == 0 && out)
        show_values(out, result);
    if (rc < 0)
        free(result->pixels);
    free(out);
    renderer_close(renderer);
    return rc;
}

/* What one line of a recipe makes of the image in draw `id`, into a fresh image. */
static int run_line(const char *line, uint64_t id, const struct image *image, struct image *result,
                    struct error *err)
{
    char text[600];
    struct config *config;
    struct recipe *recipe = NULL;
    struct plan plan;
    snprintf(text, sizeof(text), strchr(line, ':') ? "augment: [{%s}]\n" : "augment: [%s]\n", line);
    if (config_parse(&config, text, strlen(text), line, err) < 0)
        return -1;
    int rc = recipe_open(&recipe, node_get(config_root(config), "augment"), 0, err);
    if (rc == 0)
        rc = recipe_draw(recipe, id, 0, image->width, image->height, &plan, err);
    if (rc == 0)
        rc = render_plan(&plan, image, result, err);
    recipe_close(recipe);
    config_close(config);
    return rc;
}

/* An op that enlarges is shown as a whole: shrunk to `side`. */
static int fit(struct image *image, int side, struct error *err)
{
    int longer = image->width > image->height ? image->width : image->height;
    struct image small;
    struct plan plan;
    if (longer <= side)
        return 0;
    plan_start(&plan, image->width, image->height);
    int width = image->width * side / longer, height = image->height * side / longer;
    if (plan_resize(&plan, width > 0 ? width : 1, height > 0 ? height : 1, err) < 0 ||
        render_plan(&plan, image, &small, err) < 0)
        return -1;
    free(image->pixels);
    *image = small;
    return 0;
}

/* `text` in up to LINES lines of `width` pixels, cut at blanks where it can be. */
static void write_caption(struct canvas *canvas, int x, int y, int width, const char *text)
{
    size_t most = (size_t)(width / GLYPH);
    for (int line = 0; line < LINES && *text; line++) {
        char part[200];
        size_t size = strlen(text);
        if (size > most) {
            size = most;
            while (size > most / 2 && text[size] != ' ')
                size--;
            if (text[size] != ' ')
                size = most;
        }
        snprintf(part, sizeof(part), "%.*s", (int)size, text);
        canvas_text(canvas, x, y + line * canvas_text_height(1), INK, 1, part);
        text += size;
        text += *text == ' ';
    }
}

/* The values of a line without its outer braces: what a caption has room for. */
static void caption_of(const struct augmentation *op, int i, char *caption, size_t size)
{
    if (!op->strip) {
        snprintf(caption, size, "draw %d", i);
        return;
    }
    const char *value = op->strip[i - 1];
    size_t length = strlen(value);
    if (value[0] == '{' && length >= 2)
        snprintf(caption, size, "%.*s", (int)(length - 2), value + 1);
    else
        snprintf(caption, size, "%s", value);
}

/* A strip of `cells` pictures with the original in the first. */
static int start(struct canvas **strip, const struct image *image, int cells, int *side,
                 struct error *err)
{
    int longer = image->width > image->height ? image->width : image->height;
    *side = longer < STRIP_SIDE ? STRIP_SIDE : longer;
    int width = 2 * MARGIN + cells * (*side + GAP) - GAP;
    int height = 2 * MARGIN + *side + LINES * canvas_text_height(1) + 2;
    if (canvas_open(strip, width, height, PAPER, err) < 0)
        return -1;
    canvas_image(*strip, image, MARGIN, MARGIN);
    write_caption(*strip, MARGIN, MARGIN + *side + 2, *side, "original");
    return 0;
}

static void put(struct canvas *strip, int cell, int side, const struct image *image,
                const char *caption)
{
    int x = MARGIN + cell * (side + GAP);
    canvas_image(strip, image, x, MARGIN);
    write_caption(strip, x, MARGIN + side + 2, side, caption);
}

int strip_draw(struct canvas **strip, const struct augmentation *op, const struct image *image,
               struct error *err)
{
    char line[400], caption[400];
    int cells = 1, side;
    if (op->table != TABLE_NONE)
        return error_set(err, ERROR_USAGE, op->name,
                         "takes a table of a data set (nndata stats) and changes the output's "
                         "numbers only: there is no picture of it");
    while (strip_line(op, cells, line, sizeof(line)))
        cells++;
    if (start(strip, image, cells, &side, err) < 0)
        return -1;
    for (int i = 1; i < cells; i++) {
        struct image made;
        strip_line(op, i, line, sizeof(line));
        if (run_line(line, (uint64_t)i, image, &made, err) < 0)
            goto fail;
        if (fit(&made, side, err) < 0) {
            free(made.pixels);
            goto fail;
        }
        caption_of(op, i, caption, sizeof(caption));
        put(*strip, i, side, &made, caption);
        free(made.pixels);
    }
    return 0;
fail:
    canvas_close(*strip);
    *strip = NULL;
    return -1;
}

/* `image` and its partner in the i-th batch that `mix` draws, into `own` and `other`. */
static struct mix_draw mix_pair(const struct mix *mix, int i, const struct image *image,
                                const struct image *partner, struct image *own, struct image *other)
{
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    size_t bytes = output_bytes(&form, image->width, image->height);
    struct mix_draw draw = mix_draw(mix, (uint64_t)i, 0, 0, image->width, image->height);
    memcpy(own->pixels, image->pixels, bytes);
    memcpy(other->pixels, partner->pixels, bytes);
    mix_apply(&draw, &form, image->width, image->height, own->pixels, other->pixels);
    return draw;
}

int strip_mix(struct canvas **strip, const struct mix_about *mixing, const struct image *image,
              const struct image *partner, struct error *err)
{
    char text[200], caption[40];
    int side;
    struct config *config;
    struct mix *mix = NULL;
    struct image own = *image, other = *image;
    assert(image->width == partner->width && image->height == partner->height &&
           image->stride == 3 * (size_t)image->width && partner->stride == image->stride);
    snprintf(text, sizeof(text), "mix: [{%s: {alpha: 1}}]\n", mixing->name);
    if (config_parse(&config, text, strlen(text), mixing->name, err) < 0)
        return -1;
    int rc = mix_open(&mix, node_get(config_root(config), "mix"), 0, err);
    own.pixels = rc == 0 ? memory_array((size_t)image->height, image->stride, err) : NULL;
    other.pixels = own.pixels ? memory_array((size_t)image->height, image->stride, err) : NULL;
    rc = other.pixels ? start(strip, image, DRAWS + 1, &side, err) : -1;
    if (rc == 0)
        put(*strip, 1, side, partner, "its partner");
    for (int i = 2; rc == 0 && i <= DRAWS; i++) {
        struct mix_draw draw = mix_pair(mix, i, image, partner, &own, &other);
        snprintf(caption, sizeof(caption), "draw %d: %.2f own", i - 1, draw.lambda);
        put(*strip, i, side, &own, caption);
    }
    free(other.pixels);
    free(own.pixels);
    mix_close(mix);
    config_close(config);
    return rc;
}

/* The middle of `from`, its short side resized to STRIP_SIDE. */
static int thumbnail(const struct image *from, struct image *image, struct error *err)
{
    struct plan plan;
    plan_start(&plan, from->width, from->height);
    if (plan_resize_short(&plan, STRIP_SIDE, err) < 0 ||
        plan_center_crop(&plan, STRIP_SIDE, STRIP_SIDE, err) < 0)
        return -1;
    return render_plan(&plan, from, image, err);
}

int strip_picture(struct image *image, int number, struct error *err)
{
    struct scene scene;
    struct painter *painter;
    scene_draw(&scene, 2, SCENE_TRAIN, number % SCENE_CLASSES, (uint32_t)number);
    if (painter_open(&painter, err) < 0)
        return -1;
    struct image painted = painter_paint(painter, &scene);
    int rc = thumbnail(&painted, image, err);
    painter_close(painter);
    return rc;
}

int strip_thumbnail(const struct index *index, uint64_t id, struct image *image, struct error *err)
{
    struct image whole;
    if (decode_whole(index, id, NULL, &whole, err) < 0)
        return -1;
    int rc = thumbnail(&whole, image, err);
    free(whole.pixels);
    return rc;
}
