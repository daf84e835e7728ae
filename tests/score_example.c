#include "tests/score_example.h"

#include <check.h>
#include <stdlib.h>

enum { N = 600, REPORTED = 500, K = 4, FILES = 3, P = 4, VOTES = 2, ENSEMBLE = 3 };

static const uint64_t correct[P] = { 400, 410, 380, 425 };

static void *take(struct score_result *r, size_t count, size_t size)
{
    struct error err = { 0 };
    void *memory = arena_take(&r->arena, count, size, &err);
    ck_assert_ptr_nonnull(memory);
    return memory;
}

static struct interval around(double value, double half, enum interval_kind kind)
{
    return (struct interval){ value, value - half, value + half, kind };
}

/* Bins of `total` samples, more of them the surer; `gap` is confidence minus accuracy. */
static void fill_bins(struct score_bin *bins, uint64_t total, double gap)
{
    uint64_t left = total;
    for (int b = SCORE_BINS - 1; b >= 0; b--) {
        struct score_bin *bin = &bins[b];
        bin->low = (double)b / SCORE_BINS;
        bin->high = (double)(b + 1) / SCORE_BINS;
        bin->count = b < 3 ? 0 : b == 3 ? left : left / 2;
        left -= bin->count;
        bin->confidence = bin->count ? (bin->low + bin->high) / 2 : 0;
        double accuracy = bin->confidence - gap > 0 ? bin->confidence - gap : 0;
        bin->accuracy = interval_wilson((uint64_t)(accuracy * (double)bin->count), bin->count);
    }
}

static void fill_calibration(struct score_calibration *c, int p, double gap)
{
    c->nll = around(0.60 - 0.03 * p, 0.05, INTERVAL_BCA);
    c->brier = around(0.28 - 0.01 * p, 0.02, INTERVAL_BCA);
    c->ece = around(gap, gap / 2, INTERVAL_BCA);
    c->ece_floor = 0.011;
    c->ece_mass = around(gap * 0.9, gap / 2, INTERVAL_BASIC);
    c->ece_class = around(gap * 0.6, gap / 4, INTERVAL_BCA);
    c->mce = gap * 1.5;
    fill_bins(c->width, REPORTED, gap);
    fill_bins(c->mass, REPORTED, gap);
    fill_bins(c->class_width, (uint64_t)REPORTED * K, gap / 2);
}

static void fill_classes(struct score_result *r, struct score_predictor *s)
{
    s->classes = take(r, K, sizeof(*s->classes));
    s->confusion = take(r, (size_t)K * K, sizeof(*s->confusion));
    uint64_t right = s->correct / K, wrong = REPORTED / K - right;
    for (int c = 0; c < K; c++) {
        /* Mistakes go to the next class. */
        s->confusion[c * K + c] = (uint32_t)right;
        s->confusion[c * K + (c + 1) % K] = (uint32_t)wrong;
        double share = (double)right / (REPORTED / K);
        s->classes[c] = (struct score_class){ REPORTED / K, REPORTED / K, right,         share,
                                              share,        share,        0.01 * (c + 1) };
    }
    s->precision = s->recall = s->f1 = around(s->top1.value, 0.03, INTERVAL_BCA);
}

static void fill_lists(struct score_result *r, struct score_predictor *s)
{
    s->mistakes = 2;
    s->mistake = take(r, 2, sizeof(*s->mistake));
    s->mistake[0] = (struct score_mistake){ 17, 117, 1, 2, 0.998, 0.001, "cat/0017" };
    s->mistake[1] = (struct score_mistake){ 40, 140, 3, 0, 0.97, 0.02, NULL };
    if (!s->has_probs)
        return;
    s->aurc = around(0.07, 0.01, INTERVAL_BCA);
    s->risk = take(r, SCORE_RISKS, sizeof(*s->risk));
    for (int i = 0; i < SCORE_RISKS; i++) {
        double coverage = i / (double)(SCORE_RISKS - 1);
        s->risk[i] = (struct score_risk){ coverage, (1 - s->top1.value) * coverage * coverage,
                                          1 - 0.6 * coverage };
    }
}

static void fill_predictor(struct score_result *r, int p)
{
    static const char *const names[P] = { "resnet20", "resnet32", "votes", "ensemble" };
    static const char *const files[P] = { "out/resnet20.safetensors", "out/resnet32.safetensors",
                                          "votes.npy", NULL };
    static const char *const hashes[P] = { "1b7f", "90aa", "", "" };
    struct score_predictor *s = &r->predictor[p];
    *s = (struct score_predictor){ .name = names[p],
                                   .file = files[p],
                                   .hash = hashes[p],
                                   .network = p < VOTES ? names[p] : "",
                                   .views = p < VOTES ? "hflip" : "",
                                   .kernels = p < VOTES ? "Haswell/avx2" : "",
                                   .preprocess = p < VOTES
                                                     ? "{\"filter\": \"bilinear\", \"resize\": 40, "
                                                       "\"size\": 32}"
                                                     : "",
                                   .kind = p == VOTES ? SCORE_VOTES : SCORE_PROBS,
                                   .has_probs = p != VOTES,
                                   .ensemble = p == ENSEMBLE ? 0 : -1 };
    if (s->has_probs) {
        s->parameters = 270000 + 200000 * (uint64_t)p;
        s->multiply_adds = 41000000 + 28000000 * (uint64_t)p;
    }
    s->labeled = REPORTED;
    s->correct = correct[p];
    s->top1 = interval_wilson(s->correct, REPORTED);
    s->top = 3;
    s->real_labeled = 480;
    s->real_correct = correct[p] - 10;
    s->real = interval_wilson(s->real_correct, s->real_labeled);
    if (s->has_probs) {
        s->correct_top = 490;
        s->topk = interval_wilson(s->correct_top, REPORTED);
        fill_calibration(&s->raw, p, 0.06);
        s->temperature = 1.37;
        fill_calibration(&s->scaled, p, 0.015);
    }
    fill_classes(r, s);
    fill_lists(r, s);
}

