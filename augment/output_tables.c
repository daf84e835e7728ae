/* What output stages multiply and subtract: checked where it comes in, and copied. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/output.h"
#include "base/memory.h"

static float *copy_floats(const float *from, size_t count, struct error *err)
{
    float *to = memory_array(count, sizeof(*to), err);
    return to ? memcpy(to, from, count * sizeof(*to)) : NULL;
}

/* A copy as floats, every value finite. */
static float *take(const struct tensor *t, const char *place, const char *file, struct error *err)
{
    size_t count = tensor_count(t);
    if (t->dtype != DTYPE_F32) {
        error_set(err, ERROR_USAGE, place, "the table of %s is %s; must be F32", file,
                  dtype_name(t->dtype));
        return NULL;
    }
    const float *from = t->data;
    for (size_t i = 0; i < count; i++)
        if (!isfinite(from[i])) {
            error_set(err, ERROR_USAGE, place, "value %zu of the table of %s is not finite", i,
                      file);
            return NULL;
        }
    return copy_floats(from, count, err);
}

static bool is_side(int64_t length)
{
    return length >= 1 && length <= PLAN_SIZE_MAX;
}

int output_take_mean_image(struct output_tables *t, const struct tensor *mean, const char *place,
                           const char *file, struct error *err)
{
    output_tables_release(t);
    if (mean->rank != 3 || mean->shape[0] != 3 || !is_side(mean->shape[1]) ||
        !is_side(mean->shape[2]))
        return error_set(err, ERROR_USAGE, place, "mean_image of %s is not (3,h,w), sides 1..%d",
                         file, PLAN_SIZE_MAX);
    t->mean_image = take(mean, place, file, err);
    t->mean_width = (int)mean->shape[2];
    t->mean_height = (int)mean->shape[1];
    return t->mean_image ? 0 : -1;
}

int output_take_whitening(struct output_tables *t, const struct tensor *whitening,
                          const struct tensor *center, const char *place, const char *file,
                          struct error *err)
{
    output_tables_release(t);
    if (whitening->rank != 2 || whitening->shape[0] < 1 ||
        whitening->shape[0] != whitening->shape[1] || !center || center->rank != 1 ||
        center->shape[0] != whitening->shape[0])
        return error_set(err, ERROR_USAGE, place,
                         "whitening of %s is not (d,d) with whitening_mean (d)", file);
    t->values = (size_t)whitening->shape[0];
    t->whitening = take(whitening, place, file, err);
    t->center = t->whitening ? take(center, place, file, err) : NULL;
    return t->center ? 0 : -1;
}

int output_tables_copy(struct output_tables *to, const struct output_tables *from,
                       struct error *err)
{
    struct output_tables made = *from;
    size_t pixels = 3 * (size_t)from->mean_width * (size_t)from->mean_height, d = from->values;
    made.mean_image = made.whitening = made.center = NULL;
    if ((from->mean_image && !(made.mean_image = copy_floats(from->mean_image, pixels, err))) ||
        (from->whitening && (!(made.whitening = copy_floats(from->whitening, d * d, err)) ||
                             !(made.center = copy_floats(from->center, d, err))))) {
        output_tables_release(&made);
        return -1;
    }
    *to = made;
    return 0;
}

void output_tables_release(struct output_tables *t)
{
    free(t->mean_image);
    free(t->whitening);
    free(t->center);
    *t = (struct output_tables){ .mean_image = NULL };
}
