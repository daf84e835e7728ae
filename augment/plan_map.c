/*
 * Maps and frames. Whatever a step is, the map from the output to the source and the maps to the
 * frames are multiplied by it; the frame that it was given joins them when it looks beyond. Frames
 * that no output pixel can leave are dropped. A picture is convex and so is what a map without
 * lens makes of it, so its four corners tell.
 */
#include <math.h>
#include <string.h>

#include "augment/affine.h"
#include "augment/plan_private.h"

/* Does a picture of width x height lie in the frame, but for a trace of rounding? A reflection
 * begins at the centers of its border pixels. */
static bool within(const double map[9], int width, int height, int frame_width, int frame_height,
                   enum plan_fill_mode mode)
{
    double in = mode == FILL_REFLECT ? 0.5 : 0, margin = in - 1e-9;
    for (int i = 0; i < 4; i++) {
        double x, y;
        if (!affine_point(map, i & 1 ? width - in : in, i & 2 ? height - in : in, &x, &y) ||
            !(x >= margin && x <= frame_width - margin && y >= margin &&
              y <= frame_height - margin))
            return false;
    }
    return true;
}

bool plan_reaches(const double map[9], int width, int height)
{
    bool affine = map[6] == 0 && map[7] == 0 && map[8] == 1;
    for (int i = 0; i < 9; i++)
        if (!isfinite(map[i]))
            return false;
    for (int i = 0; i < 4 && affine; i++) {
        double x, y;
        if (!affine_point(map, i & 1 ? width : 0, i & 2 ? height : 0, &x, &y) ||
            fabs(x) > PLAN_REACH || fabs(y) > PLAN_REACH)
            return false;
    }
    return true;
}

static int add_clip(struct plan *plan, const double map[9], int width, int height, bool behind_lens,
                    struct error *err)
{
    if (plan->clips_used == PLAN_CLIPS)
        return error_set(err, ERROR_USAGE, NULL,
                         "more than %d steps look beyond the picture; set reveal in some of them",
                         PLAN_CLIPS);
    struct plan_clip *clip = &plan->clips[plan->clips_used++];
    memset(clip, 0, sizeof(*clip)); /* padding too */
    memcpy(clip->map, map, sizeof(clip->map));
    clip->width = width;
    clip->height = height;
    clip->behind_lens = behind_lens;
    clip->fill = plan->fill;
    return 0;
}

static int beyond(struct error *err)
{
    return error_set(err, ERROR_USAGE, NULL, "sends the picture out of reach; use weaker values");
}

/* With reveal only the image itself ends: a frame behind the lens where there is one. */
static int reveal_all(struct plan *plan, struct error *err)
{
    plan->clips_used = 0;
    if (plan->has_lens)
        return add_clip(plan, plan->pre, plan->source_width, plan->source_height, true, err);
    if (within(plan->post, plan->width, plan->height, plan->source_width, plan->source_height,
               plan->fill.mode))
        return 0;
    return add_clip(plan, plan->post, plan->source_width, plan->source_height, false, err);
}

/* Where a later frame repeats its edge or reflection, points come to earlier frames moved, and the
 * map alone does not tell. */
static void drop_clips(struct plan *plan)
{
    bool stays[PLAN_CLIPS], repeated = false;
    int kept = 0;
    for (int i = plan->clips_used - 1; i >= 0; i--) {
        const struct plan_clip *clip = &plan->clips[i];
        stays[i] = repeated || clip->behind_lens ||
                   !within(clip->map, plan->width, plan->height, clip->width, clip->height,
                           clip->fill.mode);
        repeated = repeated || (stays[i] && clip->fill.mode != FILL_CONSTANT);
    }
    for (int i = 0; i < plan->clips_used; i++)
        if (stays[i])
            plan->clips[kept++] = plan->clips[i];
    memset(&plan->clips[kept], 0, (size_t)(plan->clips_used - kept) * sizeof(plan->clips[0]));
    plan->clips_used = kept;
}

