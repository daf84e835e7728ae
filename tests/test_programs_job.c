/*
 * Claim: the main job runs through the programs, from files to an ensemble's accuracy; names of all
 * kinds, broken images and full disks on the way are told and lose nothing.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "tests/program_home.h"
#include "tests/suite.h"

static json_t *read_json(const char *name)
{
    char path[200];
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/%s", program_home, name);
    json_t *json = json_read(path, &err);
    ck_assert_msg(json != NULL, "%s", err.message);
    return json;
}

START_TEST(main_job)
{
    char out[16000];
    ck_assert_msg(
        program_home_run("@/nndata batches %/good.yaml --data # --count 3", out, sizeof(out)) == 0,
        "%s", out);
    ck_assert_msg(
        program_home_run("@/nndata bench %/good.yaml --data # --seconds 0.2 --json %/bench.json",
                         out, sizeof(out)) == 0,
        "%s", out);
    json_t *bench = read_json("bench.json");
    ck_assert_double_gt(json_number_value(json_object_get(bench, "images_per_second")), 0);
    double seconds = json_number_value(json_object_get(bench, "seconds"));
    double counted = json_number_value(json_object_get(json_object_get(bench, "stats"), "seconds"));
    ck_assert_double_eq_tol(counted, seconds, 1); /* the counters are those of the same time */
    json_decref(bench);
    for (int seed = 1; seed <= 2; seed++) {
        char line[200];
        snprintf(line, sizeof(line),
                 "@/nntrain %%/good.yaml --data # --val # --out %%/net%d --seed %d", seed, seed);
        ck_assert_msg(program_home_run(line, out, sizeof(out)) == 0, "%s", out);
        ck_assert_msg(strstr(out, "best: epoch") != NULL, "%s", out);
    }
    ck_assert_msg(program_home_run("@/nneval --data # --model %/net1/best.safetensors --model "
                                   "%/net2/best.safetensors --views hflip --json %/eval.json --csv "
                                   "%/eval.csv --report %/eval.html --probs %/probs",
                                   out, sizeof(out)) == 0,
                  "%s", out);
    ck_assert_msg(strstr(out, "ensemble of 2") != NULL, "%s", out);
    json_t *eval = read_json("eval.json");
    ck_assert_int_eq(json_integer_value(json_object_get(eval, "n")), 24);
    const json_t *predictors = json_object_get(eval, "predictors");
    ck_assert_uint_eq(json_array_size(predictors), 3); /* two networks and their mean */
    for (size_t i = 0; i < 3; i++) {
        const json_t *p = json_array_get(predictors, i);
        ck_assert(json_is_string(json_object_get(p, "name")));
        ck_assert(json_is_integer(json_object_get(p, "correct")));
        ck_assert(json_is_number(json_object_get(json_object_get(p, "top1"), "low")));
        ck_assert(i == 2 ? json_is_integer(json_object_get(p, "ensemble"))
                         : json_is_null(json_object_get(p, "ensemble")));
    }
    /* Scored from its files, an evaluation has the same numbers. */
    program_home_must(
        "@/nneval score %/probs/net1-best.safetensors %/probs/net2-best.safetensors --data # "
        "--json %/score.json --report %/score.html && grep -q 'data:image/png' %/score.html "
        "&& grep -q 'data:image/png' %/eval.html && grep -q ^model,img_size,top1, %/eval.csv",
        "ensemble of 2", out, sizeof(out));
    json_t *score = read_json("score.json");
    for (size_t i = 0; i < 3; i++) {
        static const char *const keys[] = { "correct", "top1", "topk",      "calibration", "scaled",
                                            "f1",      "aurc", "confusion", "parameters" };
        const json_t *a = json_array_get(predictors, i),
                     *b = json_array_get(json_object_get(score, "predictors"), i);
        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
            ck_assert_msg(json_equal(json_object_get(a, keys[k]), json_object_get(b, keys[k])),
                          "%s of %zu", keys[k], i);
    }
    ck_assert(json_equal(json_object_get(eval, "pairs"), json_object_get(score, "pairs")));
    json_decref(score);
    json_decref(eval);
    /* The network of one file, the weights of another: names that do not fit are listed. */
    program_home_write("other.yaml",
                       "name: other\ninput: [3, 20, 20]\nclasses: 2\nlayers: [{conv: {name: d, "
                       "out: 4, kernel: 3}}, global_avgpool, {linear: {name: linear, out: "
                       "2}}]\n");
    int status = program_home_run("@/nneval --data # --model %/other.yaml=%/net1/best.safetensors",
                                  out, sizeof(out));
    ck_assert_int_eq(status, 3);
    ck_assert_msg(strstr(out, "d.weight") && strstr(out, "c.weight"), "%s", out);
    ck_assert_int_eq(
        program_home_run("@/nneval --data # --model %/net1/best.safetensors --classes %/three.csv",
                         out, sizeof(out)),
        3);
    ck_assert_msg(strstr(out, "three.csv: numbers 3 classes") != NULL, "%s", out);
    /* A class file may name some of the classes only. */
    ck_assert_int_eq(
        program_home_run(
            "mkdir %/one; cp -r #/a %/one; printf '0,a\\n' > %/one.csv; @/nneval --data "
            "%/one --model %/net1/best.safetensors --classes %/one.csv",
            out, sizeof(out)),
        0);
}
END_TEST

