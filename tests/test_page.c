/*
 * Claim: a page holds what was put into it, escaped; nothing in it is fetched from elsewhere; its
 * pictures decode to the pixels given; its charts draw numbers where they belong.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/page.h"
#include "base/page_chart.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static char *saved(struct page *page)
{
    struct buffer text = { 0 };
    struct error err = { 0 };
    ck_assert_msg(page_save(page, "page.html", &err) == 0, "%s", err.message);
    page_close(page);
    ck_assert_int_eq(file_read("page.html", FILE_LIMIT, &text, &err), 0);
    return text.data;
}

static void ck_contains(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no %s in %s", part, text);
}

START_TEST(text_is_escaped)
{
    struct page *page;
    struct error err = { 0 };
    ck_assert_int_eq(page_open(&page, "<script>&\"x\"", &err), 0);
    page_heading(page, "a<b");
    page_text(page, "%d %s", 7, "</p><img src=x>");
    page_code(page, "k: <v>\x01");
    char *text = saved(page);
    ck_contains(text, "<title>&lt;script&gt;&amp;&quot;x&quot;</title>");
    ck_contains(text, "<h2 id=\"s1\">a&lt;b</h2>");
    ck_contains(text, "<p>7 &lt;/p&gt;&lt;img src=x&gt;</p>");
    ck_contains(text, "<pre>k: &lt;v&gt;</pre>");
    ck_assert_ptr_null(strstr(text, "<script"));
    ck_assert_ptr_null(strstr(text, "http"));
    free(text);
}
END_TEST

START_TEST(tables_set_numbers_right)
{
    struct page *page;
    struct error err = { 0 };
    static const char *const columns[] = { "name", "share" }, *const cells[] = { "12a", "3.5 %" };
    ck_assert_int_eq(page_open(&page, "t", &err), 0);
    page_table(page, columns, 2);
    page_row(page, cells, 2);
    page_table_end(page);
    char *text = saved(page);
    ck_contains(text, "<tr><th>name</th><th class=\"n\">share</th></tr>");
    ck_contains(text, "<tr><td>12a</td><td class=\"n\">3.5 %</td></tr>");
    free(text);
}
END_TEST

/* A picture of two pixels, compared with what the encoder makes of it in base64. */
START_TEST(pictures_are_in_the_page)
{
    struct page *page;
    struct error err = { 0 };
    uint8_t pixels[6] = { 1, 2, 3, 250, 251, 252 };
    struct image image = { pixels, 2, 1, 6 };
    ck_assert_int_eq(page_open(&page, "t", &err), 0);
    page_image(page, &image, 64, "two");
    char *text = saved(page);
    ck_contains(text, "width=\"64\"");
    ck_contains(text, "alt=\"two\"");
    /* The signature, IHDR's length and name, and the sizes 2 and 1 (big-endian). */
    ck_contains(text, "base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7");
    free(text);
}
END_TEST

START_TEST(bars_have_their_values)
{
    struct page *page;
    struct error err = { 0 };
    static const char *const labels[] = { "32", "64" };
    static const double values[] = { 5, 20 };
    ck_assert_int_eq(page_open(&page, "t", &err), 0);
    page_bars(page, &(struct page_bars){ "short side", "px", labels, values, 2 });
    page_bars(page, &(struct page_bars){ "nothing", "px", labels, values, 0 });
    char *text = saved(page);
    ck_contains(text, "<title>32 px: 5</title>");
    ck_contains(text, "height=\"144.0\"><title>64 px: 20</title>");
    ck_contains(text, "height=\"36.0\"");
    free(text);
}
END_TEST

START_TEST(contents_link_to_headings)
{
    struct page *page;
    struct error err = { 0 };
    ck_assert_int_eq(page_open(&page, "t", &err), 0);
    page_contents(page);
    page_heading(page, "first");
    page_heading(page, "<second>");
    page_stamp(page, "OPTIMISTIC", "a<b");
    char *text = saved(page);
    const char *nav = strstr(text, "<a href=\"#s2\">&lt;second&gt;</a>\n</nav>");
    ck_assert_ptr_nonnull(nav);
    ck_assert(nav < strstr(text, "<h2 id=\"s1\">"));
    ck_contains(text, "<p class=\"stamp\"><strong>OPTIMISTIC</strong>\na&lt;b</p>");
    free(text);
}
END_TEST

