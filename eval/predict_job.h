/*
 * Inside predict: one group of images on its way. Its tasks are loads (one an image), products (one
 * a model and view) and means (one a model); tasks of one kind may run at the same time, and a kind
 * begins when the one before is done. Who runs what when is predict_groups' business.
 *
 *     job_start(job, group, first, end);
 *     job_load(job, hand, i, &err);                     // i in 0..loads-1
 *     job_multiply(job, hand, infers, i, &err);         // i in 0..products-1
 *     job_average(job, i, &err);                        // i in 0..models-1
 *     sink->deliver(context, job_rows(job), &err);
 */
#ifndef TENFOLD_EVAL_PREDICT_JOB_H
#define TENFOLD_EVAL_PREDICT_JOB_H

#include "eval/predict.h"
#include "eval/view_store.h"
#include "model/infer.h"

/* What all jobs of a run share. Borrowed. */
struct job_setting {
    const struct index *index;
    const struct net *const *nets; /* (models) */
    int models;
    int group; /* G */
    int views; /* of an image */
    enum prediction_kind kind;
    bool keep_views;
    struct view_spec spec;
};

enum job_stage { JOB_LOAD, JOB_MULTIPLY, JOB_AVERAGE, JOB_STAGES };

struct job {
    const struct job_setting *setting;
    struct view_store *store; /* owned, as all below */
    float **logits;           /* (models) each (views, G, k), as the products give them */
    float **values;           /* (models) each (G, k) */
    float **views;            /* (models) each (G, views, k), NULL: not kept */
    struct predict_rows rows;

    /* The scheduler's, under its lock. */
    bool busy;
    int given[JOB_STAGES], done[JOB_STAGES];
};

int job_open(struct job *job, const struct job_setting *setting, struct error *err);
/* Take up the ids first..end-1 of `group`. */
void job_start(struct job *job, uint64_t group, uint64_t first, uint64_t end);
/* How many tasks a stage has. */
int job_tasks(const struct job *job, enum job_stage stage);

int job_load(struct job *job, struct view_hand *hand, int i, struct error *err);
int job_multiply(struct job *job, struct view_hand *hand, struct infer *const *infers, int i,
                 struct error *err);
int job_average(struct job *job, int model, struct error *err);

void job_close(struct job *job);

#endif
