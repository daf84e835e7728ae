/*
 * Claim: JSON and CSV hold the result's numbers where scripts look for them; the page is
 * well-formed, holds every part, fetches nothing, and says whatever the result says of itself;
 * names from elsewhere stay names in all three.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "eval/score_csv.h"
#include "eval/score_json.h"
#include "eval/score_page.h"
#include "eval/score_text.h"
#include "tests/score_example.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static const char hostile[] = "</td></svg><script>alert(\"1\")</script>&amp;',=1+1\x01\x80\n";

static json_t *at(json_t *json, const char *key)
{
    json_t *value = json_object_get(json, key);
    ck_assert_msg(value != NULL, "no %s", key);
    return value;
}

static json_t *nth(json_t *json, const char *key, size_t i)
{
    json_t *value = json_array_get(at(json, key), i);
    ck_assert_msg(value != NULL, "no %s[%zu]", key, i);
    return value;
}

START_TEST(json_has_the_numbers)
{
    struct score_result *r = score_example();
    struct error err = { 0 };
    json_t *j = score_json(r, &err);
    ck_assert_ptr_nonnull(j);
    ck_assert_str_eq(json_string_value(at(j, "data")), "data/test");
    ck_assert_int_eq(json_integer_value(at(j, "labeled")), 500);
    ck_assert_str_eq(json_string_value(at(j, "optimistic")), r->optimistic);
    ck_assert_uint_eq(json_array_size(at(j, "warnings")), 1);
    json_t *p = nth(j, "predictors", 1), *votes = nth(j, "predictors", 2);
    ck_assert_int_eq(json_integer_value(at(p, "correct")), 410);
    ck_assert_double_eq(json_real_value(at(at(p, "top1"), "value")), 0.82);
    ck_assert_double_eq(json_real_value(at(at(p, "top1"), "low")), r->predictor[1].top1.low);
    ck_assert_str_eq(json_string_value(at(at(p, "top1"), "interval")), "Wilson");
    ck_assert_double_eq(json_real_value(at(at(at(p, "calibration"), "nll"), "value")), 0.57);
    ck_assert_uint_eq(json_array_size(at(at(p, "calibration"), "bins")), SCORE_BINS);
    ck_assert_double_eq(json_real_value(at(p, "temperature")), 1.37);
    ck_assert(json_is_null(at(votes, "calibration")) && json_is_null(at(votes, "topk")));
    /* Rows that are labels: [label, answer, count], only what is there. */
    ck_assert_uint_eq(json_array_size(at(p, "confusion")), 8);
    json_t *cell = nth(p, "confusion", 1);
    ck_assert_int_eq(json_integer_value(json_array_get(cell, 0)), 0);
    ck_assert_int_eq(json_integer_value(json_array_get(cell, 1)), 1);
    ck_assert_int_eq(json_integer_value(json_array_get(cell, 2)), 125 - 102);
    ck_assert_str_eq(json_string_value(at(nth(p, "mistakes", 0), "sample")), "cat/0017");
    ck_assert(json_is_null(at(nth(p, "mistakes", 1), "sample")));
    json_t *e = nth(j, "ensembles", 0);
    ck_assert_int_eq(json_integer_value(at(e, "predictor")), 3);
    ck_assert(json_is_true(at(e, "optimistic")));
    ck_assert_str_eq(json_string_value(at(e, "weighting")), "greedy");
    ck_assert_uint_eq(json_array_size(at(e, "steps")), 4);
    ck_assert_int_eq(json_integer_value(at(nth(e, "leave_one_out", 1), "corrected")), 40);
    ck_assert_uint_eq(json_array_size(at(j, "pairs")), 6);
    json_t *pair = nth(j, "pairs", 0);
    ck_assert_int_eq(json_integer_value(at(pair, "only_a")), 20);
    ck_assert_double_eq(json_real_value(at(at(pair, "gain_top1"), "value")), 10 / 500.0);
    ck_assert(json_is_null(at(nth(j, "pairs", 1), "gain_nll"))); /* of votes */
    ck_assert_str_eq(json_string_value(at(nth(j, "views", 2), "name")), "scale 32");
    ck_assert_int_eq(json_integer_value(at(j, "suspects_found")), 7);
    json_decref(j);
    score_close(r);
}
END_TEST

START_TEST(csv_has_timms_columns)
{
    static const char head[] =
        "model,img_size,top1,top1_err,top3,top3_err,param_count,crop_pct,interpolation,kind,";
    static const char row[] =
        "resnet32,32,82.0000,18.0000,98.0000,2.0000,0.47,0.8,bilinear,probs,hflip,500,410,";
    static const char votes[] = "\nvotes,,76.0000,24.0000,,,,,,votes,,500,380,";
    struct score_result *r = score_example();
    struct buffer text = { 0 };
    struct error err = { 0 };
    ck_assert_int_eq(score_csv(r, &text, &err), 0);
    ck_assert_msg(!strncmp(text.data, head, strlen(head)), "%s", text.data);
    ck_assert_msg(strstr(text.data, row) != NULL, "%s", text.data);
    ck_assert_msg(strstr(text.data, votes) != NULL, "%s", text.data);
    /* Of four classes the best four are timm's top-5. */
    for (int p = 0; p < r->predictors; p++)
        r->predictor[p].top = 4;
    text.size = 0;
    ck_assert_int_eq(score_csv(r, &text, &err), 0);
    ck_assert_ptr_nonnull(strstr(text.data, ",top5,top5_err,"));
    buffer_release(&text);
    score_close(r);
}
END_TEST

