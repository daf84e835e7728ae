/*
 * Claim: draws follow their laws and depend on seed, stage, round, id and key alone; a grid has no
 * more settings than allowed and every one once; and a space that the config cannot take is refused
 * with its line.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "tests/suite.h"
#include "train/space.h"

static const char base_text[] = "data: {batch: 16}\n"
                                "augment:\n"
                                "  - resize_short: 24\n"
                                "  - random_crop: {size: 20, padding: 1}\n"
                                "  - hflip\n"
                                "  - rotate: 5\n"
                                "mix:\n"
                                "  - mixup: {alpha: 0.8}\n"
                                "model:\n"
                                "  name: small\n"
                                "  input: [3, 20, 20]\n"
                                "  classes: 3\n"
                                "  layers: [{conv: {name: conv1, out: 8, kernel: 3}}, relu,\n"
                                "           global_avgpool, {dropout: {p: 0.5}},\n"
                                "           {linear: {name: linear, out: 3}}]\n"
                                "train: {epochs: 3}\n"
                                "tune:\n"
                                "  space:\n";
enum { FIRST_LINE = 19 };

/* The config with these lines as its space. */
static struct config *make_config(const char *lines)
{
    char text[4096];
    struct config *config;
    struct error err = { 0 };
    snprintf(text, sizeof(text), "%s%s", base_text, lines);
    ck_assert_msg(config_parse(&config, text, strlen(text), "c.yaml", &err) == 0, "%s: %s",
                  err.place, err.message);
    return config;
}

static int read_lines(struct space *space, const char *lines, struct error *err)
{
    struct config *config = make_config(lines);
    const struct node *tune = node_get(config_root(config), "tune");
    int rc = space_read(space, node_get(tune, "space"), config, err);
    config_close(config);
    return rc;
}

static void must_read(struct space *space, const char *lines)
{
    struct error err = { 0 };
    ck_assert_msg(read_lines(space, lines, &err) == 0, "%s: %s", err.place, err.message);
}

static json_t *draw(const struct space *space, uint64_t seed, const char *stage, int round,
                    uint64_t id)
{
    struct error err = { 0 };
    json_t *params = space_draw(space, seed, stage, round, id, &err);
    ck_assert_ptr_nonnull(params);
    return params;
}

static double number(const json_t *params, const char *key)
{
    return json_number_value(json_object_get(params, key));
}

START_TEST(laws)
{
    struct space space = { 0 };
    must_read(&space, "    train.lr: {log_uniform: [1e-4, 1e-1]}\n"
                      "    train.momentum: {uniform: [0.5, 1]}\n"
                      "    train.epochs: {int: [1, 4]}\n"
                      "    data.batch: {log_int: [8, 128]}\n"
                      "    train.clip_norm: {normal: [50, 2]}\n"
                      "    train.optimizer: {choice: [sgd, adam]}\n"
                      "    train.nesterov: {choice: [yes, no]}\n");
    enum { N = 4000 };
    int below = 0, epochs[5] = { 0 }, small = 0, adam = 0, nesterov = 0;
    double momentum = 0, clip = 0, clip2 = 0;
    for (int i = 0; i < N; i++) {
        json_t *p = draw(&space, 1, "coarse", 1, (uint64_t)i);
        double lr = number(p, "train.lr"), c = number(p, "train.clip_norm");
        ck_assert(lr >= 1e-4 && lr <= 1e-1);
        below += lr < sqrt(1e-5);
        momentum += number(p, "train.momentum") / N;
        clip += c / N;
        clip2 += c * c / N;
        ck_assert(json_is_integer(json_object_get(p, "train.epochs")));
        epochs[(int)number(p, "train.epochs")]++;
        small += number(p, "data.batch") <= 32;
        adam += strcmp(json_string_value(json_object_get(p, "train.optimizer")), "adam") == 0;
        nesterov += json_is_true(json_object_get(p, "train.nesterov"));
        json_decref(p);
    }
    /* Five standard deviations of a share of one half are 0.04. */
    ck_assert_double_eq_tol((double)below / N, 0.5, 0.04);
    ck_assert_double_eq_tol(momentum, 0.75, 0.012);
    ck_assert_double_eq_tol(clip, 50, 0.16);
    ck_assert_double_eq_tol(sqrt(clip2 - clip * clip), 2, 0.15);
    for (int i = 1; i <= 4; i++)
        ck_assert_double_eq_tol((double)epochs[i] / N, 0.25, 0.035);
    ck_assert_double_eq_tol((double)small / N, 0.515, 0.04); /* log(32.5/7.5) / log(128.5/7.5) */
    ck_assert_double_eq_tol((double)adam / N, 0.5, 0.04);
    ck_assert_double_eq_tol((double)nesterov / N, 0.5, 0.04);
    space_release(&space);
}
END_TEST

