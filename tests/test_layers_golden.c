/*
 * Claim: a layer by itself gives PyTorch's outputs, input gradients, weight gradients and running
 * statistics, with every kind of padding, grouping and pooling (tests/golden/make_layers.py made
 * the numbers).
 */
#include <math.h>
#include <string.h>

#include "base/config.h"
#include "base/json.h"
#include "model/layer.h"
#include "model/trial.h"
#include "tests/suite.h"

enum { B = 2 };

static void fill(double *x, size_t n, size_t first, double scale, double shift)
{
    for (size_t k = 0; k < n; k++)
        x[k] = ((double)((first + k) * 7919 % 1009) / 1009 - 0.5) * scale + shift;
}

static void compare(const char *what, int number, const double *ours, size_t n,
                    const json_t *expected)
{
    ck_assert_msg(json_array_size(expected) == n, "case %d: %s has %zu numbers", number, what, n);
    for (size_t k = 0; k < n; k++) {
        double theirs = json_number_value(json_array_get(expected, k));
        ck_assert_msg(fabs(ours[k] - theirs) <= 1e-5 * fmax(1, fabs(theirs)),
                      "case %d: %s[%zu] is %g, must be %g", number, what, k, ours[k], theirs);
    }
}

static void open_case(struct trial *t, const json_t *row)
{
    static const struct param nothing[] = { { 0 } };
    const char *kind = json_string_value(json_object_get(row, "kind"));
    const char *text = json_string_value(json_object_get(row, "values"));
    const struct param *params = nothing;
    const json_t *shapes = json_object_get(row, "in"), *item;
    struct shape in[LAYER_INPUTS];
    struct config *config;
    union value v[LAYER_PARAMS];
    struct error err = { 0 };
    size_t i;
    for (int k = 0; layers[k]; k++)
        if (strcmp(layers[k]->name, kind) == 0 && layers[k]->params)
            params = layers[k]->params;
    json_array_foreach(shapes, i, item)
    {
        in[i].c = (int)json_integer_value(json_array_get(item, 0));
        in[i].h = (int)json_integer_value(json_array_get(item, 1));
        in[i].w = (int)json_integer_value(json_array_get(item, 2));
    }
    ck_assert_int_eq(config_parse(&config, text, strlen(text), kind, &err), 0);
    ck_assert_msg(param_read(params, config_root(config), v, &err) == 0, "%s: %s", kind,
                  err.message);
    ck_assert_msg(trial_open(t, kind, v, in, (int)json_array_size(shapes), B, &err) == 0, "%s: %s",
                  kind, err.message);
    config_close(config);
}

START_TEST(as_pytorch)
{
    struct error err = { 0 };
    json_t *all = json_read("tests/golden/layers.json", &err);
    ck_assert_msg(all != NULL, "%s", err.message);
    ck_assert_uint_ge(json_array_size(all), 41);
    const json_t *row;
    size_t number;
    json_array_foreach(all, number, row)
    {
        int at = (int)number, trained = 0, running = 0;
        struct trial t;
        open_case(&t, row);
        for (int i = 0; i < t.inputs; i++)
            fill(t.x[i], B * shape_count(t.in[i]), 1000 * (size_t)i, 4, 0);
        for (int i = 0; i < t.weights; i++)
            fill(t.w[i], t.size[i], 5000 + 1000 * (size_t)i, 1,
                 strcmp(t.suffix[i], "running_var") == 0 ? 1 : 0);
        fill(t.dy, B * shape_count(t.out), 9000, 2, 0);
        ck_assert_int_eq(trial_run(&t, TRIAL_PRODUCTION, &err), 0);
        compare("y", at, t.y, B * shape_count(t.out), json_object_get(row, "y"));
        for (int i = 0; i < t.inputs; i++)
            compare("dx", at, t.dx[i], B * shape_count(t.in[i]),
                    json_array_get(json_object_get(row, "dx"), (size_t)i));
        for (int i = 0; i < t.weights; i++)
            if (t.trained[i])
                compare("dw", at, t.dw[i], t.size[i],
                        json_array_get(json_object_get(row, "dw"), (size_t)trained++));
            else
                compare("running", at, t.w[i], t.size[i],
                        json_array_get(json_object_get(row, "running"), (size_t)running++));
        ck_assert_uint_eq((size_t)trained, json_array_size(json_object_get(row, "dw")));
        trial_close(&t);
    }
    json_decref(all);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("layers_golden");
    tcase_add_test(cases, as_pytorch);
    return suite_run();
}
