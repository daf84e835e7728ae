/*
 * The output stages that need more than three numbers: a mean image, a whitening matrix. Both come
 * from files (nndata stats writes them), which the loader reads and the recipe keeps.
 *
 *     if (output_needs_tables(&plan->output))
 *         output_apply(tables, plan, sample, &form, out);       // sample (3,h,w) on the 0..1 scale
 */
#ifndef TENFOLD_AUGMENT_OUTPUT_H
#define TENFOLD_AUGMENT_OUTPUT_H

#include "augment/plan.h"
#include "augment/render.h"

struct output_tables {
    float *mean_image; /* owned: (3,height,width), levels 0..255; NULL: none */
    int mean_width, mean_height;
    float *whitening, *center; /* owned: (values,values) and (values); NULL: none */
    size_t values;             /* d */
};

/* Copies of a mean image (3,h,w), or of a whitening matrix (d,d) and its mean (d), in place of what
 * `tables` held: F32, every value finite. ERROR_USAGE at `place` names `file`, where they come
 * from; `center` may be NULL, which is refused. */
int output_take_mean_image(struct output_tables *tables, const struct tensor *mean_image,
                           const char *place, const char *file, struct error *err);
int output_take_whitening(struct output_tables *tables, const struct tensor *whitening,
                          const struct tensor *center, const char *place, const char *file,
                          struct error *err);
/* `to` gets its own copies. */
int output_tables_copy(struct output_tables *to, const struct output_tables *from,
                       struct error *err);

bool output_needs_tables(const struct plan_output *output);

/* The mean image is subtracted (bilinear between its pixels, its edge beyond it) and what is left
 * divided by std; or the sample minus `center` is multiplied by the matrix, in float in a fixed
 * order. Then type and layout. `sample` is changed. ERROR_USAGE when the plan asks for a table that
 * is not there or does not fit. */
int output_apply(const struct output_tables *tables, const struct plan *plan, float *sample,
                 const struct output_form *form, void *out, struct error *err);

void output_tables_release(struct output_tables *tables);

#endif