START_TEST(pure)
{
    struct space one = { 0 }, two = { 0 };
    must_read(&one, "    train.lr: {log_uniform: [1e-4, 1e-1]}\n");
    must_read(&two, "    train.momentum: {uniform: [0, 1]}\n"
                    "    train.lr: {log_uniform: [1e-4, 1e-1]}\n");
    json_t *a = draw(&one, 5, "coarse", 1, 9), *b = draw(&two, 5, "coarse", 1, 9);
    json_t *others[] = { draw(&one, 6, "coarse", 1, 9), draw(&one, 5, "refine", 1, 9),
                         draw(&one, 5, "coarse", 2, 9), draw(&one, 5, "coarse", 1, 10) };
    ck_assert_double_eq(number(a, "train.lr"), number(b, "train.lr"));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ck_assert_double_ne(number(a, "train.lr"), number(others[i], "train.lr"));
        json_decref(others[i]);
    }
    json_decref(b);
    json_decref(a);
    space_release(&two);
    space_release(&one);
}
END_TEST

/* Known answer: a sweep begun by one version goes on under the next. */
START_TEST(known)
{
    struct space space = { 0 };
    must_read(&space, "    train.lr: {log_uniform: [1e-4, 1e-1]}\n"
                      "    train.weight_decay: {choice: [1e-4, 1e-5, 0]}\n");
    json_t *params = draw(&space, 0, "coarse", 1, 0);
    char *text = json_dumps(params, JSON_REAL_PRECISION(6));
    ck_assert_str_eq(text, "{\"train.lr\": 0.00409707, \"train.weight_decay\": 0.0001}");
    free(text);
    json_decref(params);
    space_release(&space);
}
END_TEST

static const struct {
    const char *lines;
    uint64_t trials, size;
} grids[] = {
    { "    train.lr: {log_uniform: [1e-4, 1e-1]}\n", 9, 9 },
    { "    train.lr: {log_uniform: [1e-4, 1e-1]}\n    train.momentum: {uniform: [0, 1]}\n", 9, 9 },
    { "    train.lr: {log_uniform: [1e-4, 1e-1]}\n    train.momentum: {uniform: [0, 1]}\n", 15, 9 },
    { "    train.lr: {log_uniform: [1e-4, 1e-1]}\n"
      "    train.weight_decay: {choice: [1e-4, 1e-5, 0]}\n",
      12, 12 },
    { "    train.epochs: {int: [1, 3]}\n    train.lr: {uniform: [0, 1]}\n", 25, 15 },
    { "    train.weight_decay: {choice: [1e-4, 1e-5, 0]}\n", 2, 3 },
    { "    train.lr: {log_uniform: [1e-4, 1e-1]}\n", 1, 1 },
};

START_TEST(grid)
{
    struct space space = { 0 };
    struct error err = { 0 };
    must_read(&space, grids[_i].lines);
    uint64_t size = space_grid_size(&space, grids[_i].trials);
    ck_assert_uint_eq(size, grids[_i].size);
    json_t *seen[16];
    for (uint64_t id = 0; id < size; id++) {
        seen[id] = space_grid(&space, grids[_i].trials, id, &err);
        for (uint64_t j = 0; j < id; j++)
            ck_assert(!json_equal(seen[id], seen[j]));
    }
    if (space.axis[0].law == SPACE_LOG_UNIFORM && size > 1) {
        ck_assert_double_eq(number(seen[0], "train.lr"), 1e-4); /* both ends are levels */
        double most = 0;
        for (uint64_t id = 0; id < size; id++)
            most = fmax(most, number(seen[id], "train.lr"));
        ck_assert_double_eq(most, 1e-1);
    }
    for (uint64_t id = 0; id < size; id++)
        json_decref(seen[id]);
    space_release(&space);
}
END_TEST

START_TEST(applied)
{
    struct config *config = make_config("");
    struct space space = { 0 };
    struct error err = { 0 };
    must_read(&space, "    augment.1.random_crop.padding: {int: [2, 2]}\n"
                      "    augment.2.hflip.p: {uniform: [0.25, 0.25]}\n"
                      "    augment.3.rotate.p: {uniform: [0.5, 0.5]}\n"
                      "    mix.0.mixup.alpha: {uniform: [0.3, 0.3]}\n"
                      "    model.layers.3.dropout.p: {uniform: [0.1, 0.1]}\n"
                      "    train.optimizer: {choice: [adam]}\n");
    json_t *params = draw(&space, 0, "coarse", 1, 0);
    ck_assert_msg(space_apply(config, params, &err) == 0, "%s: %s", err.place, err.message);
    json_t *json = node_json(config_root(config), &err);
    char *text = json_canonical(json_object_get(json, "augment"), &err);
    ck_assert_str_eq(text, "[{\"resize_short\":24},{\"random_crop\":{\"padding\":2,\"size\":20}},"
                           "{\"hflip\":{\"p\":0.25}},{\"rotate\":{\"degrees\":5,\"p\":0.5}}]");
    free(text);
    json_decref(json);
    json_decref(params);
    space_release(&space);
    config_close(config);
}
END_TEST

