/*
 * What a page may do is said in its own head (Content-Security-Policy): run the two scripts with
 * these hashes, ask its own server when live, and nothing else. So a run's name that found a way
 * into the markup still could do nothing.
 */
#include "train/board_page.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

#include "train/board_assets.h"

enum { SHA256_BYTES = 32, SHA256_BASE64 = 45 };

static const char *text_of(const unsigned char *asset)
{
    return (const char *)asset;
}

int board_page_check(struct error *err)
{
    if (uplot_script[0])
        return 0;
    return error_set(err, ERROR_FAILED, NULL,
                     "this nnboard was built without uPlot and can make no pages; where npm is "
                     "installed, `make` fetches it (docs/nnboard.md)");
}

/* 'sha256-<base64>' of what a script or style element holds. */
static int add_source(struct buffer *html, const char *text, struct error *err)
{
    unsigned char digest[SHA256_BYTES], base64[SHA256_BASE64];
    if (!EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL))
        return error_set(err, ERROR_FAILED, NULL, "OpenSSL computes no SHA-256");
    EVP_EncodeBlock(base64, digest, sizeof(digest));
    return buffer_print(html, err, " 'sha256-%s'", base64);
}

static int add_policy(struct buffer *html, bool live, struct error *err)
{
    if (buffer_print(html, err,
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                     "base-uri 'none'; form-action 'none'; img-src data:; connect-src '%s'; "
                     "style-src",
                     live ? "self" : "none") < 0 ||
        add_source(html, text_of(uplot_style), err) < 0 ||
        add_source(html, text_of(board_style), err) < 0 ||
        buffer_print(html, err, "; script-src") < 0 ||
        add_source(html, text_of(uplot_script), err) < 0 ||
        add_source(html, text_of(board_script), err) < 0)
        return -1;
    return buffer_print(html, err, "\">\n");
}

/* Between tags; `tag` may carry attributes. */
static int add_element(struct buffer *html, const char *tag, const char *end, const char *text,
                       struct error *err)
{
    if (buffer_print(html, err, "<%s>", tag) < 0 ||
        buffer_append(html, text, strlen(text), err) < 0)
        return -1;
    return buffer_print(html, err, "</%s>\n", end);
}

/* Text from elsewhere: of ASCII only what HTML gives no meaning stays. */
static int add_text(struct buffer *html, const char *text, struct error *err)
{
    for (; *text; text++) {
        int rc = strchr("<>&\"'", *text) ? buffer_print(html, err, "&#%d;", *text)
                                         : buffer_append(html, text, 1, err);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* JSON in a script element: without a "<" nothing in it can end the element. JSON has "<" in
 * strings only, where \u003c is the same. */
static int add_data(struct buffer *html, const char *data, size_t size, struct error *err)
{
    if (buffer_reserve(html, html->size + size + 64, err) < 0 ||
        buffer_print(html, err, "<script type=\"application/json\" id=\"data\">") < 0)
        return -1;
    const char *end = data + size;
    while (data < end) {
        const char *less = memchr(data, '<', (size_t)(end - data));
        const char *until = less ? less : end;
        if (buffer_append(html, data, (size_t)(until - data), err) < 0 ||
            (less && buffer_print(html, err, "\\u003c") < 0))
            return -1;
        data = less ? less + 1 : end;
    }
    return buffer_print(html, err, "</script>\n");
}

int board_page_append(struct buffer *html, const char *title, const char *data, size_t size,
                      struct error *err)
{
    if (board_page_check(err) < 0 ||
        buffer_print(html, err,
                     "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta name=\"referrer\" content=\"no-referrer\">\n") < 0 ||
        add_policy(html, !data, err) < 0 || buffer_print(html, err, "<title>") < 0 ||
        add_text(html, title, err) < 0 || buffer_print(html, err, "</title>\n<!--\n") < 0 ||
        buffer_print(html, err, "uPlot:\n%s\n-->\n", text_of(uplot_license)) < 0 ||
        add_element(html, "style", "style", text_of(uplot_style), err) < 0 ||
        add_element(html, "style", "style", text_of(board_style), err) < 0 ||
        buffer_print(html, err, "</head>\n<body>\n%s", text_of(board_body)) < 0 ||
        (data && add_data(html, data, size, err) < 0) ||
        add_element(html, "script", "script", text_of(uplot_script), err) < 0 ||
        add_element(html, "script", "script", text_of(board_script), err) < 0)
        return -1;
    return buffer_print(html, err, "</body>\n</html>\n");
}
