/*
 * A network as a list of steps for inference: a batch normalization behind a convolution has become
 * part of its weights; the addition of a residual and the activation behind it part of its store;
 * what runs on blocks of channels (blocked.h) and what on planes is settled, with the steps that
 * lead from one to the other. Shared by all that run the network, together with the weights as they
 * are multiplied, which are worked out when first needed.
 *
 *     struct infer_plan *plan;
 *     if (infer_plan_open(&plan, net, &err) < 0) ...
 *     const float *u = infer_plan_weights(plan, s, &conv, &err);
 *     infer_plan_close(plan);
 *
 * Values are numbered: a node's output by the node, the network's input by `count` of nodes; the
 * same in the other layout by that + `count` + 1.
 */
#ifndef TENFOLD_MODEL_INFER_PLAN_H
#define TENFOLD_MODEL_INFER_PLAN_H

#include <pthread.h>

#include "model/blocked_conv.h"
#include "model/net_private.h"

/* INFER_VARIANTS: ways for weights to lie (tiles of 2, of 4, none) at three SIMD levels. */
enum { INFER_NONE = -1, INFER_VARIANTS = 9 };

enum infer_way {
    INFER_LAYER, /* the layer's own forward, on planes */
    INFER_CONV,  /* these on blocks of channels; also of linear layers */
    INFER_MAXPOOL,
    INFER_AVERAGE,
    INFER_ADD,
    INFER_CONCAT,
    INFER_SPREAD,  /* from planes to blocks */
    INFER_COLLECT, /* and back */
};

struct infer_step {
    enum infer_way way;
    int node;  /* whose layer runs; of the last two the one that made the value, or NET_INPUT */
    int value; /* that this step makes */
    int shape; /* the node that has the value's shape, or NET_INPUT */
    int input[LAYER_INPUTS], inputs; /* values */
    int residual;                    /* a value that is added in the end, or INFER_NONE */
    bool image;                      /* INFER_CONV: the input is in planes */
    float least, most;               /* bounds of the output */
    int norm;      /* the batch normalization that is part of the weights, or INFER_NONE */
    float *bias;   /* owned: INFER_CONV, zeros behind it; INFER_LAYER with `norm` */
    float *folded; /* owned: the weights of INFER_LAYER with `norm`; NULL: the net's own */
    struct {
        struct blocked_conv conv; /* for which of */
        float *u;                 /* owned; these are the weights */
    } variant[INFER_VARIANTS];    /* under the plan's lock */
};

struct infer_plan {
    const struct net *net; /* borrowed */
    struct infer_step *steps;
    int count;  /* of steps */
    int values; /* numbers */
    int last;   /* the value, in planes, that is the network's output */
    pthread_mutex_t lock;
    int users; /* under lock */
};

int infer_plan_open(struct infer_plan **plan, const struct net *net, struct error *err);
/* Another user, who closes it, too. */
struct infer_plan *infer_plan_share(struct infer_plan *plan);
void infer_plan_close(struct infer_plan *plan);

/* The weights of step `s`, an INFER_CONV, for this way to compute it; valid until the last close.
 * Any thread. NULL with err. */
const float *infer_plan_weights(struct infer_plan *plan, int s, const struct blocked_conv *conv,
                                struct error *err);

/* How step `s` convolves, for these shapes. */
void infer_plan_conv(const struct infer_plan *plan, int s, struct shape in, struct shape out,
                     struct blocked_conv *conv);

#endif
