/*
 * --samples N: views that are drawn, from a training recipe where one is given.
 *
 *     struct sampling s;
 *     if (sampling_open(&s, 16, 0, "configs/imagenet_resnet.yaml", &members, &err) < 0) ...
 *     options.views = &s.policy;
 *     sampling_close(&s);
 */
#ifndef TENFOLD_EVAL_SAMPLING_H
#define TENFOLD_EVAL_SAMPLING_H

#include "augment/view.h"
#include "eval/members.h"

struct sampling {
    struct view_policy policy;
    struct recipe *recipe; /* owned; NULL: none */
};

/* `config` is a file whose `augment` list is drawn from, or NULL. ERROR_USAGE: it gives another
 * size than a network takes, or none; or it erases in units of the output stage, which views in 8
 * bits lack. */
int sampling_open(struct sampling *sampling, int samples, uint64_t seed, const char *config,
                  const struct members *members, struct error *err);

void sampling_close(struct sampling *sampling);

#endif
