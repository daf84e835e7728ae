#include "base/page_private.h"

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
    page_add(page, "<figure><figcaption>");
    page_add_text(page, bars->title);
    page_print(page,
               "</figcaption><svg viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\" aria-label=\"",
               width, HEIGHT + BOTTOM, width);
    page_add_text(page, bars->title);
    page_print(page, "\"><line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>", LEFT, HEIGHT,
               width - LEFT, HEIGHT);
    int every = (LABEL_WIDTH + step - 1) / step;
    for (size_t i = 0; i < bars->count; i++) {
        double height = top > 0 ? bars->values[i] / top * (HEIGHT - TOP) : 0;
        int x = LEFT + (int)i * step;
        page_print(page, "<rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"><title>", x + 1,
                   HEIGHT - height, step - 2, height);
        page_add_text(page, bars->labels[i]);
        page_print(page, " %s: %g</title></rect>", bars->unit, bars->values[i]);
        if (i % (size_t)every == 0) {
            page_print(page, "<text x=\"%d\" y=\"%d\">", x + 1, HEIGHT + 14);
            page_add_text(page, bars->labels[i]);
            page_add(page, "</text>");
        }
    }
    page_print(page, "<text x=\"%d\" y=\"%d\">%s</text><text x=\"%d\" y=\"12\">most: %g</text>",
               LEFT, HEIGHT + 28, bars->unit, LEFT, top);
    page_add(page, "</svg></figure>\n");
}
