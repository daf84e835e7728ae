/*
 * Claim: a row of a table reads, refuses, prints and describes its value alike from YAML, from the
 * command line and from its default, and every refusal says where, what was found and what is
 * accepted.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/param.h"
#include "tests/suite.h"

static const char *const filters[] = { "bilinear", "bicubic", NULL };

enum { SIZE, SCALE, KEEP, FILTER, MEAN, JITTER, NAME, PATH, OPS };

static const struct param table[] = {
    [SIZE] = { "size", PARAM_INTEGER, "px", .value = 16, .min = 1, .max = 512, .help = "side" },
    [SCALE] = { "scale", PARAM_NUMBER, "", .value = 0.5, .min = 0, .max = 1, .help = "share" },
    [KEEP] = { "keep", PARAM_FLAG, "", .value = 1, .help = "keep it" },
    [FILTER] = { "filter", PARAM_CHOICE, "", .value = 1, .help = "kind", .choices = filters },
    [MEAN] = { "mean", PARAM_NUMBERS, "", .help = "channels", .initial = "[0.25, 0.5]" },
    [JITTER] = { "jitter", PARAM_RANGE, "", .min = -1, .max = 1, .help = "span", .initial = "0" },
    [NAME] = { "name", PARAM_TEXT, "", .help = "what it is called" },
    [PATH] = { "path", PARAM_FILE, "", .help = "where it is", .initial = "here" },
    [OPS] = { "ops", PARAM_NODE, "", .help = "what to do" },
    { 0 },
};

static const struct param needy[] = {
    { "data", PARAM_FILE, "", .help = "folder of images", .required = true },
    { 0 },
};

/* What param_read makes of a YAML text: the values as compact JSON, or "error: place: message". */
static char *read_text(const struct param *rows, const char *yaml)
{
    struct error err = { 0 };
    struct config *config;
    union value v[PARAMS(table)];
    ck_assert_int_eq(config_parse(&config, yaml, strlen(yaml), "t.yaml", &err), 0);
    char *text = NULL;
    if (param_read(rows, config_root(config), v, &err) == 0) {
        json_t *json = param_json(rows, v, &err);
        text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(6));
        json_decref(json);
    } else {
        ck_assert_int_eq(err.kind, ERROR_USAGE);
        ck_assert_int_gt(asprintf(&text, "error: %s: %s", err.place, err.message), 0);
    }
    config_close(config);
    return text;
}

static const char defaults[] =
    "{\"size\":16,\"scale\":0.5,\"keep\":true,\"filter\":\"bicubic\",\"mean\":[0.25,0.5],"
    "\"jitter\":[0.0,0.0],\"name\":null,\"path\":\"here\"}";

START_TEST(default_values)
{
    static const char *const same[] = { "", "{}", "null", "~", "size: null", "ops:", "name: ~" };
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        char *text = read_text(table, same[i]);
        ck_assert_str_eq(text, defaults);
        free(text);
    }
    struct error err = { 0 };
    union value v[PARAMS(table)];
    ck_assert_int_eq(param_read(table, NULL, v, &err), 0);
    ck_assert_int_eq(v[SIZE].integer, 16);
    ck_assert_ptr_null(v[OPS].node);
    ck_assert_int_eq(param_read(needy, NULL, v, &err), -1);
    ck_assert_str_eq(err.message, "'data' is missing: folder of images; must be a file");
}
END_TEST