/* Results that cannot be printed are no success. */
START_TEST(full_output)
{
    static const char *const lines[] = {
        "@/nndata --help",
        "@/nndata --version",
        "@/nndata show --help",
        "@/nndata ops",
        "@/nndata ops --json",
        "@/nndata verify # --all",
        "@/nndata batches %/good.yaml --data #",
        "@/nndata bench %/good.yaml --data # --seconds 0.1",
        "@/nntrain %/good.yaml --data # --out %/full --overwrite",
        "@/nneval --help",
    };
    char line[300], out[4000];
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        snprintf(line, sizeof(line), "%s >/dev/full", lines[i]);
        ck_assert_msg(program_home_run(line, out, sizeof(out)) == 1, "%s", line);
        ck_assert_msg(strstr(out, "standard output: cannot") != NULL, "%s: %s", line, out);
    }
}
END_TEST

/* A name may hold anything: one line, and nothing that a terminal obeys. */
START_TEST(hostile_name)
{
    char out[4000];
    ck_assert_int_eq(
        program_home_run("printf x > \"$(printf '#/a/x\\ny\\033[31m.png')\"; @/nndata verify # "
                         "2>/dev/null",
                         out, sizeof(out)),
        3);
    ck_assert_msg(strstr(out, "x?y?[31m.png: is no image") != NULL, "%s", out);
}
END_TEST

/* Names are bytes, and need not be UTF-8, wherever they are written. */
START_TEST(latin_name)
{
    static const char *const lines[] = {
        "N=$(printf '%/caf\\351'); mkdir $N; cp -r # $N/d; cp %/good.yaml $N",
        "N=$(printf '%/caf\\351'); @/nntrain $N/good.yaml --data $N/d --val $N/d --out $N/run",
        ("N=$(printf '%/caf\\351'); @/nneval --data $N/d --model $N/run/best.safetensors --json "
         "$N/e.json --probs $N/p"),
        "N=$(printf '%/caf\\351'); @/nndata bench $N/good.yaml --data $N/d --seconds 0.1 --json "
        "$N/b.json",
        "N=$(printf '%/caf\\351'); grep -q caf $N/e.json && grep -q caf $N/b.json && "
        "grep -q '\"train\": \".*caf' $N/run/config.json && test -e $N/p/best.safetensors",
    };
    char out[8000];
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        ck_assert_msg(program_home_run(lines[i], out, sizeof(out)) == 0, "%s: %s", lines[i], out);
}
END_TEST

/* A broken image: in the ledger and the account while training, the end of an evaluation. */
START_TEST(broken_image)
{
    char out[16000];
    tiny_break(&program_data, 5);
    ck_assert_int_eq(
        program_home_run("@/nndata batches %/good.yaml --data # --set data.max_bad=0.1 --set "
                         "data.ledger=%/ledger.jsonl --set data.last=keep",
                         out, sizeof(out)),
        0);
    ck_assert_msg(strstr(out, "1 substituted") != NULL, "%s", out);
    char path[200];
    struct buffer text = { 0 };
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/ledger.jsonl", program_home);
    ck_assert_int_eq(file_read(path, FILE_LIMIT, &text, &err), 0);
    ck_assert_msg(strstr(text.data, "b/005") && strstr(text.data, "substituted"), "%s", text.data);
    buffer_release(&text);
    ck_assert_int_eq(
        program_home_run("@/nndata batches %/good.yaml --data # --set data.on_error=fail --set "
                         "data.last=keep",
                         out, sizeof(out)),
        3);
    ck_assert_msg(strstr(out, "b/005.png") != NULL, "%s", out);
    ck_assert_int_eq(program_home_run("@/nndata verify #", out, sizeof(out)), 3);
    ck_assert_msg(strstr(out, "refused") && strstr(out, "b/005.png"), "%s", out);
    ck_assert_int_eq(program_home_run("mkfifo #/a/pipe.png; @/nndata verify #", out, sizeof(out)),
                     3);
    ck_assert_msg(strstr(out, "a/pipe.png: is no ordinary file") != NULL, "%s", out);
}
END_TEST

