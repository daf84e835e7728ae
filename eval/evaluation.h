/*
 * One evaluation from names to numbers: open the networks and the data, predict, average, count.
 *
 *     struct evaluation_request r = { .data = "data/test", .models = models, .count = 3 };
 *     struct evaluation e;
 *     if (evaluate(&e, &r, &err) < 0) ...
 *     printf("%.4f\n", e.report.scores[0].top1);
 *     evaluation_release(&e);
 */
#ifndef TENFOLD_EVAL_EVALUATION_H
#define TENFOLD_EVAL_EVALUATION_H

#include "eval/members.h"
#include "eval/predict.h"
#include "eval/report.h"

/* Everything is borrowed; the texts must outlive the evaluation. */
struct evaluation_request {
    const char *data;
    const char *classes;       /* file, or NULL: see index.h */
    const char *const *models; /* WEIGHTS or NET.yaml=WEIGHTS */
    int count;
    struct view_policy views;
    int threads; /* 0: as many as this process may use */
    bool exif_apply;
    bool fast;  /* convolutions: members_set_fast */
    bool quiet; /* no progress bar */
    size_t
        views_memory; /* what each of several views says is kept where it fits in so many bytes */
    void (*warn)(void *context, const char *place,
                 const char *text); /* as in predict.h; may be NULL */
    void *context;
};

/* All owned; the report borrows from the rest, so it is not to be moved. */
struct evaluation {
    struct view_policy views;
    char views_text[VIEW_TEXT];
    struct members members;
    struct index *index;
    struct prediction *predictions; /* (members) */
    float **kept;                   /* (members) each (n,views,k), or NULL: not kept */
    struct prediction mean;         /* of the ensemble */
    struct metric_score *scores;    /* (members) */
    struct report report;           /* of the above */
};

/* `e` is filled on success and untouched on failure. What can be refused without running a network
 * is refused first. */
int evaluate(struct evaluation *e, const struct evaluation_request *request, struct error *err);

/* Write the probabilities of every member and of the ensemble to folder/NAME.safetensors and
 * folder/ensemble.safetensors (see prediction.h); the folder is made. */
int evaluation_save(const struct evaluation *e, const char *folder, struct error *err);

void evaluation_release(struct evaluation *e);

#endif