/* Each value is part of the defaults' JSON otherwise. */
START_TEST(accepted)
{
    static const struct {
        const char *yaml, *part;
    } cases[] = {
        { "size: 512", "\"size\":512," },
        { "size: 5e2", "\"size\":500," },
        { "size: +007", "\"size\":7," },
        { "77", "\"size\":77," }, /* a value alone is the first row's */
        { "scale: 1", "\"scale\":1.0," },
        { "scale: .25", "\"scale\":0.25," },
        { "scale: 1e-3", "\"scale\":0.001," },
        { "keep: off", "\"keep\":false," },
        { "keep: False", "\"keep\":false," },
        { "keep: ON", "\"keep\":true," },
        { "filter: bilinear", "\"filter\":\"bilinear\"," },
        { "filter: \"bilinear\"", "\"filter\":\"bilinear\"," },
        { "mean: 3", "\"mean\":[3.0]," },
        { "mean: [1, 2, 3, 4, 5, 6, 7, 8]", "\"mean\":[1.0,2.0,3.0,4.0,5.0,6.0,7.0,8.0]," },
        { "mean: \n- 1\n- -2.5", "\"mean\":[1.0,-2.5]," },
        { "jitter: 0.5", "\"jitter\":[0.5,0.5]," },
        { "jitter: [-1, 1]", "\"jitter\":[-1.0,1.0]," },
        { "name: no", "\"name\":\"no\"," },
        { "name: 007", "\"name\":\"007\"," },
        { "name: ''", "\"name\":\"\"," },
        { "path: a/b", "\"path\":\"a/b\"}" },
        { "ops: [1]", "\"path\":\"here\"}" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = read_text(table, cases[i].yaml);
        ck_assert_msg(strstr(text, cases[i].part), "%s gave %s", cases[i].yaml, text);
        free(text);
    }
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *yaml, *text;
    } cases[] = {
        { "\nsize: 900", "t.yaml:2: size is 900; must be an integer 1..512 (px)" },
        { "size: 0", "t.yaml:1: size is 0; must be an integer 1..512 (px)" },
        { "size: 1.5", "t.yaml:1: size is 1.5; must be an integer 1..512 (px)" },
        { "size: big", "t.yaml:1: size is 'big'; must be an integer 1..512 (px)" },
        { "size: 99999999999999999999",
          "t.yaml:1: size is 99999999999999999999; must be an integer 1..512 (px)" },
        { "size: 0x10", "t.yaml:1: size is '0x10'; must be an integer 1..512 (px)" },
        { "size: '16'", "t.yaml:1: size is a text in quotes; must be an integer 1..512 (px)" },
        { "size:", "t.yaml:1: size is empty; must be an integer 1..512 (px)" },
        { "size: [1, 2]", "t.yaml:1: size is a list; must be an integer 1..512 (px)" },
        { "scale: nan", "t.yaml:1: scale is 'nan'; must be a number 0..1" },
        { "scale: .inf", "t.yaml:1: scale is '.inf'; must be a number 0..1" },
        { "scale: 1e999", "t.yaml:1: scale is '1e999'; must be a number 0..1" },
        { "scale: -0.1", "t.yaml:1: scale is -0.1; must be a number 0..1" },
        { "keep: maybe", "t.yaml:1: keep is 'maybe'; must be yes or no" },
        { "keep: 1", "t.yaml:1: keep is '1'; must be yes or no" },
        { "filter: bilinaer", "t.yaml:1: filter is 'bilinaer' (did you mean 'bilinear'?); must be "
                              "bilinear, bicubic" },
        { "filter: box", "t.yaml:1: filter is 'box'; must be bilinear, bicubic" },
        { "mean: []", "t.yaml:1: mean is an empty list; must be a list of 1 to 16 numbers" },
        { "mean: [1, x]", "t.yaml:1: mean has 'x'; must be a list of 1 to 16 numbers" },
        { "mean:\n- 1\n- [2]", "t.yaml:3: mean is a list with an entry that is no number; must be "
                               "a list of 1 to 16 numbers" },
        { "mean: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]",
          "t.yaml:1: mean has '17'; must be a list of 1 to 16 "
          "numbers" },
        { "jitter: [1, -1]",
          "t.yaml:1: jitter is out of order; must be one number or [low, high] -1..1" },
        { "jitter: [0, 0, 0]",
          "t.yaml:1: jitter is a list of 3; must be one number or [low, high] -1..1" },
        { "jitter: 2", "t.yaml:1: jitter is '2'; must be one number or [low, high] -1..1" },
        { "name: [a]", "t.yaml:1: name is a list; must be a text" },
        { "name: {a: b}", "t.yaml:1: name is a map; must be a text" },
        { "szie: 3", "t.yaml:1: unknown key 'szie' (did you mean 'size'?); accepted: size, scale, "
                     "keep, filter, mean, jitter, name, path, ops" },
        { "size: 3\nzzzzzzzz:\n  a: 1", "t.yaml:2: unknown key 'zzzzzzzz'; accepted: size, scale, "
                                        "keep, filter, mean, jitter, name, path, ops" },
        { "x", "t.yaml:1: size is 'x'; must be an integer 1..512 (px)" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = read_text(table, cases[i].yaml);
        ck_assert_msg(strncmp(text, "error: ", 7) == 0, "%s was accepted", cases[i].yaml);
        ck_assert_str_eq(text + 7, cases[i].text);
        free(text);
    }
    static const char *const missing[] = { "{}", "data:", "data: ~" };
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
        char *text = read_text(needy, missing[i]);
        ck_assert_str_eq(text,
                         "error: t.yaml:1: 'data' is missing: folder of images; must be a file");
        free(text);
    }
}
END_TEST

