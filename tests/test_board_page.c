/*
 * Claim: the command center's page is one file: its head allows the scripts that are in it, by
 * their hashes, and no request but the live page's to its own server; nothing of a run's text
 * leaves the element that it was put into. Without uPlot there is no page but a message that says
 * what to do.
 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "tests/suite.h"
#include "train/board_assets.h"
#include "train/board_page.h"

static char *page_of(const char *title, const char *data)
{
    struct buffer html = { 0 };
    struct error err = { 0 };
    int rc = board_page_append(&html, title, data, data ? strlen(data) : 0, &err);
    ck_assert_msg(rc == 0, "%s", err.message);
    return html.data;
}

static int count(const char *text, const char *part)
{
    int n = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        n++;
    return n;
}

/* What is between `open` and the next `close`; `*text` goes on behind it. */
static char *between(const char **text, const char *open, const char *close)
{
    const char *from = strstr(*text, open);
    ck_assert_ptr_nonnull(from);
    from += strlen(open);
    const char *to = strstr(from, close);
    ck_assert_ptr_nonnull(to);
    *text = to;
    return strndup(from, (size_t)(to - from));
}

START_TEST(hostile_text_stays_where_it_is)
{
    char *html = page_of("a</title><script>alert(1)</script>\"'&",
                         "{\"name\":\"</script><script>alert(1)</script><!--\"}");
    const char *at = html;
    char *title = between(&at, "<title>", "</title>");
    ck_assert_str_eq(title,
                     "a&#60;/title&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#39;&#38;");
    char *data = between(&at, "id=\"data\">", "</script>");
    ck_assert_str_eq(data, "{\"name\":\"\\u003c/script>\\u003cscript>alert(1)\\u003c/script>"
                           "\\u003c!--\"}");
    ck_assert_int_eq(count(html, "<script>"), 2); /* uPlot and ours */
    free(title);
    free(data);
    free(html);
}
END_TEST

/* A browser runs a script only if its hash is the head's. */
static void ck_allowed(const char *policy, const char *directive, const char *text)
{
    unsigned char digest[32];
    char source[64] = "'sha256-";
    ck_assert_int_eq(EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL), 1);
    EVP_EncodeBlock((unsigned char *)source + strlen(source), digest, sizeof(digest));
    const char *from = strstr(policy, directive);
    ck_assert_ptr_nonnull(from);
    const char *found = strstr(from, source), *end = strchr(from, ';');
    ck_assert_msg(found && (!end || found < end), "%s of %s is not in %s", source, directive,
                  policy);
}

START_TEST(only_its_own_scripts_are_allowed)
{
    char *html = page_of("t", "{}");
    const char *at = html;
    char *policy = between(&at, "Content-Security-Policy\" content=\"", "\"");
    ck_assert_ptr_nonnull(strstr(policy, "default-src 'none'"));
    ck_assert_ptr_nonnull(strstr(policy, "connect-src 'none'"));
    ck_assert_ptr_null(strstr(policy, "unsafe"));
    for (int i = 0; i < 2; i++) {
        char *style = between(&at, "<style>", "</style>");
        ck_allowed(policy, "style-src", style);
        free(style);
    }
    for (int i = 0; i < 2; i++) {
        char *script = between(&at, "<script>", "</script>");
        ck_allowed(policy, "script-src", script);
        free(script);
    }
    ck_assert_ptr_null(strstr(html, " src="));
    ck_assert_ptr_null(strstr(html, "<link"));
    free(policy);
    free(html);
}
END_TEST

START_TEST(the_live_page_asks_its_own_server)
{
    char *html = page_of("t", NULL);
    ck_assert_ptr_nonnull(strstr(html, "connect-src 'self'"));
    ck_assert_ptr_null(strstr(html, "id=\"data\""));
    free(html);
}
END_TEST

START_TEST(without_uplot_it_says_what_to_do)
{
    struct buffer html = { 0 };
    struct error err = { 0 };
    ck_assert_int_eq(board_page_append(&html, "t", "{}", 2, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_FAILED);
    ck_assert_ptr_nonnull(strstr(err.message, "docs/nnboard.md"));
    ck_assert_ptr_null(html.data);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("board_page");
    if (uplot_script[0]) {
        tcase_add_test(cases, hostile_text_stays_where_it_is);
        tcase_add_test(cases, only_its_own_scripts_are_allowed);
        tcase_add_test(cases, the_live_page_asks_its_own_server);
    } else {
        tcase_add_test(cases, without_uplot_it_says_what_to_do);
    }
    return suite_run();
}
