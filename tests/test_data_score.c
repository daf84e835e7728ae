/*
 * Claim: from the published CIFAR networks' probabilities, every ensemble of them by mean
 * probability, mean logit (as mean log-probability: the files hold no logits) and majority vote has
 * the reference's number of correct answers. A sample may fall either way where the two best values
 * lie close together: 1e-5 for the mean, 1e-4 for mean logits, for votes 1e-5 between a member's
 * own two best. The votes of the 30 published models count as they do when counted one by one.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/npy.h"
#include "eval/score_read.h"
#include "tests/suite.h"

enum { NETS = 4, K = 10, SUBSETS = 1 << NETS, RULES = 3 };

static const char *const nets[NETS] = { "resnet20", "resnet32", "resnet44", "resnet56" };
static const char *const sets[] = { "lossless1017", "jpeg10000" };
static const char *const keys[RULES] = { "probavg_correct", "logitavg_correct", "vote_correct" };
static const double ties[RULES] = { 1e-5, 1e-4, 1e-5 };

static char folder[400];
static struct error err;
static struct pool *pool;

static void check(int status)
{
    ck_assert_msg(status == 0, "%s: %s", err.place, err.message);
}

static void setup(void)
{
    const char *root = getenv("TENFOLD_DATA");
    ck_assert_msg(root != NULL, "TENFOLD_DATA must name the folder of the real data");
    snprintf(folder, sizeof(folder), "%s/cifar10/reference", root);
    check(pool_open(&pool, 2, &err));
}

static void teardown(void)
{
    pool_close(pool);
}

static bool close_call(const double *p, double tie)
{
    double best = -INFINITY, second = -INFINITY;
    for (int c = 0; c < K; c++) {
        if (p[c] > best) {
            second = best;
            best = p[c];
        } else if (p[c] > second) {
            second = p[c];
        }
    }
    return best - second < tie;
}

/* Samples of the ensemble `files` that may fall either way under a rule. */
static int count_free(const struct score_file *files, int count, uint64_t n, int rule)
{
    int close = 0;
    for (uint64_t i = 0; i < n; i++) {
        double mean[K] = { 0 };
        bool any = false;
        for (int f = 0; f < count; f++) {
            double own[K];
            for (int c = 0; c < K; c++) {
                own[c] = (double)files[f].probs[i * K + (uint64_t)c];
                mean[c] += (rule == 1 ? log(fmax(own[c], 1e-38)) : own[c]) / count;
            }
            any |= close_call(own, ties[2]);
        }
        close += rule == 2 ? any : close_call(mean, ties[rule]);
    }
    return close;
}

static void check_subset(const struct score_input *all, int subset, const json_t *set)
{
    static const struct score_wish wishes[RULES] = {
        { SCORE_RULE_PROB, SCORE_WEIGHTS_UNIFORM, NULL },
        { SCORE_RULE_LOGPROB, SCORE_WEIGHTS_UNIFORM, NULL },
        { SCORE_RULE_VOTE, SCORE_WEIGHTS_UNIFORM, NULL },
    };
    struct score_file files[NETS];
    struct score_input in = *all;
    char name[100] = "";
    in.files = 0;
    for (int m = 0; m < NETS; m++) {
        if (!(subset >> m & 1))
            continue;
        files[in.files++] = all->file[m];
        snprintf(name + strlen(name), sizeof(name) - strlen(name), "%s%s", *name ? "+" : "",
                 nets[m]);
    }
    if (in.files < 2)
        return;
    in.file = files;
    struct score_options o = score_defaults();
    struct score_result *r;
    o.pool = pool;
    o.rounds = 0;
    o.temperature = false;
    o.wish = wishes;
    o.wishes = RULES;
    check(score_make(&in, &o, &r, &err));
    const json_t *expected = json_object_get(json_object_get(set, "subsets"), name);
    for (int rule = 0; rule < RULES; rule++) {
        const json_t *value = json_object_get(expected, keys[rule]);
        ck_assert_msg(json_is_integer(value), "no %s of %s", keys[rule], name);
        int right = (int)json_integer_value(value),
            found = (int)r->predictor[in.files + rule].correct;
        int may = count_free(files, in.files, in.n, rule);
        printf("%-44s %-16s %5d, reference %5d (%d close)\n", name, keys[rule], found, right, may);
        ck_assert_msg(abs(found - right) <= may, "%s %s: %d, the reference has %d", name,
                      keys[rule], found, right);
    }
    double nll = json_number_value(json_object_get(expected, "nll"));
    ck_assert_double_eq_tol(r->predictor[in.files].raw.nll.value, nll, 1e-5);
    score_close(r);
}

