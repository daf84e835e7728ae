/*
 * What the runs' configs have in common and where they differ: the values common to most, the keys
 * that differ, and which runs differ in their seeds alone.
 *
 *     struct board_settings s = { 0 };
 *     if (board_settings_update(&s, runs, count, &new_keys, &err) < 0) ...
 *     board_settings_head(&s, &runs[0], &json, &err);
 *     board_settings_release(&s);
 */
#ifndef TENFOLD_TRAIN_BOARD_SETTINGS_H
#define TENFOLD_TRAIN_BOARD_SETTINGS_H

#include "train/board_run.h"

struct board_settings {
    json_t *keys;   /* owned: an array of texts; the parameters of a sweep first */
    json_t *base;   /* owned: an object, of each key the value that most runs have */
    json_t *groups; /* owned: settings to the numbers that they got when they were first seen */
};

/* Compare all runs that were read, and give each its group. */
int board_settings_update(struct board_settings *s, struct board_run *const *runs, size_t count,
                          bool *new_keys, struct error *err);

/* The members of a run's object that depend on the others: "id", "name", "group", "seed", "stage",
 * "fold", "round", "values", "config", each with a comma behind. */
int board_settings_head(const struct board_settings *s, const struct board_run *run,
                        struct buffer *json, struct error *err);

void board_settings_release(struct board_settings *s);

#endif
