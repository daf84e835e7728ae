/* What backprop.c (running) and backprop_plan.c (what is decided before) share. */
#ifndef TENFOLD_MODEL_BACKPROP_PRIVATE_H
#define TENFOLD_MODEL_BACKPROP_PRIVATE_H

#include "model/backprop.h"
#include "model/features.h"
#include "model/net_private.h"

/* One node. The parts: where its own begins among those of the nodes of a run, in floats. */
struct step {
    void *state;      /* owned: kept from forward to backward */
    int gradient;     /* number of the buffer of its output's gradient; -1: none */
    bool touched;     /* does that gradient hold something yet */
    bool blocks;      /* its output and that's gradient lie in blocks of channels */
    bool first, last; /* does it begin a run on the way forward, on the way back */
    size_t lane, kept, prepared, prepared_back;
    struct pass pass; /* of the present run */
};

struct gradient_buffer {
    float *data; /* owned */
    size_t size; /* floats of an image, of the largest that lies there */
};

struct backprop {
    struct net *net;   /* borrowed */
    struct pool *pool; /* borrowed */
    int batch;
    uint64_t seed, position;            /* of the layers' draws */
    const struct backprop_watch *watch; /* borrowed; NULL: nobody */
    float **output;     /* owned list; buffers owned by the nodes that are their own root */
    struct step *steps; /* owned, one a node */
    struct gradient_buffer *buffers; /* owned: gradients */
    int buffer_count;
    float *scratch; /* owned: a part for each worker: what is kept through a lane, then the rest */
    size_t scratch_size, kept_size;
    float *lanes;    /* owned: of the largest run */
    float *prepared; /* owned: of the largest run */
    float *planes;   /* owned: an output or a gradient for somebody outside; NULL: none in blocks */
    struct features *features; /* owned; NULL: nothing is remembered */
};

/* Lanes of a run with so many trained numbers. */
int backprop_lanes(size_t trained);

/* Numbers that node j's lanes sum up: its trained ones, unless it settles them itself. */
size_t backprop_lane_floats(const struct net *net, int j);

/* A pass through node j with b images, without pointers to any. */
struct pass backprop_pass(const struct backprop *bp, int j, int b);

/* Images that go through nodes first <= j < end together. */
int backprop_group(const struct net *net, int first, int end);

#endif
