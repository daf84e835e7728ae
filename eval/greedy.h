/*
 * Greedy selection of an ensemble from a library of predictors, with replacement: start empty, add
 * whichever member makes the mean of the probabilities best on the selection samples, repeat; the
 * first `chosen` steps, up to the best one, are the ensemble (Caruana et al., "Ensemble Selection
 * from Libraries of Models", ICML 2004). The NLL is the criterion: it needs only the probabilities
 * of the labels, so a step costs M n additions.
 *
 *     struct greedy g;
 *     if (greedy_select(p_label, n, M, 20, &g, &err) < 0) ...
 *     weight[g.step[s]] += 1.0 / g.chosen for s < g.chosen
 *     greedy_release(&g);
 */
#ifndef TENFOLD_EVAL_GREEDY_H
#define TENFOLD_EVAL_GREEDY_H

#include <stdint.h>

#include "base/error.h"

struct greedy {
    int steps, chosen; /* chosen <= steps: of equal ones the fewest */
    int *step;         /* (steps) the member added; owned */
    double *nll;       /* (steps) on the selection samples; owned */
};

/* p (m,n): what member j gives to the label of sample i, at j n + i, taken as at least 1e-12. Of
 * equal members the first is taken. */
int greedy_select(const float *p, uint64_t n, int m, int steps, struct greedy *greedy,
                  struct error *err);
void greedy_release(struct greedy *greedy);

#endif
