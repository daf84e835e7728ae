/*
 * nndata show: what a recipe does (a contact sheet), what one augmentation does (a strip), what all
 * do (the catalogue), or what training saw of one sample.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "loader/catalogue.h"
#include "loader/command.h"
#include "loader/replay.h"
#include "loader/show.h"
#include "loader/strip.h"

enum { DATA, OUT, SAMPLES, VERSIONS, SEED, EPOCH, PLAN, OP, CATALOGUE, SAMPLE };

static const struct param options[] = {
    [DATA] = { "data", PARAM_FILE, "", .help = "images, in place of data.train" },
    [OUT] = { "out", PARAM_FILE, "", .help = "the PNG file to write" },
    [SAMPLES] = { "samples", PARAM_INTEGER, "", .value = 6, .min = 1, .max = 100,
                  .help = "rows of the sheet" },
    [VERSIONS] = { "versions", PARAM_INTEGER, "", .value = 7, .min = 1, .max = 100,
                   .help = "augmented versions of each, in successive epochs" },
    [SEED] = { "seed", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 9007199254740992.0,
               .help = "sets data.seed: other samples, other draws" },
    [EPOCH] = { "epoch", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 4e9,
                .help = "of the first version" },
    [PLAN] = { "plan", PARAM_FLAG, "",
               .help =
                   "print below each what was drawn: the crop in the file's pixels, or the size "
                   "after the resize and the crop's place in it; color's gain and offsets; "
                   "erasure" },
    [OP] = { "op", PARAM_TEXT, "",
             .help = "a strip of this augmentation from weak to strong, on the first image of "
                     "--data or a generated one" },
    [CATALOGUE] = { "catalogue", PARAM_FILE, "",
                    .help = "a page of such strips of all augmentations into this folder" },
    [SAMPLE] = { "sample", PARAM_TEXT, "",
                 .help = "exactly what training saw of this sample (key or number) in --epoch, "
                         "mixed with its partner where the config mixes; its plan is printed as "
                         "JSON" },
    { 0 },
};

static const struct option_command command = {
    .program = "nndata show",
    .usage = "CONFIG --data DATA --out SHEET.png [options]\n"
             "       nndata show CONFIG --data DATA --sample KEY --epoch E --out SAMPLE.png\n"
             "       nndata show --op NAME [--data DATA] --out STRIP.png\n"
             "       nndata show --catalogue DIR [--data DATA]",
    .summary = "write pictures of what augmentations do: a contact sheet of a recipe, a sample as "
               "training saw it,\na strip of one augmentation, the catalogue of all",
    .options = options,
    .positional_min = 0,
    .positional_max = 1,
    .notes =
        "A sample that cannot be shown has crossed boxes in a sheet, is named on standard error, "
        "and makes the\nexit status 3; the sheet is written all the same.\nExample:\n  nndata show "
        "configs/imagenet_resnet.yaml --data photos --out sheet.png "
        "--plan\n",
    .sections = { data_params },
    .section_names = { "data" },
};

/* Each sample that could not be shown is a line; the last is the program's own. */
static void note_bad(void *context, const struct error *why)
{
    struct error *last = context;
    if (last->kind != ERROR_NONE)
        error_print(last, "nndata");
    *last = *why;
}

static int sheet(const struct pipeline *p, const struct option_values *given, struct error *err)
{
    struct error bad = { 0 };
    struct show_options o = {
        .bad = note_bad,
        .context = &bad,
        .samples = (int)given->value[SAMPLES].integer,
        .versions = (int)given->value[VERSIONS].integer,
        .epoch = (uint32_t)given->value[EPOCH].integer,
        .order_seed = p->data.stream.order_seed,
        .resampler = p->data.stream.resampler,
        .exif_apply = p->data.stream.exif_apply,
        .plans = given->value[PLAN].flag,
    };
    struct canvas *sheet;
    const char *path = given->value[OUT].text;
    if (show_sheet(&sheet, p->index, p->recipe, p->mix, &o, err) < 0)
        return -1;
    int rc = canvas_save(sheet, path, err);
    canvas_close(sheet);
    if (rc < 0)
        return -1;
    printf("%s\n", path);
    if (bad.kind == ERROR_NONE)
        return 0;
    *err = bad;
    return -1;
}

static int sample(const struct pipeline *p, const struct option_values *given, struct error *err)
{
    struct replay_job job = { .job = { .index = p->index,
                                       .recipe = p->recipe,
                                       .resampler = p->data.stream.resampler,
                                       .form = p->data.stream.form,
                                       .exif_apply = p->data.stream.exif_apply },
                              .mix = p->mix,
                              .options = &p->data.stream };
    uint64_t id;
    struct canvas *picture;
    json_t *description;
    if (replay_find(p->index, given->value[SAMPLE].text, &id, err) < 0 ||
        replay(&job, id, (uint32_t)given->value[EPOCH].integer, &picture, &description, err) < 0)
        return -1;
    int rc = canvas_save(picture, given->value[OUT].text, err);
    canvas_close(picture);
    if (rc == 0 && json_dumpf(description, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) < 0)
        rc = error_set(err, ERROR_FAILED, "standard output", "cannot be written");
    json_decref(description);
    if (rc == 0)
        printf("\n");
    return rc;
}

