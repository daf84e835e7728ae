/*
 * Plans are drawn as in training; only the output stage is left out, so that levels can be seen.
 * A column is rendered for all rows before it is painted, since mixing needs pairs of rows.
 */
#include "loader/show.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "loader/decode.h"
#include "loader/order.h"

enum {
    MARGIN = 10,
    GAP = 8,
    BOX_MIN = 112,       /* small outputs are magnified to about this */
    BOX_MIN_PLANS = 182, /* so that what was drawn can be read */
    PLAN_LINES = 3,
    GLYPH = 7, /* a character's width */
    PAPER = 0xffffff,
    INK = 0x202020,
    FAINT = 0x707070,
    CROSSED = 0xf0e0e0,
};

struct show_options show_defaults(void)
{
    return (struct show_options){ .samples = 6, .versions = 7, .resampler = RESAMPLER_EXACT };
}

static int box_side(const struct recipe *recipe, const struct show_options *o, int *magnified)
{
    int width = 0, height = 0;
    struct error unknown = { 0 }; /* sizes that vary are fitted into a box of 224 */
    *magnified = 1;
    if (recipe_size(recipe, &width, &height, &unknown) < 0)
        return 224;
    int side = width > height ? width : height, least = o->plans ? BOX_MIN_PLANS : BOX_MIN;
    if (side > 320)
        return 320;
    *magnified = side >= least ? 1 : (least + side - 1) / side;
    return side * *magnified;
}

static int row_height(int side, const struct show_options *o)
{
    return side + (1 + (o->plans ? PLAN_LINES : 0)) * canvas_text_height(1) + GAP;
}

struct rect show_box(const struct recipe *recipe, const struct show_options *o, int row, int column,
                     int *magnified)
{
    int side = box_side(recipe, o, magnified);
    return (struct rect){
        .x = MARGIN + column * (side + GAP),
        .y = MARGIN + canvas_text_height(1) + GAP + row * row_height(side, o),
        .width = side,
        .height = side,
    };
}

/* A sample and what is shown of it. */
struct picture {
    uint64_t id;
    struct image image; /* pixels owned */
    struct plan plan;
    int times; /* how many pixels a side a pixel of the original takes */
    bool bad;  /* there is nothing to show in this column */
    bool told; /* of this sample's first such column */
    char caption[200];
};

struct show {
    const struct index *index; /* borrowed, as the two below */
    const struct recipe *recipe;
    const struct show_options *options;
    struct decoder *decoder; /* owned, as all below */
    struct renderer *renderer;
    struct buffer bytes;
    struct picture *pictures; /* of a column */
    struct canvas *canvas;
};

/* Render `plan` into a fresh image of `picture`. */
static int render_plan(struct show *s, struct picture *picture, const struct plan *plan,
                       enum plan_resampler resampler, struct error *err)
{
    const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    struct image *image = &picture->image, source;
    int x, y;
    free(image->pixels);
    image->width = plan->width;
    image->height = plan->height;
    image->stride = (size_t)plan->width * 3;
    image->pixels = memory_array((size_t)plan->height, image->stride, err);
    if (!image->pixels || decode_pixels(s->decoder, plan_needs(plan), &source, &x, &y, err) < 0)
        return -1;
    return render(s->renderer, plan, resampler, &source, x, y, &form, image->pixels, err);
}

static int read_header(struct show *s, uint64_t id, struct decode_info *info, struct error *err)
{
    if (index_read(s->index, id, &s->bytes, err) < 0)
        return -1; /* names the file itself */
    if (decode_header(s->decoder, s->bytes.data, s->bytes.size, info, err) < 0)
        return index_blame(s->index, id, err);
    return 0;
}

/* Plans the resize of width x height that just fits a box of `side`. */
static int plan_box(struct plan *plan, int width, int height, int side, struct error *err)
{
    double scale = (double)side / (width > height ? width : height);
    int w = (int)(width * scale + 0.5), h = (int)(height * scale + 0.5);
    plan_start(plan, width, height);
    return plan_resize(plan, w > 0 ? w : 1, h > 0 ? h : 1, err);
}

