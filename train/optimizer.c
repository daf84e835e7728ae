/*
 * Each rule is one loop over a tensor; the weights, their gradients and what a rule keeps lie in
 * blocks of the same length, so that a tensor is a range of all of them.
 */
#include "train/optimizer.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "base/simd.h"

const char *const optimizer_names[] = {
    [OPTIMIZER_SGD] = "sgd",
    [OPTIMIZER_LARS] = "lars",
    [OPTIMIZER_ADAGRAD] = "adagrad",
    [OPTIMIZER_RMSPROP] = "rmsprop",
    [OPTIMIZER_ADAM] = "adam",
    [OPTIMIZER_ADAMW] = "adamw",
    NULL,
};

/* A tensor's range of the blocks. */
struct part {
    const char *name; /* borrowed from the net */
    size_t first, count;
    bool vector; /* no matrix: a bias, a norm's scale or shift */
    float times; /* of the learning rate */
};

struct optimizer {
    struct optimizer_rule rule;
    size_t n;
    float *w, *g; /* borrowed from the net */
    float *v, *s; /* owned; NULL where the rule keeps no such thing */
    struct part *parts;
    int count;
    uint64_t steps;
};

struct optimizer_rule optimizer_defaults(enum optimizer_kind kind)
{
    struct optimizer_rule rule = {
        .kind = kind, .alpha = 0.99, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .trust = 0.001
    };
    if (kind == OPTIMIZER_SGD || kind == OPTIMIZER_LARS)
        rule.momentum = 0.9;
    if (kind == OPTIMIZER_ADAGRAD)
        rule.eps = 1e-10;
    if (kind == OPTIMIZER_ADAMW)
        rule.weight_decay = 0.01;
    return rule;
}

static bool keeps_v(enum optimizer_kind kind)
{
    return kind != OPTIMIZER_ADAGRAD;
}

static bool keeps_s(enum optimizer_kind kind)
{
    return kind != OPTIMIZER_SGD && kind != OPTIMIZER_LARS;
}

static int list_parts(struct optimizer *o, const struct net *net, struct error *err)
{
    o->parts = memory_array(net_weights(net), sizeof(*o->parts), err);
    if (!o->parts)
        return -1;
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i);
        if (w->trained && !w->frozen)
            o->parts[o->count++] = (struct part){
                .name = w->name,
                .first = (size_t)(w->gradient - o->g),
                .count = tensor_count(&w->value),
                .vector = !w->matrix,
                .times = 1,
            };
    }
    return 0;
}

int optimizer_open(struct optimizer **result, struct net *net, const struct optimizer_rule *rule,
                   struct error *err)
{
    struct optimizer *o = memory_array(1, sizeof(*o), err);
    if (!o)
        return -1;
    o->rule = *rule;
    o->w = net_values(net, &o->n);
    o->g = net_gradients(net, &o->n);
    if (list_parts(o, net, err) < 0 ||
        (keeps_v(rule->kind) && !(o->v = memory_aligned(o->n, sizeof(*o->v), err))) ||
        (keeps_s(rule->kind) && !(o->s = memory_aligned(o->n, sizeof(*o->s), err)))) {
        optimizer_close(o);
        return -1;
    }
    *result = o;
    return 0;
}

void optimizer_scale(struct optimizer *o, const char *pattern, double times)
{
    for (int i = 0; i < o->count; i++)
        if (fnmatch(pattern, o->parts[i].name, 0) == 0)
            o->parts[i].times = (float)times;
}

void optimizer_momentum(struct optimizer *o, double momentum)
{
    o->rule.momentum = o->rule.beta1 = momentum;
}

enum { SUM_LANES = 8 };

/* The sum of squares, in double and always in the same order. */
VECTOR_CLONES static double squares(const float *x, size_t n)
{
    double lane[SUM_LANES] = { 0 }, sum = 0;
    size_t whole = n - n % SUM_LANES;
    for (size_t i = 0; i < whole; i += SUM_LANES)
        for (int j = 0; j < SUM_LANES; j++)
            lane[j] += (double)x[i + j] * x[i + j];
    for (size_t i = whole; i < n; i++)
        lane[i - whole] += (double)x[i] * x[i];
    for (int j = 0; j < SUM_LANES; j++)
        sum += lane[j];
    return sum;
}

VECTOR_CLONES static void clip_values(float *g, size_t n, float limit)
{
    for (size_t i = 0; i < n; i++) {
        float low = g[i] < -limit ? -limit : g[i];
        g[i] = low > limit ? limit : low;
    }
}

VECTOR_CLONES static void scale(float *g, size_t n, float times)
{
    for (size_t i = 0; i < n; i++)
        g[i] *= times;
}

/* As torch.nn.utils.clip_grad_value_ and clip_grad_norm_. */
static double clip(const struct optimizer *o)
{
    const struct optimizer_rule *r = &o->rule;
    double sum = 0;
    for (int i = 0; i < o->count; i++) {
        const struct part *p = &o->parts[i];
        if (r->clip_value > 0)
            clip_values(o->g + p->first, p->count, (float)r->clip_value);
        if (r->clip_norm > 0)
            sum += squares(o->g + p->first, p->count);
    }
    double norm = sqrt(sum), times = r->clip_norm / (norm + 1e-6);
    for (int i = 0; i < o->count; i++)
        if (r->clip_norm > 0 && times < 1)
            scale(o->g + o->parts[i].first, o->parts[i].count, (float)times);
    return norm;
}

