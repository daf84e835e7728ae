/*
 * Runs that differ in seeds or folds alone: the mean over them and its standard error as a band, with
 * each run faint behind. The number of groups shown at once is limited; those with a chosen run
 * come first.
 */
function seeds(section) {
    const AT_ONCE = 6;
    const text = el("p", { class: "faint" });
    const hosts = [el("div"), el("div")];
    const charts = [
        new Chart(hosts[0], { title: "validation top-1, %", x: "epoch", share: true, height: 280 }),
        new Chart(hosts[1], { title: "validation loss", x: "epoch", cut: true, height: 280 }),
    ];
    const legend = el("div", { class: "legend" });
    section.append(text, legend, el("div", { class: "pair" }, hosts));

    function nameOf(band) {
        const run = store.runs.get(band.runs[0]);
        const settings = run
            ? store.keys
                  .filter(key => !/seed$/.test(key))
                  .slice(0, 3)
                  .map(
                      key =>
                          `${key.replace(/^.*\./, "")} ${format.setting(store.setting(run, key))}`
                  )
                  .join(", ")
            : "";
        return settings || (run ? run.name : `group ${band.group}`);
    }

    function curves(bands, name) {
        const all = [];
        bands.forEach((band, i) => {
            const stroke = color.series(i),
                { mean, low, high } = band[name] || {};
            if (!mean) return;
            const label = `${nameOf(band)} (mean of ${band.runs.length})`;
            const write =
                name === "eval_top1" ? x => `${(100 * x).toFixed(2)} points` : format.number;
            const error = k =>
                low[k] == null || high[k] == null
                    ? []
                    : [`standard error ${write((high[k] - low[k]) / 2)}`];
            all.push({ x: band.epoch, y: low, y2: high, kind: "band", stroke, alpha: 0.22 });
            for (const id of band.runs) {
                const run = store.runs.get(id);
                if (run && run.epochs && run.epochs[name])
                    all.push({
                        x: run.epochs.epoch,
                        y: run.epochs[name],
                        kind: "line",
                        stroke,
                        width: 0.7,
                        alpha: 0.5,
                        label: run.name,
                        run,
                    });
            }
            all.push({
                x: band.epoch,
                y: mean,
                kind: "line",
                stroke,
                width: 2.2,
                label,
                more: error,
                front: true,
            });
        });
        return all;
    }

    return () => {
        const several = store.bands.filter(
            band =>
                band.runs.length > 1 &&
                band.runs.some(id => store.runs.has(id) && store.filter.passes(store.runs.get(id)))
        );
        section.hidden = several.length === 0;
        const best = band =>
            Math.max(...band.runs.map(id => (store.runs.get(id) || {}).best_top1 ?? -1));
        const picked = band => band.runs.some(id => store.chosen.has(id));
        several.sort((a, b) => picked(b) - picked(a) || best(b) - best(a));
        const shown = several.slice(0, AT_ONCE);
        text.textContent =
            `Runs that differ in seeds or folds alone: their mean and its standard error` +
            (several.length > shown.length
                ? `; ${shown.length} of ${several.length} groups, those of chosen runs and the best.`
                : ".");
        legend.replaceChildren(
            ...shown.map((band, i) =>
                el(
                    "span",
                    { class: "chip" },
                    lineKey(color.series(i)),
                    nameOf(band),
                    el("span", { class: "faint" }, ` ${band.runs.length} runs`)
                )
            )
        );
        charts[0].set(curves(shown, "eval_top1"));
        charts[1].set(curves(shown, "eval_loss"));
    };
}
