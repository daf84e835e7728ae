/*
 * Which settings a sweep tries: for every config key of the space a law that its values are drawn
 * from, or a list of values.
 *
 *     tune:
 *       space:
 *         train.lr: {log_uniform: [1e-4, 1e-1]}
 *         train.weight_decay: {choice: [1e-4, 1e-5, 0]}
 *         augment.1.random_crop.padding: {int: [0, 6]}
 *
 *     struct space space = { 0 };
 *     if (space_read(&space, node_get(tune, "space"), config, &err) < 0) ...
 *     json_t *params = space_draw(&space, seed, "coarse", 1, id, &err);   // {"train.lr": 0.031,
 * ..} space_release(&space);
 *
 * Draws are Philox's (base/rng.h): a pure function of (seed, stage, round, id, key), so that an
 * axis more or less leaves the other axes' values alone.
 */
#ifndef TENFOLD_TRAIN_SPACE_H
#define TENFOLD_TRAIN_SPACE_H

#include <jansson.h>
#include <stdint.h>

#include "base/config.h"

enum { SPACE_AXES = 32 };

enum space_law {
    SPACE_UNIFORM,     /* in [low, high] */
    SPACE_LOG_UNIFORM, /* its logarithm uniform in [log low, log high]; low > 0 */
    SPACE_INT,         /* integers low..high, both included */
    SPACE_LOG_INT,     /* log_uniform over low - 1/2 .. high + 1/2, rounded; low >= 1 */
    SPACE_NORMAL,      /* mean `low`, standard deviation `high` */
    SPACE_CHOICE,      /* of a list of any YAML values */
};

struct space_axis {
    char *key; /* owned: "train.lr" */
    enum space_law law;
    double low, high;
    json_t *choices; /* owned; an array. NULL: another law */
};

/* Plain data; fill with { 0 }. */
struct space {
    size_t count;
    struct space_axis axis[SPACE_AXES];
};

/* The map `node` (NULL or null: nothing). ERROR_USAGE with file, line and the nearest name for a
 * key that no table of the config knows or that stands for nothing in this config (an op that the
 * recipe does not have), for a law that is none, and for a value that the key does not accept. */
int space_read(struct space *space, const struct node *node, const struct config *config,
               struct error *err);
/* One axis more, or in the place of the one that has its key. */
int space_set(struct space *space, const char *key, enum space_law law, double low, double high,
              struct error *err);
/* `choices` is an array; its reference is taken, also on failure. */
int space_set_choices(struct space *space, const char *key, json_t *choices, struct error *err);
const struct space_axis *space_find(const struct space *space, const char *key);
int space_copy(struct space *copy, const struct space *space, struct error *err);

/* A setting by chance: {"train.lr": 0.031, ...} in order of the axes. NULL with err filled. */
json_t *space_draw(const struct space *space, uint64_t seed, const char *stage, int round,
                   uint64_t id, struct error *err);
/* The value at the share `u` (0..1) of the axis' width; of a normal law's mean and two deviations
 * to both sides. NULL: no memory. */
json_t *space_value(const struct space_axis *axis, double u);
/* The largest grid of at most `trials` settings: choices have all their values, the other axes
 * equally many levels (evenly spaced by their law, ends included; a normal law's are its mean and
 * two deviations to both sides). Its number of settings is at least 1, and above `trials` only when
 * the choices alone are. */
uint64_t space_grid_size(const struct space *space, uint64_t trials);
json_t *space_grid(const struct space *space, uint64_t trials, uint64_t id, struct error *err);

/* A space around the best settings: log axes get `shrink` (0..1) of their width in logarithms,
 * uniform and int axes of their width, around the mean of `best` (of logarithms), inside the old
 * limits grown by half the new width; choices keep the values that are among the best. `best` are
 * settings as drawn. */
int space_narrow(struct space *narrow, const struct space *space, json_t *const *best, size_t count,
                 double shrink, struct error *err);

/* {"train.lr": {"log_uniform": [..]}, ..} and back. */
json_t *space_json(const struct space *space, struct error *err);
int space_parse(struct space *space, const json_t *json, struct error *err);
void space_release(struct space *space);

/* Set the values of `params` in `config` (config_set). */
int space_apply(struct config *config, const json_t *params, struct error *err);
/* Would a config with these values be read? What depends on data or on files is not looked at. */
int space_try(const struct config *config, const json_t *params, struct error *err);

#endif
