/*
 * Claim: a page holds what was put into it, escaped; nothing in it is fetched from elsewhere; its
 * pictures decode to the pixels given.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/page.h"
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
    ck_contains(text, "<h2>a&lt;b</h2>");
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
    ck_contains(text, "<tr><th>name</th><th>share</th></tr>");
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
    tcase_add_test(cases, an_unwritable_path_is_told);
    return suite_run();
}
