/* Where the numbers come from: what somebody needs who wants to get them again. */
#include <inttypes.h>
#include <stdio.h>

#include "eval/score_page_parts.h"

static void add_fact(struct score_page *s, const char *what, const char *value)
{
    const char *const cells[] = { what, value };
    if (*value)
        page_row(s->page, cells, 2);
}

static void add_number(struct score_page *s, const char *what, const char *format, double value)
{
    char text[64];
    snprintf(text, sizeof(text), format, value);
    add_fact(s, what, text);
}

static void add_file(struct score_page *s, const struct score_predictor *p)
{
    page_subheading(s->page, p->name);
    static const char *const columns[] = { "", "" };
    page_table(s->page, columns, 2);
    add_fact(s, "file", p->file ? p->file : "");
    add_fact(s, "holds", score_kind_names[p->kind]);
    add_fact(s, "hash of the model", p->hash);
    add_fact(s, "network", p->network);
    add_fact(s, "views", p->views);
    add_fact(s, "preprocessing", p->preprocess ? p->preprocess : "");
    add_fact(s, "kernels", p->kernels);
    page_table_end(s->page);
}

void score_page_provenance(struct score_page *s)
{
    const struct score_result *r = s->r;
    static const char *const columns[] = { "", "" };
    page_heading(s->page, "Provenance");
    if (*r->command)
        page_code(s->page, r->command);
    page_table(s->page, columns, 2);
    add_fact(s, "data", r->data);
    add_fact(s, "hash of the data set", r->data_hash);
    add_fact(s, "labels", r->labels);
    add_number(s, "samples", "%.0f", (double)r->n);
    add_number(s, "reported, with a label", "%.0f", (double)r->labeled);
    add_fact(s, "for selection", r->selection.how);
    add_fact(s, "temperatures fitted on", r->temperature.how);
    add_number(s, "rounds of the bootstrap", "%.0f", r->rounds);
    add_number(s, "its seed", "%.0f", (double)r->seed);
    add_number(s, "seconds of scoring", "%.2f", r->seconds);
    add_number(s, "threads", "%.0f", r->threads);
    add_fact(s, "version", r->version);
    page_table_end(s->page);
    for (int p = 0; p < r->singles; p++)
        add_file(s, &r->predictor[p]);
}
