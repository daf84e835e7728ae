/* Samples to look at: the surest mistakes of every predictor, and labels that are perhaps wrong. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/score_work.h"
#include "eval/suspect.h"

static int64_t id_of(const struct score_work *w, uint64_t row)
{
    return w->input->id ? w->input->id[row] : (int64_t)row;
}

/* The sample's key, copied; NULL where keys are not known. */
static int name_sample(struct score_work *w, uint64_t row, const char **name, struct error *err)
{
    *name = NULL;
    if (!w->input->sample)
        return 0;
    *name = score_work_text(w, w->input->sample[row], err);
    return *name ? 0 : -1;
}

/* The i-th sample from the surest on; of votes in their order. */
static int list_mistakes(struct score_work *w, int at, struct error *err)
{
    const struct score_work_predictor *p = &w->predictor[at];
    const struct answers *a = &p->raw;
    struct score_predictor *out = &w->result->predictor[at];
    uint64_t wrong = a->n - out->correct;
    size_t most = (size_t)w->options->mistakes;
    out->mistake = arena_take(&w->result->arena, wrong < most ? (size_t)wrong : most,
                              sizeof(*out->mistake), err);
    if (!out->mistake)
        return -1;
    for (uint64_t d = 0; d < a->n && (size_t)out->mistakes < most; d++) {
        uint64_t i = p->probs ? p->ranking.order[d] : d, row = w->reported.row[i];
        if (answers_right(a, i))
            continue;
        struct score_mistake *m = &out->mistake[out->mistakes++];
        *m = (struct score_mistake){
            .row = row, .id = id_of(w, row), .label = a->label[i], .predicted = a->predicted[i]
        };
        if (p->probs) {
            m->confidence = (double)a->confidence[i];
            m->p_label = (double)a->p_label[i];
        }
        if (name_sample(w, row, &m->sample, err) < 0)
            return -1;
    }
    return 0;
}

/* The predictor of the smallest NLL finds them: the better the probabilities, the better the list.
 */
static int find_suspects(struct score_work *w, struct error *err)
{
    struct score_result *r = w->result;
    r->suspect_predictor = -1;
    for (int p = 0; p < r->predictors; p++)
        if (w->predictor[p].probs &&
            (r->suspect_predictor < 0 ||
             r->predictor[p].raw.nll.value < r->predictor[r->suspect_predictor].raw.nll.value))
            r->suspect_predictor = p;
    if (r->suspect_predictor < 0)
        return 0;
    struct score_work_predictor *p = &w->predictor[r->suspect_predictor];
    struct mixture_rows rows;
    struct row_source source = score_work_source(&p->mixture, &w->reported, &rows);
    r->suspect = arena_take(&r->arena, (size_t)w->options->suspects, sizeof(*r->suspect), err);
    if (!r->suspect ||
        suspect_find(&source, &p->raw, w->options->pool, r->suspect, w->options->suspects,
                     &r->suspects, &r->suspects_found, err) < 0)
        return -1;
    for (int i = 0; i < r->suspects; i++) {
        struct score_suspect *s = &r->suspect[i];
        s->row = w->reported.row[s->row];
        s->id = id_of(w, s->row);
        if (name_sample(w, s->row, &s->sample, err) < 0)
            return -1;
    }
    return 0;
}

int score_work_list(struct score_work *w, struct error *err)
{
    for (int p = 0; p < w->result->predictors; p++)
        if (list_mistakes(w, p, err) < 0)
            return -1;
    return find_suspects(w, err);
}
