#include "augment/augmentation_values.h"

#include <stddef.h>

const char *const filter_names[] = {
    [FILTER_BILINEAR] = "bilinear", [FILTER_BICUBIC] = "bicubic", [FILTER_NEAREST] = "nearest", NULL
};

const char *const keep_filter_names[] = {
    "keep",
    [1 + FILTER_BILINEAR] = "bilinear",
    [1 + FILTER_BICUBIC] = "bicubic",
    [1 + FILTER_NEAREST] = "nearest",
    NULL,
};

const char *const fill_mode_names[] = {
    [FILL_CONSTANT] = "constant", [FILL_EDGE] = "edge", [FILL_REFLECT] = "reflect", NULL
};

int size_check(const union value *v, const struct node *node, struct error *err)
{
    if (v->list.count > 2)
        return node_error(node, err, "size has %d numbers; must be one side, or [height, width]",
                          v->list.count);
    for (int i = 0; i < v->list.count; i++)
        if (v->list.item[i] != (int)v->list.item[i])
            return node_error(node, err, "size is %g; must be a whole number of pixels",
                              v->list.item[i]);
    return 0;
}

void size_of(const union value *v, int *width, int *height)
{
    *height = (int)v->list.item[0];
    *width = (int)v->list.item[v->list.count - 1];
}

void strength_range(const union value *v, double center, double range[2])
{
    double low = v->list.item[0], high = v->list.item[v->list.count - 1];
    if (v->list.count == 1) {
        low = center - high;
        high = center + high;
        if (center == 1 && low < 0)
            low = 0;
    }
    range[0] = low;
    range[1] = high;
}

int strength_check(const union value *v, const char *name, const struct node *node,
                   struct error *err)
{
    const double *item = v->list.item;
    if (v->list.count > 2)
        return node_error(node, err,
                          "%s has %d numbers; must be one, the largest change, or [min, max]", name,
                          v->list.count);
    if (v->list.count == 1 && item[0] < 0)
        return node_error(node, err, "%s is %g; the largest change must be 0 or more", name,
                          item[0]);
    if (v->list.count == 2 && item[0] > item[1])
        return node_error(node, err, "%s is [%g, %g]; min must be at most max", name, item[0],
                          item[1]);
    return 0;
}

double strength_draw(const union value *v, double center, struct rng *rng)
{
    double range[2];
    strength_range(v, center, range);
    return rng_range(rng, range[0], range[1]);
}

int fill_check(const union value *fill, const struct node *node, struct error *err)
{
    if (fill->list.count != 1 && fill->list.count != 3)
        return node_error(node, err,
                          "fill has %d numbers; must be one level, or [red, green, blue]",
                          fill->list.count);
    return 0;
}

void fill_set(struct plan *plan, const union value *fill, const union value *mode)
{
    plan->fill.mode = (enum plan_fill_mode)mode->integer;
    for (int c = 0; c < 3; c++)
        plan->fill.level[c] = (uint8_t)(fill->list.item[fill->list.count == 3 ? c : 0] + 0.5);
}

void filter_keep(struct plan *plan, const union value *filter)
{
    if (filter->integer > 0)
        plan->filter = (enum plan_filter)(filter->integer - 1);
}

int spread_check(const char *name, const union value *v, const struct node *node, struct error *err)
{
    const double *x = v->list.item;
    if (v->list.count > 2)
        return node_error(node, err, "%s has %d numbers; must be one, or [lowest, highest]", name,
                          v->list.count);
    if (v->list.count == 1 && x[0] < 0)
        return node_error(node, err, "%s is %g; one number must be at least 0: it means [-x, x]",
                          name, x[0]);
    if (v->list.count == 2 && x[0] > x[1])
        return node_error(node, err, "%s is [%g, %g]; the lowest comes first", name, x[0], x[1]);
    return 0;
}

double spread_draw(const union value *v, struct rng *rng)
{
    const double *x = v->list.item;
    return v->list.count == 1 ? rng_range(rng, -x[0], x[0]) : rng_range(rng, x[0], x[1]);
}