/* Elements that are never closed, of those that pages have. */
static bool is_void(const char *name)
{
    static const char *const names[] = { "meta", "img", "br", "!DOCTYPE" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

/* Every element is closed in its turn, every attribute quoted. */
static void ck_well_formed(const char *text)
{
    enum { DEPTH = 32, NAME = 16 };
    char open[DEPTH][NAME];
    int depth = 0;
    for (const char *t = text; (t = strchr(t, '<')) != NULL; t++) {
        char name[NAME];
        bool closing = t[1] == '/';
        size_t length = strcspn(t + 1 + closing, " >/\n");
        ck_assert_msg(length > 0 && length < NAME, "at %.60s", t);
        snprintf(name, sizeof(name), "%.*s", (int)length, t + 1 + closing);
        const char *end = t;
        for (bool quoted = false; *end && (quoted || *end != '>'); end++)
            quoted ^= *end == '"';
        ck_assert_msg(*end == '>', "open at %.60s", t);
        if (closing) {
            ck_assert_msg(depth > 0 && !strcmp(open[depth - 1], name), "%s closes %s: %.60s", name,
                          depth ? open[depth - 1] : "nothing", t);
            depth--;
        } else if (!is_void(name) && end[-1] != '/') {
            ck_assert_int_lt(depth, DEPTH);
            snprintf(open[depth++], NAME, "%s", name);
        }
        t = end;
    }
    ck_assert_int_eq(depth, 0);
}

static char *page_of(const struct score_result *r)
{
    struct error err = { 0 };
    struct buffer text = { 0 };
    ck_assert_msg(score_page_save(r, NULL, "page.html", &err) == 0, "%s", err.message);
    ck_assert_int_eq(file_read("page.html", FILE_LIMIT, &text, &err), 0);
    ck_well_formed(text.data);
    ck_assert_ptr_null(strstr(text.data, "<script"));
    ck_assert_ptr_null(strstr(text.data, "http"));
    ck_assert(!strstr(text.data, "\"nan") && !strstr(text.data, " nan") &&
              !strstr(text.data, ">nan"));
    return text.data;
}

static void ck_contains(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no %s", part);
}

START_TEST(page_has_every_part)
{
    static const char *const parts[] = {
        ">Accuracy</h2>",
        ">Gains</h2>",
        ">Calibration</h2>",
        ">Coverage and risk</h2>",
        ">Confusion</h2>",
        ">Classes</h2>",
        ">Ensembles</h2>",
        ">Disagreement</h2>",
        ">Views</h2>",
        ">The most confident mistakes</h2>",
        ">Labels to look at</h2>",
        ">Provenance</h2>",
        /* numbers and their intervals */
        "<td class=\"n\">410</td><td class=\"n\">82.00 (78.39 .. 85.12)</td>",
        "<td class=\"n\">+3.00 (+1.00 .. +5.00)</td>",
        "cat &lt;&amp;&gt; taken for dog: 19 (15.2 %)",
        "<td>cat/0017</td>",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "nneval score out/resnet20.safetensors",
        "prefers-color-scheme:dark",
    };
    struct score_result *r = score_example();
    char *text = page_of(r);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        ck_contains(text, parts[i]);
    free(text);
    score_close(r);
}
END_TEST

START_TEST(optimism_is_stamped)
{
    struct score_result *r = score_example();
    char *text = page_of(r);
    ck_contains(text, "<p class=\"stamp\"><strong>OPTIMISTIC</strong>\nmembers were selected");
    ck_contains(text, "<strong>WARNING</strong>\nvotes.npy says nothing");
    free(text);
    r->optimistic = "";
    r->ensemble[0].optimistic = false;
    text = page_of(r);
    ck_assert_ptr_null(strstr(text, "OPTIMISTIC"));
    free(text);
    score_close(r);
}
END_TEST

static void rename_all(struct score_result *r, const char **names)
{
    for (int c = 0; c < r->k; c++)
        names[c] = hostile;
    r->class_name = names;
    r->title = r->command = r->data = r->labels = r->optimistic = hostile;
    r->selection.how = r->temperature.how = hostile;
    for (int p = 0; p < r->predictors; p++) {
        struct score_predictor *s = &r->predictor[p];
        s->name = s->file = s->hash = s->network = s->views = s->kernels = s->preprocess = hostile;
        s->mistake[0].sample = hostile;
    }
    for (int v = 0; v < r->views; v++)
        r->view[v].name = hostile;
    r->suspect[0].sample = hostile;
}

START_TEST(names_stay_names)
{
    const char *names[4];
    struct score_result *r = score_example();
    struct error err = { 0 };
    rename_all(r, names);
    char *page = page_of(r);
    ck_contains(page, "&lt;/td&gt;&lt;/svg&gt;&lt;script&gt;");
    ck_contains(page, "\xc2\x80"); /* a byte that is no UTF-8, as Latin-1 */
    ck_assert_ptr_null(strchr(page, '\x01'));
    free(page);
    json_t *j = score_json(r, &err);
    ck_assert_ptr_nonnull(j);
    ck_assert_int_eq(json_write("x.json", j, &err), 0);
    json_decref(j);
    j = json_read("x.json", &err);
    ck_assert_msg(j != NULL, "%s", err.message);
    ck_contains(json_string_value(at(nth(j, "predictors", 0), "name")), "</td></svg><script>");
    json_decref(j);
    struct buffer csv = { 0 };
    ck_assert_int_eq(score_csv(r, &csv, &err), 0);
    int lines = 0;
    for (const char *t = csv.data; *t; t++)
        lines += *t == '\n';
    ck_assert_int_eq(lines, 1 + r->predictors); /* none of the name's */
    ck_contains(csv.data, "\n\"</td></svg><script>alert(\"\"1\"\")</script>&amp;',=1+1?");
    buffer_release(&csv);
    score_close(r);
}
END_TEST

/* A p-value below what a double holds is not said to be 0. */
START_TEST(smallest_p)
{
    struct score_result *r = score_example();
    struct error err = { 0 };
    struct buffer text = { 0 };
    ck_assert_int_eq(score_print(r, &text, &err), 0);
    ck_contains(text.data, "McNemar p = 0.03\n");
    text.size = 0;
    for (int p = 0; p < r->predictors * (r->predictors - 1) / 2; p++)
        r->pair[p].mcnemar = 0;
    ck_assert_int_eq(score_print(r, &text, &err), 0);
    ck_contains(text.data, "McNemar p < 1e-300\n");
    ck_assert_ptr_null(strstr(text.data, "p = 0\n"));
    buffer_release(&text);
    score_close(r);
}
END_TEST

/* A thousand classes: the picture in groups, and the pairs as a table. */
START_TEST(many_classes)
{
    enum { MANY = 1000 };
    struct score_result *r = score_example();
    struct error err = { 0 };
    r->k = MANY;
    r->class_name = NULL;
    for (int p = 0; p < r->predictors; p++) {
        struct score_predictor *s = &r->predictor[p];
        s->classes = arena_take(&r->arena, MANY, sizeof(*s->classes), &err);
        s->confusion = arena_take(&r->arena, (size_t)MANY * MANY, sizeof(*s->confusion), &err);
        ck_assert(s->classes && s->confusion);
        for (int c = 0; c < 500; c++) {
            s->classes[c].support = 1;
            s->confusion[(size_t)c * MANY + (size_t)(c % 3 ? c : 999 - c)] = 1;
        }
    }
    char *text = page_of(r);
    ck_contains(text, "neighbors together in 100 groups");
    ck_contains(text, "<td class=\"n\">0</td><td class=\"n\">999</td><td class=\"n\">1</td>");
    ck_contains(text, "All other classes");
    ck_assert_uint_lt(strlen(text), 600000);
    free(text);
    for (int p = 0; p < r->predictors; p++)
        r->predictor[p].confusion = NULL; /* too many to count */
    text = page_of(r);
    ck_assert_ptr_null(strstr(text, ">Confusion</h2>"));
    free(text);
    score_close(r);
}
END_TEST

/* One file of votes: nothing of what needs probabilities, pairs or an ensemble. */
START_TEST(votes_alone)
{
    struct score_result *r = score_example();
    struct error err = { 0 };
    r->predictor[0] = r->predictor[2];
    r->predictors = r->singles = 1;
    r->best = r->ensembles = r->views = r->rounds = 0;
    r->suspects = 0;
    r->suspect_predictor = -1;
    char *text = page_of(r);
    ck_contains(text, "76.00 (72.07 .. 79.54)");
    ck_assert_ptr_null(strstr(text, ">Calibration</h2>"));
    ck_assert_ptr_null(strstr(text, ">Gains</h2>"));
    free(text);
    json_t *j = score_json(r, &err);
    ck_assert_ptr_nonnull(j);
    ck_assert_uint_eq(json_array_size(at(j, "pairs")), 0);
    json_decref(j);
    score_close(r);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("score_report");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, json_has_the_numbers);
    tcase_add_test(cases, csv_has_timms_columns);
    tcase_add_test(cases, page_has_every_part);
    tcase_add_test(cases, optimism_is_stamped);
    tcase_add_test(cases, names_stay_names);
    tcase_add_test(cases, smallest_p);
    tcase_add_test(cases, many_classes);
    tcase_add_test(cases, votes_alone);
    return suite_run();
}
