/*
 * A layer is one file that ends in one const descriptor; `layers` (layers.c) names them all. A
 * layer works on one image at a time, so that what it computes depends neither on the batch nor on
 * the threads; what must see the whole batch (batch normalization's statistics) is measured per
 * image and settled once, in order.
 *
 *     const struct layer_kind LAYER(relu) = {
 *         .name = "relu", .inputs_min = 1, .inputs_max = 1, .shape = shape, .forward = forward, ...
 *     };
 *
 * Shapes: x (c,h,w) of one image, y likewise; the caller gives pointers to the whole batch and the
 * image's number.
 *
 * Layers are written over `real`: float in the networks, double where gradients are checked. A file
 * whose descriptor is named by LAYER is compiled for both.
 */
#ifndef TENFOLD_MODEL_LAYER_H
#define TENFOLD_MODEL_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/param.h"
#include "base/rng.h"
#include "model/net.h"

#ifdef TENFOLD_DOUBLE
typedef double real;
#define LAYER(name) layer_##name##_double
#else
typedef float real;
#define LAYER(name) layer_##name
#endif

/*
 * Images lie as planes (c,h,w) or in blocks of channels (c/lanes,h,w,lanes), in which a vector of
 * `lanes` numbers is the same pixel of as many channels. What a kind takes:
 */
enum layer_blocks {
    BLOCKS_NEVER,  /* planes */
    BLOCKS_ALIKE,  /* blocks where all inputs and the output do */
    BLOCKS_EITHER, /* each input and the output as they come */
};

enum { LAYER_INPUTS = 8, LAYER_WEIGHTS = 4, LAYER_PARAMS = 12, LANES = 16 };

/* How a tensor begins. The first two are matrices, which an initialization scheme fills; UNIFORM is
 * also said of a linear layer's bias. */
enum init_kind { INIT_KAIMING, INIT_UNIFORM, INIT_ONE, INIT_ZERO, INIT_CONSTANT };

/* A tensor that a layer keeps, as it declares it. */
struct layer_weight {
    const char *suffix; /* "weight", "bias", "running_mean" */
    int rank;
    int64_t shape[4];
    bool trained;
    enum init_kind init;
    double value; /* of INIT_CONSTANT */
    int64_t fan_in, fan_out;
};

/* One layer of a network: its kind and its values. */
struct layer {
    const struct layer_kind *kind;
    union value v[LAYER_PARAMS];
    int inputs;
    int nth, of; /* the network's nth of so many layers of its kind, from 1 on */
    /* The first input's shape at the size that the network declares. At another size the network
     * runs fully convolutionally: what looks at a whole plane at this one (linear, flatten,
     * adaptive pooling) becomes a window of this size that slides over the larger plane. */
    struct shape built;
};

/* One trip of a batch through one layer. */
struct pass {
    const struct layer *layer;
    int b;                              /* images */
    struct shape in[LAYER_INPUTS], out; /* of one image */
    const real *x[LAYER_INPUTS];        /* (b, in) */
    real *y;                            /* (b, out) */
    int lanes;                          /* of blocks */
    bool x_blocks[LAYER_INPUTS], y_blocks;
    const real *w[LAYER_WEIGHTS]; /* in order of declaration; NULL where there is none */
    bool relu;                    /* end in max(y, 0); only where the kind says `fuses_relu` */
    bool training;                /* statistics of the batch; else the running ones */
    bool frozen;                  /* the running ones all the same, which stay as they are */
    real *running[LAYER_WEIGHTS]; /* training: the untrained tensors, to be updated */
    double share;                 /* of this batch in them; 0: as the layer's parameters say */
    void *state;                  /* kept from forward to backward, kind->state() bytes */
    bool fast;                    /* the fastest way, though it rounds a little more coarsely */
    const real *prepared;         /* by kind->prepare; NULL where there is no such thing */
    /* Chance: what image i draws is a function of `key` (the layer's), first + i and `sample`. */
    struct rng_key key;
    uint64_t first;  /* training: the batch's first position in the run; else the image's id */
    uint32_t sample; /* which of several draws for the same images; 0 in training */
    bool noise;      /* dropout draws although this is no training */
    /* Backward. */
    const real *dy;          /* (b, out) */
    real *dx[LAYER_INPUTS];  /* (b, in); NULL where nobody asks */
    bool add[LAYER_INPUTS];  /* dx += instead of dx = */
    real *dw[LAYER_WEIGHTS]; /* settle_backward writes here; lanes are summed into it */
};

