#include "loader/strip.h"

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

/* What one line of a recipe makes of the image in draw `id`, into a fresh image. */
static int run_line(const char *line, uint64_t id, const struct image *image, struct image *result,
                    struct error *err)
{
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    char text[600];
    struct config *config;
    struct recipe *recipe = NULL;
    struct renderer *renderer = NULL;
    struct plan plan;
    snprintf(text, sizeof(text), strchr(line, ':') ? "augment: [{%s}]\n" : "augment: [%s]\n", line);
    if (config_parse(&config, text, strlen(text), line, err) < 0)
        return -1;
    result->pixels = NULL;
    int rc = recipe_open(&recipe, node_get(config_root(config), "augment"), 0, err);
    if (rc == 0)
        rc = recipe_draw(recipe, id, 0, image->width, image->height, &plan, err);
    if (rc == 0)
        rc = renderer_open(&renderer, err);
    if (rc == 0) {
        plan_drop_output(&plan); /* levels are to be seen */
        *result = (struct image){ NULL, plan.width, plan.height, 3 * (size_t)plan.width };
        result->pixels = memory_array((size_t)plan.height, result->stride, err);
        rc = result->pixels
                 ? render(renderer, &plan, RESAMPLER_EXACT, image, 0, 0, &form, result->pixels, err)
                 : -1;
    }
    if (rc < 0)
        free(result->pixels);
    renderer_close(renderer);
    recipe_close(recipe);
    config_close(config);
    return rc;
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

int strip_draw(struct canvas **strip, const struct augmentation *op, const struct image *image,
               struct error *err)
{
    char line[400], caption[400];
    int cells = 1;
    if (op->table != TABLE_NONE)
        return error_set(err, ERROR_USAGE, op->name,
                         "takes a table of a data set (nndata stats) and changes the output's "
                         "numbers only: there is no picture of it");
    while (strip_line(op, cells, line, sizeof(line)))
        cells++;
    int side = image->width > image->height ? image->width : image->height;
    side = side < STRIP_SIDE ? STRIP_SIDE : side;
    int text = LINES * canvas_text_height(1) + 2;
    if (canvas_open(strip, 2 * MARGIN + cells * (side + GAP) - GAP, 2 * MARGIN + side + text, PAPER,
                    err) < 0)
        return -1;
    canvas_image(*strip, image, MARGIN, MARGIN);
    write_caption(*strip, MARGIN, MARGIN + side + 2, side, "original");
    for (int i = 1; i < cells; i++) {
        int x = MARGIN + i * (side + GAP);
        struct image made;
        strip_line(op, i, line, sizeof(line));
        if (run_line(line, (uint64_t)i, image, &made, err) < 0) {
            canvas_close(*strip);
            *strip = NULL;
            return -1;
        }
        canvas_image(*strip, &made, x, MARGIN);
        if (made.width > side || made.height > side) /* an op that enlarges: only what fits */
            canvas_fill(*strip, (struct rect){ x + side, 0, GAP, 2 * MARGIN + side + text }, PAPER);
        free(made.pixels);
        canvas_fill(*strip, (struct rect){ x, MARGIN + side, side, MARGIN + text }, PAPER);
        caption_of(op, i, caption, sizeof(caption));
        write_caption(*strip, x, MARGIN + side + 2, side, caption);
    }
    return 0;
}

/* The middle of `from`, its short side resized to STRIP_SIDE. */
static int thumbnail(const struct image *from, struct image *image, struct error *err)
{
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    struct renderer *renderer;
    struct plan plan;
    plan_start(&plan, from->width, from->height);
    if (plan_resize_short(&plan, STRIP_SIDE, err) < 0 ||
        plan_center_crop(&plan, STRIP_SIDE, STRIP_SIDE, err) < 0 ||
        renderer_open(&renderer, err) < 0)
        return -1;
    *image = (struct image){ NULL, STRIP_SIDE, STRIP_SIDE, 3 * (size_t)STRIP_SIDE };
    image->pixels = memory_array(STRIP_SIDE, image->stride, err);
    int rc = image->pixels
                 ? render(renderer, &plan, RESAMPLER_EXACT, from, 0, 0, &form, image->pixels, err)
                 : -1;
    if (rc < 0)
        free(image->pixels);
    renderer_close(renderer);
    return rc;
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
