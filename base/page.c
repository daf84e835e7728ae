#include "base/page.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/canvas.h"
#include "base/file.h"
#include "base/memory.h"

struct page {
    struct buffer html; /* owned */
    struct buffer png;  /* owned: of the picture being added */
    struct error err;   /* the first that happened */
};

/* Validated colors: text on paper 13:1, bars on paper above 3:1, in both schemes. */
static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<style>\n"
    ":root{color-scheme:light dark;--paper:#fff;--ink:#1f2328;--faint:#59636e;--line:#d1d9e0;"
    "--bar:#2f6fba}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#12161b;--ink:#e6edf3;--faint:#9198a1;"
    "--line:#3d444d;--bar:#5b9bd5}}\n"
    "body{background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;"
    "max-width:72rem;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid "
    "var(--line)}\n"
    "table{border-collapse:collapse;display:block;overflow-x:auto}\n"
    "th,td{padding:.2rem .8rem;border-bottom:1px solid var(--line);text-align:left}\n"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}\n"
    "pre{overflow-x:auto;padding:.6rem;border:1px solid var(--line)}\n"
    "figure{margin:1rem 0;max-width:100%}figcaption,.faint{color:var(--faint);font-size:.85rem}\n"
    "img{max-width:100%;height:auto;image-rendering:auto}\n"
    ".side{display:flex;flex-wrap:wrap;gap:1.2rem;align-items:flex-end}\n"
    "svg{max-width:100%;height:auto}svg text{fill:var(--faint);font:11px system-ui,sans-serif}\n"
    "svg rect{fill:var(--bar)}svg line{stroke:var(--line)}\n"
    "</style>\n";

/* Append as it is; nothing more once something failed. */
static void add(struct page *page, const char *text)
{
    if (page->err.kind == ERROR_NONE)
        (void)buffer_append(&page->html, text, strlen(text), &page->err);
}

__attribute__((format(printf, 2, 3))) static void print(struct page *page, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    add(page, text);
}

/* Append as text: what HTML would take for markup is escaped, and control characters are left out.
 */
static void add_text(struct page *page, const char *text)
{
    for (; *text; text++) {
        char one[2] = { *text, '\0' };
        switch (*text) {
        case '&':
            add(page, "&amp;");
            break;
        case '<':
            add(page, "&lt;");
            break;
        case '>':
            add(page, "&gt;");
            break;
        case '"':
            add(page, "&quot;");
            break;
        default:
            if ((unsigned char)*text >= ' ' || *text == '\n' || *text == '\t')
                add(page, one);
        }
    }
}

int page_open(struct page **result, const char *title, struct error *err)
{
    struct page *page = memory_array(1, sizeof(*page), err);
    if (!page)
        return -1;
    add(page, head);
    add(page, "<title>");
    add_text(page, title);
    add(page, "</title>\n</head>\n<body>\n<h1>");
    add_text(page, title);
    add(page, "</h1>\n");
    *result = page;
    return 0;
}

void page_heading(struct page *page, const char *text)
{
    add(page, "<h2>");
    add_text(page, text);
    add(page, "</h2>\n");
}

void page_text(struct page *page, const char *format, ...)
{
    char text[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    add(page, "<p>");
    add_text(page, text);
    add(page, "</p>\n");
}

void page_code(struct page *page, const char *text)
{
    add(page, "<pre>");
    add_text(page, text);
    add(page, "</pre>\n");
}

static bool is_number(const char *text)
{
    char *end;
    (void)strtod(text, &end);
    return end != text && strspn(end, " %") == strlen(end);
}

void page_table(struct page *page, const char *const *columns, size_t count)
{
    add(page, "<table>\n<tr>");
    for (size_t i = 0; i < count; i++) {
        add(page, "<th>");
        add_text(page, columns[i]);
        add(page, "</th>");
    }
    add(page, "</tr>\n");
}

void page_row(struct page *page, const char *const *cells, size_t count)
{
    add(page, "<tr>");
    for (size_t i = 0; i < count; i++) {
        add(page, is_number(cells[i]) ? "<td class=\"n\">" : "<td>");
        add_text(page, cells[i]);
        add(page, "</td>");
    }
    add(page, "</tr>\n");
}

void page_table_end(struct page *page)
{
    add(page, "</table>\n");
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
            add(page, line);
            used = 0;
        }
    }
    line[used] = '\0';
    add(page, line);
}

