/*
 * Claim: the published ResNet-20, 32, 44 and 56 give on CIFAR-10's test images the reference's
 * numbers of correct answers to the sample, plain and with mirrored views, each alone and in every
 * ensemble, and its probabilities within 1e-4. The reference is PyTorch's (shared data's README); a
 * sample whose two best reference probabilities lie within 1e-5 may fall either way.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/npy.h"
#include "eval/ensemble.h"
#include "eval/evaluation.h"
#include "tests/suite.h"

enum { NETS = 4, K = 10, SUBSETS = 1 << NETS };

static const double PROBABILITY_TOLERANCE = 1e-4;
static const double TIE = 1e-5;
static const double NLL_TOLERANCE = 1e-4;

static const char *const nets[NETS] = { "resnet20", "resnet32", "resnet44", "resnet56" };

static const struct {
    const char *name;    /* in the reference */
    const char *pattern; /* of the shards */
    int n;
} sets[] = {
    { "lossless1017", "cifar10-lossless-test-0000.tar", 1017 },
    { "jpeg10000", "cifar10-jpeg75-test-{0000..0001}.tar", 10000 },
};

static char folder[400]; /* of the reference's data */

static void find_data(void)
{
    const char *root = getenv("TENFOLD_DATA");
    ck_assert_msg(root != NULL, "TENFOLD_DATA must name the folder of the real data");
    snprintf(folder, sizeof(folder), "%s/cifar10", root);
}

