#include "model/infer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/simd.h"
#include "model/gemm.h"
#include "model/infer_private.h"
#include "model/pooling.h"

static int open_use(struct infer *f, struct error *err)
{
    size_t nodes = (size_t)f->plan->net->count;
    f->shapes = memory_array(nodes, sizeof(*f->shapes), err);
    f->use = memory_array((size_t)f->plan->count, sizeof(*f->use), err);
    f->place = memory_array((size_t)f->plan->values, sizeof(*f->place), err);
    return f->shapes && f->use && f->place ? 0 : -1;
}

/* Takes over the plan. */
static int open_infer(struct infer **result, struct infer_plan *plan, int group, struct error *err)
{
    struct infer *f = memory_array(1, sizeof(*f), err);
    if (!f) {
        infer_plan_close(plan);
        return -1;
    }
    f->plan = plan;
    f->group = group;
    if (open_use(f, err) < 0) {
        infer_close(f);
        return -1;
    }
    *result = f;
    return 0;
}

int infer_open(struct infer **result, const struct net *net, int group, struct error *err)
{
    struct infer_plan *plan;
    return infer_plan_open(&plan, net, err) < 0 ? -1 : open_infer(result, plan, group, err);
}

int infer_share(struct infer **result, const struct infer *other, struct error *err)
{
    return open_infer(result, infer_plan_share(other->plan), other->group, err);
}

void infer_chance(struct infer *f, const struct infer_chance *chance)
{
    f->chance = *chance;
}

/* Image i of a value that lies in memory. */
static float *value_at(const struct infer *f, int value, int i)
{
    const struct infer_place *p = &f->place[value];
    return f->memory + p->at + (size_t)(i - f->stages[p->stage].start) * p->image;
}

/* Image i of a value that a step reads; x: the network's input. */
static const float *input_at(const struct infer *f, int value, int i, const float *x)
{
    if (value != f->plan->net->count)
        return value_at(f, value, i);
    return x + (size_t)i * shape_count(infer_shape(f, value));
}

static void run_conv(struct infer *f, int s, int first, int n, const float *x)
{
    const struct infer_step *step = &f->plan->steps[s];
    struct blocked_finish finish = {
        .bias = step->bias,
        .residual = step->residual == INFER_NONE ? NULL : value_at(f, step->residual, first),
        .least = step->least,
        .most = step->most,
    };
    blocked_conv_run(&f->use[s].conv, n, input_at(f, step->input[0], first, x), f->use[s].weights,
                     &finish, value_at(f, step->value, first), f->memory + f->scratch_at);
}

static void run_layer(struct infer *f, int s, int i, const float *x)
{
    const struct infer_step *step = &f->plan->steps[s];
    struct pass p = infer_pass(f, s);
    for (int j = 0; j < step->inputs; j++)
        p.x[j] = input_at(f, step->input[j], i, x);
    p.y = value_at(f, step->value, i);
    p.first = f->chance.id ? (uint64_t)f->chance.id[i] : 0;
    p.layer->kind->forward(&p, 0, f->memory + f->scratch_at);
}

/* The blocks of all inputs, one after the other. */
static void run_concat(struct infer *f, int s, int i)
{
    const struct infer_step *step = &f->plan->steps[s];
    float *y = value_at(f, step->value, i);
    for (int j = 0; j < step->inputs; j++) {
        struct blocked t = blocked_of(infer_shape(f, step->input[j]));
        memcpy(y, value_at(f, step->input[j], i), t.image * sizeof(*y));
        y += t.image;
    }
}