void page_image(struct page *page, const struct image *image, int width, const char *text)
{
    if (page->err.kind != ERROR_NONE || png_encode(image, 6, &page->png, &page->err) < 0)
        return;
    if (width > image->width) /* enlarged: show the pixels, do not blur them */
        print(page, "<figure><img style=\"image-rendering:pixelated\" width=\"%d\" alt=\"", width);
    else
        print(page, "<figure><img width=\"%d\" alt=\"", width ? width : image->width);
    add_text(page, text);
    add(page, "\" src=\"data:image/png;base64,");
    add_base64(page, (const uint8_t *)page->png.data, page->png.size);
    add(page, "\"><figcaption>");
    add_text(page, text);
    add(page, "</figcaption></figure>\n");
}

void page_side_by_side(struct page *page)
{
    add(page, "<div class=\"side\">\n");
}

void page_side_by_side_end(struct page *page)
{
    add(page, "</div>\n");
}

void page_bars(struct page *page, const struct page_bars *bars)
{
    enum { HEIGHT = 160, TOP = 16, BOTTOM = 34, LEFT = 8, LABEL_WIDTH = 46 };
    size_t count = bars->count ? bars->count : 1;
    int step = count > 60   ? 8
               : count > 24 ? 14
               : count > 12 ? 40
                            : 64,
        width = 2 * LEFT + (int)count * step;
    if (width < 240)
        width = 240;
    double top = 0;
    for (size_t i = 0; i < bars->count; i++)
        top = bars->values[i] > top ? bars->values[i] : top;
    add(page, "<figure><figcaption>");
    add_text(page, bars->title);
    print(page, "</figcaption><svg viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\" aria-label=\"",
          width, HEIGHT + BOTTOM, width);
    add_text(page, bars->title);
    print(page, "\"><line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>", LEFT, HEIGHT, width - LEFT,
          HEIGHT);
    int every = (LABEL_WIDTH + step - 1) / step;
    for (size_t i = 0; i < bars->count; i++) {
        double height = top > 0 ? bars->values[i] / top * (HEIGHT - TOP) : 0;
        int x = LEFT + (int)i * step;
        print(page, "<rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"><title>", x + 1,
              HEIGHT - height, step - 2, height);
        add_text(page, bars->labels[i]);
        print(page, " %s: %g</title></rect>", bars->unit, bars->values[i]);
        if (i % (size_t)every == 0) {
            print(page, "<text x=\"%d\" y=\"%d\">", x + 1, HEIGHT + 14);
            add_text(page, bars->labels[i]);
            add(page, "</text>");
        }
    }
    print(page, "<text x=\"%d\" y=\"%d\">%s</text><text x=\"%d\" y=\"12\">most: %g</text>", LEFT,
          HEIGHT + 28, bars->unit, LEFT, top);
    add(page, "</svg></figure>\n");
}

static int finish(struct page *page, struct error *err)
{
    add(page, "</body>\n</html>\n");
    if (page->err.kind == ERROR_NONE)
        return 0;
    *err = page->err;
    return -1;
}

int page_save(struct page *page, const char *path, struct error *err)
{
    if (finish(page, err) < 0)
        return -1;
    return file_write(path, page->html.data, page->html.size, err);
}

int page_append(struct page *page, struct buffer *out, struct error *err)
{
    if (finish(page, err) < 0)
        return -1;
    return buffer_append(out, page->html.data, page->html.size, err);
}

void page_close(struct page *page)
{
    if (!page)
        return;
    buffer_release(&page->html);
    buffer_release(&page->png);
    free(page);
}
