/*
 * A contact sheet: a row for every sample, the original at left, then what the recipe makes of it
 * in successive epochs, as training would see it (before normalization).
 *
 *     struct show_options o = show_defaults();
 *     struct canvas *sheet;
 *     if (show_sheet(&sheet, index, recipe, mix, &o, &err) < 0) ...
 *     canvas_save(sheet, "sheet.png", &err);
 *     canvas_close(sheet);
 */
#ifndef TENFOLD_LOADER_SHOW_H
#define TENFOLD_LOADER_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "augment/mix.h"
#include "augment/recipe.h"
#include "base/canvas.h"
#include "loader/index.h"

struct show_options {
    int samples, versions; /* rows; augmented columns */
    uint32_t epoch;        /* of the first version */
    uint64_t order_seed;   /* chooses the samples */
    enum plan_resampler resampler;
    bool exif_apply;
    bool plans; /* print what was drawn below each version */
    /* Told of each sample that cannot be shown, once; NULL: it ends the sheet. */
    void (*bad)(void *context, const struct error *why);
    void *context; /* borrowed; for `bad` */
};

struct show_options show_defaults(void);

/* With `mix`, row i is mixed with row i xor 1. The caller owns the sheet. A sample that cannot be
 * read, or that the recipe cannot take, is told to `bad` and has crossed boxes; without `bad` it is
 * ERROR_DATA. */
int show_sheet(struct canvas **sheet, const struct index *index, const struct recipe *recipe,
               const struct mix *mix, const struct show_options *options, struct error *err);

/* Where on the sheet version `column` (0: the original) of row `row` has its top left corner, and
 * the side of its box in pixels; `magnified`: how many pixels a side a pixel takes. */
struct rect show_box(const struct recipe *recipe, const struct show_options *options, int row,
                     int column, int *magnified);

#endif
