/*
 * Random erasing: with probability `p` a rectangle of random area and aspect, inside the image, is
 * written over. Zhong et al., "Random Erasing Data Augmentation", arXiv:1708.04896. Drawn as
 * torchvision's RandomErasing: area uniform, aspect (height / width) log-uniform, ten tries for a
 * rectangle smaller than the image on both sides. `mode`, `count` and normal units are timm's:
 * there the values are standard normal where normalized pixels are.
 */
#include <math.h>

#include "augment/augmentation.h"
#include "base/real.h"

enum { P, SCALE, RATIO, MODE, VALUE, UNITS, COUNT };
enum { TRIES = 10 };
enum { MODE_CONST, MODE_RAND, MODE_PIXEL };
enum { UNITS_LEVEL, UNITS_NORMAL };

static const char *const modes[] = {
    [MODE_CONST] = "const", [MODE_RAND] = "rand", [MODE_PIXEL] = "pixel", NULL
};
static const char *const units[] = { [UNITS_LEVEL] = "level", [UNITS_NORMAL] = "normal", NULL };

static const struct param params[] = {
    [P] = { "p", PARAM_NUMBER, "", .value = 0.5, .min = 0, .max = 1, "probability" },
    [SCALE] = { "scale", PARAM_RANGE, "share", .min = 1e-6, .max = 1, .initial = "[0.02, 0.33]",
                .help = "area erased, as a share of the image's" },
    [RATIO] = { "ratio", PARAM_RANGE, "height/width", .min = 0.01, .max = 100,
                .initial = "[0.3, 3.3]", .help = "aspect of the rectangle" },
    [MODE] = { "mode", PARAM_CHOICE, "", .choices = modes,
               .help = "const: `value`; rand: one random color; pixel: random at every pixel" },
    [VALUE] = { "value", PARAM_NUMBERS, "units", .min = -100, .max = 255, .initial = "[0]",
                .help = "of const: one number, or one for R, G, B" },
    [UNITS] = { "units", PARAM_CHOICE, "", .choices = units,
                .help = "level: 0..255, random ones uniform; normal: of the normalized output, "
                        "random ones standard normal" },
    [COUNT] = { "count", PARAM_INTEGER, "rectangles", .value = 1, .min = 1, .max = PLAN_ERASURES,
                .help = "each with its share of the area" },
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    if (v[VALUE].list.count != 1 && v[VALUE].list.count != 3)
        return node_error(node, err, "value has %d numbers; must be one, or three for R, G, B",
                          v[VALUE].list.count);
    bool normal = v[UNITS].integer == UNITS_NORMAL;
    for (int i = 0; i < v[VALUE].list.count; i++) {
        double value = v[VALUE].list.item[i];
        if (normal ? value > 100 : value < 0)
            return node_error(node, err, "value is %g; must be %s", value,
                              normal ? "-100..100 (units: normal)" : "0..255 (units: level)");
    }
    return 0;
}

static void draw_value(struct plan_erasure *erasure, const union value *v, struct rng *rng)
{
    bool normal = v[UNITS].integer == UNITS_NORMAL;
    if (v[MODE].integer == MODE_PIXEL) {
        erasure->kind = normal ? ERASE_NORMAL_NOISE : ERASE_NOISE;
        erasure->seed = rng_u64(rng);
        return;
    }
    erasure->kind = normal ? ERASE_NORMAL_LEVEL : ERASE_LEVEL;
    for (int c = 0; c < 3; c++)
        if (v[MODE].integer == MODE_CONST)
            erasure->level[c] = v[VALUE].list.item[v[VALUE].list.count == 3 ? c : 0];
        else
            erasure->level[c] = normal ? rng_normal(rng) : (double)rng_below(rng, 256);
}

static int draw_one(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    const double *scale = v[SCALE].list.item, *ratio = v[RATIO].list.item;
    double log_low = real_log(ratio[0]), log_high = real_log(ratio[1]);
    double whole = (double)plan->width * plan->height / (double)v[COUNT].integer;
    for (int i = 0; i < TRIES; i++) {
        double area = whole * rng_range(rng, scale[0], scale[1]);
        double aspect = real_exp(rng_range(rng, log_low, log_high));
        int height = (int)rint(sqrt(area * aspect)); /* half to even, as Python rounds */
        int width = (int)rint(sqrt(area / aspect));
        if (height >= plan->height || width >= plan->width)
            continue;
        struct plan_erasure erasure = { .area = { .width = width, .height = height } };
        draw_value(&erasure, v, rng);
        erasure.area.y = (int)rng_integer(rng, 0, plan->height - height);
        erasure.area.x = (int)rng_integer(rng, 0, plan->width - width);
        return plan_erase(plan, &erasure, err);
    }
    return 0;
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    plan->output.in_units |= v[UNITS].integer == UNITS_NORMAL;
    if (!(rng_uniform(rng) < v[P].number))
        return 0;
    for (int64_t i = 0; i < v[COUNT].integer; i++)
        if (draw_one(plan, v, rng, err) < 0)
            return -1;
    return 0;
}

static const char *const strip[] = {
    "{p: 1, scale: 0.05}",
    "{p: 1, scale: 0.2}",
    "{p: 1, scale: 0.4}",
    "{p: 1, scale: 0.3, ratio: 3}",
    "{p: 1, scale: 0.3, mode: rand}",
    "{p: 1, scale: 0.3, mode: pixel}",
    NULL,
};

const struct augmentation augment_random_erasing = {
    .name = "random_erasing",
    .summary = "erase rectangles of random area and aspect",
    .source = "Zhong et al., arXiv:1708.04896; torchvision's and timm's RandomErasing",
    .kind = AUGMENT_ERASE,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
