#include "tests/made_runs.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/file.h"
#include "base/rng.h"

enum { SEEDS = 3, STEPS_BETWEEN = 10 };

struct made {
    const struct made_shape *shape;
    char folder[512];
    int number;
    double lr, decay;
    bool diverges;
    struct rng rng;
};

static const char config[] =
    "{\"data\":{\"train\":\"train-{0000..0009}.tar\",\"val\":\"test.tar\",\"classes\":null,"
    "\"batch\":128,\"seed\":%d,\"order_seed\":-1,\"augment_seed\":-1,\"shuffle\":true,\"last\":"
    "\"drop\",\"on_error\":\"substitute\",\"max_bad\":0.01,\"threads\":0,\"dtype\":\"float32\","
    "\"resampler\":\"fast\",\"cache\":\"none\",\"read_ahead\":256},\"augment\":[{\"random_crop\":{"
    "\"size\":[32.0],\"padding\":4,\"fill\":[0.0]}},{\"hflip\":{\"p\":0.5}},{\"normalize\":{"
    "\"mean\":[0.4914,0.4822,0.4465],\"std\":[0.247,0.2435,0.2616]}}],\"mix\":[],\"model\":{"
    "\"name\":\"cifar_resnet8\",\"input\":[3,32,32],\"classes\":10,\"layers\":[{\"conv\":{\"out\":"
    "16,\"kernel\":3,\"stride\":1,\"padding\":1,\"bias\":false,\"name\":\"conv1\"}},\"relu\","
    "\"global_avgpool\",{\"linear\":{\"name\":\"linear\",\"out\":10}}]},\"train\":{\"epochs\":%d,"
    "\"lr\":%.17g,\"momentum\":0.9,\"weight_decay\":%.17g,\"nesterov\":true,\"schedule\":"
    "\"cosine\",\"warmup\":1.0,\"gamma\":0.1,\"min_lr\":0.0,\"label_smoothing\":0.0,\"seed\":%d,"
    "\"threads\":0,\"validate_every\":1,\"log_every\":%d,\"out\":\"%s\"},\"eval\":{\"resize\":32}}";

static int open_file(FILE **file, const struct made *m, const char *name, struct error *err)
{
    char path[600];
    snprintf(path, sizeof(path), "%s/%s", m->folder, name);
    *file = fopen(path, "w");
    return *file ? 0 : error_errno(err, path, "cannot be made");
}

static int close_file(FILE *file, const struct made *m, struct error *err)
{
    bool bad = ferror(file);
    return fclose(file) == 0 && !bad ? 0 : error_errno(err, m->folder, "cannot be written");
}

static int write_config(const struct made *m, struct error *err)
{
    FILE *file;
    int seed = m->number % SEEDS;
    if (open_file(&file, m, "config.json", err) < 0)
        return -1;
    fprintf(file, config, seed, m->shape->epochs, m->lr, m->decay, seed, STEPS_BETWEEN, m->folder);
    if (close_file(file, m, err) < 0 || open_file(&file, m, "trial.json", err) < 0)
        return -1;
    fprintf(file,
            "{\"version\":1,\"id\":%d,\"stage\":\"coarse\",\"params\":{\"train.lr\":%.17g,"
            "\"train.weight_decay\":%.17g},\"seed\":%d,\"epochs\":%d,\"round\":1}",
            m->number, m->lr, m->decay, seed, m->shape->epochs);
    return close_file(file, m, err);
}

/* A share of the training done to the loss without noise. */
static double loss_at(const struct made *m, double done)
{
    return 0.2 + 2.1 * exp(-8 * done * sqrt(m->lr)) + (m->diverges ? exp(20 * (done - 0.4)) : 0);
}

static int write_log(struct made *m, struct error *err)
{
    FILE *file;
    int points = m->diverges ? m->shape->points / 2 : m->shape->points;
    if (open_file(&file, m, "log.jsonl", err) < 0)
        return -1;
    for (int i = 1; i <= points; i++) {
        double done = (double)i / m->shape->points;
        double noise = rng_uniform(&m->rng) + rng_uniform(&m->rng) - 1;
        fprintf(file,
                "{\"step\":%d,\"epoch\":%.17g,\"loss\":%.17g,\"lr\":%.17g,"
                "\"images_per_second\":%.17g}\n",
                i * STEPS_BETWEEN, done * m->shape->epochs, loss_at(m, done) * (1 + 0.3 * noise),
                m->lr * 0.5 * (1 + cos(3.14159265358979 * done)), 1200 + 50 * noise);
    }
    fprintf(file, "{\"ended\":\"%s\",\"step\":%d}\n", m->diverges ? "diverged" : "done",
            points * STEPS_BETWEEN);
    return close_file(file, m, err);
}

static int write_summary(struct made *m, struct error *err)
{
    FILE *file;
    int epochs = m->diverges ? m->shape->epochs / 2 : m->shape->epochs;
    if (open_file(&file, m, "summary.csv", err) < 0)
        return -1;
    fprintf(file, "epoch,train_loss,train_top1,eval_loss,eval_top1,eval_top5,lr,seconds,"
                  "images_per_second\n");
    for (int e = 1; e <= epochs; e++) {
        double done = (double)e / m->shape->epochs, loss = loss_at(m, done);
        double top1 = 100 * exp(-0.5 * loss), noise = rng_uniform(&m->rng);
        fprintf(file, "%d,%.6f,%.3f,%.6f,%.3f,%.3f,%.8g,%.2f,%.1f\n", e, loss, top1,
                loss + 0.1 * noise, top1 - 3 * noise, 99 + 0.5 * noise,
                m->lr * 0.5 * (1 + cos(3.14159265358979 * done)), 40 + noise, 1200 + noise);
    }
    return close_file(file, m, err);
}

int made_runs(const char *folder, const struct made_shape *shape, struct error *err)
{
    struct rng_key key = rng_derive(1, "sample", "made runs", 0);
    for (int i = 0; i < shape->runs; i++) {
        struct rng setting = rng_start(key, (uint64_t)(i / SEEDS), 0);
        static const double decays[] = { 1e-4, 1e-5, 0 };
        struct made m = { .shape = shape,
                          .number = i,
                          .lr = exp(rng_range(&setting, log(1e-3), log(1))),
                          .decay = decays[rng_below(&setting, 3)],
                          .diverges = i % 17 == 16,
                          .rng = rng_start(key, (uint64_t)i, 1) };
        snprintf(m.folder, sizeof(m.folder), "%s/trials/%04d", folder, i);
        if (file_make_folders(m.folder, err) < 0 || write_config(&m, err) < 0 ||
            write_log(&m, err) < 0 || write_summary(&m, err) < 0)
            return -1;
    }
    return 0;
}