struct layer_kind {
    const char *name, *summary;
    const struct param *params; /* NULL: none */
    int inputs_min, inputs_max;
    bool fuses_relu;
    bool draws;        /* takes pass_rng: in training, or always */
    bool reads_output; /* backward reads y: it must not be overwritten by a layer after it */
    bool over_input;   /* y may lie where x[0] does: forward allows it, backward reads neither */
    enum layer_blocks blocks;
    bool (*takes_blocks)(const struct pass *p); /* not this layer, though its kind; NULL: it does */

    /* The output's shape. Fails where the inputs do not fit; the caller adds the place. */
    int (*shape)(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err);
    /* Declare at most LAYER_WEIGHTS tensors for these inputs; returns how many. NULL: none. */
    int (*weights)(const struct layer *l, const struct shape *in, struct layer_weight *w);
    /* Numbers of scratch that a worker needs for one image, forward and backward. NULL: none. */
    size_t (*scratch)(const struct pass *p);
    /* Numbers that are worked out from the weights once for all images of a batch, and that work:
     * for forward, or (`backward`) anew for backward. NULL: there are none. */
    size_t (*prepared)(const struct pass *p);
    void (*prepare)(const struct pass *p, bool backward, real *prepared);
    /* Bytes kept between forward and backward for p->b images. NULL: none. */
    size_t (*state)(const struct pass *p);

    /* Training only: look at image i; then, once, draw the conclusion from all images. NULL:
     * nothing to do. */
    void (*measure)(const struct pass *p, int i);
    void (*settle)(const struct pass *p);
    void (*forward)(const struct pass *p, int i, real *scratch);

    /* The same backwards. `lane` has room for the trained tensors, one after the other, and is
     * added to. */
    void (*measure_backward)(const struct pass *p, int i);
    void (*settle_backward)(const struct pass *p);
    void (*backward)(const struct pass *p, int i, real *scratch, real *lane);

    /* Several images at once, where that is cheaper: `count` from `first` on, or first, first +
     * step ... of a lane. What comes out is the same as one by one. NULL: there is no such way. */
    void (*forward_images)(const struct pass *p, int first, int count, real *scratch);
    void (*backward_images)(const struct pass *p, int first, int step, int count, real *scratch,
                            real *kept, real *lane);
    /* Numbers that backward_images adds to in `kept` through a whole lane, zeros at first, and what
     * becomes of them then. NULL: none. */
    size_t (*kept)(const struct pass *p);
    void (*finish_lane)(const struct pass *p, const real *kept, real *lane);

    /* Where there are several ways to compute a pass: their names, and which of them this one
     * takes, so that gradcheck can see to it that none is left out. NULL: there is one. */
    const char *const *kernels; /* ends with NULL */
    const char *(*kernel)(const struct pass *p);

    /* y is x, dx is dy: a network leaves the layer out. NULL: never. */
    bool (*identity)(const struct layer *l, const struct shape *in, const struct shape *out);

    /* Multiply-adds for one image. NULL: not counted. */
    uint64_t (*multiply_adds)(const struct pass *p);

    /* Activations: by how much weights before one must be larger than 1 / sqrt(fan) for signals to
     * keep their size (PyTorch's calculate_gain). NULL: this is no activation. */
    double (*gain)(const struct layer *l);
};

extern const struct layer_kind *const layers[]; /* ends with NULL */

static inline size_t shape_count(struct shape s)
{
    return (size_t)s.c * (size_t)s.h * (size_t)s.w;
}

static inline bool shape_same(struct shape a, struct shape b)
{
    return a.c == b.c && a.h == b.h && a.w == b.w;
}

/* Where channel c's pixel `at` (of h w) lies in an image in blocks of `lanes`. */
static inline size_t blocks_index(struct shape s, int lanes, int c, size_t at)
{
    size_t n = (size_t)lanes, plane = (size_t)s.h * (size_t)s.w;
    return ((size_t)c / n * plane + at) * n + (size_t)c % n;
}

/* The draws of image i, the same whoever computes it. */
static inline struct rng pass_rng(const struct pass *p, int i)
{
    return rng_start(p->key, p->first + (uint64_t)i, p->sample);
}

#endif
