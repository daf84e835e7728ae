/*
 * Several predictors as one: how members' outputs for a sample become the ensemble's (Hansen and
 * Salamon, "Neural Network Ensembles", PAMI 1990).
 *
 *     struct mixture m = { .rule = SCORE_RULE_PROB, .k = 10, .count = 2, .member = members,
 *                          .weight = weights };
 *     mixture_row(&m, i, row, scratch);
 *
 * Sums run in double in the order of `member`: who orders members by hash gets the same bits for
 * any order of arguments. Equal weights are a sum divided by the count. Pure functions; all threads
 * may call them.
 */
#ifndef TENFOLD_EVAL_MIXTURE_H
#define TENFOLD_EVAL_MIXTURE_H

#include "eval/row.h"
#include "eval/score.h"

/* Outputs for all n samples, borrowed; what a rule needs must be there. */
struct mixture_member {
    const float *probs;   /* (n,k) */
    const float *logits;  /* (n,k), for SCORE_RULE_LOGIT */
    const int32_t *votes; /* (n), for SCORE_RULE_VOTE: the answers */
};

struct mixture {
    enum score_rule rule;
    int k, count;
    const struct mixture_member *member; /* (count) */
    const double *weight;                /* (count), sum 1; NULL: equal */
};

/*
 * The ensemble's probabilities of sample i into `row`, padded with 0; scratch (row_padded(k)).
 *   prob     the weighted mean of the probabilities
 *   logprob  proportional to the exponential of the weighted mean of log p (p at least
 * ROW_SMALLEST) logit    softmax of the weighted mean of the logits: where these are finite,
 * logprob but for the rounding vote     each class's share of the votes
 */
void mixture_row(const struct mixture *m, uint64_t i, float *row, double *scratch);

/* The ensemble's probabilities of some samples, in their order, for row_source: context is a struct
 * mixture_rows. */
struct mixture_rows {
    const struct mixture *mixture;
    const uint64_t *sample; /* of each row; NULL: the samples as they are */
};
void mixture_source(const void *rows, uint64_t i, float *row, double *scratch);

/* The class with the most votes (or weight) of sample i, of equal ones the smallest. `share` (k)
 * must be zero and is zero again afterwards. */
int mixture_vote(const struct mixture *m, uint64_t i, double *share);

#endif