/* The original, resized to fit a box of `side`; a small one is magnified as the versions are, so
 * that both are seen alike. */
static int render_original(struct show *s, struct picture *picture, int side, struct error *err)
{
    struct decode_info info;
    if (read_header(s, picture->id, &info, err) < 0)
        return -1;
    struct plan *plan = &picture->plan;
    picture->times = side / (info.width > info.height ? info.width : info.height);
    if (picture->times < 2)
        picture->times = 1;
    plan_start(plan, info.width, info.height);
    if ((picture->times == 1 && plan_box(plan, info.width, info.height, side, err) < 0) ||
        render_plan(s, picture, plan, RESAMPLER_EXACT, err) < 0)
        return index_blame(s->index, picture->id, err);
    struct sample sample = index_sample(s->index, picture->id);
    const char *name = sample.label >= 0 ? index_class_name(s->index, sample.label) : NULL;
    if (name && strncmp(sample.key, name, strlen(name)) != 0)
        snprintf(picture->caption, sizeof(picture->caption), "%s (%s)", sample.key, name);
    else
        snprintf(picture->caption, sizeof(picture->caption), "%s", sample.key);
    return 0;
}

static int render_version(struct show *s, struct picture *picture, uint32_t epoch,
                          struct error *err)
{
    struct decode_info info;
    if (read_header(s, picture->id, &info, err) < 0)
        return -1;
    if (recipe_draw(s->recipe, picture->id, epoch, info.width, info.height, &picture->plan, err) <
        0)
        return index_blame(s->index, picture->id, err);
    struct plan seen = picture->plan;
    plan_drop_output(&seen);
    picture->caption[0] = '\0';
    if (render_plan(s, picture, &seen, s->options->resampler, err) < 0)
        return index_blame(s->index, picture->id, err);
    return 0;
}

/* Shrink what is larger than its box. */
static int shrink(struct show *s, struct picture *picture, int side, struct error *err)
{
    const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    struct image *image = &picture->image, small;
    struct plan plan;
    if (picture->bad || (image->width <= side && image->height <= side))
        return 0;
    if (plan_box(&plan, image->width, image->height, side, err) < 0)
        return -1;
    small = (struct image){ NULL, plan.width, plan.height, (size_t)plan.width * 3 };
    small.pixels = memory_array((size_t)small.height, small.stride, err);
    if (!small.pixels)
        return -1;
    int rc = render(s->renderer, &plan, RESAMPLER_EXACT, image, 0, 0, &form, small.pixels, err);
    free(image->pixels);
    *image = small;
    return rc;
}

static void mix_rows(struct show *s, const struct mix *mix, int column)
{
    const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    for (int i = 0; i + 1 < s->options->samples; i += 2) {
        struct picture *a = &s->pictures[i], *b = a + 1;
        if (a->bad || b->bad || a->image.width != b->image.width ||
            a->image.height != b->image.height)
            continue;
        struct mix_draw draw =
            mix_draw(mix, (uint64_t)column, (uint64_t)i, s->options->epoch + (uint32_t)column,
                     a->image.width, a->image.height);
        mix_apply(&draw, &form, a->image.width, a->image.height, a->image.pixels, b->image.pixels);
        snprintf(a->caption, sizeof(a->caption), "%.2f own", draw.lambda);
        snprintf(b->caption, sizeof(b->caption), "%.2f own", draw.lambda);
    }
}

/* Every pixel as a square of `times` x `times`. */
static void paint(struct canvas *canvas, const struct image *image, int x, int y, int times)
{
    if (times == 1) {
        canvas_image(canvas, image, x, y);
        return;
    }
    for (int j = 0; j < image->height; j++)
        for (int i = 0; i < image->width; i++) {
            const uint8_t *p = image->pixels + (size_t)j * image->stride + (size_t)i * 3;
            uint32_t color = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
            canvas_fill(canvas, (struct rect){ x + i * times, y + j * times, times, times }, color);
        }
}

