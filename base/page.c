#include "base/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canvas.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/page_private.h"

int page_open(struct page **result, const char *title, struct error *err)
{
    struct page *page = memory_array(1, sizeof(*page), err);
    if (!page)
        return -1;
    page_add(page, page_head);
    page_add(page, "<title>");
    page_add_text(page, title);
    page_add(page, "</title>\n</head>\n<body>\n<h1>");
    page_add_text(page, title);
    page_add(page, "</h1>\n");
    *result = page;
    return 0;
}

void page_contents(struct page *page)
{
    page->has_contents = true;
    page->contents_at = page->html.size;
}

void page_heading(struct page *page, const char *text)
{
    page_print(page, "<h2 id=\"s%d\">", ++page->headings);
    page_add_text(page, text);
    page_add(page, "</h2>\n");
    struct buffer html = page->html; /* swapped, so that one function writes to both */
    page->html = page->contents;
    page_print(page, "<a href=\"#s%d\">", page->headings);
    page_add_text(page, text);
    page_add(page, "</a>\n");
    page->contents = page->html;
    page->html = html;
}

/* <tag>text</tag> */
static void add_element(struct page *page, const char *tag, const char *text)
{
    page_print(page, "<%s>", tag);
    page_add_text(page, text);
    page_print(page, "</%s>\n", tag);
}

void page_subheading(struct page *page, const char *text)
{
    add_element(page, "h3", text);
}

void page_stamp(struct page *page, const char *word, const char *text)
{
    page_add(page, "<p class=\"stamp\">");
    add_element(page, "strong", word);
    page_add_text(page, text);
    page_add(page, "</p>\n");
}

void page_fold(struct page *page, const char *summary)
{
    page_add(page, "<details>");
    add_element(page, "summary", summary);
}

void page_fold_end(struct page *page)
{
    page_add(page, "</details>\n");
}

void page_text(struct page *page, const char *format, ...)
{
    char text[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    add_element(page, "p", text);
}

void page_code(struct page *page, const char *text)
{
    add_element(page, "pre", text);
}

/* "3.5 %", "+1.20 (0.31 .. 2.09)", "<0.0001", "-". */
static bool is_number(const char *text)
{
    char *end;
    if (!strcmp(text, "-"))
        return true;
    text += *text == '<';
    (void)strtod(text, &end);
    return end != text && strspn(end, " %.()+-e/0123456789") == strlen(end);
}

static void add_cell(struct page *page, const char *tag, const char *text, bool number)
{
    page_print(page, "<%s%s>", tag, number ? " class=\"n\"" : "");
    page_add_text(page, text);
    page_print(page, "</%s>", tag);
}

void page_table(struct page *page, const char *const *columns, size_t count)
{
    page_add(page, "<table>\n");
    page->columns = columns;
    page->column_count = count;
}

/* The heads of the columns: once, aligned as the first row's cells, if there are any. */
static void add_columns(struct page *page, const char *const *cells)
{
    if (!page->columns)
        return;
    page_add(page, "<tr>");
    for (size_t i = 0; i < page->column_count; i++)
        add_cell(page, "th", page->columns[i], cells && is_number(cells[i]));
    page_add(page, "</tr>\n");
    page->columns = NULL;
}

void page_row(struct page *page, const char *const *cells, size_t count)
{
    add_columns(page, cells);
    page_add(page, "<tr>");
    for (size_t i = 0; i < count; i++)
        add_cell(page, "td", cells[i], is_number(cells[i]));
    page_add(page, "</tr>\n");
}

void page_table_end(struct page *page)
{
    add_columns(page, NULL);
    page_add(page, "</table>\n");
}

static void add_base64(struct page *page, const uint8_t *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char line[4097];
    size_t used = 0;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t three = (uint32_t)data[i] << 16 | (left > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
                         (left > 2 ? data[i + 2] : 0);
        line[used++] = digits[three >> 18];
        line[used++] = digits[three >> 12 & 63];
        line[used++] = left > 1 ? digits[three >> 6 & 63] : '=';
        line[used++] = left > 2 ? digits[three & 63] : '=';
        if (used == sizeof(line) - 1) {
            line[used] = '\0';
            page_add(page, line);
            used = 0;
        }
    }
    line[used] = '\0';
    page_add(page, line);
}

void page_image(struct page *page, const struct image *image, int width, const char *text)
{
    if (page->err.kind != ERROR_NONE || png_encode(image, 6, &page->png, &page->err) < 0)
        return;
    if (width > image->width) /* enlarged: show the pixels, do not blur them */
        page_print(page, "<figure><img style=\"image-rendering:pixelated\" width=\"%d\" alt=\"",
                   width);
    else
        page_print(page, "<figure><img width=\"%d\" alt=\"", width ? width : image->width);
    page_add_text(page, text);
    page_add(page, "\" src=\"data:image/png;base64,");
    add_base64(page, (const uint8_t *)page->png.data, page->png.size);
    page_add(page, "\"><figcaption>");
    page_add_text(page, text);
    page_add(page, "</figcaption></figure>\n");
}

void page_side_by_side(struct page *page)
{
    page_add(page, "<div class=\"side\">\n");
}

void page_side_by_side_end(struct page *page)
{
    page_add(page, "</div>\n");
}

void page_cards(struct page *page)
{
    page_add(page, "<div class=\"cards\">\n");
}

void page_cards_end(struct page *page)
{
    page_add(page, "</div>\n");
}

int page_append(struct page *page, struct buffer *out, struct error *err)
{
    page_add(page, "</body>\n</html>\n");
    if (page->err.kind != ERROR_NONE) {
        *err = page->err;
        return -1;
    }
    const char *contents = page->contents.data ? page->contents.data : "";
    if (buffer_append(out, page->html.data, page->contents_at, err) < 0 ||
        (page->has_contents && buffer_print(out, err, "<nav>\n%s</nav>\n", contents) < 0))
        return -1;
    return buffer_append(out, page->html.data + page->contents_at,
                         page->html.size - page->contents_at, err);
}

int page_save(struct page *page, const char *path, struct error *err)
{
    struct buffer all = { 0 };
    int status = page_append(page, &all, err);
    if (status == 0)
        status = file_write(path, all.data, all.size, err);
    buffer_release(&all);
    return status;
}

void page_close(struct page *page)
{
    if (!page)
        return;
    buffer_release(&page->html);
    buffer_release(&page->contents);
    buffer_release(&page->png);
    free(page);
}
