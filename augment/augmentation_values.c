#include "augment/augmentation_values.h"

#include <stddef.h>

const char *const filter_names[] = {
    [FILTER_BILINEAR] = "bilinear", [FILTER_BICUBIC] = "bicubic", [FILTER_NEAREST] = "nearest", NULL
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

void fill_with(struct plan *plan, double level)
{
    plan->fill.mode = FILL_CONSTANT;
    for (int c = 0; c < 3; c++)
        plan->fill.level[c] = (uint8_t)(level + 0.5);
}
