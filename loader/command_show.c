/* nndata show: a contact sheet of what a recipe does. */
#include <stdio.h>

#include "loader/command.h"
#include "loader/show.h"

enum { DATA, OUT, SAMPLES, VERSIONS, SEED, EPOCH, PLAN };

static const struct param options[] = {
    [DATA] = { "data", PARAM_FILE, "", .help = "images, in place of data.train" },
    [OUT] = { "out", PARAM_FILE, "", .required = true, .help = "the PNG file to write" },
    [SAMPLES] = { "samples", PARAM_INTEGER, "", .value = 6, .min = 1, .max = 100,
                  .help = "rows of the sheet" },
    [VERSIONS] = { "versions", PARAM_INTEGER, "", .value = 7, .min = 1, .max = 100,
                   .help = "augmented versions of each, in successive epochs" },
    [SEED] = { "seed", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 9007199254740992.0,
               .help = "sets data.seed: other samples, other draws" },
    [EPOCH] = { "epoch", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 4e9,
                .help = "of the first version" },
    [PLAN] = { "plan", PARAM_FLAG, "",
               .help = "print below each what was drawn: size and place of the crop, color's gain "
                       "and offsets, erasure" },
    { 0 },
};

static const struct option_command command = {
    .program = "nndata show",
    .usage = "CONFIG --data DATA --out SHEET.png [options]",
    .summary = "write a contact sheet: originals and what the recipe makes of them",
    .options = options,
    .positional_min = 1,
    .positional_max = 1,
    .notes = "Example:\n  nndata show configs/imagenet_resnet.yaml --data photos --out sheet.png "
             "--plan\n",
    .sections = { data_params },
    .section_names = { "data" },
};

static int show(const struct pipeline *p, const struct option_values *given, struct error *err)
{
    struct show_options o = {
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
    if (rc == 0)
        printf("%s\n", path);
    return rc;
}

int command_show(int argc, char **argv, struct error *err)
{
    static struct option_values given;
    int rc = option_read(&command, argc, argv, &given, err);
    if (rc != 0)
        return rc > 0 ? 0 : -1;
    struct command_input input;
    char seed[64];
    snprintf(seed, sizeof(seed), "data.seed=%lld", (long long)given.value[SEED].integer);
    if (command_open(&input, &given, given.value[DATA].text, given.given[SEED] ? seed : NULL, err) <
        0)
        return -1;
    rc = show(&input.pipeline, &given, err);
    command_close(&input);
    return rc;
}