static void run_image(struct infer *f, int s, int i, const float *x)
{
    const struct infer_step *step = &f->plan->steps[s];
    const float *from = input_at(f, step->input[0], i, x);
    float *y = value_at(f, step->value, i);
    struct blocked in = blocked_of(infer_shape(f, step->input[0]));
    struct blocked out = blocked_of(infer_shape(f, step->value));
    struct window win;
    switch (step->way) {
    case INFER_LAYER:
        run_layer(f, s, i, x);
        break;
    case INFER_MAXPOOL:
        win = pooling_window(&f->plan->net->nodes[step->node].layer);
        blocked_maxpool(&in, &out, &win, from, y);
        break;
    case INFER_AVERAGE:
        blocked_average(&in, &out, from, y);
        break;
    case INFER_ADD:
        blocked_add(&in, from, value_at(f, step->input[1], i), step->least, y);
        break;
    case INFER_CONCAT:
        run_concat(f, s, i);
        break;
    case INFER_SPREAD:
        blocked_spread(&out, from, y);
        break;
    case INFER_COLLECT:
        blocked_collect(&out, from, y);
        break;
    case INFER_CONV:
        break;
    }
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Images first .. first + n through stage k, and before that through those before it. */
static void run_stage(struct infer *f, int k, int first, int n, const float *x)
{
    struct infer_stage *stage = &f->stages[k];
    stage->start = first;
    for (int i = first; k > 0 && i < first + n; i += stage[-1].images) {
        int left = first + n - i;
        run_stage(f, k - 1, i, left < stage[-1].images ? left : stage[-1].images, x);
    }
    for (int s = stage->first; s < stage->last; s++) {
        double start = f->watched ? now() : 0;
        if (f->plan->steps[s].way == INFER_CONV)
            run_conv(f, s, first, n, x);
        else
            for (int i = first; i < first + n; i++)
                run_image(f, s, i, x);
        if (f->watched)
            f->use[s].seconds += now() - start;
    }
}

/* The mean of image i's logits over the positions. */
static void take_logits(const struct infer *f, int i, float *logits)
{
    const struct net *net = f->plan->net;
    struct shape last = f->shapes[net->count - 1];
    size_t positions = (size_t)last.h * (size_t)last.w, k = (size_t)net->classes;
    const float *y = value_at(f, f->plan->last, i);
    for (size_t c = 0; c < k; c++) {
        double sum = 0;
        for (size_t j = 0; j < positions; j++)
            sum += y[c * positions + j];
        logits[(size_t)i * k + c] = (float)(sum / (double)positions);
    }
}

int infer_run(struct infer *f, const float *x, int n, int h, int w, float *logits,
              struct error *err)
{
    if (n > f->group)
        return error_set(err, ERROR_FAILED, f->plan->net->name, "%d images in a group of %d", n,
                         f->group);
    if (infer_set_size(f, h, w, err) < 0)
        return -1;
    int last = f->stage_count - 1, images = f->stages[last].images;
    for (int first = 0; first < n; first += images) {
        int count = n - first < images ? n - first : images;
        run_stage(f, last, first, count, x);
        for (int i = first; i < first + count; i++)
            take_logits(f, i, logits);
    }
    return 0;
}

void infer_watch(struct infer *f)
{
    f->watched = true;
}

static const char *way_name(const struct infer *f, int s)
{
    static const char *const ways[] = {
        [INFER_LAYER] = "layer",       [INFER_MAXPOOL] = "maxpool", [INFER_AVERAGE] = "average",
        [INFER_ADD] = "add",           [INFER_CONCAT] = "concat",   [INFER_SPREAD] = "to blocks",
        [INFER_COLLECT] = "to planes",
    };
    if (f->plan->steps[s].way != INFER_CONV)
        return ways[f->plan->steps[s].way];
    return blocked_conv_name(&f->use[s].conv);
}

bool infer_spent(const struct infer *f, size_t s, struct infer_spent *spent)
{
    if (s >= (size_t)f->plan->count)
        return false;
    const struct infer_step *step = &f->plan->steps[s];
    const struct net *net = f->plan->net;
    bool input = step->node == NET_INPUT;
    *spent = (struct infer_spent){ .layer = input ? "input" : net->nodes[step->node].name,
                                   .way = way_name(f, s),
                                   .out = infer_shape(f, step->value),
                                   .seconds = f->use[s].seconds };
    for (int i = 0; i < step->inputs; i++)
        spent->values += shape_count(infer_shape(f, step->input[i]));
    spent->values += shape_count(spent->out) * (step->residual == INFER_NONE ? 1 : 2);
    if (step->way != INFER_CONV)
        return true;
    struct pass p = infer_pass(f, (int)s);
    spent->multiply_adds = p.layer->kind->multiply_adds(&p);
    spent->products = blocked_conv_products(&f->use[s].conv);
    spent->weights = blocked_conv_weight_floats(&f->use[s].conv);
    for (int k = 0; k < f->stage_count; k++)
        if ((int)s < f->stages[k].last) {
            spent->images = f->stages[k].images;
            break;
        }
    return true;
}

void infer_close(struct infer *f)
{
    if (!f)
        return;
    for (int s = 0; f->use && s < f->plan->count; s++)
        free(f->use[s].prepared);
    infer_plan_close(f->plan);
    free(f->memory);
    free(f->place);
    free(f->use);
    free(f->shapes);
    free(f);
}

const char *infer_kernels(const struct net *net)
{
    static _Thread_local char name[64];
    snprintf(name, sizeof(name), "%s/%s%s", gemm_core(), simd_names[simd_level()],
             net_is_fast(net) ? "/fast" : "");
    return name;
}
