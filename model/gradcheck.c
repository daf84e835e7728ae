#include "model/gradcheck.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/memory.h"
#include "model/gradcheck_cases.h"
#include "model/gradcheck_net.h"

static const double STEP = 1e-5, LIMIT = 1e-6;
static const double FLOOR = 1e-2; /* of the tensor's largest: smaller derivatives count as this */
static const double KINK = 1e-2;  /* smooth layers' one-sided slopes differ by some 1e-5 */
enum { DIFFERENTIATED = 6, KINKS_ONE_IN = 50, TRIES = 100 };

/* The sum of dy y, the function whose derivatives backward gives. */
static int objective(struct trial *t, enum trial_way way, double *sum, struct error *err)
{
    size_t n = (size_t)t->b * shape_count(t->out);
    if (trial_run(t, way, err) < 0)
        return -1;
    *sum = 0;
    for (size_t i = 0; i < n; i++)
        *sum += t->dy[i] * t->y[i];
    return 0;
}

/* One tensor that the objective depends on: its numbers, and backward's derivatives. */
static int check_tensor(struct trial *t, enum trial_way way, double *at, const double *analytic,
                        size_t n, double middle, struct gradcheck_line *line, struct error *err)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(analytic[i]));
    for (size_t i = 0; i < n; i++) {
        double value = at[i], up, down, a = analytic[i];
        at[i] = value + STEP;
        if (objective(t, way, &up, err) < 0)
            return -1;
        at[i] = value - STEP;
        if (objective(t, way, &down, err) < 0)
            return -1;
        at[i] = value;
        double numeric = (up - down) / (2 * STEP);
        double scale = fmax(fmax(fabs(a), fabs(numeric)), FLOOR * largest);
        double sides = fabs((up - middle) - (middle - down)) / STEP;
        line->coordinates++;
        if (sides > KINK * fmax(scale, largest)) {
            line->kinks++;
            continue;
        }
        if (scale > 0)
            line->worst_difference = fmax(line->worst_difference, fabs(a - numeric) / scale);
    }
    return 0;
}

static double *copy(const double *from, size_t n, struct error *err)
{
    double *to = memory_array(n, sizeof(*to), err);
    if (to)
        memcpy(to, from, n * sizeof(*to));
    return to;
}

int gradcheck_differences(struct trial *t, enum trial_way way, struct gradcheck_line *line,
                          struct error *err)
{
    double middle;
    int rc = objective(t, way, &middle, err);
    for (int k = 0; rc == 0 && k < t->inputs + t->weights; k++) {
        bool input = k < t->inputs;
        int i = input ? k : k - t->inputs;
        if (!input && !t->trained[i])
            continue;
        size_t n = input ? (size_t)t->b * shape_count(t->in[i]) : t->size[i];
        /* Every run of the trial fills the derivatives anew. */
        rc = objective(t, way, &middle, err);
        double *analytic = rc == 0 ? copy(input ? t->dx[i] : t->dw[i], n, err) : NULL;
        rc = analytic
                 ? check_tensor(t, way, input ? t->x[i] : t->w[i], analytic, n, middle, line, err)
                 : -1;
        free(analytic);
    }
    return rc;
}

/* Numbers that float holds exactly, so that both see the same. */
static void fill(double *x, size_t n, double mean, double deviation, struct rng *rng)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(mean + deviation * rng_normal(rng));
}

static void fill_trial(struct trial *t, struct rng *rng)
{
    size_t b = (size_t)t->b;
    for (int i = 0; i < t->inputs; i++)
        fill(t->x[i], b * shape_count(t->in[i]), 0.1, 1, rng);
    for (int i = 0; i < t->weights; i++) {
        fill(t->w[i], t->size[i], 0.3, 0.5, rng);
        for (size_t j = 0; !t->trained[i] && j < t->size[i]; j++)
            t->w[i][j] = fabs(t->w[i][j]) + 0.5; /* a running variance is positive */
    }
    fill(t->dy, b * shape_count(t->out), 0, 1, rng);
    t->seed = rng_u64(rng);
}

