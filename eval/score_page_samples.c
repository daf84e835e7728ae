/* The samples to look at: mistakes made with confidence, and labels that may be wrong. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "eval/score_page_parts.h"

enum { CARD = 640, WIDTH = 128, LISTED = 64 };

/* A picture's place on the page: small ones are enlarged, whole pixels each. */
static int add_card(struct score_page *s, int64_t id, const char *text, struct error *err)
{
    struct image image;
    if (score_pictures_get(s->pictures, id, &image, err) < 0)
        return -1;
    int times = SCORE_PICTURE_SIDE / (image.width > image.height ? image.width : image.height);
    page_image(s->page, &image, times > 1 ? image.width * times : 0, text);
    return 0;
}

static const char *sample_of(const char *key, int64_t id, char *text)
{
    if (key)
        return key;
    snprintf(text, 24, "%" PRId64, id);
    return text;
}

static int add_mistakes(struct score_page *s, const struct score_predictor *p, struct error *err)
{
    const struct score_result *r = s->r;
    for (int i = 0; i < p->mistakes && i < LISTED; i++) {
        const struct score_mistake *m = &p->mistake[i];
        char label[16], answer[16], id[24], text[CARD];
        snprintf(text, sizeof(text), "said %.120s %.1f %%\nlabel %.120s %.1f %%\n%.200s",
                 score_page_class(r, m->predicted, answer), 100 * m->confidence,
                 score_page_class(r, m->label, label), 100 * m->p_label,
                 sample_of(m->sample, m->id, id));
        if (add_card(s, m->id, text, err) < 0)
            return -1;
    }
    return 0;
}

static void list_mistakes(struct score_page *s, const struct score_predictor *p)
{
    static const char *const columns[] = { "sample", "answer", "confidence", "label",
                                           "the label's" };
    struct score_cells row = { 0 };
    page_table(s->page, columns, 5);
    for (int i = 0; i < p->mistakes && i < LISTED; i++) {
        const struct score_mistake *m = &p->mistake[i];
        char label[16], answer[16], id[24];
        score_cells_name(&row, sample_of(m->sample, m->id, id));
        score_cells_name(&row, score_page_class(s->r, m->predicted, answer));
        score_cells_print(&row, "%.2f %%", 100 * m->confidence);
        score_cells_name(&row, score_page_class(s->r, m->label, label));
        score_cells_print(&row, "%.2f %%", 100 * m->p_label);
        score_cells_add(&row, s->page);
    }
    page_table_end(s->page);
}

static int add_suspects(struct score_page *s, struct error *err)
{
    const struct score_result *r = s->r;
    for (int i = 0; i < r->suspects && i < LISTED; i++) {
        const struct score_suspect *x = &r->suspect[i];
        char label[16], other[16], id[24], text[CARD];
        snprintf(text, sizeof(text), "label %.120s %.2f %%\nperhaps %.120s %.1f %%\n%.200s",
                 score_page_class(r, x->label, label), 100 * x->self_confidence,
                 score_page_class(r, x->suggested, other), 100 * x->suggested_confidence,
                 sample_of(x->sample, x->id, id));
        if (add_card(s, x->id, text, err) < 0)
            return -1;
    }
    return 0;
}

static void list_suspects(struct score_page *s)
{
    static const char *const columns[] = { "sample", "label", "the label's", "perhaps",
                                           "confidence" };
    struct score_cells row = { 0 };
    page_table(s->page, columns, 5);
    for (int i = 0; i < s->r->suspects && i < LISTED; i++) {
        const struct score_suspect *x = &s->r->suspect[i];
        char label[16], other[16], id[24];
        score_cells_name(&row, sample_of(x->sample, x->id, id));
        score_cells_name(&row, score_page_class(s->r, x->label, label));
        score_cells_print(&row, "%.3f %%", 100 * x->self_confidence);
        score_cells_name(&row, score_page_class(s->r, x->suggested, other));
        score_cells_print(&row, "%.2f %%", 100 * x->suggested_confidence);
        score_cells_add(&row, s->page);
    }
    page_table_end(s->page);
}

int score_page_samples(struct score_page *s, struct error *err)
{
    const struct score_result *r = s->r;
    const struct score_predictor *p = &r->predictor[s->focus];
    int status = 0;
    if (p->mistakes) {
        page_heading(s->page, "The most confident mistakes");
        page_text(s->page, "Of %s, %d of %" PRIu64 ".", p->name,
                  p->mistakes < LISTED ? p->mistakes : LISTED, p->labeled - p->correct);
        if (s->pictures) {
            page_cards(s->page);
            status = add_mistakes(s, p, err);
            page_cards_end(s->page);
        } else {
            list_mistakes(s, p);
        }
    }
    if (status < 0 || r->suspect_predictor < 0 || !r->suspects)
        return status;
    page_heading(s->page, "Labels to look at");
    page_text(s->page,
              "Samples whose label gets little probability from %s while another class "
              "gets as much as its own samples do on average (confident learning): %" PRIu64
              " in all, the least probable labels first. They mean something only where "
              "the networks have not been trained on these samples.",
              r->predictor[r->suspect_predictor].name, r->suspects_found);
    if (s->pictures) {
        page_cards(s->page);
        status = add_suspects(s, err);
        page_cards_end(s->page);
    } else {
        list_suspects(s);
    }
    return status;
}
