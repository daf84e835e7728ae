/* Text in a page: escaped, and always UTF-8. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/page_private.h"

void page_add(struct page *page, const char *text)
{
    if (page->err.kind == ERROR_NONE)
        (void)buffer_append(&page->html, text, strlen(text), &page->err);
}

void page_print(struct page *page, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    page_add(page, text);
}

/* Bytes of the UTF-8 character at `text`; 0: it is none (the standard's table 3-7). */
static int utf8_length(const unsigned char *text)
{
    unsigned char c = text[0], low = 0x80, high = 0xbf;
    int more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    if ((c >= 0x80 && c < 0xc2) || c > 0xf4)
        return 0;
    if (c == 0xe0)
        low = 0xa0;
    if (c == 0xed)
        high = 0x9f;
    if (c == 0xf0)
        low = 0x90;
    if (c == 0xf4)
        high = 0x8f;
    for (int i = 1; i <= more; i++, low = 0x80, high = 0xbf)
        if (text[i] < low || text[i] > high)
            return 0;
    return more + 1;
}

static bool is_utf8(const char *text)
{
    const unsigned char *t = (const unsigned char *)text;
    while (*t) {
        int length = utf8_length(t);
        if (!length)
            return false;
        t += length;
    }
    return true;
}

static void add_byte(struct page *page, unsigned char c, bool latin)
{
    char one[3] = { (char)c, '\0', '\0' };
    if (latin && c >= 0x80) {
        one[0] = (char)(0xc0 | c >> 6);
        one[1] = (char)(0x80 | (c & 63));
    }
    switch (c) {
    case '&':
        page_add(page, "&amp;");
        break;
    case '<':
        page_add(page, "&lt;");
        break;
    case '>':
        page_add(page, "&gt;");
        break;
    case '"':
        page_add(page, "&quot;");
        break;
    default:
        if ((c >= ' ' && c != 0x7f) || c == '\n' || c == '\t')
            page_add(page, one);
    }
}

void page_add_text(struct page *page, const char *text)
{
    bool latin = !is_utf8(text);
    for (; *text; text++)
        add_byte(page, (unsigned char)*text, latin);
}

void page_add_short(struct page *page, const char *text, int limit)
{
    bool latin = !is_utf8(text);
    int characters = 0, at = -1, head = limit / 2, tail = limit - 1 - head;
    for (const char *t = text; *t; t++)
        characters += latin || ((unsigned char)*t & 0xc0) != 0x80;
    for (; *text; text++) {
        bool begins = latin || ((unsigned char)*text & 0xc0) != 0x80;
        at += begins;
        if (characters <= limit || at < head || at >= characters - tail)
            add_byte(page, (unsigned char)*text, latin);
        else if (begins && at == head)
            page_add(page, "…");
    }
}
