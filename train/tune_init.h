/*
 * Step 1 of the recipe: does the network begin as it should? The loss without penalties is that of
 * guessing (ln C for cross-entropy, smoothed or not; C - 1 for the hinge), images are normalized,
 * activations and gradients keep their size from layer to layer, and units differ.
 *
 *     struct init_facts facts;
 *     if (init_measure(&facts, &options, &err) < 0) ...
 *     init_judge(&facts, &verdict);
 *     init_facts_release(&facts);
 */
#ifndef TENFOLD_TRAIN_TUNE_INIT_H
#define TENFOLD_TRAIN_TUNE_INIT_H

#include "model/signals.h"
#include "train/tune.h"
#include "train/tune_verdict.h"

enum { INIT_CHANNELS = 3 };

struct init_facts {
    enum loss_kind loss_kind;
    int classes;
    bool pretrained; /* weights come from a file: the loss may be lower than guessing */
    double loss;     /* mean over the batches, before any step */
    double mean[INIT_CHANNELS], deviation[INIT_CHANNELS]; /* of the images, by channel */
    /* What does not move at first is looked at again behind a few small steps: a branch or a
     * classifier that begins at zero lets nothing through until it has learned something. */
    struct signals_layer *layers; /* owned, as below; names are not */
    int layer_count;
    struct signals_matrix *matrices;
    int matrix_count;
    struct probe *probe; /* owned: the network that the names are of; NULL in numbers made up */
};

/* Several batches of real data go through the network. */
int init_measure(struct init_facts *facts, const struct tune_options *options, struct error *err);
void init_judge(const struct init_facts *facts, struct verdict *verdict);
void init_facts_release(struct init_facts *facts);

#endif
