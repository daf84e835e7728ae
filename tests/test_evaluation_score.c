/* Claim: scoring an evaluation in memory finds the table's own numbers, names samples by their keys
 * and classes by their folders, and says what each view is worth where that fits in memory. */
#include <stdio.h>
#include <string.h>

#include "base/config.h"
#include "eval/evaluation_score.h"
#include "model/weights.h"
#include "tests/scratch.h"
#include "tests/suite.h"
#include "tests/tiny.h"

enum { IMAGES = 40, VIEWS_BYTES = 2 * IMAGES * 2 * 3 * 4 }; /* networks, views, classes, float */

static struct error err;

static void check(int status)
{
    ck_assert_msg(status == 0, "%s: %s", err.place, err.message);
}

static void save(const char *path, uint64_t seed)
{
    static const char spec[] =
        "{name: small, input: [3, 20, 20], classes: 3, layers: [{conv: {name: c, out: 4, kernel: "
        "3}}, relu, global_avgpool, {linear: {name: linear, out: 3}}]}";
    struct config *config;
    struct net *net;
    struct preprocess pre;
    check(config_parse(&config, spec, strlen(spec), "net", &err));
    check(net_open(&net, config_root(config), &err));
    net_init(net, seed);
    check(preprocess_read(&pre, NULL, &err));
    pre.size = pre.resize = 20;
    check(weights_save(path, net, &pre, NULL, &err));
    net_close(net);
    config_close(config);
}

START_TEST(same_numbers)
{
    struct tiny tiny;
    struct evaluation e;
    struct score_result *r;
    tiny_make(&tiny, &(struct tiny_shape){ 3, IMAGES, 20, 20, 1 });
    scratch_enter();
    static const char *const models[] = { "a.safetensors", "b.safetensors" };
    save(models[0], 1);
    save(models[1], 2);
    struct evaluation_request request = { .data = tiny.root,
                                          .models = models,
                                          .count = 2,
                                          .threads = 2,
                                          .quiet = true,
                                          .views = view_protocols[VIEWS_HFLIP],
                                          .views_memory = VIEWS_BYTES };
    check(evaluate(&e, &request, &err));
    struct score_options o = score_defaults();
    check(pool_open(&o.pool, 2, &err));
    o.rounds = 50;
    check(evaluation_score(&e, &o, &r, &err));
    ck_assert(r->predictors == 3 && r->ensembles == 1 && r->singles == 2);
    for (int p = 0; p < 3; p++) {
        const struct metric_score *own = p < 2 ? &e.scores[p] : &e.report.ensemble;
        ck_assert_uint_eq(r->predictor[p].correct, own->correct);
        ck_assert_double_eq_tol(r->predictor[p].raw.nll.value, own->nll, 1e-12);
        ck_assert(r->predictor[p].top1.low == own->low && r->predictor[p].top1.high == own->high);
        ck_assert(r->predictor[p].parameters > 0 && r->predictor[p].multiply_adds > 0);
    }
    ck_assert_int_eq(r->best, e.report.best);
    struct score_pair pair = score_pair_of(r, r->best, 2);
    ck_assert_uint_eq(pair.only_b, e.report.corrected);
    ck_assert_uint_eq(pair.only_a, e.report.corrupted);
    ck_assert_str_eq(r->class_name[1], "b");
    const struct score_mistake *m = &r->predictor[0].mistake[0];
    ck_assert_str_eq(m->sample, index_sample(e.index, (uint64_t)m->id).key);
    ck_assert(m->sample[0] == 'a' + m->label);
    /* A view and its mirror, of each network: alone, and beside the other. */
    ck_assert_int_eq(r->views, 4);
    for (int v = 0; v < 4; v++) {
        const struct score_view *view = &r->view[v];
        uint64_t right = 0;
        ck_assert_int_eq(view->predictor, v / 2);
        for (uint64_t i = 0; i < e.report.n; i++) {
            const float *p = e.kept[v / 2] + (i * 2 + (uint64_t)(v % 2)) * 3;
            const float *mean = e.predictions[v / 2].values + i * 3;
            int answer = p[1] > p[0] ? 1 : 0;
            right += (p[2] > p[answer] ? 2 : answer) == e.mean.label[i];
            ck_assert_double_eq_tol((double)mean[0], (double)(p[0] + p[v % 2 ? -3 : 3]) / 2, 1e-6);
        }
        ck_assert_double_eq_tol(view->top1.value, (double)right / (double)e.report.n, 1e-12);
    }
    score_close(r);
    evaluation_release(&e);
    request.views_memory = VIEWS_BYTES - 1;
    check(evaluate(&e, &request, &err));
    ck_assert_ptr_null(e.kept);
    check(evaluation_score(&e, &o, &r, &err));
    ck_assert_int_eq(r->views, 0);
    score_close(r);
    pool_close(o.pool);
    evaluation_release(&e);
    scratch_leave();
    tiny_remove(&tiny);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("evaluation_score");
    tcase_add_test(cases, same_numbers);
    return suite_run();
}
