/* nndata synth: the generated data set. */
#include <stdio.h>

#include "base/interrupt.h"
#include "loader/command.h"
#include "loader/synth.h"
#include "loader/synth_scene.h"

enum { CLASSES, TRAIN, TEST, SEED, THREADS };

static const struct param options[] = {
    [CLASSES] = { "classes", PARAM_INTEGER, "", .value = SCENE_CLASSES, .min = 2,
                  .max = SCENE_CLASSES, .help = "the first of them by name" },
    [TRAIN] = { "train", PARAM_INTEGER, "pictures", .value = 2000, .min = 0, .max = 99990,
                .help = "in OUT/train, all classes together" },
    [TEST] = { "test", PARAM_INTEGER, "pictures", .value = 1000, .min = 0, .max = 99990,
               .help = "in OUT/test, all classes together" },
    [SEED] = { "seed", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 9007199254740992.0,
               .help = "another one gives other pictures" },
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "0: as many as this process may use; the files do not depend on it" },
    { 0 },
};

static const struct option_command command = {
    .program = "nndata synth",
    .usage = "OUT [options]",
    .summary = "generate a data set of pictures like photographs",
    .options = options,
    .positional_min = 1,
    .positional_max = 1,
    .notes = "Classes: crate, die, donut, fish, flower, ladybird, leaf, melon, starfish, tire. "
             "Shape and texture\ntell them together; color, light, pose, background and occlusion "
             "tell nothing.\n",
};

int command_synth(int argc, char **argv, struct error *err)
{
    static struct option_values given;
    int rc = option_read(&command, argc, argv, &given, err);
    if (rc != 0)
        return rc > 0 ? 0 : -1;
    struct synth_options o = {
        .classes = (int)given.value[CLASSES].integer,
        .train = (int)given.value[TRAIN].integer,
        .test = (int)given.value[TEST].integer,
        .seed = (uint64_t)given.value[SEED].integer,
        .threads = (int)given.value[THREADS].integer,
        .stop = interrupt_catch(),
    };
    if (synth_write(given.positional[0], &o, err) < 0)
        return -1;
    printf("%s: %d pictures for training, %d for testing, %d classes\n", given.positional[0],
           o.train, o.test, o.classes);
    return 0;
}