void plan_multiply(struct plan *plan, const double step[9])
{
    for (int i = 0; i < plan->clips_used; i++)
        if (!plan->clips[i].behind_lens)
            affine_multiply(plan->clips[i].map, step, plan->clips[i].map);
    affine_multiply(plan->post, step, plan->post);
    affine_multiply(plan->output.frame, step, plan->output.frame);
}

int plan_compose(struct plan *plan, const double step[9], int width, int height, bool reveal,
                 struct error *err)
{
    double here[9];
    affine_identity(here);
    if (!plan_reaches(step, width, height))
        return beyond(err);
    if (!reveal && !within(step, width, height, plan->width, plan->height, plan->fill.mode) &&
        add_clip(plan, here, plan->width, plan->height, false, err) < 0)
        return -1;
    plan_multiply(plan, step);
    plan->width = width;
    plan->height = height;
    if (reveal && reveal_all(plan, err) < 0)
        return -1;
    drop_clips(plan);
    bool reached = plan_reaches(plan->post, width, height);
    for (int i = 0; i < plan->clips_used; i++)
        reached = reached &&
                  (plan->clips[i].behind_lens || plan_reaches(plan->clips[i].map, width, height));
    return reached ? 0 : beyond(err);
}

static bool same_fill(const struct plan_fill *a, const struct plan_fill *b)
{
    return a->mode == b->mode && memcmp(a->level, b->level, sizeof(a->level)) == 0;
}

void plan_axis_settle(struct plan *plan)
{
    const struct plan_clip *first = &plan->clips[0];
    bool scaled = fabs(first->map[0]) != 1 || fabs(first->map[4]) != 1;
    if (plan->clips_used == 1 && first->fill.mode != FILL_CONSTANT && scaled)
        plan->axis.valid = false; /* the image's own frame, revealed */
    for (int i = 1; i < plan->clips_used; i++)
        if (first->fill.mode != FILL_CONSTANT || !same_fill(&first->fill, &plan->clips[i].fill))
            plan->axis.valid = false;
}

void plan_leave_axis(struct plan *plan)
{
    struct plan_axis *axis = &plan->axis;
    if (!axis->valid)
        return;
    struct rect shown = plan_visible(plan), *window = &axis->window;
    axis->valid = false;
    if (shown.width == 0 || shown.height == 0)
        return;
    int64_t w = window->width, h = window->height, right = shown.x + shown.width,
            bottom = shown.y + shown.height;
    int x = (int)(shown.x * w / axis->width), y = (int)(shown.y * h / axis->height);
    window->width = (int)((right * w + axis->width - 1) / axis->width) - x;
    window->height = (int)((bottom * h + axis->height - 1) / axis->height) - y;
    window->x += x;
    window->y += y;
}

/* All of the image may be looked at. An axis-aligned form that is not scaled is that of the whole
 * image, moved. */
static void widen_window(struct plan *plan)
{
    struct plan_axis *axis = &plan->axis;
    struct rect image = { 0, 0, plan->source_width, plan->source_height };
    bool unscaled = axis->width == axis->window.width && axis->height == axis->window.height;
    if (!rect_same(axis->window, image) && !unscaled)
        axis->valid = false;
    if (axis->valid && unscaled) {
        axis->left += axis->window.x;
        axis->top += axis->window.y;
        axis->width = image.width;
        axis->height = image.height;
    }
    axis->window = image;
    if (!axis->valid)
        return;
    struct rect output = { 0, 0, plan->width, plan->height };
    struct rect frame = { -axis->left, -axis->top, axis->width, axis->height };
    if (axis->mirror_x)
        frame.x = axis->left + plan->width - axis->width;
    if (axis->mirror_y)
        frame.y = axis->top + plan->height - axis->height;
    axis->clip = rect_intersect(frame, output);
}

/* The amount of a crop that keeps the axis-aligned form: far from overflowing its sums. */
static bool whole_number(double x)
{
    return x == rint(x) && fabs(x) <= 1 << 20;
}

