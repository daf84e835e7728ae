#include "train/train_config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/train_params.h"

/* -1 stands for what the optimizer itself takes; the resolved config says what that is. */
static double own(union value *v, double standard)
{
    if (v->number < 0)
        v->number = standard;
    return v->number;
}

static int read_rule(struct train_config *c, struct error *err)
{
    union value *t = c->train;
    struct optimizer_rule r = optimizer_defaults((enum optimizer_kind)t[TRAIN_OPTIMIZER].integer);
    r.momentum = own(&t[TRAIN_MOMENTUM], r.momentum);
    r.weight_decay = own(&t[TRAIN_WEIGHT_DECAY], r.weight_decay);
    r.eps = own(&t[TRAIN_EPS], r.eps);
    r.nesterov = t[TRAIN_NESTEROV].flag;
    r.alpha = t[TRAIN_ALPHA].number;
    r.trust = t[TRAIN_TRUST].number;
    r.decoupled = t[TRAIN_DECOUPLED].flag;
    r.spare_vectors = t[TRAIN_SPARE_VECTORS].flag;
    r.clip_norm = t[TRAIN_CLIP_NORM].number;
    r.clip_value = t[TRAIN_CLIP_VALUE].number;
    if (t[TRAIN_BETAS].list.count != 2)
        return error_set(err, ERROR_USAGE, "train.betas",
                         "must be two numbers, as in [0.9, 0.999]");
    r.beta1 = t[TRAIN_BETAS].list.item[0];
    r.beta2 = t[TRAIN_BETAS].list.item[1];
    if (r.nesterov && (r.momentum <= 0 || (r.kind != OPTIMIZER_SGD && r.kind != OPTIMIZER_LARS)))
        return error_set(err, ERROR_USAGE, "train.nesterov",
                         "is for optimizer: sgd and lars with a momentum; this is %s with %g",
                         optimizer_names[r.kind], r.momentum);
    c->rule = r;
    return 0;
}

/* A list of texts, or nothing. */
static int check_list(const struct node *list, const char *what, struct error *err)
{
    bool fits = node_is_null(list) || list->kind == NODE_LIST;
    for (size_t i = 0; fits && !node_is_null(list) && i < list->count; i++)
        fits = list->items[i]->kind == NODE_SCALAR;
    return fits ? 0 : node_error(list, err, "%s must be a list of patterns, as in [fc.*]", what);
}

static int read_transfer(struct train_config *c, const struct node *train, struct error *err)
{
    const struct node *from = node_get(train, "init_from");
    c->init_from = node_is_null(from) ? NULL : from;
    c->replace = node_get(train, "replace");
    c->freeze = node_get(train, "freeze");
    c->lr_scale = node_get(train, "lr_scale");
    if (check_list(c->replace, "replace", err) < 0 || check_list(c->freeze, "freeze", err) < 0)
        return -1;
    if (!node_is_null(c->lr_scale) && c->lr_scale->kind != NODE_MAP)
        return node_error(c->lr_scale, err, "lr_scale must be a map, as in {features.*: 0.1}");
    if (!node_is_null(c->replace) && !c->init_from)
        return node_error(c->replace, err, "replace is of no use without init_from");
    return 0;
}

static void read_rounds(struct train_config *c)
{
    c->prune = c->train[TRAIN_PRUNE].number;
    c->prune_rounds = (int)c->train[TRAIN_PRUNE_ROUNDS].integer;
    c->prune_scope = (enum prune_scope)c->train[TRAIN_PRUNE_SCOPE].integer;
    c->rewind = (int)c->train[TRAIN_REWIND].integer;
}