static int open_case(struct trial *t, const struct gradcheck_way *way, int large, struct rng *rng,
                     struct gradcheck_case *c, struct error *err)
{
    static const struct param nothing[] = { { 0 } };
    struct config *config;
    union value v[LAYER_PARAMS];
    const struct param *params = nothing;
    for (int k = 0; layers[k]; k++)
        if (strcmp(layers[k]->name, way->kind) == 0 && layers[k]->params)
            params = layers[k]->params;
    way->draw(rng, large, c);
    if (config_parse(&config, c->values, strlen(c->values), way->kind, err) < 0)
        return -1;
    int rc = param_read(params, config_root(config), v, err);
    if (rc == 0)
        rc = trial_open(t, way->kind, v, c->in, c->inputs, c->b, err);
    config_close(config);
    if (rc == 0)
        fill_trial(t, rng);
    return rc;
}

/* The largest difference, in units of the tensor's largest. */
static double deviation(const double *a, const double *b, size_t n)
{
    double largest = 0, worst = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(b[i]));
        worst = fmax(worst, fabs(a[i] - b[i]));
        if (isnan(a[i]) != isnan(b[i]))
            return INFINITY;
    }
    return largest > 0 ? worst / largest : worst;
}

/* Where a rectified output is so near zero that float may see the other side, nothing comes back.
 */
static int avoid_edges(struct trial *t, struct error *err)
{
    if (!t->relu)
        return 0;
    t->relu = false;
    int rc = trial_run(t, TRIAL_TWIN_DOUBLE, err);
    t->relu = true;
    size_t n = (size_t)t->b * shape_count(t->out);
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(t->y[i]));
    for (size_t i = 0; i < n; i++)
        if (fabs(t->y[i]) < 1e-4 * largest)
            t->dy[i] = 0;
    return rc;
}

/* A tensor of the outcome, by number; NULL: that was the last. */
static double *outcome(struct trial *t, int number, size_t *n)
{
    if (number == 0) {
        *n = (size_t)t->b * shape_count(t->out);
        return t->y;
    }
    if (--number < t->inputs) {
        *n = (size_t)t->b * shape_count(t->in[number]);
        return t->dx[number];
    }
    if ((number -= t->inputs) < t->weights) {
        *n = t->size[number];
        return t->trained[number] ? t->dw[number] : t->w[number];
    }
    return NULL;
}

enum { OUTCOMES = 1 + TRIAL_INPUTS + TRIAL_WEIGHTS };

static int compare_case(struct trial *t, struct gradcheck_line *line, struct error *err)
{
    double *production[OUTCOMES] = { 0 }, *before[TRIAL_WEIGHTS] = { 0 }, *now;
    size_t n;
    int rc = avoid_edges(t, err);
    for (int i = 0; rc == 0 && i < t->weights; i++) /* a run moves the running statistics */
        rc = (before[i] = copy(t->w[i], t->size[i], err)) ? 0 : -1;
    if (rc == 0)
        rc = trial_run(t, TRIAL_PRODUCTION, err);
    for (int k = 0; rc == 0 && (now = outcome(t, k, &n)); k++)
        rc = (production[k] = copy(now, n, err)) ? 0 : -1;
    for (int i = 0; rc == 0 && i < t->weights; i++)
        memcpy(t->w[i], before[i], t->size[i] * sizeof(*before[i]));
    if (rc == 0)
        rc = trial_run(t, TRIAL_TWIN_DOUBLE, err);
    for (int k = 0; rc == 0 && (now = outcome(t, k, &n)); k++)
        line->worst_deviation = fmax(line->worst_deviation, deviation(production[k], now, n));
    for (int k = 0; k < OUTCOMES; k++)
        free(production[k]);
    for (int i = 0; i < TRIAL_WEIGHTS; i++)
        free(before[i]);
    return rc;
}

/* Cases that networks compute otherwise are not this way's: others are drawn in their place. */
static int open_own_case(struct trial *t, const struct gradcheck_way *way, int large,
                         struct rng *rng, struct gradcheck_case *c, struct error *err)
{
    for (int tries = 0; tries < TRIES; tries++) {
        if (open_case(t, way, large, rng, c, err) < 0)
            return -1;
        t->fast = way->how & GRADCHECK_FAST;
        t->blocks = way->how & GRADCHECK_BLOCKS;
        const char *kernel = trial_kernel(t);
        if (!large || !way->kernel || (kernel && strcmp(kernel, way->kernel) == 0))
            return 0;
        trial_close(t);
    }
    return error_set(err, ERROR_FAILED, way->kind, "%s: no case in %d takes the kernel %s",
                     way->way, TRIES, way->kernel);
}

