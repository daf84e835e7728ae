/*
 * Claim: every recipe in configs/recipes names its paper, is accepted, and makes images of one
 * size; and every training in configs is accepted, its recipe fits its network, and what it
 * freezes, replaces or slows down is there.
 */
#include <glob.h>
#include <string.h>

#include "augment/mix.h"
#include "augment/recipe.h"
#include "base/file.h"
#include "loader/stream.h"
#include "tests/suite.h"
#include "train/train_config.h"

static void check_preset(const char *path)
{
    struct config *config;
    struct recipe *recipe;
    struct mix *mix;
    struct data_config data;
    struct buffer text = { 0 };
    struct error err = { 0 };
    int width, height;
    ck_assert_int_eq(file_read(path, FILE_LIMIT, &text, &err), 0);
    const char *end = strstr(text.data, "\ndata:");
    const char *paper = strstr(text.data, "et al.");
    paper = paper ? paper : strstr(text.data, "arXiv:");
    ck_assert_msg(paper && end && paper < end, "%s names no paper", path);
    buffer_release(&text);
    ck_assert_msg(config_open(&config, path, &err) == 0, "%s: %s", err.place, err.message);
    const struct node *root = config_root(config);
    ck_assert_int_eq(config_check_sections(config, &err), 0);
    ck_assert_msg(data_config_read(&data, node_get(root, "data"), &err) == 0 &&
                      recipe_open(&recipe, node_get(root, "augment"), 1, &err) == 0 &&
                      mix_open(&mix, node_get(root, "mix"), 1, &err) == 0 &&
                      recipe_size(recipe, &width, &height, &err) == 0,
                  "%s: %s", err.place, err.message);
    ck_assert(width == height && (width == 32 || width >= 224));
    mix_close(mix);
    recipe_close(recipe);
    config_close(config);
}

START_TEST(presets)
{
    glob_t found;
    ck_assert_int_eq(glob("configs/recipes/*.yaml", 0, NULL, &found), 0);
    ck_assert_uint_ge(found.gl_pathc, 7);
    for (size_t i = 0; i < found.gl_pathc; i++)
        check_preset(found.gl_pathv[i]);
    globfree(&found);
}
END_TEST

/* Every pattern stands for something. `keys`: of a map, not the entries of a list. */
static void check_patterns(struct net *net, const struct node *list, bool keys, const char *path)
{
    for (size_t i = 0; list && i < list->count; i++) {
        const char *pattern = keys ? list->keys[i] : list->items[i]->text;
        ck_assert_msg(net_freeze(net, pattern, true) > 0, "%s: %s", path, pattern);
    }
}

static void check_training(const char *path)
{
    struct config *config;
    struct recipe *recipe;
    struct train_config train;
    struct schedule schedule;
    struct preprocess preprocess;
    struct net *net;
    struct error err = { 0 };
    ck_assert_msg(config_open(&config, path, &err) == 0, "%s: %s", err.place, err.message);
    if (!node_is_null(node_get(config_root(config), "model"))) {
        /* The weights to begin with are the user's to name. */
        ck_assert_int_eq(config_set(config, "train.init_from=weights", &err), 0);
        ck_assert_msg(train_config_read(&train, config, &err) == 0 &&
                          train_config_schedule(&train, 100, &schedule, &err) == 0 &&
                          train_config_net(&net, config, &err) == 0 &&
                          recipe_open(&recipe, node_get(config_root(config), "augment"), 1, &err) ==
                              0 &&
                          train_config_preprocess(&train, recipe, net, &preprocess, &err) == 0,
                      "%s: %s: %s", path, err.place, err.message);
        check_patterns(net, train.freeze, false, path);
        check_patterns(net, train.replace, false, path);
        check_patterns(net, train.lr_scale, true, path);
        preprocess_release(&preprocess);
        recipe_close(recipe);
        net_close(net);
    }
    config_close(config);
}

START_TEST(trainings)
{
    glob_t found;
    ck_assert_int_eq(glob("configs/*.yaml", 0, NULL, &found), 0);
    ck_assert_int_eq(glob("configs/transfer/*.yaml", GLOB_APPEND, NULL, &found), 0);
    ck_assert_uint_ge(found.gl_pathc, 14);
    for (size_t i = 0; i < found.gl_pathc; i++)
        check_training(found.gl_pathv[i]);
    globfree(&found);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("presets");
    tcase_add_test(cases, presets);
    tcase_add_test(cases, trainings);
    return suite_run();
}
