/* Which class is taken for which, and which classes are hard. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "eval/score_page_parts.h"

/* Pictures of more classes are drawn in so many groups of neighbors. */
enum { GROUPS = 100, PAIRS = 20, WORST = 20 };

static uint32_t cell_of(const struct score_predictor *p, int k, int a, int b)
{
    return p->confusion[(size_t)a * (size_t)k + (size_t)b];
}

/* Up to PAGE_GRID_NAMED classes: every cell with its count. Mistakes are few, so that they are
 * shaded by the root of their share of the label's samples. */
static int add_small(struct score_page *s, const struct score_predictor *p, struct error *err)
{
    int k = s->r->k;
    size_t cells = (size_t)k * (size_t)k, at = 0;
    double *shade = memory_array(cells, sizeof(*shade), err);
    bool *bad = memory_array(cells, sizeof(*bad), err);
    char(*text)[16] = memory_array(cells, sizeof(*text), err);
    char(*tip)[256] = memory_array(cells, sizeof(*tip), err);
    char(*name)[16] = memory_array((size_t)k, sizeof(*name), err);
    const char **texts = memory_array(2 * cells + (size_t)k, sizeof(*texts), err);
    const char **tips = texts ? texts + cells : NULL, **names = texts ? tips + cells : NULL;
    bool whole = shade && bad && text && tip && name && texts;
    for (int a = 0; whole && a < k; a++)
        names[a] = score_page_class(s->r, a, name[a]);
    for (int a = 0; whole && a < k; a++) {
        for (int b = 0; b < k; b++, at++) {
            uint32_t count = cell_of(p, k, a, b);
            double share = p->classes[a].support ? count / (double)p->classes[a].support : 0;
            shade[at] = a == b ? share : sqrt(share);
            bad[at] = a != b;
            texts[at] = tips[at] = NULL;
            if (!count)
                continue;
            snprintf(text[at], sizeof(text[at]), "%" PRIu32, count);
            snprintf(tip[at], sizeof(tip[at]), "%.90s taken for %.90s: %" PRIu32 " (%.1f %%)",
                     names[a], names[b], count, 100 * share);
            texts[at] = text[at];
            tips[at] = tip[at];
        }
    }
    if (whole)
        page_grid(s->page, &(struct page_grid){ .title = p->name,
                                                .rows_name = "label",
                                                .columns_name = "answer",
                                                .side = k,
                                                .names = names,
                                                .shade = shade,
                                                .bad = bad,
                                                .texts = texts,
                                                .tips = tips });
    free(shade);
    free(bad);
    free(text);
    free(tip);
    free(name);
    free(texts);
    return whole ? 0 : -1;
}

/* Many classes: neighbors in the order of classes share a cell. */
static int add_large(struct score_page *s, const struct score_predictor *p, struct error *err)
{
    int k = s->r->k, side = k < GROUPS ? k : GROUPS;
    size_t cells = (size_t)side * (size_t)side;
    double *shade = memory_array(cells, sizeof(*shade), err), most[2] = { 0, 0 };
    bool *bad = memory_array(cells, sizeof(*bad), err);
    bool whole = shade && bad;
    for (int a = 0; whole && a < k; a++)
        for (int b = 0; b < k; b++) {
            size_t at =
                (size_t)((int64_t)a * side / k) * (size_t)side + (size_t)((int64_t)b * side / k);
            if (a != b)
                shade[at] += cell_of(p, k, a, b);
        }
    /* The diagonal of the groups keeps the right answers' color where they are most of it. */
    for (int g = 0; whole && g < side; g++) {
        double right = 0;
        for (int c = 0; c < k; c++)
            if ((int64_t)c * side / k == g)
                right += cell_of(p, k, c, c);
        size_t at = (size_t)g * (size_t)side + (size_t)g;
        bad[at] = shade[at] > right;
        shade[at] += right;
    }
    for (size_t i = 0; whole && i < cells; i++) {
        bool diagonal = i % (size_t)side == i / (size_t)side;
        bad[i] |= !diagonal;
        most[diagonal] = fmax(most[diagonal], shade[i]);
    }
    for (size_t i = 0; whole && i < cells; i++) {
        double all = most[i % (size_t)side == i / (size_t)side];
        shade[i] = all > 0 ? shade[i] / all : 0;
    }
    if (whole)
        page_grid(s->page, &(struct page_grid){ .title = p->name,
                                                .rows_name = "label, in the order of classes",
                                                .columns_name = "answer",
                                                .side = side,
                                                .shade = shade,
                                                .bad = bad });
    free(shade);
    free(bad);
    return whole ? 0 : -1;
}

struct confused {
    int label, answer;
    uint32_t count;
};

/* Most first; of equals the smaller classes. */
static int by_count(const void *a, const void *b)
{
    const struct confused *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    return (x->answer > y->answer) - (x->answer < y->answer);
}

