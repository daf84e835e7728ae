/* Inside score_json: its parts. Others include score_json.h. Fresh values; NULL: no memory. */
#ifndef TENFOLD_EVAL_SCORE_JSON_PARTS_H
#define TENFOLD_EVAL_SCORE_JSON_PARTS_H

#include <jansson.h>
#include <math.h>

#include "eval/score.h"

/* null where JSON has no such number. */
json_t *score_json_real(double value);
json_t *score_json_interval(struct interval x);

json_t *score_json_predictor(const struct score_result *result, int p);
json_t *score_json_ensemble(const struct score_ensemble *ensemble);

#endif
