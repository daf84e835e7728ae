/*
 * Claim: a recipe means what its lines say, its draws are a function of (seed, op, id, epoch) that
 * no other line shifts, and what cannot work is refused with file, line and the nearest name.
 */
#include <string.h>

#include "augment/recipe.h"
#include "tests/suite.h"

static int try_open(struct recipe **recipe, const char *text, uint64_t seed, struct error *err)
{
    struct config *config;
    ck_assert_msg(config_parse(&config, text, strlen(text), "a.yaml", err) == 0, "%s",
                  err->message);
    int rc = recipe_open(recipe, node_get(config_root(config), "augment"), seed, err);
    config_close(config);
    return rc;
}

static struct recipe *must_open(const char *text, uint64_t seed)
{
    struct recipe *recipe;
    struct error err = { 0 };
    ck_assert_msg(try_open(&recipe, text, seed, &err) == 0, "%s: %s", err.place, err.message);
    return recipe;
}

static struct plan draw(const struct recipe *recipe, uint64_t id, uint32_t epoch)
{
    struct plan plan;
    struct error err = { 0 };
    memset(&plan, 0, sizeof(plan));
    ck_assert_msg(recipe_draw(recipe, id, epoch, 500, 375, &plan, &err) == 0, "%s", err.message);
    return plan;
}

START_TEST(draws_are_pure)
{
    struct recipe *a =
        must_open("augment: [scale_jitter, {random_crop: 224}, hflip, pca_color]", 1);
    struct recipe *b =
        must_open("augment: [scale_jitter, {random_crop: 224}, hflip, pca_color]", 2);
    int same = 0;
    for (uint64_t id = 0; id < 50; id++) {
        struct plan p = draw(a, id, 3), again = draw(a, id, 3);
        struct plan q = draw(a, id, 4), r = draw(b, id, 3), s = draw(a, id + 1, 3);
        ck_assert_mem_eq(&p, &again, sizeof(p));
        same += p.axis.left == q.axis.left;
        same += p.axis.left == r.axis.left;
        same += p.axis.left == s.axis.left;
    }
    ck_assert_int_lt(same, 20);
    recipe_close(a);
    recipe_close(b);
}
END_TEST

/* Brightness comes first or last, there is a cutout or none: the crop is where it was. */
START_TEST(lines_do_not_shift_each_other)
{
    struct recipe *a = must_open("augment: [scale_jitter, {random_crop: 224}, hflip]", 1);
    struct recipe *b = must_open(
        "augment: [brightness, {scale_jitter: {min: 256}}, contrast, {random_crop: 224}, hflip, "
        "{cutout: {size: 30, p: 0.5}}]",
        1);
    int erased = 0;
    for (uint64_t id = 0; id < 200; id++) {
        struct plan p = draw(a, id, 0), q = draw(b, id, 0);
        ck_assert_int_eq(p.axis.width, q.axis.width);
        ck_assert_int_eq(p.axis.left, q.axis.left);
        ck_assert_int_eq(p.axis.top, q.axis.top);
        ck_assert_int_eq(p.axis.mirror_x, q.axis.mirror_x);
        erased += q.erasures_used;
    }
    ck_assert(erased > 60 && erased < 140); /* p: 0.5 */
    recipe_close(a);
    recipe_close(b);
}
END_TEST

/* The second of two equal lines draws its own numbers. */
START_TEST(occurrences)
{
    struct recipe *a = must_open("augment: [{cutout: 9}, {cutout: 9}]", 1);
    int apart = 0;
    for (uint64_t id = 0; id < 50; id++) {
        struct plan p = draw(a, id, 0);
        ck_assert_int_eq(p.erasures_used, 2);
        apart += p.erasures[0].area.x != p.erasures[1].area.x;
    }
    ck_assert_int_gt(apart, 40);
    recipe_close(a);
}
END_TEST