/* A contact sheet is drawn without the pictures that cannot be: they are named, and status is 3. */
START_TEST(sheet_of_bad_images)
{
    char out[16000], path[200];
    const char *show = "@/nndata show %/good.yaml --data # --samples 24 --versions 1 --out %/s.png";
    ck_assert_int_eq(program_home_run(show, out, sizeof(out)), 0);
    tiny_break(&program_data, 5);
    tiny_break(&program_data, 6);
    ck_assert_int_eq(program_home_run("rm %/s.png", out, sizeof(out)), 0);
    ck_assert_int_eq(program_home_run(show, out, sizeof(out)), 3);
    ck_assert_msg(strstr(out, "b/005.png: ") && strstr(out, "a/006.png: "), "%s", out);
    snprintf(path, sizeof(path), "%s/s.png", program_home);
    ck_assert(file_exists(path));
    ck_assert_int_eq(
        program_home_run("@/nndata show %/good.yaml --data # --sample b/005 --out %/x.png", out,
                         sizeof(out)),
        3);
    ck_assert_msg(strstr(out, "b/005.png: ") != NULL, "%s", out);
    /* Too small for the crop: the fault of the image, as the config works for others. */
    const char *crop = " --set 'augment=[{random_crop: 29}]'";
    char line[300];
    snprintf(line, sizeof(line),
             "@/nndata batches %%/good.yaml --data # --set "
             "data.on_error=fail%s",
             crop);
    ck_assert_int_eq(program_home_run(line, out, sizeof(out)), 3);
    ck_assert_msg(strstr(out, "does not fit") != NULL, "%s", out);
}
END_TEST

/* From a survey to an accuracy, by AlexNet's preprocessing and by whitening. */
START_TEST(surveyed)
{
    static const char *const recipes[] = {
        "[{resize_short: 24}, {center_crop: 24}, {subtract_mean_image: {file: "
        "%/st/stats.safetensors}}, {random_crop: 20}, hflip, pca_color]",
        "[{resize_short: 24}, {center_crop: 24}, hflip, {whiten: {file: %/st/stats.safetensors}}]"
        "' --set 'model.input=[3, 24, 24]",
    };
    char line[800], out[16000];
    program_home_must("@/nndata stats # --size 24 --whiten zca --out %/st", "mean:", out,
                      sizeof(out));
    for (int i = 0; i < 2; i++) {
        snprintf(line, sizeof(line),
                 "@/nntrain %%/good.yaml --data # --val # --out %%/run%d --set "
                 "'augment=%s'",
                 i, recipes[i]);
        program_home_must(line, "best: epoch", out, sizeof(out));
        double best = atof(strstr(out, "validation top-1 ") + strlen("validation top-1 "));
        snprintf(line, sizeof(line),
                 "@/nneval --data # --model %%/run%d/best.safetensors --json "
                 "%%/eval.json",
                 i);
        program_home_must(line, "24 images in", out, sizeof(out));
        json_t *eval = read_json("eval.json");
        const json_t *model = json_array_get(json_object_get(eval, "predictors"), 0);
        const json_t *preprocess = json_object_get(model, "preprocess");
        const json_t *top1 = json_object_get(json_object_get(model, "top1"), "value");
        ck_assert_double_eq_tol(100 * json_number_value(top1), best, 0.005);
        ck_assert_str_eq(json_string_value(json_object_get(preprocess, "output")),
                         i ? "whiten" : "subtract_mean_image");
        json_decref(eval);
    }
}
END_TEST

