#include "augment/policy_op.h"

#include <math.h>

#include "augment/affine.h"
#include "augment/color.h"

const char *const policy_compats[] = {
    [COMPAT_FUSED] = "fused", [COMPAT_SEQUENTIAL] = "sequential", NULL
};

#define COUNT(rows) (int)(sizeof(rows) / sizeof((rows)[0]))

/* RandAugment's without the last, AutoAugment's without the first. */
static const struct policy_row narrow_rows[] = {
    { POLICY_IDENTITY, POLICY_NONE, 0, 0, false },
    { POLICY_SHEAR_X, POLICY_NUMBER, 0, 0.3, true },
    { POLICY_SHEAR_Y, POLICY_NUMBER, 0, 0.3, true },
    { POLICY_TRANSLATE_X, POLICY_OF_WIDTH, 0, 150.0 / 331.0, true },
    { POLICY_TRANSLATE_Y, POLICY_OF_HEIGHT, 0, 150.0 / 331.0, true },
    { POLICY_ROTATE, POLICY_NUMBER, 0, 30, true },
    { POLICY_BRIGHTNESS, POLICY_NUMBER, 0, 0.9, true },
    { POLICY_COLOR, POLICY_NUMBER, 0, 0.9, true },
    { POLICY_CONTRAST, POLICY_NUMBER, 0, 0.9, true },
    { POLICY_SHARPNESS, POLICY_NUMBER, 0, 0.9, true },
    { POLICY_POSTERIZE, POLICY_BITS, 8, 4, false },
    { POLICY_SOLARIZE, POLICY_NUMBER, 255, 0, false },
    { POLICY_AUTOCONTRAST, POLICY_NONE, 0, 0, false },
    { POLICY_EQUALIZE, POLICY_NONE, 0, 0, false },
    { POLICY_INVERT, POLICY_NONE, 0, 0, false },
};

static const struct policy_row wide_rows[] = {
    { POLICY_IDENTITY, POLICY_NONE, 0, 0, false },
    { POLICY_SHEAR_X, POLICY_NUMBER, 0, 0.99, true },
    { POLICY_SHEAR_Y, POLICY_NUMBER, 0, 0.99, true },
    { POLICY_TRANSLATE_X, POLICY_NUMBER, 0, 32, true },
    { POLICY_TRANSLATE_Y, POLICY_NUMBER, 0, 32, true },
    { POLICY_ROTATE, POLICY_NUMBER, 0, 135, true },
    { POLICY_BRIGHTNESS, POLICY_NUMBER, 0, 0.99, true },
    { POLICY_COLOR, POLICY_NUMBER, 0, 0.99, true },
    { POLICY_CONTRAST, POLICY_NUMBER, 0, 0.99, true },
    { POLICY_SHARPNESS, POLICY_NUMBER, 0, 0.99, true },
    { POLICY_POSTERIZE, POLICY_BITS, 8, 2, false },
    { POLICY_SOLARIZE, POLICY_NUMBER, 255, 0, false },
    { POLICY_AUTOCONTRAST, POLICY_NONE, 0, 0, false },
    { POLICY_EQUALIZE, POLICY_NONE, 0, 0, false },
};

/* The last four only with all_ops. */
static const struct policy_row augmix_rows[] = {
    { POLICY_SHEAR_X, POLICY_NUMBER, 0, 0.3, true },
    { POLICY_SHEAR_Y, POLICY_NUMBER, 0, 0.3, true },
    { POLICY_TRANSLATE_X, POLICY_OF_WIDTH, 0, 1.0 / 3.0, true },
    { POLICY_TRANSLATE_Y, POLICY_OF_HEIGHT, 0, 1.0 / 3.0, true },
    { POLICY_ROTATE, POLICY_NUMBER, 0, 30, true },
    { POLICY_POSTERIZE, POLICY_BITS, 4, 0, false },
    { POLICY_SOLARIZE, POLICY_NUMBER, 255, 0, false },
    { POLICY_AUTOCONTRAST, POLICY_NONE, 0, 0, false },
    { POLICY_EQUALIZE, POLICY_NONE, 0, 0, false },
    { POLICY_BRIGHTNESS, POLICY_NUMBER, 0, 0.9, true },
    { POLICY_COLOR, POLICY_NUMBER, 0, 0.9, true },
    { POLICY_CONTRAST, POLICY_NUMBER, 0, 0.9, true },
    { POLICY_SHARPNESS, POLICY_NUMBER, 0, 0.9, true },
};

struct policy_rows policy_space(enum policy_space space)
{
    static const struct policy_rows spaces[] = {
        [SPACE_AUTOAUGMENT] = { COUNT(narrow_rows) - 1, narrow_rows + 1 },
        [SPACE_RAND] = { COUNT(narrow_rows) - 1, narrow_rows },
        [SPACE_WIDE] = { COUNT(wide_rows), wide_rows },
        [SPACE_AUGMIX] = { COUNT(augmix_rows) - 4, augmix_rows },
        [SPACE_AUGMIX_ALL] = { COUNT(augmix_rows), augmix_rows },
    };
    return spaces[space];
}

static float line_at(float first, float last, float step, int i, int n)
{
    return i < n / 2 ? first + step * (float)i : last - step * (float)(n - i - 1);
}

/* torch.linspace: from both ends to the middle, whole blocks of 16 as two vectors of 8 that start
 * from their first element. */
