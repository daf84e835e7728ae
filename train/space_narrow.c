/*
 * From a coarse search to a finer one: a smaller space around what was best.
 */
#include <math.h>
#include <string.h>

#include "base/real.h"
#include "train/space.h"

static bool in_logarithms(enum space_law law)
{
    return law == SPACE_LOG_UNIFORM || law == SPACE_LOG_INT;
}

/* The mean of the best values, of their logarithms where the axis has such; false: none is there.
 */
static bool center_of(const struct space_axis *axis, json_t *const *best, size_t count,
                      double *center)
{
    double sum = 0;
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(best[i], axis->key);
        double x = json_number_value(value);
        if (!json_is_number(value) || (in_logarithms(axis->law) && x <= 0))
            continue;
        sum += in_logarithms(axis->law) ? real_log(x) : x;
        used++;
    }
    *center = used ? sum / (double)used : 0;
    return used > 0;
}

/* The choices that are among the best, in their old order. */
static json_t *best_choices(const struct space_axis *axis, json_t *const *best, size_t count)
{
    json_t *kept = json_array();
    for (size_t i = 0; i < json_array_size(axis->choices) && kept; i++) {
        json_t *choice = json_array_get(axis->choices, i);
        bool wanted = false;
        for (size_t j = 0; j < count && !wanted; j++)
            wanted = json_equal(choice, json_object_get(best[j], axis->key));
        if (wanted && json_array_append(kept, choice) < 0) {
            json_decref(kept);
            kept = NULL;
        }
    }
    if (kept && json_array_size(kept) == 0) {
        json_decref(kept);
        kept = json_deep_copy(axis->choices);
    }
    return kept;
}

static int narrow_axis(struct space *narrow, const struct space_axis *axis, json_t *const *best,
                       size_t count, double shrink, struct error *err)
{
    double center;
    if (axis->law == SPACE_CHOICE)
        return space_set_choices(narrow, axis->key, best_choices(axis, best, count), err);
    if (!center_of(axis, best, count, &center))
        return space_set(narrow, axis->key, axis->law, axis->low, axis->high, err);
    if (axis->law == SPACE_NORMAL)
        return space_set(narrow, axis->key, axis->law, center, shrink * axis->high, err);
    bool logs = in_logarithms(axis->law);
    double low = logs ? real_log(axis->low) : axis->low;
    double high = logs ? real_log(axis->high) : axis->high;
    double half = shrink * (high - low) / 2;
    /* The best at the edge of a range of logarithms says that the range was the wrong one. */
    double beyond = axis->law == SPACE_LOG_UNIFORM ? half : 0;
    double from = fmax(center - half, low - beyond), to = fmin(center + half, high + beyond);
    if (logs) {
        from = real_exp(from);
        to = real_exp(to);
    }
    if (axis->law == SPACE_INT || axis->law == SPACE_LOG_INT) {
        from = fmax(floor(from), axis->low);
        to = fmin(ceil(to), axis->high);
    }
    return space_set(narrow, axis->key, axis->law, from, to, err);
}

int space_narrow(struct space *narrow, const struct space *space, json_t *const *best, size_t count,
                 double shrink, struct error *err)
{
    for (size_t i = 0; i < space->count; i++)
        if (narrow_axis(narrow, &space->axis[i], best, count, shrink, err) < 0)
            return -1;
    return 0;
}
