/* nneval without a command: the accuracy of networks on a data set, each alone and all averaged,
 * with test-time views. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "eval/command.h"
#include "eval/evaluation_score.h"
#include "eval/score_output.h"
#include "eval/score_text.h"

enum { DATA, MODEL, VIEWS, CLASSES, THREADS, EXIF, CONV, ROUNDS, SEED, JSON, CSV, REPORT, PROBS };

static const struct param options[] = {
    [DATA] = { "data", PARAM_FILE, "", .required = true,
               .help = "labeled images: ImageFolder directory, tar, folder of tars, or "
                       "name-{0000..0009}.tar" },
    [MODEL] = { "model", PARAM_FILE, "", .required = true,
                .help = "weights that carry their network, or NET.yaml=WEIGHTS; repeat for an "
                        "ensemble" },
    [VIEWS] = { "views", PARAM_TEXT, "", .initial = "1crop",
                .help = "test-time views, see below; probabilities are averaged over them" },
    [CLASSES] = { "classes", PARAM_FILE, "",
                  .help =
                      "CSV with columns index and folder name: which output each class folder is" },
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "0: as many as this process may use; the result does not depend on it" },
    [EXIF] = { "exif", PARAM_FLAG, "", .help = "turn photographs as their EXIF orientation says" },
    [CONV] = { "conv", PARAM_CHOICE, "", .choices = members_conv_names,
               .help = "fast: 3x3 convolutions in Winograd's tiles of 4x4, which round more "
                       "coarsely; the files and tables say so" },
    [ROUNDS] = { "rounds", PARAM_INTEGER, "", .value = 1000, .min = 0, .max = 100000,
                 .help = "of the bootstrap; 0: no intervals but Wilson's" },
    [SEED] = { "seed", PARAM_INTEGER, "", .min = 0, .max = 9e15, .help = "of the bootstrap" },
    [JSON] = { "json", PARAM_FILE, "", .help = SCORE_OUTPUT_JSON },
    [CSV] = { "csv", PARAM_FILE, "", .help = SCORE_OUTPUT_CSV },
    [REPORT] = { "report", PARAM_FILE, "", .help = SCORE_OUTPUT_REPORT },
    [PROBS] = { "probs", PARAM_FILE, "",
                .help = "write each model's and the ensemble's probabilities into this folder "
                        "(safetensors)" },
    { 0 },
};

static const char notes[] =
    "Views at base size s (224 for photographs, of which the sizes below are meant):\n"
    "  1crop   short side 256, center 224; 32-pixel images as they are\n"
    "  hflip   that and its mirror\n"
    "  10crop  short side 256: four corners and center, and their mirrors\n"
    "  5x10    ten crops at each of the short sides 224, 256, 384, 480, 640\n"
    "  dense   the whole image and its mirror at each of those (fully convolutional networks)\n"
    "\n"
    "Examples:\n"
    "  nneval --data data/test --model out/a/best.safetensors --model out/b/best.safetensors "
    "--views 10crop\n"
    "  nneval --data cifar10-test.tar --model "
    "configs/models/cifar_resnet20.yaml=resnet20.safetensors --json a.json\n"
    "\n"
    "The table goes to standard output, progress to standard error. Exit status: 0 done, 1 failed, "
    "2 wrong usage,\n"
    "3 data or weights refused.\n";

static const struct option_command command = {
    .program = "nneval",
    .usage = "--data DATA --model W [--model W2 ...] [options]",
    .summary = "metrics with intervals of networks on labeled images, each alone and averaged",
    .options = options,
    .notes = notes,
};

/* What each view says is kept for the report in as much: 10 views of 5,000 images and 1,000 classes
 * by five networks. */
static const size_t VIEWS_MEMORY = (size_t)1 << 30;

/* A network given twice is averaged twice: rarely what was meant. */
static void warn_twins(const struct members *m)
{
    for (int i = 0; i < m->count; i++)
        for (int j = i + 1; j < m->count; j++)
            if (!strcmp(m->hashes[i], m->hashes[j]))
                error_warn("nneval", m->names[i],
                           "is the same network as %s; the ensemble counts it twice", m->names[j]);
}

