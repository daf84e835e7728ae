/* Inside page: what its parts and charts write with. Others include page.h. */
#ifndef TENFOLD_BASE_PAGE_PRIVATE_H
#define TENFOLD_BASE_PAGE_PRIVATE_H

#include <stdbool.h>

#include "base/page.h"

struct page {
    struct buffer html;     /* owned */
    struct buffer contents; /* owned: a link to every heading */
    struct buffer png;      /* owned: of the picture being added */
    struct error err;       /* the first that happened */
    bool has_contents;
    size_t contents_at; /* where in html they belong */
    int headings;
    const char *const *columns; /* borrowed: heads of the table that has no row yet, or NULL */
    size_t column_count;
};

/* page_style.c: a page's beginning up to the title, with its style sheet. */
extern const char page_head[];

/* page_text.c: append as it is; nothing more once something failed. */
void page_add(struct page *page, const char *text);
/* At most 1,023 bytes: no text from elsewhere. */
void page_print(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Append as text: what HTML would take for markup is escaped, and control characters are left out.
 */
void page_add_text(struct page *page, const char *text);
/* At most `limit` characters of it, "…" in place of those in the middle: names that differ often
 * differ at their ends. */
void page_add_short(struct page *page, const char *text, int limit);

#endif