START_TEST(sizes)
{
    struct error err = { 0 };
    int width, height;
    struct recipe *fixed = must_open("augment: [{resize_short: 40}, {center_crop: [30, 20]}]", 0);
    ck_assert_int_eq(recipe_size(fixed, &width, &height, &err), 0);
    ck_assert(width == 20 && height == 30); /* [height, width] */
    struct recipe *varies = must_open("augment:\n  - hflip\n  - resize_short: 40\n", 0);
    ck_assert_int_eq(recipe_size(varies, &width, &height, &err), -1);
    ck_assert_str_eq(err.place, "a.yaml:3");
    ck_assert(!recipe_output(varies).normalize);
    recipe_close(fixed);
    recipe_close(varies);
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *text, *place, *says;
    } cases[] = {
        { "augment:\n  - random_cop: 32\n", "a.yaml:2", "did you mean random_crop?" },
        { "augment:\n  - random_crop: {size: 32, pading: 4}\n", "a.yaml:2", "padding" },
        { "augment:\n  - random_crop: {size: 0}\n", "a.yaml:2", "size" },
        { "augment:\n  - random_crop\n", "a.yaml:2", "size" },
        { "augment:\n  - cutout:\n      size: 9000\n", "a.yaml:3", "1..4096" },
        { "augment:\n  - hflip: 1.5\n", "a.yaml:2", "0..1" },
        { "augment:\n  - equalize: {p: 1.5}\n", "a.yaml:2", "0..1" },
        { "augment:\n  - equalize: {q: 1}\n", "a.yaml:2", "accepted: p" },
        { "augment:\n  - rotate: {q: 1}\n", "a.yaml:2", "reveal, p" },
        { "augment:\n  - equalize: 0.5\n", "a.yaml:2", "no values" },
        { "augment:\n  - {hflip: 0.5, vflip: 0.5}\n", "a.yaml:2", "one name" },
        { "augment: hflip\n", "a.yaml:1", "list" },
        { "augment:\n  - scale_jitter: {min: 300, max: 200}\n", "a.yaml:2", "at most max" },
        { "augment:\n  - normalize: {mean: [0.5, 0.5]}\n", "a.yaml:2", "3 and 3" },
        { "augment:\n  - resize_short: 200\n  - random_crop: 224\n", "a.yaml:3", "does not fit" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct recipe *recipe;
        struct error err = { 0 };
        ck_assert_msg(try_open(&recipe, cases[i].text, 0, &err) == -1, "case %d", (int)i);
        ck_assert_int_eq(err.kind, ERROR_USAGE);
        ck_assert_msg(strncmp(err.place, cases[i].place, strlen(cases[i].place)) == 0,
                      "case %d: at %s: %s", (int)i, err.place, err.message);
        ck_assert_msg(strstr(err.message, cases[i].says), "case %d: %s", (int)i, err.message);
    }
}
END_TEST

/* The JSON of a recipe is a recipe: the same draws. */
START_TEST(json_again)
{
    struct recipe *a = must_open(
        "augment: [{random_resized_crop: 96}, {hflip: 0.3}, {brightness: {p: 0.5}}, pca_color, "
        "{cutout: 11}, normalize]",
        7);
    struct error err = { 0 };
    json_t *json = json_pack("{s:o}", "augment", recipe_json(a, &err));
    char *text = json_dumps(json, JSON_REAL_PRECISION(17));
    struct recipe *b = must_open(text, 7);
    for (uint64_t id = 0; id < 50; id++) {
        struct plan p = draw(a, id, 1), q = draw(b, id, 1);
        ck_assert_mem_eq(&p, &q, sizeof(p));
    }
    free(text);
    json_decref(json);
    recipe_close(a);
    recipe_close(b);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("recipe");
    tcase_add_test(cases, draws_are_pure);
    tcase_add_test(cases, lines_do_not_shift_each_other);
    tcase_add_test(cases, occurrences);
    tcase_add_test(cases, sizes);
    tcase_add_test(cases, refused);
    tcase_add_test(cases, json_again);
    return suite_run();
}
