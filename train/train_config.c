#include "train/train_config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/augmentation_values.h"

enum {
    EPOCHS,
    LR,
    MOMENTUM,
    WEIGHT_DECAY,
    NESTEROV,
    SCHEDULE,
    WARMUP,
    MILESTONES,
    GAMMA,
    MIN_LR,
    LABEL_SMOOTHING,
    SEED,
    THREADS,
    VALIDATE_EVERY,
    LOG_EVERY,
    OUT
};
enum { VIEWS, RESIZE, FILTER };

static const char *const schedules[] = {
    [SCHEDULE_CONSTANT] = "constant", [SCHEDULE_STEP] = "step", [SCHEDULE_COSINE] = "cosine", NULL
};

const struct param train_params[TRAIN_PARAMS + 1] = {
    [EPOCHS] = { "epochs", PARAM_INTEGER, "epochs", .value = 10, .min = 1, .max = 100000,
                 .help = "how often the data set is seen" },
    [LR] = { "lr", PARAM_NUMBER, "", .value = 0.1, .min = 0, .max = 1000,
             .help = "base learning rate" },
    [MOMENTUM] = { "momentum", PARAM_NUMBER, "", .value = 0.9, .min = 0, .max = 1,
                   .help = "of SGD, without dampening" },
    [WEIGHT_DECAY] = { "weight_decay", PARAM_NUMBER, "", .value = 0, .min = 0, .max = 10,
                       .help = "times w, added to the gradient of every weight (PyTorch's)" },
    [NESTEROV] = { "nesterov", PARAM_FLAG, "", .help = "Nesterov's momentum" },
    [SCHEDULE] = { "schedule", PARAM_CHOICE, "", .value = SCHEDULE_COSINE, .choices = schedules,
                   .help = "of the learning rate after the warm-up" },
    [WARMUP] = { "warmup", PARAM_NUMBER, "epochs", .value = 0, .min = 0, .max = 100000,
                 .help = "linear warm-up" },
    [MILESTONES] = { "milestones", PARAM_NUMBERS, "epochs", .min = 0, .max = 100000,
                     .initial = "[0]",
                     .help = "step: at the beginning of these epochs the rate is multiplied by "
                             "gamma; 0: none" },
    [GAMMA] = { "gamma", PARAM_NUMBER, "", .value = 0.1, .min = 0, .max = 1, .help = "of step" },
    [MIN_LR] = { "min_lr", PARAM_NUMBER, "", .value = 0, .min = 0, .max = 1000,
                 .help = "where cosine ends" },
    [LABEL_SMOOTHING] = { "label_smoothing", PARAM_NUMBER, "", .value = 0, .min = 0, .max = 0.999,
                          .help = "share of the target spread over all classes" },
    [SEED] = { "seed", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 9007199254740992.0,
               .help = "of the initial weights" },
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "that compute; 0: as many as this process may use" },
    [VALIDATE_EVERY] = { "validate_every", PARAM_INTEGER, "epochs", .value = 1, .min = 1,
                         .max = 100000,
                         .help = "between validations; the last epoch always has "
                                 "one" },
    [LOG_EVERY] = { "log_every", PARAM_INTEGER, "steps", .value = 50, .min = 1, .max = 1e6,
                    .help = "between lines of log.jsonl" },
    [OUT] = { "out", PARAM_FILE, "", .help = "folder for everything the run writes" },
    { 0 },
};

const struct param eval_params[EVAL_PARAMS + 1] = {
    [VIEWS] = { "views", PARAM_CHOICE, "", .value = VIEWS_1CROP, .choices = view_protocol_names,
                .help = "test-time views of the validation" },
    [RESIZE] = { "resize", PARAM_INTEGER, "px", .value = 0, .min = 0, .max = 8192,
                 .help = "short side before the crop; 0: round(256 * size / 224), or size where "
                         "that is at most 32" },
    [FILTER] = FILTER_ROW,
    { 0 },
};

