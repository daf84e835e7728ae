/*
 * Inside soup: running statistics of batch normalization taken anew, from images as the network
 * sees them when it is evaluated, in batches of SOUP_BATCH that all weigh the same.
 */
#ifndef TENFOLD_EVAL_SOUP_STATISTICS_H
#define TENFOLD_EVAL_SOUP_STATISTICS_H

#include "augment/preprocess.h"
#include "base/thread.h"
#include "model/net.h"

struct soup_statistics;

/* `images` of the data set `data`, at equal distances over it; 0: all. Borrows the pool and the
 * preprocessing. */
int soup_statistics_open(struct soup_statistics **statistics, const char *data,
                         const struct preprocess *preprocess, uint64_t images, struct pool *pool,
                         struct error *err);
int soup_statistics_take(struct soup_statistics *statistics, struct net *net, struct error *err);
void soup_statistics_close(struct soup_statistics *statistics); /* NULL is a no-op */

#endif