START_TEST(published)
{
    char paths[NETS][600], labels[600];
    const char *list[NETS];
    for (int m = 0; m < NETS; m++) {
        snprintf(paths[m], sizeof(paths[m]), "%s/%s_%s_probs.npy", folder, nets[m], sets[_i]);
        list[m] = paths[m];
    }
    struct score_request request = { .files = list, .count = NETS, .pool = pool };
    struct score_set *set;
    struct tensor all;
    /* The lossless images are the first ones. */
    snprintf(labels, sizeof(labels), "%s/test_labels.npy", folder);
    check(npy_read(labels, &all, &err));
    if (_i == 0) {
        all.shape[0] = 1017;
        char *own = strdup("/tmp/tenfold-test-labels-XXXXXX");
        int fd = mkstemp(own);
        ck_assert_int_ge(fd, 0);
        check(npy_write(own, &all, &err));
        request.labels = own;
        check(score_set_read(&set, &request, &err));
        remove(own);
        free(own);
    } else {
        request.labels = labels;
        check(score_set_read(&set, &request, &err));
    }
    free(all.data);
    char path[600];
    snprintf(path, sizeof(path), "%s/reference.json", folder);
    json_t *root = json_read(path, &err);
    ck_assert_msg(root != NULL, "%s: %s", err.place, err.message);
    for (int subset = 1; subset < SUBSETS; subset++)
        check_subset(score_set_input(set), subset, json_object_get(root, sets[_i]));
    json_decref(root);
    score_set_close(set);
}
END_TEST

START_TEST(thirty_voters)
{
    char path[600], labels[600];
    snprintf(path, sizeof(path), "%s/votes_30_models_10000xK_int8.npy", folder);
    snprintf(labels, sizeof(labels), "%s/test_labels.npy", folder);
    const char *list[] = { path };
    struct score_request request = { .files = list, .count = 1, .labels = labels, .pool = pool };
    struct score_set *set;
    check(score_set_read(&set, &request, &err));
    const struct score_input *in = score_set_input(set);
    ck_assert(in->files == 30 && in->n == 10000 && in->k == K);
    uint64_t expected = 0, best = 0;
    for (uint64_t i = 0; i < in->n; i++) {
        int count[K] = { 0 }, most = 0;
        for (int f = 0; f < in->files; f++)
            count[in->file[f].votes[i]]++;
        for (int c = 1; c < K; c++)
            most = count[c] > count[most] ? c : most;
        expected += most == in->label[i];
    }
    struct score_wish wish = { .rule = SCORE_RULE_VOTE };
    struct score_options o = score_defaults();
    struct score_result *r;
    o.pool = pool;
    o.wish = &wish;
    o.wishes = 1;
    check(score_make(in, &o, &r, &err));
    for (int p = 0; p < r->singles; p++)
        best = r->predictor[p].correct > best ? r->predictor[p].correct : best;
    ck_assert_uint_eq(r->predictor[30].correct, expected);
    ck_assert_uint_eq(r->predictor[r->best].correct, best);
    printf("majority of 30 models: %d of 10000, the best alone %d\n", (int)expected, (int)best);
    score_close(r);
    score_set_close(set);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("data_score");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, published, 0, 2);
    tcase_add_test(cases, thirty_voters);
    return suite_run();
}
