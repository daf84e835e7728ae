/*
 * Claim: YAML becomes a tree in which every value knows its place; files extend files; --set
 * changes any key; and text that is wrong, hostile or endless is refused with one line that says
 * where and why.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/file.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static void put(const char *path, const char *text)
{
    struct error err = { 0 };
    ck_assert_int_eq(file_write(path, text, strlen(text), &err), 0);
}

static struct config *parse(const char *text)
{
    struct error err = { 0 };
    struct config *config = NULL;
    if (config_parse(&config, text, strlen(text), "t.yaml", &err) < 0)
        ck_abort_msg("%s: %s", err.place, err.message);
    return config;
}

static struct config *open_file(const char *path)
{
    struct error err = { 0 };
    struct config *config = NULL;
    if (config_open(&config, path, &err) < 0)
        ck_abort_msg("%s: %s", err.place, err.message);
    return config;
}

/* Compact JSON of the whole tree. */
static void check_tree(const struct config *config, const char *expected)
{
    struct error err = { 0 };
    json_t *json = node_json(config_root(config), &err);
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    ck_assert_str_eq(text, expected);
    free(text);
    json_decref(json);
}

START_TEST(trees)
{
    static const struct {
        const char *yaml, *json;
    } cases[] = {
        { "", "{}" },
        { "# nothing\n", "{}" },
        { "---\n...\n", "null" },
        { "a: 1\nb: [2, 0.5, x]\nc: {d: yes, e: 'yes'}\n",
          "{\"a\":1,\"b\":[2,0.5,\"x\"],\"c\":{\"d\":true,\"e\":\"yes\"}}" },
        { "- hflip\n- cutout: {size: 8}\n", "[\"hflip\",{\"cutout\":{\"size\":8}}]" },
        { "a: 007\nb: 1e3\nc: 12345678901234567890\nd: .inf\ne: 0\nf: -0.0",
          "{\"a\":\"007\",\"b\":1000.0,\"c\":1.23457e19,\"d\":\".inf\",\"e\":0,\"f\":-0.0}" },
        { "a:\nb: ~\nc: null\nd: ''\n", "{\"a\":null,\"b\":null,\"c\":null,\"d\":\"\"}" },
        { "a: |\n  two\n  lines\n", "{\"a\":\"two\\nlines\\n\"}" },
        { "{\"a\":[1,{\"b\":\"c\\u00e9\"}],\"d\":null,\"e\":true}",
          "{\"a\":[1,{\"b\":\"c\xc3\xa9\"}],\"d\":null,\"e\":true}" },
        { "\xef\xbb\xbf"
          "a: \xc3\xa9\n",
          "{\"a\":\"\xc3\xa9\"}" },
        { "a: x\r\nb: y\r\n", "{\"a\":\"x\",\"b\":\"y\"}" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config *config = parse(cases[i].yaml);
        check_tree(config, cases[i].json);
        config_close(config);
    }
    config_close(NULL);
}
END_TEST

START_TEST(places)
{
    struct config *config = parse("a: 1\n\nb:\n  c: [x,\n    y]\n");
    const struct node *root = config_root(config), *list = node_get(node_get(root, "b"), "c");
    ck_assert_int_eq(node_get(root, "a")->line, 1);
    ck_assert_int_eq(root->key_lines[1], 3);
    ck_assert_int_eq(list->line, 4);
    ck_assert_int_eq(list->items[1]->line, 5);
    ck_assert_str_eq(list->file, "t.yaml");
    ck_assert_ptr_null(node_get(root, "z"));
    ck_assert_ptr_null(node_get(NULL, "z"));
    ck_assert_ptr_null(node_get(list, "z"));
    struct error err = { 0 };
    ck_assert_int_eq(node_error(list->items[1], &err, "is %d", 3), -1);
    ck_assert_str_eq(err.place, "t.yaml:5");
    ck_assert_str_eq(err.message, "is 3");
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    config_close(config);
}
END_TEST

START_TEST(refused_text)
{
    static const struct {
        const char *yaml, *place, *message;
    } cases[] = {
        { "a: 1\na: 2\n", "t.yaml:2", "key 'a' is there twice, first in line 1" },
        { "x:\n  {b: 1, c: 2, b: 3}", "t.yaml:2", "key 'b' is there twice, first in line 2" },
        { "a: &x 1\n", "t.yaml:1",
          "an anchor (&name); anchors, aliases and tags are not accepted" },
        { "a: *x\n", "t.yaml:1", "an alias (*name); anchors" },
        { "a: !!str 1\n", "t.yaml:1", "a tag (!name); anchors" },
        { "!x {a: 1}\n", "t.yaml:1", "a tag (!name); anchors" },
        { "&x [a]\n", "t.yaml:1", "an anchor (&name); anchors" },
        { "[a]: 1\n", "t.yaml:1", "a key must be a plain word" },
        { "{a: 1}: 1\n", "t.yaml:1", "a key must be a plain word" },
        { "'': 1\n", "t.yaml:1", "a key is empty" },
        { "a: 1\n---\nb: 1\n", "t.yaml:2", "a second document begins; one is accepted" },
        { "a: 1\n b: 2\n", "t.yaml:2", "not valid YAML: mapping values are not allowed" },
        { "a: [1, 2\n", "t.yaml:2", "not valid YAML: did not find expected ',' or ']'" },
        { "a: 'x\n", "t.yaml:2", "not valid YAML: found unexpected end of stream" },
        { "a: \"\\0\"", "t.yaml:1", "a text with a NUL character" },
        { "a:\n\t- x\n", "t.yaml:2",
          "not valid YAML: found character that cannot start any token" },
        { "a: \xff\n", "t.yaml", "not valid YAML: invalid leading UTF-8 octet at byte 3" },
        { "a: \x01\n", "t.yaml", "not valid YAML: control characters are not allowed at byte 3" },
        { "a: {extends: /etc/passwd}", "t.yaml:1", "'extends' is accepted in files only" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        struct config *config = NULL;
        const char *yaml = cases[i].yaml;
        ck_assert_msg(config_parse(&config, yaml, strlen(yaml), "t.yaml", &err) < 0,
                      "%s was accepted", yaml);
        ck_assert_ptr_null(config);
        ck_assert_int_eq(err.kind, ERROR_USAGE);
        ck_assert_str_eq(err.place, cases[i].place);
        ck_assert_msg(strncmp(err.message, cases[i].message, strlen(cases[i].message)) == 0,
                      "%s gave '%s'", yaml, err.message);
    }
}
END_TEST

/* Texts that would cost time or memory out of proportion; each made of a repeated part. */
START_TEST(bounded)
{
    static const struct {
        const char *part;
        int times;
        const char *message;
    } cases[] = {
        { "[", 100000, "nested deeper than 64 levels" },
        { "{a: ", 100000, "nested deeper than 64 levels" },
        { "- ", 100000, "nested deeper than 64 levels" },
        { "{a,", 100000, "a key must be a plain word" },
        { "[{a: ", 100000, "nested deeper than 64 levels" },
        { "- 1\n", 1000001, "more than 1000000 values in all" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        struct config *config = NULL;
        struct buffer text = { 0 };
        int rc = 0;
        for (int j = 0; j < cases[i].times; j++)
            rc |= buffer_append(&text, cases[i].part, strlen(cases[i].part), &err);
        ck_assert_int_eq(rc, 0);
        ck_assert_int_eq(config_parse(&config, text.data, text.size, "t.yaml", &err), -1);
        ck_assert_msg(strstr(err.message, cases[i].message), "%s gave %s", cases[i].part,
                      err.message);
        buffer_release(&text);
    }
    /* As deep as may be. */
    struct buffer text = { 0 };
    struct error err = { 0 };
    for (int i = 0; i < 128; i++)
        ck_assert_int_eq(buffer_append(&text, i < 64 ? "[" : "]", 1, &err), 0);
    struct config *config = parse(text.data);
    config_close(config);
    buffer_release(&text);
}
END_TEST

START_TEST(extended_files)
{
    ck_assert_int_eq(mkdir("nets", 0777), 0);
    put("nets/base.yaml", "name: base\nlayers: [a, b]\nvalues: {n: 3, width: 16}\n");
    put("nets/large.yaml", "extends: base.yaml\nname: large\nvalues: {n: 9}\nmore: 1\n");
    put("run.yaml", "model:\n  extends: nets/large.yaml\n  layers: [c]\ntrain: {lr: 1}\n");
    struct config *config = open_file("run.yaml");
    check_tree(config, "{\"model\":{\"name\":\"large\",\"layers\":[\"c\"],\"values\":{\"n\":9,"
                       "\"width\":16},\"more\":1},\"train\":{\"lr\":1}}");
    const struct node *model = node_get(config_root(config), "model");
    ck_assert_str_eq(node_get(model, "name")->file, "nets/large.yaml");
    ck_assert_int_eq(node_get(model, "name")->line, 2);
    ck_assert_str_eq(node_get(node_get(model, "values"), "width")->file, "nets/base.yaml");
    config_close(config);
}
END_TEST

START_TEST(refused_files)
{
    put("self.yaml", "a: 1\nextends: ./self.yaml\n");
    put("one.yaml", "extends: two.yaml\n");
    put("two.yaml", "x:\n  extends: one.yaml\n");
    put("list.yaml", "[a]\n");
    put("of_list.yaml", "extends: list.yaml\n");
    put("nowhere.yaml", "extends: missing.yaml\n");
    put("odd.yaml", "extends: [a]\n");
    put("bad.yaml", "a: [\n");
    put("of_bad.yaml", "extends: bad.yaml\n");
    for (int i = 0; i < 17; i++) {
        char name[32], text[64];
        snprintf(name, sizeof(name), "c%d.yaml", i);
        snprintf(text, sizeof(text), i < 16 ? "extends: c%d.yaml\n" : "a: %d\n", i + 1);
        put(name, text);
    }
    static const struct {
        const char *path, *place, *message;
        enum error_kind kind;
    } cases[] = {
        { "none.yaml", "none.yaml", "cannot open: No such file or directory", ERROR_USAGE },
        { ".", ".", "is a folder; a file is needed", ERROR_USAGE },
        { "self.yaml", "self.yaml:2", "extends './self.yaml', which extends this file",
          ERROR_USAGE },
        { "one.yaml", "two.yaml:2", "extends 'one.yaml', which extends this file", ERROR_USAGE },
        { "of_list.yaml", "of_list.yaml:1", "extends 'list.yaml', which holds no map (key: value)",
          ERROR_USAGE },
        { "nowhere.yaml", "nowhere.yaml:1", "extends 'missing.yaml', which cannot be found",
          ERROR_USAGE },
        { "odd.yaml", "odd.yaml:1", "a file's name is needed here", ERROR_USAGE },
        { "of_bad.yaml", "bad.yaml:2", "not valid YAML: did not find expected node content",
          ERROR_USAGE },
        { "c0.yaml", "c15.yaml:1", "more than 16 files extend each other", ERROR_USAGE },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        struct config *config = NULL;
        ck_assert_int_eq(config_open(&config, cases[i].path, &err), -1);
        ck_assert_ptr_null(config);
        ck_assert_str_eq(err.place, cases[i].place);
        ck_assert_msg(strncmp(err.message, cases[i].message, strlen(cases[i].message)) == 0,
                      "%s gave '%s'", cases[i].path, err.message);
        ck_assert_int_eq(err.kind, cases[i].kind);
    }
    struct config *config = open_file("c1.yaml");
    check_tree(config, "{\"a\":17}");
    config_close(config);
}
END_TEST

START_TEST(set_keys)
{
    static const struct {
        const char *assignment, *json;
    } cases[] = {
        { "train.lr=0.05", "{\"train\":{\"lr\":0.05,\"n\":[1,2]}}" },
        { "train.momentum=0.9", "{\"train\":{\"lr\":1,\"n\":[1,2],\"momentum\":0.9}}" },
        { "eval.views.name=hflip",
          "{\"train\":{\"lr\":1,\"n\":[1,2]},\"eval\":{\"views\":{\"name\":\"hflip\"}}}" },
        { "train={a: [1]}", "{\"train\":{\"a\":[1]}}" },
        { "train.n.1=5", "{\"train\":{\"lr\":1,\"n\":[1,5]}}" },
        { "train.lr=", "{\"train\":{\"lr\":null,\"n\":[1,2]}}" },
        { "train.lr=a=b", "{\"train\":{\"lr\":\"a=b\",\"n\":[1,2]}}" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        struct config *config = parse("train: {lr: 1, n: [1, 2]}\n");
        const struct node *before = node_get(node_get(config_root(config), "train"), "lr");
        ck_assert_msg(config_set(config, cases[i].assignment, &err) == 0, "%s: %s",
                      cases[i].assignment, err.message);
        check_tree(config, cases[i].json);
        ck_assert_str_eq(before->text, "1"); /* who holds a node keeps it */
        config_close(config);
    }
    struct error err = { 0 };
    struct config *config = parse("");
    ck_assert_int_eq(config_set(config, "a.b={c: [x]}", &err), 0);
    const struct node *set = node_get(node_get(config_root(config), "a"), "b");
    node_error(node_get(set, "c")->items[0], &err, "wrong");
    ck_assert_str_eq(err.place, "--set a.b");
    put("base.yaml", "x: 1\n");
    ck_assert_int_eq(config_set(config, "d={extends: base.yaml}", &err), 0);
    check_tree(config, "{\"a\":{\"b\":{\"c\":[\"x\"]}},\"d\":{\"x\":1}}");
    config_close(config);
}
END_TEST

START_TEST(refused_sets)
{
    static const struct {
        const char *assignment, *place, *message;
    } cases[] = {
        { "lr", "--set", "'lr' must be KEY=VALUE, such as train.lr=0.05" },
        { "=1", "--set", "'=1' must be KEY=VALUE" },
        { "a..b=1", "--set", "'a..b=1' must be KEY=VALUE" },
        { "a.=1", "--set", "'a.=1' must be KEY=VALUE" },
        { ".a=1", "--set", "'.a=1' must be KEY=VALUE" },
        { "train.lr.x=1", "--set train.lr.x", "has nowhere to go: t.yaml:1 holds '1'" },
        { "train.n.2=1", "--set train.n.2",
          "'2' is no entry of the list at t.yaml:1, which has 2" },
        { "train.n.x=1", "--set train.n.x",
          "'x' is no entry of the list at t.yaml:1, which has 2" },
        { "train.n.-1=1", "--set train.n.-1", "'-1' is no entry" },
        { "train.lr=[1", "--set train.lr", "not valid YAML: " },
        { "train.lr=&x 1", "--set train.lr", "an anchor" },
        { "train.lr=a\n---\nb", "--set train.lr", "a second document begins" },
        { "d={extends: none.yaml}", "--set d", "extends 'none.yaml', which cannot be found" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        struct config *config = parse("train: {lr: 1, n: [1, 2]}\n");
        ck_assert_msg(config_set(config, cases[i].assignment, &err) < 0, "%s was accepted",
                      cases[i].assignment);
        ck_assert_str_eq(err.place, cases[i].place);
        ck_assert_msg(strncmp(err.message, cases[i].message, strlen(cases[i].message)) == 0,
                      "%s gave '%s'", cases[i].assignment, err.message);
        ck_assert_int_eq(err.kind, ERROR_USAGE);
        check_tree(config, "{\"train\":{\"lr\":1,\"n\":[1,2]}}");
        config_close(config);
    }
}
END_TEST

START_TEST(paths)
{
    struct error err = { 0 };
    ck_assert_int_eq(mkdir("sub", 0777), 0);
    put("sub/c.yaml", "a: x.yaml\nb: /x.yaml\nc: ../x.yaml\nd: ''\n");
    struct config *config = open_file("sub/c.yaml");
    ck_assert_int_eq(config_set(config, "e=x.yaml", &err), 0);
    static const struct {
        const char *key, *path;
    } cases[] = {
        { "a", "sub/x.yaml" }, { "b", "/x.yaml" }, { "c", "sub/../x.yaml" },
        { "d", NULL },         { "e", "x.yaml" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *path = node_path(node_get(config_root(config), cases[i].key), &err);
        ck_assert_pstr_eq(path, cases[i].path);
        free(path);
    }
    config_close(config);
}
END_TEST

START_TEST(sections)
{
    static const struct {
        const char *yaml, *place, *message;
    } cases[] = {
        { "data: {}\naugment: []\nmix: []\nmodel: {}\ntrain: {}\neval: {}\n", NULL, NULL },
        { "", NULL, NULL },
        { "data: {}\ntrian: {}\n", "t.yaml:2",
          "unknown key 'trian' (did you mean 'train'?); "
          "accepted: data, augment, mix, model, train, eval, tune" },
        { "[a]", "t.yaml:1", "must be a map (key: value)" },
        { "a", "t.yaml:1", "must be a map (key: value)" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        struct config *config = parse(cases[i].yaml);
        ck_assert_int_eq(config_check_sections(config, &err), cases[i].place ? -1 : 0);
        if (cases[i].place) {
            ck_assert_str_eq(err.place, cases[i].place);
            ck_assert_str_eq(err.message, cases[i].message);
        }
        config_close(config);
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("config");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, trees);
    tcase_add_test(cases, places);
    tcase_add_test(cases, refused_text);
    tcase_add_test(cases, bounded);
    tcase_add_test(cases, extended_files);
    tcase_add_test(cases, refused_files);
    tcase_add_test(cases, set_keys);
    tcase_add_test(cases, refused_sets);
    tcase_add_test(cases, paths);
    tcase_add_test(cases, sections);
    return suite_run();
}
