/*
 * A panel for each chosen run: loss (every logged step as a dot, its moving average, validation),
 * accuracy with the gap between training and validation filled, learning rate; beside the name what
 * is known of it and where its reports lie.
 */
function panels(section) {
    const AT_ONCE = 6;
    const host = el("div", { class: "panels" });
    const more = el("button", {
        hidden: true,
        onclick: () => {
            limit += AT_ONCE;
            update(new Set(["chosen"]));
        },
    });
    const nobody = el(
        "p",
        { class: "faint" },
        "No run is chosen: choose some in the table or by a click on their lines."
    );
    const open = new Map(); /* by id */
    let limit = AT_ONCE;
    section.append(host, more);

    function make() {
        const panel = { head: el("div", { class: "panel-head" }) };
        const hosts = [0, 1, 2].map(() => el("div"));
        const chart = (i, options) =>
            new Chart(hosts[i], { x: "epoch", height: 236, pick: false, ...options });
        panel.charts = [
            chart(0, { title: "loss", cut: true }),
            chart(1, { title: "top-1, %", share: true }),
            chart(2, { title: "learning rate" }),
        ];
        panel.element = el(
            "article",
            { class: "panel" },
            panel.head,
            el("div", { class: "triple" }, hosts)
        );
        return panel;
    }

    function fill(panel, run) {
        const line = color.line(run),
            other = css("--other"),
            x = store.axis;
        panel.head.replaceChildren(...headOf(run));
        const key = el(
            "span",
            { class: "key" },
            lineKey(line.stroke),
            "training",
            lineKey(other, [5, 3]),
            "validation"
        );
        panel.charts[0].set(lossCurves(run, line.stroke, other), { x, key });
        panel.charts[1].set(accuracyCurves(run, line.stroke, other), { x });
        const rate = curvesOf.lr.of(run);
        panel.charts[2].set(
            rate
                ? [{ ...rate, kind: "line", stroke: line.stroke, width: 2, label: "learning rate" }]
                : [],
            { x }
        );
    }

    function update(changes) {
        const runs = store.chosenRuns.filter(store.filter.passes).slice(0, limit);
        for (const [id, panel] of open)
            if (!runs.some(run => run.id === id)) {
                panel.charts.forEach(chart => chart.close());
                panel.element.remove();
                open.delete(id);
            }
        for (const run of runs) {
            const known = open.has(run.id);
            if (!known) open.set(run.id, make());
            const panel = open.get(run.id);
            /* Live: only what changed is drawn again. */
            if (!known || panel.run !== run || changes.size > 1 || !changes.has("data"))
                fill(panel, run);
            panel.run = run;
        }
        const elements = runs.length ? runs.map(run => open.get(run.id).element) : [nobody];
        if (
            elements.length !== host.children.length ||
            elements.some((element, i) => element !== host.children[i])
        )
            host.replaceChildren(...elements);
        const rest = store.chosenRuns.filter(store.filter.passes).length - runs.length;
        more.hidden = rest <= 0;
        more.textContent = `Show ${Math.min(rest, AT_ONCE)} of ${format.count(rest, "more chosen run")}`;
    }
    return update;
}

function lossCurves(run, stroke, other) {
    const points = run.points && stepped(run, run.points, "loss"),
        mean = run.mean && stepped(run, run.mean, "loss");
    const curves = [];
    if (mean && run.mean.low)
        curves.push({
            x: mean.x,
            y: run.mean.low,
            y2: run.mean.high,
            kind: "band",
            stroke,
            alpha: 0.16,
        });
    if (points)
        curves.push({
            ...points,
            kind: "dots",
            stroke,
            alpha: 0.55,
            size: 2.5,
            label: "training, one step",
        });
    if (mean)
        curves.push({
            ...mean,
            kind: "line",
            stroke,
            width: 2,
            label: "training, moving average",
            front: true,
        });
    else if (epochs(run, "train_loss"))
        curves.push({
            ...epochs(run, "train_loss"),
            kind: "line",
            stroke,
            width: 2,
            label: "training, epoch",
        });
    return curves.concat(bothOf(epochs(run, "eval_loss"), other, "validation"));
}

function accuracyCurves(run, stroke, other) {
    const train = epochs(run, "train_top1"),
        validation = epochs(run, "eval_top1");
    const gap = i =>
        train && validation && train.y[i] != null && validation.y[i] != null
            ? [`gap ${format.points(train.y[i] - validation.y[i])} points`]
            : [];
    const curves = [];
    if (train && validation)
        curves.push({
            x: train.x,
            y: train.y,
            y2: validation.y,
            kind: "band",
            stroke: other,
            alpha: 0.16,
        });
    if (train)
        curves.push({ ...train, kind: "line", stroke, width: 2, label: "training", more: gap });
    return curves.concat(bothOf(validation, other, "validation", gap));
}

/* A line with a ring at every value. */
function bothOf(points, stroke, label, more) {
    if (!points) return [];
    const marks = points.x.length <= 60 ? [{ ...points, kind: "marks", stroke, label, more }] : [];
    return [
        { ...points, kind: "line", stroke, width: 1.5, dash: [6, 3], label, more, front: true },
        ...marks,
    ];
}

function headOf(run) {
    const gap = column("gap").of(run);
    const facts = [
        run.best_top1 != null &&
            `best ${format.share(run.best_top1)}${run.best_epoch == null ? "" : ` (epoch ${run.best_epoch})`}`,
        gap != null && `gap ${format.points(gap)} points`,
        run.seed != null && `seed ${run.seed}`,
        run.stage,
        run.fold != null && `fold ${run.fold}`,
        run.seconds != null && format.duration(run.seconds),
        ...store.keys
            .slice(0, 6)
            .map(key => `${key.replace(/^.*\./, "")} ${format.setting(store.setting(run, key))}`),
    ].filter(fact => fact);
    return [
        el("h3", {}, swatch(run), el("bdi", {}, run.name), " ", stateOf(run)),
        el("span", { class: "faint" }, facts.join(" · ")),
        ...(run.links || []).map(one => link(String(one.text), one.href)),
        run.reason ? el("p", { class: "note" }, String(run.reason)) : null,
        ...(run.notes || []).map(note => el("p", { class: "note" }, String(note))),
    ].filter(part => part);
}

function stateOf(run) {
    const known = ["running", "done", "early", "stopped", "diverged", "failed"].includes(run.state)
        ? run.state
        : "other";
    return el("span", { class: `state ${known}` }, String(run.state));
}
