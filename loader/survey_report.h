/*
 * A survey for people and recipes: stats.yaml with normalize.yaml and pca_color.yaml, which a
 * recipe takes by `extends`, and stats.html.
 *
 *     - pca_color: {extends: out/stats/pca_color.yaml}
 *     - normalize: {extends: out/stats/normalize.yaml}
 */
#ifndef TENFOLD_LOADER_SURVEY_REPORT_H
#define TENFOLD_LOADER_SURVEY_REPORT_H

#include "base/buffer.h"
#include "loader/survey.h"

/* The text of stats.yaml, appended. */
int survey_yaml(const struct survey *survey, struct buffer *text, struct error *err);
/* normalize.yaml, pca_color.yaml, stats.yaml and stats.html into `folder`, which is there;
 * `data` is what the page calls the data set. */
int survey_report(const struct survey *survey, const char *data, const char *folder,
                  struct error *err);

#endif