/* What looks at the training as one whole cannot be had in several rounds. */
static int check_rounds(const struct train_config *c, struct error *err)
{
    const char *with = NULL;
    if (c->prune == 0 && c->rewind > 0)
        return error_set(err, ERROR_USAGE, "train.rewind", "is of no use without train.prune");
    if (c->prune == 0)
        return 0;
    if (c->rewind >= c->epochs)
        return error_set(err, ERROR_USAGE, "train.rewind",
                         "%d epochs leave nothing of a round of %d", c->rewind, c->epochs);
    if (c->ema > 0)
        with = "ema";
    else if (c->swa_start > 0)
        with = "swa_start";
    else if (c->early_stop > 0)
        with = "early_stop";
    else if (c->train[TRAIN_SCHEDULE].integer == SCHEDULE_PLATEAU)
        with = "schedule: plateau";
    if (with)
        return error_set(err, ERROR_USAGE, "train.prune",
                         "begins the training again and again, which does not go with %s", with);
    return 0;
}

int train_config_read(struct train_config *c, const struct config *config, struct error *err)
{
    const struct node *root = config_root(config);
    union value *t = c->train;
    if (config_check_sections(config, err) < 0 ||
        param_read(train_params, node_get(root, "train"), t, err) < 0 ||
        param_read(eval_params, node_get(root, "eval"), c->eval, err) < 0)
        return -1;
    c->epochs = (int)t[TRAIN_EPOCHS].integer;
    c->threads = (int)t[TRAIN_THREADS].integer;
    c->validate_every = (int)t[TRAIN_VALIDATE_EVERY].integer;
    c->log_every = (int)t[TRAIN_LOG_EVERY].integer;
    c->seed = (uint64_t)t[TRAIN_SEED].integer;
    c->out = t[TRAIN_OUT].text;
    c->loss = (enum loss_kind)t[TRAIN_LOSS].integer;
    c->label_smoothing = t[TRAIN_LABEL_SMOOTHING].number;
    c->penalty = (struct penalty){
        .l2 = t[TRAIN_L2].number,
        .l1 = t[TRAIN_L1].number,
        .elastic = t[TRAIN_ELASTIC].number,
        .beta = t[TRAIN_ELASTIC_BETA].number,
    };
    c->patience = (int)t[TRAIN_PATIENCE].integer;
    c->threshold = t[TRAIN_THRESHOLD].number;
    c->gamma = t[TRAIN_GAMMA].number;
    c->accumulate = (int)t[TRAIN_ACCUMULATE].integer;
    c->early_stop = (int)t[TRAIN_EARLY_STOP].integer;
    c->features = (size_t)t[TRAIN_FEATURES].integer << 20;
    c->fast = t[TRAIN_CONV].integer == 1;
    c->ema = t[TRAIN_EMA].number;
    c->swa_start = (int)t[TRAIN_SWA_START].integer;
    if (c->swa_start > c->epochs)
        return error_set(err, ERROR_USAGE, "train.swa_start", "%d is after the last epoch, %d",
                         c->swa_start, c->epochs);
    read_rounds(c);
    if (check_rounds(c, err) < 0)
        return -1;
    c->checkpoint_every = t[TRAIN_CHECKPOINT_EVERY].number;
    if (read_rule(c, err) < 0 || read_transfer(c, node_get(root, "train"), err) < 0)
        return -1;
    c->views = (enum view_protocol)c->eval[EVAL_VIEWS].integer;
    return 0;
}

static uint64_t in_steps(double epochs, uint64_t steps)
{
    return (uint64_t)llround(epochs * (double)steps);
}

/* What the kinds need that others do not. */
static int check_schedule(const union value *t, const struct schedule *s, struct error *err)
{
    if (s->kind == SCHEDULE_STEP && s->milestones_used == 0)
        return error_set(err, ERROR_USAGE, "train.milestones",
                         "schedule: step needs them, as in [30, 60, 80]");
    if (s->kind == SCHEDULE_COSINE_RESTARTS && s->cycle == 0)
        return error_set(err, ERROR_USAGE, "train.cycle",
                         "schedule: cosine_restarts needs the epochs of its first cycle");
    if (s->kind == SCHEDULE_ONE_CYCLE && s->warmup < 2)
        return error_set(err, ERROR_USAGE, "train.warmup",
                         "schedule: one_cycle rises for so many epochs; %g are less than two steps",
                         t[TRAIN_WARMUP].number);
    if (s->cycles_momentum && s->kind != SCHEDULE_ONE_CYCLE)
        return error_set(err, ERROR_USAGE, "train.cycle_momentum", "is for schedule: one_cycle");
    return 0;
}