/* One line of at most `width` pixels. */
static void write_line(struct canvas *canvas, int x, int y, int width, uint32_t color,
                       const char *text)
{
    char line[200];
    int most = width / GLYPH;
    if (most > (int)sizeof(line) - 1)
        most = (int)sizeof(line) - 1;
    if (canvas_text_width(text, 1) > width && most > 2)
        snprintf(line, sizeof(line), "%.*s..", most - 2, text);
    else
        snprintf(line, sizeof(line), "%s", text);
    canvas_text(canvas, x, y, color, 1, line);
}

/* "crop 300x200 at 40,12", in the file's pixels, where a part of it was resized to the output;
 * "395x296 at 169,56", the size after the resize and the output's place in it; both where both were
 * done; and the mirrors. */
static void geometry_line(const struct plan *plan, char *line, size_t size)
{
    const struct plan_axis *a = &plan->axis;
    const struct rect *w = &a->window;
    const char *flips[] = { "", " flip", " vflip", " flip both" };
    char crop[64] = "", place[64] = "";
    if (!a->valid) {
        snprintf(line, size, "no axis-aligned map");
        return;
    }
    bool part = w->width != plan->source_width || w->height != plan->source_height;
    bool whole = a->width == plan->width && a->height == plan->height && !a->left && !a->top;
    if (part)
        snprintf(crop, sizeof(crop), "crop %dx%d at %d,%d", w->width, w->height, w->x, w->y);
    if (!part || !whole)
        snprintf(place, sizeof(place), "%s%dx%d at %d,%d", part ? ", " : "", a->width, a->height,
                 a->left, a->top);
    snprintf(line, size, "%s%s%s", crop, place, flips[a->mirror_x + 2 * a->mirror_y]);
}

/* What was drawn: geometry, color, erasures. */
static void plan_lines(const struct plan *plan, char line[PLAN_LINES][100])
{
    memset(line, 0, PLAN_LINES * sizeof(line[0]));
    geometry_line(plan, line[0], sizeof(line[0]));
    if (plan->colors_used > 0) {
        const struct plan_color *c = &plan->colors[0];
        snprintf(line[1], sizeof(line[1]), "x%.2f %+ld %+ld %+ld", c->pixel[0][0],
                 lround(c->offset[0]), lround(c->offset[1]), lround(c->offset[2]));
    }
    if (plan->erasures_used > 0) {
        const struct rect *r = &plan->erasures[0].area;
        snprintf(line[2], sizeof(line[2]), "erase %dx%d at %d,%d", r->width, r->height, r->x, r->y);
    }
}

/* What stands for a picture that is not there. */
static void paint_cross(struct canvas *canvas, struct rect box)
{
    canvas_fill(canvas, box, CROSSED);
    canvas_frame(canvas, box, FAINT);
    for (int i = 0; i < box.width; i++) {
        canvas_fill(canvas, (struct rect){ box.x + i, box.y + i, 1, 1 }, FAINT);
        canvas_fill(canvas, (struct rect){ box.x + box.width - 1 - i, box.y + i, 1, 1 }, FAINT);
    }
}

static void paint_column(struct show *s, int column)
{
    for (int row = 0; row < s->options->samples; row++) {
        const struct picture *picture = &s->pictures[row];
        int times;
        struct rect box = show_box(s->recipe, s->options, row, column, &times);
        if (picture->bad)
            paint_cross(s->canvas, box);
        else
            paint(s->canvas, &picture->image, box.x, box.y, column == 0 ? picture->times : times);
        int y = box.y + box.height + 2;
        write_line(s->canvas, box.x, y, box.width, INK, picture->caption);
        if (column == 0 || !s->options->plans || picture->bad)
            continue;
        char line[PLAN_LINES][100];
        plan_lines(&picture->plan, line);
        int below = picture->caption[0] != '\0';
        for (int i = 0; i < PLAN_LINES; i++)
            write_line(s->canvas, box.x, y + (i + below) * canvas_text_height(1), box.width, FAINT,
                       line[i]);
    }
}

