#include "eval/report.h"

#include <string.h>

int report_best(const struct metric_score *scores, const char *const *hashes, int count)
{
    int best = 0;
    for (int m = 1; m < count; m++) {
        const struct metric_score *a = &scores[m], *b = &scores[best];
        if (a->correct != b->correct ? a->correct > b->correct
            : a->nll != b->nll       ? a->nll < b->nll
                                     : strcmp(hashes[m], hashes[best]) < 0)
            best = m;
    }
    return best;
}