/* What is no UTF-8 is Latin-1; what is, stays, and is cut between characters. */
START_TEST(bytes_become_utf8)
{
    struct page *page;
    struct error err = { 0 };
    static const char *const cases[][2] = {
        { "a\xe9", "<h2 id=\"s1\">a\xc3\xa9</h2>" },
        { "\xc3\xa9", "<h2 id=\"s1\">\xc3\xa9</h2>" },
        { "\xe2\x82", "<h2 id=\"s1\">\xc3\xa2\xc2\x82</h2>" },             /* cut off */
        { "\xed\xa0\x80", "<h2 id=\"s1\">\xc3\xad\xc2\xa0\xc2\x80</h2>" }, /* a surrogate */
        { "\xc0\xaf", "<h2 id=\"s1\">\xc3\x80\xc2\xaf</h2>" },             /* overlong */
        { "\xf0\x9f\x90\x88", "<h2 id=\"s1\">\xf0\x9f\x90\x88</h2>" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_int_eq(page_open(&page, "t", &err), 0);
        page_heading(page, cases[i][0]);
        char *text = saved(page);
        ck_contains(text, cases[i][1]);
        free(text);
    }
}
END_TEST

START_TEST(spans_stand_at_their_values)
{
    struct page *page;
    struct error err = { 0 };
    static const struct page_span spans[] = {
        { "a name that is longer than there is room for", 50, 0, 100, "50 %", false },
        { "b", 100, 100, 100, NULL, true },
        { "c", NAN, NAN, NAN, NULL, false },
    };
    ck_assert_int_eq(page_open(&page, "t", &err), 0);
    page_spans(page, &(struct page_spans){ "chart", "%", spans, 3, true, 100 });
    char *text = saved(page);
    /* The frame is 210 .. 590 pixels, 0 .. 100. */
    ck_contains(text, "<circle cx=\"400.0\" cy=\"17\"");
    ck_contains(text, "<line x1=\"210.0\" y1=\"17\" x2=\"590.0\" y2=\"17\"/>");
    ck_contains(text, "<circle cx=\"590.0\" cy=\"39\"");
    ck_contains(text, "</title>a name that is l…ere is room for</text>");
    ck_assert_ptr_null(strstr(text, "nan"));
    free(text);
}
END_TEST

START_TEST(plots_have_curves_and_dots)
{
    struct page *page;
    struct error err = { 0 };
    static const double x[] = { 0, 0.5, 0.75, 1 }, y[] = { 0, 0.5, NAN, 1 };
    static const double low[] = { 0, 0.25, 0, 1 }, high[] = { 0, 1, 0, 1 };
    const struct page_series series[] = {
        { .name = "<curve>", .mark = PAGE_LINE, .x = x, .y = y, .count = 4 },
        { .mark = PAGE_DOTS, .x = x, .y = y, .low = low, .high = high, .count = 4 },
        { .mark = PAGE_BARS, .x = x + 1, .y = y + 1, .width = 0.5, .count = 1 },
    };
    ck_assert_int_eq(page_open(&page, "t", &err), 0);
    page_plot(page, &(struct page_plot){ .title = "chart",
                                         .x = { "x", 0, 1, false },
                                         .y = { "y", 0, 1, false },
                                         .diagonal = true,
                                         .series = series,
                                         .count = 3,
                                         .width = 200,
                                         .height = 100 });
    char *text = saved(page);
    /* The frame's corner (0, 0) is the pixel (56, 108). What is no number breaks the curve. */
    ck_contains(text, "d=\"M56.0 108.0L156.0 58.0M256.0 8.0\"");
    ck_contains(text, "<circle cx=\"156.0\" cy=\"58.0\"");
    ck_contains(text, "<line x1=\"156.0\" y1=\"83.0\" x2=\"156.0\" y2=\"8.0\"/>");
    ck_contains(text, "x=\"106.5\" y=\"58.0\" width=\"99.0\" height=\"50.0\"");
    ck_contains(text, "&lt;curve&gt;</text>");
    free(text);
}
END_TEST

START_TEST(grids_small_and_large)
{
    enum { LARGE = 50 };
    struct page *page;
    struct error err = { 0 };
    static const char *const names[] = { "a<", "b" }, *const texts[] = { "9", "1", NULL, "7" };
    static const double shade[] = { 0.9, 0.1, 0, 1 };
    static const bool bad[] = { false, true, true, false };
    static double many[LARGE * LARGE];
    many[LARGE + 1] = 1;
    ck_assert_int_eq(page_open(&page, "t", &err), 0);
    page_grid(page, &(struct page_grid){ "small", "rows", "columns", 2, names, shade, bad, texts,
                                         texts });
    page_grid(page, &(struct page_grid){ .title = "large",
                                         .rows_name = "rows",
                                         .columns_name = "columns",
                                         .side = LARGE,
                                         .shade = many });
    char *text = saved(page);
    ck_contains(text, ">a&lt;</text>");
    ck_contains(text, "class=\"bad\" fill-opacity=\"0.055\"/>");
    ck_contains(text, ">7</text><title>7</title>");
    /* One cell of 9.6 pixels. */
    ck_contains(text, "<path fill-opacity=\"1.000\" d=\"M31.6 31.6h9.6v9.6h-9.6z\"/></svg>");
    free(text);
}
END_TEST

START_TEST(an_unwritable_path_is_told)
{
    struct page *page;
    struct error err = { 0 };
    ck_assert_int_eq(page_open(&page, "t", &err), 0);
    ck_assert_int_eq(page_save(page, "no/such/folder/page.html", &err), -1);
    ck_assert_ptr_nonnull(strstr(err.place, "no/such/folder"));
    page_close(page);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("page");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, text_is_escaped);
    tcase_add_test(cases, tables_set_numbers_right);
    tcase_add_test(cases, pictures_are_in_the_page);
    tcase_add_test(cases, bars_have_their_values);
    tcase_add_test(cases, contents_link_to_headings);
    tcase_add_test(cases, bytes_become_utf8);
    tcase_add_test(cases, spans_stand_at_their_values);
    tcase_add_test(cases, plots_have_curves_and_dots);
    tcase_add_test(cases, grids_small_and_large);
    tcase_add_test(cases, an_unwritable_path_is_told);
    return suite_run();
}
