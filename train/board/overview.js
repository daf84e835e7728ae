/*
 * All runs that pass the filter in one plot, twice: loss and accuracy side by side, each with a
 * choice of what is shown. The chosen ones are drawn last and have colors; a click on a line
 * chooses its run.
 */
const curvesOf = {
    train_mean: {
        label: "training loss (moving average)",
        cut: true,
        of: run => run.mean && stepped(run, run.mean, "loss"),
    },
    train_loss: {
        label: "training loss (epochs)",
        cut: true,
        of: run => epochs(run, "train_loss"),
    },
    eval_loss: { label: "validation loss", cut: true, of: run => epochs(run, "eval_loss") },
    eval_top1: { label: "validation top-1, %", share: true, of: run => epochs(run, "eval_top1") },
    train_top1: { label: "training top-1, %", share: true, of: run => epochs(run, "train_top1") },
    gap: {
        label: "gap of top-1 (training less validation), points",
        share: true,
        of: run =>
            run.epochs && {
                x: epochAxis(run),
                y: list.difference(run.epochs.train_top1, run.epochs.eval_top1),
            },
    },
    lr: {
        label: "learning rate",
        of: run =>
            run.points && run.points.lr ? stepped(run, run.points, "lr") : epochs(run, "lr"),
    },
};

/* Both kinds of series over the axis that the page is set to; null where a run does not say how many
 * steps make an epoch. */
function stepped(run, series, name) {
    const per = run.steps_per_epoch;
    if (store.axis === "step") return { x: series.step, y: series[name] };
    return per ? { x: series.step.map(step => step / per), y: series[name] } : null;
}

function epochs(run, name) {
    const x = run.epochs && run.epochs[name] ? epochAxis(run) : null;
    return x && { x, y: run.epochs[name] };
}

function epochAxis(run) {
    const per = run.steps_per_epoch;
    if (store.axis === "epoch") return run.epochs.epoch;
    return per ? run.epochs.epoch.map(epoch => epoch * per) : null;
}

function overview(section) {
    const MOST_CHIPS = 18;
    const legend = el("div", { class: "legend" });
    const panes = ["train_mean", "eval_top1"].map(shown => {
        const host = el("div");
        const pane = {
            chart: new Chart(host, { title: "", x: "epoch", height: 340 }),
            shown,
            log: false,
        };
        const what = el(
            "select",
            {
                "aria-label": "what the plot shows",
                onchange: () => {
                    pane.shown = what.value;
                    pane.chart.zoom = null;
                    fill(pane);
                },
            },
            Object.entries(curvesOf).map(([name, { label }]) =>
                el("option", { value: name, selected: name === shown }, label)
            )
        );
        const log = el("input", {
            type: "checkbox",
            onchange: () => {
                pane.log = log.checked;
                pane.chart.zoom = null;
                fill(pane);
            },
        });
        pane.element = el(
            "div",
            { class: "pane" },
            el("div", { class: "controls" }, what, el("label", {}, log, "logarithmic")),
            host
        );
        return pane;
    });
    section.append(
        legend,
        el(
            "div",
            { class: "pair" },
            panes.map(pane => pane.element)
        )
    );

    function fill(pane) {
        const kind = curvesOf[pane.shown];
        const curves = [];
        for (const run of store.visible) {
            const points = kind.of(run);
            if (points && points.y)
                curves.push({ ...points, ...color.line(run), kind: "line", label: run.name, run });
        }
        curves.sort((a, b) => a.front - b.front);
        pane.chart.set(curves, {
            title: kind.label,
            x: store.axis,
            share: kind.share,
            cut: kind.cut,
            log: pane.log,
        });
    }

    function chip(run) {
        return el(
            "button",
            {
                class: "chip",
                title: "no longer chosen",
                onclick: () => store.choose(run.id, false),
            },
            swatch(run),
            el("bdi", {}, run.name),
            el("span", { class: "faint" }, " ×")
        );
    }

    function showLegend() {
        const { scale } = color,
            faint = text => el("span", { class: "faint" }, text);
        const runs = store.chosenRuns.slice(0, MOST_CHIPS),
            more = store.chosen.size - runs.length;
        const what = [runs.map(run => [run.id, run.name, color.line(run)]), more, scale, isDark()];
        fillNew(legend, what, () => [
            scale ? rampOf(scale) : null,
            ...runs.map(chip),
            more > 0 ? faint(`and ${more} more`) : null,
            runs.length ? null : faint("No run is chosen: click on a line, or in the table."),
        ]);
    }

    return changes => {
        if (changes.has("axis"))
            panes.forEach(pane => {
                pane.chart.zoom = null;
            });
        showLegend();
        panes.forEach(fill);
    };
}