START_TEST(from_command_line)
{
    struct error err = { 0 };
    union value v;
    ck_assert_int_eq(param_parse(&table[SIZE], "20", "--size", &v, &err), 0);
    ck_assert_int_eq(v.integer, 20);
    ck_assert_int_eq(param_parse(&table[MEAN], "1,2.5", "--mean", &v, &err), 0);
    ck_assert_int_eq(v.list.count, 2);
    ck_assert_double_eq(v.list.item[1], 2.5);
    ck_assert_int_eq(param_parse(&table[MEAN], "[ 1 , 2 ]", "--mean", &v, &err), 0);
    ck_assert_int_eq(v.list.count, 2);
    ck_assert_int_eq(param_parse(&table[NAME], "", "--name", &v, &err), 0);
    ck_assert_str_eq(v.text, "");
    static const struct {
        int row;
        const char *text, *message;
    } cases[] = {
        { SIZE, "0", "--x is 0; must be an integer 1..512 (px)" },
        { SIZE, "", "--x is ''; must be an integer 1..512 (px)" },
        { SIZE, " 3", "--x is ' 3'; must be an integer 1..512 (px)" },
        { MEAN, "1,,2", "--x is '1,,2'; must be a list of 1 to 16 numbers" },
        { MEAN, "[1", "--x is '[1'; must be a list of 1 to 16 numbers" },
        { MEAN, "", "--x is ''; must be a list of 1 to 16 numbers" },
        { JITTER, "1,0", "--x is '1,0'; must be one number or [low, high] -1..1" },
        { OPS, "a", "--x cannot be given here; it is read from a config (or --set)" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_int_eq(param_parse(&table[cases[i].row], cases[i].text, "--x", &v, &err), -1);
        ck_assert_str_eq(err.message, cases[i].message);
    }
}
END_TEST

START_TEST(whole_numbers)
{
    static const struct {
        const char *text;
        bool whole;
        int64_t value;
    } cases[] = {
        { "9223372036854775807", true, INT64_MAX },
        { "-9223372036854775808", true, INT64_MIN },
        { "9223372036854775808", false, 0 },
        { "-9223372036854775809", false, 0 },
        { "-0", true, 0 },
        { "1e15", true, 1000000000000000 },
        { "1e17", false, 0 }, /* past 2^53 not every integer is a double */
        { "2.0", true, 2 },
        { "1.", true, 1 },
        { "", false, 0 },
        { "-", false, 0 },
        { ".", false, 0 },
        { "e5", false, 0 },
        { "1e", false, 0 },
        { "1 ", false, 0 },
        { "--1", false, 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t value = 0;
        bool whole = param_integer(cases[i].text, &value);
        ck_assert_msg(whole == cases[i].whole && value == cases[i].value, "'%s' gave %lld",
                      cases[i].text, (long long)value);
    }
}
END_TEST

START_TEST(nearest_names)
{
    static const char *const names[] = { "size", "scale", "brightness", "p", "hflip", "vflip" };
    static const struct {
        const char *word, *name;
    } cases[] = {
        { "szie", "size" },    { "sise", "size" },   { "brigthness", "brightness" },
        { "Hflip", "hflip" },  { "hfilp", "hflip" }, { "bright", NULL },
        { "rotate", NULL },    { "x", NULL },        { "", NULL },
        { "scales", "scale" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *name = param_nearest(cases[i].word, names, 6);
        ck_assert_msg(cases[i].name ? name && strcmp(name, cases[i].name) == 0 : !name,
                      "'%s' gave '%s'", cases[i].word, name ? name : "nothing");
    }
    char large[1000];
    memset(large, 's', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    ck_assert_ptr_null(param_nearest(large, names, 6));
}
END_TEST

START_TEST(help)
{
    static const struct param rows[] = {
        { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024, .help = "workers" },
        { "plan", PARAM_FLAG, "", .help = "print what was drawn" },
        { "bar", PARAM_FLAG, "", .value = 1, .help = "draw a bar" },
        { "filter", PARAM_CHOICE, "", .help = "kind", .choices = filters },
        { "a_name_that_is_rather_long", PARAM_TEXT, "", .help = "text" },
        { "rate", PARAM_NUMBER, "1/s", .value = 1, .min = 0, .max = INFINITY, .required = true,
          .help =
              "words enough to fill a line of the width that a terminal has and to go on in the "
              "next one below" },
        { 0 },
    };
    struct error err = { 0 };
    struct buffer out = { 0 };
    ck_assert_int_eq(param_help(rows, "--", 2, &out, &err), 0);
    ck_assert_str_eq(
        out.data,
        "  --threads N             workers (integer 0..1024; default 0)\n"
        "  --plan                  print what was drawn\n"
        "  --[no-]bar              draw a bar (default yes)\n"
        "  --filter NAME           kind (bilinear, bicubic; default bilinear)\n"
        "  --a_name_that_is_rather_long TEXT\n"
        "                          text (text)\n"
        "  --rate X                words enough to fill a line of the width that a terminal has "
        "and to "
        "go on\n"
        "                          in the next one below (number from 0 on 1/s; required)\n");
    out.size = 0;
    ck_assert_int_eq(param_help(table, "", 4, &out, &err), 0);
    ck_assert_ptr_nonnull(strstr(out.data, "    size                    side (integer 1..512 px; "
                                           "default 16)\n"));
    buffer_release(&out);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("param");
    tcase_add_test(cases, default_values);
    tcase_add_test(cases, accepted);
    tcase_add_test(cases, refused);
    tcase_add_test(cases, from_command_line);
    tcase_add_test(cases, whole_numbers);
    tcase_add_test(cases, nearest_names);
    tcase_add_test(cases, help);
    return suite_run();
}