int train_config_read(struct train_config *c, const struct config *config, struct error *err)
{
    const struct node *root = config_root(config);
    union value *t = c->train;
    if (config_check_sections(config, err) < 0 ||
        param_read(train_params, node_get(root, "train"), t, err) < 0 ||
        param_read(eval_params, node_get(root, "eval"), c->eval, err) < 0)
        return -1;
    c->epochs = (int)t[EPOCHS].integer;
    c->threads = (int)t[THREADS].integer;
    c->validate_every = (int)t[VALIDATE_EVERY].integer;
    c->log_every = (int)t[LOG_EVERY].integer;
    c->seed = (uint64_t)t[SEED].integer;
    c->out = t[OUT].text;
    c->label_smoothing = t[LABEL_SMOOTHING].number;
    c->rule.momentum = (float)t[MOMENTUM].number;
    c->rule.weight_decay = (float)t[WEIGHT_DECAY].number;
    c->rule.nesterov = t[NESTEROV].flag;
    c->views = (enum view_protocol)c->eval[VIEWS].integer;
    return 0;
}

int train_config_schedule(const struct train_config *c, uint64_t steps, struct schedule *s,
                          struct error *err)
{
    const union value *t = c->train;
    *s = (struct schedule){
        .kind = (enum schedule_kind)t[SCHEDULE].integer,
        .base = t[LR].number,
        .min = t[MIN_LR].number,
        .gamma = t[GAMMA].number,
        .steps = (uint64_t)c->epochs * steps,
        .warmup = (uint64_t)llround(t[WARMUP].number * (double)steps),
    };
    if (s->warmup >= s->steps && s->warmup > 0)
        return error_set(err, ERROR_USAGE, "train.warmup", "%g epochs of warm-up leave none of %d",
                         t[WARMUP].number, c->epochs);
    if (s->min > s->base)
        return error_set(err, ERROR_USAGE, "train.min_lr", "%g is above train.lr, %g", s->min,
                         s->base);
    for (int i = 0; i < t[MILESTONES].list.count; i++)
        if (t[MILESTONES].list.item[i] > 0)
            s->milestones[s->milestones_used++] =
                (uint64_t)llround(t[MILESTONES].list.item[i] * (double)steps);
    if (s->kind == SCHEDULE_STEP && s->milestones_used == 0)
        return error_set(err, ERROR_USAGE, "train.milestones",
                         "schedule: step needs them, as in [30, 60, 80]");
    return 0;
}

int train_config_net(struct net **net, const struct config *config, struct error *err)
{
    const struct node *model = node_get(config_root(config), "model");
    if (node_is_null(model))
        return error_set(err, ERROR_USAGE, "model",
                         "the config names no network: model: models/cifar_resnet20.yaml, or the "
                         "network itself");
    if (model->kind != NODE_SCALAR)
        return net_open(net, model, err);
    char *path = node_path(model, err);
    struct config *file = NULL;
    int rc = path ? config_open(&file, path, err) : -1;
    if (rc == 0)
        rc = net_open(net, config_root(file), err);
    config_close(file);
    free(path);
    return rc;
}

int train_config_preprocess(const struct train_config *c, const struct recipe *recipe,
                            const struct net *net, struct preprocess *p, struct error *err)
{
    int width, height;
    struct shape input = net_input(net);
    if (recipe_size(recipe, &width, &height, err) < 0)
        return -1;
    if (input.c != 3 || width != input.w || height != input.h)
        return error_set(err, ERROR_USAGE, "augment",
                         "the recipe makes 3 x %d x %d (channels, height, width); the network %s "
                         "takes %d x %d x %d",
                         height, width, net_name(net), input.c, input.h, input.w);
    if (width != height)
        return error_set(err, ERROR_USAGE, "augment",
                         "the recipe makes %d x %d pixels; evaluation knows square inputs only",
                         width, height);
    struct plan_output output = recipe_output(recipe);
    if (output_needs_tables(&output))
        return error_set(err, ERROR_USAGE, "augment",
                         "the recipe %s; weights carry a mean and a deviation per channel only, so "
                         "that nothing could evaluate them: take normalize or subtract_mean",
                         output.whiten ? "whitens" : "subtracts a mean image");
    *p = (struct preprocess){
        .size = width,
        .resize = (int)c->eval[RESIZE].integer,
        .filter = (enum plan_filter)c->eval[FILTER].integer,
        .output = output,
    };
    if (p->resize == 0)
        p->resize = preprocess_resize(width);
    if (p->resize < width)
        return error_set(err, ERROR_USAGE, "eval.resize",
                         "%d is smaller than the crop of %d that is taken from it", p->resize,
                         width);
    if (!p->output.normalize)
        for (int i = 0; i < 3; i++) {
            p->output.mean[i] = 0;
            p->output.std[i] = 1;
        }
    return 0;
}