static float linspace(float first, float last, int i, int n)
{
    float step = (last - first) / (float)(n - 1);
    if (i >= n / 16 * 16)
        return line_at(first, last, step, i, n);
    int lane = i % 8;
    return line_at(first, last, step, i - lane, n) + step * (float)lane;
}

double policy_magnitude(const struct policy_row *row, int bin, int bins, int width, int height)
{
    double last = row->last;
    switch (row->kind) {
    case POLICY_NONE:
        return 0;
    case POLICY_BITS:
        return row->first -
               (double)rintf((float)bin / (float)((bins - 1) / (row->first - row->last)));
    case POLICY_OF_WIDTH:
        last *= width;
        break;
    case POLICY_OF_HEIGHT:
        last *= height;
        break;
    case POLICY_NUMBER:
        break;
    }
    return (double)linspace((float)row->first, (float)last, bin, bins);
}

struct policy_step policy_step_at(const struct policy_row *row, int bin, int bins, bool minus,
                                  int width, int height)
{
    double magnitude = policy_magnitude(row, bin, bins, width, height);
    if (row->op == POLICY_TRANSLATE_X || row->op == POLICY_TRANSLATE_Y)
        magnitude = trunc(magnitude);
    return (struct policy_step){ row->op, row->is_signed && minus ? -magnitude : magnitude };
}

static bool is_map(enum policy_op op)
{
    return op >= POLICY_SHEAR_X && op <= POLICY_ROTATE;
}

static void map_of(const struct policy_step *step, int width, int height, double map[9])
{
    double m = step->magnitude;
    affine_identity(map);
    if (step->op == POLICY_SHEAR_X)
        map[1] = m;
    else if (step->op == POLICY_SHEAR_Y)
        map[3] = m;
    else if (step->op == POLICY_TRANSLATE_X)
        affine_translate(m, 0, map);
    else if (step->op == POLICY_TRANSLATE_Y)
        affine_translate(0, m, map);
    else
        affine_rotate(m, width / 2.0, height / 2.0, map);
}

static struct plan_color color_of(const struct policy_step *step)
{
    switch (step->op) {
    case POLICY_BRIGHTNESS:
        return color_brightness(1 + step->magnitude);
    case POLICY_COLOR:
        return color_saturation(1 + step->magnitude);
    case POLICY_CONTRAST:
        return color_contrast(1 + step->magnitude);
    case POLICY_SHARPNESS:
        return color_sharpness(1 + step->magnitude);
    case POLICY_POSTERIZE:
        return color_posterize((int)step->magnitude);
    case POLICY_SOLARIZE:
        return color_solarize(step->magnitude);
    case POLICY_SOLARIZE_ADD:
        return color_solarize_add(step->magnitude);
    case POLICY_AUTOCONTRAST:
        return color_autocontrast();
    case POLICY_EQUALIZE:
        return color_equalize();
    default:
        return color_invert();
    }
}

static enum plan_blend blend_of(enum policy_op op)
{
    return op == POLICY_BRIGHTNESS ? BLEND_BLACK
           : op == POLICY_CONTRAST ? BLEND_MEAN
           : op == POLICY_COLOR    ? BLEND_GRAY
                                   : BLEND_NONE;
}

/* With `merge`: the stage before takes the new one in. */
static bool merged(struct plan *plan, const struct plan_stage *stage, const struct policy_way *way)
{
    if (!way->merge || plan->stages_used == way->first)
        return false;
    struct plan_stage *last = &plan->stages[plan->stages_used - 1];
    if (last->branch != stage->branch || last->geometry != stage->geometry)
        return false;
    if (stage->geometry) {
        affine_multiply(last->map, stage->map, last->map);
        return true;
    }
    return plan_color_fold(&last->color, &stage->color);
}

struct policy_way policy_way_of(const struct plan *plan, int64_t compat, int64_t interpolation,
                                const union value *fill)
{
    struct policy_way way = { .stages = compat == COMPAT_SEQUENTIAL,
                              .first = plan->stages_used,
                              .filter = (enum plan_filter)interpolation };
    for (int c = 0; c < 3; c++)
        way.fill.level[c] = (uint8_t)(fill->list.item[fill->list.count == 3 ? c : 0] + 0.5);
    return way;
}

int policy_end(struct plan *plan, const struct policy_way *way, struct error *err)
{
    if (plan->stages_used == way->first)
        return 0;
    return plan_chain(plan, way->first, 0, 0, NULL, err);
}

int policy_apply(struct plan *plan, const struct policy_step *step, const struct policy_way *way,
                 struct error *err)
{
    if (step->op == POLICY_IDENTITY)
        return 0;
    struct plan_stage stage = { .branch = way->branch,
                                .geometry = is_map(step->op),
                                .filter = way->filter,
                                .fill = way->fill };
    if (stage.geometry)
        map_of(step, plan->width, plan->height, stage.map);
    else
        stage.color = color_of(step);
    if (!way->merge) {
        stage.blend = blend_of(step->op);
        stage.factor = 1 + step->magnitude;
    }
    if (way->stages)
        return merged(plan, &stage, way) ? 0 : plan_stage(plan, &stage, err);
    if (!stage.geometry)
        return plan_color(plan, &stage.color, err);
    plan->fill = way->fill;
    return plan_map(plan, stage.map, plan->width, plan->height, false, err);
}