/* The first image of `data` as a thumbnail, or a generated picture: fresh pixels. */
static int open_picture(const char *data, struct image *image, struct error *err)
{
    if (!data)
        return strip_picture(image, STRIP_LEAF, err);
    struct index *index;
    struct index_options options = { .allow_unlabeled = true };
    if (index_open(&index, data, &options, err) < 0)
        return -1;
    int rc = strip_thumbnail(index, 0, image, err);
    index_close(index);
    return rc;
}

static const struct mix_about *find_mixing(const char *name)
{
    const struct mix_about *mixing;
    for (size_t i = 0; (mixing = mix_about(i)); i++)
        if (strcmp(mixing->name, name) == 0)
            return mixing;
    return NULL;
}

/* Mixed with a generated picture. */
static int draw_mixing(struct canvas **canvas, const struct mix_about *mixing,
                       const struct image *image, struct error *err)
{
    struct image partner;
    if (strip_picture(&partner, STRIP_FLOWER, err) < 0)
        return -1;
    int rc = strip_mix(canvas, mixing, image, &partner, err);
    free(partner.pixels);
    return rc;
}

static int strip(const struct option_values *given, struct error *err)
{
    const struct augmentation *op = augmentation_find(given->value[OP].text);
    const struct mix_about *mixing = find_mixing(given->value[OP].text);
    struct image image;
    struct canvas *canvas;
    if (!op && !mixing) {
        const char *nearest = augmentation_nearest(given->value[OP].text);
        return error_set(err, ERROR_USAGE, "--op", "there is no augmentation %s%s%s%s",
                         given->value[OP].text,
                         nearest ? "; did you mean " : "; `nndata ops` lists them",
                         nearest ? nearest : "", nearest ? "?" : "");
    }
    if (open_picture(given->value[DATA].text, &image, err) < 0)
        return -1;
    int rc = op ? strip_draw(&canvas, op, &image, err) : draw_mixing(&canvas, mixing, &image, err);
    free(image.pixels);
    if (rc < 0)
        return -1;
    rc = canvas_save(canvas, given->value[OUT].text, err);
    canvas_close(canvas);
    if (rc == 0)
        printf("%s\n", given->value[OUT].text);
    return rc;
}

static int catalogue(const struct option_values *given, struct error *err)
{
    const char *folder = given->value[CATALOGUE].text;
    struct image image;
    if (open_picture(given->value[DATA].text, &image, err) < 0)
        return -1;
    int rc = catalogue_write(folder, &image, err);
    free(image.pixels);
    if (rc == 0)
        printf("%s/index.html\n", folder);
    return rc;
}

/* Which of the four is asked for, and whether all that it needs is there. */
static int check(const struct option_values *given, struct error *err)
{
    bool op = given->given[OP], all = given->given[CATALOGUE], config = given->positional_count > 0;
    if (op + all + given->given[SAMPLE] > 1)
        return error_set(err, ERROR_USAGE, NULL,
                         "of --op, --catalogue and --sample only one can be shown");
    if ((op || all) && config)
        return error_set(err, ERROR_USAGE, op ? "--op" : "--catalogue",
                         "shows augmentations by themselves; leave %s out", given->positional[0]);
    if (!op && !all && !config)
        return error_set(err, ERROR_USAGE, NULL,
                         "no config was given, nor --op or --catalogue; nndata show --help says "
                         "more");
    if (!all && !given->given[OUT])
        return error_set(err, ERROR_USAGE, "--out", "is missing (the PNG file to write)");
    return all ? 0 : file_check_out(given->value[OUT].text, err);
}

int command_show(int argc, char **argv, struct error *err)
{
    static struct option_values given;
    int rc = option_read(&command, argc, argv, &given, err);
    if (rc != 0)
        return rc > 0 ? 0 : -1;
    if (check(&given, err) < 0)
        return -1;
    if (given.given[OP])
        return strip(&given, err);
    if (given.given[CATALOGUE])
        return catalogue(&given, err);
    struct command_input input;
    char seed[64];
    snprintf(seed, sizeof(seed), "data.seed=%lld", (long long)given.value[SEED].integer);
    if (command_open(&input, &given, given.value[DATA].text, given.given[SEED] ? seed : NULL, err) <
        0)
        return -1;
    rc = given.given[SAMPLE] ? sample(&input.pipeline, &given, err)
                             : sheet(&input.pipeline, &given, err);
    command_close(&input);
    return rc;
}
