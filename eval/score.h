/*
 * What prediction files say: metrics with intervals, ensembles, paired tests, and everything else
 * that a report shows. It is found once, in struct score_result, and rendered by eval/report_*;
 * score_make.h makes it.
 *
 *     struct score_result *r;
 *     if (score_make(&input, &options, &r, &err) < 0) ...
 *     for (int p = 0; p < r->predictors; p++)
 *         printf("%s %.4f\n", r->predictor[p].name, r->predictor[p].top1.value);
 *     score_close(r);
 *
 * Letters: n samples, k classes, P predictors (the files given, then their ensembles), M members of
 * an ensemble. Shares are 0..1. Samples without a label take no part in any number. tests/
 * score_example.h has a small result filled by hand.
 */
#ifndef TENFOLD_EVAL_SCORE_H
#define TENFOLD_EVAL_SCORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "eval/interval.h"

enum { SCORE_BINS = 15, SCORE_RISKS = 101, SCORE_CONFUSION = 4096 };

/* One bar of a reliability diagram: samples whose confidence lies in (low, high], the first bin
 * with 0, so that 0 and 1 are counted. `accuracy` carries Wilson's interval. */
struct score_bin {
    double low, high;
    uint64_t count;
    double confidence; /* mean of the bin; 0 when it is empty */
    struct interval accuracy;
};

/* Calibration: how far confidence (the largest probability) is from accuracy. Guo et al., "On
 * Calibration of Modern Neural Networks", ICML 2017; class-wise: Nixon et al., "Measuring
 * Calibration in Deep Learning", 2019. */
struct score_calibration {
    struct interval nll, brier; /* Brier: sum over classes of squared differences, 0..2 */
    struct interval ece;        /* 15 equal-width bins */
    /* What ece would be on average were the predictor perfectly calibrated: |sums of gaps| of as
     * many samples are not 0. No interval of ece reaches below it by much. */
    double ece_floor;
    struct interval ece_mass;  /* 15 bins of equally many samples */
    struct interval ece_class; /* equal-width bins of every class's probability, mean of classes;
                                  its interval holds the signs of the gaps */
    double mce;                /* largest gap of the equal-width bins that are not empty */
    struct score_bin width[SCORE_BINS], mass[SCORE_BINS];
    struct score_bin class_width[SCORE_BINS]; /* all classes' probabilities in one diagram:
                                                 `accuracy` is the share that is the label */
};

struct score_class {
    uint64_t support, predicted, correct;
    double precision, recall, f1; /* 0 where undefined, as scikit-learn's zero_division=0 */
    double ece;                   /* this class's part of ece_class */
};

/* Coverage against risk: the error among the most confident share of samples. Equal confidences
 * enter together. Geifman and El-Yaniv, "Selective Classification", NIPS 2017. */
struct score_risk {
    double coverage, risk, threshold; /* threshold: the smallest confidence that is covered */
};

struct score_mistake {
    uint64_t row; /* in the files */
    int64_t id;
    int label, predicted;
    double confidence;  /* of the predicted class */
    double p_label;     /* of the label */
    const char *sample; /* the sample's key; NULL unless a data set or names were given */
};

/* What a file held. Votes have no probabilities: of their numbers only those of the predicted class
 * exist (has_probs is false, the rest is 0 with INTERVAL_NONE). */
enum score_kind { SCORE_PROBS, SCORE_LOGITS, SCORE_VOTES };
extern const char *const score_kind_names[]; /* "probs", "logits", "votes" */

/* All pointers of the structs below live in the result's arena. */
struct score_predictor {
    const char *name;                             /* all different */
    const char *file;                             /* as given; NULL for an ensemble */
    const char *hash, *network, *views, *kernels; /* as the file says; "" when it does not */
    const char *preprocess;                       /* JSON (augment/preprocess.h), or "" */
    enum score_kind kind;
    bool has_probs;
    int ensemble;           /* its place in result.ensemble; -1: a single file */
    uint64_t parameters;    /* 0: not known, as below; of an ensemble the sum */
    uint64_t multiply_adds; /* a view */

    uint64_t labeled, correct, correct_top;
    int top;                    /* 5, or k where there are fewer, or what was asked for */
    struct interval top1, topk; /* Wilson */
    struct interval real;       /* with alternative labels (ReaL): of real_labeled samples */
    uint64_t real_labeled, real_correct;   /* real_labeled is 0 without such labels */
    struct interval precision, recall, f1; /* means over the classes that have a support or a
                                              prediction, as scikit-learn's "macro" */
    struct score_calibration raw;
    /* After temperature scaling: probabilities proportional to p^(1/T), T fitted where
     * result.temperature_split says. Empty (temperature 0) for votes. */
    double temperature;
    struct score_calibration scaled;
    struct interval aurc;    /* mean of the risk over coverages 1/n .. 1 */
    struct score_risk *risk; /* (SCORE_RISKS) at coverages 0.01 steps from 0; NULL for votes */

    struct score_class *classes;   /* (k) */
    uint32_t *confusion;           /* (k,k), rows are labels, columns predictions;
                                     NULL above SCORE_CONFUSION classes */
    struct score_mistake *mistake; /* most confident first */
    int mistakes;
};

