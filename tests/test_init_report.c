/*
 * Claim: the report of a network's beginning shows what the lecture shows: with small weights the
 * signals of tanh layers die out, with large ones they saturate, with Xavier's they live; ReLU
 * layers need Kaiming's; and it is written as text, as a picture and as a page.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/init_report.h"
#include "tests/scratch.h"
#include "tests/suite.h"

enum { LAYERS = 6 };

/* Six layers of 512 neurons, the last of which is read by ten. */
static struct init_report *report(const char *activation, const char *init)
{
    char text[600];
    struct config *config;
    struct net *net;
    struct init_report *r;
    struct error err = { 0 };
    int length =
        snprintf(text, sizeof(text),
                 "{name: deep, input: [512, 1, 1], classes: 10, init: %s, layers: [{block: "
                 "{use: one, name: layer, times: 6}}, {linear: {name: head, out: 10}}], "
                 "blocks: {one: {layers: [{linear: {name: l, out: 512}}, {%s: {name: "
                 "a}}]}}}",
                 init, activation);
    ck_assert_int_eq(config_parse(&config, text, (size_t)length, "test", &err), 0);
    ck_assert_msg(net_open(&net, config_root(config), &err) == 0, "%s", err.message);
    config_close(config);
    ck_assert_msg(init_report_open(&r, net, 1, &err) == 0, "%s", err.message);
    net_close(net);
    ck_assert_int_eq(r->count, LAYERS);
    return r;
}

static double at(const struct init_report *r, int layer)
{
    return r->layers[layer].activation.deviation;
}

START_TEST(lecture)
{
    struct init_report *small = report("tanh", "{scheme: gaussian, std: 0.01}");
    struct init_report *large = report("tanh", "{scheme: gaussian, std: 0.2}");
    struct init_report *xavier = report("tanh", "xavier_normal");
    struct init_report *weak = report("relu", "xavier_normal");
    struct init_report *kaiming = report("relu", "kaiming_normal");
    struct init_report *same = report("tanh", "{scheme: constant, value: 0.01}");
    /* The first layer's sum has standard deviation 0.01 sqrt(512) = 0.226, and so has each next of
     * what came before. */
    ck_assert_double_eq_tol(at(small, 0), 0.226, 0.03);
    ck_assert_double_lt(at(small, 5), 1e-3);
    ck_assert_double_gt(at(large, 5), 0.85);
    ck_assert_double_gt(at(xavier, 5), 0.25);
    for (int l = 1; l < LAYERS; l++) {
        ck_assert_double_eq_tol(at(weak, l) / at(weak, l - 1), sqrt(0.5), 0.06);
        ck_assert_double_eq_tol(at(kaiming, l) / at(kaiming, l - 1), 1, 0.08);
    }
    ck_assert_double_eq_tol(weak->layers[3].activation.zeros, 0.5, 0.05);
    /* Saturated: in the outermost bins lies most. */
    const struct init_report_numbers *n = &large->layers[5].activation;
    ck_assert_double_eq_tol(large->range, 1, 1e-6);
    ck_assert_uint_gt(n->bins[0] + n->bins[INIT_REPORT_BINS - 1], INIT_REPORT_BATCH * 512 / 2);
    uint64_t all = 0;
    for (int b = 0; b < INIT_REPORT_BINS; b++)
        all += n->bins[b];
    ck_assert_uint_eq(all, INIT_REPORT_BATCH * 512);
    /* Gradients die on the way back where the weights are small. */
    ck_assert_double_lt(small->layers[0].gradient.deviation,
                        small->layers[5].gradient.deviation / 100);
    ck_assert_double_eq_tol(
        kaiming->layers[0].gradient.deviation / kaiming->layers[5].gradient.deviation, 1, 0.3);
    /* Neurons that are all the same add up: the second layer is at the ends, and nothing comes
     * back. */
    ck_assert_double_gt(at(same, 2), 0.8);
    ck_assert_double_lt(same->layers[0].gradient.deviation, 1e-12);
    struct init_report *all_reports[] = { small, large, xavier, weak, kaiming, same };
    for (int i = 0; i < 6; i++)
        init_report_close(all_reports[i]);
}
END_TEST

START_TEST(written)
{
    struct init_report *r[] = { report("tanh", "lsuv"), report("relu", "fixup") };
    struct buffer text = { 0 }, file = { 0 };
    struct error err = { 0 };
    scratch_enter();
    ck_assert_int_eq(init_report_print(r[0], &text, &err), 0);
    ck_assert(strstr(text.data, "deep, init lsuv") && strstr(text.data, "layer.5.a"));
    ck_assert_msg(init_report_draw(r, 2, "a/b", &err) == 0, "%s", err.message);
    ck_assert_int_eq(file_read("a/b/init.png", FILE_LIMIT, &file, &err), 0);
    ck_assert(file.size > 2000 && memcmp(file.data, "\x89PNG", 4) == 0);
    ck_assert_int_eq(file_read("a/b/init.html", FILE_LIMIT, &file, &err), 0);
    ck_assert(strstr(file.data, "deep, init fixup") && strstr(file.data, "layer.0.a"));
    for (int i = 0; i < 2; i++)
        init_report_close(r[i]);
    buffer_release(&text);
    buffer_release(&file);
    scratch_leave();
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("init_report");
    tcase_add_test(cases, lecture);
    tcase_add_test(cases, written);
    return suite_run();
}
