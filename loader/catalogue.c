#include "loader/catalogue.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/page.h"
#include "loader/strip.h"

struct catalogue {
    const char *folder; /* borrowed, as the next */
    const struct image *image;
    struct page *page;      /* owned */
    struct buffer markdown; /* owned */
};

/* An output stage with a table changes numbers that no picture shows. */
static int write_words(struct catalogue *c, const struct augmentation *op, struct error *err)
{
    struct buffer help = { 0 };
    int rc = param_help(op->params, "", 0, &help, err);
    if (rc == 0) {
        page_heading(c->page, op->name);
        page_text(c->page, "%s. %s", op->summary, op->source);
        page_code(c->page, help.data);
        rc = buffer_print(&c->markdown, err, "\n## %s\n\n%s. %s.\n", op->name, op->summary,
                          op->source);
    }
    buffer_release(&help);
    return rc;
}

/* Picture and words into page and markdown; takes the strip. */
static int write_picture(struct catalogue *c, struct canvas *strip, const char *op,
                         const char *summary, const char *source, const struct param *params,
                         const struct param *more, struct error *err)
{
    char name[80];
    struct buffer help = { 0 };
    snprintf(name, sizeof(name), "%s.png", op);
    char *path = file_join(c->folder, name, err);
    int rc = path ? canvas_save(strip, path, err) : -1;
    if (rc == 0)
        rc = param_help(params, "", 0, &help, err);
    if (rc == 0)
        rc = param_help(more, "", 0, &help, err);
    if (rc == 0) {
        struct image pixels = canvas_pixels(strip);
        page_heading(c->page, op);
        page_text(c->page, "%s. %s", summary, source);
        page_image(c->page, &pixels, 0, op);
        page_code(c->page, help.data);
        rc = buffer_print(&c->markdown, err, "\n## %s\n\n%s. %s.\n\n![%s](%s)\n", op, summary,
                          source, op, name);
    }
    buffer_release(&help);
    free(path);
    canvas_close(strip);
    return rc;
}

static int write_strip(struct catalogue *c, const struct augmentation *op, struct error *err)
{
    char line[400];
    struct canvas *strip;
    if (strip_draw(&strip, op, c->image, err) < 0)
        return -1;
    int rc = write_picture(c, strip, op->name, op->summary, op->source, op->params,
                           augmentation_more(op), err);
    if (rc == 0 && op->strip && strip_line(op, 1, line, sizeof(line)))
        rc = buffer_print(&c->markdown, err, "\nFirst picture: `- %s`\n", line);
    return rc;
}

/* The partner is a generated picture, as large as all thumbnails are. */
static int write_mixings(struct catalogue *c, struct error *err)
{
    const struct mix_about *mixing;
    struct image partner;
    if (strip_picture(&partner, STRIP_FLOWER, err) < 0)
        return -1;
    int rc = 0;
    for (size_t i = 0; rc == 0 && (mixing = mix_about(i)); i++) {
        struct canvas *strip;
        rc = strip_mix(&strip, mixing, c->image, &partner, err);
        if (rc == 0)
            rc = write_picture(c, strip, mixing->name, mixing->summary, mixing->source,
                               mixing->params, (struct param[]){ { 0 } }, err);
        if (rc == 0)
            rc = buffer_print(&c->markdown, err, "\nIn the list `mix`: `- %s: {alpha: 1}`\n",
                              mixing->name);
    }
    free(partner.pixels);
    return rc;
}

static int write_files(struct catalogue *c, struct error *err)
{
    char *page = file_join(c->folder, "index.html", err),
         *markdown = page ? file_join(c->folder, "README.md", err) : NULL;
    int rc = markdown ? page_save(c->page, page, err) : -1;
    if (rc == 0)
        rc = file_write(markdown, c->markdown.data, c->markdown.size, err);
    free(markdown);
    free(page);
    return rc;
}

int catalogue_write(const char *folder, const struct image *image, struct error *err)
{
    struct catalogue c = { .folder = folder, .image = image };
    if (file_make_folders(folder, err) < 0 ||
        page_open(&c.page, "Augmentations, from weak to strong", err) < 0)
        return -1;
    int rc = buffer_print(&c.markdown, err,
                          "# Augmentations, from weak to strong\n\nMade by `nndata show "
                          "--catalogue`; parameters, units, limits and defaults: `nndata ops`. Of "
                          "output stages the values are shown: -2 black, 2 white.\n");
    for (size_t i = 0; augmentations[i] && rc == 0; i++)
        rc = augmentations[i]->table == TABLE_NONE ? write_strip(&c, augmentations[i], err)
                                                   : write_words(&c, augmentations[i], err);
    if (rc == 0)
        rc = write_mixings(&c, err);
    if (rc == 0)
        rc = write_files(&c, err);
    buffer_release(&c.markdown);
    page_close(c.page);
    return rc;
}