enum score_rule { SCORE_RULE_PROB, SCORE_RULE_LOGPROB, SCORE_RULE_LOGIT, SCORE_RULE_VOTE };
extern const char *const score_rule_names[]; /* "prob", "logprob", "logit", "vote" */
enum score_weighting {
    SCORE_WEIGHTS_UNIFORM,
    SCORE_WEIGHTS_GIVEN,
    SCORE_WEIGHTS_NNLS,
    SCORE_WEIGHTS_LIKELIHOOD,
    SCORE_WEIGHTS_GREEDY,
};
extern const char *const score_weighting_names[]; /* "uniform", "given", "nnls", ... */

/* The ensemble without one member, against the whole: gain > 0 says that the member helps. */
struct score_without {
    double top1, nll;
    struct interval gain_top1, gain_nll; /* top-1 with it minus without; NLL without minus with */
    uint64_t corrected, corrupted;       /* samples, by adding the member */
    double mcnemar;
};

/* One step of greedy selection with replacement (Caruana et al., "Ensemble Selection from Libraries
 * of Models", ICML 2004). */
struct score_step {
    int member;             /* predictor added */
    int distinct;           /* different members so far: what running the ensemble costs */
    uint64_t multiply_adds; /* of these, a view; 0: not known */
    double criterion;       /* on the selection split, smaller is better: NLL, or error */
    double top1, nll;       /* on the reported samples */
};

struct score_ensemble {
    int predictor; /* its place among the predictors */
    enum score_rule rule;
    enum score_weighting weighting;
    int members;
    int *member;                   /* (members) predictors */
    double *weight;                /* (members), sum 1 */
    struct score_without *without; /* (members); NULL for one member */
    struct score_step *step;       /* greedy: all steps tried; NULL otherwise */
    int steps, chosen;             /* the first `chosen` of them make the ensemble */
    bool optimistic;               /* selected or fitted on the samples that are reported */
};

/* Two predictors on the same samples, a before b: gains are b's over a's. */
struct score_pair {
    int a, b;
    uint64_t both, only_a, only_b, neither; /* right */
    double disagreement;                    /* share of samples with different answers */
    double error_correlation; /* Pearson's, of the indicators of an error; 0 when one is constant */
    double mcnemar;           /* exact two-sided p-value of only_a against only_b */
    struct interval gain_top1; /* top-1 of b minus a */
    struct interval gain_nll;  /* NLL of a minus b; INTERVAL_NONE where one is votes */
    double bootstrap;          /* two-sided p-value of the paired bootstrap of gain_top1 */
};

/* Perhaps a wrong label: a class other than the label reaches the mean confidence of the samples
 * labeled so. Ranked by self-confidence (Northcutt et al., "Confident Learning", JAIR 2021). */
struct score_suspect {
    uint64_t row;
    int64_t id;
    int label, suggested;
    double self_confidence, suggested_confidence;
    const char *sample; /* key, or NULL */
};

/* What one test-time view, or one scale of them, is worth to a predictor. */
struct score_view {
    int predictor;
    const char *name; /* "256 center", "256 center mirrored"; a scale: "scale 256" */
    bool is_scale;
    int views;                     /* how many views of the protocol it stands for */
    struct interval top1;          /* alone */
    double nll;                    /* alone */
    struct interval gain_top1;     /* all views' top-1 minus that without it */
    uint64_t corrected, corrupted; /* samples, by adding it to the others */
    double mcnemar;
    double weight; /* share of the average; learned where result says so */
};

struct score_split {
    const char *how; /* "fold 0 of 2 by id", "the ids in val.csv", "val.npy"; "" none */
    uint64_t n;      /* labeled samples in it */
    bool reported;   /* the same samples are reported: optimistic */
};

struct score_result {
    struct arena arena; /* owns everything below */
    const char *title;  /* of the report; may be "" */
    const char *version;
    const char *command;          /* the command line that made it; "" when unknown */
    const char *data, *data_hash; /* as given and as the files say; "" when unknown */
    const char *labels;           /* file of the labels, "" when the prediction files hold them */
    uint64_t n;                   /* samples in the files */
    uint64_t reported; /* of these, samples that the numbers are about (a split may take some) */
    uint64_t labeled;  /* of these, with a label */
    int k;
    const char *const *class_name; /* (k), NULL when unknown */
    uint64_t seed;
    int rounds;     /* of the bootstrap; 0: no intervals but Wilson's */
    double seconds; /* of scoring */
    int threads;

    /* One sentence when anything was selected or fitted on reported samples, "" otherwise. Every
     * output shows it. */
    const char *optimistic;
    const char *const *warning; /* (warnings) sentences */
    int warnings;
    struct score_split selection;   /* where weights were fitted and members chosen */
    struct score_split temperature; /* where temperatures were fitted; "2 folds crosswise": each
                                       sample's by the others */
    bool views_learned;             /* score_view.weight was fitted on the selection split */

    int predictors, singles; /* P; the first `singles` of them are files */
    struct score_predictor *predictor;
    int first, best; /* the first file; the best file: most correct, of equals the
                        smaller NLL, then the smaller hash, then name */
    int ensembles;
    struct score_ensemble *ensemble;
    struct score_pair *pair; /* (P * (P - 1) / 2): see score_pair_of */
    int suspect_predictor;   /* whose probabilities found the suspects; -1: none */
    int suspects;
    uint64_t suspects_found;       /* before the list was cut */
    struct score_suspect *suspect; /* smallest self-confidence first */
    int views;
    struct score_view *view; /* by predictor, in the protocol's order, scales behind views */
};

/* The test of a pair, a != b; where the result holds it as (b, a), it is turned round. */
struct score_pair score_pair_of(const struct score_result *result, int a, int b);

/* NULL is a no-op. */
void score_close(struct score_result *result);

#endif
