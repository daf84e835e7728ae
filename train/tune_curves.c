#include "train/tune_curves.h"

#include <math.h>
#include <string.h>

static const json_t *get(const json_t *config, const char *section, const char *key)
{
    return json_object_get(json_object_get(config, section), key);
}

/* What the resolved config says beside the curves; all of it may be missing in an old run. */
static void read_config(struct curve_facts *f, const json_t *config)
{
    const char *loss = json_string_value(get(config, "train", "loss"));
    double momentum = json_number_value(get(config, "train", "momentum"));
    double decay = json_number_value(get(config, "train", "weight_decay")) +
                   2 * json_number_value(get(config, "train", "l2"));
    double lr = json_number_value(get(config, "train", "lr"));
    const char *optimizer = json_string_value(get(config, "train", "optimizer"));
    bool summed = optimizer && strcmp(optimizer, "sgd") == 0 && momentum < 1;
    f->classes = (int)json_integer_value(get(config, "model", "classes"));
    f->warmup = json_number_value(get(config, "train", "warmup"));
    f->decay = decay * lr / (summed ? 1 - momentum : 1);
    f->chance = f->classes > 1 ? log(f->classes) : NAN;
    if (loss && strcmp(loss, "hinge") == 0 && f->classes > 1)
        f->chance = f->classes - 1;
}

int curves_read(struct curves *c, const char *path, struct error *err)
{
    *c = (struct curves){ 0 };
    if (run_read(&c->run, path, err) < 0)
        return -1;
    const struct run_rows *r = &c->run->rows;
    const struct run_points *p = &c->run->points;
    struct curve_facts *f = &c->facts;
    *f = (struct curve_facts){
        .epochs = r->count,
        .train_loss = r->train_loss,
        .train_top1 = r->train_top1,
        .eval_loss = r->eval_loss,
        .eval_top1 = r->eval_top1,
        .epoch_lr = r->lr,
        .points = p->count,
        .epoch = p->epoch,
        .loss = p->loss,
        .lr = p->lr,
        .steps = p->count ? (double)p->step[p->count - 1] : 0,
        .diverged = c->run->state == RUN_DIVERGED,
    };
    read_config(f, c->run->config);
    return 0;
}

void curves_release(struct curves *c)
{
    run_close(c->run);
    *c = (struct curves){ 0 };
}