static const struct {
    const char *line, *says;
} wrong[] = {
    { "train.lrr: {uniform: [0, 1]}", "did you mean 'lr'" },
    { "trian.lr: {uniform: [0, 1]}", "did you mean 'train'" },
    { "train.lr: {unifrom: [0, 1]}", "did you mean 'uniform'" },
    { "train.lr: 0.1", "must have a law" },
    { "train.lr: {uniform: [1, 0]}", "begins at 1 and ends at 0" },
    { "train.lr: {log_uniform: [0, 1]}", "must be above 0" },
    { "train.lr: {uniform: [0, a]}", "must be two numbers" },
    { "train.lr: {uniform: 3}", "must be two numbers" },
    { "train.lr: {uniform: [0, 5000]}", "must be a number 0..1000" },
    { "train.lr: {choice: []}", "must be a list of values" },
    { "train.lr: {choice: [0.1, fast]}", "must be a number" },
    { "train.epochs: {uniform: [1, 4]}", "must be an integer" },
    { "train.epochs: {int: [1, 2.5]}", "must be whole numbers" },
    { "train.optimizer: {choice: [sgd, adma]}", "adam" },
    { "train.clip_norm: {normal: [0, 0]}", "must be above 0" },
    { "data.bach: {int: [1, 4]}", "did you mean 'batch'" },
    { "augment.9.hflip.p: {uniform: [0, 1]}", "has 4 entries" },
    { "augment.2.hflp.p: {uniform: [0, 1]}", "is hflip, not hflp" },
    { "augment.2.hflip.q: {uniform: [0, 1]}", "unknown key 'q'" },
    { "mix.0.cutmix.alpha: {uniform: [0, 1]}", "is mixup, not cutmix" },
    { "model.layers.3.dropout.q: {uniform: [0, 1]}", "unknown key 'q'" },
    { "lr: {uniform: [0, 1]}", "unknown key 'lr'" },
};

START_TEST(refused)
{
    char lines[200], place[40];
    struct space space = { 0 };
    struct error err = { 0 };
    snprintf(lines, sizeof(lines), "    train.weight_decay: {choice: [0]}\n    %s\n",
             wrong[_i].line);
    ck_assert_int_eq(read_lines(&space, lines, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    snprintf(place, sizeof(place), "c.yaml:%d", FIRST_LINE + 1);
    ck_assert_msg(strcmp(err.place, place) == 0 && strstr(err.message, wrong[_i].says), "%s: %s",
                  err.place, err.message);
    ck_assert_uint_eq(space.count, 0);
}
END_TEST

START_TEST(narrowed)
{
    struct space space = { 0 }, narrow = { 0 }, back = { 0 };
    struct error err = { 0 };
    must_read(&space, "    train.lr: {log_uniform: [1e-4, 1e-1]}\n"
                      "    train.momentum: {uniform: [0, 0.9]}\n"
                      "    data.batch: {int: [8, 128]}\n"
                      "    train.weight_decay: {choice: [1e-4, 1e-5, 0]}\n");
    json_t *best[] = {
        json_pack("{s:f, s:f, s:i, s:f}", "train.lr", 0.1, "train.momentum", 0.9, "data.batch", 60,
                  "train.weight_decay", 1e-5),
        json_pack("{s:f, s:f, s:i, s:i}", "train.lr", 0.1, "train.momentum", 0.7, "data.batch", 70,
                  "train.weight_decay", 0),
    };
    ck_assert_int_eq(space_narrow(&narrow, &space, best, 2, 1.0 / 3, &err), 0);
    const struct space_axis *lr = space_find(&narrow, "train.lr");
    /* A third of three decades around the edge, which it may pass. */
    ck_assert_double_eq_tol(log10(lr->low), -1.5, 1e-9);
    ck_assert_double_eq_tol(log10(lr->high), -0.5, 1e-9);
    const struct space_axis *momentum = space_find(&narrow, "train.momentum");
    ck_assert_double_eq_tol(momentum->low, 0.65, 1e-9);
    ck_assert_double_eq_tol(momentum->high, 0.9, 1e-9);
    const struct space_axis *batch = space_find(&narrow, "data.batch");
    ck_assert(batch->low == 45 && batch->high == 85);
    char *decays = json_dumps(space_find(&narrow, "train.weight_decay")->choices, JSON_REAL_PRECISION(6));
    ck_assert_str_eq(decays, "[1e-5, 0]");
    free(decays);

    json_t *json = space_json(&narrow, &err);
    ck_assert_int_eq(space_parse(&back, json, &err), 0);
    json_t *again = space_json(&back, &err);
    ck_assert(json_equal(json, again));
    json_decref(again);
    json_decref(json);
    json_decref(best[0]);
    json_decref(best[1]);
    space_release(&back);
    space_release(&narrow);
    space_release(&space);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("space");
    tcase_add_test(cases, laws);
    tcase_add_test(cases, pure);
    tcase_add_test(cases, known);
    tcase_add_loop_test(cases, grid, 0, sizeof(grids) / sizeof(grids[0]));
    tcase_add_test(cases, applied);
    tcase_add_loop_test(cases, refused, 0, sizeof(wrong) / sizeof(wrong[0]));
    tcase_add_test(cases, narrowed);
    return suite_run();
}