static struct score_output outputs_of(const struct option_values *given)
{
    return (struct score_output){ given->value[JSON].text, given->value[CSV].text,
                                  given->value[REPORT].text,
                                  given->value[REPORT].text ? given->value[DATA].text : NULL,
                                  given->value[CLASSES].text };
}

/* Hours of work are not to end at a folder that is not there. */
static int check_outputs(const struct option_values *given, struct error *err)
{
    struct score_output output = outputs_of(given);
    const char *probs = given->value[PROBS].text;
    if (score_output_check(&output, err) < 0)
        return -1;
    return probs ? file_make_folders(probs, err) : 0;
}

static int print(const struct evaluation *e, const struct score_result *r, struct error *err)
{
    struct buffer text = { 0 };
    const struct report *run = &e->report;
    int status = score_print(r, &text, err);
    if (status == 0)
        status = buffer_print(
            &text, err, "%" PRIu64 " images in %.1f s (%.1f images/s), %d thread%s, %s\n", run->n,
            run->seconds, run->seconds > 0 ? (double)run->n / run->seconds : 0, run->threads,
            run->threads == 1 ? "" : "s", run->kernels);
    if (status == 0 &&
        (fwrite(text.data, 1, text.size, stdout) != text.size || fflush(stdout) != 0))
        status = error_errno(err, "standard output", "cannot write the table");
    buffer_release(&text);
    return status;
}

static int score(const struct evaluation *e, const struct option_values *given, const char *line,
                 struct error *err)
{
    struct score_options o = score_defaults();
    struct score_output output = outputs_of(given);
    struct score_result *r = NULL;
    const char *probs = given->value[PROBS].text;
    if (pool_open(&o.pool, (int)given->value[THREADS].integer, err) < 0)
        return -1;
    o.rounds = (int)given->value[ROUNDS].integer;
    o.seed = (uint64_t)given->value[SEED].integer;
    int status = evaluation_score(e, &o, &r, err);
    pool_close(o.pool);
    if (status == 0 && !(r->command = arena_text(&r->arena, line, strlen(line), err)))
        status = -1;
    if (status == 0)
        status = print(e, r, err);
    if (status == 0 && probs)
        status = evaluation_save(e, probs, err);
    if (status == 0)
        status = score_output_write(&output, r, err);
    score_close(r);
    return status;
}

static int run(const struct option_values *given, const char *line, struct error *err)
{
    int warnings = 0;
    struct evaluation_request request = {
        .data = given->value[DATA].text,
        .classes = given->value[CLASSES].text,
        .models = given->repeat[MODEL],
        .count = given->repeat_count[MODEL],
        .threads = (int)given->value[THREADS].integer,
        .exif_apply = given->value[EXIF].flag,
        .fast = given->value[CONV].integer == 1,
        .views_memory = given->value[REPORT].text || given->value[JSON].text ? VIEWS_MEMORY : 0,
        .warn = command_warn,
        .context = &warnings,
    };
    struct evaluation e;
    if (view_policy_read(&request.views, given->value[VIEWS].text, err) < 0 ||
        check_outputs(given, err) < 0 || evaluate(&e, &request, err) < 0)
        return -1;
    command_warned(warnings);
    warn_twins(&e.members);
    if (request.views_memory && e.report.views_total > 1 && !e.kept)
        fprintf(stderr, "nneval: note: the values of all views are too many to be kept, so that "
                        "the report does not say what each is worth; predict --keep-views and "
                        "score do\n");
    int status = score(&e, given, line, err);
    evaluation_release(&e);
    return status;
}

int command_evaluate(int argc, char **argv, struct error *err)
{
    static struct option_values given; /* too large for comfort on the stack */
    struct buffer line = { 0 };
    int rc = option_read(&command, argc, argv, &given, err);
    if (rc != 0)
        return rc;
    rc = score_output_command("nneval", argc - 1, argv + 1, &line, err);
    if (rc == 0)
        rc = run(&given, line.data, err);
    buffer_release(&line);
    return rc;
}