static int add_pairs(struct score_page *s, const struct score_predictor *p, struct error *err)
{
    int k = s->r->k;
    size_t count = 0, room = (size_t)(p->labeled - p->correct) + 1;
    struct confused *list = memory_array(room, sizeof(*list), err);
    if (!list)
        return -1;
    for (int a = 0; a < k; a++)
        for (int b = 0; b < k && count < room; b++)
            if (a != b && cell_of(p, k, a, b))
                list[count++] = (struct confused){ a, b, cell_of(p, k, a, b) };
    qsort(list, count, sizeof(*list), by_count);
    static const char *const columns[] = { "label", "taken for", "times", "of samples",
                                           "the other way round" };
    struct score_cells row = { 0 };
    page_subheading(s->page, "Most confused");
    page_table(s->page, columns, 5);
    for (size_t i = 0; i < count && i < PAIRS; i++) {
        char names[2][16];
        score_cells_name(&row, score_page_class(s->r, list[i].label, names[0]));
        score_cells_name(&row, score_page_class(s->r, list[i].answer, names[1]));
        score_cells_print(&row, "%" PRIu32, list[i].count);
        score_cells_print(&row, "%" PRIu64, p->classes[list[i].label].support);
        score_cells_print(&row, "%" PRIu32, cell_of(p, k, list[i].answer, list[i].label));
        score_cells_add(&row, s->page);
    }
    page_table_end(s->page);
    if (count > PAIRS)
        page_text(s->page, "And %zu pairs more.", count - PAIRS);
    free(list);
    return 0;
}

int score_page_confusion(struct score_page *s, struct error *err)
{
    const struct score_predictor *p = &s->r->predictor[s->focus];
    if (!p->confusion)
        return 0;
    page_heading(s->page, "Confusion");
    if (s->r->k <= PAGE_GRID_NAMED) {
        page_text(s->page, "Rows are labels, columns answers. Right answers lie on the diagonal; "
                           "mistakes are shaded by the root of their share, so that rare ones are "
                           "seen.");
        if (add_small(s, p, err) < 0)
            return -1;
    } else {
        page_text(s->page,
                  "Rows are labels, columns answers, in the order of classes%s. Right "
                  "answers lie on the diagonal; the stronger the color, the more.",
                  s->r->k > GROUPS ? ", neighbors together in 100 groups" : "");
        if (add_large(s, p, err) < 0)
            return -1;
    }
    return add_pairs(s, p, err);
}

struct ranked {
    int class;
    uint64_t support;
    double recall;
};

/* Smallest recall first, of equals the most samples; classes without a sample last. */
static int by_recall(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (!x->support != !y->support)
        return x->support ? -1 : 1;
    if (x->recall < y->recall || x->recall > y->recall)
        return x->recall < y->recall ? -1 : 1;
    if (x->support != y->support)
        return x->support > y->support ? -1 : 1;
    return x->class - y->class;
}

static void add_rows(struct score_page *s, const struct score_predictor *p,
                     const struct ranked *order, int first, int last)
{
    static const char *const columns[] = { "class",       "samples",  "answers", "right",
                                           "precision %", "recall %", "F1 %" };
    struct score_cells row = { 0 };
    page_table(s->page, columns, 7);
    for (int i = first; i < last; i++) {
        char name[16];
        const struct score_class *c = &p->classes[order[i].class];
        score_cells_name(&row, score_page_class(s->r, order[i].class, name));
        score_cells_print(&row, "%" PRIu64, c->support);
        score_cells_print(&row, "%" PRIu64, c->predicted);
        score_cells_print(&row, "%" PRIu64, c->correct);
        score_cells_print(&row, "%.2f", 100 * c->precision);
        score_cells_interval(&row, interval_wilson(c->correct, c->support), 100, 2, c->support > 0);
        score_cells_print(&row, "%.2f", 100 * c->f1);
        score_cells_add(&row, s->page);
    }
    page_table_end(s->page);
}

int score_page_classes(struct score_page *s, struct error *err)
{
    const struct score_predictor *p = &s->r->predictor[s->focus];
    int k = s->r->k;
    struct ranked *order = memory_array((size_t)k, sizeof(*order), err);
    if (!order)
        return -1;
    for (int c = 0; c < k; c++)
        order[c] = (struct ranked){ c, p->classes[c].support, p->classes[c].recall };
    qsort(order, (size_t)k, sizeof(*order), by_recall);
    page_heading(s->page, "Classes");
    page_text(s->page, "Of %s, the hardest first.", p->name);
    int shown = k <= PAGE_GRID_NAMED ? k : WORST;
    add_rows(s, p, order, 0, shown);
    if (shown < k) {
        page_fold(s->page, "All other classes");
        add_rows(s, p, order, shown, k);
        page_fold_end(s->page);
    }
    free(order);
    return 0;
}
