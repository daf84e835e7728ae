/* Inside score_read: the set while it is read. Others include score_read.h. */
#ifndef TENFOLD_EVAL_SCORE_SET_H
#define TENFOLD_EVAL_SCORE_SET_H

#include "eval/score_read.h"

enum { SCORE_SET_WARNINGS = 32 };

/* Weights of a file's views that were fitted, and what they give. */
struct score_set_learned {
    double *weight; /* (views), owned; NULL: none */
    float *probs;   /* (n,k), owned */
    int at;         /* which of input.file */
};

struct score_set {
    const struct score_request *request; /* borrowed while reading */
    struct outputs *outputs;             /* (count), owned, as all below */
    int count;
    struct score_file *file; /* (input.files): a file of votes may have several voters */
    char **names;            /* of the files */
    int64_t *label;          /* (n) */
    uint8_t *use;            /* (n) or NULL */
    float **probs;           /* (count) softmax of logits that are kept, or NULL */
    int *at;                 /* (count) which of input.file a file is, the first of its voters */
    struct score_set_learned *learned; /* (count) */
    uint64_t *real_first;
    int32_t *real_label;
    struct score_set *selection; /* or NULL */
    struct score_input input;    /* of the above */
    const char *caution;
    const char *warning[SCORE_SET_WARNINGS];
    int warnings;
    struct arena arena;
};

/* score_read.c: files, their samples and labels: what the reported and the selection set need. */
int score_set_fill(struct score_set *set, const char *const *files, int count, const char *labels,
                   struct error *err);
/* A sentence in the set's arena; NULL: no memory. */
const char *score_set_say(struct score_set *set, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* score_check.c: ERROR_DATA where files, all read, are not about the same samples and classes. */
int score_set_check_files(const struct score_set *set, const char *const *files, struct error *err);
/* Labels given apart, held against what the set knows of its samples. */
int score_set_check_labels(const struct score_set *set, const char *first, const char *path,
                           const struct outputs *labels, struct error *err);

/* score_extra.c: alternative labels, and names of the classes. */
int score_set_read_real(struct score_set *set, const char *path, struct error *err);
int score_set_read_classes(struct score_set *set, const char *path, struct error *err);

/* score_select.c: what is for selection. */
int score_set_select(struct score_set *set, const struct score_request *request, struct error *err);

/* score_views.c: learned averages of views beside their files, here and in the selection set. */
int score_set_learn_views(struct score_set *set, const struct score_request *request,
                          struct error *err);

#endif
