/*
 * Claim: a command line is read by the program's table: every way to write an option gives the same
 * value, whatever is unknown, missing, too much or out of range is refused with a line that says
 * what is accepted, and --help shows every option and every config key.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/option.h"
#include "tests/suite.h"

enum { DATA, THREADS, RATE, PLAN, BAR, MODEL, VIEWS, CROPS };

static const char *const views[] = { "1crop", "hflip", NULL };

static const struct param table[] = {
    [DATA] = { "data", PARAM_FILE, "", .help = "folder of images", .required = true },
    [THREADS] = { "threads", PARAM_INTEGER, "", .min = 0, .max = 64, .help = "workers" },
    [RATE] = { "rate", PARAM_NUMBER, "", .value = 0.5, .min = -1, .max = 1, .help = "share" },
    [PLAN] = { "plan", PARAM_FLAG, "", .help = "print what was drawn" },
    [BAR] = { "bar", PARAM_FLAG, "", .value = 1, .help = "draw a bar" },
    [MODEL] = { "model", PARAM_FILE, "", .help = "weights; repeatable" },
    [VIEWS] = { "views", PARAM_CHOICE, "", .help = "test-time views", .choices = views },
    [CROPS] = { "crops", PARAM_NUMBERS, "", .help = "sizes", .initial = "[1, 2]" },
    { 0 },
};

static const struct param section[] = {
    { "batch", PARAM_INTEGER, "", .value = 128, .min = 1, .max = 65536,
      .help = "samples of a batch" },
    { 0 },
};

static const struct option_command command = {
    .program = "nntest",
    .usage = "CONFIG [OTHER] --data DATA [options]",
    .summary = "try it",
    .options = table,
    .positional_min = 1,
    .positional_max = 2,
    .notes = "Exit status: 0 done.",
    .sections = { section },
    .section_names = { "data" },
};

enum { WORDS = 100 };

/* `line` is cut at its blanks into argv. */
static int read_line(const char *line, struct option_values *given, struct error *err)
{
    static char text[4096];
    char *argv[WORDS] = { "nntest" };
    int argc = 1;
    snprintf(text, sizeof(text), "%s", line);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
        ck_assert_int_lt(argc, WORDS - 1);
        argv[argc++] = word;
    }
    return option_read(&command, argc, argv, given, err);
}

static struct option_values given;

START_TEST(accepted)
{
    struct error err = { 0 };
    ck_assert_int_eq(read_line("c.yaml --data d", &given, &err), 0);
    ck_assert_str_eq(given.positional[0], "c.yaml");
    ck_assert_int_eq(given.positional_count, 1);
    ck_assert_str_eq(given.value[DATA].text, "d");
    ck_assert(given.given[DATA] && !given.given[THREADS]);
    ck_assert_double_eq(given.value[RATE].number, 0.5);
    ck_assert_int_eq(given.value[CROPS].list.count, 2);
    ck_assert(!given.value[PLAN].flag && given.value[BAR].flag);

    static const char *const same[] = {
        "c --data d --threads 4 --rate -0.25 --plan --no-bar --views hflip --crops 3,4",
        "--data=d --threads=4 --rate=-0.25 --plan=yes --bar=no c --views=hflip --crops=[3,4]",
        ("--threads 9 --threads 4 c --data x --data d --no-plan --plan --bar --no-bar --rate -.25 "
         "--views hflip --crops 3,4"),
    };
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        ck_assert_msg(read_line(same[i], &given, &err) == 0, "%s: %s", same[i], err.message);
        ck_assert_str_eq(given.positional[0], "c");
        ck_assert_str_eq(given.value[DATA].text, "d");
        ck_assert_int_eq(given.value[THREADS].integer, 4);
        ck_assert_double_eq(given.value[RATE].number, -0.25);
        ck_assert(given.value[PLAN].flag && !given.value[BAR].flag);
        ck_assert_int_eq(given.value[VIEWS].integer, 1);
        ck_assert_double_eq(given.value[CROPS].list.item[1], 4);
    }
}
END_TEST