/* A sample that cannot be shown is told once, and its box is crossed: it does not end the sheet. */
static int render_box(struct show *s, struct picture *picture, int column, uint32_t epoch, int side,
                      struct error *err)
{
    const struct show_options *o = s->options;
    int rc = column == 0 ? render_original(s, picture, side, err)
                         : render_version(s, picture, epoch, err);
    picture->bad = rc < 0;
    if (rc == 0 || err->kind != ERROR_DATA || !o->bad)
        return rc;
    snprintf(picture->caption, sizeof(picture->caption), "%s",
             column == 0 ? index_sample(s->index, picture->id).key : "");
    if (!picture->told)
        o->bad(o->context, err);
    picture->told = true;
    *err = (struct error){ 0 };
    return 0;
}

static int draw_sheet(struct show *s, const struct mix *mix, struct error *err)
{
    const struct show_options *o = s->options;
    int times, side = box_side(s->recipe, o, &times);
    for (int column = 0; column <= o->versions; column++) {
        char title[32] = "original";
        uint32_t epoch = o->epoch + (uint32_t)column - 1;
        if (column > 0)
            snprintf(title, sizeof(title), "epoch %u", epoch);
        for (int row = 0; row < o->samples; row++)
            if (render_box(s, &s->pictures[row], column, epoch, side, err) < 0)
                return -1;
        if (mix && column > 0)
            mix_rows(s, mix, column - 1);
        for (int row = 0; row < o->samples; row++)
            if (shrink(s, &s->pictures[row], side, err) < 0)
                return -1;
        canvas_text(s->canvas, MARGIN + column * (side + GAP), MARGIN, FAINT, 1, title);
        paint_column(s, column);
    }
    return 0;
}

static int show_open(struct show *s, struct error *err)
{
    const struct show_options *o = s->options;
    struct decode_options decode = { .exif_apply = o->exif_apply };
    int times, side = box_side(s->recipe, o, &times);
    int width = 2 * MARGIN + (o->versions + 1) * (side + GAP) - GAP;
    int height = 2 * MARGIN + canvas_text_height(1) + GAP + o->samples * row_height(side, o) - GAP;
    s->pictures = memory_array((size_t)o->samples, sizeof(*s->pictures), err);
    if (!s->pictures || decoder_open(&s->decoder, &decode, err) < 0 ||
        renderer_open(&s->renderer, err) < 0)
        return -1;
    struct order order = order_make(index_count(s->index), o->order_seed, true);
    for (int i = 0; i < o->samples; i++)
        s->pictures[i].id = order_at(&order, 0, (uint64_t)i);
    return canvas_open(&s->canvas, width, height, PAPER, err);
}

int show_sheet(struct canvas **sheet, const struct index *index, const struct recipe *recipe,
               const struct mix *mix, const struct show_options *options, struct error *err)
{
    struct show_options o = *options;
    if (o.samples < 1 || o.versions < 1)
        return error_set(err, ERROR_USAGE, NULL, "a sheet of %d samples in %d versions", o.samples,
                         o.versions);
    if ((uint64_t)o.samples > index_count(index))
        o.samples = (int)index_count(index);
    struct show s = { .index = index, .recipe = recipe, .options = &o };
    int rc = show_open(&s, err);
    if (rc == 0)
        rc = draw_sheet(&s, mix, err);
    for (int i = 0; s.pictures && i < o.samples; i++)
        free(s.pictures[i].image.pixels);
    free(s.pictures);
    buffer_release(&s.bytes);
    renderer_close(s.renderer);
    decoder_close(s.decoder);
    if (rc == 0)
        *sheet = s.canvas;
    else
        canvas_close(s.canvas);
    return rc;
}