bool plan_whole_pixels(const double map[9], int width, int height, bool *mirror_x, bool *mirror_y,
                       int *x, int *y)
{
    if (fabs(map[0]) != 1 || map[1] != 0 || map[3] != 0 || fabs(map[4]) != 1 || map[6] != 0 ||
        map[7] != 0 || map[8] != 1 || !whole_number(map[2]) || !whole_number(map[5]))
        return false;
    *mirror_x = map[0] < 0;
    *mirror_y = map[4] < 0;
    *x = *mirror_x ? width - (int)map[2] : (int)map[2];
    *y = *mirror_y ? height - (int)map[5] : (int)map[5];
    return true;
}

/* Erasures are rectangles of the output, chains are executed on it: what comes after them cannot
 * turn them. */
static int check_place(const struct plan *plan, struct error *err)
{
    if (plan->erasures_used || plan->stages_used)
        return error_set(err, ERROR_USAGE, NULL,
                         "comes behind a step that works on the finished picture; name geometry "
                         "before it");
    return 0;
}

int plan_map(struct plan *plan, const double map[9], int width, int height, bool reveal,
             struct error *err)
{
    double inverse[9];
    int x, y, old_width = plan->width, old_height = plan->height;
    bool mirror_x, mirror_y;
    if (plan_check_size(width, height, err) < 0 || check_place(plan, err) < 0)
        return -1;
    for (int i = 0; i < 9; i++)
        if (!isfinite(map[i]))
            return error_set(err, ERROR_USAGE, NULL, "has a map that is not finite");
    if (!affine_invert(map, inverse))
        return error_set(err, ERROR_USAGE, NULL, "flattens the picture to a line");
    bool whole = plan_whole_pixels(map, old_width, old_height, &mirror_x, &mirror_y, &x, &y);
    if (!whole && !reveal)
        plan_leave_axis(plan);
    if (plan_compose(plan, map, width, height, reveal, err) < 0)
        return -1;
    if (!whole)
        plan->axis.valid = false;
    if (plan->axis.valid) {
        plan->width = old_width;
        plan->height = old_height;
        plan_axis_mirror(plan, mirror_x, mirror_y);
        plan->width = width;
        plan->height = height;
        plan_axis_crop(plan, old_width, old_height, x, y);
    }
    if (reveal)
        widen_window(plan);
    plan_axis_settle(plan);
    return 0;
}

int plan_look(struct plan *plan, const struct plan_lens *lens, bool reveal, struct error *err)
{
    const double values[] = { lens->k1,       lens->k2,       lens->p1,    lens->p2,
                              lens->center_x, lens->center_y, lens->radius };
    double here[9];
    if (check_place(plan, err) < 0)
        return -1;
    if (plan->has_lens)
        return error_set(err, ERROR_USAGE, NULL, "is a second lens; a recipe can have one");
    if (plan->output.mean_image)
        return error_set(err, ERROR_USAGE, NULL,
                         "a lens behind subtract_mean_image would bend the picture and not the "
                         "mean; move it before");
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (!isfinite(values[i]))
            return error_set(err, ERROR_USAGE, NULL, "has a lens that is not finite");
    if (!(lens->radius > 0))
        return error_set(err, ERROR_USAGE, NULL, "has a lens of radius %g; must be above 0",
                         lens->radius);
    affine_identity(here);
    if (!reveal && add_clip(plan, here, plan->width, plan->height, true, err) < 0)
        return -1;
    plan_leave_axis(plan);
    for (int i = 0; i < plan->clips_used; i++)
        plan->clips[i].behind_lens = true;
    memcpy(plan->pre, plan->post, sizeof(plan->pre));
    affine_identity(plan->post);
    plan->has_lens = true;
    plan->lens = *lens;
    if (!reveal)
        return 0;
    plan->axis.window = (struct rect){ 0, 0, plan->source_width, plan->source_height };
    return reveal_all(plan, err);
}