static int check_way(const struct gradcheck_way *way, int cases, struct gradcheck_line *line,
                     struct error *err)
{
    struct rng rng =
        rng_start(rng_derive(1, "sample", way->kind, 0), (uint64_t)(way - gradcheck_ways), 0);
    int rc = 0;
    *line = (struct gradcheck_line){ .kind = way->kind, .way = way->way, .bound = GRADCHECK_BOUND };
    for (int i = 0; rc == 0 && i < DIFFERENTIATED + cases; i++) {
        struct gradcheck_case c;
        struct trial t;
        bool large = i >= DIFFERENTIATED;
        if (open_own_case(&t, way, large, &rng, &c, err) < 0)
            return -1;
        t.relu = large && c.relu && i % 2;
        rc = large ? compare_case(&t, line, err)
                   : gradcheck_differences(&t, TRIAL_TWIN_DOUBLE, line, err);
        line->compared += large;
        line->differentiated += !large;
        trial_close(&t);
    }
    return rc;
}

static int judge(const struct gradcheck_line *line, struct error *err)
{
    if (line->worst_difference > LIMIT || isnan(line->worst_difference))
        return error_set(err, ERROR_FAILED, line->kind,
                         "backward and central differences disagree by %.1e (limit %.0e)",
                         line->worst_difference, LIMIT);
    if (line->kinks * KINKS_ONE_IN > line->coordinates)
        return error_set(err, ERROR_FAILED, line->kind, "%ld of %ld coordinates sit on kinks",
                         line->kinks, line->coordinates);
    if (!(line->worst_deviation <= line->bound))
        return error_set(err, ERROR_FAILED, line->kind,
                         "%s%sfloat deviates from the double twin by %.1e (limit %.0e)", line->way,
                         line->way[0] ? ": " : "", line->worst_deviation, line->bound);
    return 0;
}

/* Is there a way of this kind, and of this kernel of it where that is not NULL? */
static bool is_listed(const struct layer_kind *kind, const char *kernel)
{
    for (const struct gradcheck_way *way = gradcheck_ways; way->kind; way++)
        if (strcmp(way->kind, kind->name) == 0 &&
            (!kernel || (way->kernel && strcmp(way->kernel, kernel) == 0)))
            return true;
    return false;
}

int gradcheck_listed(const struct layer_kind *kind, struct error *err)
{
    if (!is_listed(kind, NULL))
        return error_set(err, ERROR_FAILED, kind->name,
                         "has no cases in gradcheck_cases.c, so that nobody checks it");
    for (int k = 0; kind->kernels && kind->kernels[k]; k++)
        if (!is_listed(kind, kind->kernels[k]))
            return error_set(err, ERROR_FAILED, kind->name,
                             "its kernel %s has no cases in gradcheck_cases.c, so that nobody "
                             "checks it",
                             kind->kernels[k]);
    return 0;
}

/* What all lines went to, and the first that was wrong. */
struct report {
    void (*tell)(void *context, const struct gradcheck_line *line);
    void *context;
    struct error first;
    int rc;
};

static void add_line(struct report *r, const struct gradcheck_line *line, int rc, struct error *why)
{
    if (rc == 0)
        rc = judge(line, why);
    if (r->tell)
        r->tell(r->context, line);
    if (rc < 0 && r->rc == 0) {
        r->first = *why;
        r->rc = -1;
    }
}

int gradcheck_run(int cases, int networks,
                  void (*tell)(void *context, const struct gradcheck_line *line), void *context,
                  struct error *err)
{
    struct report r = { .tell = tell, .context = context };
    for (int k = 0; r.rc == 0 && layers[k]; k++)
        r.rc = gradcheck_listed(layers[k], &r.first);
    for (const struct gradcheck_way *way = gradcheck_ways; way->kind; way++) {
        struct gradcheck_line line;
        struct error why = { 0 };
        int rc = check_way(way, cases, &line, &why);
        add_line(&r, &line, rc, &why);
    }
    for (int k = 0; k < gradcheck_nets; k++) {
        struct gradcheck_line line;
        struct error why = { 0 };
        int rc = gradcheck_net(k, networks, &line, &why);
        add_line(&r, &line, rc, &why);
    }
    if (r.rc < 0)
        *err = r.first;
    return r.rc;
}
