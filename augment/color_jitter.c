/*
 * Brightness, contrast, saturation and hue, each by a random strength, in an order drawn uniformly
 * from the 24: torchvision's ColorJitter, with its ranges. What is left at 0 is left out. Matrices
 * that come next to one another fold.
 */
#include "augment/augmentation_values.h"
#include "augment/color.h"

enum { BRIGHTNESS, CONTRAST, SATURATION, HUE, KINDS };

#define HELP "largest change of the factor, or its [min, max]"

static const struct param params[] = {
    [BRIGHTNESS] = STRENGTH_ROW("brightness", 0, 100, "0", HELP),
    [CONTRAST] = STRENGTH_ROW("contrast", 0, 100, "0", HELP),
    [SATURATION] = STRENGTH_ROW("saturation", 0, 100, "0", HELP),
    [HUE] = STRENGTH_ROW("hue", -0.5, 0.5, "0", "largest turn, or its [min, max]; the circle is 1"),
    { 0 },
};

static double center(int kind)
{
    return kind == HUE ? 0 : 1;
}

static int check(const union value *v, const struct node *node, struct error *err)
{
    for (int kind = 0; kind < KINDS; kind++)
        if (strength_check(&v[kind], params[kind].name, node, err) < 0)
            return -1;
    return 0;
}

static struct plan_color entry_of(int kind, double strength)
{
    switch (kind) {
    case BRIGHTNESS:
        return color_brightness(strength);
    case CONTRAST:
        return color_contrast(strength);
    case SATURATION:
        return color_saturation(strength);
    default:
        return color_hue(strength);
    }
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    int order[KINDS] = { BRIGHTNESS, CONTRAST, SATURATION, HUE };
    double strength[KINDS];
    for (int i = KINDS - 1; i > 0; i--) { /* Fisher and Yates */
        int j = (int)rng_below(rng, (uint64_t)i + 1), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
    for (int kind = 0; kind < KINDS; kind++)
        strength[kind] = strength_draw(&v[kind], center(kind), rng);
    for (int i = 0; i < KINDS; i++) {
        double range[2];
        strength_range(&v[order[i]], center(order[i]), range);
        if (range[0] == center(order[i]) && range[1] == center(order[i]))
            continue;
        struct plan_color entry = entry_of(order[i], strength[order[i]]);
        if (plan_color(plan, &entry, err) < 0)
            return -1;
    }
    return 0;
}

static const char *const strip[] = {
    "{brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.05}",
    "{brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1}",
    "{brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.2}",
    "{brightness: 1, contrast: 1, saturation: 1, hue: 0.5}",
    NULL,
};

const struct augmentation augment_color_jitter = {
    .name = "color_jitter",
    .summary = "brightness, contrast, saturation and hue in random order",
    .source = "torchvision's ColorJitter",
    .kind = AUGMENT_COLOR,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