/* Packed, a data set gives the very batches of its source. */
START_TEST(packed)
{
    char out[16000], batches[2][4000];
    for (int i = 0; i < 2; i++) { /* the second time everything is there */
        ck_assert_int_eq(
            program_home_run("@/nndata pack # %/packed --shard-size 0.02", out, sizeof(out)), 0);
        ck_assert_msg(strstr(out, "24 images in") && strstr(out, "24 PNG, as they were"), "%s",
                      out);
        ck_assert_msg((strstr(out, ", 0 made now") != NULL) == (i == 1), "%s", out);
        ck_assert_msg((strstr(out, "images/s") != NULL) == (i == 0), "%s", out);
    }
    ck_assert_int_eq(program_home_run("@/nndata verify %/packed", out, sizeof(out)), 0);
    ck_assert_msg(strstr(out, "24 CRCs compared"), "%s", out);
    ck_assert_int_eq(
        program_home_run("@/nndata batches %/good.yaml --data # --count 6", batches[0], 4000), 0);
    ck_assert_int_eq(program_home_run("@/nndata batches %/good.yaml --data %/packed --count 6",
                                      batches[1], 4000),
                     0);
    ck_assert_str_eq(batches[0], batches[1]);
    ck_assert_int_eq(program_home_run("@/nndata pack # %/packed", out, sizeof(out)), 3);
    ck_assert_msg(strstr(out, "shard_size is 20000 there"), "%s", out);
    char path[200];
    snprintf(path, sizeof(path), "%s/packed/shard-000000.tar", program_home);
    FILE *tar = fopen(path, "r+b");
    ck_assert_ptr_nonnull(tar);
    ck_assert_int_eq(fseek(tar, 700, SEEK_SET), 0);
    ck_assert_int_eq(fputs("other bytes", tar) < 0, 0);
    ck_assert_int_eq(fclose(tar), 0);
    ck_assert_int_eq(program_home_run("@/nndata verify %/packed", out, sizeof(out)), 3);
    ck_assert_msg(strstr(out, "the shard's index says"), "%s", out);
}
END_TEST

/* An index in the cache folder and one in a file: the same batches; what has changed is noticed. */
START_TEST(index_file)
{
    char scanned[4000], out[4000];
    program_home_must("@/nndata batches %/good.yaml --data # --count 2", "0 ", scanned,
                      sizeof(scanned));
    program_home_must("XDG_CACHE_HOME=%/cache @/nndata index #", "24 samples, 2 classes", out,
                      sizeof(out));
    program_home_must("XDG_CACHE_HOME=%/cache @/nndata index # --check", "is sound", out,
                      sizeof(out));
    program_home_must("XDG_CACHE_HOME=%/cache @/nndata batches %/good.yaml --data # --count 2",
                      "0 ", out, sizeof(out));
    ck_assert_str_eq(out, scanned);
    program_home_must("@/nndata index # --out %/data.index", "24 samples, 2 classes", out,
                      sizeof(out));
    program_home_must("@/nndata batches %/good.yaml --data %/data.index --count 2", "0 ", out,
                      sizeof(out));
    ck_assert_str_eq(out, scanned);
    tiny_break(&program_data, 5);
    program_home_must(
        "@/nndata batches %/good.yaml --data %/data.index --set data.max_bad=0.1 --set "
        "data.ledger=%/ledger.jsonl --set data.last=keep && cat %/ledger.jsonl",
        "it has changed", out, sizeof(out));
    ck_assert_msg(strstr(out, "1 substituted") && strstr(out, "b/005.png"), "%s", out);
    char path[128];
    tiny_path(&program_data, 5, path);
    ck_assert_int_eq(unlink(path), 0);
    program_home_must("XDG_CACHE_HOME=%/cache @/nndata batches %/good.yaml --data # --count 1",
                      "nndata: the data set was scanned: ", out, sizeof(out));
    ck_assert_int_eq(
        program_home_run("@/nndata batches %/good.yaml --data %/data.index", out, sizeof(out)), 3);
    ck_assert_msg(strstr(out, "has changed since the index was made") != NULL, "%s", out);
}
END_TEST

START_TEST(stats)
{
    char out[16000];
    program_home_must("@/nndata batches %/good.yaml --data # --stats", "in all: ", out,
                      sizeof(out));
    program_home_must(
        "@/nndata bench %/good.yaml --data # --seconds 2.5 --stats --json %/bench.json --set "
        "data.cache=pixels",
        "-bound", out, sizeof(out));
    ck_assert_msg(strstr(out, "1 s: ") && strstr(out, "2 s: "), "%s", out);
    ck_assert_msg(strstr(out, "100 % of the samples were cached"), "%s", out);
    json_t *bench = read_json("bench.json");
    const json_t *stats = json_object_get(bench, "stats");
    ck_assert_double_gt(json_number_value(json_object_get(stats, "cached")), 0.99);
    ck_assert(json_is_string(json_object_get(stats, "verdict")));
    json_decref(bench);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("programs_job");
    tcase_add_checked_fixture(cases, program_home_enter, program_home_leave);
    tcase_add_test(cases, main_job);
    tcase_add_test(cases, full_output);
    tcase_add_test(cases, hostile_name);
    tcase_add_test(cases, latin_name);
    tcase_add_test(cases, broken_image);
    tcase_add_test(cases, sheet_of_bad_images);
    tcase_add_test(cases, surveyed);
    tcase_add_test(cases, packed);
    tcase_add_test(cases, index_file);
    tcase_add_test(cases, stats);
    return suite_run();
}
