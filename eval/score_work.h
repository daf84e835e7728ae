/* Inside score_make: what its parts share while a score is being made. Others include
 * score_make.h. */
#ifndef TENFOLD_EVAL_SCORE_WORK_H
#define TENFOLD_EVAL_SCORE_WORK_H

#include "eval/mixture.h"
#include "eval/ranking.h"
#include "eval/score_make.h"
#include "eval/tally.h"

/* What is measured in every round of the bootstrap. */
enum score_stat {
    STAT_HIT,
    STAT_NLL,
    STAT_BRIER,
    STAT_CLASS,
    STAT_ECE,
    STAT_MASS,
    STAT_AURC,
    STAT_PRECISION,
    STAT_RECALL,
    STAT_F1,
    STAT_SCALED, /* the next ones after temperature scaling */
    STAT_SCALED_NLL = STAT_SCALED,
    STAT_SCALED_BRIER,
    STAT_SCALED_CLASS,
    STAT_SCALED_ECE,
    STAT_SCALED_MASS,
    STATS,
};

/* Samples that numbers are made of, and the outputs of all members for them. */
struct score_samples {
    const struct score_input *input; /* borrowed */
    uint64_t n;
    uint64_t *row;  /* (n) in the input's arrays; owned */
    int32_t *label; /* (n), k: a class without an output; owned */
};

/* One predictor, or an ensemble without one of its members. */
struct score_work_predictor {
    struct mixture mixture, selection; /* of the reported samples, of the selection's */
    struct mixture_member *member, *selection_member; /* (mixture.count); owned */
    double *weight;                                   /* (mixture.count), or NULL; owned */
    struct answers raw, scaled;
    struct ranking ranking, scaled_ranking;
    double *hit;           /* (n) 1 for right; owned */
    double *replicate;     /* (STATS, rounds); owned */
    double temperature[2]; /* by part */
    int *from;             /* (mixture.count) which file a member is; owned */
    bool probs;            /* there are probabilities */
    bool full;             /* all statistics, not only hit and nll */
};

struct score_work {
    const struct score_input *input;
    const struct score_options *options;
    struct score_result *result;
    struct score_samples reported, selection; /* selection.n 0: none declared */
    uint8_t *part;                            /* (reported.n) fold of the temperature; owned */
    int count;                                /* predictors, then ensembles without a member */
    struct score_work_predictor *predictor;   /* (count); owned */
};

/* score_wish.c: members, weights and steps of the ensembles that are wished for, and all entries of
 * work->predictor with their mixtures. */
int score_work_plan(struct score_work *work, struct error *err);
/* score_predictor.c: all numbers of predictor `p` but its intervals. */
int score_work_measure(struct score_work *work, int p, struct error *err);
/* score_resample.c: the bootstrap, and what comes of it: intervals and pairs. */
int score_work_resample(struct score_work *work, struct error *err);
/* score_lists.c: mistakes and suspects. */
int score_work_list(struct score_work *work, struct error *err);

/* A copy in the result's arena; "" for NULL. NULL: no memory. */
const char *score_work_text(struct score_work *work, const char *text, struct error *err);

/* Rows of a predictor as a source; `rows` is filled and must outlive it. */
struct row_source score_work_source(const struct mixture *mixture,
                                    const struct score_samples *samples, struct mixture_rows *rows);

#endif
