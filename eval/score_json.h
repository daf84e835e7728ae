/*
 * A result as JSON for scripts; docs/nneval.md lists the keys.
 *
 *     json_t *json = score_json(result, &err);
 *     if (!json || json_write("score.json", json, &err) < 0) ...
 *     json_decref(json);
 */
#ifndef TENFOLD_EVAL_SCORE_JSON_H
#define TENFOLD_EVAL_SCORE_JSON_H

#include <jansson.h>

#include "eval/score.h"

/* The caller owns it. NULL: no memory. */
json_t *score_json(const struct score_result *result, struct error *err);

#endif
