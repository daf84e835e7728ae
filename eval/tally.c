#include "eval/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

int tally_open(struct tally *t, int k, struct error *err)
{
    t->k = k;
    t->of_class = memory_array((size_t)k, sizeof(*t->of_class), err);
    return t->of_class ? 0 : -1;
}

void tally_close(struct tally *t)
{
    free(t->of_class);
    *t = (struct tally){ 0 };
}

void tally_count(struct tally *t, const int32_t *label, const int32_t *predicted, uint64_t n,
                 const uint16_t *count)
{
    memset(t->of_class, 0, (size_t)t->k * sizeof(*t->of_class));
    for (uint64_t i = 0; i < n; i++) {
        uint32_t drawn = count ? count[i] : 1;
        t->of_class[predicted[i]].predicted += drawn;
        if (label[i] >= t->k)
            continue;
        t->of_class[label[i]].support += drawn;
        if (label[i] == predicted[i])
            t->of_class[label[i]].correct += drawn;
    }
}

/* F1 = 2 correct / (support + predicted) is the harmonic mean of the other two. */
struct tally_means tally_of_class(struct tally_counts c)
{
    struct tally_means m = { 0 };
    if (c.predicted)
        m.precision = (double)c.correct / c.predicted;
    if (c.support)
        m.recall = (double)c.correct / c.support;
    if (c.support || c.predicted)
        m.f1 = 2.0 * c.correct / ((double)c.support + c.predicted);
    return m;
}

/* Sums over the classes, and how many there are. */
struct sums {
    struct tally_means sum;
    int classes;
};

static void add(struct sums *s, struct tally_counts c, int sign)
{
    if (!c.support && !c.predicted)
        return;
    struct tally_means m = tally_of_class(c);
    s->sum.precision += sign * m.precision;
    s->sum.recall += sign * m.recall;
    s->sum.f1 += sign * m.f1;
    s->classes += sign;
}

static struct tally_means divide(struct sums s)
{
    if (s.classes == 0)
        return (struct tally_means){ 0 };
    return (struct tally_means){ s.sum.precision / s.classes, s.sum.recall / s.classes,
                                 s.sum.f1 / s.classes };
}

static struct sums add_all(const struct tally *t)
{
    struct sums s = { 0 };
    for (int c = 0; c < t->k; c++)
        add(&s, t->of_class[c], 1);
    return s;
}

struct tally_means tally_means(const struct tally *t)
{
    return divide(add_all(t));
}

void tally_leave_out(const struct tally *t, const int32_t *label, const int32_t *predicted,
                     uint64_t n, struct tally_means *without)
{
    struct sums all = add_all(t);
    for (uint64_t i = 0; i < n; i++) {
        struct sums s = all;
        int l = label[i], p = predicted[i];
        struct tally_counts of_p = t->of_class[p], of_l = l < t->k ? t->of_class[l] : of_p;
        add(&s, of_p, -1);
        of_p.predicted--;
        if (l == p) {
            of_p.support--;
            of_p.correct--;
        } else if (l < t->k) {
            add(&s, of_l, -1);
            of_l.support--;
            add(&s, of_l, 1);
        }
        add(&s, of_p, 1);
        without[i] = divide(s);
    }
}