int train_config_schedule(const struct train_config *c, uint64_t steps, struct schedule *s,
                          struct error *err)
{
    const union value *t = c->train;
    *s = (struct schedule){
        .kind = (enum schedule_kind)t[TRAIN_SCHEDULE].integer,
        .base = t[TRAIN_LR].number,
        .min = t[TRAIN_MIN_LR].number,
        .gamma = t[TRAIN_GAMMA].number,
        .steps = (uint64_t)c->epochs * steps,
        .warmup = in_steps(t[TRAIN_WARMUP].number, steps),
        .epoch = steps,
        .cycle = in_steps(t[TRAIN_CYCLE].number, steps),
        .cycle_times = t[TRAIN_CYCLE_TIMES].number,
        .div = t[TRAIN_DIV_FACTOR].number,
        .final_div = t[TRAIN_FINAL_DIV_FACTOR].number,
        .cycles_momentum = t[TRAIN_CYCLE_MOMENTUM].list.item[1] > 0,
        .momentum_low = t[TRAIN_CYCLE_MOMENTUM].list.item[0],
        .momentum_high = t[TRAIN_CYCLE_MOMENTUM].list.item[1],
    };
    if (s->warmup >= s->steps && s->warmup > 0)
        return error_set(err, ERROR_USAGE, "train.warmup", "%g epochs of warm-up leave none of %d",
                         t[TRAIN_WARMUP].number, c->epochs);
    if (s->min > s->base)
        return error_set(err, ERROR_USAGE, "train.min_lr", "%g is above train.lr, %g", s->min,
                         s->base);
    for (int i = 0; i < t[TRAIN_MILESTONES].list.count; i++)
        if (t[TRAIN_MILESTONES].list.item[i] > 0)
            s->milestones[s->milestones_used++] = in_steps(t[TRAIN_MILESTONES].list.item[i], steps);
    return check_schedule(t, s, err);
}

int train_config_validates(const struct train_config *c, bool validates, struct error *err)
{
    if (validates)
        return 0;
    if (c->train[TRAIN_SCHEDULE].integer == SCHEDULE_PLATEAU)
        return error_set(err, ERROR_USAGE, "train.schedule",
                         "plateau follows the validation loss: give --val or data.val");
    if (c->early_stop > 0)
        return error_set(err, ERROR_USAGE, "train.early_stop",
                         "needs validations: give --val or data.val");
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

/* A mean image is one of the picture that crops are taken from: no smaller one is evaluated. */
static int default_resize(int size, const struct output_tables *tables)
{
    int resize = preprocess_resize(size), side = 0;
    if (tables && tables->mean_image)
        side = tables->mean_width < tables->mean_height ? tables->mean_width : tables->mean_height;
    return side > resize ? side : resize;
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
    *p = (struct preprocess){
        .size = width,
        .resize = (int)c->eval[EVAL_RESIZE].integer,
        .filter = (enum plan_filter)c->eval[EVAL_FILTER].integer,
        .output = output,
    };
    if (p->resize == 0)
        p->resize = default_resize(width, recipe_tables(recipe));
    if (p->resize < width)
        return error_set(err, ERROR_USAGE, "eval.resize",
                         "%d is smaller than the crop of %d that is taken from it", p->resize,
                         width);
    if (output_needs_tables(&output))
        return output_tables_copy(&p->tables, recipe_tables(recipe), err);
    if (!output.normalize)
        for (int i = 0; i < 3; i++) {
            p->output.mean[i] = 0;
            p->output.std[i] = 1;
        }
    return 0;
}