/* What a rule's loop works on: one tensor. */
struct span {
    size_t n;
    float *w, *v, *s;
    const float *g;
    float lr, decay; /* decay: added to the gradient */
};

VECTOR_CLONES static void sgd(const struct span *p, float trust, float momentum, bool nesterov)
{
    float ahead = nesterov ? 1 : 0, behind = nesterov ? momentum : 1;
    const float *gradient = p->g;
    float *v = p->v, *w = p->w, lr = p->lr, decay = p->decay;
    for (size_t i = 0; i < p->n; i++) {
        float g = (gradient[i] + decay * w[i]) * trust;
        v[i] = momentum * v[i] + g;
        w[i] -= lr * (ahead * g + behind * v[i]);
    }
}

VECTOR_CLONES static void adagrad(const struct span *p, float eps)
{
    const float *gradient = p->g;
    float *s = p->s, *w = p->w, lr = p->lr, decay = p->decay;
    for (size_t i = 0; i < p->n; i++) {
        float g = gradient[i] + decay * w[i];
        s[i] += g * g;
        w[i] -= lr * g / (sqrtf(s[i]) + eps);
    }
}

VECTOR_CLONES static void rmsprop(const struct span *p, float alpha, float momentum, float eps)
{
    const float *gradient = p->g;
    float *v = p->v, *s = p->s, *w = p->w, lr = p->lr, decay = p->decay;
    for (size_t i = 0; i < p->n; i++) {
        float g = gradient[i] + decay * w[i];
        s[i] = alpha * s[i] + (1 - alpha) * g * g;
        v[i] = momentum * v[i] + g / (sqrtf(s[i]) + eps);
        w[i] -= lr * v[i];
    }
}

/* `rate` is lr over the first moment's correction, `root` the root of the second's. */
VECTOR_CLONES static void adam(const struct span *p, float b1, float b2, float eps, float rate,
                               float root)
{
    const float *gradient = p->g;
    float *v = p->v, *s = p->s, *w = p->w, decay = p->decay;
    for (size_t i = 0; i < p->n; i++) {
        float g = gradient[i] + decay * w[i];
        v[i] = b1 * v[i] + (1 - b1) * g;
        s[i] = b2 * s[i] + (1 - b2) * g * g;
        w[i] -= rate * (v[i] / (sqrtf(s[i]) / root + eps));
    }
}

/* b^t, t >= 1. */
static double power(double b, uint64_t t)
{
    return b > 0 ? real_pow(b, (double)t) : 0;
}

/* The ratio of LARS; 1 where either length is 0, as in timm. */
static double trust_ratio(const struct optimizer_rule *r, const struct span *p)
{
    double w = sqrt(squares(p->w, p->n)), g = sqrt(squares(p->g, p->n));
    return w > 0 && g > 0 ? r->trust * w / (g + (double)p->decay * w) : 1;
}

static void step_part(const struct optimizer *o, const struct part *part, double lr)
{
    const struct optimizer_rule *r = &o->rule;
    struct span p = {
        .n = part->count,
        .w = o->w + part->first,
        .g = o->g + part->first,
        .v = o->v ? o->v + part->first : NULL,
        .s = o->s ? o->s + part->first : NULL,
        .lr = (float)lr * part->times,
    };
    double decay = part->vector && r->spare_vectors ? 0 : r->weight_decay;
    if (r->decoupled || r->kind == OPTIMIZER_ADAMW)
        scale(p.w, decay > 0 ? p.n : 0, (float)(1 - (double)p.lr * decay));
    else
        p.decay = (float)decay;
    switch (r->kind) {
    case OPTIMIZER_SGD:
        sgd(&p, 1, (float)r->momentum, r->nesterov);
        break;
    case OPTIMIZER_LARS:
        sgd(&p, part->vector ? 1 : (float)trust_ratio(r, &p), (float)r->momentum, r->nesterov);
        break;
    case OPTIMIZER_ADAGRAD:
        adagrad(&p, (float)r->eps);
        break;
    case OPTIMIZER_RMSPROP:
        rmsprop(&p, (float)r->alpha, (float)r->momentum, (float)r->eps);
        break;
    case OPTIMIZER_ADAM:
    case OPTIMIZER_ADAMW:
        adam(&p, (float)r->beta1, (float)r->beta2, (float)r->eps,
             (float)((double)p.lr / (1 - power(r->beta1, o->steps))),
             (float)sqrt(1 - power(r->beta2, o->steps)));
        break;
    }
}

double optimizer_step(struct optimizer *o, double lr)
{
    double norm = clip(o);
    o->steps++;
    for (int i = 0; i < o->count; i++)
        step_part(o, &o->parts[i], lr);
    return norm;
}

struct optimizer_state optimizer_state(struct optimizer *o)
{
    struct optimizer_state state = { .steps = o->steps, .n = o->n };
    if (o->v) {
        state.name[state.blocks] = "v";
        state.block[state.blocks++] = o->v;
    }
    if (o->s) {
        state.name[state.blocks] = "s";
        state.block[state.blocks++] = o->s;
    }
    return state;
}

void optimizer_restart(struct optimizer *o)
{
    if (o->v)
        memset(o->v, 0, o->n * sizeof(*o->v));
    if (o->s)
        memset(o->s, 0, o->n * sizeof(*o->s));
    o->steps = 0;
}

void optimizer_set_steps(struct optimizer *o, uint64_t steps)
{
    o->steps = steps;
}

void optimizer_close(struct optimizer *o)
{
    if (!o)
        return;
    free(o->s);
    free(o->v);
    free(o->parts);
    free(o);
}