START_TEST(repeated)
{
    struct error err = { 0 };
    ck_assert_int_eq(read_line("c --data d --model a --set train.lr=1 --model=b=c --set x=--y "
                               "--model - -- --model -x",
                               &given, &err),
                     -1); /* c, --model and -x are three */
    ck_assert_int_eq(read_line("--data d --model a --set train.lr=1 --model=b=c --set=x=--y "
                               "--model - -- --model -x",
                               &given, &err),
                     0);
    ck_assert_int_eq(given.repeat_count[MODEL], 3);
    ck_assert_str_eq(given.repeat[MODEL][0], "a");
    ck_assert_str_eq(given.repeat[MODEL][1], "b=c");
    ck_assert_str_eq(given.repeat[MODEL][2], "-");
    ck_assert_str_eq(given.value[MODEL].text, "-");
    ck_assert_int_eq(given.set_count, 2);
    ck_assert_str_eq(given.set[0], "train.lr=1");
    ck_assert_str_eq(given.set[1], "x=--y");
    ck_assert_int_eq(given.positional_count, 2);
    ck_assert_str_eq(given.positional[0], "--model");
    ck_assert_str_eq(given.positional[1], "-x");
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *line, *message;
    } cases[] = {
        { "c", "--data is missing (folder of images); usage: nntest CONFIG [OTHER] --data DATA "
               "[options]" },
        { "--data d",
          "an argument is missing; usage: nntest CONFIG [OTHER] --data DATA [options]" },
        { "a b c --data d",
          "'c' is one argument too many; usage: nntest CONFIG [OTHER] --data DATA "
          "[options]" },
        { "c --data", "--data needs a value" },
        { "c --data --plan", "--data needs a value" },
        { "c --set", "--set needs a value" },
        { "c --thread 4", "unknown option '--thread' (did you mean '--threads'?); nntest --help "
                          "lists all" },
        { "c --theads=4", "unknown option '--theads' (did you mean '--threads'?); nntest --help "
                          "lists all" },
        { "c --hepl", "unknown option '--hepl' (did you mean '--help'?); nntest --help lists all" },
        { "c -t", "unknown option '-t'; nntest --help lists all" },
        { "c --no-threads", "unknown option '--no-threads' (did you mean '--threads'?); nntest "
                            "--help lists all" },
        { "c --", "--data is missing (folder of images); usage: nntest CONFIG [OTHER] --data DATA "
                  "[options]" },
        { "c --=3", "unknown option '--'; nntest --help lists all" },
        { "c --threads 65", "--threads is 65; must be an integer 0..64" },
        { "c --threads=", "--threads is ''; must be an integer 0..64" },
        { "c --plan=perhaps", "--plan is 'perhaps'; must be yes or no" },
        { "c --views hfilp", "--views is 'hfilp' (did you mean 'hflip'?); must be 1crop, hflip" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        ck_assert_msg(read_line(cases[i].line, &given, &err) == -1, "%s was accepted",
                      cases[i].line);
        ck_assert_int_eq(err.kind, ERROR_USAGE);
        ck_assert_str_eq(err.message, cases[i].message);
    }
    struct error err = { 0 };
    char *argv[2 * OPTION_REPEAT + 4] = { "nntest" };
    int argc = 1;
    for (int i = 0; i <= OPTION_REPEAT; i++) {
        argv[argc++] = "--model";
        argv[argc++] = "m";
    }
    ck_assert_int_eq(option_read(&command, argc, argv, &given, &err), -1);
    ck_assert_str_eq(err.message, "--model is given more than 64 times");
    for (int i = 1; i < argc; i += 2)
        argv[i] = "--set";
    ck_assert_int_eq(option_read(&command, argc, argv, &given, &err), -1);
    ck_assert_str_eq(err.message, "--set is given more than 64 times");
}
END_TEST

/* What `line` prints on standard output, in a static buffer. */
static const char *printed(const char *line)
{
    static char text[8192];
    struct error err = { 0 };
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    int rc = read_line(line, &given, &err);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    ck_assert_int_eq(rc, 1);
    rewind(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return text;
}

START_TEST(help)
{
    static const char expected[] =
        "Usage: nntest CONFIG [OTHER] --data DATA [options]\n"
        "try it\n"
        "\n"
        "Options:\n"
        "  --data FILE             folder of images (file; required)\n"
        "  --threads N             workers (integer 0..64; default 0)\n"
        "  --rate X                share (number -1..1; default 0.5)\n"
        "  --plan                  print what was drawn\n"
        "  --[no-]bar              draw a bar (default yes)\n"
        "  --model FILE            weights; repeatable (file)\n"
        "  --views NAME            test-time views (1crop, hflip; default 1crop)\n"
        "  --crops X,X,..          sizes (numbers; default [1, 2])\n"
        "  --set KEY=VALUE         override a key of the config (train.lr=0.05); repeatable\n"
        "  --help                  print this\n"
        "  --version               print the version\n"
        "\n"
        "Section data of the config (or --set data.KEY=VALUE):\n"
        "  batch                   samples of a batch (integer 1..65536; default 128)\n"
        "\n"
        "Exit status: 0 done.\n";
    ck_assert_str_eq(printed("--help"), expected);
    ck_assert_str_eq(printed("a b --threads 3 -h"), expected);
    ck_assert_str_eq(printed("a --version"), "tenfold " TENFOLD_VERSION "\n");
    struct error err = { 0 };
    ck_assert_int_eq(read_line("-- --help --data", &given, &err), -1); /* names, not options */
    ck_assert_str_eq(given.positional[0], "--help");
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("option");
    tcase_add_test(cases, accepted);
    tcase_add_test(cases, repeated);
    tcase_add_test(cases, refused);
    tcase_add_test(cases, help);
    return suite_run();
}
