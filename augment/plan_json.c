#include <stdio.h>

#include "augment/augmentation_values.h"

static json_t *rect_json(struct rect r)
{
    return json_pack("[i,i,i,i]", r.x, r.y, r.width, r.height);
}

static json_t *numbers_json(const double *x, int n)
{
    json_t *list = json_array();
    for (int i = 0; list && i < n; i++)
        if (json_array_append_new(list, json_real(x[i])) < 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* 64 bits, more than a JSON number holds everywhere. */
static json_t *seed_json(uint64_t seed)
{
    char text[17];
    snprintf(text, sizeof(text), "%016llx", (unsigned long long)seed);
    return json_string(text);
}

static json_t *fill_json(const struct plan_fill *fill)
{
    if (fill->mode != FILL_CONSTANT)
        return json_string(fill_mode_names[fill->mode]);
    return json_pack("[i,i,i]", fill->level[0], fill->level[1], fill->level[2]);
}

static json_t *erasure_json(const struct plan_erasure *e)
{
    static const char *const kinds[] = { [ERASE_LEVEL] = "level",
                                         [ERASE_NOISE] = "noise",
                                         [ERASE_NORMAL_LEVEL] = "normal level",
                                         [ERASE_NORMAL_NOISE] = "normal noise" };
    if (e->kind == ERASE_LEVEL || e->kind == ERASE_NORMAL_LEVEL)
        return json_pack("{s:s, s:o, s:o}", "kind", kinds[e->kind], "area", rect_json(e->area),
                         "level", numbers_json(e->level, 3));
    return json_pack("{s:s, s:o, s:o}", "kind", kinds[e->kind], "area", rect_json(e->area), "seed",
                     seed_json(e->seed));
}

/* A matrix or a step. */
static json_t *entry_json(const struct plan_color *c)
{
    if (c->kind == COLOR_MATRIX)
        return json_pack("{s:o, s:o, s:o}", "pixel", numbers_json(&c->pixel[0][0], 9), "mean",
                         numbers_json(&c->mean[0][0], 9), "offset", numbers_json(c->offset, 3));
    return json_pack("{s:s, s:o, s:o}", "step", augmentations[c->op]->name, "value",
                     numbers_json(c->value, PLAN_VALUES), "seed", seed_json(c->seed));
}

static json_t *stage_json(const struct plan_stage *s)
{
    static const char *const blends[] = { [BLEND_NONE] = "none",
                                          [BLEND_BLACK] = "black",
                                          [BLEND_MEAN] = "mean gray",
                                          [BLEND_GRAY] = "gray" };
    if (s->geometry)
        return json_pack("{s:i, s:o, s:s, s:o}", "branch", s->branch, "map",
                         numbers_json(s->map, 9), "filter", filter_names[s->filter], "fill",
                         fill_json(&s->fill));
    if (s->blend != BLEND_NONE)
        return json_pack("{s:i, s:s, s:f}", "branch", s->branch, "blend_with", blends[s->blend],
                         "factor", s->factor);
    return json_pack("{s:i, s:o}", "branch", s->branch, "color", entry_json(&s->color));
}

/* A chain has its stages within. */
static json_t *color_json(const struct plan *plan, const struct plan_color *c)
{
    if (c->kind != COLOR_CHAIN)
        return entry_json(c);
    json_t *stages = json_array();
    for (int i = c->first; i < c->first + c->count; i++)
        if (json_array_append_new(stages, stage_json(&plan->stages[i])) < 0) {
            json_decref(stages);
            return NULL;
        }
    return json_pack("{s:o, s:f, s:o}", "chain", stages, "rest", c->rest, "share",
                     numbers_json(c->share, c->branches));
}

static json_t *clips_json(const struct plan *plan)
{
    json_t *clips = json_array();
    for (int i = 0; i < plan->clips_used; i++) {
        const struct plan_clip *c = &plan->clips[i];
        json_t *clip =
            json_pack("{s:o, s:[i,i], s:b, s:o}", "map", numbers_json(c->map, 9), "size", c->width,
                      c->height, "behind_lens", c->behind_lens, "fill", fill_json(&c->fill));
        if (json_array_append_new(clips, clip) < 0) {
            json_decref(clips);
            return NULL;
        }
    }
    return clips;
}

static json_t *lens_json(const struct plan *plan)
{
    const struct plan_lens *l = &plan->lens;
    if (!plan->has_lens)
        return json_null();
    return json_pack("{s:o, s:f, s:f, s:f, s:f, s:[f,f], s:f}", "pre", numbers_json(plan->pre, 9),
                     "k1", l->k1, "k2", l->k2, "p1", l->p1, "p2", l->p2, "center", l->center_x,
                     l->center_y, "radius", l->radius);
}

/* The output stage; of one with a table also where the picture lies in the mean image. */
static json_t *output_json(const struct plan_output *o)
{
    if (o->normalize)
        return json_pack("{s:o, s:o}", "mean", numbers_json(o->mean, 3), "std",
                         numbers_json(o->std, 3));
    if (o->mean_image)
        return json_pack("{s:o, s:o}", "mean_image_frame", numbers_json(o->frame, 9), "std",
                         numbers_json(o->std, 3));
    return o->whiten ? json_pack("{s:b}", "whiten", true) : json_null();
}

/* jansson's pack takes over its values and gives NULL when one of them is NULL. */
json_t *plan_json(const struct plan *plan, struct error *err)
{
    const struct plan_axis *axis = &plan->axis;
    json_t *colors = json_array(), *erasures = json_array();
    for (int i = 0; i < plan->colors_used; i++)
        json_array_append_new(colors, color_json(plan, &plan->colors[i]));
    for (int i = 0; i < plan->erasures_used; i++)
        json_array_append_new(erasures, erasure_json(&plan->erasures[i]));
    json_t *form = json_pack("{s:b, s:o, s:[i,i], s:[i,i], s:[b,b], s:o}", "valid", axis->valid,
                             "window", rect_json(axis->window), "resized", axis->width,
                             axis->height, "offset", axis->left, axis->top, "mirror",
                             axis->mirror_x, axis->mirror_y, "clip", rect_json(axis->clip));
    json_t *result =
        json_pack("{s:[i,i], s:[i,i], s:o, s:o, s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o}", "source",
                  plan->source_width, plan->source_height, "size", plan->width, plan->height, "map",
                  numbers_json(plan->post, 9), "lens", lens_json(plan), "axis", form, "clips",
                  clips_json(plan), "filter", filter_names[plan->filter], "antialias",
                  plan->antialias, "fill", fill_json(&plan->fill), "colors", colors, "erasures",
                  erasures, "output", output_json(&plan->output));
    if (!result || json_array_size(colors) != (size_t)plan->colors_used ||
        json_array_size(erasures) != (size_t)plan->erasures_used) {
        json_decref(result);
        error_set(err, ERROR_FAILED, NULL, "no memory for the plan as JSON");
        return NULL;
    }
    return result;
}
