#include "train/space.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/real.h"
#include "base/rng.h"

const struct space_axis *space_find(const struct space *space, const char *key)
{
    for (size_t i = 0; i < space->count; i++)
        if (strcmp(space->axis[i].key, key) == 0)
            return &space->axis[i];
    return NULL;
}

/* The axis of `key`, emptied, or a new one at the end. */
static struct space_axis *take_axis(struct space *space, const char *key, struct error *err)
{
    struct space_axis *axis = (struct space_axis *)space_find(space, key);
    if (axis) {
        json_decref(axis->choices);
        axis->choices = NULL;
        return axis;
    }
    if (space->count == SPACE_AXES) {
        error_set(err, ERROR_USAGE, key, "is one too many: a space has at most %d keys",
                  SPACE_AXES);
        return NULL;
    }
    axis = &space->axis[space->count];
    *axis = (struct space_axis){ .key = memory_text(key, err) };
    if (!axis->key)
        return NULL;
    space->count++;
    return axis;
}

int space_set(struct space *space, const char *key, enum space_law law, double low, double high,
              struct error *err)
{
    struct space_axis *axis = take_axis(space, key, err);
    if (!axis)
        return -1;
    axis->law = law;
    axis->low = low;
    axis->high = high;
    return 0;
}

int space_set_choices(struct space *space, const char *key, json_t *choices, struct error *err)
{
    struct space_axis *axis = choices ? take_axis(space, key, err) : NULL;
    if (!axis) {
        json_decref(choices);
        return choices ? -1 : error_set(err, ERROR_FAILED, NULL, "no memory for a list of values");
    }
    axis->law = SPACE_CHOICE;
    axis->low = axis->high = 0;
    axis->choices = choices;
    return 0;
}

int space_copy(struct space *copy, const struct space *space, struct error *err)
{
    for (size_t i = 0; i < space->count; i++) {
        const struct space_axis *a = &space->axis[i];
        int rc = a->law == SPACE_CHOICE
                     ? space_set_choices(copy, a->key, json_deep_copy(a->choices), err)
                     : space_set(copy, a->key, a->law, a->low, a->high, err);
        if (rc < 0)
            return -1;
    }
    return 0;
}

void space_release(struct space *space)
{
    for (size_t i = 0; i < space->count; i++) {
        free(space->axis[i].key);
        json_decref(space->axis[i].choices);
    }
    space->count = 0;
}

/* Six digits say as much as any search can tell, and are read and typed again by people. */
static double rounded(double x)
{
    char text[32];
    snprintf(text, sizeof(text), "%.6g", x);
    return strtod(text, NULL);
}

json_t *space_value(const struct space_axis *axis, double u)
{
    double low = axis->low, high = axis->high, x;
    switch (axis->law) {
    case SPACE_UNIFORM:
        return json_real(fmin(fmax(rounded(low + u * (high - low)), low), high));
    case SPACE_LOG_UNIFORM:
        x = real_exp(real_log(low) + u * (real_log(high) - real_log(low)));
        return json_real(fmin(fmax(rounded(x), low), high));
    case SPACE_INT:
        return json_integer((json_int_t)fmin(floor(low + u * (high - low + 1)), high));
    case SPACE_LOG_INT:
        x = real_exp(real_log(low - 0.5) + u * (real_log(high + 0.5) - real_log(low - 0.5)));
        return json_integer((json_int_t)fmin(fmax(round(x), low), high));
    case SPACE_NORMAL:
        return json_real(rounded(low + (4 * u - 2) * high));
    case SPACE_CHOICE:
        break;
    }
    size_t count = json_array_size(axis->choices), place = (size_t)(u * (double)count);
    return json_incref(json_array_get(axis->choices, place < count ? place : count - 1));
}

static json_t *draw_value(const struct space_axis *axis, struct rng *rng)
{
    if (axis->law == SPACE_NORMAL)
        return json_real(rounded(axis->low + axis->high * rng_normal(rng)));
    return space_value(axis, rng_uniform(rng));
}

static json_t *put(json_t *params, const struct space_axis *axis, json_t *value, struct error *err)
{
    if (params && json_object_set_new(params, axis->key, value) == 0)
        return params;
    error_set(err, ERROR_FAILED, axis->key, "no memory for a setting");
    json_decref(params);
    return NULL;
}

json_t *space_draw(const struct space *space, uint64_t seed, const char *stage, int round,
                   uint64_t id, struct error *err)
{
    json_t *params = json_object();
    for (size_t i = 0; i < space->count && params; i++) {
        const struct space_axis *axis = &space->axis[i];
        struct buffer name = { 0 };
        if (buffer_print(&name, err, "%s/%s", stage, axis->key) < 0) {
            json_decref(params);
            return NULL;
        }
        struct rng rng = rng_start(rng_derive(seed, "sweep", name.data, (uint32_t)round), id, 0);
        buffer_release(&name);
        params = put(params, axis, draw_value(axis, &rng), err);
    }
    return params;
}

/* Products of hostile lists end here; no sweep has so many trials. */
static uint64_t times(uint64_t a, uint64_t b)
{
    const uint64_t most = UINT32_MAX;
    return b > 0 && a > most / b ? most : a * b;
}

/* Levels of each axis that is no choice, so that the grid has at most `trials` settings. */
static uint64_t grid_levels(const struct space *space, uint64_t trials)
{
    uint64_t choices = 1, levels = 1;
    size_t open = 0;
    for (size_t i = 0; i < space->count; i++) {
        if (space->axis[i].law == SPACE_CHOICE)
            choices = times(choices, json_array_size(space->axis[i].choices));
        else
            open++;
    }
    for (bool fits = open > 0; fits; levels += fits) {
        uint64_t size = choices;
        for (size_t i = 0; i < open && size <= trials; i++)
            size = times(size, levels + 1);
        fits = size <= trials;
    }
    return levels;
}

/* Integers have no more levels than values. */
static uint64_t axis_levels(const struct space_axis *axis, uint64_t levels)
{
    if (axis->law == SPACE_CHOICE)
        return json_array_size(axis->choices);
    uint64_t values = (uint64_t)(axis->high - axis->low) + 1;
    bool whole = axis->law == SPACE_INT || axis->law == SPACE_LOG_INT;
    return whole && values < levels ? values : levels;
}

uint64_t space_grid_size(const struct space *space, uint64_t trials)
{
    uint64_t levels = grid_levels(space, trials), size = 1;
    for (size_t i = 0; i < space->count; i++)
        size = times(size, axis_levels(&space->axis[i], levels));
    return size;
}

json_t *space_grid(const struct space *space, uint64_t trials, uint64_t id, struct error *err)
{
    uint64_t levels = grid_levels(space, trials);
    json_t *params = json_object();
    for (size_t i = 0; i < space->count && params; i++) {
        const struct space_axis *axis = &space->axis[i];
        uint64_t n = axis_levels(axis, levels), place = id % n;
        id /= n;
        double u = axis->law == SPACE_CHOICE ? ((double)place + 0.5) / (double)n
                   : n > 1                   ? (double)place / (double)(n - 1)
                                             : 0.5;
        params = put(params, axis, space_value(axis, u), err);
    }
    return params;
}