static void fill_ensemble(struct score_result *r)
{
    r->ensembles = 1;
    r->ensemble = take(r, 1, sizeof(*r->ensemble));
    struct score_ensemble *e = r->ensemble;
    *e = (struct score_ensemble){ .predictor = ENSEMBLE,
                                  .rule = SCORE_RULE_PROB,
                                  .weighting = SCORE_WEIGHTS_GREEDY,
                                  .members = 2,
                                  .steps = 4,
                                  .chosen = 3,
                                  .optimistic = true };
    e->member = take(r, 2, sizeof(*e->member));
    e->weight = take(r, 2, sizeof(*e->weight));
    e->without = take(r, 2, sizeof(*e->without));
    e->step = take(r, 4, sizeof(*e->step));
    for (int m = 0; m < 2; m++) {
        e->member[m] = m;
        e->weight[m] = m ? 2 / 3.0 : 1 / 3.0;
        e->without[m] = (struct score_without){ .top1 = r->predictor[1 - m].top1.value,
                                                .nll = r->predictor[1 - m].raw.nll.value,
                                                .corrected = m ? 40 : 30,
                                                .corrupted = 15,
                                                .mcnemar = m ? 0.001 : 0.036 };
        e->without[m].gain_top1 = around(m ? 0.05 : 0.03, 0.02, INTERVAL_BCA);
        e->without[m].gain_nll = around(m ? 0.09 : 0.06, 0.02, INTERVAL_BCA);
    }
    for (int s = 0; s < 4; s++)
        e->step[s] = (struct score_step){ .member = s == 1 ? 0 : 1,
                                          .distinct = s ? 2 : 1,
                                          .multiply_adds = s ? 110000000 : 69000000,
                                          .criterion = s == 2 ? 0.50 : 0.56 - 0.01 * s,
                                          .top1 = 0.82 + 0.01 * s,
                                          .nll = 0.57 - 0.01 * s };
}

static void fill_pairs(struct score_result *r)
{
    r->pair = take(r, P * (P - 1) / 2, sizeof(*r->pair));
    struct score_pair *pair = r->pair;
    for (int a = 0; a < P; a++) {
        for (int b = a + 1; b < P; b++, pair++) {
            *pair = (struct score_pair){ .a = a, .b = b };
            pair->only_a = 20;
            pair->both = correct[a] - 20;
            pair->only_b = correct[b] - pair->both;
            pair->neither = REPORTED - pair->both - pair->only_a - pair->only_b;
            pair->disagreement = (double)(pair->only_a + pair->only_b + 5) / REPORTED;
            pair->error_correlation = 0.6;
            pair->mcnemar = 0.03;
            pair->bootstrap = 0.028;
            double gain = ((double)correct[b] - (double)correct[a]) / REPORTED;
            pair->gain_top1 = around(gain, 0.02, INTERVAL_BCA);
            if (a != VOTES && b != VOTES)
                pair->gain_nll = around(0.03, 0.02, INTERVAL_BCA);
        }
    }
}

static void fill_views(struct score_result *r)
{
    static const char *const names[] = { "center", "center mirrored", "scale 32" };
    r->views = 3;
    r->views_learned = true;
    r->view = take(r, 3, sizeof(*r->view));
    for (int v = 0; v < 3; v++) {
        r->view[v] = (struct score_view){ .name = names[v],
                                          .is_scale = v == 2,
                                          .views = v == 2 ? 2 : 1,
                                          .top1 = interval_wilson(396 + 2 * (uint64_t)v, REPORTED),
                                          .nll = 0.63,
                                          .corrected = 12,
                                          .corrupted = 8,
                                          .mcnemar = 0.5,
                                          .weight = v == 2 ? 1 : 0.55 - 0.1 * v };
        r->view[v].gain_top1 = around(0.008, 0.016, INTERVAL_BCA);
    }
}

struct score_result *score_example(void)
{
    static const char *const class_names[K] = { "airplane", "bird", "cat <&>", "dog" };
    static const char *const warnings[] = {
        "votes.npy says nothing of the data set that it belongs to; its order is taken on trust",
    };
    struct score_result *r = calloc(1, sizeof(*r));
    ck_assert_ptr_nonnull(r);
    r->title = "";
    r->version = TENFOLD_VERSION;
    r->command = "nneval score out/resnet20.safetensors out/resnet32.safetensors votes.npy";
    r->data = "data/test";
    r->data_hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    r->labels = "";
    r->n = N;
    r->reported = r->labeled = REPORTED;
    r->k = K;
    r->class_name = class_names;
    r->rounds = 1000;
    r->seconds = 0.5;
    r->threads = 2;
    r->optimistic = "members were selected on the samples that are reported";
    r->warning = warnings;
    r->warnings = 1;
    r->selection = (struct score_split){ "all samples", REPORTED, true };
    r->temperature = (struct score_split){ "2 folds crosswise", REPORTED, false };
    r->predictors = P;
    r->singles = FILES;
    r->predictor = take(r, P, sizeof(*r->predictor));
    r->best = 1;
    for (int p = 0; p < P; p++)
        fill_predictor(r, p);
    fill_ensemble(r);
    fill_pairs(r);
    fill_views(r);
    r->suspect_predictor = ENSEMBLE;
    r->suspects = 1;
    r->suspects_found = 7;
    r->suspect = take(r, 1, sizeof(*r->suspect));
    r->suspect[0] = (struct score_suspect){ 17, 117, 1, 2, 0.001, 0.998, "cat/0017" };
    return r;
}