/* An array of the reference; the caller frees its data. */
static struct tensor reference(const char *net, const char *set, const char *kind)
{
    char path[600];
    struct tensor t;
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/reference/%s_%s%s_probs.npy", folder, net, set, kind);
    ck_assert_msg(npy_read(path, &t, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert(t.dtype == DTYPE_F32 && t.rank == 2 && t.shape[1] == K);
    return t;
}

/* Expected probabilities (n,k) of every net, in double. */
static void read_reference(const char *set, int n, bool mirror, double *expected[NETS])
{
    for (int m = 0; m < NETS; m++) {
        struct tensor plain = reference(nets[m], set, "");
        ck_assert_int_eq(plain.shape[0], n);
        expected[m] = calloc((size_t)n * K, sizeof(double));
        ck_assert_ptr_nonnull(expected[m]);
        for (int i = 0; i < n * K; i++)
            expected[m][i] = ((const float *)plain.data)[i];
        free(plain.data);
        if (!mirror)
            continue;
        struct tensor flip = reference(nets[m], set, "_flip");
        for (int i = 0; i < n * K; i++)
            expected[m][i] = (expected[m][i] + ((const float *)flip.data)[i]) / 2;
        free(flip.data);
    }
}

static bool close_call(const double *p)
{
    double best = 0, second = 0;
    for (int c = 0; c < K; c++) {
        if (p[c] > best) {
            second = best;
            best = p[c];
        } else if (p[c] > second) {
            second = p[c];
        }
    }
    return best - second < TIE;
}

/* Largest difference of probabilities; every answer and the count are checked on the way. */
static void compare(const char *what, const struct prediction *p, const double *expected,
                    json_int_t correct)
{
    double worst = 0;
    int free_samples = 0;
    for (uint64_t i = 0; i < p->n; i++) {
        const double *row = expected + i * K;
        float rounded[K];
        for (int c = 0; c < K; c++) {
            double difference = fabs(p->values[i * K + (uint64_t)c] - row[c]);
            worst = difference > worst || isnan(difference) ? difference : worst;
            rounded[c] = (float)row[c];
        }
        bool hit = metric_hit(p->values + i * K, p->label[i], K, 1);
        bool expected_hit = metric_hit(rounded, p->label[i], K, 1);
        if (close_call(row))
            free_samples++;
        else
            ck_assert_msg(hit == expected_hit, "%s: sample %d", what, (int)i);
    }
    uint64_t counted = metric_correct(p->values, p->label, p->n, K, 1);
    printf("%-60s %5d correct, reference %5d, probabilities within %.1e\n", what, (int)counted,
           (int)correct, worst);
    ck_assert_msg(worst < PROBABILITY_TOLERANCE, "%s: probabilities differ by %g", what, worst);
    ck_assert_msg(llabs((long long)counted - correct) <= free_samples,
                  "%s: %d correct, the reference has %d (%d samples may fall either way)", what,
                  (int)counted, (int)correct, free_samples);
}

static json_int_t lookup(const json_t *set, const char *group, const char *name, const char *key)
{
    const json_t *value = json_object_get(json_object_get(json_object_get(set, group), name), key);
    ck_assert_msg(json_is_integer(value), "reference.json has no %s %s", name, key);
    return json_integer_value(value);
}

static void check_subset(const struct evaluation *e, int subset, double *const *expected,
                         const json_t *set, bool mirror)
{
    struct prediction p[NETS], mean;
    const char *hashes[NETS];
    char name[100] = "";
    int count = 0, n = (int)e->report.n;
    double *average = calloc((size_t)n * K, sizeof(*average));
    ck_assert_ptr_nonnull(average);
    for (int m = 0; m < NETS; m++) {
        if (!(subset >> m & 1))
            continue;
        for (int i = 0; i < n * K; i++)
            average[i] += expected[m][i];
        p[count] = e->predictions[m];
        hashes[count++] = e->members.hashes[m];
        snprintf(name + strlen(name), sizeof(name) - strlen(name), "%s%s", *name ? "+" : "",
                 nets[m]);
    }
    for (int i = 0; i < n * K; i++)
        average[i] /= count;
    struct error err = { 0 };
    ck_assert_int_eq(ensemble_mean(p, hashes, count, &mean, &err), 0);
    if (count == 1)
        compare(name, &mean, average,
                lookup(set, "single", name, mirror ? "tta_correct" : "correct"));
    else
        compare(name, &mean, average,
                lookup(set, "subsets", name, mirror ? "tta_probavg_correct" : "probavg_correct"));
    prediction_release(&mean);
    free(average);
}

static void check_labels(const struct evaluation *e)
{
    char path[600];
    struct tensor labels;
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/reference/test_labels.npy", folder);
    ck_assert_msg(npy_read(path, &labels, &err) == 0, "%s: %s", err.place, err.message);
    for (uint64_t i = 0; i < e->report.n; i++) {
        int64_t label = labels.dtype == DTYPE_I64   ? ((const int64_t *)labels.data)[i]
                        : labels.dtype == DTYPE_I32 ? ((const int32_t *)labels.data)[i]
                                                    : ((const uint8_t *)labels.data)[i];
        ck_assert_int_eq(e->mean.label[i], label);
        ck_assert_int_eq(e->mean.id[i], i);
    }
    free(labels.data);
}

static void check_set(int which, bool mirror)
{
    find_data();
    char data[600], models[NETS][600];
    const char *list[NETS];
    snprintf(data, sizeof(data), "%s/shards/%s", folder, sets[which].pattern);
    for (int m = 0; m < NETS; m++) {
        snprintf(models[m], sizeof(models[m]),
                 "configs/models/cifar_%s.yaml=%s/models/%s.safetensors", nets[m], folder, nets[m]);
        list[m] = models[m];
    }
    struct evaluation_request request = { .data = data,
                                          .models = list,
                                          .count = NETS,
                                          .views = view_protocols[mirror ? VIEWS_HFLIP : VIEWS_1CROP],
                                          .quiet = true };
    struct evaluation e;
    struct error err = { 0 };
    ck_assert_msg(evaluate(&e, &request, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_uint_eq(e.report.n, (uint64_t)sets[which].n);
    check_labels(&e);

    char path[600];
    snprintf(path, sizeof(path), "%s/reference/reference.json", folder);
    json_t *root = json_read(path, &err);
    ck_assert_msg(root != NULL, "%s: %s", err.place, err.message);
    const json_t *set = json_object_get(root, sets[which].name);
    double *expected[NETS];
    read_reference(sets[which].name, sets[which].n, mirror, expected);
    printf("%s, %s: %.1f s\n", sets[which].name, e.report.views, e.report.seconds);
    for (int subset = 1; subset < SUBSETS; subset++)
        check_subset(&e, subset, expected, set, mirror);
    for (int m = 0; m < NETS && !mirror; m++) {
        const json_t *single = json_object_get(json_object_get(set, "single"), nets[m]);
        double nll = json_number_value(json_object_get(single, "nll"));
        double top5 = json_number_value(json_object_get(single, "top5"));
        ck_assert_double_eq_tol(e.scores[m].nll, nll, NLL_TOLERANCE);
        ck_assert_double_eq_tol(e.scores[m].top5, top5, 1.5 / sets[which].n);
    }
    for (int m = 0; m < NETS; m++)
        free(expected[m]);
    json_decref(root);
    evaluation_release(&e);
}

/* Rows: {lossless, JPEG} x {plain, mirrored}. */
START_TEST(published)
{
    check_set(_i / 2, _i % 2);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("data_cifar10");
    tcase_set_timeout(cases, 1200); /* 10,000 images through eight forwards on two cores */
    tcase_add_loop_test(cases, published, 0, 4);
    return suite_run();
}
